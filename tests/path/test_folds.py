"""The folds of a path, against scikit-learn's own."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    LeaveOneGroupOut,
    LeavePGroupsOut,
    ShuffleSplit,
    StratifiedGroupKFold,
    StratifiedKFold,
    TimeSeriesSplit,
)

from xl2.errors import InputError
from xl2.path.fold_checks import check_spreads
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


def test_warnings_of_scikit_learn_about_rare_classes_are_suppressed(recwarn):
    y, splitter = np.array([0] * 20 + [1] * 4), StratifiedKFold(6)
    with pytest.warns(UserWarning, match="least populated class"):
        expected = list(splitter.split(SAMPLES, y))
    recwarn.clear()
    assert_same(make_folds(y, splitter, regression=False), expected)
    assert len(recwarn) == 0


def test_a_warning_names_each_fold_that_is_validated_on_a_class_it_never_saw():
    y = np.sort(np.array(["a", "b", "c"] * 4))
    with pytest.warns(
        UserWarning,
        match=r"^Folds are validated on classes that their training samples lack: fold 1 on 'a'; "
        r"fold 2 on 'b'; fold 3 on 'c'\. No network .* pass cv=3 for",
    ) as caught:
        folds = make_folds(y, KFold(3), regression=False)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert_same(folds, KFold(3).split(y))
    with pytest.warns(UserWarning, match=r"fold 1 on 2, 3\. No network .* pass cv=2 for"):
        make_folds(np.array([0, 1, 2, 3]), [([0, 1], [2, 3])], regression=False)
    with pytest.warns(UserWarning, match=r"fold 6 on 5; and 2 more\. No network"):
        make_folds(np.arange(8), KFold(8), regression=False)


# Classes with fewer samples than folds.


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=2, max_size=6), st.integers(2, 8), st.integers(0, 9))
def test_folds_are_scikit_learns_even_if_classes_are_rare(counts, cv, seed):
    y = np.repeat(list("abcdef")[: len(counts)], counts)
    if cv > len(y) or max(counts) < 2:
        return
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = make_folds(y, cv, regression=False, seed=seed)
        splitter = StratifiedKFold(min(cv, max(counts)), shuffle=True, random_state=seed)
        expected = list(splitter.split(np.zeros((len(y), 1)), y))
    assert_same(found, expected)
    own = [str(one.message) for one in caught if one.filename == __file__]
    assert len(own) == (min(counts) < cv)
    for label, count in zip(np.unique(y), counts, strict=True):
        named = f"'{label}' ({count} sample{'s' * (count > 1)})"
        assert any(named in text for text in own) == (count < len(found))
        lost = [k for k, (a, b) in enumerate(found, 1) if label in y[b] and label not in y[a]]
        assert bool(lost) == (count == 1)
        for fold in lost:
            assert re.search(rf"fold {fold} on [^;]*'{label}'", own[0])


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        (
            {"a": 20, "d": 4},
            "The class 'd' (4 samples) has fewer samples than the 5 folds, so some folds are not "
            "validated on it, and their scores leave it out. Add samples of it, or leave it out, "
            "or pass cv=4.",
        ),
        (
            {"a": 20, "d": 4, "e": 1},
            "The classes 'd' (4 samples), 'e' (1 sample) have fewer samples than the 5 folds, so "
            "some folds are not validated on them, and their scores leave them out. Folds are "
            "validated on classes that their training samples lack: fold 5 on 'e'. No network "
            "predicts a class that it never saw, so these scores are too low. Add samples of "
            "them, or leave them out.",
        ),
        (
            {"a": 4, "b": 4},
            "No class has 5 samples, so there are only 4 folds: the most frequent class, 'a', has "
            "4. Add samples, or pass cv=4.",
        ),
    ],
)
def test_the_warning_names_rare_classes_and_says_what_to_do(counts, message):
    y = np.repeat(list(counts), list(counts.values()))
    with pytest.warns(UserWarning, match="samples") as caught:
        make_folds(y, 5, regression=False)
    assert [str(one.message) for one in caught] == [message]
    assert caught[0].filename == __file__


def test_the_only_sample_of_one_of_two_classes_leaves_a_fold_with_one_class():
    y = np.array([0] * 9 + [1])
    with pytest.warns(UserWarning, match=r"lack: fold \d on 1\."):
        folds = make_folds(y, 3, regression=False)
    assert [len(set(y[fold.training])) for fold in folds].count(1) == 1


def test_rare_classes_of_groups_are_one_warning():
    y = np.where(np.isin(np.arange(24), [2, 8]), 2, LABELS)  # both samples are cid's
    with pytest.warns(
        UserWarning, match=r"class 2 \(2 samples\) .* on 2\. .* only one group"
    ) as caught:
        folds = make_folds(y, 3, regression=False, groups=PEOPLE)
    assert (len(caught), len(folds)) == (1, 3)


# Groups.

PEOPLE = np.array(["ann", "bob", "cid", "dan", "eve", "fay"])[np.arange(24) % 6]


@pytest.mark.parametrize("y", [LABELS, TEXT, LABELS + 0.5])
def test_a_number_with_groups_means_stratified_groups(y):
    groups = np.arange(24) // 2
    expected = list(
        StratifiedGroupKFold(3, shuffle=True, random_state=7).split(SAMPLES, LABELS, groups)
    )
    assert_same(make_folds(y, 3, regression=False, seed=7, groups=groups.tolist()), expected)


def test_the_folds_of_a_regression_have_whole_groups():
    expected = list(GroupKFold(3).split(SAMPLES, VALUES, PEOPLE))
    for groups in (PEOPLE, PEOPLE[:, None], PEOPLE.astype(object)):
        assert_same(make_folds(VALUES, 3, regression=True, groups=groups), expected)


@pytest.mark.parametrize(
    "splitter",
    [
        GroupKFold(3),
        LeaveOneGroupOut(),
        LeavePGroupsOut(2),
        GroupShuffleSplit(4, random_state=0),
        StratifiedGroupKFold(2),
    ],
)
@pytest.mark.parametrize("regression", [False, True])
def test_groups_are_passed_to_the_splitter(splitter, regression):
    y = np.arange(24) // 6 % 2
    expected = list(splitter.split(SAMPLES, y, PEOPLE))
    assert_same(make_folds(y, splitter, regression, groups=PEOPLE), expected)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_group_is_in_both_parts_of_a_fold(data):
    n = data.draw(st.integers(8, 30))
    groups = np.array(data.draw(st.lists(st.integers(0, 5), min_size=n, max_size=n)))
    cv, regression = data.draw(st.integers(2, 4)), data.draw(st.booleans())
    y = np.arange(n) % 2
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            folds = make_folds(y, cv, regression, data.draw(st.integers(0, 9)), groups)
    except InputError:
        return
    assert len(folds) == cv
    for training, validation in folds:
        assert not set(groups[training]) & set(groups[validation])
        assert sorted([*training, *validation]) == list(range(n))
    assert sorted(np.concatenate([fold.validation for fold in folds])) == list(range(n))


def test_a_class_of_one_group_only_is_named():
    y = np.where(PEOPLE == "bob", 2, LABELS)
    with pytest.warns(UserWarning, match=r"fold \d on 2\. .* classes that only one group has"):
        make_folds(y, 3, regression=False, groups=PEOPLE)


@pytest.mark.parametrize(
    ("groups", "cv", "message"),
    [
        (np.arange(23), 3, r"one label for each of the 24 samples\. Received: shape \(23,\)"),
        (np.zeros((24, 2)), 3, r"one label for each of the 24 samples\. .* shape \(24, 2\)"),
        (["ann"] * 24, 3, r"All samples are of one group, 'ann', .* Check groups, or leave"),
        ([None, *PEOPLE[1:]], 3, "groups has a missing label, first in row 1"),
        (np.r_[np.arange(23), np.nan], 3, "groups .*row 24"),
        (np.arange(24) // 6, 5, r"cv=5 needs 5 groups or more\. Received: 4 groups\. Use cv=4 or"),
        (PEOPLE, KFold(3), r"^Fold 1 of cv has samples of the group 'ann' in both .* GroupKFold"),
        (PEOPLE, [(np.arange(12), np.arange(12, 24))], "Fold 1 .* of the group 'ann' in both"),
        (LABELS, 2, "only one class to train on, .*A class needs samples in two groups"),
    ],
)
def test_unusable_groups_are_an_error(groups, cv, message):
    with pytest.raises(InputError, match=message):
        make_folds(LABELS, cv, regression=False, groups=groups)


def test_a_fold_without_a_group_is_an_error():
    """StratifiedGroupKFold leaves one empty if that balances the classes."""
    y, groups = np.array([0, 1] * 6), np.array([0] * 4 + [1] * 4 + [2] * 4)

    class Empty:
        def split(self, X, y, groups):
            yield np.arange(12), np.arange(0)

    with pytest.raises(InputError, match=r"^Fold 1 of cv has no validation samples\. Use fewer"):
        make_folds(y, Empty(), regression=False, groups=groups)


# Errors.


@pytest.mark.parametrize("cv", [1, 0, -2, 25])
def test_a_number_of_folds_out_of_range_is_an_error(cv):
    for y, regression in ((LABELS, False), (VALUES, True)):
        with pytest.raises(
            InputError,
            match=f"must be from 2 to the number of samples. Received: cv={cv} for 24 samples",
        ):
            make_folds(y, cv, regression)


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


def test_the_error_says_how_to_pass_groups():
    with pytest.raises(InputError, match=r"None\. Pass groups, the group of each sample\.$"):
        make_folds(LABELS, GroupKFold(2), regression=False)


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


def test_a_fold_with_one_validation_value_has_no_r2():
    folds = make_folds(VALUES, 24, regression=True)
    held = [VALUES[fold.validation][:, None] for fold in folds]
    with pytest.raises(InputError, match=r"^Fold 1 of cv has one validation sample, and R2 needs"):
        check_spreads(held, cv=True)
    assert_same(make_folds(LABELS, [([0, 1], [2])], False), [([0, 1], [2])])
