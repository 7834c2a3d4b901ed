"""The bars of the importance of columns."""

from __future__ import annotations

import numpy as np
import pytest
from figure_tools import arrange, boxes, overlap, paint, texts
from figure_tools import clean as clean
from matplotlib.colors import to_rgba

from xl2 import figures
from xl2.diagnosis.importance import ColumnImportance, Importance
from xl2.errors import InputError

LONG = "the column with the longest name of them all"


def importance(folds=5, count=3):
    columns = [
        ColumnImportance(LONG, 1, 0.2, 0.03, 0.001),
        ColumnImportance("$5 or $6", 0, 0.1, 0.01, 0.01),
        ColumnImportance("c", 2, -0.02, 0.02, 1.0),
    ]
    more = [ColumnImportance(f"d{k}", k, -0.1, 0.02, 1.0) for k in range(3, count)]
    return Importance((*columns, *more), 100, folds, 5)


def test_bars_are_the_losses_with_their_errors_and_filled_if_they_matter():
    ax = figures.ImportanceDisplay(importance()).plot().ax_
    paint(ax.figure)
    bars = {round(bar.get_y() + bar.get_height() / 2): bar for bar in ax.patches}
    assert [bars[k].get_width() for k in range(3)] == pytest.approx([20.0, 10.0, -2.0])
    filled = [bars[k].get_facecolor() != to_rgba("none") for k in range(3)]
    assert filled == [True, True, False]
    lines = next(c for c in ax.containers if hasattr(c, "has_xerr")).lines[2][0]
    ends = np.array(lines.get_segments())[:, :, 0]
    np.testing.assert_allclose(ends, [[17.0, 23.0], [9.0, 11.0], [-4.0, 0.0]])
    assert ax.get_xlabel() == "points of accuracy lost"
    assert set(texts(ax)) == {"beyond chance", "may be chance", "± one SE"}
    low, high = ax.get_ylim()
    assert low > high  # the most important one is on top


def test_of_one_network_the_lines_are_standard_deviations_and_r2_has_its_unit():
    ax = figures.ImportanceDisplay(importance(folds=1), score_name="R2").plot().ax_
    assert ax.get_xlabel() == "R2 lost"
    assert "± one SD" in texts(ax)
    assert max(bar.get_width() for bar in ax.patches) == pytest.approx(0.2)


def test_names_are_shortened_and_do_not_overlap():
    ax = figures.ImportanceDisplay(importance(count=20)).plot().ax_
    arrange(ax.figure)
    labels = ax.get_yticklabels()
    assert len(labels) == 15
    assert len(labels[0].get_text()) == 24
    assert not overlap(boxes(labels))
    ax = figures.ImportanceDisplay(importance()).plot(names=["1", "2", "3"], limit=3).ax_
    assert [label.get_text() for label in ax.get_yticklabels()] == ["1", "2", "3"]


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(InputError, match="importance=True"):
        figures.ImportanceDisplay(None)
    with pytest.raises(InputError, match="limit must be 1 or more"):
        figures.ImportanceDisplay(importance()).plot(limit=0)
