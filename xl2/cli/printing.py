"""What several commands print: a heading, sentences, and a diagnosis as JSON."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ..errors import printable

if TYPE_CHECKING:
    from ..diagnosis.verdict import Diagnosis
    from ..nn.network import Network

SCHEMA = 1  # the version of path.schema.json; it grows when programs that read it would break


def heading(data: str, network: Network) -> str:
    """Return two lines that describe a trained network."""
    layers, activations = "-".join(map(str, network.sizes)), ", ".join(network.activations)
    return f"{data}: network {layers}, {activations}\n{network.backend}, {network.dtype}"


def show_notes(notes: Sequence[str], err: bool = False) -> None:
    """Print sentences in lines of at most 80 characters, each from its own line."""
    for note in notes:
        typer.echo(
            textwrap.fill(printable(note), 80, break_long_words=False, break_on_hyphens=False),
            err=err,
        )


def width() -> int:
    """Return how many characters a line of a table may have: 80, more on a wider terminal."""
    return max(80, shutil.get_terminal_size().columns) if sys.stdout.isatty() else 80


def show_json(command: str, diagnosis: Diagnosis, **more: Any) -> None:
    """Print a diagnosis and other values as JSON, in characters that any terminal has.

    path.schema.json describes each field. What a command has not is null.
    """
    from ..diagnosis.formats import plain
    from ..training.fingerprint import own_version

    about = {"schema": SCHEMA, "xl2": own_version(), "command": command}
    found = {**about, **diagnosis.to_dict(), "path": None, "ensemble": None, **plain(more)}
    typer.echo(json.dumps(found, indent=2, allow_nan=False))


def json_schema() -> str:
    """Return the JSON Schema of what `show_json` prints."""
    return Path(__file__).with_name("path.schema.json").read_text("utf-8")
