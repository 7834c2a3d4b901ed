"""Measurements of xl2 alone: outputs, memory, and a fit of hardly any samples."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

from . import candidates, limits, table
from .machine import cores, memory
from .measure import measure
from .peers.own import Fit
from .problem import SIZES, Problem
from .sections import Say, Settings
from .table import Result
from .team import Team
from .timing import Spread, spread_of

MIB = 2**20
FEW, EPOCHS = 100, 50  # rows and epochs of the fit that measures the overhead


class Peak:
    """Peak memory of an epoch of `xl2.fit` above its data, as NumPy and Python allocate it."""

    def __init__(self, problem: Problem):
        self.fit = Fit(problem)
        Fit(problem._replace(rows=problem.batch))()  # imports what only a first fit imports

    def __call__(self) -> float:
        """Return the peak in MiB."""
        tracemalloc.start()
        self.fit()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak / MIB


class Resident:
    """The same as the system counts it, with the BLAS's buffers and Python's caches."""

    def __init__(self, problem: Problem):
        self.fit = Fit(problem)

    def __call__(self) -> float | None:
        """Return the growth of the process in MiB; None if the system does not report it."""
        try:
            Path("/proc/self/clear_refs").write_text("5")  # the peak begins here
            before = _status("VmRSS")
            self.fit()
            return (_status("VmHWM") - before) / 1024
        except OSError:
            return None


def _status(what: str) -> int:
    """Return an entry of the kernel's statistics of this process, in KiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{what}:"))


def forward(settings: Settings, say: Say) -> list[Result]:
    """Measure outputs for a million samples, or as many as a sixth of the memory holds."""
    rows = min(settings.rows * 50 // 3, memory() // 6 // (4 * SIZES[0]))
    problem = Problem(SIZES, max(rows, 1), 64)
    measured = measure(settings.chosen(candidates.OF_FORWARD), problem, settings.rounds)
    found = table.of_rows([limits.FORWARD], measured, 64)
    say(f"outputs for {problem.rows} rows")
    for line in [*table.seconds(measured, "seconds"), "", *table.results(found), ""]:
        say(line)
    return found


def peak(settings: Settings, say: Say) -> list[Result]:
    """Measure the memory of a fit above that of its data."""
    problem = Problem(SIZES, settings.rows, max(settings.batches))
    found = {}
    for name in ("Peak", "Resident"):
        with Team() as team:
            worker = team.worker("xl2", cores())
            worker.ask("make", name, f".costs:{name}", problem, {})
            found[name] = worker.ask("call", name)
    results = [Result("as NumPy and Python allocate it", _exact(found["Peak"]), limits.MEMORY)]
    if found["Resident"] is not None:
        results.append(Result("as the process grows", _exact(found["Resident"]), limits.MEMORY))
    say(f"a fit of {problem.rows} rows, {problem.rows * SIZES[0] * 4 / MIB:.0f} MiB of samples")
    for line in [*table.results(results, "MiB above the data, at the peak"), ""]:
        say(line)
    return results


def overhead(settings: Settings, say: Say) -> list[Result]:
    """Measure a fit of a hundred rows, for many epochs and for one."""
    problem = Problem(SIZES, FEW, 64)
    with Team() as team:
        worker = team.worker("xl2", cores())

        def taken(epochs: int) -> Spread:
            worker.ask("make", epochs, ".peers.own:Fit", problem, {"epochs": epochs})
            worker.ask("warm", epochs)
            times = [worker.ask("time", epochs) for _ in range(4 * settings.rounds)]
            return spread_of([1000 * seconds / epochs for seconds in times])

        results = [
            Result(f"an epoch of {EPOCHS}", taken(EPOCHS), limits.OVERHEAD),
            Result("a fit of one epoch", taken(1)),
        ]
    say(f"a fit of {FEW} rows in batches of {problem.batch}")
    for line in [*table.results(results, "milliseconds"), ""]:
        say(line)
    return results


def _exact(value: float) -> Spread:
    return Spread(value, value, value)
