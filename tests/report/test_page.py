"""The contents of the page, and its errors."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import re
import socket
import sys
from pathlib import Path

import numpy as np
import pytest
from report_tools import FACTS, OF_PIXELS, OF_VALUES, SCRIPT, Reader, plain

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


def without_pictures(page):
    return re.sub(r"base64,[A-Za-z0-9+/=]*", "", page)


def test_sections_are_in_order(digits_page, values, undrawn):
    assert Reader(digits_page).texts("h1", "h2") == ["Cats", *OF_PIXELS]
    assert Reader(values.page()).texts("h2") == OF_VALUES


def test_the_document_has_its_metadata(digits_page):
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


def test_tables_have_heads_and_pictures_alternative_texts(digits_page):
    found = Reader(digits_page)
    assert len(found.all("table")) == 6
    for cell in found.all("th"):
        in_the_head = "thead" in [element.tag for element in cell.inside]
        assert cell.of["scope"] == ("col" if in_the_head else "row")
    assert len(found.all("img")) == 5
    assert all(len(image.of["alt"]) > 20 for image in found.all("img"))
    labels = {s.of["aria-labelledby"] for s in found.all("section")}
    assert labels == {h.of["id"] for h in found.all("h2")}


def test_the_verdict_has_the_words_and_the_numbers_of_the_diagnosis(nasty, nasty_page):
    found, d = Reader(nasty_page), nasty.diagnosis
    said = plain(next(s for s in found.all("section") if s.of["class"] == "verdict").text)
    assert said.startswith(f"Verdict {' '.join(d.advice)}")
    assert d.limits.by == "signal"
    assert "not shown to be better" not in said  # the advice has said so
    for sentence in (*d.cautions, *about_scores(d)):
        assert plain(sentence) in said
    low, high = (100 * limit for limit in d.test_interval)
    rows = found.table("Verdict")
    assert rows[0] == ["", "accuracy", "95 % interval"]
    assert rows[2] == ["test", f"{100 * d.test_score:.2f} %", f"{low:.2f} to {high:.2f} %"]
    assert [row[0] for row in rows] == ["", "training", "test", "bias", "gap"]
    assert f"{len(nasty.y)} test samples" in said


def test_what_gains_is_a_table_with_a_picture_and_the_next_step(advised, undrawn):
    d = dataclasses.replace(advised.diagnosis, next_step="xl2 path <b>")
    assert d.actions
    page = report_html(advised.path, d, *advised.arguments[2:], title="", facts={})
    found = Reader(page)
    said = plain(next(s for s in found.all("section") if s.of["class"] == "verdict").text)
    assert said.startswith(f"Verdict {' '.join(d.advice)} Next: xl2 path <b> What was tried Gains")
    assert [code.text for code in found.all("code")] == ["xl2 path <b>"]
    rows = [[plain(cell) for cell in row] for row in action_table(d)]
    cells = [plain(e.text) for e in found.all("th", "td")][: sum(map(len, rows))]
    assert cells == [cell for row in rows for cell in row]
    for sentence in evidence(d):
        assert plain(sentence) in said
    assert found.all("img")[0].of["alt"].startswith("The validation score against the number")
    assert len(found.all("img")) == len(Reader(advised.page()).all("img"))


def test_cautions_are_notes(nasty, undrawn):
    same = xl2.diagnose(nasty.path, nasty.X, nasty.y, nasty.X, nasty.y)
    assert same.cautions
    known = dataclasses.replace(same, limits=dataclasses.replace(same.limits, by="unknown"))
    (of_path,) = notes(nasty.path)
    assert of_path.startswith("No lambda beats the null model")
    # Without a signal the advice has said so.
    for diagnosis, more in ((same, []), (known, [of_path])):
        page = report_html(nasty.path, diagnosis, *nasty.arguments[2:], title="", facts={})
        expected = [f"Note: {text}" for text in (*same.cautions, *more)]
        assert [p.text for p in Reader(page).all("p") if p.of.get("class") == "note"] == expected


def test_notes_on_the_data_stand_beside_the_scores_and_are_escaped(nasty, undrawn):
    note = f"3 of the 48 test samples of {SCRIPT} have the features of a training sample."
    found = Reader(nasty.page(data_notes=[note]))
    (shown,) = [p for p in found.all("p") if p.text == f"Note: {note}"]
    assert shown.inside[-1].of["class"] == "verdict"
    assert not found.all("script")


def test_the_columns_of_the_data_are_a_table_and_are_escaped(nasty, nasty_page, undrawn):
    assert "The data set" not in Reader(nasty_page).texts("h2")
    note = f"Left out, because it numbers the rows: {SCRIPT}."
    rows = [("column", "kind", "missing", "values"), (SCRIPT, "category", "3", f"{SCRIPT} (5)")]
    found = Reader(nasty.page(reading=[note], columns=rows))
    assert note in [p.text for p in found.all("p")]
    assert [tuple(row) for row in found.table("The data set")] == rows
    assert not found.all("script")


def test_lambdas_are_listed_and_the_best_is_marked(nasty, nasty_page):
    path = nasty.path
    _, *rows, null = Reader(nasty_page).table("Lambdas tried")
    shown = shown_score(path.score_name_)
    for row, lam, mean in zip(rows, path.lambdas_, path.validation_means_, strict=True):
        assert (row[0], row[2]) == (f"{lam:g}", shown.cell(mean))
    assert (null[0], null[2]) == ("null", shown.cell(path.null_score_))
    chosen = [tr for tr in Reader(nasty_page).all("tr") if tr.of.get("class") == "chosen"]
    assert [plain(tr.text).split()[0] for tr in chosen] == [f"{path.best_lambda_:g}"]


def test_facts_come_last_and_in_their_order(nasty_page):
    assert Reader(nasty_page).table("Settings of the run") == [
        ["file", f"{SCRIPT}.csv"],
        ["long", "W" * 300],
        ["command", "xl2 path cats.csv"],
        ["seed", "0"],
    ]


def test_the_same_arguments_give_the_same_page(values, undrawn):
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
    said = plain(next(s for s in page.all("section") if "reliability" in s.of.values()).text)
    assert f"is {100 * found.reliability.error:.1f} points, of which chance explains" in said
    assert f"A temperature of {found.temperature:.2f}, measured by samples" in said
    clearly = found.gain > 2 * found.gain_error
    assert ("does not clearly lower the log loss" in said) != clearly
    assert f"from {found.log_loss:.4f} to {found.calibrated_log_loss:.4f}." in said
    assert "by the probability of the predicted class" in said
    assert "Reliability of the probabilities" not in Reader(values.page()).texts("h2")
