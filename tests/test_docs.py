"""The README and the docs: names, tests, files and links exist."""

from __future__ import annotations

import re

import pytest
from conftest import ROOT

pytestmark = pytest.mark.host

PAGES = [*ROOT.glob("*.md"), ROOT / "benchmarks" / "README.md", *(ROOT / "docs").glob("*.md")]


def test_every_name_exists(python):
    """Each dotted name and each import, after a plain `import xl2`."""
    text = "\n".join(page.read_text() for page in PAGES)
    names = set(re.findall(r"\bxl2((?:\.[A-Za-z]\w*)+)", text)) - {".ipynb"}
    assert len(names) > 20
    imports = set(re.findall(r"^from xl2\S* import [\w, ]+", text, re.M))
    assert len(imports) > 3
    resolved = python(
        f"import operator, xl2\n"
        f"for name in {sorted(names)}: operator.attrgetter(name[1:])(xl2)\n"
        f"for line in {sorted(imports)}: exec(line)\n"
        f"print(len({sorted(names)}))"
    )
    assert int(resolved) == len(names)


def test_every_test_exists():
    text = "\n".join(page.read_text() for page in PAGES)
    files = list((ROOT / "tests").rglob("test_*.py"))
    found = {file.name.removesuffix(".py") for file in files}
    for file in files:
        found.update(re.findall(r"def (test_\w+)", file.read_text()))
    named = set(re.findall(r'\btest_\w+\b(?![="])', text))
    assert len(named) > 20
    fields = {"test_score", "test_interval", "test_rows"}  # in what --json prints
    assert named <= found | fields


def test_every_python_file_exists():
    text = "\n".join(page.read_text() for page in PAGES)
    named = set(re.findall(r"`([\w/]*\w\.py)\b", text)) - {"xl2_NAME.py", "xl2_other.py"}
    folders = ("xl2", "backends", "tests", "benchmarks", "docs", "examples")
    files = [file.as_posix() for folder in folders for file in (ROOT / folder).rglob("*.py")]
    assert len(named) > 20
    assert {name for name in named if not any(file.endswith(f"/{name}") for file in files)} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", page.read_text()):
        linked = (page.parent / target) if target else page
        assert linked.exists(), target
        if anchor:
            titles = re.findall(r"^#+ (.*)$", linked.read_text(), re.M)
            assert anchor in [re.sub(r"[^\w -]", "", t).lower().replace(" ", "-") for t in titles]
