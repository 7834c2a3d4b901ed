"""Arguments that `regularization_path` refuses, and what it says."""

import math

import numpy as np
import pytest
from plain_paths import plain_path

from xl2.errors import InputError

RNG = np.random.default_rng(3)
X = RNG.normal(size=(41, 3))
LABELS = (X[:, 0] + 0.5 * X[:, 1] > 0).astype(int)
VALUES = X @ RNG.normal(size=(3, 2))
HELD, HELD_LABELS = X[30:], LABELS[30:]
SMALL = {"hidden": (4,), "epochs": 3, "batch_size": 8, "learning_rate": 0.05, "progress": False}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lambdas": [0, -1]}, "0 or more. Received: -1.0"),
        ({"lambdas": [0, math.nan]}, "finite number"),
        ({"lambdas": [1, math.inf]}, "finite number, 0 or more. Received: inf"),
        ({"lambdas": [1, 1]}, "more than once: 1"),
        ({"validation": (HELD, HELD_LABELS), "cv": 3}, "either validation or cv, not both"),
        ({"validation": (HELD, HELD_LABELS), "groups": LABELS}, "leave them out with validation"),
        ({"groups": LABELS[:9]}, r"one label for each of the 41 samples. Received: shape \(9,\)"),
        ({"cv": 2, "X": X[:9], "y": np.arange(9)}, "Each of the 9 samples has a class of its own"),
        (
            {"cv": [(np.arange(20), np.arange(15, 41))]},
            "has 5 samples in both training and validation",
        ),
        ({"y": np.zeros(41)}, "only one class"),
        ({"y": LABELS[:5]}, "X has 41 samples but y has 5"),
        ({"X": X * np.nan}, "first in row 1[.]"),
        ({"X": X * np.nan, "standardize": True}, "first in row 1[.]"),
        ({"X": X[0]}, "shape"),
        ({"seed": 1.5}, "seed must be a whole number"),
        ({"seed": [1, 1]}, "or a list of distinct ones"),
        ({"seed": -1}, "seed must be a whole number, 0 or more"),
        ({"epochs": 0}, "epochs must be a whole number"),
        ({"patience": 0}, "patience must be a whole number"),
        ({"learning_rate": 0}, "learning_rate must be a finite number above 0"),
        ({"per": "row"}, "per must be 'dataset', 'batch', or a number"),
        ({"optimizer": "lbfgs"}, "lbfgs"),
        ({"activation": "gelu"}, "gelu"),
        ({"max_memory": 100}, "One network of the path takes about .* MiB"),
        ({"validation": X}, "must be a pair .X, y.. Received: ndarray"),
        ({"validation": (HELD, LABELS)}, "validation X has 11 samples but validation y has 41"),
        ({"validation": (HELD, HELD_LABELS + 5)}, "validation y has the label"),
        ({"validation": (HELD[:, :2], HELD_LABELS)}, "validation X has 2 features"),
        ({"validation": (HELD, [[1], [0, 1]])}, "validation y must be an array"),
        ({"validation": (HELD, [None] * 11)}, "validation y has a missing label, first in row 1"),
        (
            {"validation": ([["x"] * 3] * 11, HELD_LABELS), "standardize": True},
            "validation X must be an array",
        ),
        ({"validation": (HELD[:1], VALUES[30:31]), "y": VALUES}, "Column 1 of validation y holds"),
        ({"validation": (HELD, np.ones((11, 2))), "y": VALUES}, "Column 1 of validation y holds"),
        ({"cv": 3, "y": np.full(41, 0.5)}, "of y in the validation samples of fold 1 of cv holds"),
        ({"X": [[1, 2], [3]] * 20}, "X must be an array: .*[^.][.]$"),
        ({"X": [[1, 2], [3]] * 20, "standardize": True}, "X must be an array"),
        ({"X": X.astype(str), "standardize": True}, "X must be an array of real numbers"),
        ({"X": X + 1j, "standardize": True}, "X must be an array of real numbers"),
        (
            {"X": np.array([["a"] * 3] * 41, dtype=object), "standardize": True},
            "X must be an array",
        ),
        ({"y": [[1], [0, 1]] * 20}, "y must be an array"),
        ({"y": ["a"] * 3 + [None] + ["b"] * 37}, "y has a missing label, first in row 4"),
        ({"y": np.where(LABELS, np.datetime64("2020"), np.datetime64("2021"))}, "y has dates"),
        ({"y": LABELS + 1j}, "y must be text or numbers. Received: complex128"),
        ({"hidden": 5}, r"hidden must be .* Received: 5\."),
        ({"activation": ["relu"]}, "Available hidden activations"),
        ({"output": "identity"}, "Class labels need output='sigmoid' or 'softmax'"),
        ({"output": "gelu"}, "Available output activations"),
        ({"output": "sigmoid", "task": "regression"}, "The output 'sigmoid' is for classes"),
        ({"loss": "hinge"}, "Available losses are"),
        ({"optimizer": dict}, "Available optimizers"),
        ({"initializer": 3}, "Available initializers"),
        ({"epochs": True}, "epochs must be a whole number"),
        ({"seed": [2**32]}, "seed of the folds, .* from 0 to 4294967295. Received: 4294967296"),
    ],
)
def test_errors_in_arguments(options, message):
    arguments = {"X": X, "y": LABELS, "lambdas": [0.0, 0.3, 2.0], **SMALL, **options}
    with pytest.raises(InputError, match=message):
        plain_path(arguments.pop("X"), arguments.pop("y"), **arguments)
