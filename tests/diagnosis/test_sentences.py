"""What a diagnosis says, for each of what can limit a model."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from evidence_tools import evidence, part, path_of, right, trial

from xl2 import regularization_path
from xl2.diagnosis.actions import Action
from xl2.diagnosis.diagnose import diagnose
from xl2.diagnosis.evidence import STOPPED, TOO_LONG
from xl2.diagnosis.next_step import python_line
from xl2.errors import Face, facing

pytestmark = pytest.mark.host

OPTIONS = {
    name: f"--{name.replace('_', '-')}" for name in ("budget", "target_score", "experiments")
}
COMMAND = Face(OPTIONS, command_line=True)
BASE, BETTER, WORSE = right(150, 200), right(180, 200), right(120, 200)
RISING = [part(right(100, 200), 40), part(right(120, 200), 80), part(right(138, 200), 120)]
ACTION = Action("key", "network", "what", 0.1, (0.05, 0.15))
FLAT = [part(BASE, 40), part(BASE, 80), part(BASE, 120)]
# What a textbook advises, whatever the model.
TEXTBOOK = re.compile(r"wider|width|units|epochs|lambda \d|bias|gap|larger network|longer", re.I)


def of_folds(*scores, training=1.0, task="binary", target_score=1.0, **more):
    return diagnose(path_of(evidence(*scores, **more), training, task), target_score=target_score)


def flat(diagnosis):
    return " ".join(str(diagnosis).split())


# No signal.


@pytest.mark.parametrize("options", [{}, {"trials": [trial(BETTER)], "curve": RISING}])
def test_without_a_signal_no_network_training_or_penalty_is_advised(options):
    found = of_folds(BASE, BETTER, null=0.9, p_value=0.4, **options)
    assert found.limits.by == "signal"
    assert (found.actions, found.next_step) == ((), "")
    first = found.advice[0]
    assert first.startswith("No lambda predicts better than always answering 0")
    assert "% against 90.00 %" in first
    assert "p = 0.4" in first
    # The table has a line for the bias and one for the gap, which are measurements.
    table = re.compile(r"^(bias|gap) .*$", re.M)
    words = table.sub("", str(found))
    assert not TEXTBOOK.search(words), TEXTBOOK.search(words)
    assert "features" in found.advice[1]
    assert "collect more samples" in found.advice[1]


def test_a_signal_in_the_test_samples_alone_is_not_denied():
    folds = of_folds(BASE, BETTER, null=0.5, p_value=0.4)
    found = replace(folds, of_folds=False, test_score=0.9, null_p_value=0.001)
    assert "too few or too alike to show what would gain" in found.advice[0]
    assert "with p = 0.4" in found.advice[0]
    assert "better than always answering 0 (accuracy 90.00 % against 50.00 %, p" in found.advice[1]
    assert not TEXTBOOK.search(" ".join(found.advice))
    for other in (replace(found, null_p_value=0.03), replace(found, of_folds=True)):
        assert other.advice[0].startswith("No lambda predicts better than always answering 0")


def test_a_regression_without_a_signal_speaks_of_values():
    found = of_folds(
        np.linspace(-1, 0.9, 100),
        p_value=0.3,
        task="regression",
        null=0.0,
        answer="the mean of the target",
    )
    assert "better than the mean of the target" in found.advice[0]
    assert "R2" in found.advice[0]
    assert "values" in found.advice[1]
    assert "label" not in flat(found)


def test_a_signal_is_found_by_its_p_value():
    assert of_folds(BASE, p_value=0.02).limits.by == "unknown"
    assert of_folds(BASE, p_value=0.021).limits.by == "signal"


# Nothing is missing.


@pytest.mark.filterwarnings("ignore")
def test_one_test_sample_is_the_only_one_that_is_right():
    X, y = np.zeros((40, 1)), np.arange(40) % 2

    class Perfect:
        def predict(self, X):
            return y[: len(X)]

    found = diagnose(Perfect(), X, y, X[:1], y[:1])
    assert found.limits.by == "nothing"
    assert "on these samples: the only test sample is right." in found.advice[0]


def test_40_of_40_right_may_be_fewer_of_new_ones():
    X, y = np.zeros((40, 1)), np.arange(40) % 2

    class Perfect:
        def predict(self, X):
            return y

    found = diagnose(Perfect(), X, y, X.copy(), y)
    assert found.limits.by == "nothing"
    assert "Nothing is missing to the target of 100.00 %" in found.advice[0]
    assert "all 40 test samples are right" in found.advice[0]
    # Wilson's limit for 40 of 40 is n / (n + 1.96 ** 2).
    assert f"may be as low as {100 * 40 / (40 + 1.959964**2):.2f} %" in found.advice[0]
    assert not TEXTBOOK.search(" ".join(found.advice))


def test_a_target_that_is_reached_leaves_nothing_to_do():
    found = of_folds(BASE, target_score=0.7)
    assert "Nothing is missing to the target of 70.00 %" in found.advice[0]
    assert "the validation accuracy is 75" in found.advice[0]
    # What would gain all the same is said second.
    more = of_folds(BASE, target_score=0.7, trials=[trial(BETTER)])
    assert "Of the settings that were tried, 16 units for 4 would gain" in more.advice[1]


# Unknown.


def test_a_path_without_experiments_says_how_to_find_out():
    found = of_folds(BASE)
    assert "is not known, because nothing else was tried" in found.advice[0]
    assert "experiments=True" in found.advice[1]
    with facing(COMMAND):
        assert "on the training file, without --no-experiments, to find" in found.advice[1]


def test_a_single_model_points_to_a_path():
    y = np.array([0, 1] * 20)

    class Half:
        def predict(self, X):
            return np.zeros(40, int)

    found = diagnose(Half(), np.zeros((40, 1)), y, np.ones((40, 1)), y)
    assert "experiments=True" in found.advice[1]
    with facing(COMMAND):
        assert "xl2 path" in found.advice[1]
        assert "experiments=True" not in flat(found)


@pytest.mark.parametrize("why", [TOO_LONG, STOPPED])
def test_experiments_without_time_ask_for_more(why):
    found = of_folds(BASE, left_out=[("16 units for 4", why), ("60 epochs for 20", "it diverged")])
    assert found.advice[1] == "Allow more time for experiments: budget=5."
    with facing(COMMAND):
        assert found.advice[1] == "Allow xl2 path more time for experiments: --budget 5."
    assert f"Left out, because {why} (budget): 16 units for 4." in flat(found)
    assert "Left out, because it diverged: 60 epochs for 20." in flat(found)
    assert "16 units for 4" in found._repr_html_()


def test_more_time_does_not_help_what_diverged():
    found = of_folds(BASE, left_out=[("60 epochs for 20", "it diverged")])
    assert len(found.advice) == 1
    assert "budget" not in flat(found)


# Something gains.


def test_the_setting_that_gains_most_is_first_with_its_gain_and_the_next_line():
    tried = [
        trial(right(160, 200), "slower", "training", "learning rate 0.01 for 0.03"),
        trial(BETTER, hidden=(16,)),
    ]
    found = of_folds(BASE, trials=tried, curve=FLAT)
    action = found.actions[0]
    assert (action.key, action.is_certain) == ("wider", True)
    gain, low, high = (f"{100 * v:.2f}" for v in (action.gain, *action.interval))
    assert found.advice[0] == (
        f"The network limits this model: 16 units for 4 would gain {gain} points of accuracy (90 % "
        f"interval {low} to {high}), tried in 5 folds."
    )
    assert found.next_step == "regularization_path(X, y, ..., hidden=(16,), experiments=True)"
    assert f"Next:\n  {found.next_step}" in str(found)


def test_a_gain_that_could_be_none_is_said_to_be_a_tie():
    swapped = BASE.copy()
    for fold, count in enumerate([4, 0, 1, 0, 1]):  # more right samples in each
        wrong = np.flatnonzero(BASE[40 * fold : 40 * fold + 40] == 0.0)
        swapped[40 * fold + wrong[:count]] = 1.0
    found = of_folds(BASE, trials=[trial(swapped)])
    low, high = found.actions[0].interval
    assert low < 0.0 < found.actions[0].gain < high
    line = next(line for line in str(found).splitlines() if line.startswith("16 units"))
    assert line.endswith("tie")
    assert ", so it may be a tie), tried in 5 folds" in found.advice[0]


def test_an_equal_setting_ties_and_a_worse_one_loses():
    found = of_folds(BASE, trials=[trial(BASE), trial(right(60, 200), "slower", what="worse")])
    lines = {line[:5]: line.split()[-1] for line in str(found).splitlines() if line}
    assert (lines["16 un"], lines["worse"]) == ("tie", "loses")
    assert "No other network or training that was tried is likely to gain" in found.advice[0]
    assert "What more samples would gain is not known" in found.advice[0]
    assert found.next_step == ""


def test_more_samples_come_first_where_no_setting_gains():
    found = of_folds(BASE, trials=[trial(WORSE)], curve=RISING)
    assert "The number of training samples probably limits this model: twice" in found.advice[0]
    assert "extrapolated from its learning curve" in found.advice[0]
    assert found.advice[1] == "The one other setting that was tried is not likely to gain."
    assert "below the target of 100.00 %, which is an assumption (target_score)." in flat(found)
    with facing(COMMAND):
        assert "assumption (--target-score)" in flat(found)


def test_only_what_was_tried_is_said_not_to_gain():
    curve = of_folds(BASE, curve=FLAT).advice[0]
    assert "By the learning curve more samples are not likely to gain" in curve
    assert "no other network or training was tried" in curve
    both = of_folds(BASE, trials=[trial(WORSE)], curve=FLAT).advice[0]
    assert "neither another network or training nor, by the learning curve, more samples" in both
    assert "is then in the features or the labels" in both


def test_features_are_not_called_a_network():
    without = trial(BETTER, "without a", "features", "without a", columns=[0])
    found = of_folds(BASE, trials=[without])
    assert found.advice[0].startswith("Some features limit this model: without a would gain")
    assert found.next_step == ""


@pytest.mark.parametrize("folds", [1, 5])
def test_an_ensemble_has_a_line_that_averages_networks_of_all_samples(rng, folds):
    one = replace(ACTION, key="ensemble", kind="ensemble", arguments={"seed": [0, 1, 2]})
    X = rng.normal(size=(30, 2))
    y = (X[:, 0] > 0).astype(int)
    small = {"lambdas": [1.0], "hidden": (2,), "epochs": 1, "backend": "numpy"}
    small |= {"validation": (X, y)} if folds == 1 else {"cv": 2}
    line = python_line([one], folds).replace("...", "**small")
    made = eval(line, {"regularization_path": regularization_path, "X": X, "y": y, "small": small})
    assert len(made.models) == 3


def test_an_ensemble_that_the_path_has_is_not_trained_again(rng):
    X = rng.normal(size=(60, 2))
    y = (X[:, 0] > 0).astype(int)
    small = {"lambdas": [1.0], "hidden": (2,), "epochs": 1, "backend": "numpy", "cv": 2}
    path = regularization_path(X, y, **small, refit_seeds=4)
    assert path.tried_.averaged == 4
    one = replace(ACTION, key="ensemble", kind="ensemble", arguments={"seed": [0, 1, 2]})
    line = python_line([one], 2, path.tried_.averaged)
    assert line.endswith("# the mean of 4 networks, trained already")
    assert eval(line, {"path": path}) is path.refit_ensemble_
    assert regularization_path(X, y, **small, refit_seeds=1).tried_.averaged == 0


@pytest.mark.parametrize(
    ("network", "samples", "words"),
    [
        (0.02, 0.05, "would give 2.00 points, and unlimited samples about 5.00 points."),
        (0.02, 0.1, "would give 2.00 points, and unlimited samples all of it."),
        (0.12, 0.0, "(target_score). The best setting that was tried would give all of it."),
        (-0.02, 0.05, "(target_score). Unlimited samples would give about 5.00 points."),
        (-0.02, 0.3, "(target_score). Unlimited samples would give all of it."),
    ],
)
def test_no_part_of_what_is_missing_is_more_than_all_of_it(network, samples, words):
    found = of_folds(BASE, trials=[trial(BASE)])
    limits = replace(found.limits, missing=0.1, network=network, all_samples=samples, rest=0.0)
    assert words in flat(replace(found, limits=limits))


def test_what_no_model_can_get_right_is_said():
    found = of_folds(BASE, trials=[trial(WORSE)], curve=RISING, repeated=8, unavoidable=0.02)
    assert "No model gets 2.00 % of the training samples right: others with" in flat(found)


# The penalty, and what the gains of the table are.


@pytest.mark.parametrize(
    ("scores", "first", "measured"),
    [
        ((WORSE, BETTER), "L2 helps here", "30.00 points"),
        ((BASE, BASE), "L2 is not shown to help here", "0.00 points"),
        ((BETTER, WORSE), "L2 does not help here", "-30.00 points"),
    ],
)
def test_the_penalty_has_a_predicted_and_a_measured_gain(scores, first, measured):
    found = of_folds(*scores)
    (penalty,) = found.actions
    assert (
        f"{first}: lambda 0.1 for no penalty is predicted to gain {100 * penalty.gain:.2f} points "
        f"(90 % interval"
    ) in flat(found)
    assert f" points); in validation it gained {measured}." in flat(found)


def test_where_the_gains_of_the_table_come_from():
    tried = {"trials": [trial(BETTER)]}
    measured = "what each action gained in 5 folds with no penalty, the best by log loss"
    assert f"points of accuracy: {measured}, combined with what it usually gains." in flat(
        of_folds(BASE, **tried)
    )
    assert "usually gains; that of more samples is extrapolated from the learning curve." in flat(
        of_folds(BASE, curve=RISING, **tried)
    )
    assert "Gains are in points of accuracy, extrapolated from the learning curve." in flat(
        of_folds(BASE, curve=RISING)
    )
