"""Arguments and options that several commands share, and their checks."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import Face, InputError, printable

if TYPE_CHECKING:
    from ..data import Dataset
    from ..diagnosis.verdict import Diagnosis
    from ..nn.network import Network
    from ..nn.trained import Trained

Data = Annotated[
    str,
    typer.Argument(
        help="digits (built in), or a file: .csv, .parquet, .xlsx, sqlite:FILE?TABLE, .npz, .h5 or "
        "IDX."
    ),
]
Test = Annotated[Path | None, typer.Option(help="File with the test samples.")]
ClassWeight = Annotated[
    str | None,
    typer.Option(
        help="balanced: each class counts as much as any other, in training and in a path's "
        "choice of lambda."
    ),
]
Labels = Annotated[
    Path | None,
    typer.Option(help="Labels of an IDX file; default: its name with 'labels' for 'images'."),
]
Backend = Annotated[
    str | None, typer.Option(help="numpy, cupy, torch, jax, ... or auto; see `xl2 backends`.")
]
Device = Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1, mps or auto.")]
Preset = Annotated[
    str,
    typer.Option(
        help="Where values come from of options that are left out and show no default: default, "
        "best (slower), plain, sklearn or notebook."
    ),
]
Hidden = Annotated[str | None, typer.Option(help="Units of each hidden layer, first to last.")]
Activation = Annotated[
    str | None,
    typer.Option(help="Of the hidden layers: relu, tanh, sigmoid or identity."),
]
Per = Annotated[
    str | None,
    typer.Option(
        help="Divide lambda by the samples of the training set (dataset) or mini-batch (batch)."
    ),
]
Epochs = Annotated[int | None, typer.Option(help="Passes over the training samples.")]
BatchSize = Annotated[int | None, typer.Option(help="Samples in a mini-batch.")]
LearningRate = Annotated[float | None, typer.Option(help="Step size of the optimizer.")]
Optimizer = Annotated[str | None, typer.Option(help="sgd, momentum, nesterov or adam.")]
Schedule = Annotated[
    str | None,
    typer.Option(help="Of the learning rate: constant, cosine, flat_cosine or one_cycle."),
]
Smoothing = Annotated[
    float | None,
    typer.Option(help="Part of each label that is divided among all classes."),
]
Dropout = Annotated[float | None, typer.Option(help="Part of the units that each step leaves out.")]
Task = Annotated[str, typer.Option(help="auto, classification, multilabel or regression.")]
HeldOut = Annotated[
    float, typer.Option(help="Fraction of the samples to hold out if there are no test samples.")
]
DType = Annotated[str, typer.Option(help="float32 or float64.")]
Every = Annotated[float, typer.Option(help="Epochs between checkpoints, such as 10 or 0.5.")]
Resume = Annotated[bool, typer.Option("--resume", help="Continue from the checkpoint.")]
TargetScore = Annotated[
    float, typer.Option(help="Best score to hope for; the bias is this minus the training score.")
]
NewLabels = Annotated[
    bool,
    typer.Option("--new-labels", help="Count test labels that no training sample has as errors."),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print everything as JSON, without the default picture.")
]
MLflow = Annotated[
    str | None,
    typer.Option(
        metavar="URI",
        help="Log the run to an MLflow store, such as sqlite:///mlflow.db or http://HOST:5000.",
    ),
]
TensorBoard = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="Log the run to a folder for TensorBoard.")
]
ModelFile = Annotated[
    Path, typer.Argument(help="Model file, written by xl2 train --out or xl2 path --out.")
]


# Arguments of Python's functions that have no option of their name: the option, and its words.
OTHER_NAMES = {
    "fraction": ("held_out", "{}"),
    "level": ("interval", "{}"),
    "y": ("target", "the label column ({})"),
    "sample_weight": ("weight", "{}"),
}


def face_of(command: Any) -> Face:
    """Return how messages of a command name options."""
    names = {p.name or "": p.opts[0] for p in command.params if p.param_type_name == "option"}
    for name, (own, words) in OTHER_NAMES.items():
        if own in names:
            names[name] = words.format(names[own])
    return Face(names, command_line=True)


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


def heading(data: str, network: Network) -> str:
    """Return two lines that describe a trained network."""
    layers, activations = "-".join(map(str, network.sizes)), ", ".join(network.activations)
    return f"{data}: network {layers}, {activations}\n{network.backend}, {network.dtype}"


def show_notes(notes: Sequence[str], err: bool = False) -> None:
    """Print sentences in lines of at most 80 characters, each from its own line."""
    for note in notes:
        typer.echo(
            textwrap.fill(printable(note), 80, break_long_words=False, break_on_hyphens=False),
            err=err,
        )


def show_json(diagnosis: Diagnosis, **more: Any) -> None:
    """Print a diagnosis and other values as JSON, in characters that any terminal has."""
    from ..diagnosis.formats import plain

    typer.echo(json.dumps({**diagnosis.to_dict(), **plain(more)}, indent=2))


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
