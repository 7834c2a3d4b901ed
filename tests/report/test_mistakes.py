"""The mistakes of a model, in the tables of the page."""

from __future__ import annotations

import base64
import importlib
import io
import itertools
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
from report_tools import NASTY, OF_COLUMNS, Reader, clouds, plain, run

from xl2.report import measured, mistakes, pictures
from xl2.report.page import report_html
from xl2.report.thresholds import thresholds

pytestmark = pytest.mark.host

pytest.importorskip("matplotlib", reason="the pictures are drawn by matplotlib")
pytest.importorskip("jinja2", reason="the page is a template of jinja2")


def decode(address):
    kind, _, data = address.partition(";base64,")
    assert kind == "data:image/png"
    return importlib.import_module("matplotlib.image").imread(io.BytesIO(base64.b64decode(data)))


def expected_mistakes(run):
    """Return row, true, predicted and probability of each mistake, most confident first."""
    classes, found = list(run.model.classes), []
    for row, (outputs, label) in enumerate(zip(run.model.forward(run.X), run.y, strict=True)):
        k = max(range(len(classes)), key=lambda k: outputs[k])
        if classes[k] != label:
            found.append((-outputs[k], row, str(label), str(classes[k])))
    return [
        (str(row + 1), true, wrong, f"{-100 * p:.2f} %") for p, row, true, wrong in sorted(found)
    ]


def test_the_most_certain_mistakes_come_first(nasty, nasty_page):
    expected = expected_mistakes(nasty)
    assert len(expected) > 20
    rows = Reader(nasty_page).table("Most confident mistakes")
    assert [tuple(row) for row in rows[1:]] == [tuple(map(plain, row)) for row in expected[:20]]
    assert f"{len(expected)} of the {len(nasty.y)} test samples wrong" in plain(nasty_page)


def test_images_are_those_of_the_table(digits, digits_page):
    expected = expected_mistakes(digits)
    assert len(expected) > 24
    found = Reader(digits_page)
    head, *rows = found.table("Most confident mistakes")
    assert head == ["row", "image", "true", "predicted", "probability"]
    heads = [one for one in found.all("th") if plain(one.text) == "image"]
    assert [one.of.get("data-sort") for one in heads] == [None]  # images have no order
    assert [(row[0], *row[2:]) for row in rows] == [tuple(map(plain, e)) for e in expected[:24]]
    images = found.all("img")
    assert [i.of["alt"] for i in images] == [
        f"Row {row}: {true}, taken for {wrong}" for row, true, wrong, _ in expected[:24]
    ]
    shown = digits.X[[int(row[0]) - 1 for row in expected[:24]]]
    for image, pixels in zip(images, shown, strict=True):
        np.testing.assert_allclose(
            decode(image.of["src"]).ravel(), (pixels - shown.min()) / np.ptp(shown), atol=1 / 255
        )


def test_the_confusion_matrix_counts_the_test_samples(digits, digits_page):
    counts = Counter(zip(digits.y.tolist(), digits.model.predict(digits.X).tolist(), strict=True))
    found = Reader(digits_page)
    head, *rows, precision = found.table("Confusion matrix", 0)
    assert head == ["true", *map(str, range(10)), "recall", "samples"]
    of, said = Counter(digits.y.tolist()), Counter(digits.model.predict(digits.X).tolist())
    for i, row in enumerate(rows):
        assert row[0] == str(i)
        for j, cell in enumerate(row[1:11]):
            n = counts[i, j]
            assert cell == (f"{n} {100 * n / of[i]:.0f}" if n else "0")
        assert row[11:] == [f"{100 * counts[i, i] / of[i]:.1f}", str(of[i])]
    assert precision[1:11] == [
        f"{100 * counts[j, j] / said[j]:.0f}" if said[j] else "-" for j in range(10)
    ]
    assert precision[12] == str(len(digits.y))
    wrong = sorted((-n, i, j) for (i, j), n in counts.items() if i != j)
    assert found.table("Confusion matrix")[1:] == [
        [str(i), str(j), str(-n), f"{-100 * n / of[i]:.1f} %"] for n, i, j in wrong[:5]
    ]


def test_a_shade_is_the_share_of_the_row_and_its_root_for_mistakes():
    """195 of 200 and 5 of 200 do not look alike."""
    found = mistakes.matrix_table(np.array([[195, 5], [0, 0]]), ["a", "b"])
    first, second = (row["cells"] for row in found["rows"])
    assert [cell["level"] for cell in first] == [10, 2]
    assert [cell["share"] for cell in first] == ["98", "2"]
    assert [cell["count"] for cell in second] == [0, 0]
    assert [row["right"] for row in found["rows"]] == ["97.5", "-"]
    assert found["precision"] == ["100", "0"]


def test_more_than_twenty_classes_are_listed_by_pairs(undrawn):
    X, numbers = clouds(21, 630)
    many = run(X, np.array([f"class {chr(97 + k)}" for k in range(21)])[numbers])
    found = Reader(many.page())
    assert not [t for t in found.all("table") if t.of.get("class") == "matrix"]
    pairs = Counter(
        (true, said)
        for true, said in zip(many.y.tolist(), many.model.predict(many.X).tolist(), strict=True)
        if true != said
    )
    rows = found.table("Classes that are confused")[1:]
    assert len(rows) == 20
    assert [row[2] for row in rows] == [str(n) for _, n in pairs.most_common(20)]
    assert all(pairs[row[0], row[1]] == int(row[2]) for row in rows)


def test_a_perfect_model_gets_nothing_wrong(undrawn):
    X, numbers = clouds(2, 80, apart=20.0)
    perfect = run(X, np.array(["cat", "dog"])[numbers], epochs=30)
    assert perfect.model.score(perfect.X, perfect.y) == 1.0
    page = perfect.page()
    assert "The model classifies all of the 32 test samples correctly." in page
    assert "No two classes are confused." in page
    for y, said in (
        (perfect.y[:1], "The model classifies the only test sample correctly."),
        (perfect.y[perfect.y != perfect.y[0]][:1], "The model gets the only test sample wrong."),
    ):
        page = report_html(
            perfect.path, perfect.diagnosis, perfect.model, perfect.X[:1], y, title="", facts={}
        )
        assert said in page
    assert Reader(page).headings() == OF_COLUMNS


def test_names_stay_as_they_are(nasty, nasty_page):
    """The browser has the glyphs that no font of matplotlib has."""
    head, *rows, _ = Reader(nasty_page).table("Confusion matrix", 0)
    assert head[1:5] == [row[0] for row in rows] == [plain(name) for name in sorted(NASTY)]


def fake(task, classes=None):
    return SimpleNamespace(task=task, classes=classes)


def test_the_probability_of_one_of_two_classes():
    outputs = np.array([[0.9], [0.2], [0.7]])
    found = mistakes.classify(fake("binary", ("cat", "dog")), outputs, np.array(["dog"] * 3))
    assert found.names == ["cat", "dog"]
    np.testing.assert_array_equal(found.predicted, [1, 0, 1])
    np.testing.assert_allclose(found.probability, [0.9, 0.8, 0.7])
    np.testing.assert_array_equal(found.wrong, [1])


def test_several_labels_are_one_class():
    outputs = np.array([[0.9, 0.2, 0.6], [0.3, 0.2, 0.1]])
    found = mistakes.classify(fake("multilabel"), outputs, np.array([[1, 0, 0], [0, 0, 0]]))
    assert [found.names[k] for k in found.true] == ["1 0 0", "0 0 0"]
    assert [found.names[k] for k in found.predicted] == ["1 0 1", "0 0 0"]
    for row, probability in zip(outputs, found.probability, strict=True):
        each = [np.prod(np.where(k, row, 1 - row)) for k in itertools.product([0, 1], repeat=3)]
        assert sum(each) == pytest.approx(1.0)
        assert probability == pytest.approx(max(each))


def test_labels_may_be_one_hot_or_unknown():
    outputs = np.eye(3)[[0, 1, 2]]
    rows = mistakes.classify(fake("classes"), outputs, np.eye(3)[[0, 2, 2]])
    np.testing.assert_array_equal(rows.true, [0, 2, 2])
    column = mistakes.classify(fake("classes"), outputs, np.array([[0], [1], [7]]))
    assert column.names == ["0", "1", "2", "7"]
    np.testing.assert_array_equal(column.matrix.sum(axis=1), [1, 1, 0, 1])
    np.testing.assert_array_equal(column.wrong, [2])


def test_the_largest_errors_of_a_regression(values, undrawn):
    predicted = values.model.predict(values.X)
    ranked = sorted(range(len(values.y)), key=lambda k: -abs(predicted[k] - values.y[k]))
    rows = Reader(values.page()).table("Largest errors")
    assert rows[0] == ["row", "true", "predicted", "error"]
    assert [int(row[0]) - 1 for row in rows[1:]] == ranked[:20]
    for row in rows[1:]:
        k = int(row[0]) - 1
        expected = [values.y[k], predicted[k], predicted[k] - values.y[k]]
        np.testing.assert_allclose([float(cell) for cell in row[1:]], expected, atol=6e-4)


def test_errors_of_several_outputs_are_ranked_by_their_spread():
    """The spreads are 0.816 and 1633; errors of 1.5 and 1000 are 1.84 and 0.61 times these."""
    true = np.array([[0.0, 1000.0], [1.0, 3000.0], [2.0, 5000.0]])
    errors = np.array([[0.0, 1000.0], [1.5, 0.0], [0.0, 100.0]])
    found = mistakes.largest_errors(true + errors, true, [4, 5, 6])
    assert found.head == ("row", "output", "true", "predicted", "error")
    assert found.rows == [
        ("6", "1", "1.0000", "2.5000", "1.5000"),
        ("5", "2", "1000", "2000", "1000"),
        ("7", "2", "5000", "5100", "100"),
    ]


@pytest.mark.parametrize("unit", [1e-12, 1e-3, 1.0, 1e9])
def test_errors_have_four_digits_in_any_unit(unit):
    true = unit * np.linspace(1.0, 2.0, 9)[:, None]
    found = mistakes.largest_errors(true + 0.1234567 * unit, true, range(9))
    assert [float(row[3]) for row in found.rows] == pytest.approx([0.1234567 * unit] * 9, rel=2e-3)
    assert max(len(cell) for row in found.rows for cell in row) <= 10


def test_predictions_without_an_error_have_no_table(values, undrawn):
    exact = SimpleNamespace(task="regression", forward=lambda X: values.y[:, None])
    page = report_html(values.path, values.diagnosis, exact, values.X, values.y, title="", facts={})
    assert "All of the 48 test samples are predicted exactly." in page
    exact = SimpleNamespace(task="regression", forward=lambda X: values.y[:1, None])
    page = report_html(
        values.path, values.diagnosis, exact, values.X[:1], values.y[:1], title="", facts={}
    )
    assert "The only test sample is predicted exactly." in page


def test_more_scores_of_two_classes_are_those_of_the_formulas(rng):
    true, p = rng.integers(0, 2, 60), rng.random((60, 1))
    samples = mistakes.classify(fake("binary"), p, true)
    found = dict(measured.scores_of_classes(fake("binary"), p, samples).rows)
    p = p[:, 0]
    right = [(p[true == k] > 0.5) == k for k in (0, 1)]
    recalls = [100 * one.mean() for one in right]
    assert plain(found["balanced accuracy"]) == f"{np.mean(recalls):.2f} %"
    pairs = p[true == 1][:, None] > p[true == 0]
    assert found["ROC AUC"] == f"{pairs.mean():.4f}"
    assert found["Brier score"] == f"{((p - true) ** 2).mean():.4f}"
    loss = -np.log(np.where(true, p, 1 - p)).mean()
    assert found["log loss"] == f"{loss:.4f}"


def test_more_scores_are_left_out_where_classes_lack():
    outputs = np.array([[0.5, 0.3, 0.2], [0.2, 0.3, 0.5]])
    samples = mistakes.classify(fake("classes"), outputs, np.array([0, 2]))
    found = dict(measured.scores_of_classes(fake("classes"), outputs, samples).rows)
    assert "ROC AUC" not in found
    assert found["log loss"] == f"{-np.log(0.5):.4f}"
    unknown = mistakes.classify(fake("classes"), outputs, np.array([0, 7]))
    assert len(measured.scores_of_classes(fake("classes"), outputs, unknown).rows) == 2
    several = mistakes.classify(fake("multilabel"), outputs, np.eye(3)[:2])
    assert len(measured.scores_of_classes(fake("multilabel"), outputs, several).rows) == 2


def test_more_scores_of_a_regression():
    found = measured.scores_of_values(
        np.array([[1.0], [2.0], [6.0]]), np.array([[1.0], [3.0], [3.0]])
    )
    assert dict(found.rows) == {
        "RMSE": f"{np.sqrt(10 / 3):.4f}",
        "mean absolute error": f"{4 / 3:.4f}",
        "median absolute error": "1.0000",
        "largest error": "3.0000",
    }


def test_thresholds_are_those_of_counting(undrawn):
    p = np.array([[0.02], [0.3], [0.6], [0.2], [0.75], [0.97]])
    labels = np.array(list("aaabbb"))
    samples = mistakes.classify(fake("binary", ("a", "b")), p, labels)
    found = thresholds(p, samples)
    assert found["name"] == "b"
    rows = {row[0]: tuple(map(plain, row[1:])) for row in found["table"].rows}
    assert rows["0.1"] == ("5", "100.0 %", "60.0 %", "66.7 %")
    assert rows["0.5"] == ("3", "66.7 %", "66.7 %", "33.3 %")
    assert rows["0.95"] == ("1", "33.3 %", "100.0 %", "0.0 %")
    assert "recall 66.7" in found["picture"].wide
    two = np.concatenate([1 - p, p], axis=1)
    again = thresholds(two, mistakes.classify(fake("classes", ("a", "b")), two, labels))
    assert again["table"] == found["table"]


def test_a_class_in_another_script_does_not_turn_the_words_beside_it(undrawn):
    """Where it is not isolated it does; the captions of tables are texts."""
    X, numbers = clouds(2, 90)
    page = Reader(run(X, np.array(["cat", "\u202eneko"])[numbers]).page())
    (caption,) = (text for text in page.texts("caption") if text.startswith("How many"))
    assert "\u202e" not in caption
    assert any("\u202e" in text for text in page.texts("bdi"))


def test_a_threshold_without_answers_has_no_precision(monkeypatch):
    given = {}
    monkeypatch.setattr(pictures, "_drawn", lambda *all: given.update(tips=all[-1]))
    p = np.array([[0.1], [0.2], [0.6]])
    samples = mistakes.classify(fake("binary"), p, np.array([0, 1, 1]))
    rows = {row[0]: row for row in thresholds(p, samples)["table"].rows}
    assert rows["0.9"][1:4] == ("0", plain("0.0\N{NO-BREAK SPACE}%").replace(" ", "\xa0"), "-")
    assert len(given["tips"]["roc"]) == len(rows)
    assert [*given["tips"]["precision"]] == [0, 1, 2, 3, 4]


def test_thresholds_are_for_two_classes(rng):
    p = rng.random((9, 3))
    several = mistakes.classify(fake("classes"), p, rng.integers(0, 3, 9))
    assert thresholds(p, several) is None
    one = mistakes.classify(fake("binary"), p[:, :1], np.zeros(9, int))
    assert thresholds(p[:, :1], one) is None
