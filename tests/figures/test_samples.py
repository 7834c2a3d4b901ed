"""The learning curve."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from figure_tools import arrange, boxes, overlap, paint, plt
from figure_tools import clean as clean

from xl2 import InputError, figures

ROWS, SCORES, ERRORS = [10, 20, 40], [0.7, 0.8, 0.85], [0.03, 0.02, 0.01]
AHEAD = ([40, 60, 100], [0.85, 0.87, 0.9])


def test_points_have_bars_of_one_standard_error_and_the_last_one_its_interval():
    ax = figures.LearningCurveDisplay(ROWS, SCORES, ERRORS, AHEAD, (0.88, 0.95)).plot().ax_
    measured, last = ax.containers
    np.testing.assert_allclose(measured.lines[0].get_xydata(), np.column_stack([ROWS, SCORES]))
    segments = np.array(measured.lines[2][0].get_segments())[..., 1]
    expected = np.add.outer([-1.0, 1.0], np.zeros(3)) * ERRORS + SCORES
    np.testing.assert_allclose(segments, expected.T)
    (segment,) = last.lines[2][0].get_segments()
    np.testing.assert_allclose(segment, [[100, 0.88], [100, 0.95]])
    dashed = next(line for line in ax.lines if line.get_label() == "extrapolated")
    np.testing.assert_allclose(dashed.get_xydata(), np.column_stack(AHEAD))


@pytest.mark.parametrize(
    ("name", "label", "tick"),
    [("accuracy", "validation accuracy (%)", "80"), ("R2", "validation R2", "0.80")],
)
def test_an_accuracy_is_in_percent(name, label, tick):
    ax = figures.LearningCurveDisplay(ROWS, SCORES, ERRORS, score_name=name).plot().ax_
    ax.set_yticks([0.7, 0.8])
    paint(ax.figure)
    assert ax.get_ylabel() == label
    assert float(ax.get_yticklabels()[1].get_text()) == float(tick)
    assert ax.get_xlim()[0] == 0.0


def test_without_a_prediction_only_the_measured_points_are_drawn():
    figure, ax = plt.subplots()
    display = figures.LearningCurveDisplay(ROWS, SCORES, ERRORS).plot(ax)
    assert display.curve_ is display.last_ is None
    assert {key: text.get_text() for key, text in display.labels_.items()} == {
        "measured": "measured ± one SE"
    }
    assert figure.axes == [ax]


@pytest.mark.parametrize("layout", ["constrained", None])
@pytest.mark.parametrize("width", [4.2, 6.4])
def test_names_are_beside_their_curves_and_do_not_overlap(width, layout):
    figure, ax = plt.subplots(figsize=(width, 3.8), layout=layout)
    display = figures.LearningCurveDisplay(ROWS, SCORES, ERRORS, AHEAD, (0.85, 0.95)).plot(ax)
    arrange(figure)
    assert {*display.labels_} == {"measured", "extrapolated", "interval"}
    found = boxes(display.labels_.values())
    assert not overlap(found)
    frame = ax.get_window_extent()
    assert all(frame.x0 <= box.x0 < box.x1 <= frame.x1 for box in found)
    assert ax.get_legend() is None


def test_a_path_without_experiments_has_no_learning_curve():
    with pytest.raises(InputError, match="experiments=True"):
        figures.LearningCurveDisplay.from_path(SimpleNamespace(learning_curve_=None))
