"""What a measurement ran on: nothing that tells one owner's machine from another's."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from collections.abc import Sequence
from pathlib import Path


def describe(libraries: Sequence[str]) -> list[str]:
    """Describe the machine, a line a subject.

    Parameters
    ----------
    libraries : sequence of str
        Distributions whose versions belong to the result.

    Returns
    -------
    list of str
    """
    return [
        f"processor  {processor()}, {cores()} cores for this process",
        f"load       {load()}",
        f"BLAS       {'; '.join(blas()) or 'unknown'}",
        f"system     {platform.system()} {platform.machine()}",
        f"Python     {platform.python_implementation()} {platform.python_version()}",
        f"libraries  {', '.join(map(version, libraries))}",
    ]


def processor() -> str:
    """Return the processor's model; where nothing names it, its architecture."""
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
    """Say how busy the machine has been in the last minute."""
    if not hasattr(os, "getloadavg"):
        return "unknown"
    return f"{os.getloadavg()[0]:.1f} in the minute before"


def blas() -> list[str]:
    """Describe each BLAS library that is loaded, with the threads it takes when left alone."""
    from threadpoolctl import threadpool_info

    found = [
        f"{info['internal_api']} {info['version']} for {info.get('architecture', 'unknown')}, "
        f"{info['num_threads']} threads"
        for info in threadpool_info()
        if info["user_api"] == "blas"
    ]
    return list(dict.fromkeys(found))


def version(library: str) -> str:
    """Return a distribution's name with its version, or say that it is absent."""
    try:
        return f"{library} {importlib.metadata.version(library)}"
    except importlib.metadata.PackageNotFoundError:
        return f"{library} not installed"
