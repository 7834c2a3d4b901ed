import math

import numpy as np
import pytest

from xl2.data import Dataset, check
from xl2.errors import InputError


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_value_that_is_not_finite_is_found(value, dtype):
    values = np.zeros((3000, 200), dtype=dtype)
    values[2000, 7] = values[2500, 3] = value
    with pytest.raises(InputError, match=f"X is {value} in row 2001, column 8 "):
        check(Dataset(values, None))
    names = tuple(f"n{i}" for i in range(200))
    with pytest.raises(InputError, match="column 'n7'"):
        check(Dataset(values, None, names))
    with pytest.raises(InputError, match=f"X_test is {value}"):
        check(Dataset(np.zeros((1, 200)), None, X_test=values))


def test_values_whose_sum_overflows_are_finite():
    check(Dataset(np.full((10, 10), 1e308), np.full(10, 1e308)))
    check(Dataset(np.full((10, 10), 60000, dtype=np.float16), None))


@pytest.mark.parametrize(
    ("X", "y", "words"),
    [
        (np.zeros(3), None, r"shape \(3,\)"),
        (np.zeros((3, 0)), None, r"shape \(3, 0\)"),
        (np.array([["a"]]), None, "type <U1"),
        (np.zeros((3, 1)), np.zeros(2), "3 samples but y has 2 labels"),
        (np.zeros((3, 1)), np.array(1), "0 labels"),
        (np.zeros((2, 1)), np.array([0, math.nan]), "y is nan in row 2"),
        (np.zeros((2, 1)), np.array([[0, 1], [0, math.inf]]), "y is inf in row 2, column 2"),
    ],
)
def test_check_refuses(X, y, words):
    with pytest.raises(InputError, match=words):
        check(Dataset(X, y))
