"""Fingerprint of a run, to reject another run's checkpoint.

It describes the network, the samples and the settings in a few lines of text. Two runs with
equal fingerprints take the same steps. Samples are described by a digest: of all rows, if they
are in memory and have at most 256 MiB; otherwise of eight blocks of 2 MiB, evenly spread from the
first row to the last.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Any

from ..array.backend import Backend
from ..array.chunks import Range, chunk_ranges, rows_between
from ..array.rows import HostRows
from ..errors import FileFormatError, InputError
from ..nn.penalties import penalties_of
from .assemble import Settings
from .batches import Streamed
from .data import HeldOut, TrainingData
from .run import Run

WHOLE = 2**28
BLOCKS, BLOCK = 8, 2**21

Fingerprint = dict[str, str]


def fingerprint_of(
    run: Run, data: TrainingData, settings: Settings, held_out: Sequence[HeldOut]
) -> Fingerprint:
    """Return the fingerprint of a new run; its keys are the names used in messages."""
    network = run.network
    known: dict[int, str] = {}

    def digest(array: Any) -> str:
        if id(array) not in known:  # groups may share their validation samples
            known[id(array)] = digest_of(array, network.backend)
        return known[id(array)]

    rows = data.rows
    validation = "; ".join(f"{digest(x)}, {digest(y)}" for _, x, y in held_out)
    found = {
        "version of xl2": release(),
        **settings_of(run, settings),
        "rows": "all" if rows is None else digest_of(rows.astype("int64"), network.backend),
        "validation": validation or "none",
        "blocks": _blocks_of(run.feed.orders),
    }
    samples = data.samples
    if isinstance(run.feed, Streamed):
        X, y, weight = samples.x.first
        samples = run.feed.checked(X, y, weight, 1)
    for name, array in zip(("X", "y", "sample_weight"), samples, strict=True):
        found[name] = "none" if array is None else digest(array)
    return found


def _blocks_of(orders: Any) -> str:
    """Describe the blocks that are shuffled, on which the orders depend."""
    starts = getattr(orders, "starts", None)
    if starts is None:
        return "none"
    digest = hashlib.sha256(repr([own.tolist() for own in starts]).encode())
    return f"{sum(len(own) - 1 for own in starts)} with digest {digest.hexdigest()[:16]}"


def settings_of(run: Run, settings: Settings) -> Fingerprint:
    """Return the part of a fingerprint that describes the network and how it is trained."""
    network, loss, batching = run.network, settings.loss, run.feed.batching
    shape = " x ".join(map(str, network.stack))
    penalties = penalties_of(settings.penalty, network.stack)
    lambdas = ", ".join(repr(one.lam) for one in penalties)
    steps = f" through {run.all_steps} steps" if run.all_steps else ""
    return {
        "network": f"{'-'.join(map(str, network.sizes))}, {', '.join(network.activations)}",
        "dtype": network.dtype,
        "stack": f"a stack of {shape}" if shape else "a single network",
        "optimizer": described(run.step.optimizer),
        "learning rate": repr(run.learning_rate),
        "schedule": f"{settings.schedule}{steps}",
        "penalty": f"lambda {lambdas}, per {penalties[0].per}",
        "loss": "the default" if loss is None else described(loss),
        "dropout": f"{settings.dropout:g}",
        "label smoothing": f"{settings.label_smoothing:g}",
        "batch size": f"{batching.size}{'' if batching.even else ', the last one short'}",
        "seed": ", ".join(map(str, settings.seeds)),
        "shuffle": str(settings.shuffle),
    }


def check_same(saved: Any, own: Fingerprint, prefix: str, alternative: str) -> None:
    """Raise `InputError` with all differences if a saved fingerprint is not the run's own.

    The message begins with `prefix`, and suggests `alternative`, such as "another file".
    """
    if not isinstance(saved, dict) or not all(isinstance(text, str) for text in saved.values()):
        raise FileFormatError("its header has an invalid value of 'run'.")
    differences = [
        f'its {name} was "{saved.get(name, "unknown")}" and is now "{own.get(name, "unknown")}"'
        for name in dict.fromkeys([*own, *saved])
        if saved.get(name) != own.get(name)
    ]
    if differences:
        raise InputError(
            f"{prefix}: {'; '.join(differences)}. Use the settings and data it was started with, "
            f"or {alternative}."
        )


def digest_of(x: Any, backend: Backend) -> str:
    """Return shape, dtype and digest of an array of NumPy or the backend, or of `HostRows`."""
    import numpy as np

    digest, dtype = hashlib.sha256(), ""
    for start, stop in _blocks(x, backend):
        block = np.ascontiguousarray(_rows(x, start, stop, backend))
        dtype = str(block.dtype)
        digest.update(block.view(np.uint8).data)
    size = " x ".join(map(str, x.shape))
    return f"{size} of {dtype} with digest {digest.hexdigest()[:16]}"


def _blocks(x: Any, backend: Backend) -> list[Range]:
    """Return the blocks of rows that enter a digest."""
    import numpy as np

    rows, width = int(x.shape[0]), max(1, int(_rows(x, 0, 1, backend).nbytes))
    blocks = chunk_ranges(x, max(1, BLOCK // width))
    in_memory = not isinstance(x, HostRows)
    if len(blocks) <= BLOCKS or (in_memory and rows * width <= WHOLE):
        return blocks
    length = blocks[0][1]
    starts = np.linspace(0, rows - length, BLOCKS).astype(int).tolist()
    return [(start, start + length) for start in starts]


def _rows(x: Any, start: int, stop: int, backend: Backend) -> Any:
    """Return rows as a NumPy array."""
    import numpy as np

    with backend.scope():
        block = rows_between(x, start, stop)
        return block if isinstance(block, np.ndarray) else backend.to_numpy(block)


def described(thing: Any) -> str:
    """Return the repr; without one of its own, the name of a function or of an object's class."""
    if isinstance(thing, str):
        return thing
    if isinstance(thing, tuple):  # a Loss is two functions
        return ", ".join(map(described, thing))
    text = repr(thing)
    if " at 0x" not in text:
        return text
    # The address of an object differs from one process to the next.
    named = thing if hasattr(thing, "__qualname__") else type(thing)
    return f"{named.__module__}.{named.__qualname__}"


def own_version() -> str:
    """Return the version of xl2, if it is installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("xl2")
    except PackageNotFoundError:
        return "not installed, run from its source"


def release() -> str:
    """Return the version without the commit: any xl2 before a release resumes runs of another."""
    return re.sub(r"\.dev.*", ".dev", own_version())
