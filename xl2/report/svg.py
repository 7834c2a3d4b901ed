"""Figures of matplotlib as inline SVG, whose text and colours are those of the page.

An inline picture shares the page's style, its names of elements and its content policy. So text
has the page's font, colours are variables with a light and a dark value, names are unique, and no
element has a style of its own.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Mapping
from functools import partial
from typing import Any
from xml.etree import ElementTree

from ..io import opening
from .colours import variable

needed = partial(opening.needed, what="A report", extra="plot")

NAMESPACE = re.compile(r"\{[^}]*\}")
NUMBER = re.compile(r"-?\d+\.\d{3,}")
REFERENCE = re.compile(r"#([^)\"]+)")
AUTOMATIC = re.compile(r"_\d+$")  # the end of names that matplotlib gives
NUMBERS = ("d", "x", "y", "transform", "points", "width", "height")
LEFT_OUT = ("font-family", "-inkscape-stroke", "font-variant", "font-stretch", "image-rendering")
Tips = Mapping[str, str | Mapping[int, str]]


def svg_of(figure: Any, name: str) -> ElementTree.Element:
    """Return a figure as an SVG element; `name` begins the names of what it refers to."""
    file = io.StringIO()
    look = {"svg.fonttype": "none", "svg.hashsalt": name}
    with needed("matplotlib").rc_context(look), warnings.catch_warnings():
        # The browser has glyphs that the font, by which text is measured, lacks.
        warnings.filterwarnings("ignore", r"Glyph \d+", UserWarning)
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(file, format="svg", metadata=nothing)
    root = ElementTree.fromstring(file.getvalue())
    _simplify(root)
    _rename(root, name)
    # Matplotlib leaves out the colour of what is black.
    black = f"var({variable('#000000')})"
    root.attrib = {"viewBox": root.attrib["viewBox"], "stroke-linejoin": "round", "fill": black}
    return root


def add_tips(root: ElementTree.Element, tips: Tips) -> None:
    """Give parts of a picture the texts that the script shows for them.

    The names are those that the artists have. A mapping has a text for each point that is drawn of
    a line, in their order, and its number; or the points are artists of their own, whose names
    end in this number.
    """
    own = dict[str, str]()
    for name, tip in tips.items():
        own |= {name: tip} if isinstance(tip, str) else _numbered(name, tip)
    at = {name: str(k) for k, name in enumerate(own)}
    for part in root.iter():
        name = part.attrib.get("data-part", "")
        found = tips.get(name)
        if isinstance(found, str):
            part.attrib |= {"data-tip": found, "data-at": at[name]}
            continue
        named = [name] if name in own else _numbered(name, found or {})
        if name in own:
            del part.attrib["data-part"]
        for point, one in zip(part.iter("use"), named, strict=False):
            point.attrib |= {"data-tip": own[one], "data-at": at[one], "data-part": one}


def _numbered(name: str, tips: Mapping[int, str]) -> dict[str, str]:
    return {f"{name}-{k}": tip for k, tip in tips.items()}


def as_text(root: ElementTree.Element, **attributes: str) -> str:
    """Return an element as text for a page, with more attributes."""
    root.attrib |= {name.rstrip("_").replace("_", "-"): v for name, v in attributes.items()}
    return ElementTree.tostring(root, encoding="unicode")


def _simplify(root: ElementTree.Element) -> None:
    """Replace styles by attributes, and leave out what a page has no use for."""
    for parent in root.iter():
        for child in [*parent]:
            if NAMESPACE.sub("", child.tag) in ("metadata", "style"):
                parent.remove(child)
    for one in root.iter():
        one.tag = NAMESPACE.sub("", one.tag)
        one.text, one.tail = (one.text if one.tag in ("text", "tspan") else None), None
        known = {NAMESPACE.sub("", name): value for name, value in one.attrib.items()}
        style = known.pop("style", "")
        one.attrib.clear()
        for name, value in known.items():
            one.set(name, NUMBER.sub(_short, value) if name in NUMBERS else value)
        for declared in filter(None, style.split(";")):
            _declare(one, *(text.strip() for text in declared.split(":", 1)))


def _declare(one: ElementTree.Element, name: str, value: str) -> None:
    """Set an attribute for a declaration of a style."""
    if name in LEFT_OUT:
        return
    if name == "font":
        for word in value.split():
            if word.endswith("px"):
                one.set("font-size", word)
                break
            one.set("font-style" if word in ("italic", "oblique") else "font-weight", word)
    elif name in ("fill", "stroke") and value.startswith("#"):
        one.set(name, f"var({variable(value, text=one.tag in ('text', 'tspan'))})")
    else:
        one.set(name, NUMBER.sub(_short, value))


def _short(number: re.Match[str]) -> str:
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")


def _rename(root: ElementTree.Element, name: str) -> None:
    """Give numbers to what is referred to, and keep names that artists were given as data."""
    values = (value for one in root.iter() for value in one.attrib.values())
    used = dict.fromkeys(found for value in values for found in REFERENCE.findall(value))
    new = {old: f"{name}-{k}" for k, old in enumerate(used)}
    for one in root.iter():
        own = one.attrib.pop("id", None)
        for key, value in one.attrib.items():
            one.set(key, REFERENCE.sub(lambda m: f"#{new[m[1]]}", value))
        if own in new:
            one.set("id", new[own])
        elif own is not None and not AUTOMATIC.search(own):
            one.set("data-part", own)
