"""The diagnosis of models whose errors are known, and of real ones."""

from __future__ import annotations

import dataclasses
import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_diabetes, load_digits
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, r2_score
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from xl2 import Dataset, InputError, Network, fit
from xl2.cli.workflows import train
from xl2.data import split
from xl2.diagnosis.diagnose import diagnose

TEST = 1_000_000  # the first test sample; training samples start at 0


class Wrong:
    """A classifier that predicts 0, and 1 for the samples in `wrong`."""

    task = "classes"

    def __init__(self, wrong):
        self.wrong = list(wrong)

    def predict(self, X):
        return np.isin(X[:, 0], self.wrong).astype(int)


class FakePath:
    """The part of a regularization path that `diagnose` uses."""

    def __init__(self, models, means, best, score_name="accuracy", selected=False):
        self.models_, self.score_name_, self.selected = models, score_name, selected
        self.task_ = "regression" if score_name == "r2" else "binary"
        self.lambdas_ = np.array(list(models))
        self.validation_means_ = np.array(means)
        self.best_lambda_ = best
        self.asked = []

    def model(self, lam):
        self.asked.append(lam)
        return self.models_[lam]

    def selected_on(self, X):
        return self.selected


def samples(rows, first):
    return np.arange(first, first + rows)[:, None], np.zeros(rows, dtype=int)


def diagnosed(training, test, **options):
    """Diagnose a model from its numbers (right, all) of training and test samples."""
    wrong = [*range(training[1] - training[0]), *range(TEST, TEST + test[1] - test[0])]
    return diagnose(Wrong(wrong), *samples(training[1], 0), *samples(test[1], TEST), **options)


def cats(best=50.0, models=(0.0, 50.0, 1000.0), means=(0.70, 0.78, 0.34), **options):
    """Return a path like the notebook's cats: 35, 39 and 17 of 50 right, 207 of 209 in training."""
    wrong = [range(15), [*range(9), 20, 21], range(33)]
    known = {
        lam: Wrong([1, 2, *(TEST + k for k in w)]) for lam, w in zip(models, wrong, strict=True)
    }
    return FakePath(known, means, best, **options)


def diagnosed_path(path, **options):
    return diagnose(path, *samples(209, 0), *samples(50, TEST), **options)


def flat(diagnosis):
    return " ".join(str(diagnosis).split())


def test_96_and_95_percent_is_a_bias():
    found = diagnosed((57600, 60000), (9500, 10000))
    assert (found.dominant, found.is_certain) == ("bias", True)
    assert (found.bias, found.gap) == (pytest.approx(0.04), pytest.approx(0.01))
    assert found.score_with_half_bias == pytest.approx(0.97)
    assert found.score_with_half_gap == pytest.approx(0.955)
    could = "Halving the bias could raise it to 97.00 % and halving the gap to 95.50 % at best."
    assert could in flat(found)
    assert any("larger network" in sentence for sentence in found.advice)


def test_90_and_70_percent_is_a_gap():
    found = diagnosed((900, 1000), (350, 500))
    assert (found.dominant, found.is_certain) == ("gap", True)
    assert (found.score_with_half_bias, found.score_with_half_gap) == (
        pytest.approx(0.75),
        pytest.approx(0.8),
    )
    assert any("stronger L2 penalty" in sentence for sentence in found.advice)


def test_the_same_scores_of_few_samples_are_not_sure():
    found = diagnosed((189, 210), (35, 50))
    assert (found.dominant, found.is_certain) == ("gap", False)
    assert found.bias_minus_gap_interval[0] < 0 < found.bias_minus_gap_interval[1]
    assert "looks larger, but this is not certain" in flat(found)
    assert "either may be the larger one" in flat(found)


def test_intervals_are_those_of_statsmodels():
    found = diagnosed((57600, 60000), (39, 50), confidence=0.9)
    for interval, count in (
        (found.train_interval, (57600, 60000)),
        (found.test_interval, (39, 50)),
    ):
        expected = proportion_confint(*count, alpha=0.1, method="wilson")
        assert interval == pytest.approx(expected)
    assert found.bias_interval == pytest.approx([1 - part for part in found.train_interval[::-1]])
    expected = confint_proportions_2indep(57600, 60000, 39, 50, method="newcomb", alpha=0.1)
    assert found.gap_interval == pytest.approx(expected)
    assert (found.train_rows, found.test_rows) == (60000, 50)


def test_a_lower_target_lowers_the_bias():
    found = diagnosed((9200, 10000), (9000, 10000), target_score=0.925)
    assert (found.dominant, found.is_certain) == ("gap", True)
    assert found.bias == pytest.approx(0.005)
    assert diagnosed((9200, 10000), (9000, 10000)).dominant == "bias"


@pytest.mark.parametrize("target", [1.0, 0.9])
def test_neither_dominates_where_all_is_reached(target):
    found = diagnosed((200, 200), (50, 50), target_score=target)
    assert (found.dominant, found.is_certain) == ("neither", False)
    assert (found.score_with_half_bias, found.score_with_half_gap) == (1.0, 1.0)
    assert "there is no bias and no gap" in flat(found).lower()
    assert "halving" not in flat(found).lower()


def test_neither_dominates_where_both_could_be_luck():
    found = diagnosed((200, 200), (49, 50))
    assert found.dominant == "neither"
    assert found.gap_interval[0] < 0 < found.gap
    assert "neither the bias nor the gap can be distinguished from zero" in flat(found).lower()


def test_the_words_of_a_negative_bias_and_a_negative_gap():
    beyond = flat(diagnosed((950, 1000), (700, 1000), target_score=0.9))
    assert "the training accuracy is 5.00 points above the target of 90.00 %" in beyond
    assert "halving the bias" not in beyond.lower()
    better = flat(diagnosed((700, 1000), (800, 1000)))
    assert "the test accuracy is 10.00 points above that of training" in better
    assert "halving the gap" not in better.lower()
    assert "raise it to 95.00 % at best" in better
    assert "-0.00" not in flat(diagnosed((99999, 100000), (9999999 // 100, 100000)))


def test_no_half_gives_more_than_a_perfect_score():
    assert diagnosed((1, 10), (9, 10)).score_with_half_bias == 1.0


@given(
    st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    st.sampled_from([1.0, 0.97, 0.5, 0.0]),
)
def test_every_verdict_holds_together(training, test, target):
    found = diagnosed(training, test, target_score=target)
    assert found.bias == target - found.train_score
    assert found.bias_interval[0] <= found.bias <= found.bias_interval[1]
    assert found.gap_interval[0] <= found.gap <= found.gap_interval[1]
    assert (
        found.bias_minus_gap_interval[0]
        <= found.bias - found.gap
        <= found.bias_minus_gap_interval[1]
    )
    if found.dominant == "bias":
        assert found.bias > found.gap
        assert found.score_with_half_bias >= found.score_with_half_gap
    if found.dominant == "gap":
        assert found.gap >= found.bias
        assert found.score_with_half_gap >= found.score_with_half_bias
    if found.is_certain:
        assert (found.bias_minus_gap_interval[0] > 0) == (found.dominant == "bias")
    assert 1 <= len(found.advice) <= 3
    assert max(map(len, str(found).splitlines())) <= 80


def test_the_verdict_is_sure_of_the_wrong_one_as_seldom_as_promised():
    """Bias and gap are truly equal, 10 points each, so a sure verdict is wrong."""
    rng = np.random.default_rng(3)
    counts = zip(rng.binomial(300, 0.9, 400), rng.binomial(200, 0.8, 400), strict=True)
    wrong = np.mean([diagnosed((a, 300), (b, 200)).is_certain for a, b in counts])
    assert 0.01 < wrong < 0.09


def test_the_table_lines_up():
    lines = str(diagnosed((57600, 60000), (39, 50))).splitlines()
    start = next(i for i, line in enumerate(lines) if line.endswith("samples"))
    table = lines[start : start + 5]
    assert [line.split()[0] for line in table[1:]] == ["training", "test", "bias", "gap"]
    assert table[1].split()[1:] == ["96.00", "%", "95.84", "to", "96.15", "%", "60000"]
    assert len({line.index("%") for line in table[1:]}) == 1
    assert len({line.index(" to ") for line in table[1:]}) == 1
    assert len(table[1]) == len(table[2]) == len(table[0])


def test_no_number_is_separated_from_its_percent():
    for target in np.linspace(0.5, 1.0, 40):
        for line in str(diagnosed((189, 210), (35, 50), target_score=target)).splitlines():
            assert not line.startswith("%")


def test_html_says_the_same_and_is_escaped():
    found = dataclasses.replace(
        diagnosed((57600, 60000), (9500, 10000)), advice=("<script>&",), cautions=('a < "b"',)
    )
    page = found._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;&amp;" in page
    assert "a &lt; &quot;b&quot;" in page
    words = re.sub("<[^>]*>", " ", page)
    for figure in ("96.00 %", "95.00 %", "4.00 %", "1.00 %", "60000", "10000", "training"):
        assert figure in words


def test_a_path_shows_its_best_lambda_and_compares_it_with_none():
    path = cats()
    found = diagnosed_path(path)
    assert path.asked == [0.0, 50.0]
    assert (found.lam, found.test_score) == (50.0, 0.78)
    assert found.train_score == pytest.approx(207 / 209)
    comparison = found.comparison
    assert (comparison.lam_a, comparison.lam_b) == (0.0, 50.0)
    assert (comparison.only_a_right, comparison.only_b_right) == (2, 6)
    words = flat(found)
    assert words.startswith("With lambda 50, chosen by validation accuracy, the gap dominates")
    assert "4 more (6 gained, 2 lost)" in words
    assert "lambda 50 cannot be distinguished from no penalty" in words
    assert found.cautions == ()
    assert "L2 does not help" not in words


def test_a_path_whose_best_is_no_penalty_says_that_l2_does_not_help():
    path = cats(best=0.0, means=(0.79, 0.78, 0.34))
    found = diagnosed_path(path)
    assert path.asked == [0.0, 50.0]
    assert (found.lam, found.test_score) == (0.0, 0.7)
    assert (found.comparison.lam_a, found.comparison.lam_b) == (0.0, 50.0)
    assert found.advice[0] == "L2 does not help here: by validation accuracy no penalty is best."
    assert "Compare it with the best positive lambda. Lambda 50 gets 39" in flat(found)


def test_where_the_bias_dominates_and_no_penalty_is_best_a_penalty_adds_to_it():
    models = {0.0: Wrong(range(100)), 1.0: Wrong(range(150))}
    path = FakePath(models, [0.9, 0.85], 0.0)
    found = diagnose(path, *samples(1000, 0), *samples(50, TEST))
    assert found.dominant == "bias"
    assert "and a penalty adds to the bias" in found.advice[0]


def test_without_a_zero_the_smallest_lambda_stands_for_it():
    path = cats(models=(0.1, 50.0, 1000.0), best=1000.0, means=(0.7, 0.3, 0.8))
    found = diagnosed_path(path)
    assert path.asked == [0.1, 1000.0]
    assert "the smallest lambda (0.1)" in flat(found)
    assert "no penalty" not in flat(found)
    assert "the largest tried" in found.advice[0]
    smallest = diagnosed_path(cats(models=(0.1, 50.0, 1000.0), best=0.1, means=(0.8, 0.3, 0.7)))
    assert (smallest.comparison.lam_a, smallest.comparison.lam_b) == (0.1, 1000.0)
    assert smallest.advice[0].startswith("More L2 does not help here")


def test_a_lambda_that_diverged_is_no_choice():
    path = cats(best=50.0, means=(math.nan, 0.78, 0.34))
    found = diagnosed_path(path)
    assert path.asked == [50.0, 1000.0]
    assert (found.comparison.lam_a, found.comparison.lam_b) == (50.0, 1000.0)
    assert diagnosed_path(cats(best=0.0, means=(0.7, math.nan, math.nan))).comparison is None


def test_among_equal_scores_the_paths_choice_is_kept():
    found = diagnosed_path(cats(best=1000.0, means=(0.7, 0.78, 0.78)))
    assert (found.lam, found.comparison.lam_b) == (1000.0, 1000.0)


def test_a_lambda_chosen_on_the_test_samples_is_a_caution():
    found = diagnosed_path(cats(selected=True))
    assert any("on these very test samples" in caution for caution in found.cautions)
    assert "Note: lambda was chosen" in flat(found)


def test_training_samples_given_as_the_test_are_a_caution():
    X, y = samples(50, 0)
    assert any("shows nothing" in caution for caution in diagnose(Wrong([1]), X, y, X, y).cautions)


@pytest.fixture(scope="module")
def digits():
    return load_digits(return_X_y=True)


def test_a_model_of_digits_scores_as_scikit_learn_says(digits):
    X, X_test, y, y_test = split(*digits, fraction=0.3, seed=0, stratify=True)
    model = train(Dataset(X, y), epochs=3, backend="numpy").model
    found = diagnose(model, X, y, X_test, y_test)
    assert found.train_score == pytest.approx(accuracy_score(y, model.predict(X)))
    assert found.test_score == pytest.approx(accuracy_score(y_test, model.predict(X_test)))
    assert (found.task, found.score_name, found.lam) == ("classification", "accuracy", None)


def test_a_network_on_any_backend_is_diagnosed(digits, where, to):
    X, y = digits[0] / 16, digits[1]
    network = Network([64, 20, 10], ["relu", "softmax"], "he", **where)
    fit(network, X[:400], y[:400], epochs=5, learning_rate=0.1)
    found = diagnose(network, X[:400], y[:400], X[400:600], y[400:600])
    assert found.train_score == pytest.approx(network.score(X[:400], y[:400]))
    assert found.test_score == pytest.approx(network.score(X[400:600], y[400:600]))
    one_hot = np.eye(10)[y]
    same = diagnose(network, X[:400], one_hot[:400], X[400:600], to(y[400:600]))
    assert same == found


@pytest.mark.parametrize("column", [False, True])
def test_a_network_of_two_classes_and_one_of_values(rng, column):
    X = rng.normal(size=(60, 3))
    y = (X[:, 0] > 0).astype(int)
    network = Network([3, 4, 1], "tanh", backend="numpy")
    fit(network, X, y, epochs=20, optimizer="adam", learning_rate=0.05)
    found = diagnose(network, X[:40], y[:40, None] if column else y[:40], X[40:], y[40:])
    assert found.train_score == network.score(X[:40], y[:40])
    values = Network([3, 4, 1], ["tanh", "identity"], backend="numpy")
    fit(values, X, X[:, 1], epochs=20, learning_rate=0.05)
    target = X[:, 1:2] if column else X[:, 1]
    found = diagnose(values, X[:40], target[:40], X[40:], target[40:])
    assert found.score_name == "R2"
    assert found.train_score == pytest.approx(values.score(X[:40], X[:40, 1]), rel=1e-4)


def test_several_labels_of_a_sample_are_right_only_together(rng):
    X = rng.normal(size=(80, 4))
    y = (X[:, :3] > 0).astype(int)
    network = Network([4, 6, 3], "tanh", backend="numpy")
    fit(network, X, y, epochs=30, optimizer="adam", learning_rate=0.05)
    assert network.task == "multilabel"
    found = diagnose(network, X[:50], y[:50], X[50:], y[50:])
    assert found.train_score == pytest.approx(accuracy_score(y[:50], network.predict(X[:50])))


def test_text_labels_of_scikit_learn(digits):
    X, y = digits[0][:500] / 16, digits[1][:500].astype(str)
    model = LogisticRegression().fit(X[:200], y[:200])
    found = diagnose(model, X[:200], y[:200], X[200:], y[200:].astype(object))
    assert found.train_score == accuracy_score(y[:200], model.predict(X[:200]))
    assert found.test_score == accuracy_score(y[200:], model.predict(X[200:]))
    assert (found.dominant, found.is_certain) == ("gap", True)


@pytest.mark.parametrize("outputs", [1, 2])
def test_a_linear_regression_scores_as_scikit_learn_says(outputs):
    X, y = load_diabetes(return_X_y=True)
    y = y if outputs == 1 else np.stack([y, X[:, 2] + y / 1000], axis=1)
    model = LinearRegression().fit(X[:300], y[:300])
    found = diagnose(model, X[:300], y[:300], X[300:], y[300:])
    assert found.train_score == pytest.approx(r2_score(y[:300], model.predict(X[:300])))
    assert found.test_score == pytest.approx(r2_score(y[300:], model.predict(X[300:])))
    assert (found.task, found.score_name) == ("regression", "R2")
    assert (found.dominant, found.is_certain) == ("bias", True)
    assert found.train_interval[0] < found.train_score < found.train_interval[1] < 1
    low, high = found.gap_interval
    assert low < found.gap < high
    # For independent samples the squared lengths add up, roughly.
    lengths = [np.ptp(found.train_interval), np.ptp(found.test_interval)]
    assert high - low == pytest.approx(np.hypot(*lengths), rel=0.15)
    # bias - gap is 1 - 2 training + test.
    low, high = found.bias_minus_gap_interval
    assert low < found.bias - found.gap < high
    assert high - low == pytest.approx(np.hypot(2 * lengths[0], lengths[1]), rel=0.15)
    assert "%" not in str(found).replace("95 %", "")


def test_two_sets_are_drawn_independently_even_if_they_are_equal(rng):
    X = rng.normal(size=(100, 2))
    y = X[:, 0] + 0.3 * rng.normal(size=100)
    found = diagnose(LinearRegression().fit(X, y), X, y, X.copy(), y.copy())
    length = np.ptp(found.train_interval)
    assert np.ptp(found.test_interval) == pytest.approx(length, rel=0.1)
    assert np.ptp(found.gap_interval) == pytest.approx(np.sqrt(2) * length, rel=0.15)


def test_no_verdict_on_few_values_is_sure():
    values = np.linspace(0, 1, 31)
    for rows, sure in ((20, False), (31, True)):
        y = values[:rows]
        found = diagnose(Predicts(y, -y), y[:, None], y, y[::-1, None], y)
        assert found.bias_minus_gap_interval[1] < 0
        assert (found.dominant, found.is_certain) == ("gap", sure)
        assert ("too few samples to rely on it" in flat(found)) != sure


def test_an_estimator_tells_whole_values_from_labels(rng):
    X = rng.normal(size=(100, 2))
    y = np.round(10 * X[:, 0]).astype(int)
    found = diagnose(LinearRegression().fit(X, y), X[:50], y[:50], X[50:], y[50:])
    assert found.score_name == "R2"


def test_a_path_of_regressions_is_compared_by_r2(rng):
    X = rng.normal(size=(120, 10))
    y = X[:, 0] + rng.normal(size=120)
    known = {lam: Ridge(alpha=lam + 1e-9).fit(X[:20], y[:20]) for lam in (0.0, 5.0, 50.0)}
    path = FakePath(known, [0.1, 0.3, 0.2], 5.0, score_name="r2")
    found = diagnose(path, X[:20], y[:20], X[20:], y[20:])
    expected = [r2_score(y[20:], known[lam].predict(X[20:])) for lam in (0.0, 5.0)]
    assert [found.comparison.score_a, found.comparison.score_b] == pytest.approx(expected)
    assert found.test_score == pytest.approx(expected[1])
    assert "Paired t-test of the squared errors" in flat(found)
    assert not found.is_certain  # of 20 rows
    assert any("only 20 training samples" in caution for caution in found.cautions)
    assert max(map(len, str(found).splitlines())) <= 80


class Predicts:
    """A model with given predictions, whatever X is."""

    def __init__(self, *answers, task=None):
        self.answers = list(answers)
        if task:
            self.task = task

    def predict(self, X):
        return np.asarray(self.answers[0] if len(self.answers) == 1 else self.answers.pop(0))


def test_the_task_of_an_unknown_model_is_that_of_its_targets_or_predictions():
    labels, values = np.array([0, 1, 1]), np.array([0.5, 1.0, 2.0])
    X = np.zeros((3, 1))
    assert diagnose(Predicts(labels), X, labels, X, labels).score_name == "accuracy"
    assert diagnose(Predicts(values), X, values, X, values).score_name == "R2"
    # Values that happen to be whole, predicted by numbers that are not.
    assert diagnose(Predicts(values), X, labels, X, labels).score_name == "R2"
    assert diagnose(Predicts(labels[:, None]), X, labels[:, None], X, labels).train_score == 1.0


def test_perfect_values_have_an_r2_of_one():
    values = np.linspace(0, 1, 40)
    found = diagnose(Predicts(values), values[:, None], values, values[::-1, None], values)
    assert (found.train_score, found.train_interval) == (1.0, (1.0, 1.0))
    assert found.dominant == "neither"


def test_extreme_scores_still_fit_a_terminal():
    values = np.linspace(0, 1, 40)
    found = diagnose(Predicts(1e15 * values), values[:, None], values, values[::-1, None], values)
    assert found.test_score < -1e29
    assert max(map(len, str(found).splitlines())) <= 80


def test_a_single_sample_is_enough_for_an_accuracy():
    found = diagnosed((1, 1), (0, 1))
    assert (found.bias, found.gap, found.is_certain) == (0.0, 1.0, False)


ZEROS = np.zeros((4, 1))
LABELS = np.array([0, 1, 0, 1])


@pytest.mark.parametrize(
    ("model", "y", "message"),
    [
        (Predicts(LABELS), LABELS[:3], "X_train has 4 samples but y_train has 3"),
        (Predicts(LABELS), [], r"y_train must have shape .* Received: shape \(0,\)"),
        (Predicts(LABELS), 3, r"y_train must have shape .* Received: shape \(\)"),
        (Predicts(LABELS), [0, 1, math.nan, 1], "y_train has a missing value.*first in row 3"),
        (Predicts(LABELS), ["a", None, "b", "a"], "y_train has a missing value.*first in row 2"),
        (Predicts(LABELS), [[0], [1, 2], [0], [1]], "y_train cannot be read as an array"),
        (
            Predicts(LABELS, task="classes"),
            list("abab"),
            "predicts numbers such as 0, but y_train holds text",
        ),
        (
            Predicts(list("abab")),
            LABELS,
            "predicts text such as 'a', but y_train holds numbers such as 0",
        ),
        (Predicts(np.eye(4), task="classes"), LABELS, "cannot be compared.*not probabilities"),
        (Predicts(LABELS, task="classes"), [0.5, 1, 0, 1], "numbers that are not whole"),
        (Predicts([0.5, math.nan, 0, 1]), LABELS, "The prediction of X_train has a missing value"),
        (
            Predicts(LABELS, task="regression"),
            list("abab"),
            "R2 needs numbers. y_train holds .* 'a'",
        ),
        (
            Predicts(np.eye(4), task="regression"),
            LABELS,
            "predicts 4 values for each sample and y_train has 1",
        ),
        (
            Predicts(LABELS, task="regression"),
            [2, 2, 2, 2],
            "Column 1 of y_train holds one value only",
        ),
        (Predicts(1e300 * LABELS, task="regression"), LABELS, "exceed the range of floats"),
        (object(), LABELS, r"a trained model with predict\(X\).*Received: object"),
        (LogisticRegression, LABELS, "Received: the class LogisticRegression"),
    ],
)
def test_predictions_that_cannot_be_evaluated_are_refused(model, y, message):
    with pytest.raises(InputError, match=f"(?s){message}"):
        diagnose(model, ZEROS, y, ZEROS, LABELS)


def test_the_test_set_is_checked_as_well():
    with pytest.raises(InputError, match="y_test holds text"):
        diagnose(Predicts(LABELS), ZEROS, LABELS, ZEROS, list("abab"))
    with pytest.raises(InputError, match="X_test has 4 samples but y_test has 2"):
        diagnose(Predicts(LABELS), ZEROS, LABELS, ZEROS, [0, 1])


@pytest.mark.parametrize(
    "options",
    [
        {"target_score": math.nan},
        {"target_score": math.inf},
        {"target_score": "1"},
        {"target_score": 95.0},
        {"target_score": -0.5},
        {"confidence": 0.0},
        {"confidence": 1.0},
        {"confidence": 95},
        {"confidence": True},
        {"confidence": math.nan},
    ],
)
def test_an_invalid_target_or_confidence_is_refused(options):
    [[name, value]] = options.items()
    with pytest.raises(InputError, match=f"{name} must be .*Received: {name}={value!r}"):
        diagnose(Predicts(LABELS), ZEROS, LABELS, ZEROS, LABELS, **options)


@pytest.mark.parametrize(
    ("shape", "message", "one"),
    [
        (3, r"A stack cannot be diagnosed.*network\.member\(k\)", (1,)),
        ((2, 3), r"A stack cannot be diagnosed.*network\.member\(g, k\)", (0, 2)),
    ],
)
def test_a_stack_is_refused_and_its_members_are_not(where, shape, message, one):
    stack = Network([1, 2, 1], stack=shape, **where)
    with pytest.raises(InputError, match=message):
        diagnose(stack, ZEROS, LABELS, ZEROS, LABELS)
    assert diagnose(stack.member(*one), ZEROS, LABELS, ZEROS, LABELS).train_score == 0.5


def test_the_models_own_error_passes_through():
    network = Network([2, 2, 1], backend="numpy")
    with pytest.raises(InputError, match="the network expects 2 features"):
        diagnose(network, ZEROS, LABELS, ZEROS, LABELS)
    model = LogisticRegression().fit(np.eye(4), LABELS)
    with pytest.raises(ValueError, match="expecting 4 features"):
        diagnose(model, ZEROS, LABELS, ZEROS, LABELS)
