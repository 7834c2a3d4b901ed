"""What several commands print: a heading, sentences, and a diagnosis as JSON."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from ..errors import printable

if TYPE_CHECKING:
    from ..diagnosis.verdict import Diagnosis
    from ..nn.network import Network


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


def show_json(diagnosis: Diagnosis, **more: Any) -> None:
    """Print a diagnosis and other values as JSON, in characters that any terminal has."""
    from ..diagnosis.formats import plain

    typer.echo(json.dumps({**diagnosis.to_dict(), **plain(more)}, indent=2))
