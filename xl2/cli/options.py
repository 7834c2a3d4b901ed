"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import Face
from .printing import json_schema

Data = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help="digits (built in), or a file: .csv, .parquet, .xlsx, sqlite:FILE?TABLE, .npz, .h5 or "
        "IDX.",
    ),
]
Test = Annotated[Path | None, typer.Option(metavar="FILE", help="File with the test samples.")]
ClassWeight = Annotated[
    str | None,
    typer.Option(
        metavar="WEIGHT",
        help="balanced: each class counts as much as any other, in training and in a path's "
        "choice of lambda.",
    ),
]
Labels = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Labels of an IDX file; default: its name with 'labels' for 'images'."
    ),
]
Backend = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="numpy, cupy, torch, jax, ... or auto; see `xl2 backends`."),
]
Device = Annotated[
    str | None, typer.Option(metavar="NAME", help="cpu, cuda, cuda:1, mps, xpu or auto.")
]
Preset = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="Set of values for the options that you leave out, where none is shown here: default, "
        "best (slower), plain, sklearn or notebook.",
    ),
]
Hidden = Annotated[
    str | None, typer.Option(metavar="UNITS", help="Units of each hidden layer, first to last.")
]
Activation = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Of the hidden layers: relu, tanh, sigmoid or identity."),
]
Per = Annotated[
    str | None,
    typer.Option(
        metavar="WHAT",
        help="Divide lambda by the samples of the training set (dataset) or mini-batch (batch).",
    ),
]
Epochs = Annotated[int | None, typer.Option(metavar="N", help="Passes over the training samples.")]
BatchSize = Annotated[int | None, typer.Option(metavar="N", help="Samples in a mini-batch.")]
LearningRate = Annotated[
    float | None, typer.Option(metavar="RATE", help="Step size of the optimizer.")
]
Optimizer = Annotated[
    str | None, typer.Option(metavar="NAME", help="sgd, momentum, nesterov or adam.")
]
Schedule = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="Of the learning rate: constant, cosine, flat_cosine or one_cycle."
    ),
]
Smoothing = Annotated[
    float | None,
    typer.Option(metavar="PART", help="Part of each label that is divided among all classes."),
]
Dropout = Annotated[
    float | None, typer.Option(metavar="PART", help="Part of the units that each step leaves out.")
]
Task = Annotated[
    str, typer.Option(metavar="NAME", help="auto, classification, multilabel or regression.")
]
HeldOut = Annotated[
    float,
    typer.Option(
        metavar="FRACTION", help="Fraction of the samples to hold out for the test, without --test."
    ),
]
DType = Annotated[str, typer.Option(metavar="NAME", help="float32 or float64.")]
Every = Annotated[
    float, typer.Option(metavar="EPOCHS", help="Epochs between checkpoints, such as 10 or 0.5.")
]
Resume = Annotated[bool, typer.Option("--resume", help="Continue from the checkpoint.")]
TargetScore = Annotated[
    float,
    typer.Option(
        metavar="SCORE", help="Best score to hope for; the bias is this minus the training score."
    ),
]
NewLabels = Annotated[
    bool,
    typer.Option("--new-labels", help="Count test labels that no training sample has as errors."),
]
Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet",
        "-q",
        help="Print only the verdict, the next command and the names of files: no progress, no "
        "notes and no tables. Warnings stay on standard error.",
    ),
]
AsJson = Annotated[
    bool,
    typer.Option(
        "--json", help="Print everything as JSON for programs, without the default picture."
    ),
]


def show_json_schema(wanted: bool) -> None:
    """Print the schema and exit, for `--json-schema`."""
    if wanted:
        typer.echo(json_schema(), nl=False)
        raise typer.Exit


JsonSchema = Annotated[
    bool,
    typer.Option(
        "--json-schema",
        callback=show_json_schema,
        is_eager=True,
        help="Print the JSON Schema of --json, with the meaning and unit of each field, and exit.",
    ),
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
    Path,
    typer.Argument(
        metavar="MODEL", help="Model file, written by xl2 train --out or xl2 path --out."
    ),
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
