"""The command line: it reads arguments, calls, and prints."""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from .errors import InputError, XL2Error

app = typer.Typer(
    help="Train multilayer perceptrons with an L2 penalty, on NumPy, CuPy, PyTorch or JAX.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

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


def main() -> None:
    """Run the command line; every error a user can mend is one message and exit code 2."""
    try:
        app()
    except XL2Error as error:
        typer.echo(f"Error: {error}", err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        typer.echo("Interrupted.", err=True)
        sys.exit(130)


@app.command()
def train(
    data: Annotated[str, typer.Argument(help=DATA)],
    test: Annotated[Path | None, typer.Option(help="A held-out set in a file of its own.")] = None,
    hidden: Annotated[str, typer.Option(help="Units of the hidden layers.")] = "50,25",
    activation: Annotated[
        str, typer.Option(help="Of the hidden layers: relu, tanh, sigmoid, identity.")
    ] = "relu",
    l2: Annotated[str, typer.Option(help="lambda: one number, or one a layer, as in 1,1,0.")] = "0",
    l2_per: Annotated[
        str, typer.Option(help="Divide lambda by the samples of a batch or of the dataset.")
    ] = "batch",
    epochs: Annotated[int, typer.Option(help="Passes over the training samples.")] = 100,
    batch_size: Annotated[int, typer.Option(help="Samples of a mini-batch.")] = 64,
    learning_rate: Annotated[float, typer.Option(help="Size of the steps.")] = 0.001,
    optimizer: Annotated[str, typer.Option(help="sgd, momentum, nesterov or adam.")] = "adam",
    task: Annotated[str, typer.Option(help="auto, classification or regression.")] = "auto",
    held_out: Annotated[
        float, typer.Option(help="Part to hold out where the data has no test part.")
    ] = 0.2,
    seed: Annotated[int, typer.Option(help="Of the split, the weights and the batches.")] = 0,
    dtype: Annotated[str, typer.Option(help="float32 or float64.")] = "float32",
    target: Target = None,
    labels: Labels = None,
    features_first: FeaturesFirst = False,
    backend: Backend = None,
    device: Device = None,
    out: Annotated[Path | None, typer.Option(help="Write the model: model.safetensors.")] = None,
) -> None:
    """Train a network and say how well it does on samples it has not seen."""
    from . import files, runs
    from .data import load_data
    from .penalties import L2
    from .switch import resolve

    units, lams = _numbers("--hidden", hidden, int), _numbers("--l2", l2, float)
    penalty = L2(lams[0] if len(lams) == 1 else lams or 0.0, l2_per)  # type: ignore[arg-type]
    resolve(backend, device).dtype(dtype)
    if out is not None:
        files.check_writable(out)
    source: dict[str, Any] = {"target": target, "features_first": features_first}
    training = load_data(data, labels=labels, **source)
    judged_by = None
    if test is not None:
        # By the names of the training columns, in case the other file has another order.
        source |= {"features": training.features or None, "n_features": training.X.shape[1]}
        judged_by = load_data(test, **source)
    result = runs.train(
        training,
        judged_by,
        hidden=units,
        activation=activation,
        task=task,
        fraction=held_out,
        seed=seed,
        dtype=dtype,
        backend=backend,
        device=device,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        optimizer=optimizer,
        penalty=penalty,
    )
    if out is not None:
        files.save(result.model, out)
    _report(data, result, f"{optimizer}, {len(result.history)} epochs, L2 {l2}", out)


def _report(data: str, result: Any, how: str, out: Path | None) -> None:
    network = result.model.network
    layers = "-".join(map(str, network.sizes))
    name, unit, times = ("R2", "", 1.0) if network.task == "regression" else ("accuracy", " %", 100)
    rows = (
        ("training", result.score, f"{result.rows} samples"),
        ("held out", result.held_score, f"{result.held_rows} samples it has not seen"),
        ("bias", result.bias, f"the training {name} that is missing"),
        ("gap", result.gap, "training minus held out"),
    )
    typer.echo(f"{data}: network {layers}, {', '.join(network.activations)}")
    typer.echo(f"{network.backend}, {network.dtype}")
    typer.echo(f"{how}, {sum(result.history.seconds):.1f} s")
    typer.echo(f"\n{'':10}{name:>10}")
    for label, value, note in rows:
        typer.echo(f"{label:10}{times * value:>10.2f}{unit}   {note}")
    if out is not None:
        typer.echo(f"\nThe model is in {out}.")


@app.command()
def predict(
    model: Annotated[Path, typer.Argument(help="A file of `xl2 train --out`.")],
    data: Annotated[str, typer.Argument(help=DATA)],
    out: Annotated[Path | None, typer.Option(help="A .csv file; default: standard output.")] = None,
    target: Target = None,
    labels: Labels = None,
    features_first: FeaturesFirst = False,
    backend: Backend = None,
    device: Device = None,
) -> None:
    """Predict with a trained network, one line a sample."""
    from . import files
    from .data import load_data

    if out is not None:
        files.check_writable(out)
    trained = files.load(model, backend=backend, device=device)
    samples = load_data(
        data,
        target=target,
        labels=labels,
        features_first=features_first,
        require_target=False,
        features=trained.features or None,
        n_features=trained.network.sizes[0],
    )
    text = _table(trained, samples.X)
    if out is None:
        sys.stdout.write(text)
        return
    files.write_whole(out, text.encode())
    typer.echo(f"{len(samples.X)} predictions are in {out}.")
    if samples.y is not None:
        name = "R2" if trained.network.task == "regression" else "accuracy"
        typer.echo(f"{name} on the labels of {data}: {trained.score(samples.X, samples.y):.4f}")


def _table(model: Any, X: Any) -> str:
    """Return predictions as CSV text; a classifier's with the probability of each."""
    import numpy as np

    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    found, outputs = model.predict(X), model.forward(X)
    if model.network.task == "regression":
        columns = outputs.shape[1]
        names = ["prediction"] if columns == 1 else [f"prediction_{i}" for i in range(columns)]
        writer.writerow(names)
        writer.writerows(outputs.tolist())
    else:
        sure = np.maximum(outputs[:, 0], 1 - outputs[:, 0])
        sure = sure if outputs.shape[1] == 1 else outputs.max(axis=1)
        writer.writerow(["prediction", "probability"])
        writer.writerows(zip(found.tolist(), (f"{p:.6g}" for p in sure), strict=True))
    return lines.getvalue()


@app.command()
def backends() -> None:
    """List the array libraries, their devices, and what to do where one does not work."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from .switch import backends as listed

    table = Table("backend", "version", "devices", "if not, why", box=None, pad_edge=False)
    for info in listed():
        cells = (info.name, info.version or "-", ", ".join(info.devices) or "-", info.reason)
        # As text: "xl2[torch]" would be read as markup, and lose its brackets.
        table.add_row(*map(Text, cells))
    Console().print(table)


def _numbers(option: str, text: str, kind: type) -> list[Any]:
    try:
        return [kind(part) for part in text.split(",") if part.strip()] if text.strip() else []
    except ValueError:
        raise InputError(f"{option} is numbers with commas between. Received: {text!r}.") from None
