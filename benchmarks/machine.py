"""Describe the machine of a measurement, without names of hosts or users."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import subprocess
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path


def describe(libraries: Sequence[str]) -> list[str]:
    """Describe the machine and the versions of `libraries`, one line each."""
    return [
        f"date       {datetime.date.today().isoformat()}",
        *wrapped("processor  ", f"{processor()}, {cores()} cores for this process"),
        f"load       {load()}",
        *wrapped("BLAS       ", answer(lambda: "; ".join(blas()) or "unknown")),
        f"system     {platform.system()} {platform.machine()}",
        f"Python     {platform.python_implementation()} {platform.python_version()}",
        *wrapped("libraries  ", ", ".join(map(version, libraries))),
    ]


def memory() -> int:
    """Return the bytes of memory; 8 GiB if the system does not report it."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 2**33


def wrapped(title: str, text: str) -> list[str]:
    """Return lines of at most 80 characters, indented after a title."""
    indent = " " * len(title)
    return textwrap.wrap(text, 80, initial_indent=title, subsequent_indent=indent)


def processor() -> str:
    """Return the processor's model, or its architecture if the model is unknown."""
    table = Path("/proc/cpuinfo")
    lines = table.read_text().splitlines() if table.is_file() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return next(iter(models), "") or platform.processor() or platform.machine()


def cores() -> int:
    """Return the number of cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def load() -> str:
    """Return the load of the machine in the last minute."""
    if not hasattr(os, "getloadavg"):
        return "unknown"
    return f"{os.getloadavg()[0]:.1f} in the minute before"


def blas() -> list[str]:
    """Describe each BLAS library that is loaded."""
    from threadpoolctl import threadpool_info

    found = [
        f"{info['internal_api']} {info['version']} for {info.get('architecture', 'unknown')}"
        for info in threadpool_info()
        if info["user_api"] == "blas"
    ]
    return list(dict.fromkeys(found))


def card() -> str:
    """Return what the driver reports about the measured GPU."""
    wanted = "name,driver_version,clocks.sm,clocks.max.sm,clocks.max.memory,power.limit"
    asked = ["nvidia-smi", f"--query-gpu={wanted}", "--format=csv,noheader"]
    first = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0] or "0"
    done = subprocess.run(
        [*asked, "-i", first], capture_output=True, text=True, check=True, timeout=15
    )
    names = ("", "driver ", "SM now ", "SM at most ", "memory at most ", "power at most ")
    values = done.stdout.splitlines()[0].split(", ")
    return ", ".join(f"{name}{value}" for name, value in zip(names, values, strict=True))


def answer(ask: Callable[[], object]) -> str:
    """Return the answer as text, or "unknown" with the error."""
    try:
        return str(ask())
    except Exception as error:
        return f"unknown ({type(error).__name__})"


def version(library: str) -> str:
    """Return a distribution's name with its version, or that it is not installed."""
    try:
        return f"{library} {importlib.metadata.version(library)}"
    except importlib.metadata.PackageNotFoundError:
        return f"{library} {'from a checkout' if library == 'xl2' else 'not installed'}"
