"""The report, as a parser and as a browser read it."""

from __future__ import annotations

import base64
import importlib
import importlib.metadata
import io
import itertools
import re
import socket
import sys
import warnings
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import browser
import numpy as np
import pytest
from sklearn.datasets import load_digits

import xl2
from xl2 import InputError
from xl2.array.backend import Backend
from xl2.data import split
from xl2.report import mistakes, pictures
from xl2.report.page import report_html, run_facts, write_report

pytestmark = pytest.mark.host

matplotlib = pytest.importorskip("matplotlib", reason="the pictures are drawn by matplotlib")
pytest.importorskip("jinja2", reason="the page is a template of jinja2")

SCRIPT = "<script>alert(1)</script>"
NASTY = [SCRIPT, "\"\U0001f431\" & '猫'", "Donau" + "dampfschifffahrts" * 12, "$\\frac{a}$ $b"]
SECTIONS = ["Verdict", "Score against lambda", "Lambdas tried", "Learning curves"]
OF_CLASSES = [*SECTIONS, "Confusion of classes", "Worst-classified samples", "What was run"]
OF_VALUES = [*SECTIONS, "Predicted against true values", "Largest errors", "What was run"]
FACTS = {"command": "xl2 path cats.csv", "seed": "0"}
LOSSES = ("loss", "validation_loss")


# What was trained.


class Run(SimpleNamespace):
    """A path with its diagnosis, its model and the test samples."""

    def page(self, **changed):
        return report_html(*self.arguments, **{"title": "Cats", "facts": FACTS} | changed)

    @property
    def arguments(self):
        return self.path, self.diagnosis, self.model, self.X, self.y


def run(X, y, lambdas=(0.0, 1.0), **options):
    X, held, y, known = split(X, y, fraction=0.4, seed=0, stratify=False)
    settings = {"hidden": (6,), "epochs": 5, "cv": 3, "learning_rate": 0.02, "progress": False}
    path = xl2.regularization_path(X, y, lambdas, backend="numpy", **settings | options)
    diagnosis = xl2.diagnose(path, X, y, held, known)
    return Run(path=path, diagnosis=diagnosis, model=path.best_model(), X=held, y=known)


def clouds(classes, rows, features=5, apart=1.5):
    """Return samples around a centre for each class, and the numbers of the classes."""
    rng, numbers = np.random.default_rng(classes), np.arange(rows) % classes
    centres = apart * rng.normal(size=(classes, features))
    return centres[numbers] + rng.normal(size=(rows, features)), numbers


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return run(X[:300], y[:300], epochs=3)


@pytest.fixture(scope="module")
def nasty():
    """Labels that are text, and hard to write, on samples that are no images."""
    X, numbers = clouds(4, 120, apart=0.4)
    return run(X, np.array(NASTY)[numbers])


@pytest.fixture(scope="module")
def nasty_page(nasty):
    facts = {"file": f"{SCRIPT}.csv", "long": "W" * 300, **FACTS}
    return nasty.page(title=f"{SCRIPT} \U0001f431 {'W' * 200}", facts=facts)


@pytest.fixture(scope="module")
def values():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 4))
    return run(X, X @ [3.0, -2.0, 1.0, 0.0] + rng.normal(size=120), standardize=True)


@pytest.fixture
def undrawn(monkeypatch):
    """Pictures are not what the test is about: each is the same dot."""
    dot = pictures.Drawing("data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=", 1, 1)
    monkeypatch.setattr(pictures, "_drawn", lambda draw, size, narrow: dot)


@pytest.fixture
def digits_page(digits, undrawn):
    return digits.page()


@pytest.fixture
def sketches(monkeypatch):
    """Return the figures that are drawn, and leave them there."""
    figures, figure = [], importlib.import_module("matplotlib.figure")

    def sketch(draw, size, narrow):
        figures.append(figure.Figure(size, layout="constrained"))
        draw(figures[-1], narrow)

    monkeypatch.setattr(pictures, "_drawn", sketch)
    return figures


# What is in the page.

EMPTY = {"meta", "img", "source"}


class Reader(HTMLParser):
    """The elements of a page in order: each closed, and with its text."""

    def __init__(self, page):
        super().__init__()
        self.open, self.elements = [], []
        self.feed(page)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag, attributes):
        element = SimpleNamespace(tag=tag, of=dict(attributes), text="", inside=list(self.open))
        self.elements.append(element)
        if tag not in EMPTY:
            self.open.append(element)

    def handle_endtag(self, tag):
        assert self.open.pop().tag == tag, f"</{tag}> closes something else"

    def handle_data(self, data):
        for element in self.open:
            element.text += data

    def all(self, *tags):
        return [element for element in self.elements if element.tag in tags]

    def texts(self, *tags):
        return [plain(element.text) for element in self.all(*tags)]

    def table(self, heading):
        """Return the rows of the last table under a heading."""
        headings = [k for k, e in enumerate(self.elements) if e.tag == "h2"]
        first = next(k for k in headings if self.elements[k].text == heading)
        end = next((k for k in headings if k > first), len(self.elements))
        rows = []
        for element in self.elements[first:end]:
            if element.tag == "table":
                rows = []
            if element.tag == "tr":
                rows.append([])
            if element.tag in ("th", "td"):
                rows[-1].append(plain(element.text))
        return rows


def plain(text):
    return " ".join(text.split())


def without_pictures(page):
    return re.sub(r"base64,[A-Za-z0-9+/=]*", "", page)


def test_sections_come_in_order_and_the_verdict_first(digits_page, values, undrawn):
    assert Reader(digits_page).texts("h1", "h2") == ["Cats", *OF_CLASSES]
    assert Reader(values.page()).texts("h2") == OF_VALUES


def test_the_document_says_what_it_is(digits_page):
    assert digits_page.startswith('<!DOCTYPE html>\n<html lang="en">')
    found = Reader(digits_page)
    metas = [element.of for element in found.all("meta")]
    assert {"charset": "utf-8"} in metas
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in metas
    assert found.texts("title") == ["Cats"]


def test_nothing_is_loaded_and_nothing_runs(digits_page, nasty_page):
    for page in (digits_page, nasty_page):
        found = Reader(page)
        assert not found.all("script", "link", "iframe", "object", "embed", "form", "base", "a")
        for element in found.elements:
            assert not [name for name in element.of if name.startswith("on")]
            for name in ("src", "srcset", "href"):
                assert element.of.get(name, "data:").startswith("data:")
        style = "".join(found.texts("style"))
        assert "url(" not in style
        assert "@import" not in style
        assert "//" not in without_pictures(page)
        policy = next(m.of["content"] for m in found.all("meta") if "http-equiv" in m.of)
        assert policy.startswith("default-src 'none'; img-src data:; style-src 'unsafe-inline'")


def test_tables_have_heads_and_pictures_a_text_instead(digits_page):
    found = Reader(digits_page)
    assert len(found.all("table")) == 5
    for cell in found.all("th"):
        in_the_head = "thead" in [element.tag for element in cell.inside]
        assert cell.of["scope"] == ("col" if in_the_head else "row")
    assert len(found.all("img")) == 4
    assert all(len(image.of["alt"]) > 20 for image in found.all("img"))
    labels = {s.of["aria-labelledby"] for s in found.all("section")}
    assert labels == {h.of["id"] for h in found.all("h2")}


def test_the_verdict_has_the_words_and_the_numbers_of_the_diagnosis(nasty, nasty_page):
    found, d = Reader(nasty_page), nasty.diagnosis
    said = plain(next(s for s in found.all("section") if s.of["class"] == "verdict").text)
    headline, *_, comparison = (plain(part) for part in str(d).split("\n\n"))
    assert said.startswith(f"Verdict {headline}")
    assert comparison.removeprefix("Beside it the best positive lambda. ") in said
    for sentence in (*d.advice, *d.cautions):
        assert sentence in said
    assert f"{100 * d.halving_bias:.2f} % at best" in said
    low, high = (100 * limit for limit in d.test_interval)
    rows = found.table("Verdict")
    assert rows[0] == ["", "accuracy", "95 % interval"]
    assert rows[2] == ["test", f"{100 * d.test_score:.2f} %", f"{low:.2f} to {high:.2f} %"]
    assert [row[0] for row in rows] == ["", "training", "test", "bias", "gap"]
    assert f"{len(nasty.y)} test samples" in said


def test_cautions_are_notes(nasty, undrawn):
    same = xl2.diagnose(nasty.path, nasty.X, nasty.y, nasty.X, nasty.y)
    assert same.cautions
    page = report_html(nasty.path, same, *nasty.arguments[2:], title="", facts={})
    assert [p.text for p in Reader(page).all("p") if p.of.get("class") == "note"] == [
        f"Note: {caution}" for caution in same.cautions
    ]


def test_lambdas_are_listed_and_the_best_is_marked(nasty, nasty_page):
    path = nasty.path
    rows = Reader(nasty_page).table("Lambdas tried")
    assert len(rows) == 3
    for row, lam, mean in zip(rows[1:], path.lambdas_, path.validation_means_, strict=True):
        assert (row[0], row[2]) == (f"{lam:g}", f"{100 * mean:.2f}")
    chosen = [tr for tr in Reader(nasty_page).all("tr") if tr.of.get("class") == "chosen"]
    assert [plain(tr.text).split()[0] for tr in chosen] == [f"{path.best_lambda_:g}"]


def test_facts_come_last_and_in_their_order(nasty_page):
    assert Reader(nasty_page).table("What was run") == [
        ["file", f"{SCRIPT}.csv"],
        ["long", "W" * 300],
        ["command", "xl2 path cats.csv"],
        ["seed", "0"],
    ]


# What the model gets wrong.


def expected_mistakes(run):
    """Return row, true, predicted and probability of each mistake, the surest first."""
    classes, found = list(run.model.classes), []
    for row, (outputs, label) in enumerate(zip(run.model.forward(run.X), run.y, strict=True)):
        k = max(range(len(classes)), key=lambda k: outputs[k])
        if classes[k] != label:
            found.append((-outputs[k], row, str(label), str(classes[k])))
    return [(str(row), true, wrong, f"{-100 * p:.2f} %") for p, row, true, wrong in sorted(found)]


def test_the_surest_mistakes_come_first(nasty, nasty_page):
    expected = expected_mistakes(nasty)
    assert len(expected) > 20
    rows = Reader(nasty_page).table("Worst-classified samples")
    assert [tuple(row) for row in rows[1:]] == [tuple(map(plain, row)) for row in expected[:20]]
    assert f"{len(expected)} of the {len(nasty.y)} test samples wrong" in plain(nasty_page)


def test_images_are_those_of_the_table(digits, digits_page, monkeypatch, undrawn):
    expected = expected_mistakes(digits)
    assert len(expected) > 24
    rows = Reader(digits_page).table("Worst-classified samples")
    assert [tuple(row) for row in rows[1:]] == expected[:24]
    drawn = {}
    monkeypatch.setattr("xl2.report.page.picture_images", lambda *given: drawn.update(given=given))
    digits.page()
    images, pairs = drawn["given"]
    assert pairs == [row[1:3] for row in expected[:24]]
    numbers = [int(row[0]) for row in expected[:24]]
    np.testing.assert_array_equal(images.reshape(24, 64), digits.X[numbers])


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
def test_samples_are_images_if_they_can_be_squares(features, shape):
    found = pictures.as_images(np.zeros((3, features)))
    assert (found is None) if shape is None else found.shape == (3, *shape)


@pytest.mark.parametrize("features", [1, 4, 9, 25, 49, 12, 75])
def test_a_table_of_few_columns_is_no_image(features):
    assert pictures.as_images(np.zeros((3, features))) is None


def test_the_confusion_matrix_counts_the_test_samples(digits, monkeypatch, undrawn):
    drawn = {}
    monkeypatch.setattr(
        "xl2.report.page.picture_confusion", lambda *given: drawn.update(given=given)
    )
    page = digits.page()
    counts = Counter(zip(digits.y.tolist(), digits.model.predict(digits.X).tolist(), strict=True))
    matrix, names = drawn["given"]
    assert names == [str(k) for k in range(10)]
    assert {(i, j): n for (i, j), n in np.ndenumerate(matrix) if n} == counts
    wrong = sorted(((-n, i, j) for (i, j), n in counts.items() if i != j))
    of = Counter(digits.y.tolist())
    rows = Reader(page).table("Confusion of classes")
    assert rows[1:] == [
        [str(i), str(j), str(-n), f"{-100 * n / of[i]:.1f} %"] for n, i, j in wrong[:5]
    ]


@pytest.mark.parametrize("names", [["Iris setosa", "Iris versicolor", "Iris virginica"], "abc"])
def test_names_below_the_matrix_do_not_overlap(sketches, names):
    pictures.picture_confusion(np.eye(3, dtype=int), list(names))
    for figure in sketches:
        figure.draw_without_rendering()
        boxes = [label.get_window_extent() for label in figure.axes[0].get_xticklabels()]
        assert all(a.x1 < b.x0 for a, b in itertools.pairwise(boxes))


def test_more_than_twenty_classes_are_listed_by_pairs(undrawn):
    X, numbers = clouds(21, 630)
    many = run(X, np.array([f"class {chr(97 + k)}" for k in range(21)])[numbers])
    found = Reader(many.page())
    assert [image.inside[-2].inside[-1].of["aria-labelledby"] for image in found.all("img")] == [
        "scores",
        "curves",
    ]
    pairs = Counter(
        (true, said)
        for true, said in zip(many.y.tolist(), many.model.predict(many.X).tolist(), strict=True)
        if true != said
    )
    rows = found.table("Confusion of classes")[1:]
    assert len(rows) == 20
    assert [row[2] for row in rows] == [str(n) for _, n in pairs.most_common(20)]
    assert all(pairs[row[0], row[1]] == int(row[2]) for row in rows)


def test_a_perfect_model_gets_nothing_wrong(undrawn):
    X, numbers = clouds(2, 80, apart=20.0)
    perfect = run(X, np.array(["cat", "dog"])[numbers], epochs=30)
    assert perfect.model.score(perfect.X, perfect.y) == 1.0
    page = perfect.page()
    assert "Nothing is wrong: the model classifies all of the 32 test samples" in page
    assert "No class is taken for another." in page
    assert Reader(page).texts("h2") == OF_CLASSES


def test_names_without_glyphs_go_by_their_numbers(nasty, monkeypatch, undrawn):
    drawn = {}
    monkeypatch.setattr(
        "xl2.report.page.picture_confusion", lambda *given: drawn.update(given=given)
    )
    found = Reader(nasty.page())
    assert drawn["given"][1] == ["0", "1", "2", "3"]
    assert found.texts("li") == [plain(name) for name in sorted(NASTY)]
    assert not Reader(run(*clouds(3, 60)).page()).all("li")


@pytest.mark.parametrize("name", ["cat", "Ünïcödé ±", "猫", "a\x07b", "$5", "$5 to $6", "\ud800"])
def test_what_can_be_drawn_is_drawn_as_it_is(name):
    """Matplotlib warns of a glyph that is missing, and takes what two dollars enclose away."""
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


def fake(task, classes=None):
    return SimpleNamespace(network=SimpleNamespace(task=task), classes=classes)


def test_the_probability_of_one_of_two_classes():
    outputs = np.array([[0.9], [0.2], [0.7]])
    found = mistakes.classify(fake("binary", ("cat", "dog")), outputs, np.array(["dog"] * 3))
    assert found.names == ["cat", "dog"]
    np.testing.assert_array_equal(found.found, [1, 0, 1])
    np.testing.assert_allclose(found.probability, [0.9, 0.8, 0.7])
    np.testing.assert_array_equal(found.wrong, [1])


def test_several_labels_are_one_class():
    outputs = np.array([[0.9, 0.2, 0.6], [0.3, 0.2, 0.1]])
    found = mistakes.classify(fake("multilabel"), outputs, np.array([[1, 0, 0], [0, 0, 0]]))
    assert [found.names[k] for k in found.true] == ["1 0 0", "0 0 0"]
    assert [found.names[k] for k in found.found] == ["1 0 1", "0 0 0"]
    for row, probability in zip(outputs, found.probability, strict=True):
        each = [np.prod(np.where(k, row, 1 - row)) for k in itertools.product([0, 1], repeat=3)]
        assert sum(each) == pytest.approx(1.0)
        assert probability == pytest.approx(max(each))


def test_labels_may_be_rows_or_strange():
    outputs = np.eye(3)[[0, 1, 2]]
    rows = mistakes.classify(fake("classes"), outputs, np.eye(3)[[0, 2, 2]])
    np.testing.assert_array_equal(rows.true, [0, 2, 2])
    column = mistakes.classify(fake("classes"), outputs, np.array([[0], [1], [7]]))
    assert column.names == ["0", "1", "2", "7"]
    np.testing.assert_array_equal(column.matrix.sum(axis=1), [1, 1, 0, 1])
    np.testing.assert_array_equal(column.wrong, [2])


# Regressions.


def test_the_largest_errors_of_a_regression(values, undrawn):
    predicted = values.model.predict(values.X)
    ranked = sorted(range(len(values.y)), key=lambda k: -abs(predicted[k] - values.y[k]))
    rows = Reader(values.page()).table("Largest errors")
    assert rows[0] == ["row", "true", "predicted", "error"]
    assert [int(row[0]) for row in rows[1:]] == ranked[:20]
    for row in rows[1:]:
        k = int(row[0])
        expected = [values.y[k], predicted[k], predicted[k] - values.y[k]]
        np.testing.assert_allclose([float(cell) for cell in row[1:]], expected, atol=6e-4)


def test_errors_of_several_outputs_are_ranked_by_their_spread():
    """The spreads are 0.816 and 1633: errors of 1.5 and 1000 are 1.84 and 0.61 of them."""
    true = np.array([[0.0, 1000.0], [1.0, 3000.0], [2.0, 5000.0]])
    errors = np.array([[0.0, 1000.0], [1.5, 0.0], [0.0, 100.0]])
    found = mistakes.largest_errors(true + errors, true)
    assert found.head == ("row", "output", "true", "predicted", "error")
    assert found.rows == [
        ("1", "0", "1.0000", "2.5000", "1.5000"),
        ("0", "1", "1000", "2000", "1000"),
        ("2", "1", "5000", "5100", "100"),
    ]


@pytest.mark.parametrize("unit", [1e-12, 1e-3, 1.0, 1e9])
def test_errors_have_four_digits_in_any_unit(unit):
    true = unit * np.linspace(1.0, 2.0, 9)[:, None]
    found = mistakes.largest_errors(true + 0.1234567 * unit, true)
    assert [float(row[3]) for row in found.rows] == pytest.approx([0.1234567 * unit] * 9, rel=2e-3)
    assert max(len(cell) for row in found.rows for cell in row) <= 10


def test_no_error_is_said_to_be_none(values, undrawn):
    exact = SimpleNamespace(network=values.model.network, forward=lambda X: values.y[:, None])
    page = report_html(values.path, values.diagnosis, exact, values.X, values.y, title="", facts={})
    assert "There is no error on the 48 test samples." in page


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


# The pictures.


def decode(address):
    kind, _, data = address.partition(";base64,")
    assert kind == "data:image/png"
    return importlib.import_module("matplotlib.image").imread(io.BytesIO(base64.b64decode(data)))


def test_pictures_are_png_for_wide_and_for_narrow_pages(nasty_page):
    found = Reader(nasty_page)
    narrow, wide = found.all("source"), found.all("img")
    assert len(narrow) == len(wide) == 3
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


def test_pictures_are_the_same_in_any_style(values):
    style = importlib.import_module("matplotlib.style")
    picture = pictures.picture_values(values.y[:, None], values.y[:, None])
    with style.context("dark_background"):
        before = dict(matplotlib.rcParams)
        assert pictures.picture_values(values.y[:, None], values.y[:, None]) == picture
        assert dict(matplotlib.rcParams) == before


def test_the_same_arguments_give_the_same_page(values, undrawn):
    page = values.page()
    assert values.page() == page
    changed = values.page(facts={"date": "today"})
    assert changed != page
    assert changed.partition("What was run")[0] == page.partition("What was run")[0]


# Files, facts and errors.


def test_a_report_is_a_file_in_utf8(tmp_path, nasty, undrawn):
    out = tmp_path / "report.html"
    write_report(out, *nasty.arguments, title="Cats", facts=FACTS)
    assert out.read_bytes().decode("utf-8") == nasty.page()


def test_a_file_name_that_is_no_text_is_written_all_the_same(tmp_path, nasty, undrawn):
    out = tmp_path / "report.html"
    write_report(out, *nasty.arguments, title="Cats", facts={"file": "caf\udce9.csv"})
    assert "caf?.csv" in out.read_text(encoding="utf-8")


def test_what_cannot_be_written_is_refused(tmp_path, nasty, undrawn):
    with pytest.raises(InputError, match="does not exist"):
        write_report(tmp_path / "no" / "report.html", *nasty.arguments, title="", facts={})
    with pytest.raises(InputError, match="is a folder"):
        write_report(tmp_path, *nasty.arguments, title="", facts={})
    assert list(tmp_path.iterdir()) == []


def test_samples_and_labels_that_do_not_agree_are_refused(tmp_path, nasty, values):
    out = tmp_path / "report.html"
    out.write_text("as it was")
    path, diagnosis, model, X, y = nasty.arguments
    with pytest.raises(InputError, match="48 samples and y_test 47"):
        write_report(out, path, diagnosis, model, X, y[1:], title="", facts={})
    assert out.read_text() == "as it was"
    with pytest.raises(InputError, match=r"numbers \(n, 1\).*shape \(48, 2\)"):
        report_html(*values.arguments[:4], np.zeros((48, 2)), title="", facts={})


@pytest.mark.parametrize("module", ["jinja2", "matplotlib"])
def test_a_library_that_is_not_installed_is_named(monkeypatch, nasty, module):
    for name in [name for name in sys.modules if name.partition(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match=rf'needs {module}.*pip install "xl2\[plot\]"'):
        nasty.page()


def test_facts_name_versions_and_nothing_of_the_computer():
    facts = run_facts(xl2.get_backend(), data="digits", hidden_layers=(50, 25))
    assert list(facts)[:2] == ["data", "hidden layers"]
    assert facts["hidden layers"] == "(50, 25)"
    assert facts["NumPy"] == importlib.metadata.version("numpy")
    assert facts["Python"].split()[0] == sys.version.split()[0]
    assert facts["backend"] == str(xl2.get_backend())
    assert {"xl2", "platform"} <= set(facts)
    said = " ".join(facts.values())
    assert socket.gethostname() not in said
    assert str(Path.home()) not in said
    elsewhere = run_facts(Backend("scipy", None, "cuda:0", None))
    assert elsewhere["scipy"] == importlib.metadata.version("scipy")
    assert elsewhere["backend"] == "scipy on cuda:0"


# In a browser.

in_a_browser = pytest.mark.skipif(
    browser.find() is None, reason=f"no browser on the path: {', '.join(browser.NAMES)}"
)


@in_a_browser
def test_the_browser_tells_of_errors_and_of_what_is_too_wide(tmp_path):
    page = tmp_path / "bad.html"
    page.write_text(
        """<!DOCTYPE html><meta http-equiv="Content-Security-Policy" content="img-src data:">
        <p style="width: 900px">wide</p><img src="cat.png">
        <script>console.error("said so"); throw new Error("thrown")</script>"""
    )
    width, opened = browser.look_into(page, "page.documentElement.scrollWidth", [360])
    assert width[0] >= 900
    for words in ("said so", "thrown", "Content Security Policy"):
        assert any(words in line for line in opened.console)


@pytest.fixture(scope="module")
def file(tmp_path_factory, nasty_page):
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(nasty_page, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def opened(file):
    """The report on a phone and on a desk, and the console."""
    expression = """{
        dom: page.documentElement.outerHTML,
        width: page.documentElement.scrollWidth,
        images: [...page.images].map(image => image.naturalWidth),
        beyond: [...page.querySelectorAll("section, picture")].map(
            part => part.scrollWidth - part.clientWidth),
        colour: getComputedStyle(page.body).backgroundColor,
    }"""
    return browser.look_into(file, f"({expression})", [360, 1280])


@in_a_browser
def test_it_opens_from_a_file_without_an_error(opened):
    (phone, _), page = opened
    assert page.console == []
    found = Reader(phone["dom"])
    assert found.texts("h2") == OF_CLASSES
    assert not found.all("script")
    assert SCRIPT in found.texts("td")
    assert found.texts("h1")[0].startswith(SCRIPT)


@in_a_browser
def test_it_fits_a_phone_and_a_desk(opened):
    (phone, desk), _ = opened
    assert (phone["width"], desk["width"]) == (360, 1280)
    assert not any(phone["beyond"] + desk["beyond"])
    # Each has the pictures that were drawn for it.
    assert len(phone["images"]) == len(desk["images"]) == 3
    assert all(0 < a < b for a, b in zip(phone["images"], desk["images"], strict=True))


@in_a_browser
def test_it_is_dark_where_the_reader_wants_that(file, opened, tmp_path):
    assert opened[0][0]["colour"] == "rgb(246, 247, 248)"
    out = tmp_path / "dark.png"
    browser.take_picture(file, out, 500, 2500, browser.DARK)
    image = importlib.import_module("matplotlib.image").imread(out)[..., :3]
    assert image[2, 2].max() < 0.2
    assert 0.1 < (image == 1.0).all(axis=2).mean() < 0.6  # the pictures stand on white
