"""Labels that no training sample has: their numbers, and the messages about them."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xl2.errors import Face, InputError, facing
from xl2.nn.labels import check_new_labels, describe_new_labels, like_training, new_labels

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


def test_a_number_is_the_same_label_in_every_dtype_and_as_text():
    assert new_labels(np.array([1.0, 2.0, 2.5]), np.array([1, 2], "uint8")) == {2.5: 1}
    assert new_labels(np.array(["1", "2"]), np.array([1, 2])) == {}
    assert new_labels(np.array(["1", "3", "A", "A"]), np.array([1, 2])) == {"A": 2, 3: 1}
    assert new_labels(np.array(["x", "y"]), np.array([1, 2])) == {"x": 1, "y": 1}


@pytest.mark.parametrize(
    ("y", "classes", "expected"),
    [
        (["1", "2", "1"], [1, 2], [1, 2, 1]),
        (["1.0", "2e0"], [1, 2], [1, 2]),
        (["1.5", "2"], [1.5, 2.0], [1.5, 2.0]),
        (["-1", "+1"], [-1, 1], [-1, 1]),
        (["1", "2", "A"], [1, 2], [1, 2, "A"]),
        (["1", "3"], [1, 2], [1, 3]),
        (["1", "1_0", "nan"], [1, 10], [1, "1_0", "nan"]),
        (["True", "False"], [False, True], [True, False]),
        ([1, 2, 1], ["1", "2", "A"], ["1", "2", "1"]),
        ([1.0, 2.0], ["1", "2", "A"], ["1", "2"]),
        ([1, 0], ["1.0", "0.0"], ["1.0", "0.0"]),
        ([7, 1], ["007", "1", "A"], ["007", "1"]),
        ([7, 1], ["007", "07", "1"], ["7", "1"]),
        ([1, 3], ["1", "A"], ["1", "3"]),
        ([True, False], ["True", "False"], ["True", "False"]),
        ([0.5, 1], ["0.5", "1"], ["0.5", "1"]),
        ([b"a", b"b"], ["a", "b"], ["a", "b"]),
        ([1, 0], [True, False], [1, 0]),
        ([[1], [2]], [1, 2], [1, 2]),
        ([["1"], ["2"]], [1, 2], [1, 2]),
        ([[0, 1], [1, 0]], [0, 1], [1, 0]),
        ([[0, 1], [1, 1]], [0, 1], [[0, 1], [1, 1]]),
        ([[0.5, 0.5], [1, 0]], [0, 1], [[0.5, 0.5], [1, 0]]),
        # What cannot be the same labels in another form stays as it is.
        ([3, 4], ["a", "b"], [3, 4]),
        (["x", "y"], [1, 2], ["x", "y"]),
        (["a", "A"], ["a", "b"], ["a", "A"]),
    ],
)
def test_labels_are_read_as_those_of_training(y, classes, expected):
    found = like_training(np.asarray(y), classes)
    assert found.tolist() == expected
    assert like_training(np.asarray(y), np.repeat(classes, 3)).tolist() == expected
    if found.ndim == 1:
        assert [type(label) for label in found.tolist()] == [type(label) for label in expected]


@given(st.lists(NUMBERS, min_size=1), st.lists(NUMBERS, min_size=1))
def test_numbers_and_their_text_are_the_same_labels(y, known):
    known = [*known, y[0]]  # one that matches
    texts = np.array([str(label) for label in y])
    assert like_training(texts, np.array(known)).tolist() == y
    assert new_labels(texts, known) == new_labels(y, known)


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
        (["1 a"], [1, 2], "1 test sample has the label '1 a', which no training sample has "
         "(training labels: 1, 2)."),
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
