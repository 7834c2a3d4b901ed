"""The same work on one core and on all."""

from __future__ import annotations

from functools import partial

from . import candidates, limits, table
from .candidates import DECISION
from .machine import cores
from .problem import DIGITS, OF_DIGITS, SIZES, Digits, Problem
from .sections import BATCH, Say, Settings
from .table import Result
from .team import Team
from .timing import interleave, ratio, spread_of


def scaling(settings: Settings, say: Say) -> list[Result]:
    """Measure the part of the cores that is used: seconds on one over those on all, per core.

    Each process can use its cores only.
    """
    if cores() == 1:
        say("cores: this process has a single one\n")
        return []
    eight = Problem(SIZES, settings.rows, settings.batches[0])
    digits = Digits(DIGITS, min(settings.rows, OF_DIGITS), BATCH)
    among, counts = settings.chosen(candidates.ON_CORES), (1, cores())
    with Team(confined=True) as team:
        calls = {}
        for count in counts:
            for one in among:
                worker = team.worker(one.peer, count)
                problem = digits if one.name == DECISION else eight
                worker.ask("make", one.name, one.factory, problem, one.options)
                worker.ask("warm", one.name)
                calls[one.name, count] = partial(worker.ask, "time", one.name)
        taken = interleave(calls, settings.few)
    say(f"cores: path and products of {eight.rows} rows in batches of {eight.batch}, and digits")
    say(f"{'seconds':<44} {'median [quartiles]':<27}cores")
    results = []
    for one in among:
        for count in counts:
            say(f"{one.name:<44} {spread_of(taken[one.name, count])!s:<27}{count}")
        used = ratio(taken[one.name, 1], [counts[1] * s for s in taken[one.name, counts[1]]])
        limit = limits.EFFICIENCY if one.peer == "xl2" else None
        results.append(Result(f"{one.name} on {counts[1]} cores", used, limit, least=True))
    for line in ["", *table.results(results, "part of the cores that is used", "at least"), ""]:
        say(line)
    return results
