"""The mistakes of a model, in the tables of the page."""

from __future__ import annotations

import itertools
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
from report_tools import NASTY, OF_CLASSES, Reader, clouds, plain, run

from xl2.report import mistakes
from xl2.report.page import report_html

pytestmark = pytest.mark.host

pytest.importorskip("matplotlib", reason="the pictures are drawn by matplotlib")
pytest.importorskip("jinja2", reason="the page is a template of jinja2")


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


def test_images_are_those_of_the_table(digits, digits_page, monkeypatch, undrawn):
    expected = expected_mistakes(digits)
    assert len(expected) > 24
    rows = Reader(digits_page).table("Most confident mistakes")
    assert [tuple(row) for row in rows[1:]] == expected[:24]
    drawn = {}
    monkeypatch.setattr("xl2.report.page.picture_images", lambda *given: drawn.update(given=given))
    digits.page()
    images, pairs = drawn["given"]
    assert pairs == [row[1:3] for row in expected[:24]]
    indices = [int(row[0]) - 1 for row in expected[:24]]
    np.testing.assert_array_equal(images.reshape(24, 64), digits.X[indices])


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
    rows = Reader(page).table("Confusion matrix")
    assert rows[1:] == [
        [str(i), str(j), str(-n), f"{-100 * n / of[i]:.1f} %"] for n, i, j in wrong[:5]
    ]


def test_more_than_twenty_classes_are_listed_by_pairs(undrawn):
    X, numbers = clouds(21, 630)
    many = run(X, np.array([f"class {chr(97 + k)}" for k in range(21)])[numbers])
    found = Reader(many.page())
    assert [image.inside[-2].inside[-1].of["aria-labelledby"] for image in found.all("img")] == [
        "scores",
        "curves",
        "reliability",
        "matters",
        "matters",
    ]
    pairs = Counter(
        (true, said)
        for true, said in zip(many.y.tolist(), many.model.predict(many.X).tolist(), strict=True)
        if true != said
    )
    rows = found.table("Confusion matrix")[1:]
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
    assert Reader(page).texts("h2") == OF_CLASSES


def test_names_without_glyphs_go_by_their_numbers(nasty, monkeypatch, undrawn):
    drawn = {}
    monkeypatch.setattr(
        "xl2.report.page.picture_confusion", lambda *given: drawn.update(given=given)
    )
    found = Reader(nasty.page())
    assert drawn["given"][1] == ["1", "2", "3", "4"]
    assert found.texts("li") == [plain(name) for name in sorted(NASTY)]
    assert not Reader(run(*clouds(3, 60)).page()).all("li")


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
    found = mistakes.largest_errors(true + errors, true)
    assert found.head == ("row", "output", "true", "predicted", "error")
    assert found.rows == [
        ("2", "1", "1.0000", "2.5000", "1.5000"),
        ("1", "2", "1000", "2000", "1000"),
        ("3", "2", "5000", "5100", "100"),
    ]


@pytest.mark.parametrize("unit", [1e-12, 1e-3, 1.0, 1e9])
def test_errors_have_four_digits_in_any_unit(unit):
    true = unit * np.linspace(1.0, 2.0, 9)[:, None]
    found = mistakes.largest_errors(true + 0.1234567 * unit, true)
    assert [float(row[3]) for row in found.rows] == pytest.approx([0.1234567 * unit] * 9, rel=2e-3)
    assert max(len(cell) for row in found.rows for cell in row) <= 10


def test_predictions_without_an_error_have_no_table(values, undrawn):
    exact = SimpleNamespace(task="regression", forward=lambda X: values.y[:, None])
    page = report_html(values.path, values.diagnosis, exact, values.X, values.y, title="", facts={})
    assert "All of the 48 test samples are predicted exactly." in page
