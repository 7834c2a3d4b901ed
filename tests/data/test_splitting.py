import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xl2.data import split
from xl2.data.splitting import split_rows
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


# Whole groups.


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_whole_groups_are_held_out(data):
    n = data.draw(st.integers(10, 40))
    groups = np.array(data.draw(st.lists(st.sampled_from("abcdefgh"), min_size=n, max_size=n)))
    stratify, fraction = data.draw(st.booleans()), data.draw(st.sampled_from([0.1, 0.2, 0.5, 0.8]))
    y = np.array(data.draw(st.lists(st.integers(0, 1), min_size=n, max_size=n)))
    try:
        rows, held = split_rows(y, fraction, data.draw(st.integers(0, 9)), stratify, groups)
    except InputError:
        assert stratify or len(set(groups)) == 1
        return
    assert sorted([*rows, *held]) == list(range(n))
    assert not set(groups[rows]) & set(groups[held])
    assert len(rows) * len(held) > 0
    if stratify:
        assert set(y[held]) <= set(y[rows])


@pytest.mark.parametrize("stratify", [False, True])
@pytest.mark.parametrize("fraction", [0.2, 0.3, 0.5, 0.9])
def test_the_groups_held_out_are_about_that_fraction(stratify, fraction):
    groups, y = np.arange(400) // 8, np.arange(400) % 4
    rows, held = split_rows(y, fraction, 3, stratify, groups)
    assert len(held) == pytest.approx(fraction * 400, abs=16)
    if stratify:
        assert np.bincount(y[held]).tolist() == [len(held) // 4] * 4
    assert split_rows(y, fraction, 4, stratify, groups)[1].tolist() != held.tolist()
    X = np.arange(400)[:, None]
    parts = split(X, y, fraction=fraction, seed=3, stratify=stratify, groups=groups)
    assert [part.ravel().tolist() for part in parts[:2]] == [rows.tolist(), held.tolist()]


@pytest.mark.parametrize(
    ("groups", "y", "words"),
    [
        (["ann"] * 10, [0, 1] * 5, "All samples are of one group, 'ann', .* Check groups, or"),
        ([0, 1] * 5, [0, 1] * 5, r"of 2 groups would hold out all samples of the class [01]\."),
    ],
)
def test_groups_that_cannot_be_held_out_are_refused(groups, y, words):
    with pytest.raises(InputError, match=words):
        split(np.zeros((10, 1)), y, stratify=True, groups=np.array(groups))
