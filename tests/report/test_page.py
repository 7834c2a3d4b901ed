"""The contents of the page, and its errors."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import importlib.metadata
import socket
import sys
from pathlib import Path

import numpy as np
import pytest
from report_tools import FACTS, OF_PIXELS, SCRIPT, Reader, plain

import xl2
from xl2 import InputError
from xl2.array.backend import Backend
from xl2.diagnosis.sentences import about_scores, evidence
from xl2.diagnosis.tables import action_table
from xl2.nn.score_names import shown_score
from xl2.path.notes import notes
from xl2.report.page import report_html, run_facts, write_report

pytestmark = pytest.mark.host

pytest.importorskip("matplotlib", reason="the pictures are drawn by matplotlib")
pytest.importorskip("jinja2", reason="the page is a template of jinja2")


def test_sections_are_in_order(digits_page, values, undrawn):
    found = Reader(digits_page)
    assert found.texts("h1") == ["Cats"]
    assert found.headings() == OF_PIXELS
    assert found.texts("h3") == [
        "What was tried, and what it would gain",
        "What was measured",
        "Loss after each epoch",
        "Confusion matrix",
        "Most confident mistakes",
        "Reliability of the probabilities",
        "Settings of the run",
    ]
    found = Reader(values.page())
    assert found.headings() == OF_PIXELS
    assert found.texts("h3")[-3:] == [
        "Predicted against true values",
        "Largest errors",
        "Settings of the run",
    ]


def test_the_document_has_its_metadata(digits_page):
    assert digits_page.startswith('<!DOCTYPE html>\n<html lang="en">')
    found = Reader(digits_page)
    metas = [element.of for element in found.all("meta")]
    assert {"charset": "utf-8"} in metas
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in metas
    assert found.texts("title") == ["Cats"]


def test_nothing_is_loaded_and_nothing_else_runs(digits_page, nasty_page):
    for page in (digits_page, nasty_page):
        found = Reader(page)
        assert not found.all("link", "iframe", "object", "embed", "form", "base")
        assert "http:" not in page
        assert "https:" not in page
        ids = {e.of["id"] for e in found.elements if "id" in e.of}
        for element in found.elements:
            assert not [name for name in element.of if name.startswith("on") or name == "style"]
            assert element.of.get("src", "data:").startswith("data:")
            assert element.of.get("href", "#verdict").removeprefix("#") in ids
        (style,), (script,) = found.all("style"), found.all("script")
        assert "url(" not in style.text
        assert "@import" not in style.text
        policy = next(m.of["content"] for m in found.all("meta") if "http-equiv" in m.of)
        of_style, of_script = (
            base64.b64encode(hashlib.sha256(one.text.encode()).digest()).decode()
            for one in (style, script)
        )
        assert policy == (
            f"default-src 'none'; img-src data:; style-src 'sha256-{of_style}'; "
            f"script-src 'sha256-{of_script}'; base-uri 'none'; form-action 'none'"
        )


def test_names_of_elements_are_unique(advised):
    ids = [e.of["id"] for e in Reader(advised.page()).elements if "id" in e.of]
    assert len(ids) == len(set(ids)) > 20


def test_tables_have_heads_and_pictures_alternative_texts(digits_page):
    found = Reader(digits_page)
    assert len(found.all("table")) == len(found.all("caption")) + 1  # the settings have a heading
    for cell in found.all("th"):
        in_the_head = "thead" in [element.tag for element in cell.inside]
        assert cell.of["scope"] == ("col" if in_the_head else "row")
        assert plain(cell.text)
    assert len(found.pictures()) == 5
    assert all(len(svg.of["aria-label"]) > 60 for svg in found.all("svg"))
    assert all(svg.of["role"] == "img" for svg in found.all("svg"))
    assert all(len(image.of["alt"]) > 10 for image in found.all("img"))
    labels = {s.of["aria-labelledby"] for s in found.all("section")}
    assert labels == {h.of["id"] for h in found.all("h2")}
    links = [a.of["href"].removeprefix("#") for a in found.all("a")]
    assert links == [h.of["id"] for h in found.all("h2")]


def test_the_verdict_has_the_words_and_the_numbers_of_the_diagnosis(nasty, nasty_page):
    found, d = Reader(nasty_page), nasty.diagnosis
    said = plain(next(s for s in found.all("section") if s.of.get("class") == "verdict").text)
    assert said.startswith(f"The verdict {' '.join(d.advice)}")
    (lead,) = [p for p in found.all("p") if p.of.get("class") == "lead"]
    assert plain(lead.text) == d.advice[0]
    assert d.limits.by == "signal"
    assert "not shown to be better" not in said  # the advice has said so
    for caution in d.cautions:
        assert plain(caution) in said
    for sentence in about_scores(d):
        assert plain(sentence) in plain(" ".join(found.texts("p")))
    low, high = (100 * limit for limit in d.test_interval)
    rows = found.table("What was measured", 0)
    assert rows[0] == ["measure", "accuracy", "95 % interval"]
    assert rows[2] == ["test", f"{100 * d.test_score:.2f} %", f"{low:.2f} to {high:.2f} %"]
    assert [row[0] for row in rows] == ["measure", "training", "test", "bias", "gap"]
    assert f"{len(nasty.y)} test samples" in " ".join(found.texts("caption"))
    (first, *_) = found.pictures()
    assert f"Test: {100 * d.test_score:.2f} %." in first.of["aria-label"]


def test_what_gains_is_a_table_with_a_picture_and_the_next_step(advised, undrawn):
    d = dataclasses.replace(advised.diagnosis, next_step="xl2 path <b>")
    assert d.actions
    page = report_html(advised.path, d, *advised.arguments[2:], title="", facts={})
    found = Reader(page)
    said = plain(next(s for s in found.all("section") if s.of.get("class") == "verdict").text)
    assert said.startswith(f"The verdict {' '.join(d.advice)} Next: xl2 path <b>")
    assert [code.text for code in found.all("code")] == ["xl2 path <b>"]
    head, *rows = [[plain(cell) for cell in row] for row in action_table(d)]
    cells = found.table("What was tried")
    assert cells[0] == head[:-1]
    assert cells[1:] == [[plain(f"{row[0]} {row[-1]}"), *row[1:-1]] for row in rows]
    below = plain(" ".join(e.text for e in found.below("What was tried")))
    for sentence in evidence(d):
        assert plain(sentence) in below
    pictures = {svg.of["data-name"]: svg.of["aria-label"] for svg in found.pictures()}
    assert rows[0][1] in pictures["gains"]
    assert "extrapolated" in pictures["learning"]


def test_the_best_lambda_is_a_heading_if_there_is_a_signal(advised, undrawn):
    assert advised.diagnosis.limits.by != "signal"
    best = f"Which lambda: {advised.path.best_lambda_:g}"
    assert best in Reader(advised.page()).texts("h2")


def test_cautions_are_notes(nasty, undrawn):
    same = xl2.diagnose(nasty.path, nasty.X, nasty.y, nasty.X, nasty.y)
    assert same.cautions
    known = dataclasses.replace(same, limits=dataclasses.replace(same.limits, by="unknown"))
    (of_path,) = notes(nasty.path)
    assert of_path.startswith("No lambda beats the null model")
    # Without a signal the advice has said so.
    for diagnosis, more in ((same, []), (known, [of_path])):
        page = report_html(nasty.path, diagnosis, *nasty.arguments[2:], title="", facts={})
        expected = [plain(f"Note: {text}") for text in (*same.cautions, *more)]
        notes_of = [p for p in Reader(page).all("p") if p.of.get("class") == "note"]
        assert [plain(p.text) for p in notes_of] == expected


def test_notes_on_the_data_stand_beside_the_scores_and_are_escaped(nasty, undrawn):
    note = f"3 of the 48 test samples of {SCRIPT} have the features of a training sample."
    found = Reader(nasty.page(data_notes=[note]))
    (shown,) = [p for p in found.all("p") if p.text == f"Note: {note}"]
    assert "verdict" in [one.of.get("class") for one in shown.inside]
    assert len(found.all("script")) == 1


def test_the_columns_of_the_data_are_a_table_and_are_escaped(nasty, nasty_page, undrawn):
    assert "The data set" not in Reader(nasty_page).texts("h3")
    note = f"Left out, because it numbers the rows: {SCRIPT}."
    rows = [("column", "kind", "missing", "values"), (SCRIPT, "category", "3", f"{SCRIPT} (5)")]
    found = Reader(nasty.page(reading=[note], columns=rows))
    assert note in [p.text for p in found.all("p")]
    assert [tuple(row) for row in found.table("The data set")] == rows
    assert len(found.all("script")) == 1


def test_lambdas_are_listed_and_the_best_is_marked(nasty, nasty_page):
    path, found = nasty.path, Reader(nasty_page)
    _, *rows, null = found.table("Which lambda")
    shown = shown_score(path.score_name_)
    for row, lam, mean in zip(rows, path.lambdas_, path.validation_means_, strict=True):
        assert (row[0].split()[0], row[2]) == (f"{lam:g}", shown.cell(mean))
    assert (null[0].split()[0], null[2]) == ("null", shown.cell(path.null_score_))
    chosen = [tr for tr in found.all("tr") if tr.of.get("class") == "best"]
    assert [plain(tr.text).split()[0] for tr in chosen] == [f"{path.best_lambda_:g}"]
    assert nasty.diagnosis.limits.by == "signal"
    assert "Which lambda: no signal to choose it by" in found.texts("h2")
    said = [tr.of["data-says"] for tr in found.all("tr") if "data-says" in tr.of]
    for text, mean in zip(said, path.train_means_, strict=True):
        assert f"{shown.cell(mean)} in training" in text


def test_facts_come_last_and_in_their_order(nasty_page):
    assert Reader(nasty_page).table("Settings of the run") == [
        ["file", f"{SCRIPT}.csv"],
        ["long", "W" * 300],
        ["command", "xl2 path cats.csv"],
        ["seed", "0"],
    ]


def test_the_same_arguments_give_the_same_page(values):
    page = values.page()
    assert values.page() == page
    changed = values.page(facts={"date": "today"})
    assert changed != page
    assert changed.partition("Settings of the run")[0] == page.partition("Settings of the run")[0]


def test_a_report_is_a_file_in_utf8(tmp_path, nasty, undrawn):
    out = tmp_path / "report.html"
    write_report(out, *nasty.arguments, title="Cats", facts=FACTS)
    assert out.read_bytes().decode("utf-8") == nasty.page()


def test_a_file_name_that_is_no_text_is_written(tmp_path, nasty, undrawn):
    out = tmp_path / "report.html"
    write_report(out, *nasty.arguments, title="Cats", facts={"file": "caf\udce9.csv"})
    assert "caf?.csv" in out.read_text(encoding="utf-8")


def test_a_path_that_cannot_be_written_is_refused(tmp_path, nasty, undrawn):
    with pytest.raises(InputError, match="does not exist"):
        write_report(tmp_path / "no" / "report.html", *nasty.arguments, title="", facts={})
    with pytest.raises(InputError, match="is a folder"):
        write_report(tmp_path, *nasty.arguments, title="", facts={})
    assert list(tmp_path.iterdir()) == []


def test_samples_and_labels_that_do_not_agree_are_refused(tmp_path, nasty, values):
    out = tmp_path / "report.html"
    out.write_text("as it was")
    path, diagnosis, model, X, y = nasty.arguments
    with pytest.raises(InputError, match="48 samples but y_test has 47"):
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


def test_facts_name_versions_but_not_the_computer():
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


def test_the_reliability_is_that_of_the_folds(nasty, nasty_page, values, undrawn):
    found = nasty.path.calibration_
    page = Reader(nasty_page)
    said = plain(" ".join(e.text for e in page.below("Reliability of the probabilities")))
    assert f"is {100 * found.reliability.error:.1f} points, of which chance explains" in said
    assert f"no part in finding it, the temperature {found.temperature:.2f} makes it" in said
    clearly = found.gain > 2 * found.gain_error
    assert ("does not clearly lower the log loss" in said) != clearly
    assert f"from {found.log_loss:.4f} to {found.calibrated_log_loss:.4f}." in said
    assert "by the probability of the predicted class" in said
    assert "Reliability of the probabilities" not in Reader(values.page()).texts("h3")
