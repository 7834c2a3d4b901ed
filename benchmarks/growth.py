"""How the cost grows with rows, epochs and members of a stack."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

from . import limits, table
from .machine import cores
from .problem import LAMBDAS, SIZES, Problem
from .sections import Say, Settings
from .table import Result
from .team import Team
from .timing import Spread, interleave, ratio, spread_of

STEPS = (1, 2, 4, 8)


class Growth(NamedTuple):
    """The cost of growing counts of one thing.

    `linear` has the seconds relative to those of the smallest count, scaled: 1 is linear.
    """

    what: str
    counts: list[int]
    seconds: list[Spread]
    linear: list[Spread]


def growth(settings: Settings, say: Say) -> tuple[list[Result], list[Growth]]:
    """Measure fits of one, two, four and eight times the rows, epochs and members."""
    eighth, batch = max(settings.rows // 8, 1), settings.batches[0]
    whole, part = (Problem(SIZES, rows, batch) for rows in (8 * eighth, eighth))
    fits: dict[str, dict[int, Any]] = {
        "rows": {n * eighth: (whole._replace(rows=n * eighth), {}) for n in STEPS},
        "epochs": {n: (part, {"epochs": n}) for n in STEPS},
        "members": {n: (part, {"lam": LAMBDAS[:n]}) for n in STEPS},
    }
    grown = [_measure(what, settings.rounds, fits[what]) for what in fits]
    found = []
    say(f"growth: fits of {'-'.join(map(str, SIZES))}, batches of {batch}, {eighth} rows unless")
    say("noted; the members are those of a stack")
    for one in grown:
        say(f"{one.what:>10}  {'seconds':<24}over that of the smallest, scaled")
        lines = zip(one.counts, one.seconds, one.linear, strict=True)
        for count, seconds, linear in lines:
            say(f"{count:>10}  {seconds!s:<24}{linear}")
        say("")
        title = f"{STEPS[-1]} times the {one.what} / {STEPS[-1]} times the cost"
        found.append(Result(title, one.linear[-1], limits.GROWTH))
    for line in [*table.results(found), ""]:
        say(line)
    return found, grown


def _measure(what: str, rounds: int, fits: dict[int, Any]) -> Growth:
    with Team() as team:
        worker = team.worker("xl2", cores())
        for count, (problem, options) in fits.items():
            worker.ask("make", count, ".peers.own:Fit", problem, options)
            worker.ask("warm", count)
        taken = interleave({count: partial(worker.ask, "time", count) for count in fits}, rounds)
    counts = list(fits)
    smallest = taken[counts[0]]
    linear = [
        ratio(taken[count], [seconds * (count // counts[0]) for seconds in smallest])
        for count in counts
    ]
    return Growth(what, counts, [spread_of(taken[count]) for count in counts], linear)
