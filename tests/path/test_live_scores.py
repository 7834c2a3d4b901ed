"""The scores of a path's lambdas while it trains."""

import re

import numpy as np
import pytest

from xl2 import regularization_path
from xl2.path.live_scores import MOST, LiveScores
from xl2.path.planning import PlannedStack
from xl2.training import progress
from xl2.training.history import History
from xl2.training.progress import show_progress

pytestmark = [
    pytest.mark.host,
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

ONE, TWO = PlannedStack([(0, 0)], [0, 1], "1"), PlannedStack([(1, 0)], [0, 1], "2")


def epoch(losses, scores):
    history = History()
    history.validation_loss, history.validation_score = [np.array([losses])], [np.array([scores])]
    return history


def text(scores):
    return ["".join(piece for piece, _ in line) for line in scores.lines()]


def bold(scores):
    return ["".join(p for p, _ in line).split()[0] for line in scores.lines() if line[0][1]]


def watch(monkeypatch):
    """Watch what is trained; return lists for what is kept of the phases, and for the tables."""
    kept, tables = [], []

    class Kept:
        def width(self):
            return 80

        def draw(self, lines):
            return None

        def finish(self, summary):
            kept.append(summary.partition(",")[0])

        def close(self):
            return None

    monkeypatch.setattr(progress, "screen", lambda wanted: None if wanted is False else Kept())
    monkeypatch.setattr(progress.Display, "show_below", lambda self, lines: tables.append(lines))
    return kept, tables


def test_the_scores_are_means_over_the_folds_that_have_been_trained():
    scores = LiveScores([0.0, 10.0], (2, 2, 1), "loss", False)
    assert scores.lines() == []
    scores.add(ONE, lambda _: [0, 1], epoch([0.3, 0.2], [0.5, 0.6]))
    assert text(scores) == [
        "  lambda  log loss   accuracy",
        "       0    0.3000    50.00 %",
        "      10    0.2000    60.00 %  lowest log loss so far",
    ]
    assert bold(scores) == ["10"]
    scores.add(TWO, lambda _: [0, 1], epoch([0.1, 0.6], [0.9, 0.8]))
    assert text(scores)[1:] == [
        "       0    0.2000    70.00 %  lowest log loss so far",
        "      10    0.4000    70.00 %",
    ]


def test_the_best_is_by_what_lambda_is_chosen_by():
    named = (("loss", "1", "lowest log loss"), ("score", "0", "highest accuracy"))
    for by, best, what in named:
        scores = LiveScores([0.0, 1.0], (2, 1, 1), by, False)
        scores.add(ONE, lambda _: [0, 1], epoch([0.4, 0.2], [0.9, 0.8]))
        assert bold(scores) == [best]
        assert [line.split("%")[1] for line in text(scores)[1:]].count(f"  {what} so far") == 1


def test_a_regression_has_its_r2_only():
    scores = LiveScores([0.0, 1.0], (2, 1, 1), "score", True)
    scores.add(ONE, lambda _: [0, 1], epoch([0.4, 0.2], [0.9, 0.8123]))
    assert text(scores) == [
        "  lambda        R2",
        "       0    0.9000  highest R2 so far",
        "       1    0.8123",
    ]


def test_lambdas_that_were_dropped_keep_their_scores_and_diverged_ones_have_none():
    scores = LiveScores([0.0, 1.0], (2, 2, 1), "loss", False)
    scores.add(ONE, lambda _: [0, 1], epoch([0.4, 0.2], [0.5, 0.6]))
    scores.add(ONE, lambda _: [1], epoch([0.1], [0.7]))
    scores.add(TWO, lambda _: [0, 1], epoch([0.6, np.nan], [0.7, np.nan]))
    assert text(scores)[1:] == [
        "       0    0.5000    60.00 %  lowest log loss so far",
        "       1         -          -  diverged",
    ]
    scores.add(TWO, lambda _: [0, 1], epoch([np.nan, np.nan], [np.nan, np.nan]))
    assert [line[-8:] for line in text(scores)[1:]] == ["diverged", "diverged"]
    assert bold(scores) == []


def test_of_many_lambdas_the_best_are_shown():
    lambdas, few = [float(k) for k in range(30)], PlannedStack([(0, 0)], [*range(30)], "1")
    scores = LiveScores(lambdas, (30, 1, 1), "loss", False)
    losses = np.abs(np.arange(30) - 20.0)
    scores.add(few, lambda _: range(30), epoch(losses, losses))
    shown = [line.split()[0] for line in text(scores)]
    assert shown == ["lambda", *(str(k) for k in range(14, 27)[:MOST]), "and"]
    assert text(scores)[-1] == "  and 18 more, which are worse"


@pytest.mark.parametrize("task", ["classes", "values"])
def test_the_last_scores_of_a_path_are_those_of_its_table(monkeypatch, task):
    kept, tables = watch(monkeypatch)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 3))
    y = X[:, 0] + 0.3 * rng.normal(size=90)
    y, scoring = (y > 0, "accuracy") if task == "classes" else (y, "r2")
    path = regularization_path(
        X, y, [0, 1, 30], cv=3, epochs=20, hidden=(4,), preset="plain", scoring=scoring,
        standardize=True, backend="numpy", experiments=["wider"], budget=100,
        learning_rate=0.05,
    )  # fmt: skip
    assert len(tables) == 1
    lines = ["".join(piece for piece, _ in line) for line in tables[0]()]
    unit = 100 if task == "classes" else 1
    digits = 2 if task == "classes" else 4
    for line, score in zip(lines[1:], path.validation_means_, strict=True):
        assert re.search(rf" {unit * score:.{digits}f}", line), line
    assert kept == ["Path epoch 20/20", "Final models epoch 20/20", "Experiments 1/1"]


def test_final_models_of_several_seeds_are_one_phase(monkeypatch):
    kept, _ = watch(monkeypatch)
    X = np.random.default_rng(0).normal(size=(40, 2))
    path = regularization_path(
        X, X[:, 0] > 0, [0, 1], cv=2, epochs=3, hidden=(4,), preset="plain", backend="numpy",
        refit_seeds=2,
    )  # fmt: skip
    assert len(path.refit_ensemble_.models) == 2
    assert kept == ["Path epoch 3/3", "Final models epoch 6/6"]


@pytest.mark.parametrize("patience", [None, 1])
def test_a_resumed_path_has_the_scores_of_what_was_finished_before(tmp_path, monkeypatch, patience):
    _, tables = watch(monkeypatch)
    X = np.random.default_rng(0).normal(size=(90, 3))
    for resume in (False, True):
        path = regularization_path(
            X, X[:, 0] > 0, [0, 1, 3e3], cv=3, epochs=12, hidden=(4,), preset="plain", refit=False,
            scoring="accuracy", backend="numpy", learning_rate=0.05, patience=patience,
            checkpoint=tmp_path / "p", resume=resume,
        )  # fmt: skip
    assert (path.epochs_ < 12).any() == (patience is not None)
    first, second = (["".join(piece for piece, _ in one) for one in lines()] for lines in tables)
    assert len(first) == 4
    assert second == first


def test_a_path_that_is_not_watched_keeps_no_scores(monkeypatch):
    monkeypatch.setattr("xl2.path.train_stacks.LiveScores", None)
    X = np.random.default_rng(0).normal(size=(40, 2))
    regularization_path(X, X[:, 0] > 0, [0, 1], cv=2, epochs=2, backend="numpy", refit=False)
    with show_progress(False) as display:
        assert not display
