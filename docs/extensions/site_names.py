"""Names in backticks that link to the API, or to that of another library."""

from __future__ import annotations

import operator
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.ext import intersphinx

import xl2

LISTS = (Path(__file__).resolve().parents[1] / "inventories").glob("*.txt")
LISTED = [line.split()[0] for file in LISTS for line in file.read_text().splitlines()[3:]]
KNOWN = ("xl2.", "numpy.", "scipy.", "sklearn.", "pandas.", "matplotlib.")


def is_unmistakable(name: str) -> bool:
    """Return whether a name without a module is no ordinary word."""
    return name == "diagnose" or ("." not in name and (not name.islower() or "_" in name))


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


def name_of(code: str) -> str | None:
    """Return the whole name that a piece of code in a page is, or None."""
    if not re.fullmatch(r"[\w.]+", code):
        return None
    first, _, rest = code.removeprefix("xl2.").partition(".")
    if first in OWN and code.startswith("xl2."):
        return code
    if first in OWN and is_unmistakable(first) and (not rest or first[0].isupper()):
        return f"{OWN[first]}.{rest}".rstrip(".")
    return OTHERS.get(code)


def is_within_a_link(node: nodes.Node | None) -> bool:
    """Return whether a node is a link, or a part of one."""
    link = nodes.reference | addnodes.pending_xref
    return node is not None and (isinstance(node, link) or is_within_a_link(node.parent))


def name_the_api(app: Sphinx, tree: nodes.document) -> None:
    """Let code such as `xl2.fit` or `regularization_path` in a Markdown page link to the API."""
    if not str(tree["source"]).endswith(".md"):
        return
    for code in list(tree.findall(nodes.literal)):
        name = name_of(code.astext().removesuffix("()"))
        if name is None or is_within_a_link(code):
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
    python = env.domains.python_domain
    if owner in python.objects and re.search(rf"\b{attribute}\b", docstring_of(owner)):
        return python.resolve_xref(env, node["refdoc"], app.builder, "obj", owner, node, content)
    return None if target.startswith(KNOWN) else content


def docstring_of(name: str) -> str:
    """Return the docstring of a public name."""
    return operator.attrgetter(name.removeprefix("xl2."))(xl2).__doc__ or ""


def signature(
    _app: Sphinx, what: str, _name: str, thing: Any, _options: Any, _text: str, _returned: Any
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
    app.connect("doctree-read", name_the_api)
    app.connect("missing-reference", resolve, priority=900)
    app.connect("autodoc-process-signature", signature)
    app.connect("autodoc-skip-member", inherited)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
