"""Paths with images, with labels that need escaping, and with values; undrawn pictures."""

from __future__ import annotations

import importlib

import numpy as np
import pytest
from report_tools import FACTS, NASTY, SCRIPT, clouds, run
from sklearn.datasets import load_digits

from xl2.report import pictures


@pytest.fixture(scope="session")
def digits():
    X, y = load_digits(return_X_y=True)
    return run(X[:300], y[:300], epochs=3)


@pytest.fixture(scope="session")
def nasty():
    """Samples that are not images, with text labels that need escaping."""
    X, numbers = clouds(4, 120, apart=0.4)
    return run(X, np.array(NASTY)[numbers])


@pytest.fixture(scope="session")
def nasty_page(nasty):
    facts = {"file": f"{SCRIPT}.csv", "long": "W" * 300, **FACTS}
    return nasty.page(title=f"{SCRIPT} \U0001f431 {'W' * 200}", facts=facts)


@pytest.fixture(scope="session")
def values():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 4))
    return run(X, X @ [3.0, -2.0, 1.0, 0.0] + rng.normal(size=120), standardize=True)


@pytest.fixture(scope="session")
def advised():
    """A path with some experiments, and a signal."""
    X, numbers = clouds(2, 200, apart=0.7)
    return run(X, numbers, experiments=["curve", "shorter"], budget=1000)


@pytest.fixture
def undrawn(monkeypatch):
    """Replace each picture by an empty one."""
    markup = importlib.import_module("markupsafe").Markup
    empty = markup('<svg class="{}" role="img" aria-label="{}" data-name="{}"></svg>')
    monkeypatch.setattr(
        pictures,
        "_drawn",
        lambda draw, size, layout, name, text, tips: empty.format(layout, text, name),
    )


@pytest.fixture
def digits_page(digits, undrawn):
    return digits.page()


@pytest.fixture
def sketches(monkeypatch):
    """Return the figures that are drawn, instead of their markup."""
    figures, figure = [], importlib.import_module("matplotlib.figure")

    def sketch(draw, size, layout, *names):
        figures.append(figure.Figure(size, layout="constrained"))
        draw(figures[-1], layout == "narrow")

    monkeypatch.setattr(pictures, "_drawn", sketch)
    return figures
