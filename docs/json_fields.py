"""Write the tables of docs/terminal.md that describe the output of `--json`.

    python docs/json_fields.py            print them
    python docs/json_fields.py --write    and put them into docs/terminal.md

A test compares them with xl2/cli/path.schema.json, which they are made of.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGE, SCHEMA = ROOT / "docs" / "terminal.md", ROOT / "xl2" / "cli" / "path.schema.json"
BEGIN, END = "<!-- fields: python docs/json_fields.py --write -->\n", "<!-- end of fields -->\n"


def tables() -> str:
    """Return a table for the output, and one for each object in it."""
    schema = json.loads(SCHEMA.read_text("utf-8"))
    parts = [_table(schema["properties"])]
    for name, one in schema["$defs"].items():
        if "properties" in one:
            parts.append(f"`{name}` has:\n\n{_table(one['properties'])}")
    return "\n".join(parts)


def _table(properties: dict[str, Any]) -> str:
    lines = ["| field | type | meaning |", "|---|---|---|"]
    for name, field in properties.items():
        about = field["description"].replace("|", "\\|")
        lines.append(f"| `{name}` | {_type(field)} | {about} |")
    return "".join(f"{line}\n" for line in lines)


def _type(field: dict[str, Any]) -> str:
    """Return the type of a field in words."""
    if "const" in field:
        return f"{field['const']}"
    if "enum" in field:
        return ", ".join(f'"{one}"' for one in field["enum"])
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        return "two numbers, or null" if name == "interval" else f"`{name}`"
    return " or ".join(_types(field))


def _types(field: dict[str, Any]) -> Iterator[str]:
    for one in field.get("anyOf", ()):
        yield _type(one)
    known = field.get("type", [])
    for kind in [known] if isinstance(known, str) else known:
        if kind == "array" and "prefixItems" in field["items"]:
            yield f"list of lists of {len(field['items']['prefixItems'])}"
        elif kind == "array":
            yield f"list of {_type(field['items'])}"
        else:
            yield {"integer": "whole number", "string": "text"}.get(kind, kind)


def with_tables(text: str) -> str:
    """Return the page with new tables."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{tables()}\n{END}{after}"


if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        PAGE.write_text(with_tables(PAGE.read_text("utf-8")), "utf-8")
    print(tables())
