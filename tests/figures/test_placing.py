"""Labels that are moved apart, and the colours of texts."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from figure_tools import clean as clean
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import colors
from scipy import optimize

from xl2.figures import style
from xl2.figures.spread import spread

pytestmark = pytest.mark.host

LABELS = st.lists(st.tuples(st.floats(0, 10), st.floats(0.1, 1.5)), min_size=1, max_size=6)


@settings(max_examples=40, deadline=None)
@given(LABELS)
def test_labels_are_moved_apart_by_as_little_as_can_be(labels):
    wanted, sizes = (list(each) for each in zip(*labels, strict=True))
    low, high = -1.0, 12.0
    found = spread(wanted, sizes, low, high)
    order = sorted(range(len(wanted)), key=lambda k: (wanted[k], k))
    ends = [(found[k] - sizes[k] / 2, found[k] + sizes[k] / 2) for k in order]
    assert all(a[1] <= b[0] + 1e-9 for a, b in pairwise(ends))
    assert low - 1e-9 <= ends[0][0]
    assert ends[-1][1] <= high + 1e-9
    # Another method: a quadratic program, solved by SLSQP.
    w, s = np.array(wanted)[order], np.array(sizes)[order]
    limits = [{"type": "ineq", "fun": lambda c: np.diff(c) - (s[1:] + s[:-1]) / 2}]
    bounds = [(low + size / 2, high - size / 2) for size in s]
    start = low + np.cumsum(s) - s / 2
    best = optimize.minimize(
        lambda c: ((c - w) ** 2).sum(), start, bounds=bounds, constraints=limits, method="SLSQP"
    )
    ours = ((np.array(found)[order] - w) ** 2).sum()
    assert ours <= best.fun + 1e-4


def test_labels_that_do_not_fit_go_beyond_the_upper_end():
    assert spread([0.5, 0.5, 0.5], [1.0, 1.0, 1.0], 0.0, 2.0) == [0.5, 1.5, 2.5]
    assert spread([], [], 0.0, 1.0) == []


@pytest.mark.parametrize("name", ["black", "grey", "blue", "dark-green", "dark-vermillion"])
def test_colours_of_text_can_be_read_on_white(name):
    # Relative luminance and contrast as defined by WCAG 2.
    shades = np.array(colors.to_rgb(style.COLOURS[name]))
    linear = np.where(shades <= 0.04045, shades / 12.92, ((shades + 0.055) / 1.055) ** 2.4)
    assert 1.05 / (linear @ [0.2126, 0.7152, 0.0722] + 0.05) >= 4.5
