"""
A scikit-learn script with one import changed
=============================================

``xl2.MLPClassifier`` has the interface of scikit-learn's, and its numbers: the same pipeline is
trained by both libraries and compared. Then what xl2 adds: all values of alpha and all folds at
once, class weights, and another array library.

    python examples/sklearn_dropin.py [BACKEND[:DEVICE]]
"""

# %%
# One pipeline, two libraries
# ---------------------------
#
# A script for scikit-learn goes on to work in ``Pipeline``, ``ColumnTransformer``,
# ``cross_val_score`` and grid searches. Here only the module differs that the network is taken
# from.

import sys
import time

import matplotlib.pyplot as plt
import numpy as np
import sklearn.neural_network
from sklearn.datasets import load_diabetes, load_digits
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import xl2
from xl2.figures import RegularizationPathDisplay

digits = train_test_split(*load_digits(return_X_y=True), test_size=0.3, random_state=0)
diabetes = train_test_split(*load_diabetes(return_X_y=True), test_size=0.3, random_state=0)
SGD = {"solver": "sgd", "learning_rate_init": 0.1, "early_stopping": True, "random_state": 0}


def train(mlp):
    """Fit pipelines with the networks of a module, ``sklearn.neural_network`` or ``xl2``."""
    networks = {
        "digits, adam": (mlp.MLPClassifier(random_state=0), digits),
        "digits, sgd, stopped early": (mlp.MLPClassifier((50, 25), **SGD), digits),
        "digits, lbfgs": (
            mlp.MLPClassifier((50,), activation="tanh", solver="lbfgs", random_state=0),
            digits,
        ),
        "diabetes, adam": (
            mlp.MLPRegressor(
                hidden_layer_sizes=(20,),
                learning_rate_init=0.01,
                tol=1.0,
                max_iter=1000,
                random_state=0,
            ),
            diabetes,
        ),
    }
    fitted = {}
    for name, (network, (X, X_test, y, y_test)) in networks.items():
        pipeline = make_pipeline(StandardScaler(), network)
        began = time.perf_counter()
        pipeline.fit(X, y)
        seconds = time.perf_counter() - began
        fitted[name] = network, seconds, pipeline.score(X_test, y_test)
    return fitted


def difference(one, other):
    """Return the largest difference between the weights and biases of two networks."""
    layers = zip(one.coefs_ + one.intercepts_, other.coefs_ + other.intercepts_, strict=True)
    return max(float(np.max(np.abs(p - q))) for p, q in layers)


# %%
# Weights differ by rounding errors, and scores not at all. Seconds are of one fit each, so they
# say little; the benchmarks measure with care.

theirs, ours = train(sklearn.neural_network), train(xl2)
print(f"{'':28}{'scikit-learn':>18}{'xl2':>19}{'weights':>14}")
print(f"{'':28}{'score':>9}{'seconds':>9} {'score':>9}{'seconds':>9} {'differ by':>13}")
for name, (network, seconds, score) in theirs.items():
    same, own_seconds, own_score = ours[name]
    print(
        f"{name:28}{score:>9.4f}{seconds:>9.2f} {own_score:>9.4f}{own_seconds:>9.2f} "
        f"{difference(network, same):>13.0e}"
    )

# %%
# All alphas and folds at once
# ----------------------------
#
# ``MLPClassifierCV`` is to ``MLPClassifier`` what ``LogisticRegressionCV`` is to
# ``LogisticRegression``: it trains the networks of all alphas and folds as one stack, chooses
# alpha with its error bars in view, and trains a network with it on all samples.

X, X_test, y, y_test = digits
pipeline = make_pipeline(
    StandardScaler(),
    xl2.MLPClassifierCV(
        [0.01, 0.1, 1, 10],
        cv=5,
        hidden_layer_sizes=(50,),
        learning_rate_init=0.003,
        max_iter=50,
        random_state=0,
    ),
)
pipeline.fit(X, y)
network = pipeline[-1]
print(network.path_)
print(f"alpha={network.alpha_:g} scores {pipeline.score(X_test, y_test):.4f} on test samples")

# %%
# scikit-learn calls lambda alpha, and so does the CV estimator.

RegularizationPathDisplay.from_path(network.path_)
plt.show()

# %%
# The whole search is an estimator, so scikit-learn can validate it: three folds outside, five in
# each of them. The alpha is chosen anew in every outer fold, so these scores are those of the
# method.

scores = cross_val_score(pipeline, X, y, cv=3)
print(f"accuracy {scores.mean():.4f}, standard error {scores.std(ddof=1) / np.sqrt(3):.4f}")

# %%
# Class weights
# -------------
#
# Find the eights, a tenth of the digits, with a network of five units.

scaler = StandardScaler().fit(X)
X, X_test = scaler.transform(X), scaler.transform(X_test)
for class_weight in (None, "balanced"):
    network = xl2.MLPClassifier((5,), class_weight=class_weight, tol=0.003, random_state=0)
    found = network.fit(X, y == 8).predict(X_test)
    _, false, missed, right = confusion_matrix(y_test == 8, found).ravel()
    print(
        f"class_weight={class_weight!r}: {right} of {right + missed} eights found, "
        f"with {false} false alarms"
    )

# %%
# Another array library
# ---------------------
#
# With ``backend="torch"`` or ``"cupy"`` the same estimator is trained there. As a script, this
# example does so on each backend that it is given.

for name in sys.argv[1:]:
    backend, _, device = name.partition(":")
    began = time.perf_counter()
    other = xl2.MLPClassifier((50, 25), backend=backend, device=device or None, **SGD).fit(X, y)
    same = ours["digits, sgd, stopped early"][0]
    print(f"On {name} it took {time.perf_counter() - began:.2f} seconds.")
    print(f"The weights differ from NumPy's by {difference(other, same):.0e}.")
