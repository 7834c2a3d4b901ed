"""The diagnosis of models whose errors are known, and of real ones."""

from __future__ import annotations

import dataclasses
import html
import json
import math
import re

import numpy as np
import pytest
from evidence_tools import TEST, Wrong, samples
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_diabetes, load_digits
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import accuracy_score, r2_score
from statsmodels.stats.proportion import proportion_confint

from xl2 import Dataset, InputError, Network, fit
from xl2.cli.workflows import train
from xl2.data import split
from xl2.diagnosis.diagnose import diagnose


def diagnosed(training, test, **options):
    """Diagnose a model from its numbers (right, all) of training and test samples."""
    wrong = [*range(training[1] - training[0]), *range(TEST, TEST + test[1] - test[0])]
    return diagnose(Wrong(wrong), *samples(training[1], 0), *samples(test[1], TEST), **options)


def flat(diagnosis):
    return " ".join(str(diagnosis).split())


def test_96_and_95_percent_is_a_bias():
    found = diagnosed((57600, 60000), (9500, 10000))
    assert (found.dominant, found.is_certain) == ("bias", True)
    assert (found.bias, found.gap) == (pytest.approx(0.04), pytest.approx(0.01))
    assert "The bias, 4.00 points, is larger than the gap, 1.00 points: at 95 %" in flat(found)


def test_90_and_70_percent_is_a_gap():
    found = diagnosed((900, 1000), (350, 500))
    assert (found.dominant, found.is_certain) == ("gap", True)
    assert "The gap, 20.00 points, is larger than the bias, 10.00 points: at 95 %" in flat(found)


def test_the_same_scores_of_few_samples_are_not_sure():
    found = diagnosed((189, 210), (38, 50))
    assert (found.dominant, found.is_certain) == ("gap", False)
    assert found.bias_minus_gap_interval[0] < 0 < found.bias_minus_gap_interval[1]
    assert "is larger than the bias, 10.00 points, but not certainly" in flat(found)


def test_intervals_are_those_of_statsmodels():
    found = diagnosed((576, 600), (39, 50), confidence=0.9)
    low, high = proportion_confint(39, 50, alpha=0.1, method="wilson")
    assert found.test_interval == pytest.approx((low, high))
    # The training score is a fact about the training samples.
    assert found.gap_interval == pytest.approx((0.96 - high, 0.96 - low))
    assert found.bias_minus_gap_interval == pytest.approx((0.08 - 1 + low, 0.08 - 1 + high))
    assert (found.train_rows, found.test_rows) == (600, 50)


def test_a_lower_target_lowers_the_bias():
    found = diagnosed((9200, 10000), (9000, 10000), target_score=0.925)
    assert (found.dominant, found.is_certain) == ("gap", True)
    assert found.bias == pytest.approx(0.005)
    assert diagnosed((9200, 10000), (9000, 10000)).dominant == "bias"


@pytest.mark.parametrize("target", [1.0, 0.9])
def test_neither_dominates_where_all_is_reached(target):
    found = diagnosed((200, 200), (50, 50), target_score=target)
    assert (found.dominant, found.is_certain) == ("neither", False)
    assert "Neither the bias nor the gap is above 0 on these samples; at 95 %" in flat(found)
    assert found.limits.by == "nothing"


def test_the_words_of_a_negative_bias_and_a_negative_gap():
    beyond = flat(diagnosed((950, 1000), (700, 1000), target_score=0.9))
    assert "The gap, 25.00 points, is larger than the bias, -5.00 points" in beyond
    better = flat(diagnosed((700, 1000), (800, 1000)))
    assert "The bias, 30.00 points, is larger than the gap, -10.00 points" in better
    assert "-0.00" not in flat(diagnosed((99999, 100000), (99999, 100000)))


@given(
    st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    st.sampled_from([1.0, 0.97, 0.5, 0.0]),
)
def test_every_verdict_holds_together(training, test, target):
    found = diagnosed(training, test, target_score=target)
    assert found.bias == target - found.train_score
    assert found.test_interval[0] <= found.test_score <= found.test_interval[1]
    assert found.gap_interval[0] <= found.gap <= found.gap_interval[1]
    assert (
        found.bias_minus_gap_interval[0]
        <= found.bias - found.gap
        <= found.bias_minus_gap_interval[1]
    )
    if found.dominant == "bias":
        assert found.bias > found.gap
    if found.dominant == "gap":
        assert found.gap >= found.bias
    if found.is_certain:
        assert (found.bias_minus_gap_interval[0] > 0) == (found.dominant == "bias")
    assert found.limits.missing == target - found.test_score
    assert found.limits.by == ("unknown" if found.test_score < target else "nothing")
    assert (found.actions, found.left_out, found.signal, found.next_step) == ((), (), None, "")
    assert json.loads(json.dumps(found.to_dict()))["advice"] == list(found.advice)
    assert max(map(len, str(found).splitlines())) <= 80


def test_the_verdict_is_sure_of_the_wrong_one_as_seldom_as_promised():
    """The gap of these training samples is truly their bias, 10 points: a sure verdict is wrong."""
    rng = np.random.default_rng(3)
    wrong = [diagnosed((270, 300), (b, 200)).is_certain for b in rng.binomial(200, 0.8, 400)]
    assert 0.01 < np.mean(wrong) < 0.09


def test_the_table_lines_up():
    lines = str(diagnosed((576, 600), (39, 50))).splitlines()
    start = next(i for i, line in enumerate(lines) if line.endswith("interval"))
    table = lines[start : start + 5]
    assert [line.split()[0] for line in table[1:]] == ["training", "test", "bias", "gap"]
    assert table[1].split()[1:] == ["96.00", "%", "600", "samples"]
    assert table[2].split()[1:] == ["78.00", "%", "64.76", "to", "87.25", "%", "50", "samples"]
    assert len({line.index("%") for line in table[1:]}) == 1
    assert table[2].index(" to ") == table[4].index(" to ")
    assert len({len(line) for line in table[1:]}) == 1


def test_no_number_is_separated_from_its_percent():
    for target in np.linspace(0.5, 1.0, 40):
        for line in str(diagnosed((189, 210), (35, 50), target_score=target)).splitlines():
            assert not line.startswith("%")


def test_html_says_the_same_and_is_escaped():
    found = dataclasses.replace(
        diagnosed((57600, 60000), (9500, 10000)), next_step="<script>&", cautions=('a < "b"',)
    )
    page = found._repr_html_()
    assert "<script>" not in page
    assert "Next: <code>&lt;script&gt;&amp;</code>" in page
    assert "a &lt; &quot;b&quot;" in page
    assert html.escape(found.advice[0]) in page
    words = re.sub("<[^>]*>", " ", page)
    for figure in ("96.00 %", "95.00 %", "4.00 %", "1.00 %", "60000", "10000", "training"):
        assert figure in words


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
    low, high = found.test_interval
    assert low < found.test_score < high < 1
    assert found.gap_interval == pytest.approx((found.train_score - high, found.train_score - low))
    # bias - gap is 1 - 2 training + test.
    expected = np.array([low, high]) + 1 - 2 * found.train_score
    assert found.bias_minus_gap_interval == pytest.approx(expected)
    assert (found.null_score, found.null_answer) == (0.0, "the mean of the target")
    assert "%" not in str(found).replace("95 %", "")


def test_no_verdict_on_few_values_is_sure():
    values = np.linspace(0, 1, 31)
    for rows, sure in ((20, False), (31, True)):
        y = values[:rows]
        found = diagnose(Predicts(y, -y), y[:, None], y, y[::-1, None], y)
        assert found.limits.by == "unknown"
        assert any("20 test samples the intervals of R2" in one for one in found.cautions) != sure
        assert found.bias_minus_gap_interval[1] < 0
        assert (found.dominant, found.is_certain) == ("gap", sure)


def test_an_estimator_tells_whole_values_from_labels(rng):
    X = rng.normal(size=(100, 2))
    y = np.round(10 * X[:, 0]).astype(int)
    found = diagnose(LinearRegression().fit(X, y), X[:50], y[:50], X[50:], y[50:])
    assert found.score_name == "R2"


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
    assert (found.train_score, found.test_interval) == (1.0, (1.0, 1.0))
    assert found.dominant == "neither"


def test_extreme_scores_still_fit_a_terminal():
    values = np.linspace(0, 1, 40)
    found = diagnose(Predicts(1e15 * values), values[:, None], values, values[::-1, None], values)
    assert found.test_score < -1e29
    assert max(map(len, str(found).splitlines())) <= 80


def test_a_single_sample_is_enough_for_an_accuracy():
    found = diagnosed((1, 1), (0, 1))
    assert (found.bias, found.gap) == (0.0, 1.0)
    low, high = proportion_confint(0, 1, method="wilson")
    assert found.gap_interval == pytest.approx((1 - high, 1 - low))


ZEROS = np.zeros((4, 1))
LABELS = np.array([0, 1, 0, 1])


@pytest.mark.parametrize(
    ("model", "y", "message"),
    [
        (Predicts(LABELS), LABELS[:3], "X_train has 4 samples but y_train has 3"),
        (Predicts(LABELS), [], r"y_train must have one label .* Received: shape \(0,\)"),
        (Predicts(LABELS), 3, r"y_train must have one label .* Received: shape \(\)"),
        (
            Predicts(LABELS),
            [0, 1, math.nan, 1],
            "y_train holds a NaN or an infinity, first in row 3",
        ),
        (Predicts(LABELS), ["a", None, "b", "a"], "y_train has a missing label, first in row 2"),
        (Predicts(LABELS), [[0], [1, 2], [0], [1]], "y_train must be an array"),
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
    with pytest.raises(InputError, match=f"{name} must be .*Received: {value!r}"):
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


def test_labels_that_no_training_sample_has_are_refused_unless_asked():
    known, new = np.array(["a", "b", "b", "a"]), np.array(["a", "B", "c", "a"])
    model = Predicts(known)
    with pytest.raises(InputError, match=r"(?s)'B'.*new_labels=True"):
        diagnose(model, ZEROS, known, ZEROS, new)
    assert diagnose(model, ZEROS, known, ZEROS, new, new_labels=True).test_score == 0.5


@pytest.mark.parametrize("left_out", range(4))
def test_samples_are_passed_all_or_none(left_out):
    samples = [None if k == left_out else part for k, part in enumerate([ZEROS, LABELS] * 2)]
    name = ("X_train", "y_train", "X_test", "y_test")[left_out]
    with pytest.raises(InputError, match=f"diagnose needs {name} too"):
        diagnose(Predicts(LABELS), *samples)
    with pytest.raises(InputError, match="only a path can do without"):
        diagnose(Predicts(LABELS))
