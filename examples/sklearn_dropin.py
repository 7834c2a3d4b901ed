"""Run a script for scikit-learn with one import changed, and show what xl2 adds.

    python examples/sklearn_dropin.py [BACKEND[:DEVICE]]

The table compares the same networks trained by both libraries: only the module that is passed
to `train` differs. The weights differ by rounding errors. The seconds are those of one fit each,
on as many threads as each library uses; with OMP_NUM_THREADS=1 both use one. If a backend is
named, one of the fits also runs on it.
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
    """A network, the seconds of its fit, and its score on test samples."""

    network: Any
    seconds: float
    score: float


def train(mlp: ModuleType) -> dict[str, Fitted]:
    """Fit the networks of a module, `sklearn.neural_network` or `xl2`."""
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
    """Fit a network on standardised samples, and score it on test samples."""
    X, X_test, y, y_test = train_test_split(X, y, random_state=0)
    pipeline = make_pipeline(StandardScaler(), network)
    began = time.perf_counter()
    pipeline.fit(X, y)
    seconds = time.perf_counter() - began
    return Fitted(network, seconds, pipeline.score(X_test, y_test))


def difference(one: Any, other: Any) -> float:
    """Return the largest difference between the weights and biases of two networks."""
    layers = zip(one.coefs_ + one.intercepts_, other.coefs_ + other.intercepts_, strict=True)
    return max(float(np.max(np.abs(p - q))) for p, q in layers)


def compare(theirs: dict[str, Fitted], ours: dict[str, Fitted]) -> None:
    """Print the results of both libraries side by side."""
    print(f"{'':28}{'scikit-learn':>18}{'xl2':>19}{'weights':>14}")
    print(f"{'':28}{'score':>9}{'seconds':>9} {'score':>9}{'seconds':>9} {'differ by':>13}")
    for name, one in theirs.items():
        other = ours[name]
        print(
            f"{name:28}{one.score:>9.4f}{one.seconds:>9.2f} {other.score:>9.4f}"
            f"{other.seconds:>9.2f} {difference(one.network, other.network):>13.0e}"
        )


def weigh_classes(X: Any, y: Any, X_test: Any, y_test: Any) -> None:
    """Find the eights, a tenth of the digits, with and without class weights."""
    for class_weight in (None, "balanced"):
        network = xl2.MLPClassifier((5,), class_weight=class_weight, tol=0.003, random_state=0)
        found = network.fit(X, y == 8).predict(X_test)
        _, false, missed, right = confusion_matrix(y_test == 8, found).ravel()
        print(
            f"class_weight={class_weight!r}: {right} of {right + missed} eights found, "
            f"with {false} false alarms"
        )


def validate(X: Any, y: Any) -> None:
    """Stop by given validation samples, here the last fifth of the training samples."""
    last = len(X) * 4 // 5
    network = xl2.MLPClassifier((50, 25), **SGD)
    network.fit(X[:last], y[:last], X_val=X[last:], y_val=y[last:])
    print(
        f"X_val: {len(X) - last} samples, stopped after {network.n_iter_} epochs, "
        f"best score {network.best_validation_score_:.4f}"
    )


def choose_alpha(X: Any, y: Any, X_test: Any, y_test: Any) -> None:
    """Choose alpha by twenty networks trained at once, and train one with it."""
    network = xl2.MLPClassifierCV(
        [0.01, 0.1, 1, 10], cv=5, hidden_layer_sizes=(50, 25), max_iter=40, random_state=0
    )
    network.fit(X, y)
    print(network.path_)
    print(f"alpha={network.alpha_:g} scores {network.score(X_test, y_test):.4f} on test samples")


def train_on(name: str, X: Any, y: Any, same: Any) -> None:
    """Train a network on a backend; its samples and weights are NumPy arrays."""
    backend, _, device = name.partition(":")
    began = time.perf_counter()
    network = xl2.MLPClassifier((50, 25), backend=backend, device=device or None, **SGD)
    network.fit(X, y)
    print(
        f"\nOn {name} it took {time.perf_counter() - began:.2f} seconds.\n"
        f"The weights differ from NumPy's by {difference(network, same):.0e}."
    )


def main() -> None:
    """Print the table, and the features that scikit-learn lacks."""
    ours = train(xl2)
    compare(train(sklearn.neural_network), ours)

    X, X_test, y, y_test = train_test_split(*load_digits(return_X_y=True), random_state=0)
    scaler = StandardScaler().fit(X)
    X, X_test = scaler.transform(X), scaler.transform(X_test)
    print("\nOnly in xl2:\n")
    weigh_classes(X, y, X_test, y_test)
    validate(X, y)
    print("\nMLPClassifierCV:")
    choose_alpha(X, y, X_test, y_test)

    for name in sys.argv[1:]:
        train_on(name, X, y, ours["digits, sgd, stopped early"].network)


if __name__ == "__main__":
    main()
