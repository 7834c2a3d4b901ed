"""Time candidates, by turns in one run."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from .candidates import Candidate
from .machine import cores
from .peers import OWN, absent
from .problem import Problem
from .team import BenchmarkError, Team, WorkerError
from .timing import interleave, spread_of
from .work import FEW, check

TRIES = 3  # timings that choose a number of threads
LEAST = 32  # steps in such a timing


class Runner(NamedTuple):
    """A candidate with a number of threads."""

    candidate: Candidate
    threads: int

    def __str__(self) -> str:
        return f"{self.candidate.name} ({self.threads} threads)"


class Measured(NamedTuple):
    """The results of the candidates, by name.

    Attributes
    ----------
    seconds : dict of str to list of float
        Seconds per epoch, one value per round.
    threads : dict of str to str
        Number of threads.
    absent : dict of str to str
        Missing modules, of candidates that need them.
    failed : dict of str to str
        Errors, of candidates that failed.
    apart : list of float
        Largest distance between weights that should be the same.
    """

    seconds: dict[str, list[float]]
    threads: dict[str, str]
    absent: dict[str, str]
    failed: dict[str, str]
    apart: list[float]


class Crew:
    """Runners in their processes, and the errors of those that failed."""

    def __init__(self, team: Team):
        self.team = team
        self.failed: dict[str, str] = {}

    def ask(self, runner: Runner, method: str, *arguments: Any) -> Any:
        """Return a runner's answer."""
        candidate, began = runner.candidate, time.monotonic()
        home = candidate.name if self.team.accelerated else candidate.peer
        try:
            worker = self.team.worker(home, runner.threads)
            answer = worker.ask(method, candidate.name, *arguments)
        except WorkerError as error:
            self.team.note(f"{candidate.name}: {method} failed: {error}\n{error.details}".rstrip())
            raise
        taken = answer if method == "time" else time.monotonic() - began
        self.team.note(f"{candidate.name}: {method} {taken:.4g} s")
        return answer

    def attempt(self, runner: Runner, method: str, *arguments: Any) -> Any:
        """Return a runner's answer, or None if it fails or has failed."""
        name = runner.candidate.name
        if name not in self.failed:
            try:
                return self.ask(runner, method, *arguments)
            except WorkerError as error:
                self.failed[name] = str(error)
        return None

    def every(
        self,
        runners: Iterable[Runner],
        method: str,
        arguments: Callable[[Candidate], tuple[Any, ...]] = lambda _: (),
        at_once: int = 1,
    ) -> dict[Runner, Any]:
        """Return the answers of the runners; one that fails is not asked again."""

        def attempt(runner: Runner) -> tuple[Runner, Any]:
            return runner, self.attempt(runner, method, *arguments(runner.candidate))

        if at_once > 1:
            with ThreadPoolExecutor(at_once) as pool:
                answers = [*pool.map(attempt, runners)]
        else:
            answers = [*map(attempt, runners)]
        return {r: answer for r, answer in answers if r.candidate.name not in self.failed}

    def make(self, runners: Sequence[Runner], problem: Problem) -> list[Runner]:
        """Make the candidates of a problem; return those that did not fail.

        On a GPU all are made at once: their imports take longer than what is timed.
        """
        at_once = len(runners) if self.team.accelerated else 1
        return [*self.every(runners, "make", lambda c: (c.factory, problem, c.options), at_once)]

    def time(self, runner: Runner) -> float:
        """Return the seconds of a call, NaN if the runner fails or has failed."""
        seconds = self.attempt(runner, "time")
        return math.nan if seconds is None else float(seconds)

    def compare(
        self,
        runners: Iterable[Runner],
        strict: bool = True,
        over_members: Callable[[Any], Any] = np.max,
    ) -> float:
        """Run the candidates that do the same work once; return their largest distance.

        If `strict`, too large a distance is a `BenchmarkError`, or on a GPU a failure of the
        candidate. See `work.distance`.
        """
        done = self.every((r for r in runners if r.candidate.work), "work")
        worst, first = [0.0], {r.candidate.work: r for r in reversed(done)}
        for runner in done:
            reference = first[runner.candidate.work]
            pair = {str(r): done[r] for r in (reference, runner)}
            try:
                worst.append(check(pair, strict, over_members))
            except BenchmarkError as error:
                if not self.team.accelerated:
                    raise
                self.failed[runner.candidate.name] = str(error)
        return float(np.max(worst))  # NaN if any is

    def choose(self, runners: Sequence[Runner], problem: Problem) -> list[Runner]:
        """Return each candidate with its faster number of threads."""
        named = [r.candidate for r in runners]
        rivals = [r for r in runners if named.count(r.candidate) > 1]
        if not rivals:
            return [*runners]
        steps = min(LEAST * problem.batch, problem.rows)
        part = problem._replace(rows=max(problem.rows // 8, steps))
        warm = self.every(self.make(rivals, part), "warm")
        # On a busy machine several threads can take ten times as long: do not repeat that.
        once = self.every(warm, "time")
        close = {r: partial(self.ask, r, "time") for r in once if once[r] < 2 * _best(once, r)}
        taken = interleave(close, TRIES)
        medians = {runner: spread_of(values).median for runner, values in taken.items()}
        chosen = {runner for runner in medians if medians[runner] == _best(medians, runner)}
        return [r for r in runners if r in chosen or r not in rivals]


def measure(
    candidates: Sequence[Candidate], problem: Problem, rounds: int, team: Team | None = None
) -> Measured:
    """Time candidates by turns, each with its fastest number of threads.

    All first train an epoch of few samples, and then of all, and must reach the same weights.
    Between the two, an eighth of the samples, or 32 steps, decides between one thread and one per
    core. A `team` is used again by other measurements, without those that failed. On a GPU
    (`Team.accelerated`) all have one thread per core, and the distance after all samples is only
    reported, because sums are added in other orders; with TF32, after the few samples too.

    Raises
    ------
    BenchmarkError
        If two candidates do different work, and not on a GPU.
    """
    missing = {c.name: ", ".join(absent(c.peer)) for c in candidates if absent(c.peer)}
    there = [c for c in candidates if c.name not in missing]
    with nullcontext(team) if team else Team() as team:
        crew = Crew(team)
        # Whole mini-batches among them.
        few = problem._replace(rows=min(max(FEW, 5 * problem.batch // 2), problem.rows))
        own = [OWN] if not team.accelerated else [c.peer for c in there]
        pairs = ((c, n) for c in there for n in _counts(c, c.peer in own))
        runners = crew.make([Runner(c, count) for c, count in pairs], few)
        apart = [crew.compare(runners, strict=not team.tf32)]
        runners = crew.choose(runners, problem)
        if not team.accelerated:
            team.keep({(r.candidate.peer, r.threads) for r in runners})
        runners = crew.make(runners, problem)
        # In a long run Adam takes a whole step for a gradient that is pure rounding: of many
        # members one or two then differ, while in float64 all agree to 1e-15.
        apart.append(crew.compare(runners, not team.accelerated, np.median))
        # After the common work too: a second call may compile for the results of the first.
        runners = [*crew.every(runners, "warm")]
        taken = interleave({r: partial(crew.time, r) for r in runners}, rounds)
        team.drop(crew.failed)
    timed = [r for r in runners if r.candidate.name not in crew.failed]
    return Measured(
        {r.candidate.name: [s / r.candidate.epochs for s in taken[r]] for r in timed},
        {r.candidate.name: _said(r) for r in timed},
        missing,
        crew.failed,
        apart,
    )


def _counts(candidate: Candidate, own: bool) -> list[int]:
    """Return the numbers of threads to try; `own` is whether it chooses for itself."""
    if own or candidate.threads == "all":
        return [cores()]
    return [1] if candidate.threads == "one" else sorted({1, cores()})


def _best(seconds: dict[Runner, float], runner: Runner) -> float:
    return min(value for r, value in seconds.items() if r.candidate is runner.candidate)


def _said(runner: Runner) -> str:
    return "own" if runner.candidate.peer == OWN else str(runner.threads)
