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
    texts,
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


def test_unknown_standard_errors_are_not_in_the_legend():
    path = a_path(FEW, folds=1)
    path.standard_errors_ = np.full(4, np.nan)
    ax = figures.RegularizationPathDisplay.from_path(path).ax_
    assert texts(ax)[:2] == ["training", "validation"]


def test_each_of_several_folds_has_a_faint_line():
    path = a_path(FEW, folds=4)
    ax = figures.RegularizationPathDisplay.from_path(path).ax_
    faint = [line for line in ax.lines if line.get_alpha() and line.get_alpha() < 0.5]
    drawn = np.stack([line.get_ydata() for line in faint], axis=1)
    np.testing.assert_array_equal(drawn, path.validation_scores_)


def test_the_legend_names_both_choices_and_lines_mark_them():
    ax = figures.RegularizationPathDisplay.from_path(a_path(FEW, best=1, simple=2)).ax_
    expected = ["training", "validation ± one SE", "best: 0.1", "one-SE: 1", "single folds"]
    assert texts(ax) == [*expected, "null model"]
    assert list(line(ax, "best").get_xdata()) == [0.1, 0.1]
    assert list(line(ax, "one-SE").get_xdata()) == [1.0, 1.0]
    assert line(ax, "best").get_linestyle() != line(ax, "one-SE").get_linestyle()


def test_equal_choices_are_one_entry_and_a_single_fold_has_none():
    ax = figures.RegularizationPathDisplay.from_path(a_path(FEW, best=0, folds=1)).ax_
    assert texts(ax) == ["training", "validation ± one SE", "best and one-SE: 0", "null model"]
    assert line(ax, "best").get_xdata()[0] == line(ax, "training").get_xdata()[0]


def test_a_diverged_lambda_is_a_cross_at_the_bottom():
    ax = figures.RegularizationPathDisplay.from_path(a_path(FEW, lost=(1, 3), best=2)).ax_
    crosses = line(ax, "diverged")
    assert list(crosses.get_xdata()) == [0.1, 3.0]
    assert crosses.get_marker() == "x"
    pixels = crosses.get_transform().transform(crosses.get_xydata())
    np.testing.assert_allclose(ax.transAxes.inverted().transform(pixels)[:, 1], 0.03)
    assert np.isnan(line(ax, "validation").get_ydata()).tolist() == [False, True, False, True]
    assert "diverged" in texts(ax)


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


def test_the_null_model_is_a_level_line_if_it_is_among_the_curves():
    path = a_path(FEW)
    ax = figures.RegularizationPathDisplay.from_path(path).ax_
    assert set(line(ax, "null model").get_ydata()) == {path.null_score_}
    limits = ax.get_ylim()
    for elsewhere in (np.nan, 0.5, 1.5):
        path.null_score_ = elsewhere
        ax = figures.RegularizationPathDisplay.from_path(path).ax_
        assert "null model" not in texts(ax)
        assert ax.get_ylim() == limits


def test_training_and_validation_differ_by_more_than_their_colour():
    ax = figures.RegularizationPathDisplay.from_path(a_path(FEW)).ax_
    a, b = line(ax, "training"), line(ax, "validation")
    assert a.get_linestyle() != b.get_linestyle()
    assert a.get_marker() != b.get_marker()


@pytest.mark.parametrize(
    ("layout", "size"), [("constrained", (3.5, 3.2)), (None, (3.5, 3.2)), (None, (6.4, 4.8))]
)
def test_the_legend_of_a_path_hides_no_data(layout, size):
    _, ax = plt.subplots(figsize=size, layout=layout)
    figures.RegularizationPathDisplay.from_path(
        a_path(CROWDED, lost=(3, 6), best=7, simple=9), ax=ax
    )
    arrange(ax.figure)
    legend = ax.get_legend().get_window_extent()
    for curve in ax.lines:
        if len(curve.get_xdata()) == len(CROWDED) or curve.get_label() == "diverged":
            points = curve.get_transform().transform(curve.get_xydata())
            assert not any(legend.contains(*point) for point in points)
    if layout:
        assert not legend.overlaps(ax.get_window_extent())
        assert not legend.overlaps(ax.xaxis.label.get_window_extent())
        whole = ax.figure.bbox
        assert whole.x0 <= legend.x0 <= legend.x1 <= whole.x1
        assert whole.y0 <= legend.y0


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
