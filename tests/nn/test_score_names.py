"""How scores are named and shown."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import get_scorer_names

from xl2.nn.score_names import shown_score

pytestmark = pytest.mark.host


@pytest.mark.parametrize(
    ("name", "title", "score", "cell"),
    [
        ("accuracy", "accuracy in %", 0.98765, "98.77"),
        ("balanced_accuracy", "balanced accuracy in %", 0.5, "50.00"),
        ("r2", "R2", -0.25, "-0.2500"),
        ("neg_log_loss", "log loss (smaller is better)", -0.12345, "0.1235"),
        ("neg_root_mean_squared_error", "RMSE (smaller is better)", -45231.24, "45231.2"),
        ("roc_auc", "ROC AUC", 0.5, "0.5000"),
        ("f1_macro", "f1 macro", 1e-5, "1.0e-05"),
        ("neg_max_error", "max error (smaller is better)", -1.5e7, "1.50e+07"),
        ("neg_log_loss", "log loss (smaller is better)", -0.0, "0.0000"),
        ("r2", "R2", math.nan, "-"),
    ],
)
def test_examples(name, title, score, cell):
    shown = shown_score(name)
    assert shown.title == title
    assert shown.cell(score) == cell
    assert shown.spread(abs(score)) == cell.lstrip("-") or cell == "-"


@given(st.sampled_from(get_scorer_names()), st.floats(allow_infinity=False))
def test_a_cell_of_a_number_has_at_most_ten_characters(name, score):
    shown = shown_score(name)
    if shown.unit:
        score = score % 1.0
    cell = shown.cell(score)
    assert len(cell) <= 10
    if not math.isnan(score):
        error = abs(float(cell) - shown.factor * score)
        assert error <= max(0.0051 if shown.unit else 5.1e-5, 0.051 * abs(shown.factor * score))
