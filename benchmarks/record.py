"""The record of a machine with a CUDA device in one go, which `gpu_record.sh` starts.

Parts of a phase run side by side, and the speed is measured when they have ended. Each part has its
own time limit, process group and file, and is in `summary.md` as soon as it has ended: what is cut
off loses only the parts that run.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib.util
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, NamedTuple

from . import machine

ROOT = Path(__file__).parent.parent
GRACE = 20.0  # seconds in which an interrupted pytest ends its processes and prints its failures
MARGIN = 25.0  # seconds before its limit at which the speed begins no other section
NEEDED = {
    "numpy": "everything",
    "array_api_compat": "everything",
    "sklearn": "everything",
    "cupy": "everything but the others' tests",
    "pytest": "tests",
    "xdist": "tests side by side",
    "hypothesis": "tests",
    "array_api_strict": "some tests",
    "pandas": "some tests",
    "safetensors": "some tests",
    "typer": "digits",
    "rich": "digits",
    "torch": "torch, and its speed",
    "jax": "jax, and its speed",
}
LIBRARIES = ("xl2", "numpy", "cupy-cuda13x", "cupy-cuda12x", "torch", "jax", "pytest")
# The most important first, as long as there is time.
TESTS = (
    *("tests/backends", "tests/nn", "tests/array", "tests/training", "tests/path"),
    *("tests/test_notebook.py", "tests/estimators", "tests/test_pickling.py", "tests/io"),
)
OTHERS = ("tests/array", "tests/nn", "tests/training/test_fit.py")
# Lines of pytest about a test, those of its summary, and those of its processes or without any.
FAILURES = (
    r"(?:FAILED|ERROR) (\S+\.py(?:::.*?)?)(?: - .*)?",
    r"\[gw\d+\] \[ *\d+%\] (?:FAILED|ERROR) (\S+\.py::.*)",
    r"(\S+\.py::.*) (?:FAILED|ERROR) +\[ *\d+%\]",
)


class Part(NamedTuple):
    """Commands that run one after another, each at most for some seconds.

    One that ends early leaves its time to the next.
    """

    name: str
    seconds: float
    commands: tuple[tuple[str, ...], ...]
    grace: float = GRACE

    def longest(self) -> float:
        """Return the seconds that it takes at most."""
        return len(self.commands) * (self.seconds + self.grace)


Phases = Sequence[Sequence[Part]]


def phases(trial: bool, workers: int) -> Phases:
    """Return the parts, those that run side by side together."""
    library, device = ("numpy", "") if trial else ("cupy", ":cuda")
    tested = suite("cupy", workers, TESTS)
    if trial:
        tested += ("-p", "cupy_on_host")  # a CuPy made up for tests, which computes with NumPy
    program = (sys.executable, "-c", "from xl2.cli import main; main()")
    path = (*program, "path", "digits", "--picture", "{scratch}/path.png", "--backend")
    figures = (sys.executable, "-m", "benchmarks.notebook_figures", "--backend", library)
    figures += ("--dtype", "float32", "--only", "mnist")
    speed = (sys.executable, "-m", "benchmarks.gpu", "{folder}/gpu.md", "--seconds", "{seconds}")
    return (
        (
            Part("tests", 155.0, (tested,)),
            Part("torch", 155.0, (suite(f"torch{device}", 3, OTHERS),)),
            Part("jax", 155.0, (suite(f"jax{device}", 3, OTHERS),)),
            Part("figures", 65.0, (figures, (*figures, "--path"))),
            Part("digits", 38.0, ((*program, "backends"), (*path, library), (*path, "numpy"))),
        ),
        (Part("speed", 365.0, ((*speed, "--stand-ins") if trial else speed,)),),
    )


def suite(backend: str, workers: int, paths: Sequence[str]) -> tuple[str, ...]:
    """Return the command of tests; warnings of libraries are no failures."""
    command = (sys.executable, "-m", "pytest", "--backend", backend, "-p", "no:cacheprovider")
    command += ("--in-order", "--maxfail", "60", "--continue-on-collection-errors")
    command += ("--tb", "short", "-v", "-rfE")
    command += ("-o", "faulthandler_timeout=50", "-W", "default")
    command += ("-W", "error:CUDA graphs are not used")
    if found("xdist"):
        command += ("-p", "xdist", "-n", str(workers), "--maxschedchunk", "8")
    return (*command, *paths)


class Record:
    """The parts of a record, and the summary of those that have ended."""

    def __init__(self, folder: Path, trial: bool):
        self.folder, self.summary = folder, folder / "summary.md"
        self.environment = environment(trial)

    def say(self, *lines: str) -> None:
        """Print lines and add them to the summary."""
        text = "\n".join(lines) + "\n"
        print(text, end="", flush=True)
        with self.summary.open("a", encoding="utf-8") as file:
            file.write(text)

    async def run(self, phases: Phases) -> None:
        """Run phase by phase; time that is left over is added to the next."""
        began, planned = time.monotonic(), 0.0
        with tempfile.TemporaryDirectory() as self.scratch:
            for parts in phases:
                spare = max(planned - (time.monotonic() - began), 0.0)
                running = (self._part(part, spare) for part in parts)
                ends = await asyncio.gather(*running, return_exceptions=True)
                for part, error in zip(parts, ends, strict=True):
                    if error is not None:
                        self.say(f"## {part.name}", "", f"- {error!r}", "")
                planned += max(part.longest() for part in parts)

    async def _part(self, part: Part, spare: float) -> None:
        file, ends = self.folder / f"{part.name}.log", []
        for command in part.commands:
            began, limit = time.monotonic(), part.seconds + spare
            with file.open("a", encoding="utf-8") as log:
                code = await self._command(command, limit, part.grace, log)
            lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
            last = next(line.strip() for line in reversed(lines) if line.strip())
            taken = time.monotonic() - began
            spare = max(limit - taken, 0.0)
            ends.append(f"- exit code {code}, {taken:.0f} s: `{last[:200]}`")
        failed = [f"- failed: `{name}`" for name in failures(lines)]
        self.say(f"## {part.name}", "", *ends, *failed, "")

    async def _command(
        self, command: Sequence[str], limit: float, grace: float, log: IO[str]
    ) -> str:
        """Run a command; return its exit code, and whether it was cut off."""
        words = {"folder": self.folder, "scratch": self.scratch, "seconds": limit - MARGIN}
        for word, value in words.items():
            command = [one.replace(f"{{{word}}}", str(value)) for one in command]
        log.write(f"$ {shlex.join(command)}\n")
        log.flush()
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,
            )
        except OSError as error:
            return f"none: {error}"
        try:
            return str(await asyncio.wait_for(process.wait(), limit))
        except TimeoutError:
            # An interrupted pytest still prints its failures.
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), grace)
            code = "killed" if process.returncode is None else str(process.returncode)
            return f"{code} (cut off)"
        finally:
            # Also what it started: a process that hangs would keep the device.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            # A driver may hold a process that was killed.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), grace)


def failures(printed: Sequence[str]) -> list[str]:
    """Return the tests that failed, also of a pytest that was killed."""
    lines = [line.strip() for line in printed]
    matches = [re.fullmatch(form, line) for line in lines for form in FAILURES]
    return [*dict.fromkeys(match[1].strip() for match in matches if match)]


def environment(trial: bool) -> dict[str, str]:
    """Return the environment of the commands."""
    path = [str(ROOT), str(ROOT / "backends"), *([str(ROOT / "tests")] if trial else [])]
    path += filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(path)),
        "PYTHONUNBUFFERED": "1",
        # Other plugins may warn, or start what takes time.
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        # Many processes run side by side; the speed is measured with threads of its own.
        **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    }


def begin(record: Record, parts: Phases, trial: bool) -> None:
    """Say what is known at once: the machine, what is missing, and how long it can take."""
    missing = [f"{name} ({what})" for name, what in NEEDED.items() if not found(name)]
    data = Path(os.environ.get("XL2_DATA", ROOT.parent / "shared" / "data"))
    if not (data / "d09_train_data.npz").is_file():
        missing.append("the notebook's MNIST in XL2_DATA (figures)")
    if not any((ROOT / "backends").glob("libxl2_numpy.*")):
        missing.append("compiled code (NumPy is slower)")
    sums = [max(part.longest() for part in side_by_side) for side_by_side in parts]
    names = "; then ".join(", ".join(part.name for part in phase) for phase in parts)
    record.say(
        "# A trial on stand-ins, without a GPU: no record" if trial else "# A record of a GPU",
        "",
        "```text",
        *machine.describe(LIBRARIES),
        f"card       {'none: a trial' if trial else machine.answer(machine.card)}",
        *machine.wrapped("missing    ", ", ".join(missing) or "nothing"),
        *machine.wrapped("parts      ", names),
        f"at most    {' + '.join(f'{one:.0f}' for one in sums)} = {sum(sums):.0f} s",
        "```",
        "",
    )


def found(module: str) -> bool:
    """Return whether a module is installed, without importing it."""
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


async def main(arguments: Sequence[str]) -> int:
    """Run the parts; return 0 when all have ended, however they did."""
    names = [part.name for phase in phases(False, 1) for part in phase]
    parser = argparse.ArgumentParser(prog="gpu_record.sh", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(names)}; or all")
    parser.add_argument("--stand-ins", action="store_true", help="try it on a CPU")
    parser.add_argument("--scale", type=float, default=1.0, help="factor of the time limits")
    parser.add_argument("--workers", type=int, default=8, help="processes of the tests")
    given = parser.parse_args(arguments)
    if unknown := set(given.parts).difference(names):
        parser.error(f"there are no parts {sorted(unknown)}")
    chosen = [
        [
            part._replace(seconds=given.scale * part.seconds, grace=given.scale * part.grace)
            for part in phase
            if not given.parts or part.name in given.parts
        ]
        for phase in phases(given.stand_ins, given.workers)
    ]
    given.folder.mkdir(parents=True, exist_ok=True)
    record = Record(given.folder.resolve(), given.stand_ins)
    chosen = [phase for phase in chosen if phase]
    try:
        begin(record, chosen, given.stand_ins)
    except Exception as error:
        record.say(f"The machine is not described: {error!r}", "")
    # Whoever stops this stops the commands too; they have their own process groups.
    task = asyncio.create_task(record.run(chosen))
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        record.say("Stopped by a signal; the parts that ran are not above.")
        return 1
    record.say("All parts have ended.")
    return 0


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main(sys.argv[1:])))
