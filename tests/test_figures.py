"""The figures, by what the axes hold; how they look was looked at."""

from __future__ import annotations

import importlib
import io
import sys
from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xl2 import History, InputError, Network, figures
from xl2.model import Model

matplotlib = pytest.importorskip("matplotlib", reason="figures are drawn by matplotlib")
matplotlib.use("Agg")
plt = importlib.import_module("matplotlib.pyplot")
colors = importlib.import_module("matplotlib.colors")

FEW = [0.0, 0.1, 1.0, 3.0]
MANY = [0.0, *np.logspace(-4, 3, 22)]
CROWDED = [0.0, 0.01, 0.02, 0.03, 0.1, 0.11, 0.12, 1.0, 3.0, 10.0, 100.0, 1000.0]
NARROW = list(np.linspace(0.5, 2.0, 20))


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.fixture(autouse=True)
def unchanged(monkeypatch):
    """No function shows a figure or changes a setting."""

    def show(*args, **options):
        raise AssertionError("a function has called show")

    monkeypatch.setattr(plt, "show", show)
    before = dict(matplotlib.rcParams)
    yield
    assert dict(matplotlib.rcParams) == before


def a_path(lams, *, folds=3, epochs=6, lost=(), score_name="accuracy", best=0, simple=None):
    """Return a path with scores drawn at random, two seeds, and these indices diverged."""
    rng, count = np.random.default_rng(len(lams)), len(lams)
    validation = 0.9 + 0.05 * rng.random((count, folds))
    train = validation + 0.03
    validation[list(lost), 0] = train[list(lost), 0] = np.nan
    curves = {
        name: start * np.exp(-0.3 * np.arange(epochs))[:, None, None, None]
        + 0.2 * rng.random((epochs, count, folds, 2))
        for name, start in (("loss", 1.0), ("validation_loss", 1.1))
    }
    for values in curves.values():
        values[: epochs // 2, list(lost), 0] = 1e6
        values[epochs // 2 :, list(lost), 0] = np.nan
    errors = validation.std(axis=1, ddof=1) / np.sqrt(folds) if folds > 1 else np.full(count, 0.01)
    simple = best if simple is None else simple
    return SimpleNamespace(
        lambdas_=np.asarray(lams),
        train_scores_=train,
        validation_scores_=validation,
        train_means_=train.mean(axis=1),
        validation_means_=validation.mean(axis=1),
        standard_errors_=errors,
        best_lambda_=lams[best],
        lambda_1se_=lams[simple],
        best_index_=best,
        index_1se_=simple,
        curves_=curves,
        folds=folds,
        seeds=2,
        epochs=epochs,
        score_name=score_name,
    )


def texts(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def line(ax, label):
    (found,) = [line for line in ax.lines if line.get_label().startswith(label)]
    return found


def write(figure):
    """Draw everything as a PNG, in which a warning is an error; return it."""
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()


def arrange(figure):
    """Give everything its final place, without the pixels."""
    figure.draw_without_rendering()


def boxes(labels):
    return [label.get_window_extent() for label in labels if label.get_text()]


# ---------------------------------------------------------------- the path


@pytest.mark.parametrize("lams", [FEW, FEW[1:], MANY, CROWDED, NARROW, [0.0], [0.5]])
def test_lines_of_a_path_are_its_scores_at_its_lambdas(lams):
    path = a_path(lams)
    ax = figures.plot_path(path)
    for label, scores in (("training", path.train_means_), ("validation", path.validation_means_)):
        np.testing.assert_array_equal(line(ax, label).get_ydata(), scores)
        x = line(ax, label).get_xdata()
        np.testing.assert_array_equal(x[path.lambdas_ > 0], path.lambdas_[path.lambdas_ > 0])
        assert (np.diff(x) > 0).all()
        assert (x > 0).all()  # a place on a logarithmic axis, 0 left of all others
    left, right = ax.get_xlim()
    assert left < x[0] <= x[-1] < right


@pytest.mark.parametrize("lams", [FEW, MANY])
def test_zero_stands_apart_at_a_tick_of_its_own(lams):
    ax = figures.plot_path(a_path(lams))
    x = line(ax, "training").get_xdata()
    ticks, labels = ax.get_xticks(), [label.get_text() for label in ax.get_xticklabels()]
    assert labels.count("0") == 1
    np.testing.assert_allclose(ticks[labels.index("0")], x[0], rtol=1e-12)
    assert x[1] / x[0] >= 10**0.5
    (mark,) = {float(line.get_xdata()[0]) for line in ax.lines if list(line.get_ydata()) == [0]}
    assert x[0] < mark < x[1]


def test_no_axis_is_broken_where_no_lambda_is_zero():
    ax = figures.plot_path(a_path(FEW[1:]))
    assert not [line for line in ax.lines if list(line.get_ydata()) == [0]]


def test_few_lambdas_are_the_labels_of_the_axis():
    ax = figures.plot_path(a_path([0.0, 0.001, 0.1, 1.0, 3.0, 1000.0]))
    labels = [label.get_text() for label in ax.get_xticklabels()]
    assert labels == ["0", "0.001", "0.1", "1", "3", "1000"]


@pytest.mark.parametrize("lams", [FEW, MANY, CROWDED, NARROW, [0.0, 1.0, 1.0001, 1e6]])
@pytest.mark.parametrize("width", [3.0, 6.4])
def test_labels_of_lambdas_do_not_overlap_and_each_lambda_has_a_tick(lams, width):
    _, ax = plt.subplots(figsize=(width, 4), layout="constrained")
    figures.plot_path(a_path(lams), ax)
    arrange(ax.figure)
    found = boxes(ax.get_xticklabels())
    assert len(found) > 1
    assert not any(a.overlaps(b) for a, b in combinations(found, 2))
    ticks = np.concatenate([ax.get_xticks(), ax.get_xticks(minor=True)])
    x = np.log10(line(ax, "training").get_xdata())
    for place in x:  # of two ticks on the same pixel matplotlib draws one
        assert np.abs(np.log10(ticks) - place).min() < 1e-3 * np.ptp(x)


def test_the_band_is_one_standard_error_around_the_validation():
    path = a_path(FEW)
    ax = figures.plot_path(path)
    band, bars = ax.collections
    low = path.validation_means_ - path.standard_errors_
    high = path.validation_means_ + path.standard_errors_
    x = line(ax, "training").get_xdata()
    corners = {tuple(corner) for corner in band.get_paths()[0].vertices}
    assert corners == {*zip(x, low, strict=True), *zip(x, high, strict=True)}
    expected = np.stack([np.stack([x, low], axis=1), np.stack([x, high], axis=1)], axis=1)
    np.testing.assert_array_equal(bars.get_segments(), expected)


def test_unknown_standard_errors_are_not_announced():
    path = a_path(FEW, folds=1)
    path.standard_errors_ = np.full(4, np.nan)
    ax = figures.plot_path(path)
    assert texts(ax)[:2] == ["training", "validation"]


def test_single_folds_are_faint_lines_where_there_are_several():
    path = a_path(FEW, folds=4)
    ax = figures.plot_path(path)
    faint = [line for line in ax.lines if line.get_alpha() and line.get_alpha() < 0.5]
    drawn = np.stack([line.get_ydata() for line in faint], axis=1)
    np.testing.assert_array_equal(drawn, path.validation_scores_)
    assert "single folds" not in texts(figures.plot_path(a_path(FEW, folds=1)))


def test_the_legend_names_both_choices_and_lines_stand_there():
    ax = figures.plot_path(a_path(FEW, best=1, simple=2))
    expected = ["training", "validation ± one SE", "best: 0.1", "one-SE: 1", "single folds"]
    assert texts(ax) == expected
    assert list(line(ax, "best").get_xdata()) == [0.1, 0.1]
    assert list(line(ax, "one-SE").get_xdata()) == [1.0, 1.0]
    assert line(ax, "best").get_linestyle() != line(ax, "one-SE").get_linestyle()


def test_choices_that_coincide_are_one_entry():
    ax = figures.plot_path(a_path(FEW, best=0, folds=1))
    assert texts(ax) == ["training", "validation ± one SE", "best and one-SE: 0"]
    assert line(ax, "best").get_xdata()[0] == line(ax, "training").get_xdata()[0]


def test_what_diverged_is_a_cross_at_the_bottom():
    ax = figures.plot_path(a_path(FEW, lost=(1, 3), best=2))
    crosses = line(ax, "diverged")
    assert list(crosses.get_xdata()) == [0.1, 3.0]
    assert crosses.get_marker() == "x"
    bottom = ax.transAxes.inverted().transform(crosses.get_transform().transform([(0.1, 0.03)]))
    np.testing.assert_allclose(bottom[0, 1], 0.03)
    assert np.isnan(line(ax, "validation").get_ydata()).tolist() == [False, True, False, True]
    assert "diverged" in texts(ax)
    assert "diverged" not in texts(figures.plot_path(a_path(FEW)))


def test_accuracy_is_read_in_percent_and_r2_as_it_is():
    ax = figures.plot_path(a_path(FEW))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("lambda (L2 penalty)", "accuracy (%)")
    arrange(ax.figure)
    for tick, label in zip(ax.get_yticks(), ax.get_yticklabels(), strict=True):
        np.testing.assert_allclose(float(label.get_text()), 100 * tick)
    ax = figures.plot_path(a_path(FEW, score_name="R2"))
    assert ax.get_ylabel() == "R2"
    arrange(ax.figure)
    for tick, label in zip(ax.get_yticks(), ax.get_yticklabels(), strict=True):
        np.testing.assert_allclose(float(label.get_text()), tick)


def test_training_and_validation_differ_by_more_than_their_colour():
    ax = figures.plot_path(a_path(FEW))
    a, b = line(ax, "training"), line(ax, "validation")
    assert a.get_linestyle() != b.get_linestyle()
    assert a.get_marker() != b.get_marker()


@pytest.mark.parametrize("layout", ["constrained", None])
@pytest.mark.parametrize("size", [(6.4, 4.8), (3.5, 3.2)])
def test_the_legend_of_a_path_hides_no_data(layout, size):
    _, ax = plt.subplots(figsize=size, layout=layout)
    figures.plot_path(a_path(CROWDED, lost=(3, 6), best=7, simple=9), ax)
    arrange(ax.figure)
    legend = ax.get_legend().get_window_extent()
    for curve in [*ax.lines]:
        if len(curve.get_xdata()) == len(CROWDED) or curve.get_label() == "diverged":
            points = curve.get_transform().transform(curve.get_xydata())
            assert not any(legend.contains(*point) for point in points)
    if layout:
        assert not legend.overlaps(ax.get_window_extent())
        assert not legend.overlaps(ax.xaxis.label.get_window_extent())
        whole = ax.figure.bbox
        assert whole.x0 <= legend.x0 <= legend.x1 <= whole.x1
        assert whole.y0 <= legend.y0


def test_what_is_drawn_later_into_axes_made_longer_is_still_seen():
    _, ax = plt.subplots()
    figures.plot_path(a_path(FEW), ax)
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
    score_name = draw(st.sampled_from(["accuracy", "R2"]))
    path = a_path(lams, folds=folds, lost=lost, best=best, simple=simple, score_name=score_name)
    if draw(st.booleans()):
        path.standard_errors_ = np.full(count, np.nan)
    return path


@given(paths())
def test_every_path_is_drawn_and_written_without_a_warning(path):
    _, ax = plt.subplots(layout="constrained" if path.folds % 2 else None)
    assert figures.plot_path(path, ax) is ax
    assert write(ax.figure).startswith(b"\x89PNG")
    found = boxes(ax.get_xticklabels())
    assert found
    assert not any(a.overlaps(b) for a, b in combinations(found, 2))
    np.testing.assert_array_equal(line(ax, "training").get_ydata(), path.train_means_)
    plt.close(ax.figure)


# ------------------------------------------------------------- the history


def a_history(stack=(), epochs=5, penalty=0.1, validation=True, lost=()):
    rng, members = np.random.default_rng(1), int(np.prod(stack))

    def values(start, step):
        curves = start + step * np.arange(epochs)[:, None] + rng.random((epochs, members))
        curves[epochs // 2 :, list(lost)] = np.nan
        return [curve.reshape(stack) if stack else float(curve[0]) for curve in curves]

    history = History(values(2.0, -0.2), values(0.1, 0.1), values(0.0, 0.0))
    history.penalty = [penalty * value for value in history.penalty]
    if validation:
        history.validation_loss, history.validation_score = values(2.2, -0.2), values(0.0, 0.1)
    return history


def test_lines_of_a_history_are_its_values_from_epoch_1():
    history = a_history()
    left, right = figures.plot_history(history)
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


def test_neither_penalty_nor_validation_is_drawn_where_there_is_none():
    left, right = figures.plot_history(a_history(penalty=0.0, validation=False))
    assert texts(left) == texts(right) == ["training"]
    assert len(left.lines) == len(right.lines) == 1


def test_legends_inside_hide_nothing_and_make_no_room_for_a_negative_loss():
    for draw in (a_history().plot, lambda axes: figures.plot_curves(a_path(FEW), axes)):
        figure, axes = plt.subplots(1, 2, figsize=(8, 4))
        draw(axes)
        arrange(figure)
        for ax in axes:
            places = [found.get_transform().transform(found.get_xydata()) for found in ax.lines]
            if ax.get_legend():
                legend = ax.get_legend().get_window_extent()
                assert not any(legend.contains(*place) for place in np.concatenate(places))
        lowest = min(found.get_ydata().min() for found in axes[0].lines)
        highest = max(found.get_ydata().max() for found in axes[0].lines)
        assert axes[0].get_ylim()[0] > lowest - 0.1 * (highest - lowest)


@pytest.mark.parametrize("epochs", [1, 2, 7, 300])
def test_ticks_of_epochs_are_whole_numbers(epochs):
    axes = figures.plot_history(a_history(epochs=epochs))
    arrange(axes[0].figure)
    for ax in axes:
        shown = [tick for tick in ax.get_xticks() if ax.get_xlim()[0] <= tick <= ax.get_xlim()[1]]
        assert shown
        assert all(float(tick).is_integer() for tick in shown)
        # One point is seen only by its marker.
        assert epochs > 1 or line(ax, "training").get_marker() not in (None, "None", "")


@pytest.mark.parametrize(("stack", "names"), [((3,), "012"), ((2, 2), ["0, 0", "0, 1", "1, 0"])])
def test_a_few_members_have_a_line_and_a_colour_each(stack, names):
    history = a_history(stack)
    left, right = figures.plot_history(history)
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


def test_many_members_share_a_colour_a_kind():
    left, right = figures.plot_history(a_history((30,)))
    assert len(left.lines) == 90
    assert len({found.get_color() for found in left.lines}) == 3
    assert texts(left) == ["training", "validation", "penalty"]
    assert len({found.get_color() for found in right.lines}) == 2


@pytest.mark.parametrize("stack", [(3,), (30,)])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_diverged_member_neither_warns_nor_flattens_the_others(stack, bad):
    history = a_history(stack, lost=[1])
    for values in (history.loss, history.validation_loss):
        values[0][1] = values[1][1] = 1e30
        values[-1][1] = bad
    left, _ = figures.plot_history(history)
    write(left.figure)
    assert np.isfinite(left.get_ylim()).all()
    others = np.delete([*history.loss, *history.validation_loss, *history.penalty], 1, axis=1)
    low, high = left.get_ylim()
    assert low <= others.min() < others.max() <= high < 10


def test_a_stack_that_has_diverged_altogether_is_drawn():
    axes = figures.plot_history(a_history((3,), lost=[0, 1, 2]))
    assert write(axes[0].figure)


def test_the_history_of_a_fit_draws_itself():
    from xl2 import fit

    stack = Network([4, 3, 1], stack=2, backend="numpy")
    history = fit(stack, np.eye(4), [0, 1, 0, 1], epochs=3, penalty=[0.0, 0.1])
    _, given_axes = plt.subplots(1, 2)
    axes = history.plot(given_axes)
    assert list(axes) == list(given_axes)
    drawn = np.stack([found.get_ydata() for found in axes[1].lines], axis=1)
    np.testing.assert_array_equal(drawn, history.score)
    assert len(history.plot()) == 2


def test_a_history_without_an_epoch_is_refused():
    with pytest.raises(InputError, match="no epoch"):
        History().plot()
    assert plt.get_fignums() == []


# -------------------------------------------------------------- the curves


@pytest.mark.parametrize("lams", [FEW, MANY, [0.5]])
def test_curves_are_means_over_folds_and_seeds(lams):
    path = a_path(lams, best=len(lams) - 1)
    axes = figures.plot_curves(path)
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
    ax = figures.plot_curves(a_path(MANY))[0]
    shades = np.array([colors.to_rgb(found.get_color()) for found in ax.lines])
    # Relative luminance and contrast as in WCAG 2, which colour maps are uniform in, nearly.
    linear = np.where(shades <= 0.04045, shades / 12.92, ((shades + 0.055) / 1.055) ** 2.4)
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(luminance) > 0).all()
    assert (1.05 / (luminance + 0.05)).min() > 1.5


def test_the_legend_of_curves_names_lambdas_and_the_best():
    assert texts(figures.plot_curves(a_path(FEW, best=1))[1]) == ["0", "0.1 (best)", "1", "3"]
    axes = figures.plot_curves(a_path(MANY, best=10))
    assert len(texts(axes[1])) <= 13
    assert texts(axes[1])[0] == "0"
    assert texts(axes[1])[-1] == "1000"
    assert sum("(best)" in text for text in texts(axes[1])) == 1
    for text, entry in zip(texts(axes[1]), axes[1].get_legend().legend_handles, strict=True):
        (drawn,) = [found for found in axes[1].lines if found.get_label() == text]
        assert colors.same_color(drawn.get_color(), entry.get_color())
    arrange(axes[0].figure)
    legend = axes[1].get_legend().get_window_extent()
    assert not any(legend.overlaps(ax.get_window_extent()) for ax in axes)
    assert legend.x1 <= axes[0].figure.bbox.x1


def test_a_diverged_lambda_ends_and_does_not_flatten_the_others():
    path = a_path(FEW, lost=(3,), best=1)
    axes = figures.plot_curves(path)
    for ax in axes:
        assert np.isfinite(ax.lines[3].get_ydata()).tolist() == [True] * 3 + [False] * 3
        assert ax.get_ylim()[1] < 10
    write(axes[0].figure)


# ------------------------------------------------------------- the weights


def pictures(axes):
    return [ax.images[0] for ax in axes]


def test_weights_are_columns_of_the_first_layer_on_one_symmetric_scale(where, host):
    network = Network([12, 5, 2], "tanh", **where)
    axes = figures.plot_weights(network, (3, 4))
    weight = host(network.weights[0])
    assert axes.shape == (5,)
    largest = np.abs(weight).max()
    for k, image in enumerate(pictures(axes)):
        np.testing.assert_allclose(image.get_array(), weight[:, k].reshape(3, 4), rtol=1e-7)
        np.testing.assert_allclose(image.get_clim(), (-largest, largest), rtol=1e-7)
    assert [ax.get_title() for ax in axes] == ["0", "1", "2", "3", "4"]
    middle = np.array(pictures(axes)[0].cmap(0.5)[:3])
    assert middle.min() > 0.95  # 0 is white


def test_a_model_is_drawn_by_its_network():
    network = Network([9, 2, 1], backend="numpy")
    drawn = [pictures(figures.plot_weights(one)) for one in (network, Model(network))]
    for a, b in zip(*drawn, strict=True):
        np.testing.assert_array_equal(a.get_array(), b.get_array())


@pytest.mark.parametrize(
    ("inputs", "shape"), [(64, (8, 8)), (784, (28, 28)), (12, (2, 2, 3)), (12288, (64, 64, 3))]
)
def test_the_shape_of_square_images_is_guessed(inputs, shape):
    axes = figures.plot_weights(Network([inputs, 2, 1], backend="numpy"))
    assert pictures(axes)[0].get_array().shape == shape


def test_weights_of_colours_are_around_grey():
    network = Network([12, 1], backend="numpy", dtype="float64")
    weight = np.array([-2.0, 0.0, 1.0] * 4)[:, None]
    network.set_parameters([(weight, np.zeros(1))])
    (image,) = pictures(figures.plot_weights(network))
    np.testing.assert_allclose(image.get_array(), np.tile([0.0, 0.5, 0.75], (2, 2, 1)))


@pytest.mark.parametrize("inputs", [4, 12])
def test_weights_that_are_all_zero_are_drawn(inputs):
    axes = figures.plot_weights(Network([inputs, 2, 1], initializers="zeros", backend="numpy"))
    write(axes[0].figure)
    low, high = pictures(axes)[0].get_clim()
    assert low < high if inputs == 4 else (pictures(axes)[0].get_array() == 0.5).all()


def test_weights_beyond_the_limit_are_left_out_and_counted():
    network = Network([4, 40, 1], backend="numpy")
    axes = figures.plot_weights(network)
    assert len(axes) == 32
    assert axes[0].figure.get_supxlabel() == "the first 32 of 40 units"
    axes = figures.plot_weights(network, limit=5, columns=3)
    assert len(axes) == 5
    rows, columns, *_ = axes[0].get_subplotspec().get_geometry()
    assert (rows, columns) == (2, 3)
    assert len(axes[0].figure.axes) == 5 + 1  # and that of the colour bar


def test_weights_are_drawn_into_a_figure_or_a_part_of_one():
    network = Network([4, 3, 1], backend="numpy")
    figure = plt.figure(layout="constrained")
    above, below = figure.subfigures(2, 1)
    assert all(ax.figure is above for ax in figures.plot_weights(network, figure=above))
    figures.plot_path(a_path(FEW), below.subplots())
    write(figure)
    assert plt.get_fignums() == [figure.number]


def test_a_stack_is_refused():
    with pytest.raises(InputError, match=r"plot stack\.member\(k\)"):
        figures.plot_weights(Network([4, 3, 1], stack=2, backend="numpy"))


@pytest.mark.parametrize(("inputs", "named"), [(30, r"shape=\(5, 6\)"), (7, r"shape=\(1, 7\)")])
def test_inputs_that_are_no_square_are_asked_for_their_shape(inputs, named):
    with pytest.raises(InputError, match=f"{inputs} inputs are no square image.*{named}"):
        figures.plot_weights(Network([inputs, 2, 1], backend="numpy"))


@pytest.mark.parametrize("shape", [(3, 3), (12,), (2, 3, 2), (1, 2, 2, 3), (-3, -4)])
def test_a_shape_that_does_not_fit_is_refused(shape):
    with pytest.raises(InputError, match=r"12 inputs in all. Received: shape=\("):
        figures.plot_weights(Network([12, 2, 1], backend="numpy"), shape)


def test_a_limit_of_no_unit_is_refused():
    with pytest.raises(InputError, match=r"1 or more\. Received: limit=0"):
        figures.plot_weights(NETWORK, limit=0)


# ----------------------------------------------------------- the confusion


def test_cells_hold_the_counts_and_shade_by_the_share_of_the_row():
    matrix = np.array([[8, 2, 0], [1, 3, 0], [0, 0, 0]])
    ax = figures.plot_confusion(matrix, ["a", "b", "c"])
    found = {tuple(text.get_position()): text.get_text() for text in ax.texts}
    assert found == {(j, i): str(matrix[i, j]) for i in range(3) for j in range(3)}
    shares = [[0.8, 0.2, 0.0], [0.25, 0.75, 0.0], [0.0, 0.0, 0.0]]
    np.testing.assert_allclose(ax.images[0].get_array(), shares)
    assert ax.images[0].get_clim() == (0.0, 1.0)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["a", "b", "c"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b", "c"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted class", "true class")


@pytest.mark.parametrize("classes", [1, 2, 10, 20, 21, 100])
@pytest.mark.parametrize("label", ["{}", "a long name, {}"])
def test_texts_fit_their_cells_and_labels_do_not_overlap(classes, label):
    matrix = np.full((classes, classes), 12345)
    ax = figures.plot_confusion(matrix, [label.format(k) for k in range(classes)])
    arrange(ax.figure)
    assert len(ax.texts) == (classes**2 if classes <= 20 else 0)
    side = ax.get_window_extent().width / classes
    assert all(text.get_window_extent().width <= side for text in ax.texts)
    tall = boxes(ax.get_yticklabels())
    assert not any(a.overlaps(b) for a, b in combinations(tall, 2))
    wide = ax.get_xticklabels()
    if wide[0].get_rotation() in (0, 90):  # the boxes of slanting texts overlap, they do not
        assert not any(a.overlaps(b) for a, b in combinations(boxes(wide), 2))


def test_long_labels_lose_their_middle():
    ax = figures.plot_confusion(np.eye(2), ["a very long label 17", "short"])
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names[1] == "short"
    assert len(names[0]) == 12
    assert names[0].startswith("a very")
    assert names[0].endswith("17")


def test_counts_that_are_not_whole_keep_two_decimals():
    ax = figures.plot_confusion([[0.25, 0.75], [1.0, 0.0]], [0, 1])
    assert [text.get_text() for text in ax.texts] == ["0.25", "0.75", "1.00", "0.00"]


@pytest.mark.parametrize(
    ("matrix", "labels"), [(np.ones((2, 3)), "ab"), (np.eye(2), "abc"), (np.ones(4), "abcd")]
)
def test_a_matrix_that_is_not_square_or_not_labelled_is_refused(matrix, labels):
    with pytest.raises(InputError, match=f"Received: shape .* and {len(labels)} labels"):
        figures.plot_confusion(matrix, list(labels))


# -------------------------------------------------------------- the images


@pytest.mark.parametrize("colours", [(), (3,)])
@pytest.mark.parametrize(("low", "high"), [(0, 255), (-3.0, 4.5), (0.0, 1.0)])
def test_images_of_any_range_become_shades_from_0_to_1(rng, colours, low, high):
    shades = rng.random((5, 4, 6, *colours))
    shades[0, 0, 0], shades[-1, -1, -1] = 0.0, 1.0
    axes = figures.plot_images(low + shades * (high - low), "abcde", columns=3)
    for ax, expected in zip(axes, shades, strict=True):
        np.testing.assert_allclose(ax.images[0].get_array(), expected, atol=1e-12)
        assert ax.images[0].get_clim() == (0.0, 1.0)
    assert [ax.get_title() for ax in axes] == list("abcde")
    assert axes[0].get_subplotspec().get_geometry()[:2] == (2, 3)
    assert len(axes[0].figure.axes) == 5


@pytest.mark.parametrize("value", [0.0, 7.0, np.nan])
def test_images_of_one_value_are_drawn(value):
    axes = figures.plot_images(np.full((2, 3, 3), value), ["", ""])
    write(axes[0].figure)
    assert all((ax.images[0].get_array() == 0.0).all() for ax in axes)


def test_long_titles_are_shortened_line_by_line_and_stay_apart():
    title = "3 for 5\n" + "0123456789" * 3
    axes = figures.plot_images(np.ones((9, 4, 4)), [title] * 9)
    arrange(axes[0].figure)
    first, second = axes[0].get_title().split("\n")
    assert first == "3 for 5"
    assert len(second) == 13
    found = [ax.title.get_window_extent() for ax in axes]
    assert not any(a.overlaps(b) for a, b in combinations(found, 2))
    assert not any(title.overlaps(axes[0].get_window_extent()) for title in found)


@pytest.mark.parametrize("shape", [(4, 64), (0, 8, 8), (2, 8, 8, 2), (8,)])
def test_what_is_no_image_is_refused(shape):
    with pytest.raises(InputError, match=r"\(n, height, width\).*Received: shape \("):
        figures.plot_images(np.zeros(shape), [""] * shape[0])


def test_another_number_of_titles_than_images_is_refused():
    with pytest.raises(InputError, match=r"2 images have as many titles. Received: 3"):
        figures.plot_images(np.zeros((2, 3, 3)), "abc")


# ------------------------------------------------------------ all of them

NETWORK = Network([4, 2, 1], backend="numpy")
ONE = {
    "plot_path": lambda ax: figures.plot_path(a_path(FEW), ax),
    "plot_confusion": lambda ax: figures.plot_confusion(np.eye(2), "ab", ax),
}
TWO = {
    "plot_history": lambda axes: figures.plot_history(a_history(), axes),
    "plot_curves": lambda axes: figures.plot_curves(a_path(FEW), axes),
    "plot_weights": lambda axes: figures.plot_weights(NETWORK, axes=axes),
    "plot_images": lambda axes: figures.plot_images(np.ones((2, 3, 3)), "ab", axes),
}


def test_every_function_is_tested_here():
    assert {*ONE, *TWO} == {name for name in vars(figures) if name.startswith("plot_")}


@pytest.mark.parametrize("name", ONE)
def test_axes_that_are_given_are_drawn_into_and_returned(name):
    figure, ax = plt.subplots()
    assert ONE[name](ax) is ax
    assert plt.get_fignums() == [figure.number]
    assert ax.has_data()
    write(figure)


@pytest.mark.parametrize("name", TWO)
def test_pairs_of_axes_that_are_given_are_drawn_into_and_returned(name):
    figure, axes = plt.subplots(1, 2)
    assert list(TWO[name](axes)) == list(axes)
    assert list(TWO[name](tuple(axes))) == list(axes)
    assert plt.get_fignums() == [figure.number]
    assert len(figure.axes) == 2
    assert all(ax.has_data() for ax in axes)
    write(figure)


@pytest.mark.parametrize("name", [*ONE, *TWO])
def test_without_axes_there_is_a_new_figure(name):
    drawn = {**ONE, **TWO}[name](None)
    (number,) = plt.get_fignums()
    assert plt.figure(number) is np.ravel(drawn)[0].figure
    assert write(plt.figure(number)).startswith(b"\x89PNG")


@pytest.mark.parametrize("name", TWO)
def test_too_few_axes_are_refused(name):
    with pytest.raises(InputError, match="Received: 1"):
        TWO[name]([plt.subplots()[1]])


@pytest.mark.parametrize("name", [*ONE, *TWO])
def test_without_matplotlib_the_error_says_what_to_install(name, monkeypatch):
    for module in [*sys.modules]:
        if module.partition(".")[0] == "matplotlib":
            monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match=r'pip install "xl2\[plot\]"'):
        {**ONE, **TWO}[name](None)


def test_importing_the_figures_does_not_import_matplotlib(python):
    code = "import sys, xl2.figures, xl2.history; print('matplotlib' in sys.modules)"
    assert python(code) == "False"
