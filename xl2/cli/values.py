"""What the commands make of the values of options: lists, data sets, trackers, clusters."""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ..errors import InputError

if TYPE_CHECKING:
    from ..data import Dataset
    from ..nn.trained import Trained


def numbers(option: str, text: str, kind: type) -> list[Any]:
    """Return the numbers of a comma-separated list; none for empty text."""
    try:
        return [kind(part) for part in text.split(",")] if text.strip() else []
    except ValueError:
        kinds = "whole numbers" if kind is int else "numbers"
        raise InputError(
            f"{option} must be {kinds} separated by commas. Received: {text!r}."
        ) from None


def lambdas(text: str) -> int | list[float]:
    """Return the lambdas of --lambdas, or the length of the default grid."""
    if not text.startswith("grid:"):
        return numbers("--lambdas", text, float)
    try:
        return int(text.removeprefix("grid:"))
    except ValueError:
        raise InputError(
            f"--lambdas grid:N must have one whole number, such as grid:8. Received: {text!r}."
        ) from None


def check_outputs(
    written: Mapping[str, Path | None],
    read: Sequence[str | Path | None],
    checkpoint: Path | None = None,
) -> None:
    """Refuse output files that cannot be written or that would overwrite another file.

    `written` has them by the options that name them. A checkpoint that cannot be written is only
    a warning, later.
    """
    from ..io.writing import check_writable

    # os.path.exists is False for names that no file can have; Path.exists raises.
    used = {
        Path(file).resolve(): "is also an input file"
        for file in read
        if file is not None and os.path.exists(file)
    }
    for name, file in {"--checkpoint": checkpoint, **written}.items():
        if file is None:
            continue
        if name in written:
            check_writable(file, name)
        if (target := file.resolve()) in used:
            raise InputError(
                f"The output file {str(file)!r} {used[target]}. Use another name: {name} FILE."
            )
        used[target] = "is named for another output too"


def read_data(
    data: str,
    test: Path | None,
    labels: Path | None,
    model: Trained | None = None,
    **reading: Any,
) -> tuple[Dataset, Dataset | None]:
    """Read a data set and its test file, as `load_data` does; with a model, as it was trained."""
    from ..data import load_data

    training = load_data(data, labels=labels, like=model, **reading)
    if test is None:
        return training, None
    if model is None and training.table is not None:
        # Indices are those of the training file. The test file has these columns by their names.
        reading.update(target=None, groups=None, weight=None, ignore=(), categories=(), dates=())
    return training, load_data(str(test), like=model or training, **reading)


def trackers(mlflow: str | None, tensorboard: Path | None) -> list[Any]:
    """Return what logs the run; a store that cannot be used is an error before training."""
    from .. import tracking

    found: list[Any] = [] if mlflow is None else [tracking.MLflow(mlflow)]
    return found if tensorboard is None else [*found, tracking.TensorBoard(tensorboard)]


def workers_at(address: str | None) -> AbstractContextManager[Any]:
    """Return the context of a client of the Dask scheduler at an address; None without one."""
    if address is None:
        return contextlib.nullcontext()
    from .dask_client import connected

    return connected(address)


@contextlib.contextmanager
def resumable(checkpoint: Path | None) -> Iterator[None]:
    """After Ctrl-C in a run with a checkpoint, print the command that resumes it; exit 130."""
    try:
        yield
    except KeyboardInterrupt:
        if checkpoint is None or not checkpoint.exists():
            raise
        arguments = [argument for argument in sys.argv[1:] if argument != "--resume"]
        again = shlex.join(["xl2", *arguments, "--resume"])
        typer.echo(f"Interrupted. To continue: {again}", err=True)
        raise typer.Exit(130) from None
