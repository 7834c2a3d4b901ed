"""The figure of a history, by the contents of its axes."""

from __future__ import annotations

import numpy as np
import pytest
from figure_tools import a_history, arrange, boxes, line, overlap, paint, plt, texts
from figure_tools import clean as clean

from xl2 import History, InputError, Network, figures

pytestmark = pytest.mark.host


def test_lines_of_a_history_are_its_values_from_epoch_1():
    history = a_history()
    display = figures.HistoryDisplay.from_history(history)
    left, right = display.axes_
    for ax, names in ((left, ("loss", "validation_loss")), (right, ("score", "validation_score"))):
        for name, label in zip(names, ("training", "validation"), strict=True):
            assert list(line(ax, label).get_ydata()) == getattr(history, name)
            assert list(line(ax, label).get_xdata()) == [1, 2, 3, 4, 5]
        assert ax.get_xlabel() == "epoch"
    assert (left.get_ylabel(), right.get_ylabel()) == ("loss", "score")
    assert list(line(left, "penalty").get_ydata()) == history.penalty
    names = [label.get_text() for label in display.labels_]
    assert names == ["training", "validation", "penalty", "training", "validation"]
    drawn = [display.lines_[name][0] for name in ("loss", "validation_loss", "penalty")]
    assert len({found.get_linestyle() for found in drawn}) == 3
    assert [found.get_gid() for found in drawn] == ["loss-0", "validation_loss-0", "penalty-0"]


def test_a_missing_penalty_or_validation_is_not_drawn():
    history = a_history(penalty=0.0, validation=False)
    display = figures.HistoryDisplay.from_history(history)
    assert {*display.lines_} == {"loss", "score"}
    assert [label.get_text() for label in display.labels_] == ["training", "training"]


@pytest.mark.parametrize("layout", ["constrained", None])
@pytest.mark.parametrize("epochs", [1, 5, 40])
def test_names_are_right_of_all_lines_and_do_not_overlap(layout, epochs):
    figure, axes = plt.subplots(2, 1, figsize=(4.2, 6.4), layout=layout)
    display = a_history(epochs=epochs).plot(axes)
    arrange(figure)
    for ax, names in zip(axes, (display.labels_[:3], display.labels_[3:]), strict=True):
        found = boxes(names)
        assert not overlap(found)
        end = ax.transData.transform((epochs, ax.get_ylim()[0]))[0]
        frame = ax.get_window_extent()
        assert all(end < box.x0 < box.x1 <= frame.x1 for box in found)
        assert all(frame.y0 <= box.y0 < box.y1 <= frame.y1 for box in found)


def test_losses_that_span_a_decade_are_on_a_logarithmic_axis():
    history = a_history(epochs=3)
    history.loss = [2.0, 0.5, 0.1]
    assert history.plot().axes_[0].get_yscale() == "log"
    history.loss, history.validation_loss = [2.0, 0.5, 0.4], [2.0, 0.6, 0.5]
    assert history.plot().axes_[0].get_yscale() == "linear"
    history.loss = [2.0, 0.5, 0.0]
    assert history.plot().axes_[0].get_yscale() == "linear"


def test_a_small_penalty_does_not_flatten_the_losses():
    history = a_history(epochs=3)
    history.loss, history.validation_loss = [2.0, 0.5, 0.1], [2.0, 0.6, 0.2]
    history.penalty = [1e-6, 1e-6, 1e-6]
    low, high = history.plot().axes_[0].get_ylim()
    assert 0.05 < low < 0.1 < 2.0 < high


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
