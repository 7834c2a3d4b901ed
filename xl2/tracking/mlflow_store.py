"""Runs in an MLflow store: a database, a folder or a server."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..io.opening import needed
from .description import VERDICT
from .tracker import Point, Status, Tracker

MOST = 1000  # numbers of a request
LONGEST = 500  # characters of a parameter, in the oldest stores
LONGEST_NOTE = 4900
# MLflow repeats a request for minutes by default, and training would wait.
PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}


class MLflow(Tracker):
    """Logs runs and paths to MLflow.

    Pass it to `xl2.fit` as a callback, or call `log`. It needs ``pip install "xl2[mlflow]"``.

    Parameters
    ----------
    uri : str, optional
        The store, such as ``sqlite:///mlflow.db`` or ``http://127.0.0.1:5000``; by default that
        of MLflow: ``MLFLOW_TRACKING_URI``, or a database in the working directory.
    experiment : str, default "xl2"
        Created if the store does not have it.
    run : str, optional
        The name of the run; by default date and time. A run that the user has begun with
        ``mlflow.start_run()`` is used, unless `uri` is given, and stays open.

    Raises
    ------
    InputError
        If MLflow is not installed, or the store cannot be reached.
    """

    def __init__(
        self, uri: str | None = None, experiment: str = "xl2", run: str | None = None
    ) -> None:
        super().__init__(run)
        self._mlflow: Any = needed("mlflow", "This tracker", "mlflow")
        self._uri, self._borrowed = uri, False
        with self._unreachable_is_an_error(), _patience():
            self._client = self._mlflow.MlflowClient(tracking_uri=uri)
            found = self._client.get_experiment_by_name(experiment)
            self._experiment = (
                self._client.create_experiment(experiment) if found is None else found.experiment_id
            )

    def _where(self) -> str:
        return f"The MLflow store {self._uri or self._mlflow.get_tracking_uri()!r}"

    def _create(self, name: str) -> str:
        active = None if self._uri else self._mlflow.active_run()
        self._borrowed = active is not None
        if active is None:
            with _patience():
                active = self._client.create_run(self._experiment, run_name=name)
        return str(active.info.run_id)

    def _reopen(self) -> int:
        with _patience():
            metrics = self._client.get_run(self._run).data.metrics
            if not self._borrowed:
                self._client.update_run(self._run, status="RUNNING")
            last = [
                max(one.step for one in self._client.get_metric_history(self._run, name))
                for name in metrics
                if name == "loss" or name.startswith("loss/")
            ]
        return max(last, default=0)

    def _parameters(self, parameters: Mapping[str, str]) -> None:
        from mlflow.entities import Param

        params = [Param(name, value[:LONGEST]) for name, value in parameters.items()]
        with _patience():
            self._client.log_batch(self._run, params=params)

    def _write(self, points: Sequence[Point]) -> None:
        from mlflow.entities import Metric

        now = int(1000 * time.time())
        metrics = [Metric(_metric(p.member, p.name), p.value, now, p.epoch) for p in points]
        with _patience():
            for first in range(0, len(metrics), MOST):
                self._client.log_batch(self._run, metrics=metrics[first : first + MOST])

    def _text(self, name: str, text: str) -> None:
        self._file(name, text.encode())
        if name == VERDICT:  # also shown as the run's description
            note = f"```\n{text[:LONGEST_NOTE]}\n```"
            with _patience():
                self._client.set_tag(self._run, "mlflow.note.content", note)

    def _file(self, name: str, content: bytes) -> None:
        with tempfile.TemporaryDirectory() as folder, _patience():
            Path(folder, name).write_bytes(content)
            self._client.log_artifact(self._run, str(Path(folder, name)))

    def _close(self, status: Status) -> None:
        if not self._borrowed:
            with _patience():
                self._client.set_terminated(self._run, status)


def _metric(member: str, name: str) -> str:
    """Return the name of a number, in the characters that MLflow allows."""
    return re.sub(r"[^\w\-. :/]", "_", f"{name}/{member}" if member else name)


@contextlib.contextmanager
def _patience() -> Iterator[None]:
    """Wait for a server as long as `PATIENCE` says, unless the user has chosen otherwise."""
    added = {name: value for name, value in PATIENCE.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)
