"""From candidates to their seconds: all of them in one run, by turns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

from .candidates import Candidate
from .machine import cores
from .peers import OWN, absent
from .problem import Problem
from .team import BenchmarkError, Team, WorkerError
from .timing import interleave, spread_of
from .work import FEW, check

TRIES = 3  # runs, by which a number of threads is chosen
LEAST = 32  # steps of such a run


class Runner(NamedTuple):
    """A candidate with a number of threads."""

    candidate: Candidate
    threads: int

    def __str__(self) -> str:
        return f"{self.candidate.name} ({self.threads} threads)"


class Measured(NamedTuple):
    """What became of the candidates.

    Attributes
    ----------
    seconds : dict of str to list of float
        Of an epoch, one value a round.
    threads : dict of str to str
        With which it was measured.
    absent : dict of str to str
        What is not installed, for those that need it.
    failed : dict of str to str
        What went wrong, for those that were to run.
    apart : list of float
        How far the weights of those that do the same work were apart.
    """

    seconds: dict[str, list[float]]
    threads: dict[str, str]
    absent: dict[str, str]
    failed: dict[str, str]
    apart: list[float]


class Crew:
    """Runners in their processes, and what went wrong with any of them."""

    def __init__(self, team: Team):
        self.team = team
        self.failed: dict[str, str] = {}

    def ask(self, runner: Runner, method: str, *arguments: Any) -> Any:
        """Return a runner's answer."""
        worker = self.team.worker(runner.candidate.peer, runner.threads)
        return worker.ask(method, runner.candidate.name, *arguments)

    def every(
        self,
        runners: Iterable[Runner],
        method: str,
        arguments: Callable[[Candidate], tuple[Any, ...]] = lambda _: (),
    ) -> dict[Runner, Any]:
        """Return the answers of all that do not fail; who does is asked no more."""
        answers = {}
        for runner in runners:
            name = runner.candidate.name
            if name not in self.failed:
                try:
                    answers[runner] = self.ask(runner, method, *arguments(runner.candidate))
                except WorkerError as error:
                    self.failed[name] = str(error)
        return {r: answer for r, answer in answers.items() if r.candidate.name not in self.failed}

    def make(self, runners: Iterable[Runner], problem: Problem) -> list[Runner]:
        """Make the candidates of a problem; return those that could be."""
        return [*self.every(runners, "make", lambda c: (c.factory, problem, c.options))]

    def compare(self, runners: Iterable[Runner], strict: bool = True) -> float:
        """Let those that do the same work do it once, and return how far they are apart.

        Raises
        ------
        BenchmarkError
            If that is too far, where it is `strict`.
        """
        done = self.every((r for r in runners if r.candidate.work), "work")
        works = dict.fromkeys(r.candidate.work for r in done)
        worst = [
            check(
                {str(r): weights for r, weights in done.items() if r.candidate.work == work}, strict
            )
            for work in works
        ]
        return max(worst, default=0.0)

    def choose(self, runners: Sequence[Runner], problem: Problem) -> list[Runner]:
        """Return each candidate with the better number of threads."""
        named = [r.candidate for r in runners]
        rivals = [r for r in runners if named.count(r.candidate) > 1]
        if not rivals:
            return [*runners]
        steps = min(LEAST * problem.batch, problem.rows)
        part = problem._replace(rows=max(problem.rows // 8, steps))
        warm = self.every(self.make(rivals, part), "warm")
        # On a busy machine several threads can take ten times as long: once is enough then.
        once = self.every(warm, "time")
        close = {r: partial(self.ask, r, "time") for r in once if once[r] < 2 * _best(once, r)}
        taken = interleave(close, TRIES)
        medians = {runner: spread_of(values).median for runner, values in taken.items()}
        chosen = {runner for runner in medians if medians[runner] == _best(medians, runner)}
        return [r for r in runners if r in chosen or r not in rivals]


def measure(
    candidates: Sequence[Candidate],
    problem: Problem,
    rounds: int,
    accelerated: bool = False,
    tf32: bool = False,
) -> Measured:
    """Time candidates by turns, each with the number of threads that is best for it.

    First all train an epoch of few samples, and then of all, and have to arrive at the
    same weights. Between the two, an eighth of the samples, or 32 steps, decides between
    one thread and one for each core. On a GPU, `accelerated`, all have one for each, and how far
    they are apart after all samples is only reported: it adds up in other orders. With TF32 the
    same holds after the few.

    Raises
    ------
    BenchmarkError
        If two that are to do the same work do not, or one fails while it is timed.
    """
    missing = {c.name: ", ".join(absent(c.peer)) for c in candidates if absent(c.peer)}
    there = [c for c in candidates if c.name not in missing]
    with Team(accelerated, tf32) as team:
        crew = Crew(team)
        few = problem._replace(rows=min(FEW, problem.rows))
        own = [OWN] if not accelerated else [c.peer for c in there]
        pairs = ((c, n) for c in there for n in _counts(OWN if c.peer in own else c.peer))
        runners = crew.make((Runner(c, count) for c, count in pairs), few)
        apart = [crew.compare(runners, strict=not tf32)]
        runners = crew.choose(runners, problem)
        team.keep({(r.candidate.peer, r.threads) for r in runners})
        runners = crew.make(runners, problem)
        apart.append(crew.compare(runners, strict=not accelerated))
        # Also after the common work: a second call may compile for what the first returned.
        runners = [*crew.every(runners, "warm")]
        try:
            taken = interleave({r: partial(crew.ask, r, "time") for r in runners}, rounds)
        except WorkerError as error:
            raise BenchmarkError(f"A candidate failed while it was timed: {error}") from None
    return Measured(
        {r.candidate.name: [s / r.candidate.epochs for s in taken[r]] for r in runners},
        {r.candidate.name: _said(r) for r in runners},
        missing,
        crew.failed,
        apart,
    )


def _counts(peer: str) -> list[int]:
    return [cores()] if peer == OWN else sorted({1, cores()})


def _best(seconds: dict[Runner, float], runner: Runner) -> float:
    return min(value for r, value in seconds.items() if r.candidate is runner.candidate)


def _said(runner: Runner) -> str:
    return "own" if runner.candidate.peer == OWN else str(runner.threads)
