"""A path as text, HTML and data frame."""

from __future__ import annotations

import math
import sys
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest

from xl2.errors import InputError
from xl2.path.tables import path_frame, path_html, path_text, rows_of

pytestmark = pytest.mark.host

NAN = math.nan
BOTH = "best, largest within std. error"


def fake(lambdas=(0.0, 0.5, 1e-5), folds=2, seeds=2, best=0, simplest=0, **changes):
    """Return an object with the attributes that tables need; every score is different."""
    shape = (len(lambdas), folds, seeds)
    scores = np.arange(np.prod(shape)).reshape(shape) / 100
    path = SimpleNamespace(
        lambdas_=np.array(lambdas),
        score_name_="accuracy",
        train_means_=np.full(len(lambdas), 0.987654),
        validation_means_=scores.mean(axis=(1, 2)),
        standard_errors_=np.full(len(lambdas), 0.012345),
        train_scores_by_seed_=scores + 0.5,
        validation_scores_by_seed_=scores,
        diverged_=np.zeros(shape, dtype=bool),
        epochs_=np.full(shape, 30),
        n_epochs_=30,
        best_index_=best,
        index_1se_=simplest,
        fit_time_=1.25,
    )
    vars(path).update(changes)
    return path


def remarks(path):
    return [row[-1] for row in rows_of(path)]


class Cells(HTMLParser):
    """Collects the cells of each row, and fails if tags are not closed in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.rows = [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data


def test_the_whole_text():
    path = fake(lambdas=[0.0, 1.0], folds=1, seeds=1, simplest=1)
    assert path_text(path) == "\n".join(
        [
            "2 lambdas, 30 epochs, 1.2 s; accuracy in %",
            "",
            "      lambda   training validation  std. error",
            "           0      98.77       0.00        1.23  best",
            "           1      98.77       1.00        1.23  largest within std. error",
        ]
    )


def test_an_accuracy_is_in_percent_and_r2_is_not():
    assert next(rows_of(fake())) == ("0", "98.77", "1.50", "1.23", BOTH)
    path = fake(score_name_="R2", validation_means_=np.array([-0.25, -1234.5, -3.4e38]))
    assert [row[1:4] for row in rows_of(path)] == [
        ("0.9877", "-0.2500", "0.0123"),
        ("0.9877", "-1.2e+03", "0.0123"),
        ("0.9877", "-3.4e+38", "0.0123"),
    ]
    assert path_text(path).splitlines()[0].endswith("; R2")


def test_nan_is_a_dash():
    path = fake(standard_errors_=np.array([0.01, NAN, 0.01]), train_means_=np.full(3, NAN))
    assert [row[1:4:2] for row in rows_of(path)] == [("-", "1.00"), ("-", "-"), ("-", "1.00")]


def test_the_remarks():
    assert remarks(fake()) == [BOTH, "", ""]
    assert remarks(fake(best=1, simplest=2)) == ["", "best", "largest within std. error"]


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
    [("accuracy", [1.0, 1.0, 0.0, NAN]), ("R2", [-1e308, 1.0, -999.99999, NAN])],
)
def test_the_text_has_at_most_80_columns(score_name, means, epochs):
    """Even with the longest numbers, and a remark that continues on the next line."""
    path = fake([1.23457e-100, 0.0, 1000.0, 1e-05], 10, 10, score_name_=score_name)
    path.train_means_ = path.validation_means_ = np.array(means)
    path.n_epochs_, path.fit_time_ = 100000, 123456.7
    path.epochs_[:], path.epochs_[0] = path.n_epochs_, epochs
    path.diverged_[3] = True
    lines = path_text(path).splitlines()
    assert max(map(len, lines)) <= 80
    assert all(line == line.rstrip() for line in lines)
    # Nothing is cut off, and there is a space between any two figures.
    words = " ".join(lines[3:]).split()
    assert words == " ".join(" ".join(row) for row in rows_of(path)).split()


def test_the_most_common_remark_fits_on_one_line():
    assert len(path_text(fake()).splitlines()) == 3 + 3
    assert BOTH in path_text(fake())


@pytest.mark.parametrize(("folds", "seeds"), [(1, 1), (5, 1), (1, 3), (5, 3)])
def test_the_first_line_counts_the_networks(folds, seeds):
    first = path_text(fake([0.0], folds, seeds, n_epochs_=1)).splitlines()[0]
    counts = ["1 lambda", f"{folds} folds", f"{seeds} seeds"]
    expected = [count for count in counts if not count.startswith("1 ") or count == "1 lambda"]
    assert first == " x ".join(expected) + ", 1 epoch, 1.2 s; accuracy in %"


def test_the_html_has_the_cells_of_the_table():
    path = fake(best=1)
    head, *body = Cells(path_html(path)).rows
    assert head == ["lambda", "training", "validation", "std. error", ""]
    assert [tuple(row) for row in body] == list(rows_of(path))


def test_the_html_is_escaped(monkeypatch):
    name = '<b>1 & "2"</b> <script>\''
    monkeypatch.setattr("xl2.path.tables.caption", lambda path: name)
    monkeypatch.setattr("xl2.path.tables._remark", lambda path, k: name)
    text = path_html(fake())
    assert "<b>" not in text
    assert "<script" not in text
    assert [row[-1] for row in Cells(text).rows[1:]] == [name] * 3


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
        expected = (path.lambdas_[member[0]], *member[1:], score + 0.5, score)
        assert tuple(row)[:5] == expected
        assert row.diverged == (member == (2, 1, 0))
        assert row.epochs == (7 if member == (1, 2, 1) else 30)
    names = ["lambda", "fold", "seed", "train_score", "validation_score", "diverged", "epochs"]
    assert list(frame.columns) == names


def test_without_pandas_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(InputError, match="pip install pandas"):
        path_frame(fake())
