"""What a path tried, kept with its best model and in the model's file."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from evidence_tools import evidence, part, path_of, right, trial
from plain_paths import plain_path

import xl2
from xl2.diagnosis.evidence import STOPPED
from xl2.diagnosis.tried import Tried, tried_of
from xl2.io.tried_values import KINDS, is_tried

pytestmark = pytest.mark.host

BASE, BETTER = right(150, 200), right(180, 200)
RNG = np.random.default_rng(3)
X = RNG.normal(size=(90, 3))
Y = np.where(X[:, 0] + 0.3 * RNG.normal(size=90) > 0, "yes", "no")
NEW, NEW_Y = X[60:], Y[60:]
SMALL = {"hidden": (4,), "epochs": 5, "cv": 3, "batch_size": 10, "learning_rate": 0.05,
         "progress": False, "backend": "numpy"}  # fmt: skip
FEW = ["wider", "deeper", "longer", "faster", "ensemble", "curve"]


def everything(**more):
    """Return what was tried by a path with an action of each kind."""
    trials = [
        trial(BETTER, hidden=(16,), initializer=("he", "zeros")),
        trial(BASE, "wider", initializer=(np.zeros, "he")),
        trial(BASE, "longer", "training", epochs=np.int64(60)),
        trial(BASE, "faster", "training", learning_rate=np.float32(0.5)),
        trial(BASE, "ensemble", "ensemble", seed=[0, 1]),
        trial(BASE, "without \x1b", "features", "without it", columns=[0, 2]),
    ]
    curve = [part(right(100, 200), 40), part(right(120, 200), 80), part(right(138, 200), 120)]
    found = evidence(
        BASE, BASE, trials=trials, curve=curve, left_out=[("a", STOPPED), ("b", "c")], **more
    )
    return tried_of(found, 0.1, "log loss", "0f" * 32)


def test_plain_values_are_what_they_were_made_of():
    tried = everything(repeated=7, unavoidable=0.01)
    assert {action.kind for action in tried.actions} == set(KINDS)
    assert Tried.of_dict(tried.to_dict()) == tried
    options = dataclasses.replace(tried, options=("--epochs", "20"))
    assert Tried.of_dict(options.to_dict()) == options
    # As they are written in Python, so that both give the same line to paste.
    arguments = {action.key: action.arguments for action in tried.actions}
    assert repr(arguments["longer"]) == "{'epochs': 60}"
    assert repr(arguments["faster"]) == "{'learning_rate': 0.5}"
    assert arguments["wider"]["initializer"] == ("zeros", "he")


def test_each_kind_of_action_is_what_a_model_file_may_have():
    tried = everything().to_dict()
    assert not is_tried(tried)  # its key has an escape character
    for action in tried["actions"]:
        action["key"] = action["kind"]
    assert is_tried(tried)


def test_the_parts_of_a_model_file_are_those_of_the_class():
    assert list(everything().to_dict()) == [field.name for field in dataclasses.fields(Tried)]


def verdicts(path, tmp_path, *samples, **options):
    """Return the diagnoses of a path and of its best model, in memory and read from a file."""
    xl2.save(path.best_model_, tmp_path / "m")
    read = xl2.load(tmp_path / "m", backend="numpy")
    return [xl2.diagnose(one, *samples, **options) for one in (path, path.best_model_, read)]


@pytest.mark.parametrize("experiments", [FEW, False])
def test_a_path_and_its_model_get_one_verdict(tmp_path, experiments):
    more = {"experiments": experiments, "without": {"the\nnoise": [2]} if experiments else None}
    path = plain_path(X[:60], Y[:60], [0, 3], **SMALL, **more, budget=1e6)
    of_path, *of_models = verdicts(path, tmp_path, X[:60], Y[:60], NEW, NEW_Y, target_score=0.97)
    kinds = set(KINDS) - {"penalty"} if experiments else set()  # no penalty is best here
    assert {action.kind for action in of_path.actions} == kinds
    assert of_path.comparison is not None
    for found in of_models:
        # The model of the other lambda is not in the file.
        assert found == dataclasses.replace(of_path, comparison=None)
        assert found.advice == of_path.advice
        assert found.to_do() == of_path.to_do()
        assert found.chosen_by == "log loss"
    assert bool(of_path.next_step) == bool(experiments)


def test_without_a_signal_both_advise_about_features_and_labels(tmp_path):
    y = np.random.default_rng(0).integers(0, 2, 60)
    path = plain_path(X[:60], y, [0, 3], **SMALL, experiments=FEW)
    of_path, *of_models = verdicts(path, tmp_path, X[:60], y, NEW, y[:30])
    assert of_path.limits.by == "signal"
    assert of_path.advice[0].startswith("No lambda predicts better than always answering")
    for found in of_models:
        assert found == dataclasses.replace(of_path, comparison=None)
        assert (found.actions, found.next_step) == ((), "")
        assert found.advice == of_path.advice


def test_a_regressions_model_gets_the_verdict_of_its_path(tmp_path):
    values = X[:, 0] + 0.3 * RNG.normal(size=90)
    path = plain_path(X[:60], values[:60], [0, 3], **SMALL, experiments=FEW)
    of_path, *of_models = verdicts(path, tmp_path, X[:60], values[:60], NEW, values[60:])
    for found in of_models:
        assert found == dataclasses.replace(of_path, comparison=None)


def test_a_model_warns_of_the_samples_that_chose_its_lambda(tmp_path):
    more = {**SMALL, "cv": None}
    path = plain_path(X[:60], Y[:60], [0, 3], validation=(NEW, NEW_Y), **more)
    for found in verdicts(path, tmp_path, X[:60], Y[:60], NEW, NEW_Y):
        assert any("on these very test samples" in caution for caution in found.cautions)
    for found in verdicts(path, tmp_path, NEW, NEW_Y, X[:60], Y[:60]):
        assert not any("on these very test samples" in caution for caution in found.cautions)


def test_only_the_model_of_the_best_lambda_knows_what_was_tried():
    path = plain_path(X[:60], Y[:60], [0, 3], refit=[0, 3], **SMALL)
    others = [model for lam, model in path.models_.items() if lam != path.best_lambda_]
    assert [model.tried for model in others] == [None]
    assert path.best_model_.tried == path.tried_.to_dict()
    found = xl2.diagnose(others[0], X[:60], Y[:60], NEW, NEW_Y)
    assert (found.lam, found.signal, found.chosen_by) == (None, None, "")
    assert plain_path(X[:60], Y[:60], [0, 3], refit=False, **SMALL).tried_ is not None


def test_a_path_is_diagnosed_by_what_it_tried():
    found = xl2.diagnose(path_of(evidence(BASE, BASE, trials=[trial(BETTER, hidden=(16,))])))
    assert found.next_step == "regularization_path(X, y, ..., hidden=(16,), experiments=True)"
