"""The pictures of a diagnosis: bias and gap, and the gains of actions."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from figure_tools import arrange, boxes, overlap, plt
from figure_tools import clean as clean
from matplotlib.colors import to_rgba

from xl2 import InputError, figures
from xl2.diagnosis.actions import Action

pytestmark = pytest.mark.host

LONG = "learning rate 0.048 for 0.016, and some more words about it"


def a_diagnosis(target, train, test, interval, score_name="accuracy", **more):
    return SimpleNamespace(
        target_score=target,
        train_score=train,
        test_score=test,
        test_interval=interval,
        score_name=score_name,
        confidence=0.95,
        of_folds=False,
        **more,
    )


def test_bias_and_gap_are_the_ways_between_the_scores():
    diagnosis = a_diagnosis(1.0, 0.96, 0.9, (0.85, 0.94))
    display = figures.VerdictDisplay.from_diagnosis(diagnosis)
    arrange(display.figure_)
    found = {name: (span.get_x(), span.get_width()) for name, span in display.spans_.items()}
    assert found["bias"] == pytest.approx((0.96, 0.04))
    assert found["gap"] == pytest.approx((0.9, 0.06))
    points = {name: float(point.get_xdata()[0]) for name, point in display.points_.items()}
    assert points == {"target": 1.0, "training": 0.96, "test": 0.9}
    assert list(display.interval_.get_xdata()) == [0.85, 0.94]
    assert display.ax_.get_xlabel() == "accuracy (%)\nline: 95 % interval"
    texts = {name: text.get_text() for name, text in display.values_.items()}
    assert texts == {
        "target": "100.00 %",
        "bias": "4.00 points",
        "training": "96.00 %",
        "gap": "6.00 points",
        "test": "90.00 %",
    }
    names = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert names == ["target", "bias", "training", "gap", "test"]
    low, high = display.ax_.get_ylim()
    assert low > high  # the target is on top
    assert {span.get_gid() for span in display.spans_.values()} == {"bias", "gap"}


@pytest.mark.parametrize("width", [6.4, 4.2])
@pytest.mark.parametrize(
    "scores",
    [(1.0, 1.0, 1.0), (1.0, 1.0, 0.99), (1.0, 0.9, 0.9), (0.9, 0.95, 0.97), (0.5, 0.5, -2.0)],
)
def test_a_bias_or_gap_of_0_and_negative_ones_are_legible(scores, width):
    figure = plt.figure(figsize=(width, 2.8), layout="constrained")
    display = figures.VerdictDisplay(*scores, (scores[2] - 0.02, 1.0), score_name="R2")
    display.plot(figure.subplots())
    arrange(figure)
    found = boxes([*display.values_.values(), *display.ax_.get_yticklabels()])
    assert len(found) == 10
    assert not overlap(found)
    assert all(box.x0 >= 0 and box.x1 <= figure.bbox.x1 for box in found)
    low, high = display.ax_.get_xlim()
    assert low < min(scores) <= max(scores) < high
    for name, value in (("bias", display.bias), ("gap", display.gap)):
        filled = display.spans_[name].get_facecolor() != to_rgba("none")
        assert filled == (value > 0)
        assert float(display.values_[name].get_text().replace("\N{MINUS SIGN}", "-")) == (
            pytest.approx(value, abs=1e-4)
        )


def test_a_loss_is_drawn_without_its_changed_sign():
    display = figures.VerdictDisplay(0.0, -0.1, -0.4, (-0.5, -0.3), score_name="neg_log_loss")
    display.plot()
    assert display.points_["test"].get_xdata()[0] == 0.4
    assert display.spans_["gap"].get_x() == pytest.approx(0.1)
    assert display.values_["gap"].get_text() == "0.3000"
    assert display.values_["test"].get_text() == "0.4000"
    assert "smaller is better" in display.ax_.get_xlabel()


ACTIONS = (
    Action("a", "layers", LONG, -0.02, (-0.03, -0.01)),
    Action("rows", "rows", "twice the samples, 400", 0.02, (0.01, 0.03), "extrapolated", 200),
    Action("penalty", "penalty", "lambda 1 for no penalty", 0.001, (-0.01, 0.02)),
)


@pytest.mark.parametrize("width", [6.4, 4.2])
def test_gains_are_sorted_and_ties_are_empty(width):
    figure = plt.figure(figsize=(width, 2.4), layout="constrained")
    diagnosis = SimpleNamespace(actions=ACTIONS, score_name="accuracy")
    display = figures.GainsDisplay.from_diagnosis(diagnosis, ax=figure.subplots())
    arrange(figure)
    assert [point.get_xdata()[0] for point in display.points_] == pytest.approx([2.0, 0.1, -2.0])
    ends = np.array([one.get_xdata() for one in display.intervals_])
    np.testing.assert_allclose(ends, [[1.0, 3.0], [-1.0, 2.0], [-3.0, -1.0]])
    empty = [point.get_markerfacecolor() != point.get_color() for point in display.points_]
    assert empty == [False, True, False]
    assert [point.get_marker() for point in display.points_] == ["D", "o", "o"]
    texts = [text.get_text() for text in display.values_]
    assert texts == ["+2.00", "+0.10 tie", "\N{MINUS SIGN}2.00 loses"]
    names = [label.get_text().replace("\n", " ") for label in display.ax_.get_yticklabels()]
    assert names == ["twice the samples, 400", "lambda 1 for no penalty (in use)", LONG]
    found = boxes([*display.values_, *display.ax_.get_yticklabels()])
    assert not overlap(found)
    assert all(box.x0 >= 0 and box.x1 <= figure.bbox.x1 for box in found)
    assert 0.0 in [line.get_xdata()[0] for line in display.ax_.lines if line.get_gid() == "zero"]


def test_gains_in_r2_have_three_digits():
    display = figures.GainsDisplay(ACTIONS, score_name="R2").plot()
    assert display.values_[0].get_text() == "+0.020"
    assert display.points_[0].get_xdata()[0] == 0.02
    assert "gain in R2" in display.ax_.get_xlabel()


def test_a_diagnosis_without_actions_is_refused():
    with pytest.raises(InputError, match="experiments=True"):
        figures.GainsDisplay.from_diagnosis(SimpleNamespace(actions=(), score_name="R2"))
