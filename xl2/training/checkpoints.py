"""Checkpoints: a run on the disk, from which it goes on bit for bit.

A file is replaced whole, by a rename, and holds parameters, the optimizer's state, the random
state of the orders, the order of an epoch under way, and the history. What the run is of stands
beside it, and a run of something else is refused.
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
from ..errors import DivergenceError, FileFormatError, InputError, warn_caller
from ..io.safetensors_file import Header, Spec, read_with_digest, write_with_digest
from ..io.writing import as_path, check_writable, sweep
from . import divergence
from .fingerprint import Fingerprint, check_same
from .run import Run, Saver
from .snapshots import expected, restore, take
from .states import give_states, names_of, read_states, states_of

FORMAT = "xl2-checkpoint-1"


def always() -> bool:
    """Return True: nobody wants a run to stop."""
    return True


@dataclass(frozen=True)
class Checkpoint:
    """Where a run is kept, and how often.

    Parameters
    ----------
    path : pathlib.Path
        As messages call it.
    every : float, default 1
        Epochs between two times of writing it, or a part of one.
    resume : bool, default False
        Go on from it, where it is there.
    wanted : callable
        A run stops soon, as by Ctrl-C, once this returns False.
    troubles : iterator of int
        Counts what kept runs that share it from writing; the first is told.

    Attributes
    ----------
    file : pathlib.Path
        Where it is, though a callback should go to another folder.

    Raises
    ------
    InputError
        If `every` is no number above 0, there is no such folder, or there is a file that would
        be lost.
    """

    path: Path
    every: float = 1
    resume: bool = False
    wanted: Callable[[], bool] = always
    troubles: Iterator[int] = field(default_factory=itertools.count)
    file: Path = field(init=False)

    def __post_init__(self) -> None:
        path = self.path
        object.__setattr__(self, "file", path.absolute())
        check_every(self.every)
        if path.is_dir() or not self.file.parent.is_dir():
            check_writable(path)
        if path.exists() and not self.resume:
            raise InputError(
                f"There is a file {str(path)!r} already. To go on from it say so, resume=True "
                f"(--resume); to begin anew, remove it or give another name."
            )


def check_every(every: float) -> None:
    """Raise `InputError` where a number of epochs is none, or not above 0."""
    if not (isinstance(every, Real) and not isinstance(every, bool) and 0 < every < math.inf):
        raise InputError(
            f"every is the epochs between two checkpoints, or the part of one, a number above 0. "
            f"Received: every={every!r}."
        )


def kept(given: Any, every: float, resume: bool) -> Checkpoint | None:
    """Return where a run is to be kept, checked; None for nowhere."""
    if given is None and (resume or every != 1):
        name = "resume" if resume else "every"
        raise InputError(
            f"{name} is for a run with a checkpoint: name it, checkpoint= (--checkpoint)."
        )
    if given is None or isinstance(given, Checkpoint):
        return given
    return Checkpoint(as_path(given), every, resume)


def check_epochs(path: Path, epochs: int) -> None:
    """Raise before any work is done if a file, where there is one, has more epochs than wanted.

    Raises
    ------
    InputError
        If it has.
    FileFormatError
        If it is no sound checkpoint.
    """

    def look(header: Header, found: dict[str, Spec]) -> dict[str, Spec]:
        _check_epochs(path, header, epochs)
        return found

    if path.exists():
        read_with_digest(path, FORMAT, look)


def _check_epochs(path: Path, header: Header, epochs: int) -> None:
    within = header["under_way"] is not None
    has = header["epochs"] + within
    if has > epochs:
        where = f"is in its epoch {has}" if within else f"has {has} epochs already"
        raise InputError(
            f"{str(path)!r} is a checkpoint of a run that {where}, and epochs={epochs} asks for "
            f"fewer in all. Ask for {has} or more; for fewer, begin anew with another name."
        )


class Keeper(Saver):
    """What keeps a run in a file.

    Parameters
    ----------
    checkpoint : Checkpoint
    fingerprint : dict of str to str
    callbacks : sequence of callable
        Those with a state are kept with it.
    """

    def __init__(self, checkpoint: Checkpoint, fingerprint: Fingerprint, callbacks: Sequence[Any]):
        self._checkpoint, self._callbacks = checkpoint, callbacks
        self._fingerprint = {**fingerprint, "callbacks with a state": names_of(callbacks)}
        self._interrupts, self._epochs = Interrupts(), 0
        self._tried, self._written, self._left = 0.0, (0, 0, False, False), False

    def begin(self, run: Run, epochs: int) -> None:
        """Make a new run go on from the file, where that is wanted and there is one.

        Parameters
        ----------
        run : Run
        epochs : int
            How many it is to have in all.

        Raises
        ------
        InputError
            If it is the file of another run, or of one that has more epochs already; or if a
            callback has a state that cannot be written.
        FileFormatError
            If it is no sound checkpoint. The network is left as it was.
        DivergenceError
            If it is that of a stack of which no member was left.
        """
        path, before = self._checkpoint.path, run.network.parameters
        self._epochs = epochs
        states_of(self._callbacks)  # those that cannot be written are said now
        sweep(path)
        if not path.exists():
            return
        try:
            header, arrays = read_with_digest(
                path, FORMAT, lambda *said: self._expected(run, *said)
            )
            self._restore(run, header, arrays)
        except BaseException:
            run.network.parameters = before
            raise
        self._tried, self._written = _progress(run), _place(run)
        if run.finished and epochs > header["asked"]:
            warn_caller(
                f"Nothing is trained: a callback ended the run of {str(path)!r} after "
                f"{len(run.history)} of {header['asked']} epochs, and epochs={epochs} does not "
                f"begin it again. To have more, begin anew with another name."
            )
        if divergence.is_over(run.history):
            divergence.raise_of_all(run)

    @contextlib.contextmanager
    def guard(self, run: Run) -> Iterator[None]:
        """Return the context in which a run is trained: at its end it is written.

        What raises `KeyboardInterrupt` in its midst finds it half done: an epoch without its
        validation, a callback called and the next one not. The file of before stays.
        """
        with self._interrupts:
            try:
                yield
            except DivergenceError:
                if divergence.is_over(run.history):
                    self._write(run)
                raise
            except KeyboardInterrupt:
                if run.under_way is not None and not self._left:
                    # In the midst of a step, whose arrays are half changed.
                    run.network.parameters = run.under_way.before.parameters
                raise
            self._write(run)

    def look(self, run: Run) -> None:
        """Write the run if it is time to, or if it is to stop.

        Raises
        ------
        KeyboardInterrupt
            If it is to stop.
        """
        leave = self._interrupts.asked or not self._checkpoint.wanted()
        now = run.under_way
        if now is not None and run.feed.seekable and now.done >= run.rows:
            return  # the epoch is as good as over
        if leave or (self._due(run) and (now is None or run.feed.seekable)):
            self._write(run)
        if leave:
            self._left = True
            raise KeyboardInterrupt

    def _due(self, run: Run) -> bool:
        # Tenths do not add up to one.
        return _progress(run) - self._tried >= self._checkpoint.every - 1e-9

    def _write(self, run: Run) -> None:
        """Write the run, unless the file is of where it is; training goes on if that fails."""
        file, place = self._checkpoint.file, _place(run)
        if place == self._written:
            return
        self._tried = _progress(run)
        header, arrays = take(run)
        header["run"], header["asked"] = self._fingerprint, self._epochs
        try:
            header["callbacks"], own = states_of(self._callbacks)
            write_with_digest(file, FORMAT, header, arrays | own)
        except InputError as error:
            self._tell(str(error))
        else:
            self._written = place

    def _tell(self, trouble: str) -> None:
        # Of stacks that get here at the same moment one gets 0.
        if next(self._checkpoint.troubles):
            return
        there = self._checkpoint.file.exists()
        left = "the file that is there is whole" if there else "there is none yet"
        warn_caller(
            f"A checkpoint could not be written: {trouble} Training goes on, and {left}. This is "
            f"said once."
        )

    def _expected(self, run: Run, header: Header, found: dict[str, Spec]) -> dict[str, Spec]:
        of = f"{str(self._checkpoint.path)!r} is a checkpoint of another run"
        check_same(header["run"], self._fingerprint, of, "another file")
        own = {name: spec for name, spec in found.items() if name.startswith("callback_")}
        wanted = expected(run, header, found) | own
        _check_epochs(self._checkpoint.path, header, self._epochs)
        if type(header["asked"]) is not int:
            raise FileFormatError("its header is wrong about 'asked'.")
        return wanted

    def _restore(self, run: Run, header: Header, arrays: dict[str, Any]) -> None:
        try:
            restore(run, header, arrays)
            states = read_states(self._callbacks, header["callbacks"], arrays)
        except (TypeError, ValueError, LookupError) as error:
            raise self._unsound(error) from None
        try:
            give_states(self._callbacks, states)
        except FileFormatError as error:
            raise self._unsound(error) from None

    def _unsound(self, error: Exception) -> FileFormatError:
        return FileFormatError(f"{str(self._checkpoint.path)!r} is no sound {FORMAT} file: {error}")


def _progress(run: Run) -> float:
    """Return the epochs that a run has gone through."""
    now = run.under_way
    part = now.done / run.rows if now is not None and run.feed.seekable else 0.0
    return len(run.history) + part


def _place(run: Run) -> tuple[int, int, bool, bool]:
    """Return where a run is; a file of the same place holds the same."""
    now = run.under_way
    done = now.done if now is not None and run.feed.seekable else 0
    return len(run.history), done, run.finished, divergence.is_over(run.history)
