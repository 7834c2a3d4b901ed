"""The pictures of the page."""

from __future__ import annotations

import base64
import importlib
import io
import itertools
import warnings

import numpy as np
import pytest
from report_tools import Reader, clouds, run

from xl2.diagnosis.learning_curve import learning_curve
from xl2.report import pictures
from xl2.report.page import _matters

pytestmark = pytest.mark.host

matplotlib = pytest.importorskip("matplotlib", reason="the pictures are drawn by matplotlib")
pytest.importorskip("jinja2", reason="the page is a template of jinja2")

LOSSES = ("loss", "validation_loss")


def decode(address):
    kind, _, data = address.partition(";base64,")
    assert kind == "data:image/png"
    return importlib.import_module("matplotlib.image").imread(io.BytesIO(base64.b64decode(data)))


def test_pictures_are_png_for_wide_and_for_narrow_pages(nasty_page):
    found = Reader(nasty_page)
    narrow, wide = found.all("source"), found.all("img")
    assert len(narrow) == len(wide) == 4
    for element, name in [*((e, "srcset") for e in narrow), *((e, "src") for e in wide)]:
        image = decode(element.of[name])
        size = int(element.of["height"]), int(element.of["width"])
        np.testing.assert_allclose(image.shape[:2], np.multiply(size, 2), atol=2)
        assert image[..., :3].std() > 0.02
    assert all(int(element.of["width"]) <= 440 for element in narrow)
    assert len(nasty_page) < 500_000


def test_photographs_keep_their_colours(rng):
    images = rng.random((1, 80, 80, 3))
    drawn = decode(pictures.picture_images(images, [("a", "b")]).wide.data)
    assert len(np.unique(drawn[..., :3].reshape(-1, 3), axis=0)) > 256


def test_pictures_are_the_same_in_any_style(values):
    style = importlib.import_module("matplotlib.style")
    picture = pictures.picture_values(values.y[:, None], values.y[:, None])
    with style.context("dark_background"):
        before = dict(matplotlib.rcParams)
        assert pictures.picture_values(values.y[:, None], values.y[:, None]) == picture
        assert dict(matplotlib.rcParams) == before


def test_images_stand_in_rows_under_their_titles(sketches, rng):
    images = rng.random((7, 8, 8))
    pictures.picture_images(images, [("3", "5")] * 7)
    pictures.picture_images(images[:2], [("a cat", "a wolverine"), ("a", "b")])
    assert [len(figure.axes) for figure in sketches] == [7, 7, 2, 2]
    assert [figure.axes[0].get_gridspec().ncols for figure in sketches] == [6, 3, 2, 2]
    for figure in sketches[:2]:
        for ax, image in zip(figure.axes, images, strict=True):
            assert ax.get_title() == "3 → 5"
            shades = (image - images.min()) / (images.max() - images.min())
            np.testing.assert_allclose(ax.images[0].get_array(), shades)
    assert sketches[2].axes[1].get_title() == "a\n→ b"


@pytest.mark.parametrize(("features", "shape"), [(64, (8, 8)), (192, (8, 8, 3)), (65, None)])
def test_samples_are_images_if_they_are_squares(features, shape):
    found = pictures.as_images(np.zeros((3, features)))
    assert (found is None) if shape is None else found.shape == (3, *shape)


@pytest.mark.parametrize("features", [1, 4, 9, 25, 49, 12, 75])
def test_few_columns_are_not_an_image(features):
    assert pictures.as_images(np.zeros((3, features))) is None


@pytest.mark.parametrize("names", [["Iris setosa", "Iris versicolor", "Iris virginica"], "abc"])
def test_names_below_the_matrix_do_not_overlap(sketches, names):
    pictures.picture_confusion(np.eye(3, dtype=int), list(names))
    for figure in sketches:
        figure.draw_without_rendering()
        boxes = [label.get_window_extent() for label in figure.axes[0].get_xticklabels()]
        assert all(a.x1 < b.x0 for a, b in itertools.pairwise(boxes))


@pytest.mark.parametrize("name", ["cat", "Ünïcödé ±", "猫", "a\x07b", "$5", "$5 to $6", "\ud800"])
def test_can_draw_agrees_with_matplotlib(name):
    """Matplotlib warns of a missing glyph, and reads text between two dollars as a formula."""
    figure = importlib.import_module("matplotlib.figure").Figure()
    figure.text(0, 0, name)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            figure.savefig(io.BytesIO(), format="png")
        except (ValueError, TypeError, RuntimeError) as error:
            caught.append(error)
    formula = importlib.import_module("matplotlib.cbook").is_math_text(name)
    assert pictures.can_draw([name]) == (not caught and not formula)


def test_values_are_drawn_against_the_truth(sketches, rng):
    true, found = rng.normal(size=(2, 30, 8))
    pictures.picture_values(found, true)
    pictures.picture_values(found[:, :1], true[:, :1])
    assert [len(figure.axes) for figure in sketches] == [6, 6, 1, 1]
    for figure in sketches:
        for k, ax in enumerate(figure.axes):
            points = np.column_stack([true[:, k], found[:, k]])
            np.testing.assert_array_equal(ax.collections[0].get_offsets(), points)
            assert ax.lines[0].get_slope() == 1.0


def test_the_learning_curve_ends_at_twice_the_samples(advised, sketches):
    """The last point is the measured one and the gain of the table, from a fold's samples on."""
    curve = learning_curve(advised.path.evidence_, 0.9)
    pictures.picture_learning_curve(curve, "accuracy")
    more = next(a for a in advised.diagnosis.actions if a.key == "rows")
    assert curve.rows[-1] == 80  # 120 samples in three folds
    assert curve.predicted[0][[0, -1]].tolist() == [80.0, 240.0]
    assert curve.predicted[1][0] == pytest.approx(curve.scores[-1])
    score = advised.path.metrics_["accuracy"].mean(axis=(1, 2))[advised.path.best_index_]
    assert curve.scores[-1] == pytest.approx(score)
    assert curve.interval[1] - curve.interval[0] == pytest.approx(np.ptp(more.interval))
    assert curve.predicted[1][-1] - curve.interval[0] == pytest.approx(more.gain - more.interval[0])
    for figure in sketches:
        assert figure.axes[0].get_xlabel() == "training samples"


def test_what_matters_is_bars_and_curves_on_one_scale(sketches):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 4))
    y = np.where(X[:, 0] + 2.0 * X[:, 1] > 0, "yes", "\u732b")
    found = run(X, y, epochs=100, experiments=["importance"], budget=1000)
    matters = [one.column for one in found.diagnosis.importance.columns if one.matters]
    assert matters == [1, 0]
    pictured = _matters(found.diagnosis, found.model, found.X)
    assert pictured["drawn"] == ["column 2", "column 1"]
    assert [row[0] for row in pictured["table"].rows][:2] == ["column 2", "column 1"]
    bars, narrow_bars, curves, narrow_curves = sketches
    assert len(bars.axes[0].patches) == 4
    assert bars.axes[0].get_legend() is not None
    assert narrow_bars.axes[0].get_legend() is None
    assert len(narrow_bars.legends) == 1
    for figure in (curves, narrow_curves):
        assert [ax.get_xlabel() for ax in figure.axes] == ["column 2", "column 1"]
        assert len({ax.get_ylim() for ax in figure.axes}) == 1
        assert {ax.get_ylabel() for ax in figure.axes} == {"mean probability of class 2"}
    assert [figure.axes[0].get_gridspec().ncols for figure in (curves, narrow_curves)] == [2, 1]


def test_the_two_losses_are_drawn_on_one_scale(nasty, sketches):
    pictures.picture_curves(nasty.path)
    highest = max(nasty.path.curves_[kind].mean(axis=(2, 3)).max() for kind in LOSSES)
    for figure in sketches:
        left, right = (ax.get_ylim() for ax in figure.axes)
        assert left == right
        assert left[1] >= highest
    wide, narrow = sketches
    assert wide.axes[1].get_legend() is not None
    assert narrow.axes[1].get_legend() is None
    labels = [text.get_text() for text in narrow.legends[0].get_texts()]
    assert [float(label.split()[0]) for label in labels] == nasty.path.lambdas_.tolist()


def test_a_lambda_that_diverged_is_shown_as_such(sketches):
    X, numbers = clouds(2, 60)
    options = {"optimizer": "sgd", "learning_rate": 0.1, "batch_size": 16}
    path = run(X, numbers, [0.0, 1.0, 1e6], **options).path
    assert path.diverged_[2].all()
    pictures.picture_curves(path)
    lasting = path.curves_["loss"][:, :2].mean(axis=(2, 3))
    for figure in sketches:
        for ax in figure.axes:
            low, high = ax.get_ylim()
            assert low <= lasting.min() <= lasting.max() <= high < 10 * lasting.max()
