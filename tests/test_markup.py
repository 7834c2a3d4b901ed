"""What a notebook shows of paths, diagnoses, histories and networks."""

from __future__ import annotations

import dataclasses
import math
import re
from types import SimpleNamespace

import numpy as np
import pytest
from html_tools import Parsed
from sklearn.datasets import make_classification

import xl2
from xl2 import markup
from xl2.path.search_result import Search, Trial

pytestmark = pytest.mark.host

NASTY = "<script>alert(1)</script> & \"a\" 'b' </style>"


@pytest.fixture(scope="module")
def samples():
    X, y = make_classification(240, 5, n_informative=3, random_state=0)
    return X[:160], y[:160], X[160:], y[160:]


@pytest.fixture(scope="module")
def path(samples):
    X, y, *_ = samples
    return xl2.regularization_path(X, y, [0, 1, 30], epochs=200, hidden=(8,), experiments=True)


@pytest.fixture(scope="module")
def diagnosis(path, samples):
    return xl2.diagnose(path, *samples)


def words_of(text):
    """Return the words of a text, without how it is set in lines."""
    return set(text.split())


def test_a_path_says_what_is_printed(path):
    page = Parsed(path._repr_html_())
    assert words_of(str(path)) <= words_of(page.words)
    assert f"{path.best_lambda_:g}" == re.search(
        r'class="xl2-chosen"><th[^>]*>([^<]+)<', path._repr_html_()
    ).group(1)


def test_a_diagnosis_says_what_is_printed_its_verdict_first(diagnosis):
    page = Parsed(diagnosis._repr_html_())
    assert page.words.startswith(diagnosis.advice[0])
    assert words_of(str(diagnosis)) <= words_of(page.words)
    assert page.tags.count("circle") == len(diagnosis.actions)


def test_the_dots_of_gains_are_where_the_gains_are(diagnosis):
    first = diagnosis.actions[0]
    actions = tuple(
        dataclasses.replace(first, gain=gain, interval=(gain - 0.02, gain + 0.01))
        for gain in (0.05, 0.01, -0.03)
    )
    text = dataclasses.replace(diagnosis, actions=actions)._repr_html_()
    dots = [float(x) for x in re.findall('cx="([^"]+)"', text)]
    (zero,) = set(re.findall(r'd="M([\d.]+) -4V20"', text))
    lengths = np.array(dots) - float(zero)
    np.testing.assert_allclose(lengths / lengths[0], [1.0, 0.2, -0.6], atol=0.01)


def test_nasty_names_are_escaped(diagnosis):
    page = dataclasses.replace(diagnosis, next_step=NASTY, cautions=(NASTY,))._repr_html_()
    found = Parsed(page)
    assert "script" not in found.tags
    assert NASTY in found.words
    network = xl2.Network([2, 1], "sigmoid")
    for shown in (
        xl2.Model(network, features=(NASTY, "\x1b[31m"), classes=(NASTY, "b")),
        xl2.Ensemble([xl2.Model(network, features=(NASTY, "c"), classes=(NASTY, "b"))]),
    ):
        page = shown._repr_html_()
        assert "script" not in Parsed(page).tags
        assert Parsed(page).words.count(NASTY) == 2
        assert page.isprintable()
    for page in (
        markup.paragraph(NASTY),
        markup.folded(NASTY, "<p></p>"),
        markup.table([NASTY], [[NASTY]], caption=NASTY),
        markup.sparkline([1.0, 2.0], NASTY),
    ):
        assert "script" not in Parsed(page).tags


def test_only_outputs_with_a_wide_table_are_stops_of_the_tab_key(path, diagnosis):
    cells = ["word " * 20, "0.123456", "0.123456"]
    small = markup.table(["column", "mean", "error"], [cells])
    mark = markup.span_mark(0.5, 0.4, 0.6, (0.0, 1.0))
    for text, wide in (
        (markup.output(small), False),
        (markup.output(small, markup.table([*"abcdef"], [["0.123456"] * 6])), True),
        (markup.output(markup.table(["name " * 9, ""], [["a", mark]])), False),
        (markup.output(markup.table(["name", "", ""], [["a", mark, mark]])), True),
        (path._repr_html_(), True),
        (diagnosis._repr_html_(), True),
    ):
        box = text[: text.index(">")]
        assert ('tabindex="0"' in box) == wide
        assert ('role="group" aria-label="' in box) == wide


def test_a_model_in_a_terminal_is_a_line_without_its_numbers(path):
    text = repr(path.best_model_)
    assert text.startswith(f"Model({path.best_model_.network!r}; classes: 0, 1; temperature: ")
    assert repr(path.ensemble_) == f"Ensemble(10 models, of each {text})"
    network = xl2.Network([40, 1])
    model = xl2.Model(network, features=(NASTY, "\x1b[31m", *"abcdefghijklmnopqrstuvwxyz" * 2))
    assert repr(model).isprintable()
    assert len(repr(model)) < 400


def test_no_output_has_a_colour_of_its_own(path, diagnosis):
    network = xl2.Network([5, 4, 2], ["relu", "softmax"])
    for shown in (path, diagnosis, path.best_model_, path.ensemble_, network):
        text = shown._repr_html_()
        assert set(re.findall(r'(?:stroke|fill)="([^"]+)"', text)) <= {"currentColor", "none"}
        assert set(re.findall(r"(?:[^-]color|background):([^;}]+)", text)) <= {
            "inherit",
            "transparent",
        }
        assert "http" not in text
        assert "src=" not in text


def test_a_history_has_the_first_and_last_value_of_each_curve(samples):
    X, y, X_test, y_test = samples
    network = xl2.Network([5, 4, 1], ["relu", "sigmoid"])
    history = xl2.fit(network, X, y, epochs=4, penalty=1.0, validation=(X_test, y_test))
    head, *rows = Parsed(history._repr_html_()).rows
    assert head[1:3] == ["first", "last"]
    for name, first, last, _ in rows:
        values = getattr(history, name.replace(" ", "_"))
        assert float(first) == pytest.approx(values[0], rel=1e-3)
        assert float(last) == pytest.approx(values[-1], rel=1e-3)
    assert len(rows) == 5
    assert "4 epochs" in history._repr_html_()
    assert "No epoch" in xl2.History()._repr_html_()


def test_a_history_of_a_stack_has_means_of_what_did_not_diverge():
    history = xl2.History(
        loss=[np.array([1.0, 3.0, np.nan]), np.array([0.5, 1.5, np.nan])],
        seconds=[0.1, 0.1],
        diverged=np.array([0, 0, 1]),
    )
    page = Parsed(history._repr_html_())
    assert page.rows[1][:3] == ["loss", "2", "1"]
    assert "1 of 3 networks diverged" in page.words
    history.loss = [np.full(3, np.nan)] * 2
    assert Parsed(history._repr_html_()).rows[1][:3] == ["loss", "nan", "nan"]


def test_a_network_has_its_layers_and_all_parameters():
    network = xl2.Network([30, 1200, 3], ["relu", "softmax"], dtype="float64")
    page = Parsed(network._repr_html_())
    assert page.rows[1:] == [
        ["1", "30", "1,200", "relu", "37,200"],
        ["2", "1,200", "3", "softmax", "3,603"],
    ]
    total = sum(p.size for layer in network.host_parameters() for p in layer)
    assert f"{total:,} parameters, float64, numpy" in page.words
    stack = xl2.Network([3, 2], "softmax", stack=(2, 5))
    assert "a stack of 2 x 5; of each: 8 parameters" in Parsed(stack._repr_html_()).words


def test_a_model_and_an_ensemble_say_what_they_take(path):
    assert "Standardised: inputs." in Parsed(path.best_model_._repr_html_()).words
    assert f"temperature {path.best_model_.temperature:.2f}" in path.best_model_._repr_html_()
    count = len(path.ensemble_.models)
    assert f"Ensemble of {count} models" in Parsed(path.ensemble_._repr_html_()).words
    many = xl2.Model(xl2.Network([12, 1]), features=tuple(f"c{k}" for k in range(12)))
    assert "c9 and 2 more." in many._repr_html_()


def test_a_search_has_the_trials_that_are_printed():
    best = SimpleNamespace(score_name_="accuracy", searched_=3)
    trials = [
        Trial(k, {"hidden": NASTY}, 0.9 + k / 100, 1.0, 2.0, state)
        for k, state in enumerate(["complete", "complete", "pruned"])
    ]
    search = Search({}, 0.9, best, trials, None)
    page = Parsed(search._repr_html_())
    assert [row[0] for row in page.rows[1:]] == ["1", "0"]
    assert "script" not in page.tags
    assert words_of(str(search)) <= words_of(page.words)


@pytest.mark.parametrize(
    ("values", "pieces"), [([3.0, 1.0, 2.0], 1), ([1.0, math.nan, 2.0, 3.0], 2), ([5.0, 5.0], 1)]
)
def test_a_sparkline_goes_through_its_values(values, pieces):
    line = re.search(' d="([^"]+)"', markup.sparkline(values, "x", 102, 22)).group(1)
    points = [tuple(map(float, p.split())) for p in re.findall("[ML]([^ML]+)", line)]
    finite = [(k, v) for k, v in enumerate(values) if math.isfinite(v)]
    assert line.count("M") == pieces
    assert [x for x, _ in points] == [round(1 + 100 * k / (len(values) - 1), 1) for k, _ in finite]
    assert (np.diff([y for _, y in points]) * np.diff([v for _, v in finite]) <= 0).all()
    assert all(1 <= y <= 21 for _, y in points)


def test_values_that_are_all_the_same_are_a_line_in_the_middle():
    assert 'd="M1.0 11.0L51.0 11.0L101.0 11.0"' in markup.sparkline([3.0] * 3, "x", 102, 22)


def test_the_heads_of_a_table_are_marked_as_such():
    page = markup.table(["", "a", ""], [["b", "1", ""]])
    assert re.findall(r'<(t[dh])\b(?: scope="(\w+)")?', page) == [
        ("td", ""),
        ("th", "col"),
        ("td", ""),
        ("th", "row"),
        ("td", ""),
        ("td", ""),
    ]


def test_what_cannot_be_drawn_is_left_out():
    assert markup.sparkline([1.0], "x") == markup.sparkline([math.nan, math.inf], "x") == ""
    assert markup.span_mark(math.nan, 0.0, 1.0, (0.0, 1.0)) == ""
    assert markup.span_mark(2.0, 0.0, 1.0, (0.0, 1.0)) == ""
    assert markup.span_mark(0.0, 0.0, 0.0, (0.0, 0.0)) == ""
    assert markup.folded("more", "") == ""
    assert markup.table(["a"], [[markup.Picture("<b></b>")]]).count("<b></b>") == 1
