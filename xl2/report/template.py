"""The page's template, style and script, and the policy that allows these and no other."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

from .colours import declared
from .svg import needed

VARIABLE = re.compile(r"--[ct][0-9a-f]{6}\b")


def render(**values: Any) -> str:
    """Return the page of some values, escaped but for markup, which is what xl2 has drawn."""
    jinja2 = needed("jinja2")
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_source),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    markup = needed("markupsafe").Markup
    template = environment.get_template("page.html")
    # The page is made twice: its style declares the colours that its pictures have.
    used = template.render(policy="", style="", script="", **values)
    light, dark = declared(VARIABLE.findall(used))
    style = (
        f"\n:root {{ {light} }}\n"
        f"@media screen and (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"
        f"{_source('style.css')}"
    )
    script = f"\n{_source('script.js')}"
    policy = (
        f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; "
        f"script-src '{_hash(script)}'; base-uri 'none'; form-action 'none'"
    )
    page: str = template.render(policy=policy, style=markup(style), script=markup(script), **values)
    return page


def _hash(text: str) -> str:
    """Return the hash of an element's text as a content policy has it."""
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"


def _source(name: str) -> str:
    from importlib.resources import files

    return files(__package__).joinpath(name).read_text("utf-8")
