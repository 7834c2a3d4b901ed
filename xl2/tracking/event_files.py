"""Runs as folders of event files, for TensorBoard."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..io.opening import needed
from ..io.writing import as_path, write_whole
from .description import PICTURE
from .tracker import Point, Status, Tracker

FLUSH = 5  # seconds until what was logged can be seen
EVERYTHING = {"tensors": 0}  # else only a sample of the epochs is read


class TensorBoard(Tracker):
    """Logs runs and paths to event files, which ``tensorboard --logdir FOLDER`` shows.

    Pass it to `xl2.fit` as a callback, or call `log`. A run is a folder; each member of a stack,
    and each lambda of a path, is a folder in it, so that TensorBoard draws their curves in one
    chart. It needs ``pip install "xl2[tensorboard]"``.

    Parameters
    ----------
    folder : path-like
        The folder of the runs; created if it does not exist.
    run : str, optional
        The name of the run; by default date and time. If the folder has it, it is numbered.

    Raises
    ------
    InputError
        If TensorBoard is not installed, or the folder cannot be used.
    """

    def __init__(self, folder: str | Path, run: str | None = None) -> None:
        super().__init__(run)
        self._folder = as_path(folder).absolute()  # a callback may change the working directory
        # PyTorch uses this writer too: it needs no TensorFlow.
        module = "tensorboard.summary.writer.event_file_writer"
        self._events: Any = needed(module, "This tracker", "tensorboard")
        self._writers: dict[str, Any] = {}  # by the names of members
        with self._unreachable_is_an_error():
            self._folder.mkdir(parents=True, exist_ok=True)

    def _where(self) -> str:
        return f"The folder {str(self._folder)!r} of TensorBoard's files"

    def _create(self, name: str) -> str:
        tries = (name, *(f"{name} {number}" for number in range(2, 10_000)))
        free = next(one for one in tries if not (self._folder / one).exists())
        (self._folder / free).mkdir(parents=True)
        return free

    def _reopen(self) -> int:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        (self._folder / self._run).mkdir(exist_ok=True)
        last = 0
        for folder in {file.parent for file in (self._folder / self._run).rglob("events.*")}:
            events = EventAccumulator(str(folder), size_guidance=EVERYTHING)
            events.Reload()
            if "loss" in events.Tags()["tensors"]:
                last = max(last, *(event.step for event in events.Tensors("loss")))
        return last

    def _parameters(self, parameters: Mapping[str, str]) -> None:
        from tensorboard.plugins.hparams.summary_v2 import hparams_pb

        rows = [f"{name} | {value}" for name, value in parameters.items()]
        self._summary("", 0, hparams_pb(dict(parameters), trial_id=self._run))
        self._markdown("parameters", "\n".join(["parameter | value", "--- | ---", *rows]))

    def _write(self, points: Sequence[Point]) -> None:
        from tensorboard.plugins.scalar.summary_v2 import scalar_pb

        for point in points:
            self._summary(point.member, point.epoch, scalar_pb(point.name, point.value))

    def _text(self, name: str, text: str) -> None:
        self._file(name, text.encode())
        self._markdown(name, "\n".join(f"    {line}" for line in text.splitlines()))

    def _markdown(self, name: str, text: str) -> None:
        from tensorboard.plugins.text.summary_v2 import text_pb

        self._summary("", 0, text_pb(name, text))

    def _file(self, name: str, content: bytes) -> None:
        write_whole(self._folder / self._run / name, content)
        if name == PICTURE:
            from tensorboard.compat.proto.summary_pb2 import Summary

            image = Summary.Image(encoded_image_string=content, colorspace=4)
            self._summary("", 0, Summary(value=[Summary.Value(tag=name, image=image)]))

    def _summary(self, member: str, epoch: int, summary: Any) -> None:
        from tensorboard.compat.proto.event_pb2 import Event

        if member not in self._writers:
            folder = self._folder / self._run / member
            self._writers[member] = self._events.EventFileWriter(str(folder), flush_secs=FLUSH)
        event = Event(step=epoch, wall_time=time.time(), summary=summary)
        self._writers[member].add_event(event)

    def _close(self, status: Status) -> None:
        writers, self._writers = self._writers, {}
        for writer in writers.values():
            writer.close()
