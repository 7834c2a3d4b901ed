"""The pictures of the page."""

from __future__ import annotations

import base64
import importlib
import io
import re

import numpy as np
import pytest
from report_tools import Reader, clouds, run
from sklearn.datasets import load_digits

from xl2.diagnosis.learning_curve import learning_curve
from xl2.report import colours, photographs, pictures, svg, template
from xl2.report.page import _matters

pytestmark = pytest.mark.host

matplotlib = pytest.importorskip("matplotlib", reason="the pictures are drawn by matplotlib")
pytest.importorskip("jinja2", reason="the page is a template of jinja2")

LOSSES = ("loss", "validation_loss")


def test_pictures_are_svg_for_wide_and_for_narrow_pages(nasty_page):
    found = Reader(nasty_page)
    every = found.all("svg")
    for wide, narrow in zip(every[::2], every[1::2], strict=True):
        assert (wide.of["class"], narrow.of["class"]) == ("wide", "narrow")
        assert wide.of["aria-label"] == narrow.of["aria-label"]
        assert int(narrow.of["width"]) <= 320 < int(wide.of["width"]) <= 560
        for one in (wide, narrow):
            inside = [e for e in found.elements if one in e.inside]
            assert {"path", "text", "use"} <= {e.tag for e in inside}
            assert not [e for e in inside if e.tag in ("style", "metadata")]
    assert len(nasty_page) < 500_000


def test_colours_are_variables_with_a_value_for_light_and_for_dark(nasty_page):
    found = Reader(nasty_page)
    light, dark = re.findall(r":root \{ (--[^}]*) \}", found.all("style")[0].text)
    declared = [set(re.findall(r"(--[ct][0-9a-f]{6}):", text)) for text in (light, dark)]
    used = set()
    for element in found.elements:
        if any(one.tag == "svg" for one in element.inside):
            for name in ("fill", "stroke"):
                value = element.of.get(name, "none")
                assert value == "none" or re.fullmatch(r"var\(--(\w+)\)", value)
                used |= set(re.findall(r"--[ct][0-9a-f]{6}", value))
    assert declared == [used, used]


@pytest.mark.parametrize("colour", ["#d55e00", "#cc79a7", "#440154", "#b8b8b8", "#f0e442"])
def test_text_of_any_colour_can_be_read(colour):
    light, dark = colours.declared([colours.variable(colour, text=True)])
    for declared, on in ((light, colours.LIGHT), (dark, colours.DARK)):
        assert colours.contrast(re.search("#[0-9a-f]{6}", declared)[0], on) >= 4.5


def test_lines_stand_out_on_a_dark_page_as_on_a_light_one():
    for colour in ("#0072b2", "#440154", "#d55e00"):
        _, dark = colours.declared([colours.variable(colour)])
        assert colours.contrast(re.search("#[0-9a-f]{6}", dark)[0], colours.DARK) >= 4.5
    _, faint = colours.declared([colours.variable("#e0e0e0")])
    assert colours.contrast(re.search("#[0-9a-f]{6}", faint)[0], colours.DARK) < 2.0


def test_contrast_is_that_of_the_standard():
    """Of WCAG 2.2: black on white is 21, and #767676 the lightest grey with 4.5."""
    assert colours.contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert colours.contrast("#767676", "#ffffff") >= 4.5 > colours.contrast("#777777", "#ffffff")


def test_the_style_declares_the_card_that_colours_are_measured_on():
    style = template._source("style.css")
    light, dark = re.findall(r"--card: (#[0-9a-f]{6})", style)
    assert (light, dark) == (colours.LIGHT, colours.DARK)


def test_photographs_keep_their_colours(rng):
    images = rng.random((1, 80, 80, 3))
    (drawn,) = photographs.photographs(images, ["a cat"])
    address = drawn["data"].removeprefix("data:image/png;base64,")
    image = importlib.import_module("matplotlib.image").imread(
        io.BytesIO(base64.b64decode(address))
    )
    scaled = (images[0] - images.min()) / np.ptp(images)
    np.testing.assert_allclose(image, scaled, atol=1 / 255)


def test_pictures_are_the_same_in_any_style(values):
    style = importlib.import_module("matplotlib.style")
    y, rows = values.y[:, None], range(len(values.y))
    picture = pictures.picture_values(y, y, rows)
    with style.context("dark_background"):
        before = dict(matplotlib.rcParams)
        assert pictures.picture_values(y, y, rows) == picture
        assert dict(matplotlib.rcParams) == before


def test_many_points_are_an_image_in_the_picture(rng):
    few, many = (
        pictures.picture_values(y, y, range(len(y))).wide
        for y in (rng.normal(size=(n, 1)) for n in (900, 90_000))
    )
    assert "<image" not in few
    assert few.count("<use") > 900
    assert "<image" in many
    assert many.count("<use") < 100
    assert len(many) < 200_000


@pytest.mark.parametrize("columns", [64, 100, 300])
def test_a_table_with_as_many_columns_as_pixels_is_no_image(rng, columns):
    table = rng.normal(size=(20, columns)) * rng.lognormal(size=columns)
    table[3, 4] = np.nan
    assert photographs.as_images(table) is None
    assert photographs.as_images(table[:1]) is None


def test_digits_are_images_also_standardised_and_one_alone():
    X = load_digits().data
    for samples in (X, X[:1], (X - X.mean(axis=0)) / np.maximum(X.std(axis=0), 1e-9)):
        assert photographs.as_images(samples).shape == (len(samples), 8, 8)


@pytest.mark.parametrize(("features", "shape"), [(64, (8, 8)), (192, (8, 8, 3)), (65, None)])
def test_samples_are_images_if_they_are_squares(features, shape):
    found = photographs.as_images(np.zeros((3, features)))
    assert (found is None) if shape is None else found.shape == (3, *shape)


@pytest.mark.parametrize("features", [1, 4, 9, 25, 49, 12, 75])
def test_few_columns_are_not_an_image(features):
    assert photographs.as_images(np.zeros((3, features))) is None


@pytest.mark.parametrize("name", ["cat", "Ünïcödé ±", "猫", "a\x07b", "$5", "$5 to $6", "\ud800"])
def test_can_draw_what_xml_may_have_and_matplotlib_reads_as_text(name):
    """Matplotlib reads text between two dollars as a formula."""
    figure = importlib.import_module("matplotlib.figure").Figure()
    figure.text(0, 0, name)
    formula = importlib.import_module("matplotlib.cbook").is_math_text(name)
    try:
        drawn = "".join(svg.svg_of(figure, "a").itertext())
    except (ValueError, TypeError, RuntimeError, SyntaxError):
        drawn = None
    assert pictures.can_draw([name]) == (drawn == name and not formula)


def test_points_have_the_values_that_are_shown_at_them(advised):
    found, path = Reader(advised.page()), advised.path
    said = [tr.of["data-says"] for tr in found.all("tr") if "data-says" in tr.of]
    tips = {}
    for element in found.elements:
        if "data-tip" in element.of:
            tips.setdefault(element.of["data-part"], []).append(element.of["data-tip"])
    for k, text in enumerate(said):
        # In both layouts, on the curve and among the losses.
        assert tips[f"validation-{k}"][:2] == tips[f"training-{k}"][:2] == [text, text]
        ends = [path.curves_[kind][-1, k].mean() for kind in LOSSES]
        for name, end in zip(("training", "validation"), ends, strict=True):
            assert f"{end:.4g} after {path.n_epochs_}." in tips[f"{name}-{k}"][2]
    assert tips["gain-0"][0].startswith(
        str(advised.diagnosis.actions[0].what).capitalize().split()[0]
    )
    assert f"{100 * advised.diagnosis.test_score:.2f} %" in tips["test"][0]


def test_points_of_a_regression_have_the_values_of_their_rows():
    true, found = np.array([[1.0], [2.0], [3.0], [4.0]]), np.array([[1.5], [np.inf], [2.5], [4.0]])
    with np.errstate(invalid="ignore"):
        page = str(pictures.picture_values(found, true, [4, 7, 0, 9]).wide)
    assert re.findall('data-tip="([^"]*)"', page) == [
        "Row 5: true 1, predicted 1.5.",
        "Row 1: true 3, predicted 2.5.",
        "Row 10: true 4, predicted 4.",
    ]


def test_values_to_show_are_in_the_order_of_the_picture(advised):
    found = Reader(advised.page())
    parts = [e for e in found.elements if "data-at" in e.of and found.pictures()[0] in e.inside]
    parts.sort(key=lambda part: int(part.of["data-at"]))
    words = [part.of["data-tip"].split()[0].strip(":,") for part in parts]
    assert words == ["Target", "Bias", "Training", "Gap", "Test", "95"]


def test_a_lambda_without_a_score_has_no_value_to_show(sketches):
    X, numbers = clouds(2, 60)
    options = {"optimizer": "sgd", "learning_rate": 0.1, "batch_size": 16}
    path = run(X, numbers, [0.0, 1.0, 1e6], **options).path
    given = {}
    original, pictures._drawn = pictures._drawn, lambda *all: given.update(tips=all[-1])
    try:
        pictures.picture_path(path, dict.fromkeys(range(3), "said"))
    finally:
        pictures._drawn = original
    assert [*given["tips"]["validation"]] == [0, 1]


def test_values_are_drawn_against_the_truth(sketches, rng):
    true, found = rng.normal(size=(2, 30, 8))
    pictures.picture_values(found, true, range(len(true)))
    pictures.picture_values(found[:, :1], true[:, :1], range(len(true)))
    assert [len(figure.axes) for figure in sketches] == [6, 6, 1, 1]
    for figure in sketches:
        for k, ax in enumerate(figure.axes):
            points = np.column_stack([true[:, k], found[:, k]])
            np.testing.assert_array_equal(ax.lines[0].get_xydata(), points)
            assert ax.lines[1].get_slope() == 1.0


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
    assert [row[0] for row in pictured["table"].rows][:2] == ["column 2", "column 1"]
    bars, narrow_bars, curves, narrow_curves = sketches
    assert len(bars.axes[0].patches) == 4
    for figure in (bars, narrow_bars):  # beside long names the axes are narrow
        assert figure.axes[0].get_legend() is None
        assert len(figure.legends) == 1
    for figure in (curves, narrow_curves):
        assert [ax.get_xlabel() for ax in figure.axes] == ["column 2", "column 1"]
        assert len({ax.get_ylim() for ax in figure.axes}) == 1
        assert {ax.get_ylabel() for ax in figure.axes} == {"mean probability of \u732b"}
    assert [figure.axes[0].get_gridspec().ncols for figure in (curves, narrow_curves)] == [1, 1]


def test_the_two_losses_are_drawn_on_one_scale(nasty, sketches):
    pictures.picture_curves(nasty.path)
    highest = max(nasty.path.curves_[kind].mean(axis=(2, 3)).max() for kind in LOSSES)
    for figure in sketches:
        left, right = (ax.get_ylim() for ax in figure.axes)
        assert left == right
        assert left[1] >= highest
        labels = [text.get_text() for text in figure.axes[1].texts]
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
