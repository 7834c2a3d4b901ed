"""`xl2 bench`."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import XL2Error
from .options import check_outputs, numbers


def bench(
    rows: Annotated[int, typer.Option(help="Samples of an epoch.")] = 60000,
    rounds: Annotated[int, typer.Option(help="Runs of each candidate, by turns.")] = 11,
    batch: Annotated[str, typer.Option(help="Samples of a mini-batch: 64,256.")] = "64,256",
    only: Annotated[
        list[str] | None,
        typer.Option(help="Sections or peers, as in epoch,torch; may be repeated. See below."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Exit with 1 if a limit is clearly missed.")
    ] = False,
    plot: Annotated[Path | None, typer.Option(help="Draw how the cost grows: growth.png.")] = None,
) -> None:
    """Measure xl2 beside other libraries, beside its own products, and as it grows.

    Sections: epoch, path, wide, forward, memory, overhead, growth. Peers: floor, sklearn,
    torch, jax, keras, thinc; one that is not installed is a line that says so.
    """
    from ..training.fit import check_numbers

    check_numbers(rows=rows, rounds=rounds)
    batches = numbers("--batch", batch, int)
    for size in batches or [0]:
        check_numbers(batch=size)
    suite, sections = _module("suite"), _module("sections")
    names = [name.strip() for text in only or [] for name in text.split(",") if name.strip()]
    chosen, peers = suite.choose(names)
    if plot is not None:
        check_outputs([plot], [])
        chosen = [*dict.fromkeys([*chosen, suite.GROWTH])]
    settings = sections.Settings(rows, rounds, batches, peers)
    if not suite.run(settings, chosen, plot, typer.echo) and check:
        raise typer.Exit(1)


def _module(name: str) -> Any:
    """Return a module of the benchmarks: of the wheel, or in a checkout the folder beside xl2.

    Raises
    ------
    XL2Error
        If they are in neither place.
    """
    import xl2

    try:
        return importlib.import_module(f"xl2.benchmarks.{name}")
    except ModuleNotFoundError as error:
        if error.name != "xl2.benchmarks":
            raise
    beside = Path(xl2.__file__).parent.parent / "benchmarks"
    try:
        home = importlib.import_module("benchmarks")
    except ModuleNotFoundError:
        home = None
    if home is None or Path(home.__file__ or "").parent != beside:
        raise XL2Error(
            f"The benchmarks are neither in the package nor, as in a checkout, in {beside}."
        )
    return importlib.import_module(f"benchmarks.{name}")
