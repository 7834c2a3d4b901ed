"""The figures of a history and of a path's losses, by the contents of their axes."""

from __future__ import annotations

import numpy as np
import pytest
from figure_tools import FEW, MANY, a_history, a_path, arrange, line, paint, plt, texts
from figure_tools import clean as clean
from matplotlib import colors

from xl2 import History, InputError, Network, figures

pytestmark = pytest.mark.host


def test_lines_of_a_history_are_its_values_from_epoch_1():
    history = a_history()
    left, right = figures.HistoryDisplay.from_history(history).axes_
    for ax, names in ((left, ("loss", "validation_loss")), (right, ("score", "validation_score"))):
        for name, label in zip(names, ("training", "validation"), strict=True):
            assert list(line(ax, label).get_ydata()) == getattr(history, name)
            assert list(line(ax, label).get_xdata()) == [1, 2, 3, 4, 5]
        assert ax.get_xlabel() == "epoch"
    assert (left.get_ylabel(), right.get_ylabel()) == ("loss", "score")
    assert list(line(left, "penalty").get_ydata()) == history.penalty
    assert texts(left) == ["training", "validation", "penalty"]
    assert texts(right) == ["training", "validation"]
    assert len({found.get_linestyle() for found in left.lines}) == 3


def test_a_missing_penalty_or_validation_is_not_drawn():
    left, right = figures.HistoryDisplay.from_history(
        a_history(penalty=0.0, validation=False)
    ).axes_
    assert texts(left) == texts(right) == ["training"]
    assert len(left.lines) == len(right.lines) == 1


@pytest.mark.parametrize(
    "draw",
    [a_history().plot, lambda axes: figures.LossCurvesDisplay.from_path(a_path(FEW), ax=axes)],
)
def test_legends_inside_hide_no_curve_and_add_no_space_below(draw):
    figure, axes = plt.subplots(1, 2, figsize=(8, 4))
    draw(axes)
    arrange(figure)
    for ax in axes:
        points = [found.get_transform().transform(found.get_xydata()) for found in ax.lines]
        if ax.get_legend():
            legend = ax.get_legend().get_window_extent()
            assert not any(legend.contains(*point) for point in np.concatenate(points))
    lowest = min(found.get_ydata().min() for found in axes[0].lines)
    highest = max(found.get_ydata().max() for found in axes[0].lines)
    assert axes[0].get_ylim()[0] > lowest - 0.1 * (highest - lowest)


@pytest.mark.parametrize("epochs", [1, 2, 7, 300])
def test_ticks_of_epochs_are_whole_numbers(epochs):
    axes = figures.HistoryDisplay.from_history(a_history(epochs=epochs)).axes_
    for ax in axes:
        shown = [tick for tick in ax.get_xticks() if ax.get_xlim()[0] <= tick <= ax.get_xlim()[1]]
        assert shown
        assert all(float(tick).is_integer() for tick in shown)
        # A single point is visible only by its marker.
        assert epochs > 1 or line(ax, "training").get_marker() not in (None, "None", "")


@pytest.mark.parametrize(("stack", "names"), [((3,), "012"), ((2, 2), ["0, 0", "0, 1", "1, 0"])])
def test_a_few_members_have_a_line_and_a_colour_each(stack, names):
    history = a_history(stack)
    left, right = figures.HistoryDisplay.from_history(history).axes_
    count = int(np.prod(stack))
    drawn = np.stack([found.get_ydata() for found in left.lines[:count]], axis=1)
    np.testing.assert_array_equal(drawn, np.reshape(history.loss, (5, count)))
    assert len(left.lines) == 3 * count
    assert len({found.get_color() for found in left.lines}) == count
    assert left.lines[0].get_color() == left.lines[count].get_color()  # its own validation
    assert left.lines[0].get_linestyle() != left.lines[count].get_linestyle()
    assert texts(left) == ["training", "validation", "penalty"]
    assert texts(right)[:3] == list(names)
    assert right.get_ylabel() == f"score of {count} members"
    # The legends explain dashes on the left and colours on the right.
    dashes = [entry.get_linestyle() for entry in left.get_legend().legend_handles]
    assert dashes == [found.get_linestyle() for found in left.lines[::count]]
    colours = [entry.get_color() for entry in right.get_legend().legend_handles]
    assert colours == [found.get_color() for found in right.lines[:count]]


def test_many_members_share_a_colour_for_each_kind():
    left, right = figures.HistoryDisplay.from_history(a_history((30,))).axes_
    assert len(left.lines) == 90
    assert len({found.get_color() for found in left.lines}) == 3
    assert texts(left) == ["training", "validation", "penalty"]
    assert len({found.get_color() for found in right.lines}) == 2


@pytest.mark.parametrize(("stack", "bad"), [((3,), np.nan), ((30,), np.inf)])
def test_a_diverged_member_neither_warns_nor_flattens_the_others(stack, bad):
    history = a_history(stack, lost=[1])
    for values in (history.loss, history.validation_loss):
        values[0][1] = values[1][1] = 1e30
        values[-1][1] = bad
    left, _ = figures.HistoryDisplay.from_history(history).axes_
    arrange(left.figure)
    assert np.isfinite(left.get_ylim()).all()
    others = np.delete([*history.loss, *history.validation_loss, *history.penalty], 1, axis=1)
    low, high = left.get_ylim()
    assert low <= others.min() < others.max() <= high < 10


def test_a_stack_whose_members_all_diverged_is_drawn():
    axes = figures.HistoryDisplay.from_history(a_history((3,), lost=[0, 1, 2])).axes_
    paint(axes[0].figure)
    assert all(np.isfinite(ax.get_ylim()).all() for ax in axes)


def test_the_history_of_a_fit_draws_itself():
    from xl2 import fit

    stack = Network([4, 3, 1], stack=2, backend="numpy")
    history = fit(stack, np.eye(4), [0, 1, 0, 1], epochs=3, penalty=[0.0, 0.1])
    _, given_axes = plt.subplots(1, 2)
    axes = history.plot(given_axes).axes_
    assert list(axes) == list(given_axes)
    drawn = np.stack([found.get_ydata() for found in axes[1].lines], axis=1)
    np.testing.assert_array_equal(drawn, history.score)
    assert len(history.plot().axes_) == 2


def test_a_history_without_an_epoch_is_refused():
    with pytest.raises(InputError, match="no epoch"):
        History().plot()
    assert plt.get_fignums() == []


@pytest.mark.parametrize("lams", [FEW, MANY, [0.5]])
def test_curves_are_means_over_folds_and_seeds(lams):
    path = a_path(lams, best=len(lams) - 1)
    axes = figures.LossCurvesDisplay.from_path(path).axes_
    for ax, name in zip(axes, ("loss", "validation_loss"), strict=True):
        drawn = np.stack([found.get_ydata() for found in ax.lines], axis=1)
        expected = [
            [path.curves_[name][e, i].sum() / 6 for i in range(len(lams))] for e in range(6)
        ]
        np.testing.assert_allclose(drawn, expected, rtol=1e-12)
        widths = [found.get_linewidth() for found in ax.lines]
        assert np.argmax(widths) == path.best_index_
        assert widths.count(max(widths)) == 1
    assert [ax.get_ylabel() for ax in axes] == ["training loss", "validation loss"]
    assert axes[0].get_ylim() == axes[1].get_ylim()


def test_colours_of_curves_grow_lighter_with_lambda_and_stay_legible():
    ax = figures.LossCurvesDisplay.from_path(a_path(MANY)).axes_[0]
    shades = np.array([colors.to_rgb(found.get_color()) for found in ax.lines])
    # Relative luminance and contrast as defined by WCAG 2.
    linear = np.where(shades <= 0.04045, shades / 12.92, ((shades + 0.055) / 1.055) ** 2.4)
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(luminance) > 0).all()
    assert (1.05 / (luminance + 0.05)).min() > 1.5


def test_the_legend_of_curves_names_lambdas_and_the_best():
    assert texts(figures.LossCurvesDisplay.from_path(a_path(FEW, best=1)).axes_[1]) == [
        "0",
        "0.1 (best)",
        "1",
        "3",
    ]
    axes = figures.LossCurvesDisplay.from_path(a_path(MANY, best=10)).axes_
    named = texts(axes[1])
    assert len(named) <= 13
    assert (named[0], named[-1]) == ("0", "1000")
    assert sum("(best)" in text for text in named) == 1
    for text, entry in zip(named, axes[1].get_legend().legend_handles, strict=True):
        (drawn,) = [found for found in axes[1].lines if found.get_label() == text]
        assert colors.same_color(drawn.get_color(), entry.get_color())
    arrange(axes[0].figure)
    legend = axes[1].get_legend().get_window_extent()
    assert axes[1].get_window_extent().x1 <= legend.x0
    assert legend.x1 <= axes[0].figure.bbox.x1


def test_a_diverged_lambda_ends_and_does_not_flatten_the_others():
    axes = figures.LossCurvesDisplay.from_path(a_path(FEW, lost=(3,), best=1)).axes_
    for ax in axes:
        assert np.isfinite(ax.lines[3].get_ydata()).tolist() == [True] * 3 + [False] * 3
        assert ax.get_ylim()[1] < 10


def test_new_axes_of_curves_share_a_scale_and_given_ones_keep_theirs():
    path = a_path(FEW, lost=(3,), best=1)
    path.curves_["validation_loss"] += 100.0
    low, high = figures.LossCurvesDisplay.from_path(path).axes_[0].get_ylim()
    assert low < 1 < 100 < high < 110
    _, axes = plt.subplots(1, 2)
    figures.LossCurvesDisplay.from_path(path, ax=axes)
    assert axes[0].get_ylim()[1] < 10 < axes[1].get_ylim()[0]
