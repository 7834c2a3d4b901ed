"""The speed of xl2 on a CUDA device: `python -m benchmarks.gpu` writes gpu.md beside this file.

    python -m benchmarks.gpu [FILE [TITLE ...]] [--seconds S] [--stand-ins]

It takes less than eight minutes. A section that fails, or that there is no time for, is a line that
says so, and so is a candidate. The file is rewritten after each section, and each timing is printed
at once. Without a device nothing is measured or written. With titles only these sections are
measured. `--stand-ins` tries everything on a CPU, in seconds and without a meaning.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from xl2.array.backend import connect
from xl2.errors import XL2Error

from . import machine, table
from .candidates import Candidate
from .gpu_candidates import (
    CUDA,
    GRAPHS,
    OF_ALL_LAMBDAS,
    ROWS,
    STAND_INS,
    WITH_GOALS,
    Place,
    of_epoch,
    of_path,
)
from .measure import Measured, measure
from .peers.on_cupy import CHECKS
from .problem import SIZES, Problem
from .table import Result
from .team import Team, WorkerError
from .timing import spread_of

SECONDS = 360.0  # no section begins later
LONGEST = 75.0  # seconds that an answer may take: a first import, or a compilation
STEP = 60.0  # microseconds, of the notebook's network in batches of 64
RATE = 0.7  # goal: this part of the measured rate of products, in a wide network

HEAD = """# On a GPU

The output of `python -m benchmarks.gpu`; [README.md](README.md) says what is timed, and how. The
column "at most" has the goals for an H200. Products of float32 are rounded to TF32 only where it
says so.
"""
HEAD_OF_TRIAL = """# A trial without a GPU

It shows that the measurement runs to its end, and **no number in it says anything about a GPU**:
NumPy stands in for CuPy, PyTorch and JAX are on the CPU, and there are few samples.
"""
TRIAL = "trial, no GPU | "  # begins each line, lest one be quoted alone
CUT = "The run was cut off after this."


def main(arguments: Sequence[str] = ()) -> int:
    """Measure and write the page; return 1 if there is no device."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu")
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("titles", nargs="*")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="no section begins later")
    parser.add_argument("--stand-ins", action="store_true", help="try it on a CPU")
    given = parser.parse_args(arguments)
    place = STAND_INS if given.stand_ins else CUDA
    if place.trial and given.file is None:
        parser.error("a trial needs a FILE, because the page of a GPU stays as it is")
    try:
        backend = connect(place.backend)
        if not place.trial and not backend.library.accelerators(backend.xp):
            raise XL2Error("CuPy finds no CUDA device.")
    except XL2Error as error:
        print(f"Nothing is measured: {error}", file=sys.stderr)
        return 1
    page = Page(given.file or Path(__file__).with_name("gpu.md"), place)
    for line in described(place):
        page.say(line)
    page.save()
    with Gpu(place, page) as gpu:
        gpu.run(given.seconds, given.titles)
    print(f"Written: {page.file}")
    return 0


class Page:
    """The lines of a page, in its file whenever they are saved."""

    def __init__(self, file: Path, place: Place):
        self.file, self.place, self.lines = file, place, list[str]()

    def say(self, line: str) -> None:
        """Print a line, or several, and keep them for the file."""
        for one in line.split("\n"):
            marked = f"{TRIAL}{one}".rstrip() if self.place.trial else one.rstrip()
            print(marked, flush=True)
            self.lines.append(marked)

    def save(self, whole: bool = False) -> None:
        """Write the file."""
        head, text = HEAD_OF_TRIAL if self.place.trial else HEAD, "\n".join(self.lines)
        end = "" if whole else f"\n{CUT}\n"
        self.file.write_text(f"{head}\n```\n{text}\n```\n{end}", encoding="utf-8")


def described(place: Place) -> list[str]:
    """Describe the machine, its GPU and CUDA, one line each."""
    versions = ["xl2", "numpy", "cupy-cuda13x", "cupy-cuda12x", "torch", "jax", "jaxlib"]
    versions += ["nvidia-cublas", "nvidia-cuda-nvrtc", "nvidia-cuda-runtime"]
    return [
        *machine.describe(versions),
        *(["GPU        none"] if place.trial else cuda()),
        f"rounds     {place.rounds}",
        "",
    ]


def cuda() -> list[str]:
    """Describe the GPU and CUDA, one line each."""
    import cupy

    runtime, device = cupy.cuda.runtime, cupy.cuda.Device()
    name = runtime.getDeviceProperties(device.id)["name"].decode()
    found = {
        "driver": runtime.driverGetVersion,
        "runtime": runtime.runtimeGetVersion,
        "NVRTC": lambda: ".".join(map(str, cupy.cuda.nvrtc.getVersion())),
        "cuBLAS": lambda: cupy.cuda.cublas.getVersion(cupy.cuda.device.get_cublas_handle()),
        "compute capability": lambda: device.compute_capability,
    }
    versions = ", ".join(f"{title} {machine.answer(ask)}" for title, ask in found.items())
    return [
        f"GPU        {name}, {device.mem_info[1] / 2**30:.0f} GiB, of {runtime.getDeviceCount()}",
        *machine.wrapped("CUDA       ", versions),
        *machine.wrapped("clocks     ", machine.answer(machine.card)),
    ]


class Gpu(ExitStack):
    """Measurements on a GPU, or on its stand-ins, and the processes that they share."""

    def __init__(self, place: Place, page: Page):
        super().__init__()
        self.place, self.page, self.say = place, page, page.say
        self.began = time.monotonic()
        self._teams: dict[bool, Team] = {}

    def team(self, tf32: bool = False) -> Team:
        """Return the processes with or without TF32."""
        if tf32 not in self._teams:
            team = Team(accelerated=True, tf32=tf32, limit=LONGEST, note=self.note)
            self._teams[tf32] = self.enter_context(team)
        return self._teams[tf32]

    def note(self, line: str) -> None:
        """Print a line that is not for the page."""
        print(f"    {time.monotonic() - self.began:.1f} s: {line}", flush=True)

    def run(self, seconds: float = SECONDS, only: Sequence[str] = ()) -> None:
        """Measure section by section while there is time, those with goals first.

        `only` has the titles of those that are wanted; empty means all.
        """
        few, wide = WITH_GOALS, self.place.wide
        # PyTorch compiles for so long that all candidates come last.
        sections: list[tuple[str, Callable[[], object]]] = [
            ("an epoch in batches of 64", partial(self.epoch, SIZES, 64, names=few)),
            ("64 lambdas", self.path),
            ("a wide network", partial(self.wide, names=few)),
            ("checks", self.checks),
            ("all candidates in batches of 64", partial(self.epoch, SIZES, 64)),
            ("a wide network with TF32", partial(self.wide, tf32=True)),
            *((f"an epoch in batches of {n}", partial(self.epoch, SIZES, n)) for n in (256, 1024)),
            *(
                (f"a wide network in batches of {n}", partial(self.epoch, wide, n))
                for n in (256, 64)
            ),
        ]
        if unknown := set(only).difference(title for title, _ in sections):
            raise SystemExit(f"There are no sections {sorted(unknown)}.")
        for title, section in sections:
            if only and title not in only:
                continue
            if time.monotonic() - self.began > seconds:
                self.say(f"{title}: not measured, no time left\n")
                continue
            self.note(title)
            try:
                section()
            except Exception as error:
                self.say(table.clipped(f"{title}: failed: {_reason(error)}") + "\n")
            self.page.save()
        self.say(f"everything took {(time.monotonic() - self.began) / 60:.1f} minutes")
        self.page.save(whole=True)

    def ask(self, name: str, factory: str, problem: Problem, tf32: bool = False, **how: Any) -> Any:
        """Return the result of calling something once, in a process of that name."""
        team = self.team(tf32)
        try:
            worker = team.worker(name, machine.cores())
            worker.ask("make", name, factory, problem, how)
            return worker.ask("call", name)
        except WorkerError as error:
            self.note(f"{name}: {error}\n{error.details}".rstrip())
            team.drop([name])
            raise

    def checks(self) -> None:
        """Report what is checked besides the speed."""
        problem = Problem(rows=min(20000, self.place.rows))
        for title in CHECKS:
            how = {"title": title, "backend": self.place.backend}
            try:
                found = self.ask("checks", ".peers.on_cupy:Check", problem, **how)
            except WorkerError as error:
                found = f"failed: {_reason(error)}"
            self.say(f"{title}: {found}")
        self.say("")

    def epoch(
        self, sizes: tuple[int, ...], batch: int, tf32: bool = False, names: Sequence[str] = ()
    ) -> Measured:
        """Measure an epoch of candidates, of some names or all."""
        problem = Problem(sizes, self.place.rows, batch)
        measured = self.measure(of_epoch(self.place, names), problem, tf32)
        found = table.of_rows(ROWS, measured, batch if sizes == SIZES else 0)
        if GRAPHS in measured.seconds:
            steps = -(-problem.rows // batch)
            own = spread_of([1e6 * seconds / steps for seconds in measured.seconds[GRAPHS]])
            limit = STEP if batch == 64 and sizes == SIZES else None
            found.append(Result("microseconds a step, xl2 on CuPy", own, limit))
        for line in [*table.results(found), ""]:
            self.say(line)
        return measured

    def path(self) -> None:
        """Measure many lambdas beside one network."""
        measured = self.measure(of_path(self.place), Problem(rows=self.place.rows))
        for line in [*table.results(table.of_rows(OF_ALL_LAMBDAS, measured, 64)), ""]:
            self.say(line)

    def wide(self, tf32: bool = False, names: Sequence[str] = ()) -> None:
        """Measure a wide network beside the rate of one large product."""
        place, rate = self.place, None
        say = f"TF32 {'on, for all' if tf32 else 'off'}: a product of {place.size}"
        how = {"library": place.backend, "size": place.size}
        try:
            rate = self.ask("rate", ".peers.on_cupy:Products", Problem(rows=1), tf32, **how)
            self.say(f"{say}\nreaches {rate / 1e12:.1f} TFLOP/s")
        except WorkerError as error:
            self.say(table.clipped(f"{say}\nfailed: {_reason(error)}"))
        measured = self.epoch(place.wide, 1024, tf32, names)
        if rate and GRAPHS in measured.seconds:
            least = products(place.wide) * place.rows / rate
            share = spread_of([least / seconds for seconds in measured.seconds[GRAPHS]])
            goal = "" if tf32 else f" (goal: {RATE:g} or more)"
            self.say(f"xl2 on CuPy reaches {share} of that rate{goal}\n")

    def measure(self, among: Sequence[Candidate], problem: Problem, tf32: bool = False) -> Measured:
        """Time candidates, and report their seconds."""
        sizes = "-".join(map(str, problem.sizes))
        self.say(f"{sizes}, {problem.rows} rows, batches of {problem.batch}")
        measured = measure(among, problem, self.place.rounds, self.team(tf32))
        few, every = measured.apart
        self.say(f"weights apart by {few:.0e} after few rows, {every:.0e} after an epoch\n")
        for line in [*table.seconds(measured), ""]:
            self.say(line)
        return measured


def _reason(error: Exception) -> str:
    known = isinstance(error, XL2Error | WorkerError)
    words = str(error) if known else f"{type(error).__name__}: {error}"
    return (words.splitlines() or [""])[0]


def products(sizes: tuple[int, ...]) -> int:
    """Return the multiplications and additions in the products of a step, per row."""
    pairs = list(pairwise(sizes))
    forward = sum(2 * inputs * outputs for inputs, outputs in pairs)
    return 3 * forward - 2 * pairs[0][0] * pairs[0][1]


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
