"""`xl2 bench`."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import XL2Error
from .values import check_outputs, numbers


def bench(
    rows: Annotated[int, typer.Option(metavar="N", help="Samples in an epoch.")] = 60000,
    rounds: Annotated[int, typer.Option(metavar="N", help="Timings of each candidate.")] = 11,
    batch_size: Annotated[
        str, typer.Option(metavar="LIST", help="Sizes of the mini-batches, such as 64,256.")
    ] = "64,256",
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LIST",
            help="Sections or peers (see above), such as epoch,torch; may be repeated.",
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Exit with 1 if xl2 is clearly slower than a limit.")
    ] = False,
    plot: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Plot how the cost grows with the size, such as growth.png."
        ),
    ] = None,
) -> None:
    """Measure the speed of xl2 and of other libraries.

    Sections: epoch, path, decision, cores, wide, order, forward, memory, overhead, growth.
    Peers: floor, sklearn, torch, jax, keras, thinc; those that are not installed are skipped.
    """
    from ..training.assemble import check_positive

    check_positive(rows=rows, rounds=rounds)
    batches = numbers("--batch-size", batch_size, int)
    for size in batches or [0]:
        check_positive(batch_size=size)
    suite, sections = _module("suite"), _module("sections")
    names = [name.strip() for text in only or [] for name in text.split(",") if name.strip()]
    chosen, peers = suite.choose(names)
    if plot is not None:
        check_outputs({"--plot": plot}, [])
        chosen = [*dict.fromkeys([*chosen, suite.GROWTH])]
    settings = sections.Settings(rows, rounds, batches, peers)
    if not suite.run(settings, chosen, plot, typer.echo) and check:
        raise typer.Exit(1)


def _module(name: str) -> Any:
    """Return a module of the benchmarks: from the wheel, or from the checkout beside xl2."""
    try:
        return importlib.import_module(f"xl2.benchmarks.{name}")
    except ModuleNotFoundError as error:
        if error.name != "xl2.benchmarks":
            raise
    folder = Path(__file__).parents[2] / "benchmarks"
    try:
        package = importlib.import_module("benchmarks")
    except ModuleNotFoundError:
        package = None
    if package is None or Path(package.__file__ or "").parent != folder:
        raise XL2Error(f"The benchmarks are missing: there is no {folder}. Reinstall xl2.")
    return importlib.import_module(f"benchmarks.{name}")
