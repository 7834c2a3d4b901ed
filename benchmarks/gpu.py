"""The speed of xl2 on a CUDA device: `python -m benchmarks.gpu` writes gpu.md beside this file.

It takes less than eight minutes. A section that fails, or that there is no time for, is a line that
says so. The file is rewritten after each section. Without a device nothing is measured or written.
`python -m benchmarks.gpu FILE TITLE ...` writes another file, and measures some sections only.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path

from xl2.array.backend import connect
from xl2.errors import XL2Error

from . import machine, table
from .candidates import PATH_EPOCHS, Candidate
from .limits import Row
from .measure import Measured, measure
from .problem import SIZES, WIDE, Problem
from .table import Result
from .team import Team
from .timing import spread_of

MINUTES = 6.0  # no section begins later
ROUNDS = 5
LAMS = tuple(10.0 ** (k / 16 - 3) for k in range(64))

GRAPHS, KERNELS, EAGER = "xl2 on CuPy", "xl2, the same uncaptured", "xl2, portable text"
TORCH, COMPILED, GRAPHED = "torch eager", "torch.compile", "torch with CUDA graphs"
SCAN, XL2_TORCH, XL2_JAX = "JAX by hand, jit and scan", "xl2 on torch", "xl2 on JAX"
PATH, ONE = f"path of {len(LAMS)}", "one network"

_TIER, _FIT = ".peers.on_cupy:Tier", ".peers.own:Fit"
EPOCH = (
    Candidate(GRAPHS, "cupy", _TIER, work="epoch"),
    Candidate(KERNELS, "cupy", _TIER, {"tier": "kernels"}, "epoch"),
    Candidate(EAGER, "cupy", _TIER, {"tier": "eager"}, "epoch"),
    Candidate(TORCH, "torch", ".peers.torch_by_hand:Eager", {"device": "cuda"}, "epoch"),
    Candidate(COMPILED, "torch", ".peers.torch_on_cuda:Compiled", work="epoch"),
    Candidate(GRAPHED, "torch", ".peers.torch_on_cuda:Graphed", work="epoch"),
    Candidate(XL2_TORCH, "torch", _FIT, {"backend": "torch", "device": "cuda"}, "epoch"),
    Candidate(SCAN, "jax", ".peers.jax_by_hand:ByHand", {"platform": "gpu"}, "epoch"),
    Candidate(XL2_JAX, "jax", _FIT, {"backend": "jax", "device": "cuda"}, "epoch"),
)
WITH_GOALS = tuple(one for one in EPOCH if one.name in (GRAPHS, TORCH, GRAPHED, SCAN))
_PATH = {"epochs": PATH_EPOCHS, "backend": "cupy", "lams": LAMS}
OF_PATH = (
    Candidate(PATH, "cupy", ".peers.own:OfPath", _PATH, None, PATH_EPOCHS),
    Candidate(ONE, "cupy", _TIER),
)
ROWS = (
    Row(GRAPHS, TORCH, {64: 0.25}),
    Row(GRAPHS, COMPILED),
    Row(GRAPHS, GRAPHED, {64: 0.9}),
    Row(GRAPHS, SCAN, {64: 0.9}),
    Row(GRAPHS, KERNELS),
    Row(GRAPHS, EAGER),
)
OF_ALL_LAMBDAS = (Row(PATH, ONE, {64: 2.0}),)
STEP = 60.0  # microseconds, of the notebook's network in batches of 64
RATE = 0.7  # goal: this part of the measured rate of products, in a wide network

Say = Callable[[str], None]


def main(arguments: Sequence[str] = ()) -> int:
    """Measure and write the page; return 1 if there is no device."""
    try:
        backend = connect("cupy")
        if not backend.library.accelerators(backend.xp):
            raise XL2Error("CuPy finds no CUDA device.")
    except XL2Error as error:
        print(f"Nothing is measured: {error}", file=sys.stderr)
        return 1
    file = Path(arguments[0]) if arguments else Path(__file__).with_name("gpu.md")
    lines: list[str] = []

    def say(line: str) -> None:
        print(line, flush=True)
        lines.append(line)

    def save() -> None:
        text = "\n".join(line.rstrip() for line in lines)
        file.write_text(f"{HEAD}\n```\n{text}\n```\n", encoding="utf-8")

    for line in described():
        say(line)
    run(say, save, arguments[1:])
    print(f"Written: {file}")
    return 0


HEAD = """# On a GPU

The output of `python -m benchmarks.gpu`; [README.md](README.md) says what is timed, and how. The
column "at most" has the goals for an H200. Products of float32 are rounded to TF32 only where it
says so.
"""


def described() -> list[str]:
    """Describe the machine, its GPU and CUDA, one line each."""
    import cupy

    runtime, device = cupy.cuda.runtime, cupy.cuda.Device()
    name = runtime.getDeviceProperties(device.id)["name"].decode()
    versions = ["xl2", "numpy", "cupy-cuda13x", "cupy-cuda12x", "torch", "jax", "jaxlib"]
    versions += ["nvidia-cublas", "nvidia-cuda-nvrtc", "nvidia-cuda-runtime"]
    found = {
        "driver": runtime.driverGetVersion,
        "runtime": runtime.runtimeGetVersion,
        "NVRTC": lambda: ".".join(map(str, cupy.cuda.nvrtc.getVersion())),
        "cuBLAS": lambda: cupy.cuda.cublas.getVersion(cupy.cuda.device.get_cublas_handle()),
        "compute capability": lambda: device.compute_capability,
    }
    return [
        *machine.describe(versions),
        f"GPU        {name}, {device.mem_info[1] / 2**30:.0f} GiB, of {runtime.getDeviceCount()}",
        *machine.wrapped("CUDA       ", ", ".join(f"{k} {answer(v)}" for k, v in found.items())),
        *machine.wrapped("clocks     ", answer(clocks)),
        f"rounds     {ROUNDS}",
        "",
    ]


def answer(ask: Callable[[], object]) -> str:
    """Return the answer as text, or "unknown" with the error."""
    try:
        return str(ask())
    except Exception as error:
        return f"unknown ({type(error).__name__})"


def clocks() -> str:
    """Return what the driver reports about the measured device."""
    wanted = "driver_version,clocks.sm,clocks.max.sm,clocks.max.memory,power.limit"
    asked = ["nvidia-smi", f"--query-gpu={wanted}", "--format=csv,noheader"]
    first = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0] or "0"
    done = subprocess.run([*asked, "-i", first], capture_output=True, text=True, check=True)
    names = ("driver", "SM now", "SM at most", "memory at most", "power at most")
    values = done.stdout.splitlines()[0].split(", ")
    return ", ".join(f"{name} {value}" for name, value in zip(names, values, strict=True))


def run(say: Say, save: Callable[[], None] = lambda: None, only: Sequence[str] = ()) -> None:
    """Measure section by section while there is time, those with goals first.

    `only` has the titles of those that are wanted; empty means all.
    """
    began, few = time.monotonic(), WITH_GOALS
    # PyTorch compiles for so long that all candidates come last.
    sections: list[tuple[str, Callable[[], object]]] = [
        ("an epoch in batches of 64", partial(epoch, SIZES, 64, say, among=few)),
        ("64 lambdas", partial(path, say)),
        ("a wide network", partial(wide, say, among=few)),
        ("checks", partial(checks, say)),
        ("all candidates in batches of 64", partial(epoch, SIZES, 64, say)),
        ("a wide network with TF32", partial(wide, say, tf32=True)),
        *((f"an epoch in batches of {n}", partial(epoch, SIZES, n, say)) for n in (256, 1024)),
        *((f"a wide network in batches of {n}", partial(epoch, WIDE, n, say)) for n in (256, 64)),
    ]
    if unknown := set(only).difference(title for title, _ in sections):
        raise SystemExit(f"There are no sections {sorted(unknown)}.")
    for title, section in sections:
        if only and title not in only:
            continue
        if time.monotonic() - began > 60 * MINUTES:
            say(f"{title}: not measured, no time left\n")
            continue
        try:
            section()
        except Exception as error:
            why = str(error) if isinstance(error, XL2Error) else f"{type(error).__name__}: {error}"
            say(table.clipped(f"{title}: failed: {why}".splitlines()[0]) + "\n")
        save()
    say(f"everything took {(time.monotonic() - began) / 60:.1f} minutes")
    save()


def checks(say: Say) -> None:
    """Report what is checked besides the speed."""
    with Team(accelerated=True) as team:
        worker = team.worker("cupy", machine.cores())
        worker.ask("make", "checks", ".peers.on_cupy:Checks", Problem(rows=20000), {})
        for title, found in worker.ask("call", "checks"):
            say(f"{title}: {found}")
    say("")


def epoch(
    sizes: tuple[int, ...],
    batch: int,
    say: Say,
    tf32: bool = False,
    among: Sequence[Candidate] = EPOCH,
) -> Measured:
    """Measure an epoch of each candidate."""
    problem = Problem(sizes, 60000, batch)
    measured = _measure(among, problem, say, tf32)
    found = table.of_rows(ROWS, measured, batch if sizes == SIZES else 0)
    if GRAPHS in measured.seconds:
        steps = -(-problem.rows // batch)
        own = spread_of([1e6 * seconds / steps for seconds in measured.seconds[GRAPHS]])
        limit = STEP if batch == 64 and sizes == SIZES else None
        found.append(Result("microseconds a step, xl2 on CuPy", own, limit))
    for line in [*table.results(found), ""]:
        say(line)
    return measured


def path(say: Say) -> None:
    """Measure many lambdas beside one network."""
    measured = _measure(OF_PATH, Problem(), say)
    for line in [*table.results(table.of_rows(OF_ALL_LAMBDAS, measured, 64)), ""]:
        say(line)


def wide(say: Say, tf32: bool = False, among: Sequence[Candidate] = EPOCH) -> None:
    """Measure a wide network beside the rate of one large product."""
    with Team(accelerated=True, tf32=tf32) as team:
        worker = team.worker("cupy", machine.cores())
        worker.ask("make", "rate", ".peers.on_cupy:Products", Problem(rows=1), {})
        rate = worker.ask("call", "rate")
    say(f"TF32 {'on, for all' if tf32 else 'off'}: a product of 8192")
    say(f"reaches {rate / 1e12:.1f} TFLOP/s")
    measured = epoch(WIDE, 1024, say, tf32, among)
    if GRAPHS in measured.seconds:
        least = products(WIDE) * 60000 / rate
        share = spread_of([least / seconds for seconds in measured.seconds[GRAPHS]])
        goal = "" if tf32 else f" (goal: {RATE:g} or more)"
        say(f"xl2 on CuPy reaches {share} of that rate{goal}\n")


def products(sizes: tuple[int, ...]) -> int:
    """Return the multiplications and additions in the products of a step, per row."""
    pairs = list(pairwise(sizes))
    forward = sum(2 * inputs * outputs for inputs, outputs in pairs)
    return 3 * forward - 2 * pairs[0][0] * pairs[0][1]


def _measure(
    among: Sequence[Candidate], problem: Problem, say: Say, tf32: bool = False
) -> Measured:
    say(f"{'-'.join(map(str, problem.sizes))}, {problem.rows} rows, batches of {problem.batch}")
    measured = measure(among, problem, ROUNDS, accelerated=True, tf32=tf32)
    few, every = measured.apart
    say(f"weights apart by {few:.0e} after few rows, {every:.0e} after an epoch\n")
    for line in [*table.seconds(measured), ""]:
        say(line)
    return measured


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
