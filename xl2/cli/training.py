"""`xl2 train`, `xl2 predict` and `xl2 export`."""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import InputError
from .options import (
    Activation,
    Backend,
    BatchSize,
    Data,
    Device,
    DType,
    Epochs,
    Every,
    FeaturesFirst,
    HeldOut,
    Hidden,
    Kept,
    Labels,
    LearningRate,
    Optimizer,
    Per,
    Resume,
    Target,
    Task,
    Test,
    check_outputs,
    numbers,
    printable,
    read_data,
    resumable,
)


def train(
    data: Data,
    test: Test = None,
    hidden: Hidden = "50,25",
    activation: Activation = "relu",
    l2: Annotated[str, typer.Option(help="lambda: one number, or one a layer, as in 1,1,0.")] = "0",
    l2_per: Per = "batch",
    epochs: Epochs = 100,
    batch_size: BatchSize = 64,
    learning_rate: LearningRate = 0.001,
    optimizer: Optimizer = "adam",
    task: Task = "auto",
    held_out: HeldOut = 0.2,
    seed: Annotated[int, typer.Option(help="Of the split, the weights and the batches.")] = 0,
    dtype: DType = "float32",
    target: Target = None,
    labels: Labels = None,
    features_first: FeaturesFirst = False,
    backend: Backend = None,
    device: Device = None,
    checkpoint: Kept = None,
    every: Every = 1.0,
    resume: Resume = False,
    out: Annotated[Path | None, typer.Option(help="Write the model: model.safetensors.")] = None,
) -> None:
    """Train a network and say how well it does on samples it has not seen."""
    from ..array.switch import resolve
    from ..io import model_file
    from ..nn.penalties import L2
    from . import workflows

    units, lams = numbers("--hidden", hidden, int), numbers("--l2", l2, float)
    penalty = L2(lams[0] if len(lams) == 1 else lams or 0.0, l2_per)  # type: ignore[arg-type]
    resolve(backend, device).dtype(dtype)
    check_outputs([out], (data, test, labels), checkpoint)
    training, judged_by = read_data(data, test, target, labels, features_first)
    with resumable(checkpoint):
        result = workflows.train(
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
            checkpoint=checkpoint,
            every=every,
            resume=resume,
        )
    if out is not None:
        model_file.save(result.model, out)
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


def predict(
    model: Annotated[Path, typer.Argument(help="A file of `xl2 train --out`.")],
    data: Data,
    out: Annotated[Path | None, typer.Option(help="A .csv file; default: standard output.")] = None,
    target: Target = None,
    labels: Labels = None,
    features_first: FeaturesFirst = False,
    backend: Backend = None,
    device: Device = None,
) -> None:
    """Predict with a trained network, one line a sample."""
    from ..data import load_data
    from ..io import model_file
    from ..io.writing import write_whole

    check_outputs([out], (model, data, labels))
    trained = model_file.load(model, backend=backend, device=device)
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
        try:
            sys.stdout.write(printable(text) if sys.stdout.isatty() else text)
        except UnicodeEncodeError as error:
            raise InputError(
                f"Standard output is {error.encoding}, which has no "
                f"{error.object[error.start : error.end]!a}. Write a file with --out, or set "
                "PYTHONUTF8=1."
            ) from None
        return
    write_whole(out, text.encode())
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


def export(
    model: Annotated[Path, typer.Argument(help="A file of `xl2 train --out`.")],
    onnx: Annotated[Path, typer.Option(help="Write an ONNX graph: model.onnx.")],
) -> None:
    """Write a model for other programs, its standardisation and labels included."""
    from ..io import model_file
    from ..io.onnx import to_onnx
    from ..io.writing import write_whole

    check_outputs([onnx], [model])
    graph = to_onnx(model_file.load(model, backend="numpy"))
    write_whole(onnx, graph.SerializeToString(deterministic=True))
    typer.echo(f"The ONNX graph is in {onnx}.")
