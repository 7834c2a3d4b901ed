"""The API pages name everything public, and the lists of other libraries are inventories."""

from __future__ import annotations

import re

import pytest
from conftest import ROOT

import xl2
from xl2 import data, figures, notebook, tracking

pytestmark = pytest.mark.host

PACKAGES = (xl2, data, figures, tracking, notebook)


def listed() -> list[str]:
    """Return the names that the summaries of docs/api/ list, in full."""
    names = []
    for page in (ROOT / "docs" / "api").glob("*.rst"):
        module = ""
        for line in page.read_text().splitlines():
            if found := re.match(r"\.\. currentmodule:: (\S+)", line):
                module = found[1]
            elif found := re.match(r"   (\w[\w.]*)$", line):
                names.append(f"{module}.{found[1]}")
    return names


def public(package):
    """Return the public names of a package, but its packages; the notebook has no list of them."""
    if package is notebook:
        return [
            name
            for name, value in vars(notebook).items()
            if not name.startswith("_") and getattr(value, "__module__", "") == notebook.__name__
        ]
    return [name for name in package.__all__ if getattr(package, name) not in PACKAGES]


def test_every_public_name_is_on_a_page_once():
    names = listed()
    assert len(names) == len(set(names))
    shown = [value_of(name) for name in names if name.startswith("xl2.")]
    for package in PACKAGES:
        for name in public(package):
            value = getattr(package, name)
            times = sum(value is one for one in shown)
            assert times == 1, f"{package.__name__}.{name} is on {times} pages of docs/api/"


def value_of(name):
    value = xl2
    for part in name.split(".")[1:]:
        value = getattr(value, part)
    return value


@pytest.mark.parametrize("package", PACKAGES[1:], ids=lambda package: package.__name__)
def test_every_package_says_what_it_is_for(package):
    pages = "\n".join(page.read_text() for page in (ROOT / "docs" / "api").glob("*.rst"))
    assert f".. automodule:: {package.__name__}\n" in pages


def test_every_page_is_in_the_navigation():
    text = "\n".join(page.read_text() for page in (ROOT / "docs").glob("*.md"))
    lists = re.findall(r"^```\{toctree\}\n(.*?)^```", text, re.M | re.S)
    named = {line for part in lists for line in part.splitlines() if line and line[0] != ":"}
    pages = {page.stem for page in (ROOT / "docs").glob("*.md")}
    assert pages - named == {"index"}
    assert named - pages == {"api/index", "gallery/index"}


def test_the_lists_of_other_libraries_are_inventories():
    """The first version of Sphinx's format: a name, its kind and its page on each line."""
    for file in (ROOT / "docs" / "inventories").iterdir():
        head, lines = file.read_text().splitlines()[:3], file.read_text().splitlines()[3:]
        assert head[0] == "# Sphinx inventory version 1"
        assert [part.partition(":")[0] for part in head[1:]] == ["# Project", "# Version"]
        for line in lines:
            assert re.fullmatch(r"[\w.]+ (mod|class|function|data|exception) [\w./-]+\.html", line)
        names = [line.split()[0] for line in lines]
        assert len(names) == len(set(names))


def test_no_page_links_to_a_part_of_the_readme():
    """The site has only its beginning, as the home page."""
    for page in (ROOT / "docs").glob("*.md"):
        assert "README.md#" not in page.read_text().replace("benchmarks/README.md#", ""), page.name
