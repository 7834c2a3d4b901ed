"""`xl2 inspect`."""

from __future__ import annotations

from typing import Any

import typer

from . import options as opt
from . import printing
from .reading_options import TRAINING, with_reading_options


@with_reading_options(TRAINING)
def inspect(
    data: opt.Data,
    task: opt.Task = "auto",
    labels: opt.Labels = None,
    reading: Any = None,
) -> None:
    """Say how a data set is read: its columns, labels, gaps and doubts."""
    from ..data import load_data
    from ..data.summary import summarise
    from ..errors import InputError
    from ..nn.preprocessing import Preprocessing

    found = load_data(
        data,
        labels=labels,
        task=task,
        require_target=False,
        **reading,
    )
    summary = summarise(found, task)
    typer.echo(summary.title)
    printing.show_notes(summary.notes)
    typer.echo(f"\n{summary.text(printing.width())}")
    if found.columns:
        try:
            Preprocessing.learn(found.columns, found.X)
        except InputError as error:
            printing.show_notes(["", f"Warning: {error}"])
