"""The figure of a path's losses, by the contents of its axes."""

from __future__ import annotations

import numpy as np
import pytest
from figure_tools import FEW, MANY, a_path, arrange, boxes, overlap, paint, plt
from figure_tools import clean as clean

from xl2 import figures
from xl2.figures.style import GREY
from xl2.figures.ticks import set_log_ticks

pytestmark = pytest.mark.host


@pytest.mark.parametrize("lams", [FEW, MANY, [0.5]])
def test_curves_are_means_over_folds_and_seeds(lams):
    path = a_path(lams, best=len(lams) - 1)
    display = figures.LossCurvesDisplay.from_path(path)
    axes, lines = display.axes_, (display.train_lines_, display.validation_lines_)
    for own, name in zip(lines, ("loss", "validation_loss"), strict=True):
        drawn = np.stack([found.get_ydata() for found in own], axis=1)
        expected = [
            [path.curves_[name][e, i].sum() / 6 for i in range(len(lams))] for e in range(6)
        ]
        np.testing.assert_allclose(drawn, expected, rtol=1e-12)
        widths = [found.get_linewidth() for found in own]
        assert np.argmax(widths) == path.best_index_
        assert widths.count(max(widths)) == 1
    assert [ax.get_ylabel() for ax in axes] == ["training loss", "validation loss"]
    assert axes[0].get_ylim() == axes[1].get_ylim()


def test_the_lines_of_lambdas_say_on_which_side_of_the_best_they_are():
    display = figures.LossCurvesDisplay.from_path(a_path(MANY, best=10))
    lines = display.validation_lines_
    looks = [(found.get_color(), found.get_linestyle()) for found in lines]
    assert len({*looks[:10]}) == len({*looks[11:]}) == 1
    assert len({looks[0], looks[10], looks[11]}) == 3
    assert len({look[1] for look in (looks[0], looks[10], looks[11])}) == 3
    faint = [found.get_alpha() for found in lines]
    assert faint[:10] == sorted(faint[:10])
    assert faint[11:] == sorted(faint[11:], reverse=True)
    assert min(faint[:10] + faint[11:]) == 0.5
    assert [found.get_gid() for found in lines] == [f"validation-{i}" for i in range(len(MANY))]


@pytest.mark.parametrize("layout", ["constrained", None])
@pytest.mark.parametrize(("lams", "best"), [(FEW, 1), (MANY, 10)])
def test_lambdas_are_written_at_the_ends_of_lines(layout, lams, best):
    figure, axes = plt.subplots(2, 1, figsize=(4.2, 6.4), layout=layout)
    path = a_path(lams, best=best, epochs=30)
    display = figures.LossCurvesDisplay.from_path(path, ax=axes)
    arrange(figure)
    for ax, labels in zip(axes, (display.train_labels_, display.validation_labels_), strict=True):
        names = [label.get_text() for label in labels]
        assert sum(name.endswith(" best") for name in names) == 1
        assert len(names) == len(lams) if len(lams) <= 12 else len(names) in (12, 13)
        found = boxes(labels)
        assert not overlap(found)
        frame = ax.get_window_extent()
        end = ax.transData.transform((30, ax.get_ylim()[0]))[0]
        assert all(end < box.x0 < box.x1 <= frame.x1 + 1 for box in found)
        assert all(frame.y0 <= box.y0 < box.y1 <= frame.y1 for box in found)
        heights = [box.y0 for box in found]
        ends = (
            [ax.lines[lams.index(float(name.split()[0]))].get_ydata()[-1] for name in names]
            if (len(lams) <= 12)
            else []
        )
        assert [*np.argsort(ends)] == [*np.argsort(heights)][: len(ends)]


def test_relative_losses_are_parts_of_those_of_the_best():
    path = a_path(FEW, best=1)
    display = figures.LossCurvesDisplay.from_path(path, relative=True)
    losses = path.curves_["validation_loss"].mean(axis=(2, 3))
    drawn = np.stack([found.get_ydata() for found in display.validation_lines_], axis=1)
    np.testing.assert_allclose(drawn, losses / losses[:, [1]])
    right = display.axes_[1]
    assert right.get_ylabel() == "validation loss / that of lambda 0.1"
    assert right.get_yscale() == "log"
    for values in path.curves_.values():
        values -= 1.0
    display = figures.LossCurvesDisplay.from_path(path, relative=True)
    drawn = np.stack([found.get_ydata() for found in display.validation_lines_], axis=1)
    np.testing.assert_allclose(drawn, losses - losses[:, [1]], atol=1e-12)
    assert display.axes_[1].get_yscale() == "linear"


def test_lambdas_that_predict_one_class_are_grey_and_do_not_stretch_the_axis():
    path = a_path(FEW, best=1)
    path.one_class_[3] = True
    for values in path.curves_.values():
        values[:, 3] = 20.0
    display = figures.LossCurvesDisplay.from_path(path)
    assert {found.get_color() for found in (display.train_lines_[3],)} == {GREY}
    assert display.validation_labels_[3].get_text() == "3 one class"
    for ax in display.axes_:
        assert ax.get_ylim()[1] < 5.0
    path.one_class_[:] = True  # then none is special
    display = figures.LossCurvesDisplay.from_path(path)
    assert GREY not in {found.get_color() for found in display.train_lines_}


@pytest.mark.parametrize(("low", "high"), [(0.12, 0.2), (0.1, 2.3), (1e-3, 3.0), (1e-8, 1e3)])
def test_logarithmic_ticks_are_few_and_written_out(low, high):
    ax = plt.figure().subplots()
    ax.set_yscale("log")
    ax.set_ylim(low, high)
    set_log_ticks(ax.yaxis)
    paint(ax.figure)
    shown = [tick for tick in ax.get_yticks() if low <= tick <= high]
    assert 3 <= len(shown) <= 14
    assert not overlap(boxes(ax.get_yticklabels()))
    names = [name.get_text() for name in ax.get_yticklabels()]
    np.testing.assert_allclose(
        [float(name.replace("\N{MINUS SIGN}", "-")) for name in names], ax.get_yticks()
    )
    assert len(ax.get_yticks(minor=True)) == 0


def test_a_diverged_lambda_ends_and_does_not_flatten_the_others():
    axes = figures.LossCurvesDisplay.from_path(a_path(FEW, lost=(3,), best=1)).axes_
    for ax in axes:
        assert np.isfinite(ax.lines[3].get_ydata()).tolist() == [True] * 3 + [False] * 3
        assert ax.get_ylim()[1] < 10


def test_both_axes_of_curves_have_one_scale():
    path = a_path(FEW, lost=(3,), best=1)
    path.curves_["validation_loss"] += 100.0
    low, high = figures.LossCurvesDisplay.from_path(path).axes_[0].get_ylim()
    assert low < 1 < 100 < high < 150
    _, axes = plt.subplots(2, 1)
    figures.LossCurvesDisplay.from_path(path, ax=axes)
    assert [ax.get_ylim() for ax in axes] == [(low, high), (low, high)]
