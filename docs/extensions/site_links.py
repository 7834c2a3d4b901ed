"""Links that work both in the repository and on the site, and names in backticks that link."""

from __future__ import annotations

import operator
import os
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.ext import intersphinx

import xl2

ROOT = Path(__file__).resolve().parents[2]


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


def is_unmistakable(name: str) -> bool:
    """Return whether a name without a module is one of xl2 wherever it stands."""
    return name == "diagnose" or ("." not in name and (not name.islower() or "_" in name))


LINK = re.compile(r"(?:\[[\w/]+\.md\]|\])\((?!https?:|#|mailto:)([^)#\s]+)(?=[)#])")
# The pages that show a file from outside of this folder, by that file.
SHOWN = {
    "README.md": "docs/index.md",
    "CHANGELOG.md": "docs/changelog.md",
    "CONTRIBUTING.md": "docs/contributing.md",
    "SECURITY.md": "docs/security.md",
    "benchmarks/README.md": "docs/speed.md",
    "benchmarks/gpu.md": "docs/speed_gpu.md",
    "examples": "docs/gallery/index.rst",
}
LISTS = (ROOT / "docs" / "inventories").glob("*.txt")
LISTED = [line.split()[0] for file in LISTS for line in file.read_text().splitlines()[3:]]
# Names of other libraries, also without their module, but for those that xl2 has too.
OTHERS = {
    short: name
    for name in LISTED
    if "." in name
    for short in {name, name.rpartition(".")[2]}
    if short == name or (is_unmistakable(short) and short not in xl2.__all__)
}
OWN = {
    name: f"{package.__name__}.{name}"
    for package in (xl2.tracking, xl2.figures, xl2.data, xl2)
    for name in package.__all__
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


def within_a_link(node: nodes.Node) -> bool:
    """Return whether a node is a part of a link."""
    while (node := node.parent) is not None:
        if isinstance(node, nodes.reference | addnodes.pending_xref):
            return True
    return False


def name_of(code: str) -> str | None:
    """Return the whole name that a piece of code is, or None."""
    if not re.fullmatch(r"[\w.]+", code):
        return None
    first, _, rest = code.removeprefix("xl2.").partition(".")
    if first in OWN and code.startswith("xl2."):
        return code
    if first in OWN and is_unmistakable(first) and (not rest or first[0].isupper()):
        return f"{OWN[first]}.{rest}".rstrip(".")
    return OTHERS.get(code)


def name_the_api(app: Sphinx, tree: nodes.document) -> None:
    """Let code such as `xl2.fit` or `regularization_path` in a Markdown page link to the API."""
    if not str(tree["source"]).endswith(".md"):
        return
    for code in list(tree.findall(nodes.literal)):
        name = name_of(code.astext().removesuffix("()"))
        if name is None or within_a_link(code):
            continue
        link = addnodes.pending_xref(
            "", code.deepcopy(), refdomain="py", reftype="obj", reftarget=name,
            refdoc=app.env.current_document.docname, refwarn=True,
        )  # fmt: skip
        code.replace_self(link)


def resolve(
    app: Sphinx, env: BuildEnvironment, node: addnodes.pending_xref, content: nodes.Element
) -> nodes.Element | None:
    """Link an attribute to its class, and show what is no name of a library as code."""
    if node.get("reftype") != "obj":
        return None
    target = node["reftarget"]
    if target in OTHERS:
        node["reftarget"] = OTHERS[target]
        return intersphinx.resolve_reference_any_inventory(env, True, node, content)
    owner, _, attribute = target.rpartition(".")
    documented = env.domains.python_domain.objects
    if owner in documented and re.search(rf"\b{attribute}\b", env_docstring(owner)):
        return env.domains.python_domain.resolve_xref(
            env, node["refdoc"], app.builder, "obj", owner, node, content
        )
    known = ("xl2.", "numpy.", "scipy.", "sklearn.", "pandas.", "matplotlib.")
    return None if target.startswith(known) else content


def env_docstring(name: str) -> str:
    """Return the docstring of a public name."""
    return operator.attrgetter(name.removeprefix("xl2."))(xl2).__doc__ or ""


def signature(
    _app: Sphinx, what: str, _name: str, thing: Any, _options: Any, text: str, _returned: Any
) -> tuple[str, None] | None:
    """Leave out how a class is called that only xl2 calls: its docstring has no parameters."""
    public = "Parameters\n" in (thing.__doc__ or "")
    return ("", None) if what == "class" and not public else None


def inherited(
    _app: Sphinx, _what: str, _name: str, member: Any, _skip: bool, _options: Any
) -> bool | None:
    """Leave out what estimators inherit from scikit-learn: its own pages describe it."""
    return True if (getattr(member, "__module__", None) or "").startswith("sklearn.") else None


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect all of it."""
    app.connect("source-read", read)
    app.connect("include-read", included)
    app.connect("doctree-read", name_the_api)
    app.connect("doctree-read", anchor_the_terms)
    app.connect("missing-reference", resolve, priority=900)
    app.connect("autodoc-process-docstring", docstring, priority=900)
    app.connect("autodoc-skip-member", inherited)
    app.connect("autodoc-process-signature", signature)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
