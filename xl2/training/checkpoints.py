"""Checkpoints: save a run to a file while it trains, and resume it bit for bit.

A file has the parameters, the optimizer's state, the random state of the orders, the history
and, within an epoch, its order and progress. It is replaced atomically. Its fingerprint rejects
another run's checkpoint.
"""

from __future__ import annotations

import contextlib
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from numbers import Real
from pathlib import Path
from typing import Any

from ..array.interrupts import Interrupts
from ..array.peers import Peers
from ..errors import DivergenceError, FileFormatError, InputError, option, warn_caller
from ..io.safetensors_file import Header, Spec, read_with_digest, write_with_digest
from ..io.writing import as_path, check_writable, sweep
from . import divergence
from .fingerprint import Fingerprint, check_same
from .run import Run
from .snapshots import check_value, decoded, encoded, expected, restore, take, with_state
from .together import one_fate

FORMAT = "xl2-checkpoint-1"


@dataclass
class Checkpoint:
    """Where and how often a run is saved.

    Once `wanted` returns False the run is saved and interrupted, as by Ctrl-C. `failures` counts
    failed writes of the runs that share it: only the first one warns.
    """

    path: Path  # as messages name it
    every: float = 1  # epochs between two checkpoints; below 1 also within an epoch
    resume: bool = False
    wanted: Callable[[], bool] = lambda: True
    failures: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        path = self.path
        self.file = path.absolute()  # a callback may change the working directory
        check_every(self.every)
        if path.is_dir() or not self.file.parent.is_dir():
            check_writable(path, option("checkpoint"))
        if path.exists() and not self.resume:
            raise InputError(
                f"The file {str(path)!r} already exists. To resume from it, pass "
                f"{option('resume', True)}. To start over, remove it or use another name."
            )


def check_every(every: float) -> None:
    """Raise `InputError` unless `every` is a finite number above 0."""
    if not (isinstance(every, Real) and not isinstance(every, bool) and 0 < every < math.inf):
        raise InputError(
            f"{option('every')}, the number of epochs between two checkpoints, must be a finite "
            f"number greater than 0. Received: {option('every', every)}."
        )


def as_checkpoint(given: Any, every: float, resume: bool) -> Checkpoint | None:
    """Return the checkpoint that the arguments of `fit` describe, checked; None without one."""
    if given is not None:
        return Checkpoint(as_path(given), every, resume)
    if resume or every != 1:
        name = "resume" if resume else "every"
        raise InputError(f"{option(name)} needs a checkpoint. Pass {option('checkpoint')} too.")
    return None


def check_epochs(path: Path, epochs: int) -> None:
    """Raise `InputError` if a file exists and has more epochs, `FileFormatError` if it is bad."""

    def check(header: Header, found: dict[str, Spec]) -> dict[str, Spec]:
        _check_epochs(path, header, epochs)
        return found

    if path.exists():
        read_with_digest(path, FORMAT, check)


def _check_epochs(path: Path, header: Header, epochs: int) -> None:
    reached = header["epochs"] + (header["unfinished_epoch"] is not None)
    if reached > epochs:
        raise InputError(
            f"{str(path)!r} has already reached epoch {reached}, but {option('epochs', epochs)} is "
            f"less. Pass the total number of epochs, {reached} or more, or start over with another "
            f"name."
        )


class CheckpointSaver:
    """Saves a run to a file, with the states of its callbacks."""

    def __init__(self, checkpoint: Checkpoint, fingerprint: Fingerprint, callbacks: Sequence[Any]):
        self._checkpoint, self._callbacks = checkpoint, with_state(callbacks)
        names = ", ".join(type(call).__qualname__ for call in self._callbacks)
        self._fingerprint = {**fingerprint, "callbacks with a state": names or "none"}
        self._interrupts, self._epochs, self._stopped = Interrupts(), 0, False
        self._tried = self._written = 0.0  # epochs done at the last attempt, and in the file
        self._peers: Peers | None = None

    def begin(self, run: Run, epochs: int) -> None:
        """Resume a new run from the file, if it exists; `epochs` is the total.

        If the file is rejected, the network is left unchanged. Raises `DivergenceError` if all
        members of the stack had diverged.
        """
        path, before = self._checkpoint.path, run.network.parameters
        self._epochs, self._peers = epochs, run.step.peers
        self._states()  # raises now if one cannot be saved
        if self._writes():
            sweep(path)
        if not path.exists():
            return
        try:
            header, arrays = read_with_digest(path, FORMAT, lambda *read: self._check(run, *read))
            self._restore(run, header, arrays)
        except BaseException:
            run.network.parameters = before
            raise
        self._tried = self._written = _progress(run)
        if run.finished and epochs > header["total_epochs"]:
            warn_caller(
                f"No further epoch was trained: a callback ended the run of {str(path)!r} after "
                f"{len(run.history)} of {header['total_epochs']} epochs, so it cannot be "
                f"continued. To train more, start over with another name."
            )
        if divergence.is_over(run.history):
            divergence.raise_of_all(run)

    @contextlib.contextmanager
    def guard(self, run: Run) -> Iterator[None]:
        """Return the context in which a run is trained; the run is saved at the end.

        It is not saved if a `KeyboardInterrupt` is raised anywhere but in `look`: the epoch may
        lack its validation, or some of the callbacks.
        """
        with self._interrupts:
            try:
                yield
            except DivergenceError:
                if divergence.is_over(run.history):
                    self._write(run)
                raise
            except KeyboardInterrupt:
                if run.epoch is not None and not self._stopped:
                    # The arrays may be half changed by a step.
                    run.network.parameters = run.epoch.before.parameters
                raise
            self._save(run)

    def look(self, run: Run) -> None:
        """Save the run if it is time, or to stop it; then raise `KeyboardInterrupt`."""
        stop = self._interrupts.asked or not self._checkpoint.wanted()
        if self._peers is not None:
            # All stop at the same place.
            stop = any(self._peers.gather(stop))
        now = run.epoch
        if now is not None and run.feed.seekable and now.done >= run.feed.rows:
            return  # the epoch ends now
        # Tenths do not add up to exactly one.
        due = _progress(run) - self._tried >= self._checkpoint.every - 1e-9
        if stop or (due and (now is None or run.feed.seekable)):
            self._save(run)
        if stop:
            self._stopped = True
            raise KeyboardInterrupt

    def _save(self, run: Run) -> None:
        with one_fate(self._peers):
            if _progress(run) != self._written:
                self._write(run)

    def _write(self, run: Run) -> None:
        """Write the file; a failure causes a warning. Of peers only the first one writes."""
        self._tried = _progress(run)
        if not self._writes():
            self._written = self._tried
            return
        header, arrays = take(run)
        header["run"], header["total_epochs"] = self._fingerprint, self._epochs
        try:
            header["callbacks"], own = self._states()
            write_with_digest(self._checkpoint.file, FORMAT, header, arrays | own)
        except InputError as error:
            self._warn(str(error))
        else:
            self._written = self._tried

    def _writes(self) -> bool:
        return self._peers is None or self._peers.rank == 0

    def _states(self) -> tuple[list[Any], dict[str, Any]]:
        arrays: dict[str, Any] = {}
        return [encoded(call.state_dict(), arrays) for call in self._callbacks], arrays

    def _warn(self, reason: str) -> None:
        # `next` is atomic: one of several threads gets 0.
        if next(self._checkpoint.failures):
            return
        exists = self._checkpoint.file.exists()
        previous = "the previous one is intact" if exists else "there is no earlier one"
        warn_caller(
            f"A checkpoint could not be written ({option('checkpoint')}): {reason} Training "
            f"continues, and {previous}. "
            f"Later failures are not reported."
        )

    def _check(self, run: Run, header: Header, found: dict[str, Spec]) -> dict[str, Spec]:
        prefix = f"{str(self._checkpoint.path)!r} is a checkpoint of another run"
        check_same(header["run"], self._fingerprint, prefix, "another file")
        own = {name: spec for name, spec in found.items() if name.startswith("callback_")}
        wanted = expected(run, header, found) | own
        _check_epochs(self._checkpoint.path, header, self._epochs)
        check_value(type(header["total_epochs"]) is int, "total_epochs")
        check_value(len(header["callbacks"]) == len(self._callbacks), "callbacks")
        return wanted

    def _restore(self, run: Run, header: Header, arrays: dict[str, Any]) -> None:
        try:
            restore(run, header, arrays)
            states = [decoded(state, arrays) for state in header["callbacks"]]
        except (TypeError, ValueError, LookupError, OverflowError) as error:
            path = str(self._checkpoint.path)
            raise FileFormatError(f"{path!r} is not a valid {FORMAT} file: {error}") from None
        for call, state in zip(self._callbacks, states, strict=True):
            call.load_state_dict(state)


def _progress(run: Run) -> float:
    """Return the number of epochs done, including the part of an unfinished one."""
    now = run.epoch
    part = now.done / run.feed.rows if now is not None and run.feed.seekable else 0.0
    return len(run.history) + part
