"""The whole benchmark, as `xl2 bench` runs it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import NamedTuple

from xl2.errors import InputError

from . import costs, machine, picture, sections
from .growth import Growth, growth
from .peers import OWN, PEERS
from .scaling import scaling
from .sections import Say, Settings
from .table import Result

SECTIONS = {
    "epoch": sections.epoch,
    "path": sections.path,
    "decision": sections.decision,
    "cores": scaling,
    "wide": sections.wide,
    "order": sections.order,
    "forward": costs.forward,
    "memory": costs.peak,
    "overhead": costs.overhead,
}
GROWTH = "growth"


class Choice(NamedTuple):
    """What `--only` names: sections, peers or both; all of a kind if none is named."""

    sections: list[str]
    peers: frozenset[str] | None


def choose(names: Collection[str]) -> Choice:
    """Divide the names of `--only` into sections and peers."""
    every, others = [*SECTIONS, GROWTH], [peer for peer in PEERS if peer != OWN]
    for name in names:
        if name not in (*every, *others):
            raise InputError(
                f"--only takes the sections {', '.join(every)} and the peers "
                f"{', '.join(others)}. Received: {name!r}."
            )
    peers = frozenset(name for name in names if name in others)
    return Choice([name for name in every if name in names] or every, peers or None)


def run(settings: Settings, names: Iterable[str], plot: Path | None, say: Say) -> bool:
    """Measure the named sections, and print each line with `say`.

    Returns False if a limit is missed by more than the spread, or an installed peer failed.
    """
    if plot is not None:
        picture.check(plot)
    libraries = ["xl2", *(name for peer in PEERS.values() for name in peer.distributions)]
    for line in machine.describe(libraries):
        say(line)
    say(f"rounds     {settings.rounds}\n")
    found: list[Result] = []
    grown: list[Growth] = []
    for name in names:
        if name == GROWTH:
            results, grown = growth(settings, say)
            found += results
        else:
            found += SECTIONS[name](settings, say)
    if plot is not None:
        picture.draw(plot, grown)
        say(f"The picture is in {plot}.")
    missed = [result.title for result in found if result.missed]
    for line in machine.wrapped("missed  ", "; ".join(missed) or "no limit"):
        say(line)
    return not missed
