import math

import numpy as np
import pytest

from xl2.data import split
from xl2.errors import InputError


@pytest.mark.parametrize("stratify", [False, True])
def test_split(stratify):
    X = np.arange(100).reshape(50, 2)
    y = np.array(["a"] * 40 + ["b"] * 10)
    X_train, X_test, y_train, y_test = split(X, y, stratify=stratify)
    assert X_train.shape == (40, 2)
    assert X_test.shape == (10, 2)
    np.testing.assert_array_equal(y_train, y[X_train[:, 0] // 2])
    np.testing.assert_array_equal(y_test, y[X_test[:, 0] // 2])
    if stratify:
        assert (y_test == "b").sum() == 2
    np.testing.assert_array_equal(split(X, y, stratify=stratify)[1], X_test)
    assert (split(X, y, seed=1, stratify=stratify)[1] != X_test).any()


def test_split_of_one_hot_labels():
    assert split(np.zeros((20, 1)), np.eye(2)[[0, 1] * 10], stratify=True)[3].sum() == 4


@pytest.mark.parametrize(
    ("y", "options", "words"),
    [
        (["a"] * 9 + ["b"], {}, "class 'b' has 1 sample"),
        ([[0, 1]] * 9 + [[1, 0]], {}, r"class \[1, 0\] has 1 sample"),
        ([0, 1, 2] * 3 + [0], {}, "Holding out 2 of 10 .* fewer than the 3 classes"),
        ([0, 1, 2] * 3 + [0], {"fraction": 0.8}, "a part with only 2"),
        ([0] * 10, {"fraction": 0.0}, "must be greater than 0 and less than 1. Received: 0.0"),
        ([0] * 10, {"fraction": 1.0}, "must be greater than 0 and less than 1. Received: 1.0"),
        ([0] * 10, {"fraction": math.nan}, "must be greater than 0 and less than 1. Received: nan"),
        ([0] * 10, {"fraction": 0.95}, "leaves none to train on"),
        ([0] * 9, {}, "10 samples but y has 9"),
        ([0, 1] * 5, {"seed": -1}, "seed of the split must be .* Received: -1"),
        ([0, 1] * 5, {"seed": 2**32}, "from 0 to 4294967295"),
    ],
)
def test_split_refuses(y, options, words):
    with pytest.raises(InputError, match=words):
        split(np.zeros((10, 1)), y, stratify=True, **options)
