"""The folds of a path, against scikit-learn's own."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    ShuffleSplit,
    StratifiedKFold,
    TimeSeriesSplit,
)

from xl2.errors import InputError
from xl2.path.folds import make_folds

pytestmark = pytest.mark.host

LABELS = np.array([0, 1, 1] * 8)
TEXT = np.array(["no", "yes", "yes"] * 8)
VALUES = np.linspace(0.0, 1.0, 24)
SAMPLES = np.zeros((24, 1))


def assert_same(folds, pairs):
    for fold, (training, validation) in zip(folds, pairs, strict=True):
        np.testing.assert_array_equal(fold.training, training)
        np.testing.assert_array_equal(fold.validation, validation)
        assert fold.training.dtype == fold.validation.dtype == np.int64


@pytest.mark.parametrize("seed", [0, 7])
@pytest.mark.parametrize("cv", [2, 5, np.int64(3), 8])
@pytest.mark.parametrize("y", [LABELS, TEXT, LABELS > 0, LABELS * 1.0])
def test_a_number_means_shuffled_stratified_folds(y, cv, seed):
    expected = StratifiedKFold(int(cv), shuffle=True, random_state=seed).split(SAMPLES, y)
    assert_same(make_folds(y, cv, regression=False, seed=seed), expected)


@pytest.mark.parametrize("y", [LABELS + 0.5, np.array([b"no", b"yes", b"yes"] * 8)])
def test_labels_that_scikit_learn_does_not_stratify_are_stratified(y):
    expected = StratifiedKFold(4, shuffle=True, random_state=0).split(SAMPLES, LABELS)
    assert_same(make_folds(y, 4, regression=False), expected)


@pytest.mark.parametrize("y", [VALUES, np.stack([VALUES, -VALUES], axis=1), LABELS])
def test_the_folds_of_a_regression_are_not_stratified(y):
    expected = KFold(5, shuffle=True, random_state=3).split(SAMPLES)
    assert_same(make_folds(y, 5, regression=True, seed=3), expected)


@pytest.mark.parametrize("regression", [False, True])
@pytest.mark.parametrize(
    "splitter",
    [
        ShuffleSplit(4, test_size=0.25, random_state=1),
        TimeSeriesSplit(3),
        KFold(4),
        StratifiedKFold(3),
    ],
)
def test_a_splitter_is_used_unchanged(splitter, regression):
    expected = splitter.split(SAMPLES, LABELS)
    assert_same(make_folds(LABELS, splitter, regression), expected)


@pytest.mark.parametrize("kind", [list, iter, lambda pairs: (pair for pair in pairs)])
def test_pairs_of_rows_may_be_any_iterable(kind):
    pairs = [(np.arange(12), np.arange(12, 24)), (np.arange(6, 24), [0, 5])]
    assert_same(make_folds(LABELS, kind(pairs), False), pairs)


@pytest.mark.parametrize("kind", [np.uint8, np.int32])
def test_indices_of_narrow_types_become_int64(kind):
    """The offset of a fold's copy of the samples is added to them: a uint8 would overflow."""
    rows = np.arange(24, dtype=kind)
    assert_same(make_folds(LABELS, [(rows[:20], rows[20:])], False), [(rows[:20], rows[20:])])


def test_a_training_row_may_be_repeated():
    pairs = [([0, 1, 1, 2], [5, 6])]
    assert_same(make_folds(LABELS, pairs, False), pairs)


@pytest.mark.parametrize("y", [[0] * 20 + [1] * 4, [0] * 11 + list(range(1, 14))])
def test_warnings_of_scikit_learn_about_rare_classes_are_suppressed(y, recwarn):
    y, splitter = np.array(y), StratifiedKFold(6)
    with pytest.warns(UserWarning, match=r"least populated class|number of unique classes"):
        expected = list(splitter.split(SAMPLES, y))
    recwarn.clear()
    assert_same(make_folds(y, splitter, regression=False), expected)
    assert len(recwarn) == 0


# Errors.


@pytest.mark.parametrize("cv", [1, 0, -2, 25])
def test_a_number_of_folds_out_of_range_is_an_error(cv):
    for y, regression in ((LABELS, False), (VALUES, True)):
        with pytest.raises(
            InputError,
            match=f"must be from 2 to the number of samples. Received: cv={cv} for 24 samples",
        ):
            make_folds(y, cv, regression)


@pytest.mark.parametrize(
    ("rare", "message"),
    [
        (
            2,
            r"class 'b' has 2\. Add samples of it or leave it out, or use cv=2 or less",
        ),
        (1, r"class 'b' has 1\. Add samples of it or leave it out\.$"),
    ],
)
def test_more_folds_than_samples_of_the_rarest_class_are_an_error(rare, message):
    y = np.array(["a"] * 10 + ["b"] * rare + ["c"] * 5)
    with pytest.raises(
        InputError, match=rf"cv=3, every class must have at least 3 samples, but the {message}"
    ):
        make_folds(y, 3, regression=False)


class Triples:
    def split(self, X, y):
        yield [0, 1], [2], [3]


@pytest.mark.parametrize(
    "cv",
    ["5", "kfold", 5.0, True, object(), [1, 2], [([0, 1],)], [([0, [1, 2]], [3])], Triples(),
     KFold, KFold(25), GroupKFold(2)],
)  # fmt: skip
def test_the_error_names_what_does_not_split(cv):
    with pytest.raises(InputError, match=r"does not split 24 samples: .") as caught:
        make_folds(LABELS, cv, regression=False)
    assert str(caught.value).startswith(f"cv={cv!r} ")


def test_the_error_says_how_to_pass_a_splitter_of_groups():
    groups = np.arange(24) // 4
    with pytest.raises(InputError, match=r"cv=list\(splitter.split\(X, y, groups\)\)"):
        make_folds(LABELS, GroupKFold(2), regression=False)
    pairs = list(GroupKFold(2).split(LABELS, LABELS, groups))
    assert_same(make_folds(LABELS, pairs, regression=False), pairs)


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_out_of_range_is_an_error(seed):
    with pytest.raises(InputError, match=f"seed of the folds, .* Received: {seed}"):
        make_folds(LABELS, 3, regression=False, seed=seed)


def test_no_folds_are_an_error():
    generator = iter([(np.arange(12), np.arange(12, 24))])
    assert len(make_folds(LABELS, generator, False)) == 1
    for cv in ([], generator):
        with pytest.raises(
            InputError, match=r"has no folds\. Pass one or more pairs .* iterated only once"
        ):
            make_folds(LABELS, cv, False)


FIRST = (list(range(12)), list(range(12, 24)))


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (([], [1, 2]), r"the training indices must be a list .*float64 of shape \(0,\)"),
        (([0, 1], []), r"the validation indices must be a list .*float64 of shape \(0,\)"),
        (([0, 1], 2), r"the validation indices must be a list .*int64 of shape \(\)"),
        (([[0, 1]], [2]), r"the training indices must be a list .*shape \(1, 2\)"),
        (([0, 1], LABELS > 0), r"the validation indices must be a list .*bool of shape \(24,\)"),
        (([0.0, 1.0], [2]), r"the training indices must be a list .*float64 of shape \(2,\)"),
        (([0, 24], [2]), "must be from 0 to 23. Received: 0 to 24"),
        (([0, 1], [-1, 5]), "must be from 0 to 23. Received: -1 to 5"),
        (([0, 1, 9, 4], [9, 5, 4]), "has 2 samples in both training and validation, first row 5"),
        (([0, 1], [1]), "has 1 sample in both .* row 2. Remove them from one"),
        (([0, 3, 6], [1, 2]), r"only one class to train on, .no.* stratify the folds: cv=5"),
    ],
)
def test_the_error_names_a_fold_that_cannot_be_trained_on(second, message):
    with pytest.raises(InputError, match=f"Fold 2 of cv.*{message}"):
        make_folds(TEXT, [FIRST, second], regression=False)


def test_unshuffled_folds_of_sorted_classes_are_an_error():
    y = np.sort(LABELS)
    with pytest.raises(InputError, match=r"^Fold 1 of cv has only one class to .*, 1\."):
        make_folds(y, [(np.arange(8, 24), np.arange(8))], regression=False)
    assert len(make_folds(y, 5, regression=False)) == 5


def test_a_fold_with_one_validation_value_is_an_error():
    with pytest.raises(InputError, match=r"^Fold 1 of cv has one validation sample, and R2 needs"):
        make_folds(VALUES, 24, regression=True)
    assert_same(make_folds(LABELS, [([0, 1], [2])], False), [([0, 1], [2])])
