"""Arguments and options that several commands share."""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import InputError

if TYPE_CHECKING:
    from ..data import Dataset
    from ..nn.model import Model

DATA = "digits (built in), or a file: .npz, .csv, .tsv, .parquet, .h5, IDX images"
Target = Annotated[
    str | None, typer.Option(help="Label column of a table, by name or number; default: the last.")
]
Labels = Annotated[
    Path | None, typer.Option(help="IDX labels; default: the images' name with 'labels'.")
]
FeaturesFirst = Annotated[bool, typer.Option(help="Samples are the columns of X.")]
Backend = Annotated[
    str | None, typer.Option(help="numpy, cupy, torch, jax, ... or auto; see `xl2 backends`.")
]
Device = Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1, mps or auto.")]
Data = Annotated[str, typer.Argument(help=DATA)]
Test = Annotated[Path | None, typer.Option(help="A held-out set in a file of its own.")]
Hidden = Annotated[str, typer.Option(help="Units of the hidden layers.")]
Activation = Annotated[
    str, typer.Option(help="Of the hidden layers: relu, tanh, sigmoid, identity.")
]
Per = Annotated[
    str, typer.Option(help="Divide lambda by the samples of a batch or of the dataset.")
]
Epochs = Annotated[int, typer.Option(help="Passes over the training samples.")]
BatchSize = Annotated[int, typer.Option(help="Samples of a mini-batch.")]
LearningRate = Annotated[float, typer.Option(help="Size of the steps.")]
Optimizer = Annotated[str, typer.Option(help="sgd, momentum, nesterov or adam.")]
Task = Annotated[str, typer.Option(help="auto, classification or regression.")]
HeldOut = Annotated[float, typer.Option(help="Part to hold out where the data has no test part.")]
DType = Annotated[str, typer.Option(help="float32 or float64.")]
Kept = Annotated[
    Path | None, typer.Option("--checkpoint", help="Keep the run there, to be resumed.")
]
Every = Annotated[float, typer.Option(help="Epochs between two checkpoints, or a part of one.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint.")]
Score = Annotated[
    float, typer.Option(help="The training score that would leave no bias; 1 is perfect.")
]


def numbers(option: str, text: str, kind: type) -> list[Any]:
    """Read numbers with commas between them.

    Raises
    ------
    InputError
        If one is no number.
    """
    try:
        return [kind(part) for part in text.split(",") if part.strip()] if text.strip() else []
    except ValueError:
        raise InputError(f"{option} is numbers with commas between. Received: {text!r}.") from None


def printable(text: str) -> str:
    """Return a text of which a terminal obeys nothing: a file may hold any names."""
    return "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text)


def check_outputs(
    written: Sequence[Path | None],
    read: Sequence[str | Path | None],
    checkpoint: Path | None = None,
) -> None:
    """Raise before any work is done if a file could not be written, or would cost another one.

    A checkpoint that cannot be written costs a warning later, and nothing here.

    Raises
    ------
    InputError
        If a file to write cannot be, is one that is read, or is named twice.
    """
    from ..io.writing import check_writable

    # By os, to which a name that no file can have is one that is not there.
    taken = {
        Path(file).resolve(): "that is read"
        for file in read
        if file is not None and os.path.exists(file)
    }
    for file in filter(None, (checkpoint, *written)):
        if file is not checkpoint:
            check_writable(file)
        if (place := file.resolve()) in taken:
            raise InputError(f"{str(file)!r} is a file {taken[place]}: give another name.")
        taken[place] = "that something else is written to"


def read_data(
    data: str,
    test: Path | None,
    target: str | None,
    labels: Path | None,
    features_first: bool,
    model: Model | None = None,
) -> tuple[Dataset, Dataset | None]:
    """Read a data set, and the held-out set in a file of its own where there is one.

    With a model, the columns that it was trained on, in its order.
    """
    from ..data import load_data

    source: dict[str, Any] = {"target": target, "features_first": features_first}
    if model is not None:
        source |= {"features": model.features or None, "n_features": model.network.sizes[0]}
    training = load_data(data, labels=labels, **source)
    if test is None:
        return training, None
    # By the names of the training columns, in case the other file has another order.
    source |= {"features": training.features or None, "n_features": training.X.shape[1]}
    return training, load_data(str(test), **source)


@contextlib.contextmanager
def resumable(checkpoint: Path | None) -> Iterator[None]:
    """Say how to go on with what Ctrl-C interrupts, in one line, and exit with 130.

    Raises
    ------
    typer.Exit
        If a run was interrupted that is kept.
    """
    try:
        yield
    except KeyboardInterrupt:
        if checkpoint is None or not checkpoint.exists():
            raise
        arguments = [argument for argument in sys.argv[1:] if argument != "--resume"]
        again = shlex.join(["xl2", *arguments, "--resume"])
        typer.echo(f"Interrupted. To go on: {again}", err=True)
        raise typer.Exit(130) from None
