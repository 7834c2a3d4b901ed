"""What both trackers do: when a run begins, what is logged, and what happens if that fails."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from ..diagnosis.verdict import Diagnosis
from ..errors import InputError, warn_caller
from ..nn.network import Network
from ..path.result import RegularizationPath
from ..training.history import CURVES, History
from ..training.watching import Watched
from . import description

Status = Literal["FINISHED", "FAILED", "KILLED"]


class Point(NamedTuple):
    """A point of a curve, or a score, whose epoch is 0."""

    member: str  # "" is the run itself
    name: str
    epoch: int
    value: float


class Tracker:
    """A callback of `xl2.fit` that logs each run, and logs paths; see its two subclasses.

    A failure before training is an error. Later it causes a warning, and the rest of the run is
    not logged: training is never lost.
    """

    def __init__(self, run: str | None) -> None:
        self._name = run  # as the user wants it
        self._run = ""  # how the store names the run, "" before the first
        self._names: Callable[[], list[str]] | None = None
        self._logged = 0  # epochs of the run that the store has
        self._failed = False

    @property
    def run(self) -> str:
        """The id or name of the run that was logged last; "" before the first."""
        return self._run

    @contextlib.contextmanager
    def watch(self, watched: Watched) -> Iterator[None]:
        """Log a run of `xl2.fit` from its beginning, or go on if it is resumed."""
        self._failed, self._names = False, watched.names
        with self._unreachable_is_an_error():
            if watched.done() and self._run:
                self._logged = self._reopen()
            else:
                self._begin(watched.parameters)
        status: Status = "FAILED"
        try:
            yield
            status = "FINISHED"
        except KeyboardInterrupt:
            status = "KILLED"
            raise
        finally:
            self._names = None
            self._try(self._close, status)

    def __call__(self, network: Network, history: History) -> None:
        """Log the last epoch of a run."""
        if self._names is None:
            raise InputError("A tracker is a callback of xl2.fit itself: callbacks=[tracker].")
        # A resumed run repeats the epochs after its checkpoint, with the same values.
        if not self._failed and len(history) > self._logged:
            self._try(self._log_epoch, len(history), history, self._names())

    def state_dict(self) -> dict[str, str]:
        """Return what a checkpoint keeps: the run."""
        return {"run": self._run}

    def load_state_dict(self, state: Mapping[str, str]) -> None:
        """Go on with the run of a checkpoint."""
        self._run = state["run"]

    def log(
        self,
        path: RegularizationPath | None = None,
        diagnosis: Diagnosis | None = None,
        *,
        model: Any = None,
        report: str | Path | None = None,
    ) -> None:
        """Log a path as a new run, or add to the run that was logged last.

        Parameters
        ----------
        path : RegularizationPath, optional
            Its parameters, scores, picture (if matplotlib is installed) and, for each lambda, its
            curves: means over folds and seeds.
        diagnosis : Diagnosis, optional
            Its text and its numbers.
        model : Model, Network or fitted estimator of xl2, optional
            Its file, as `xl2.save` writes it.
        report : path-like, optional
            An HTML page, such as `xl2 path --report` writes.

        Raises
        ------
        InputError
            If the model or the report cannot be read.
        """
        logged = description.of(path, diagnosis, model, report)
        self._failed = False
        self._try(self._log_all, path is not None or not self._run, logged)

    def _log_all(self, new: bool, logged: description.Logged) -> None:
        if new:
            self._begin(logged.parameters)
        else:
            self._reopen()
        scores = [
            Point(member, name, 0, value)
            for member, numbers in logged.numbers.items()
            for name, value in numbers.items()
        ]
        curves = [
            Point(member, name, epoch, value)
            for member, curves in logged.curves.items()
            for name, values in curves.items()
            for epoch, value in enumerate(values.tolist(), 1)
        ]
        self._write(_finite([*scores, *curves]))
        for name, text in logged.texts.items():
            self._text(name, text)
        for name, content in logged.files.items():
            self._file(name, content)
        self._close("FINISHED")

    def _log_epoch(self, epoch: int, history: History, members: list[str]) -> None:
        import numpy as np

        points = [
            Point(member, name, epoch, value)
            for name in CURVES
            if (values := getattr(history, name))
            for member, value in zip(members, np.ravel(values[-1]).tolist(), strict=True)
        ]
        self._write(_finite(points))
        self._logged = epoch

    def _try(self, log: Callable[..., None], *arguments: Any) -> None:
        """Log, unless that failed before; a failure causes a warning."""
        if self._failed:
            return
        try:
            log(*arguments)
        except Exception as error:  # of whatever kind: the result of training is worth more
            self._failed = True
            with contextlib.suppress(Exception):
                self._close("FAILED")  # keeps what it has so far
            warn_caller(
                f"{self._where()} could not be written: {_first_line(error)} The result is not "
                f"affected, but the rest of this run is not logged."
            )

    @contextlib.contextmanager
    def _unreachable_is_an_error(self) -> Iterator[None]:
        try:
            yield
        except InputError:
            raise
        except Exception as error:
            raise InputError(f"{self._where()} cannot be used: {_first_line(error)}") from error

    def _begin(self, parameters: Mapping[str, str]) -> None:
        self._logged = 0
        self._run = self._create(self._name or time.strftime("%Y-%m-%d %H-%M-%S"))
        self._parameters(parameters)

    # What a store does.

    def _where(self) -> str:
        """Return the store, as messages name it."""
        raise NotImplementedError

    def _create(self, name: str) -> str:
        """Begin a new run, and return how it is found again."""
        raise NotImplementedError

    def _reopen(self) -> int:
        """Go on with `self._run`; return the last epoch that it has."""
        raise NotImplementedError

    def _parameters(self, parameters: Mapping[str, str]) -> None:
        raise NotImplementedError

    def _write(self, points: Sequence[Point]) -> None:
        raise NotImplementedError

    def _text(self, name: str, text: str) -> None:
        raise NotImplementedError

    def _file(self, name: str, content: bytes) -> None:
        raise NotImplementedError

    def _close(self, status: Status) -> None:
        raise NotImplementedError


def _finite(points: Sequence[Point]) -> list[Point]:
    """Leave out what no curve can show: a member that diverged has NaN."""
    return [point for point in points if math.isfinite(point.value)]


def _first_line(error: Exception) -> str:
    text = (str(error).strip() or type(error).__name__).splitlines()[0][:300]
    return text if text.endswith(".") else f"{text}."
