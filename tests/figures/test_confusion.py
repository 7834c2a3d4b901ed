"""The confusion matrix, by the contents of its axes."""

from __future__ import annotations

import numpy as np
import pytest
from figure_tools import arrange, boxes, overlap, paint, plt
from figure_tools import clean as clean
from sklearn import metrics
from sklearn.dummy import DummyClassifier

from xl2 import InputError, figures

pytestmark = pytest.mark.host

LONG = "a long name, {}"


def names_of(labels):
    return [label.get_text() for label in labels]


def test_cells_hold_the_counts_and_shade_by_the_share_of_the_row():
    matrix = np.array([[8, 2, 0], [1, 3, 0], [0, 0, 0]])
    ax = figures.ConfusionMatrixDisplay(matrix, display_labels=["a", "b", "c"]).plot().ax_
    found = {tuple(text.get_position()): text.get_text() for text in ax.texts}
    assert found == {(j, i): str(matrix[i, j]) for i in range(3) for j in range(3)}
    shares = [[0.8, 0.2, 0.0], [0.25, 0.75, 0.0], [0.0, 0.0, 0.0]]
    np.testing.assert_allclose(ax.collections[0].get_array(), shares)
    assert ax.collections[0].get_clim() == (0.0, 1.0)
    assert names_of(ax.get_xticklabels()) == names_of(ax.get_yticklabels()) == ["a", "b", "c"]
    assert ax.get_xlabel() == "predicted class"
    assert ax.get_ylabel() == "true class (shade: share of the row)"
    paint(ax.figure)
    opacity = ax.collections[0].get_facecolors()[:, 3]
    np.testing.assert_allclose(opacity, np.sqrt(np.ravel(shares)), atol=0.01)  # of 256 shades


def test_predictions_are_counted_as_by_scikit_learn():
    true, found = ["a", "b", "b", "c"], ["a", "b", "a", "b"]
    display = figures.ConfusionMatrixDisplay.from_predictions(true, found)
    assert isinstance(display, metrics.ConfusionMatrixDisplay)
    np.testing.assert_array_equal(display.confusion_matrix, metrics.confusion_matrix(true, found))
    assert [[text.get_text() for text in row] for row in display.text_] == [
        ["1", "0", "0"],
        ["1", "1", "0"],
        ["0", "1", "0"],
    ]
    assert display.text_[1, 0].get_gid() == "cell-1-0"
    assert len(display.figure_.axes) == 1  # the counts say what a bar of colours would
    _, ax = plt.subplots()
    display = figures.ConfusionMatrixDisplay.from_predictions(
        true, found, ax=ax, colorbar=True, normalize="true", cmap="viridis"
    )
    assert display.ax_ is ax
    assert len(display.figure_.axes) == 2
    assert display.text_[1, 0].get_text() == "0.50"


def test_an_estimator_is_asked():
    X = np.arange(20.0)[:, None]
    model = DummyClassifier().fit(X, [0] * 15 + [1] * 5)
    display = figures.ConfusionMatrixDisplay.from_estimator(model, X, [0] * 15 + [1] * 5)
    assert display.confusion_matrix.tolist() == [[15, 0], [5, 0]]


# Long names slant from 10 classes on, and are vertical from 13; cells have counts up to 20.
@pytest.mark.parametrize(
    ("classes", "label"),
    [(1, LONG), (10, LONG), (20, LONG), (21, "{}"), (100, "{}")],
)
def test_texts_fit_their_cells_and_labels_do_not_overlap(classes, label):
    matrix = np.full((classes, classes), 12345)
    ax = (
        figures.ConfusionMatrixDisplay(
            matrix, display_labels=[label.format(k) for k in range(classes)]
        )
        .plot()
        .ax_
    )
    assert len(ax.texts) == (classes**2 if classes <= 20 else 0)
    for text in ax.texts[classes:]:  # one row is enough; hundreds take long
        text.set_visible(False)
    arrange(ax.figure)
    side = ax.get_window_extent().width / classes
    assert all(box.width <= side for box in boxes(ax.texts[:classes]))
    assert not overlap(boxes(ax.get_yticklabels()))
    wide = ax.get_xticklabels()
    if wide[0].get_rotation() in (0, 90):  # slanted texts do not overlap, but their boxes do
        assert not overlap(boxes(wide))


def test_long_labels_lose_their_middle():
    ax = (
        figures.ConfusionMatrixDisplay(np.eye(2), display_labels=["a very long label 17", "short"])
        .plot()
        .ax_
    )
    first, second = names_of(ax.get_yticklabels())
    assert second == "short"
    assert len(first) == 12
    assert first.startswith("a very")
    assert first.endswith("17")


def test_counts_that_are_not_whole_keep_two_decimals():
    ax = (
        figures.ConfusionMatrixDisplay([[0.25, 0.75], [1.0, 0.0]], display_labels=[0, 1]).plot().ax_
    )
    assert names_of(ax.texts) == ["0.25", "0.75", "1.00", "0.00"]


@pytest.mark.parametrize(
    ("matrix", "labels"), [(np.ones((2, 3)), "ab"), (np.eye(2), "abc"), (np.ones(4), "abcd")]
)
def test_a_matrix_that_is_not_square_or_not_labelled_is_refused(matrix, labels):
    with pytest.raises(InputError, match=f"Received: shape .* and {len(labels)} labels"):
        figures.ConfusionMatrixDisplay(matrix, display_labels=list(labels)).plot()


def test_names_with_dollars_are_not_formulas(tmp_path):
    ax = (
        figures.ConfusionMatrixDisplay(np.eye(2), display_labels=["$10-$20", r"$\frac{$"])
        .plot()
        .ax_
    )
    ax.figure.savefig(tmp_path / "f.svg")  # would fail on the second as a formula
    assert not any(
        label.get_parse_math() for label in [*ax.get_xticklabels(), *ax.get_yticklabels()]
    )
