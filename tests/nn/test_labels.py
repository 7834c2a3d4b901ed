"""Labels that no training sample has: their numbers, and the messages about them."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xl2.errors import Face, InputError, facing
from xl2.nn.labels import check_new_labels, describe_new_labels, new_labels

pytestmark = pytest.mark.host

TEXTS = st.sampled_from(["a", "A", " a", "b", "c", ""])
NUMBERS = st.integers(-3, 3)


def pairs_of(labels):
    return st.tuples(
        st.lists(labels, min_size=1, max_size=20), st.lists(labels, min_size=1, max_size=20)
    )


@given(st.one_of(pairs_of(TEXTS), pairs_of(NUMBERS), pairs_of(st.booleans())))
def test_new_labels_are_counted_and_the_most_frequent_is_first(pair):
    y, known = pair
    found = new_labels(np.array(y), np.array(known))
    assert found == {k: n for k, n in Counter(y).items() if k not in known}
    assert list(found.values()) == sorted(found.values(), reverse=True)
    assert new_labels(y, tuple(set(known))) == found


def test_a_number_is_the_same_label_in_every_dtype_and_text_is_another():
    assert new_labels(np.array([1.0, 2.0, 2.5]), np.array([1, 2], "uint8")) == {2.5: 1}
    assert new_labels(np.array(["1", "2"]), np.array([1, 2])) == {"1": 1, "2": 1}


@pytest.mark.parametrize(
    ("y", "known", "expected"),
    [
        (
            ["Setosa"] * 12 + ["virginica"],
            ["virginica", "setosa"],
            "12 test samples have the label 'Setosa', which no training sample has (training "
            "labels: 'setosa', 'virginica'). Did you mean 'setosa'?",
        ),
        ([3], [0, 1], "1 test sample has the label 3, which no training sample has (training "
         "labels: 0, 1)."),
        (
            ["x", " a", "x"],
            ["a", "b"],
            "3 test samples have labels that no training sample has: 'x' (2), ' a' (1) (training "
            "labels: 'a', 'b'). Did you mean 'a' for ' a'?",
        ),
        (["1"], [1, 2], "1 test sample has the label '1', which no training sample has (training "
         "labels: 1, 2). Did you mean 1?"),
    ],
)  # fmt: skip
def test_the_words(y, known, expected):
    assert describe_new_labels(new_labels(y, known), known) == expected


def test_many_labels_are_not_all_listed():
    text = describe_new_labels(new_labels(range(100, 200), range(50)), range(50))
    assert "110 (1), 111 (1) and 88 more (training" in text
    assert "10, 11 and 38 more)" in text


def test_new_labels_are_refused_with_the_way_out():
    check_new_labels(["a", "b"], ["b", "a", "c"])
    way = r"2 test samples .*'c'.* Correct .* pass new_labels=True to count"
    with pytest.raises(InputError, match=way):
        check_new_labels(["c", "c"], ["a", "b"])
    with facing(Face({"new_labels": "--new-labels", "target": "--target"}, command_line=True)):
        with pytest.raises(InputError, match=r"pass --new-labels to count") as error:
            check_new_labels(["c", "a"], ["a", "b"])
        assert "--target" not in str(error.value)
        with pytest.raises(InputError, match=r"Check the label column \(--target\)"):
            check_new_labels(["c"], ["a", "b"])
