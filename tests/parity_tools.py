"""Pairs of an estimator of scikit-learn and one of xl2, for tests that compare them."""

import numpy as np
import pytest
import sklearn.neural_network

import xl2

NAMES = ("MLPClassifier", "MLPRegressor")
LIBRARIES = (sklearn.neural_network, xl2)
either = pytest.mark.parametrize("name", NAMES)


def pair(name, **arguments):
    """Return an estimator of scikit-learn and one of xl2 with the same arguments."""
    arguments = {"hidden_layer_sizes": (4,), "random_state": 0, "max_iter": 4} | arguments
    return [getattr(library, name)(**arguments) for library in LIBRARIES]


def classes_of(name):
    """Return the additional arguments of `partial_fit`."""
    return {"classes": [0, 1, 2]} if name == "MLPClassifier" else {}


def assert_same_weights(theirs, ours, rtol=1e-9):
    pairs = zip(theirs.coefs_ + theirs.intercepts_, ours.coefs_ + ours.intercepts_, strict=True)
    for expected, found in pairs:
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=rtol / 1000)


def targets(rng, kind, x):
    """Return targets that depend on the samples."""
    n = len(x)
    values = x[:, 0] + 0.5 * rng.normal(size=n)
    number = np.digitize(values, [-0.5, 0.5])
    return {
        "numbers": lambda: number * 3 - 1,
        "binary": lambda: values > 0,
        "column": lambda: number[:, None],
        "text": lambda: np.array(["low", "middle", "high"])[number],
        "several labels": lambda: (values[:, None] + rng.normal(size=(n, 3)) > 0).astype(int),
        "one label": lambda: np.full(n, "only"),
        "values": lambda: values,
        "several values": lambda: np.stack([values, 2 - values**2], axis=1),
        "counts": lambda: rng.poisson(np.exp(values.clip(-2, 1))),
    }[kind]()
