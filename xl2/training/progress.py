"""A progress bar on standard error, or in a notebook."""

from __future__ import annotations

import contextlib
import importlib.util
import math
import sys
from collections.abc import Callable, Iterator
from typing import Any

from .history import History


@contextlib.contextmanager
def show_progress(
    total: int, wanted: bool | None, done: int = 0, unit: str = "Epoch"
) -> Iterator[Callable[..., Any]]:
    """Show a progress bar while the block runs, if `wanted`; None: on a terminal or in a notebook.

    Yields ``advance(history, epochs=1)``, to be called after each epoch, or several.
    The history may be None, or the text to show.
    """
    if not (_can_show() if wanted is None else wanted):
        yield lambda history, epochs=1: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    columns = (
        TextColumn(unit),
        MofNCompleteColumn(),
        BarColumn(),
        Remaining(),
        TextColumn("{task.fields[loss]}"),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=console.is_terminal) as bar:
        task = bar.add_task("", total=total, completed=done, loss="")

        def advance(history: History | str | None, epochs: int = 1) -> None:
            bar.update(task, advance=epochs)
            if history:
                text = history if isinstance(history, str) else _describe(history)
                bar.update(task, loss=text)

        yield advance


def _can_show() -> bool:
    """Return whether standard error is a terminal, or rich can draw in a notebook."""
    if sys.stderr.isatty():
        return True
    if "IPython" not in sys.modules:  # rich, which would tell too, takes long to import
        return False
    from rich.console import Console

    # In a notebook rich draws with ipywidgets, and warns if they are missing.
    return Console().is_jupyter and importlib.util.find_spec("ipywidgets") is not None


def _describe(history: History) -> str:
    loss = history.loss[-1]
    if isinstance(loss, float):
        return f"loss {loss:.4f}"
    best = min((value for value in loss.flat if value == value), default=math.nan)
    return f"best loss {best:.4f}"
