"""Paths and histories to draw, and functions that inspect the drawing."""

from __future__ import annotations

from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pytest

from xl2 import History

matplotlib = pytest.importorskip("matplotlib", reason="figures are drawn by matplotlib")
matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402 (its backend is chosen first)

FEW = [0.0, 0.1, 1.0, 3.0]
MANY = [0.0, *np.logspace(-4, 3, 22)]
CROWDED = [0.0, 0.01, 0.02, 0.03, 0.1, 0.11, 0.12, 1.0, 3.0, 10.0, 100.0, 1000.0]
NARROW = list(np.linspace(0.5, 2.0, 20))


@pytest.fixture(autouse=True)
def clean(monkeypatch):
    """Close all figures, and fail if a function calls show or changes a setting."""

    def show(*args, **options):
        raise AssertionError("a function has called show")

    monkeypatch.setattr(plt, "show", show)
    before = matplotlib.rcParams.copy()
    yield
    plt.close("all")
    assert matplotlib.rcParams == before


def a_path(lams, *, folds=3, epochs=6, lost=(), score_name="accuracy", best=0, simple=None):
    """Return a path with random scores and two seeds, in which the lambdas `lost` diverged."""
    rng, count = np.random.default_rng(len(lams)), len(lams)
    validation = 0.9 + 0.05 * rng.random((count, folds))
    train = validation + 0.03
    validation[list(lost), 0] = train[list(lost), 0] = np.nan
    curves = {
        name: start * np.exp(-0.3 * np.arange(epochs))[:, None, None, None]
        + 0.2 * rng.random((epochs, count, folds, 2))
        for name, start in (("loss", 1.0), ("validation_loss", 1.1))
    }
    for values in curves.values():
        values[: epochs // 2, list(lost), 0] = 1e6
        values[epochs // 2 :, list(lost), 0] = np.nan
    errors = validation.std(axis=1, ddof=1) / np.sqrt(folds) if folds > 1 else np.full(count, 0.01)
    simple = best if simple is None else simple
    return SimpleNamespace(
        lambdas_=np.asarray(lams),
        train_scores_=train,
        validation_scores_=validation,
        train_means_=train.mean(axis=1),
        validation_means_=validation.mean(axis=1),
        standard_errors_=errors,
        null_score_=0.93,
        one_class_=np.zeros(count, dtype=bool),
        best_lambda_=lams[best],
        lambda_1se_=lams[simple],
        best_index_=best,
        index_1se_=simple,
        curves_=curves,
        n_folds_=folds,
        n_seeds_=2,
        n_epochs_=epochs,
        score_name_=score_name,
    )


def a_history(stack=(), epochs=5, penalty=0.1, validation=True, lost=()):
    """Return a history of random values, in which the members `lost` diverged."""
    rng, members = np.random.default_rng(1), int(np.prod(stack))

    def values(start, step):
        curves = start + step * np.arange(epochs)[:, None] + rng.random((epochs, members))
        curves[epochs // 2 :, list(lost)] = np.nan
        return [curve.reshape(stack) if stack else float(curve[0]) for curve in curves]

    history = History(values(2.0, -0.2), values(0.1, 0.1), values(0.0, 0.0))
    history.penalty = [penalty * value for value in history.penalty]
    if validation:
        history.validation_loss, history.validation_score = values(2.2, -0.2), values(0.0, 0.1)
    return history


def texts(ax):
    """Return the texts of the legend."""
    return [text.get_text() for text in ax.get_legend().get_texts()]


def line(ax, label):
    """Return the one curve whose label starts with `label`."""
    (found,) = [line for line in ax.lines if line.get_label().startswith(label)]
    return found


def paint(figure):
    """Draw the figure; a warning is an error."""
    figure.canvas.draw()


def arrange(figure):
    """Compute the layout of the figure without drawing it."""
    figure.draw_without_rendering()


def boxes(labels):
    """Return the bounding box of each text that is not empty."""
    return [label.get_window_extent() for label in labels if label.get_text()]


def overlap(found):
    """Tell whether any two bounding boxes overlap."""
    return any(a.overlaps(b) for a, b in combinations(found, 2))
