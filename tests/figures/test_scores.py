"""The figure of a path, by the contents of its axes."""

from __future__ import annotations

import numpy as np
import pytest
from figure_tools import (
    CROWDED,
    FEW,
    MANY,
    NARROW,
    a_path,
    arrange,
    boxes,
    line,
    overlap,
    paint,
    plt,
)
from figure_tools import clean as clean
from hypothesis import given, settings
from hypothesis import strategies as st

from xl2 import figures

pytestmark = pytest.mark.host

NEARLY_EQUAL = [0.0, 1.0, 1.0001, 1e6]


@pytest.mark.parametrize("lams", [FEW, FEW[1:], MANY, CROWDED, NARROW, [0.0], [0.5]])
def test_lines_of_a_path_are_its_scores_at_its_lambdas(lams):
    path = a_path(lams)
    ax = figures.RegularizationPathDisplay.from_path(path).ax_
    for label, scores in (("training", path.train_means_), ("validation", path.validation_means_)):
        np.testing.assert_array_equal(line(ax, label).get_ydata(), scores)
        x = line(ax, label).get_xdata()
        np.testing.assert_array_equal(x[path.lambdas_ > 0], path.lambdas_[path.lambdas_ > 0])
        assert (np.diff(x) > 0).all()
        assert (x > 0).all()  # positions on a logarithmic axis
    left, right = ax.get_xlim()
    assert left < x[0] <= x[-1] < right


@pytest.mark.parametrize("lams", [FEW, MANY])
def test_zero_has_a_tick_left_of_a_break(lams):
    ax = figures.RegularizationPathDisplay.from_path(a_path(lams)).ax_
    x = line(ax, "training").get_xdata()
    ticks, labels = ax.get_xticks(), [label.get_text() for label in ax.get_xticklabels()]
    assert labels.count("0") == 1
    np.testing.assert_allclose(ticks[labels.index("0")], x[0], rtol=1e-12)
    assert x[1] / x[0] >= 10**0.5
    (mark,) = {float(line.get_xdata()[0]) for line in ax.lines if list(line.get_ydata()) == [0]}
    assert x[0] < mark < x[1]


def test_the_axis_has_no_break_without_a_lambda_of_zero():
    ax = figures.RegularizationPathDisplay.from_path(a_path(FEW[1:])).ax_
    assert not [line for line in ax.lines if list(line.get_ydata()) == [0]]


def test_each_of_few_lambdas_has_a_label():
    ax = figures.RegularizationPathDisplay.from_path(
        a_path([0.0, 0.001, 0.1, 1.0, 3.0, 1000.0])
    ).ax_
    labels = [label.get_text() for label in ax.get_xticklabels()]
    assert labels == ["0", "0.001", "0.1", "1", "3", "1000"]


@pytest.mark.parametrize(
    ("lams", "width"),
    [(MANY, 3.0), (CROWDED, 3.0), (NARROW, 6.4), (NEARLY_EQUAL, 6.4)],
)
def test_labels_of_lambdas_do_not_overlap_and_each_lambda_has_a_tick(lams, width):
    _, ax = plt.subplots(figsize=(width, 4), layout="constrained")
    figures.RegularizationPathDisplay.from_path(a_path(lams), ax=ax)
    arrange(ax.figure)
    found = boxes(ax.get_xticklabels())
    assert len(found) > 1
    assert not overlap(found)
    ticks = np.concatenate([ax.get_xticks(), ax.get_xticks(minor=True)])
    x = np.log10(line(ax, "training").get_xdata())
    for log in x:  # matplotlib draws one of two ticks on the same pixel
        assert np.abs(np.log10(ticks) - log).min() < 1e-3 * np.ptp(x)


def test_the_band_is_one_standard_error_around_the_validation():
    path = a_path(FEW)
    ax = figures.RegularizationPathDisplay.from_path(path).ax_
    band, bars = ax.collections
    low = path.validation_means_ - path.standard_errors_
    high = path.validation_means_ + path.standard_errors_
    x = line(ax, "training").get_xdata()
    corners = {tuple(corner) for corner in band.get_paths()[0].vertices}
    assert corners == {*zip(x, low, strict=True), *zip(x, high, strict=True)}
    expected = np.stack([np.stack([x, low], axis=1), np.stack([x, high], axis=1)], axis=1)
    np.testing.assert_array_equal(bars.get_segments(), expected)


def test_each_of_several_folds_has_a_faint_line():
    path = a_path(FEW, folds=4)
    ax = figures.RegularizationPathDisplay.from_path(path).ax_
    faint = [line for line in ax.lines if line.get_alpha() and line.get_alpha() < 0.5]
    drawn = np.stack([line.get_ydata() for line in faint], axis=1)
    np.testing.assert_array_equal(drawn, path.validation_scores_)


@pytest.mark.parametrize(
    ("score_name", "label", "times"), [("accuracy", "accuracy (%)", 100), ("r2", "R2", 1)]
)
def test_accuracy_is_in_percent_and_r2_is_not(score_name, label, times):
    ax = figures.RegularizationPathDisplay.from_path(a_path(FEW, score_name=score_name)).ax_
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("lambda (L2 penalty)", label)
    for tick, text in zip(ax.get_yticks(), ax.get_yticklabels(), strict=True):
        np.testing.assert_allclose(float(text.get_text()), times * tick)


def test_a_loss_is_drawn_without_its_sign_and_smaller_is_better():
    path = a_path(FEW, score_name="neg_log_loss")  # of positive scores: the axis is negative
    ax = figures.RegularizationPathDisplay.from_path(path).ax_
    assert ax.get_ylabel() == "log loss (smaller is better)"
    for label, scores in (("training", path.train_means_), ("validation", path.validation_means_)):
        np.testing.assert_array_equal(line(ax, label).get_ydata(), -scores)
    low = -path.validation_means_ - path.standard_errors_
    np.testing.assert_array_equal(ax.collections[1].get_segments()[2][0, 1], low[2])
    assert set(line(ax, "null model").get_ydata()) == {-path.null_score_}


def test_unknown_standard_errors_are_not_in_the_label():
    path = a_path(FEW, folds=1)
    path.standard_errors_ = np.full(4, np.nan)
    display = figures.RegularizationPathDisplay.from_path(path)
    assert display.labels_["validation"].get_text() == "validation"
    display = figures.RegularizationPathDisplay.from_path(a_path(FEW, folds=3))
    assert display.labels_["validation"].get_text() == "validation ± one SE\nthin: 3 folds"


def test_lines_mark_both_choices_and_end_at_their_names():
    display = figures.RegularizationPathDisplay.from_path(a_path(FEW, best=1, simple=2))
    paint(display.figure_)
    for name, text, x in (("best", "best: 0.1", 0.1), ("one-se", "one-SE: 1", 1.0)):
        label = display.labels_[name]
        assert label.get_text() == text
        marked = {"best": display.best_line_, "one-se": display.simple_line_}[name]
        assert list(marked.get_xdata()) == [x, x]
        box = label.get_window_extent()
        (left, top), _ = ends = marked.get_transform().transform(marked.get_xydata())[::-1]
        assert box.x0 <= left <= box.x1
        assert top <= box.y0 <= display.ax_.get_window_extent().y1
        assert ends[1][1] < top
    assert display.best_line_.get_linestyle() != display.simple_line_.get_linestyle()
    assert display.ax_.get_legend() is None


def test_equal_choices_have_one_line():
    display = figures.RegularizationPathDisplay.from_path(a_path(FEW, best=0, folds=1))
    assert display.labels_["best"].get_text() == "best and one-SE: 0"
    assert display.simple_line_ is None
    assert display.best_line_.get_xdata()[0] == line(display.ax_, "training").get_xdata()[0]
    alone = figures.RegularizationPathDisplay.from_path(a_path([0.5]))
    assert alone.labels_["best"].get_text() == "best: 0.5"


@pytest.mark.parametrize("score_name", ["accuracy", "neg_log_loss"])
def test_a_diverged_lambda_is_a_cross_where_scores_are_bad(score_name):
    path = a_path(FEW, lost=(1, 3), best=2, score_name=score_name)
    display = figures.RegularizationPathDisplay.from_path(path)
    assert set(display.edge_marks_) == {1, 3}
    for index, mark in display.edge_marks_.items():
        assert list(mark.get_xdata()) == [FEW[index]]
        assert mark.get_marker() == "x"
        assert (mark.get_ydata()[0] > 0.9) == (score_name == "neg_log_loss")
    assert [word.get_text() for word in display.words_] == ["diverged", "diverged"]
    assert np.isnan(display.validation_line_.get_ydata()).tolist() == [False, True, False, True]


def a_path_with_dead_lambdas(score_name="accuracy"):
    """Return a path of which two lambdas are like the null model and one is much worse."""
    path = a_path([0.0, 0.01, 0.1, 1.0, 10.0, 100.0, 1000.0], score_name=score_name, best=1)
    path.null_score_ = -2.3 if score_name == "neg_log_loss" else 0.1
    start = -1.0 if score_name == "neg_log_loss" else 0.0
    for scores in (path.train_scores_, path.validation_scores_):
        scores += start
        scores[4] = start + 0.5
        scores[5:] = path.null_score_
    path.train_means_ = path.train_scores_.mean(axis=1)
    path.validation_means_ = path.validation_scores_.mean(axis=1)
    path.standard_errors_ = path.validation_scores_.std(axis=1, ddof=1) / np.sqrt(3)
    path.one_class_[6] = True
    return path


@pytest.mark.parametrize("width", [6.4, 4.2])
@pytest.mark.parametrize("score_name", ["accuracy", "neg_log_loss"])
def test_lambdas_that_learn_nothing_are_arrows_and_do_not_stretch_the_axis(score_name, width):
    path = a_path_with_dead_lambdas(score_name)
    ax = plt.figure(figsize=(width, 4.6), layout="constrained").subplots()
    display = figures.RegularizationPathDisplay.from_path(path, ax=ax)
    paint(ax.figure)
    sign = -1.0 if score_name == "neg_log_loss" else 1.0
    low, high = ax.get_ylim()
    assert high - low < 0.25
    alive = sign * path.validation_means_[:4]
    assert low < alive.min() < alive.max() < high
    assert set(display.edge_marks_) == {4, 5, 6}
    marker = "^" if sign < 0 else "v"
    assert {mark.get_marker() for mark in display.edge_marks_.values()} == {marker}
    for k, point in enumerate(display.validation_points_):
        shown = display.edge_marks_.get(k, point)
        assert shown.get_gid() == f"validation-{k}"
        assert point.get_visible() == (k < 4)
    found = [word.get_text() for word in display.words_]
    assert found == [
        "0.5" if sign < 0 else "50.0",
        "no better than\nthe null model",
        "one class\nonly",
    ]
    inside = [
        sign * tick >= sign * alive[np.argmin(sign * alive)] - 0.05 for tick in ax.get_yticks()
    ]
    assert len(ax.get_yticks()) > 2
    assert all(inside)
    band = np.abs(np.diff(ax.transData.transform([(1, 0), (1, path.standard_errors_[1])])[:, 1]))
    assert band > 3  # pixels


def test_many_reasons_are_counted_where_there_is_no_room_for_each():
    lams = [10.0**k for k in range(-12, 13)]
    path = a_path(lams, lost=range(1, 25, 4), best=2)
    path.one_class_[3::4] = True
    ax = plt.figure(figsize=(3.3, 4.1), layout="constrained").subplots()
    display = figures.RegularizationPathDisplay.from_path(path, ax=ax)
    arrange(ax.figure)
    (words,) = display.words_
    assert words.get_text() == "6 diverged\n6 one class only"
    box, frame = words.get_window_extent(), ax.get_window_extent()
    assert frame.x0 <= box.x0 < box.x1 <= frame.x1
    assert len(display.edge_marks_) == 6


def test_without_dead_lambdas_all_scores_are_shown():
    path = a_path(FEW)
    path.validation_means_[3] -= 0.04
    display = figures.RegularizationPathDisplay.from_path(path)
    assert display.edge_marks_ == {}
    low, high = display.ax_.get_ylim()
    assert low < path.validation_means_.min() < path.train_means_.max() < high


def test_scores_beyond_the_names_have_no_ticks():
    path = a_path(FEW)
    path.train_means_[:] = 1.0
    ax = figures.RegularizationPathDisplay.from_path(path).ax_
    assert ax.get_ylim()[1] > 1.005
    assert max(ax.get_yticks()) <= 1.0 + 0.05 * (1.0 - path.validation_means_.min())


def test_the_null_model_is_a_level_line_if_it_is_among_the_curves():
    path = a_path(FEW)
    display = figures.RegularizationPathDisplay.from_path(path)
    assert set(display.null_line_.get_ydata()) == {path.null_score_}
    assert display.labels_["null"].get_text() == "null model"
    limits = display.ax_.get_ylim()
    for elsewhere in (np.nan, 0.5, 1.5):
        path.null_score_ = elsewhere
        display = figures.RegularizationPathDisplay.from_path(path)
        assert display.null_line_ is None
        assert display.ax_.get_ylim() == limits


def test_training_and_validation_differ_by_more_than_their_colour():
    display = figures.RegularizationPathDisplay.from_path(a_path(FEW))
    assert display.train_line_.get_linestyle() != display.validation_line_.get_linestyle()
    markers = [
        {point.get_marker() for point in points}
        for points in (display.train_points_, display.validation_points_)
    ]
    assert len(markers[0]) == len(markers[1]) == 1
    assert markers[0] != markers[1]


def test_a_page_finds_the_point_of_each_lambda():
    path = a_path(FEW)
    display = figures.RegularizationPathDisplay.from_path(path)
    for series, points, scores in (
        ("training", display.train_points_, path.train_means_),
        ("validation", display.validation_points_, path.validation_means_),
    ):
        assert [point.get_gid() for point in points] == [f"{series}-{i}" for i in range(4)]
        np.testing.assert_array_equal([point.get_ydata()[0] for point in points], scores)


@pytest.mark.parametrize(
    ("layout", "size"), [("constrained", (4.2, 4.6)), (None, (4.2, 4.6)), (None, (6.4, 4.8))]
)
@pytest.mark.parametrize("dead", [False, True])
def test_texts_of_a_path_overlap_neither_each_other_nor_the_frame(layout, size, dead):
    _, ax = plt.subplots(figsize=size, layout=layout)
    path = a_path_with_dead_lambdas() if dead else a_path(CROWDED, lost=(3, 6), best=7, simple=9)
    display = figures.RegularizationPathDisplay.from_path(path, ax=ax)
    arrange(ax.figure)
    found = boxes([*display.labels_.values(), *display.words_])
    assert len(found) >= 6
    assert not overlap(found)
    frame = ax.get_window_extent()
    for box in found:
        assert frame.x0 <= box.x0 < box.x1 <= frame.x1
        assert frame.y0 <= box.y0 < box.y1 <= frame.y1
    for name in ("training", "validation"):
        box = display.labels_[name].get_window_extent()
        for point in (*display.train_points_, *display.validation_points_):
            (pixel,) = ax.transData.transform(np.column_stack(point.get_data()))
            assert not box.contains(*pixel)


def test_curves_added_later_to_extended_axes_are_visible():
    _, ax = plt.subplots()
    figures.RegularizationPathDisplay.from_path(a_path(FEW), ax=ax)
    ax.plot([0.1, 1.0], [0.2, 1.4])
    low, high = ax.get_ylim()
    assert low < 0.2
    assert high > 1.4


@st.composite
def paths(draw):
    exponents = draw(st.lists(st.floats(-9, 9), max_size=30, unique=True))
    positive = sorted({10**exponent for exponent in exponents})
    lams = [0.0, *positive] if draw(st.booleans()) or not positive else positive
    count, folds = len(lams), draw(st.integers(1, 4))
    best = draw(st.integers(0, count - 1))
    simple = draw(st.integers(best, count - 1))
    only = draw(st.booleans())
    lost = [i for i in range(count) if i not in (best, simple) and (only or draw(st.booleans()))]
    score_name = draw(st.sampled_from(["accuracy", "r2"]))
    path = a_path(lams, folds=folds, lost=lost, best=best, simple=simple, score_name=score_name)
    if draw(st.booleans()):
        path.standard_errors_ = np.full(count, np.nan)
    return path


@settings(max_examples=8)
@given(paths())
def test_every_path_is_drawn_without_a_warning(path):
    _, ax = plt.subplots(layout="constrained" if path.n_folds_ % 2 else None)
    assert figures.RegularizationPathDisplay.from_path(path, ax=ax).ax_ is ax
    paint(ax.figure)
    found = boxes(ax.get_xticklabels())
    assert found
    assert not overlap(found)
    np.testing.assert_array_equal(line(ax, "training").get_ydata(), path.train_means_)
    plt.close(ax.figure)
