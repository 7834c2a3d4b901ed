"""Links that work both in the repository and on the site, and anchors of the glossary's terms."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[2]
# A link to a file: with its text, if that is the name of a page.
LINK = re.compile(r"(?:\[[\w/]+\.md\]|\])\((?!https?:|#|mailto:)([^)#\s]+)(?=[)#])")
# The pages that show a file from outside of docs/, by that file.
SHOWN = {
    "README.md": "docs/index.md",
    "CHANGELOG.md": "docs/changelog.md",
    "CONTRIBUTING.md": "docs/contributing.md",
    "SECURITY.md": "docs/security.md",
    "benchmarks/README.md": "docs/speed.md",
    "benchmarks/gpu.md": "docs/speed_gpu.md",
    "examples": "docs/gallery/index.rst",
}


def links_of(text: str, folder: Path) -> str:
    """Return a text of a file in a folder with links as they are in a page of docs/.

    A link whose text is the name of a page has the page's title on the site.
    """

    def changed(match: re.Match[str]) -> str:
        target = os.path.relpath(folder / match[1], ROOT)
        if target.startswith("examples/") and target.endswith(".py"):
            target = f"docs/gallery/{Path(target).stem}.rst"
        new = os.path.relpath(ROOT / SHOWN.get(target, target), ROOT / "docs")
        return f"{'[]' if match[0][0] == '[' else ']'}({new}"

    return LINK.sub(changed, text)


def read(_app: Sphinx, page: str, content: list[str]) -> None:
    """Change the links of a page."""
    if (ROOT / "docs" / f"{page}.md").exists():
        content[0] = links_of(content[0], (ROOT / "docs" / page).parent)


def included(_app: Sphinx, path: Path, _page: str, content: list[str]) -> None:
    """Change the links of a file that a page includes."""
    content[0] = links_of(content[0], (ROOT / "docs" / path).resolve().parent)


def docstring(
    app: Sphinx, _what: str, _name: str, _object: Any, _options: Any, lines: list[str]
) -> None:
    """Let docs/page.md in a docstring link to the page."""
    up = "../" * app.env.current_document.docname.count("/")
    lines[:] = [re.sub(r"\bdocs/(\w+)\.md", rf":doc:`{up}\1`", line) for line in lines]


def anchor_the_terms(app: Sphinx, tree: nodes.document) -> None:
    """Give each entry of the glossary an anchor, and a link to it, as headings have them."""
    if app.env.current_document.docname != "glossary":
        return
    for entry in tree.findall(nodes.list_item):
        term = nodes.make_id(entry.next_node(nodes.strong).astext())
        entry["ids"].append(term)
        entry[0] += nodes.reference(
            "", "#", refid=term, reftitle="Link to this term", classes=["headerlink"]
        )


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect all of it."""
    app.connect("source-read", read)
    app.connect("include-read", included)
    app.connect("autodoc-process-docstring", docstring, priority=900)
    app.connect("doctree-read", anchor_the_terms)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
