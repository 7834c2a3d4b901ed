"""Trained paths for the tests of the report, and a parser of its page."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
from plain_paths import plain_path

import xl2
from xl2.data import split
from xl2.report.page import report_html

SCRIPT = "<script>alert(1)</script>"
NASTY = [SCRIPT, "\"\U0001f431\" & '猫'", "Donau" + "dampfschifffahrts" * 12, "$\\frac{a}$ $b"]
FACTS = {"command": "xl2 path cats.csv", "seed": "0"}
SECTIONS = ["The verdict", "Which lambda: 0", "Why: what was tried and measured"]
OF_PIXELS = [*SECTIONS, "Where it goes wrong", "The run"]
OF_COLUMNS = [*OF_PIXELS[:-1], "What matters", "The run"]
EMPTY = {"meta", "img", "input"}  # elements without an end tag


class Run(SimpleNamespace):
    """A path with its diagnosis, its model and the test samples."""

    def page(self, **changed):
        return report_html(*self.arguments, **{"title": "Cats", "facts": FACTS} | changed)

    @property
    def arguments(self):
        return self.path, self.diagnosis, self.model, self.X, self.y


def run(X, y, lambdas=(0.0, 1.0), **options):
    X, held, y, known = split(X, y, fraction=0.4, seed=0, stratify=False)
    settings = {"hidden": (6,), "epochs": 5, "cv": 3, "learning_rate": 0.02, "progress": False}
    path = plain_path(X, y, lambdas, backend="numpy", **settings | options)
    diagnosis = xl2.diagnose(path, X, y, held, known)
    return Run(path=path, diagnosis=diagnosis, model=path.best_model_, X=held, y=known)


def clouds(classes, rows, features=5, apart=1.5):
    """Return samples around a centre for each class, and the numbers of the classes."""
    rng, numbers = np.random.default_rng(classes), np.arange(rows) % classes
    centres = apart * rng.normal(size=(classes, features))
    return centres[numbers] + rng.normal(size=(rows, features)), numbers


class Reader(HTMLParser):
    """The elements of a page in order, with their texts; raises if one is not closed."""

    def __init__(self, page):
        super().__init__()
        self.open, self.elements = [], []
        self.feed(page)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag, attributes):
        element = SimpleNamespace(tag=tag, of=dict(attributes), text="", inside=list(self.open))
        self.elements.append(element)
        if tag not in EMPTY:
            self.open.append(element)

    def handle_endtag(self, tag):
        assert self.open.pop().tag == tag, f"</{tag}> closes something else"

    def handle_data(self, data):
        for element in self.open:
            element.text += data

    def all(self, *tags):
        return [element for element in self.elements if element.tag in tags]

    def texts(self, *tags):
        return [plain(element.text) for element in self.all(*tags)]

    def headings(self):
        """Return the texts of the parts, of which one is named after the best lambda."""
        return [re.sub(r"lambda: .*", "lambda: 0", text) for text in self.texts("h2")]

    def below(self, heading):
        """Return the elements from a heading on, which may be the first words of it."""
        headings = [k for k, e in enumerate(self.elements) if e.tag in ("h2", "h3")]
        first = next(k for k in headings if self.elements[k].text.startswith(heading))
        end = next((k for k in headings if k > first), len(self.elements))
        return self.elements[first:end]

    def table(self, heading, which=-1):
        """Return the rows of a table below a heading, by default of the last."""
        tables = []
        for element in self.below(heading):
            if element.tag == "table":
                tables.append([])
            if element.tag == "tr":
                tables[-1].append([])
            if element.tag in ("th", "td"):
                tables[-1][-1].append(plain(element.text))
        return tables[which]

    def pictures(self):
        """Return the wide layout of each picture, an element."""
        return [svg for svg in self.all("svg") if svg.of["class"] == "wide"]


def plain(text):
    return " ".join(text.split())
