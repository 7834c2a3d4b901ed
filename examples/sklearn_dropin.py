"""scikit-learn's script with one import changed, and then what only xl2 has.

    python examples/sklearn_dropin.py [BACKEND[:DEVICE]]

The table trains the same networks with both libraries: `train` is given the module to take them
from, and that is the whole difference. What differs in the weights are rounding errors. The
seconds are those of one fit each, on as many threads as each library takes; with
OMP_NUM_THREADS=1 both take one. With the name of a backend, one of the fits runs there too.
"""

from __future__ import annotations

import sys
import time
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import sklearn.neural_network
from sklearn.datasets import load_diabetes, load_digits
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import xl2

SGD = {"solver": "sgd", "learning_rate_init": 0.1, "early_stopping": True, "random_state": 0}


class Fitted(NamedTuple):
    """A network, how long it took, and its score on samples it has not seen."""

    network: Any
    seconds: float
    score: float


def train(mlp: ModuleType) -> dict[str, Fitted]:
    """Fit networks of `sklearn.neural_network`, or of `xl2`."""
    digits, diabetes = load_digits(return_X_y=True), load_diabetes(return_X_y=True)
    return {
        "digits, adam": fitted(mlp.MLPClassifier(random_state=0), *digits),
        "digits, sgd, stopped early": fitted(mlp.MLPClassifier((50, 25), **SGD), *digits),
        "digits, lbfgs": fitted(
            mlp.MLPClassifier((50,), activation="tanh", solver="lbfgs", random_state=0), *digits
        ),
        "diabetes, adam": fitted(
            mlp.MLPRegressor(
                hidden_layer_sizes=(20,),
                learning_rate_init=0.01,
                tol=1.0,
                max_iter=1000,
                random_state=0,
            ),
            *diabetes,
        ),
    }


def fitted(network: Any, X: Any, y: Any) -> Fitted:
    """Fit a network on standardised samples, and score it on others."""
    X, X_test, y, y_test = train_test_split(X, y, random_state=0)
    pipeline = make_pipeline(StandardScaler(), network)
    began = time.perf_counter()
    pipeline.fit(X, y)
    seconds = time.perf_counter() - began
    return Fitted(network, seconds, pipeline.score(X_test, y_test))


def difference(one: Any, other: Any) -> float:
    """Return the largest difference of two networks' weights and biases."""
    layers = zip(one.coefs_ + one.intercepts_, other.coefs_ + other.intercepts_, strict=True)
    return max(float(np.max(np.abs(p - q))) for p, q in layers)


def compare(theirs: dict[str, Fitted], ours: dict[str, Fitted]) -> None:
    """Print the networks of both libraries side by side."""
    print(f"{'':28}{'scikit-learn':>18}{'xl2':>19}{'weights':>14}")
    print(f"{'':28}{'score':>9}{'seconds':>9} {'score':>9}{'seconds':>9} {'differ by':>13}")
    for name, one in theirs.items():
        other = ours[name]
        print(
            f"{name:28}{one.score:>9.4f}{one.seconds:>9.2f} {other.score:>9.4f}"
            f"{other.seconds:>9.2f} {difference(one.network, other.network):>13.0e}"
        )


def weigh_classes(X: Any, y: Any, X_test: Any, y_test: Any) -> None:
    """Tell eights, a tenth of the digits, from the rest."""
    for class_weight in (None, "balanced"):
        network = xl2.MLPClassifier((5,), class_weight=class_weight, tol=0.003, random_state=0)
        found = network.fit(X, y == 8).predict(X_test)
        _, false, missed, right = confusion_matrix(y_test == 8, found).ravel()
        print(
            f"class_weight={class_weight!r}: {right} of {right + missed} eights found, "
            f"and {false} that are none"
        )


def validate(X: Any, y: Any) -> None:
    """Stop by samples of one's own: here the last fifth, as if they had been taken later."""
    last = len(X) * 4 // 5
    network = xl2.MLPClassifier((50, 25), **SGD)
    network.fit(X[:last], y[:last], X_val=X[last:], y_val=y[last:])
    print(
        f"X_val: {len(X) - last} samples stopped it after {network.n_iter_} epochs, and the best "
        f"scored {network.best_validation_score_:.4f}"
    )


def choose_alpha(X: Any, y: Any, X_test: Any, y_test: Any) -> None:
    """Train twenty networks at once, and one more with the alpha that they prefer."""
    network = xl2.MLPClassifierCV(
        [0.01, 0.1, 1, 10], cv=5, hidden_layer_sizes=(50, 25), max_iter=40, random_state=0
    )
    network.fit(X, y)
    print(network.path_)
    print(f"alpha={network.alpha_:g} has {network.score(X_test, y_test):.4f} on the test samples")


def train_on(name: str, X: Any, y: Any, same: Any) -> None:
    """Train one of the networks on a backend; the samples, and the weights, are NumPy's."""
    backend, _, device = name.partition(":")
    began = time.perf_counter()
    network = xl2.MLPClassifier((50, 25), backend=backend, device=device or None, **SGD)
    network.fit(X, y)
    print(
        f"\nOn {name} it took {time.perf_counter() - began:.2f} seconds.\n"
        f"The weights differ from NumPy's by {difference(network, same):.0e}."
    )


def main() -> None:
    """Print the table, and what is beyond it."""
    ours = train(xl2)
    compare(train(sklearn.neural_network), ours)

    X, X_test, y, y_test = train_test_split(*load_digits(return_X_y=True), random_state=0)
    scaler = StandardScaler().fit(X)
    X, X_test = scaler.transform(X), scaler.transform(X_test)
    print("\nOnly in xl2:\n")
    weigh_classes(X, y, X_test, y_test)
    validate(X, y)
    print("\nMLPClassifierCV:", end=" ")
    choose_alpha(X, y, X_test, y_test)

    for name in sys.argv[1:]:
        train_on(name, X, y, ours["digits, sgd, stopped early"].network)


if __name__ == "__main__":
    main()
