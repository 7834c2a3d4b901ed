"""The lambdas that a user gives; test_grid.py has those of the default grid."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xl2.errors import InputError
from xl2.path.arguments import check_lambdas

pytestmark = pytest.mark.host


@pytest.mark.parametrize("kind", [np.int8, np.int32, np.int64, np.uint16])
def test_the_length_may_be_a_numpy_integer(kind):
    found = check_lambdas(kind(8))
    assert type(found) is int
    assert found == 8


@given(st.lists(st.floats(0, 1e300), min_size=1, max_size=8, unique=True), st.randoms())
def test_the_order_given_does_not_matter(values, random):
    expected = sorted(values)
    random.shuffle(values)
    found = check_lambdas(values)
    assert found.tolist() == expected
    assert check_lambdas(tuple(values)).tolist() == expected
    assert found.dtype == np.float64


@pytest.mark.parametrize(
    "values",
    [
        np.array([2, 0, 1]),
        np.array([2, 0, 1], dtype=np.uint8),
        np.array([2.0, 0.0, 1.0], dtype=np.float32),
        [2, np.int64(0), 1.0],
        range(3),
        [Fraction(2), Fraction(0), Fraction(1)],
    ],
)
def test_values_may_be_whole_numbers_and_of_any_kind(values):
    found = check_lambdas(values)
    assert found.dtype == np.float64
    assert found.tolist() == [0.0, 1.0, 2.0]


def test_an_integer_may_exceed_64_bits():
    assert check_lambdas([10**20, 0]).tolist() == [0.0, 1e20]


def test_the_given_array_is_not_changed():
    given = np.array([2.0, 0.0, 1.0])
    check_lambdas(given)[:] = 7.0
    assert given.tolist() == [2.0, 0.0, 1.0]


def test_minus_zero_becomes_zero():
    assert math.copysign(1.0, check_lambdas([-0.0, 1.0])[0]) == 1.0


# Errors.


@pytest.mark.parametrize("count", [0, -3, np.int64(0)])
def test_fewer_than_one_is_an_error(count):
    with pytest.raises(
        InputError, match=rf"of the default grid, or a list of numbers\. Received: .*{count}"
    ):
        check_lambdas(count)


@pytest.mark.parametrize("empty", [[], (), np.array([])])
def test_an_empty_list_is_an_error(empty):
    with pytest.raises(InputError, match=r"empty\. Pass at least one; 0 is no penalty"):
        check_lambdas(empty)


@pytest.mark.parametrize(
    ("values", "named"),
    [([1, 0.5, 1.0], "1"), ([2, 0.1, 2, 0.1, 3], "0.1, 2"), ([0.0, -0.0], "0")],
)
def test_the_error_names_repeated_values(values, named):
    with pytest.raises(InputError) as caught:
        check_lambdas(values)
    assert str(caught.value).endswith(f"Received more than once: {named}.")


@pytest.mark.parametrize(
    "values",
    ["8", "abc", b"8", ["0", "1"], ["a"], [b"1"], [[0, 1], [2, 3]], [[1], [2, 3]], np.ones((1, 1)),
     True, False, np.True_, [True, False], 0.5, np.float64(3), [1j], np.array([1 + 0j]), None,
     {1, 2}, object(), [10**400]],
)  # fmt: skip
def test_the_error_repeats_what_is_not_a_list_of_numbers(values):
    with pytest.raises(InputError, match="length of the default grid, or a list") as caught:
        check_lambdas(values)
    assert str(caught.value).endswith(f"Received: {values!r}.")
