"""A path as text, HTML and data frame."""

from __future__ import annotations

import math
import re
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from evidence_tools import evidence
from html_tools import Parsed

from xl2.errors import InputError
from xl2.path.notes import notes
from xl2.path.tables import path_frame, path_html, path_text, rows_of

pytestmark = pytest.mark.host

NAN = math.nan
BOTH = "best, largest within 1 SE"


def fake(lambdas=(0.0, 0.5, 1e-5), folds=2, seeds=2, best=0, simplest=0, top=None, **changes):
    """Return an object with the attributes that tables need; every score is different."""
    shape, count = (len(lambdas), folds, seeds), len(lambdas)
    scores = np.arange(1, np.prod(shape) + 1).reshape(shape) / 100
    path = SimpleNamespace(
        lambdas_=np.array(lambdas),
        task_="binary",
        score_name_="accuracy",
        unfinished_="",
        understood_=(),
        evidence_=None,
        calibration_=None,
        metrics_={"accuracy": scores, "neg_log_loss": scores - 1},
        train_means_=np.full(count, 0.987654),
        validation_means_=scores.mean(axis=(1, 2)),
        validation_scores_=scores.mean(axis=2),
        standard_errors_=np.full(count, 0.012345),
        train_scores_by_seed_=scores + 0.5,
        validation_scores_by_seed_=scores,
        within_1se_=np.zeros(count, dtype=bool),
        one_class_=np.zeros(count, dtype=bool),
        null_metrics_={"accuracy": np.full(folds, 0.001), "neg_log_loss": np.full(folds, -0.7)},
        null_scores_=np.full(folds, 0.001),
        null_score_=0.001,
        null_standard_error_=0.005,
        diverged_=np.zeros(shape, dtype=bool),
        epochs_=np.full(shape, 30),
        n_epochs_=30,
        n_folds_=folds,
        top_index_=best if top is None else top,
        best_index_=best,
        index_1se_=simplest,
        lambda_1se_=lambdas[simplest],
        fit_time_=1.25,
    )
    vars(path).update(changes)
    return path


def remarks(path):
    *rows, null = rows_of(path)
    assert null[0] == "null"
    return [row[-1] for row in rows]


def test_the_whole_text():
    path = fake(lambdas=[0.0, 1.0], folds=1, seeds=1, simplest=1)
    path.within_1se_[:] = True
    assert path_text(path) == "\n".join(
        [
            "2 lambdas, 30 epochs, 1.2 s; accuracy in %",
            "",
            "  lambda  training  validation  std. error  log loss",
            "       0     98.77        1.00        1.23    0.9900  best",
            "       1     98.77        2.00        1.23    0.9800  largest within 1 SE",
            "    null         -        0.10        0.50    0.7000  most frequent class",
            "",
            "The lambdas beat the null model (most frequent class) by 0.90 at best, with a",
            "standard error of 1.23: this may be chance.",
        ]
    )


def test_an_accuracy_is_in_percent_and_an_error_has_no_sign():
    first = ("0", "98.77", "2.50", "1.23", "0.9750", BOTH)
    assert next(rows_of(fake())) == first
    path = fake(score_name_="neg_mean_absolute_error", task_="regression")
    path.metrics_ = {"neg_mean_absolute_error": -path.validation_scores_by_seed_}
    path.metrics_["r2"] = path.null_metrics_["r2"] = np.full((3, 2, 2), -0.25)
    path.validation_means_ = np.array([-0.25, -1234.56, -3.4e38])
    path.standard_errors_ = np.array([0.012345, 1e-5, 0.0])
    rows = list(rows_of(path))
    assert [row[2:5] for row in rows[:3]] == [
        ("0.2500", "0.0123", "-0.2500"),
        ("1234.6", "1.0e-05", "-0.2500"),
        ("3.40e+38", "0.0000", "-0.2500"),
    ]
    assert rows[-1][-1] == "mean of the target"
    assert path_text(path).splitlines()[0].endswith("; MAE (smaller is better)")


def test_nan_is_a_dash():
    path = fake(standard_errors_=np.array([0.01, NAN, 0.01]), train_means_=np.full(3, NAN))
    path.null_standard_error_ = NAN
    found = [row[1:4:2] for row in rows_of(path)]
    assert found == [("-", "1.00"), ("-", "-"), ("-", "1.00"), ("-", "-")]


def test_the_remarks():
    assert remarks(fake()) == [BOTH, "", ""]
    every = np.ones(3, dtype=bool)
    path = fake(best=1, simplest=2, within_1se_=every)
    assert remarks(path) == ["within 1 SE", "best", "largest within 1 SE"]
    path.top_index_ = 0
    assert remarks(path) == ["highest", "best", "largest within 1 SE"]
    path.score_name_ = "neg_log_loss"
    assert remarks(path)[0] == "lowest"
    assert remarks(fake(one_class_=every))[1:] == ["one class only"] * 2


def test_members_that_diverged_are_counted():
    path = fake()
    path.diverged_[1, 0, 1] = path.diverged_[2] = True
    path.epochs_[2] = 1
    assert remarks(path) == [BOTH, "diverged in 1 of 4", "diverged in 4 of 4"]
    alone = fake(folds=1, seeds=1, diverged_=np.array([0, 0, 1]).reshape(3, 1, 1) > 0)
    assert remarks(alone)[2] == "diverged"


def test_dropped_members_are_remarked_with_the_earliest_epoch():
    path = fake()
    path.epochs_[1], path.epochs_[2, 0] = 1, [12, 17]
    assert remarks(path) == [BOTH, "dropped after 1 epoch", "dropped after 12 epochs"]


@pytest.mark.parametrize("epochs", [1, 99999])
@pytest.mark.parametrize(
    ("score_name", "means"),
    [("accuracy", [1.0, 1.0, 0.0, NAN]), ("r2", [-1e308, 1.0, -999.99999, NAN])],
)
def test_the_text_has_at_most_80_columns(score_name, means, epochs):
    """Even with the longest numbers, and a remark that continues on the next line."""
    path = fake([1.23457e-100, 0.0, 1000.0, 1e-05], 10, 10, score_name_=score_name)
    path.metrics_ = dict.fromkeys((score_name, "other"), path.validation_scores_by_seed_)
    path.null_metrics_ = dict.fromkeys(path.metrics_, path.null_scores_)
    path.train_means_ = path.validation_means_ = np.array(means)
    path.n_epochs_, path.fit_time_ = 100000, 123456.7
    path.epochs_[:], path.epochs_[0] = path.n_epochs_, epochs
    path.one_class_[:] = path.diverged_[3] = True
    lines = path_text(path).splitlines()
    assert max(map(len, lines)) <= 80
    assert all(line == line.rstrip() for line in lines)
    # Nothing is cut off, and there is a space between any two figures.
    table = lines[lines.index("") + 2 :]
    words = " ".join(table).split()
    expected = " ".join(" ".join(row) for row in rows_of(path)).split()
    assert words[: len(expected)] == expected


def test_the_most_common_remark_fits_on_one_line():
    assert BOTH in path_text(fake())


# Notes below the table.


def beside(mean, null=0.9, error=0.01, folds=5, **changes):
    """Return a path of one lambda, whose folds' gains have this standard error."""
    steps = np.linspace(-1.0, 1.0, folds)
    steps /= steps.std(ddof=1) / math.sqrt(folds)
    scores = (mean + error * steps)[None, :, None]
    path = fake([3.0], folds, 1, null_score_=null, null_scores_=np.full(folds, null), **changes)
    path.validation_scores_, path.validation_means_ = scores[..., 0], np.array([mean])
    path.standard_errors_ = np.array([error])
    return path


def test_no_lambda_beats_the_null_model():
    found = notes(beside(0.89))
    assert found == [
        "No lambda beats the null model (most frequent class): 89.00 at best, against 90.00."
    ]
    assert notes(beside(0.9))[0].startswith("No lambda beats")
    path = beside(-0.5, -0.4, score_name_="neg_log_loss")
    assert notes(path)[0].endswith("0.5000 at best, against 0.4000.")


def test_a_gain_below_two_standard_errors_may_be_chance():
    assert notes(beside(0.921)) == []
    (note,) = notes(beside(0.919))
    assert "by 1.90 at best, with a standard error of 1.00: this may be chance" in note


def test_the_gain_is_compared_fold_by_fold():
    """The folds' scores vary, but always with those of the null model."""
    path = beside(0.92, error=0.03)
    assert notes(path)
    path.null_scores_ = path.validation_scores_[0] - 0.02 + 0.001 * np.arange(5)
    assert notes(path) == []


def test_the_largest_lambda_within_one_se_may_be_no_better_than_the_null_model():
    path = beside(0.95)
    path.validation_scores_ = np.concatenate([path.validation_scores_, np.full((1, 5), 0.9)])
    path.index_1se_, path.lambda_1se_ = 1, 10.0
    (note,) = notes(path)
    assert note.startswith("Lambda 10, the largest within 1 SE, does not beat the null model")


def test_a_standard_error_of_zero_is_explained_if_the_choice_depends_on_it():
    (note,) = notes(beside(0.95, error=0.0))
    assert note.startswith("A standard error of 0.00 means that all folds gave the same score")
    (note,) = notes(beside(0.5, 0.1, error=0.0, score_name_="r2"))
    assert note.startswith("A standard error of 0.0000 means")
    path = fake(standard_errors_=np.array([0.01, 0.0, 0.0]))
    assert not any("standard error of 0.00" in note for note in notes(path))


def test_a_null_model_without_a_score_is_not_compared():
    assert notes(beside(0.9, NAN)) == []


@pytest.mark.parametrize(
    ("lambdas", "best", "expected"),
    [
        ([0.0, 10.0, 20.0, 50.0], 3, "Lambda 50, the best, is the largest: also try 100 and 300."),
        ([0.0, 9.0, 10.0], 2, "Lambda 10, the best, is the largest: also try 20 and 40."),
        (
            [0.0, 0.001, 0.01, 0.1],
            1,
            "Lambda 0.001, the best, is the smallest positive one: also try 0.0001 and 1e-05.",
        ),
        ([5.0, 9.0], 0, "Lambda 5, the best, is the smallest positive one: also try 2 and 1."),
        ([0.0, 10.0, 20.0, 50.0], 2, None),
        ([0.0, 10.0, 20.0, 50.0], 0, None),
        ([0.0, 10.0], 1, None),
    ],
)
def test_a_best_lambda_at_an_edge_is_told_with_those_to_add(lambdas, best, expected):
    found = notes(fake(lambdas, best=best, simplest=best, folds=1))
    assert [note for note in found if "also try" in note] == ([expected] if expected else [])


def test_the_edge_does_not_matter_if_smaller_lambdas_score_better_or_the_null_model_does():
    lambdas = [0.0, 10.0, 20.0]
    assert not any("also try" in note for note in notes(fake(lambdas, best=1, top=0)))
    path = fake(lambdas, best=2, null_score_=0.99, null_scores_=np.full(2, 0.99))
    assert not any("also try" in note for note in notes(path))


@pytest.mark.parametrize("p_value", [0.001, 0.4])
def test_no_lambda_is_advised_without_a_signal(p_value):
    found = evidence(np.ones(10), p_value=p_value)
    shown = notes(fake([0.0, 10.0, 20.0], best=2, evidence_=found))
    assert any("also try" in note for note in shown) == (p_value < 0.02)


@pytest.mark.parametrize(("folds", "seeds"), [(1, 1), (5, 1), (1, 3), (5, 3)])
def test_the_first_line_counts_the_networks(folds, seeds):
    first = path_text(fake([0.0], folds, seeds, n_epochs_=1)).splitlines()[0]
    counts = ["1 lambda", f"{folds} folds", f"{seeds} seeds"]
    expected = [count for count in counts if not count.startswith("1 ") or count == "1 lambda"]
    assert first == " x ".join(expected) + ", 1 epoch, 1.2 s; accuracy in %"


def test_the_html_has_the_cells_of_the_table():
    path = fake(best=1)
    head, *body = Parsed(path_html(path)).rows
    assert head[:5] == ["lambda", "training", "validation", "std. error", "log loss"]
    assert [(*row[:-2], row[-1]) for row in body] == list(rows_of(path))


def test_the_html_has_a_dot_for_each_lambda_that_learns():
    path = fake(lambdas=[0.0, 0.5, 1.0, 2.0], null_score_=0.03)
    path.one_class_[2] = True
    means = path.validation_means_
    assert (means > 0.03).sum() == 3
    dots = [float(x) for x in re.findall('cx="([^"]+)"', path_html(path))]
    assert len(dots) == 2
    assert dots == sorted(dots)
    assert "<svg" not in path_html(fake(standard_errors_=np.full(3, NAN)))


def test_the_html_is_escaped(monkeypatch):
    name = '<b>1 & "2"</b> <script>\''
    monkeypatch.setattr("xl2.path.tables.caption", lambda path: name)
    monkeypatch.setattr("xl2.path.tables._remark", lambda path, k: name)
    monkeypatch.setattr("xl2.path.tables.notes", lambda path: [name])
    text = path_html(fake())
    assert "<b>" not in text
    assert "<script" not in text
    assert [row[-1] for row in Parsed(text).rows[1:-1]] == [name] * 3


def test_the_frame_has_a_row_for_each_member():
    pytest.importorskip("pandas", reason="a data frame needs pandas: pip install pandas")
    path = fake(folds=3)
    path.diverged_[2, 1, 0] = True
    path.epochs_[1, 2, 1] = 7
    frame = path_frame(path)
    assert len(frame) == 18
    members = [(k, f, s) for k in range(3) for f in range(3) for s in range(2)]
    for member, row in zip(members, frame.itertuples(index=False), strict=True):
        score = path.validation_scores_by_seed_[member]
        expected = (path.lambdas_[member[0]], *member[1:], score + 0.5, score, 0.001, score)
        assert tuple(row)[:8] == (*expected, score - 1)
        assert row.diverged == (member == (2, 1, 0))
        assert row.epochs == (7 if member == (1, 2, 1) else 30)
    names = "lambda fold seed train_score validation_score null_score accuracy neg_log_loss"
    assert list(frame.columns) == [*names.split(), "diverged", "epochs"]


def test_without_pandas_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(InputError, match="pip install pandas"):
        path_frame(fake())
