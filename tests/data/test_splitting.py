import math
import re
import warnings

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

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
        ([0, 1, 2] * 3 + [0], {"fraction": 0.8}, "leaves 2 to train on, fewer than the 3 classes"),
        (range(10), {}, "leaves 8 to train on, fewer than the 10 classes. .* pass stratify=False"),
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


# Classes with few samples.


def counts_of_classes():
    return st.lists(st.integers(1, 12), min_size=2, max_size=6).filter(lambda c: max(c) > 1)


@settings(max_examples=200, deadline=None)
@example([10, 2, 2, 2, 2, 2], 0.7, 0)  # scikit-learn would hold out both samples of two classes
@example([9, 2, 2, 2, 2, 2], 0.05, 0)
@given(counts_of_classes(), st.sampled_from([0.05, 0.1, 0.2, 0.5, 0.7]), st.integers(0, 9))
def test_each_class_stays_in_training_and_the_rest_is_stratified(counts, fraction, seed):
    y = np.repeat(list("abcdef")[: len(counts)], counts)
    n, size = len(y), math.ceil(fraction * len(y))
    assume(n - size >= len(counts))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        rows, held = split_rows(y, fraction, seed, stratify=True)
    assert sorted([*rows, *held]) == list(range(n))
    assert len(held) == size
    assert set(y[rows]) == set(y)
    absent = sorted(set(y) - set(y[held]))
    assert len(caught) == bool(absent)
    for label in absent:
        assert re.search(rf"'{label}' \({list(y).count(label)} sample", str(caught[0].message))
    if size < len(counts):
        return
    if min(counts) > 1:
        expected = train_test_split(np.arange(n), test_size=fraction, random_state=seed, stratify=y)
        if set(y[expected[0]]) == set(y):
            np.testing.assert_array_equal(rows, expected[0])
            np.testing.assert_array_equal(held, expected[1])
    elif len(counts) > 2:
        # Beside classes of one sample, each class has its share to within one sample.
        several = np.array(counts)[np.array(counts) > 1]
        shares = several * size / several.sum()
        found = [list(y[held]).count(c) for c, k in zip("abcdef", counts, strict=False) if k > 1]
        limits = np.minimum(shares, several - 1)  # one stays in training
        if (limits == shares).all():
            assert (abs(np.array(found) - shares) < 1 + 1e-9).all()


@pytest.mark.parametrize(
    ("y", "fraction", "message"),
    [
        (
            ["a"] * 9 + ["b"], 0.2,
            "No held-out sample has the class 'b' (1 sample), so the 2 held out do not show how "
            "well it is predicted. Add samples of it.",
        ),
        (
            [[0, 1]] * 9 + [[1, 0]], 0.2,
            "No held-out sample has the class [1, 0] (1 sample), so the 2 held out do not show "
            "how well it is predicted. Add samples of it.",
        ),
        (
            ["a"] * 6 + ["b"] * 3 + ["c"] * 3, 0.05,
            "No held-out sample has the classes 'b' (3 samples), 'c' (3 samples), so the 1 held "
            "out do not show how well they are predicted. Add samples of them, or choose another "
            "fraction.",
        ),
    ],
)  # fmt: skip
def test_a_warning_names_the_classes_that_no_held_out_sample_has(y, fraction, message):
    X = np.arange(len(y))[:, None]
    with pytest.warns(UserWarning, match=r"^No held-out") as caught:
        _, _, trained, held = split(X, y, fraction=fraction, seed=1, stratify=True)
    assert [str(one.message) for one in caught] == [message]
    assert caught[0].filename == __file__
    assert {str(one) for one in trained} == {str(one) for one in np.asarray(y)}
    assert len(held) == math.ceil(fraction * len(y))


def test_the_rarest_classes_are_divided_as_one_if_few_samples_are_held_out():
    """Of 3 held out, two are of the largest classes, and one of the five others."""
    y = np.repeat(list("abcdefg"), [12, 12, 3, 3, 2, 2, 2])
    with pytest.warns(UserWarning, match="No held-out sample has the classes"):
        _, held = split_rows(y, 0.08, 0, stratify=True)
    assert sorted(y[held])[:2] == ["a", "b"]
    assert sorted(y[held])[2] > "b"


# Whole groups.


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_whole_groups_are_held_out(data):
    n = data.draw(st.integers(10, 40))
    groups = np.array(data.draw(st.lists(st.sampled_from("abcdefgh"), min_size=n, max_size=n)))
    stratify, fraction = data.draw(st.booleans()), data.draw(st.sampled_from([0.1, 0.2, 0.5, 0.8]))
    y = np.array(data.draw(st.lists(st.integers(0, 1), min_size=n, max_size=n)))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of classes that are not held out
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
        ([0, 1] * 5, [0, 1] * 5, "Each of the 2 groups has a class that no other group has"),
    ],
)
def test_groups_that_cannot_be_held_out_are_refused(groups, y, words):
    with pytest.raises(InputError, match=words):
        split(np.zeros((10, 1)), y, stratify=True, groups=np.array(groups))


def test_a_group_that_alone_has_a_class_stays_in_training():
    groups = np.repeat(list("abcdef"), 5)
    y = np.where(groups == "c", 2, np.arange(30) % 2)
    for seed in range(6):
        message = r"has the class 2 \(5 samples\), .* Add samples of it in other groups, or choose"
        with pytest.warns(UserWarning, match=message):
            rows, held = split_rows(y, 0.2, seed, True, groups)
        assert "c" in groups[rows]
        assert len(held) == 5
        assert not set(groups[rows]) & set(groups[held])


def test_the_only_group_that_can_be_held_out_is():
    groups, y = np.repeat([0, 1, 2], 4), np.array([0] * 4 + [1] * 4 + [0, 1] * 2)
    y[:4], y[4:8] = [0, 0, 2, 2], [1, 1, 3, 3]
    with pytest.warns(UserWarning, match="classes 2 .2 samples., 3 .2 samples."):
        rows, held = split_rows(y, 0.2, 0, True, groups)
    assert set(groups[held]) == {2}
    assert set(y[rows]) == {0, 1, 2, 3}
