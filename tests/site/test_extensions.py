"""How links and names of the pages are changed for the site."""

from __future__ import annotations

import importlib
import sys

import pytest
from conftest import ROOT

pytestmark = pytest.mark.host
pytest.importorskip("sphinx", reason="tox -e docs has it")
pytest.importorskip("latex2mathml", reason="tox -e docs has it")


@pytest.fixture
def extension(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(ROOT / "docs" / "extensions"), *sys.path])
    return importlib.import_module


@pytest.mark.parametrize(
    ("folder", "link", "on_the_site"),
    [
        ("docs", "[tables.md](tables.md#files)", "[](tables.md#files)"),
        ("docs", "[a table](tables.md)", "[a table](tables.md)"),
        ("docs", "[the first page](../README.md)", "[the first page](index.md)"),
        ("docs", "[A script](../examples/groups.py)", "[A script](gallery/groups.rst)"),
        ("docs", "[speed](../benchmarks/README.md#a-gpu)", "[speed](speed.md#a-gpu)"),
        ("docs", "![a picture](lambda.png)", "![a picture](lambda.png)"),
        ("docs", "[NumPy](https://numpy.org) [here](#files)", None),
        (".", "[docs/tables.md](docs/tables.md)", "[](tables.md)"),
        ("benchmarks", "[docs/scaling.md](../docs/scaling.md)", "[](scaling.md)"),
    ],
)
def test_links_of_the_repository_become_links_of_the_site(extension, folder, link, on_the_site):
    assert extension("site_links").links_of(link, ROOT / folder) == (on_the_site or link)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("xl2.fit", "xl2.fit"),
        ("fit", None),  # also a method, and a word
        ("diagnose", "xl2.diagnose"),
        ("regularization_path", "xl2.regularization_path"),
        ("Model.temperature", "xl2.Model.temperature"),
        ("open_rows", "xl2.data.open_rows"),
        ("VerdictDisplay.from_diagnosis", "xl2.figures.VerdictDisplay.from_diagnosis"),
        ("MLPClassifier", "xl2.MLPClassifier"),
        ("GridSearchCV", "sklearn.model_selection.GridSearchCV"),
        ("numpy.memmap", "numpy.memmap"),
        ("xl2 path digits", None),
        ("keras.Model.fit", None),
        ("xl2.nn.passes", None),  # on no page
    ],
)
def test_a_name_in_a_page_is_found(extension, code, name):
    assert extension("site_names").name_of(code) == name


def test_a_formula_is_mathml(extension):
    body = []
    translator = type("Translator", (), {"body": body})
    nodes = importlib.import_module("docutils.nodes")
    for write, node in (("inline", nodes.math), ("block", nodes.math_block)):
        with pytest.raises(nodes.SkipNode):
            getattr(extension("site_math"), write)(translator, node("", r"\lambda^2"))
    assert "<msup><mi>&#x003BB;</mi><mn>2</mn></msup>" in body[0]
    assert 'display="block"' in body[1]
