"""`xl2 train`, `xl2 predict` and `xl2 export`."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import InputError, counted, printable
from . import options as opt
from . import printing, values
from .cells import note_of_quoted, safe_cell
from .reading_options import READING, TRAINING, with_reading_options


@with_reading_options(TRAINING)
def train(
    data: opt.Data,
    test: opt.Test = None,
    preset: opt.Preset = "default",
    hidden: opt.Hidden = None,
    activation: opt.Activation = None,
    lam: Annotated[
        str,
        typer.Option(
            "--lambda", metavar="LIST", help="L2 penalty: one number, or one per layer (1,1,0)."
        ),
    ] = "0",
    per: opt.Per = None,
    epochs: opt.Epochs = None,
    batch_size: opt.BatchSize = None,
    learning_rate: opt.LearningRate = None,
    optimizer: opt.Optimizer = None,
    schedule: opt.Schedule = None,
    label_smoothing: opt.Smoothing = None,
    dropout: opt.Dropout = None,
    task: opt.Task = "auto",
    new_labels: opt.NewLabels = False,
    held_out: opt.HeldOut = 0.2,
    seed: Annotated[
        int,
        typer.Option(metavar="SEED", help="Random seed of the split, weights and mini-batches."),
    ] = 0,
    dtype: opt.DType = "float32",
    class_weight: opt.ClassWeight = None,
    labels: opt.Labels = None,
    backend: opt.Backend = None,
    device: opt.Device = None,
    checkpoint: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File to save checkpoints to.")
    ] = None,
    every: opt.Every = 1.0,
    resume: opt.Resume = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File for the model, such as model.safetensors."),
    ] = None,
    mlflow: opt.MLflow = None,
    tensorboard: opt.TensorBoard = None,
    reading: Any = None,
) -> None:
    """Train one network and score it on test samples."""
    from ..array.switch import resolve
    from ..io import model_file
    from . import workflows

    units = None if hidden is None else values.numbers("--hidden", hidden, int)
    lams = values.numbers("--lambda", lam, float)
    resolve(backend, device).dtype(dtype)
    values.check_outputs({"--out": out}, (data, test, labels), checkpoint)
    trackers = values.trackers(mlflow, tensorboard)
    training, testing = values.read_data(data, test, labels, task=task, **reading)
    with values.resumable(checkpoint):
        result = workflows.train(
            training,
            testing,
            preset=preset,
            lam=lams[0] if len(lams) == 1 else lams or 0.0,
            hidden=units,
            activation=activation,
            per=per,
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=learning_rate,
            optimizer=optimizer,
            schedule=schedule,
            label_smoothing=label_smoothing,
            dropout=dropout,
            task=task,
            new_labels=new_labels,
            class_weight=class_weight,
            fraction=held_out,
            seed=seed,
            dtype=dtype,
            backend=backend,
            device=device,
            checkpoint=checkpoint,
            every=every,
            resume=resume,
            callbacks=trackers,
        )
    for tracker in trackers:
        tracker.log(model=result.model)
    if out is not None:
        model_file.save(result.model, out)
    how = f"preset {preset}, {len(result.history)} epochs, lambda {lam}"
    _report(data, result, how, out)


def _report(data: str, result: Any, how: str, out: Path | None) -> None:
    network, parts = result.model.network, result.parts
    name, unit, times = ("R2", "", 1.0) if network.task == "regression" else ("accuracy", " %", 100)
    perfect = f"{times:g}{unit}"
    rows = (
        ("training", result.score, f"{len(parts.training.X)} samples"),
        ("test", result.test_score, f"{len(parts.test.X)} samples not used for training"),
        ("bias", 1.0 - result.score, f"{perfect} minus training"),
        ("gap", result.score - result.test_score, "training minus test"),
    )
    typer.echo(printing.heading(data, network))
    typer.echo(f"{how}, {sum(result.history.seconds):.1f} s")
    printing.show_notes((*parts.reading, *parts.notes))
    typer.echo(f"\n{'':10}{name:>10}")
    for label, value, note in rows:
        typer.echo(f"{label:10}{times * value:>10.2f}{unit}   {note}")
    if out is not None:
        typer.echo(f"\nThe model is in {out}.")


@with_reading_options(READING)
def predict(
    model: opt.ModelFile,
    data: opt.Data,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="CSV file for the predictions; default: standard output."
        ),
    ] = None,
    interval: Annotated[
        float | None,
        typer.Option(
            metavar="LEVEL",
            help="Also the ends of prediction intervals, such as 0.9: for values, by the model of "
            "xl2 path --ensemble.",
        ),
    ] = None,
    labels: opt.Labels = None,
    backend: opt.Backend = None,
    device: opt.Device = None,
    reading: Any = None,
) -> None:
    """Predict with a trained model, one line per sample."""
    from ..data import load_data
    from ..io import model_file
    from ..io.writing import write_whole
    from . import workflows
    from .ensembles import interval_of, name_of

    values.check_outputs({"--out": out}, (model, data, labels))
    trained = model_file.load(model, backend=backend, device=device)
    samples = load_data(
        data,
        labels=labels,
        require_target=False,
        like=trained,
        **reading,
    )
    ends = () if interval is None else interval_of(trained, samples.X, interval)
    text, quoted = _table(trained, samples, ends)
    if quoted:
        printing.show_notes([note_of_quoted(quoted)], err=True)
    if out is None:
        printing.show_notes(samples.notes, err=True)
        if sys.stdout is None:
            raise InputError("Standard output is closed. Write a file with --out.")
        try:
            sys.stdout.write(printable(text) if sys.stdout.isatty() else text)
        except UnicodeEncodeError as error:
            raise InputError(
                f"Standard output is {error.encoding}, which cannot encode "
                f"{error.object[error.start : error.end]!a}. Write a file with --out, or set "
                "PYTHONUTF8=1."
            ) from None
        return
    write_whole(out, text.encode())
    count = counted(len(samples.X), "prediction")
    typer.echo(f"{count} {'is' if len(samples.X) == 1 else 'are'} in {out}.")
    if name := name_of(trained):
        printing.show_notes([f"The model is an {name}."])
    printing.show_notes(samples.notes)
    if samples.y is not None:
        printing.show_notes(workflows.score_lines(trained, samples))


def _table(model: Any, samples: Any, ends: Sequence[Any]) -> tuple[str, int]:
    """Return predictions as CSV text, a classifier's with their probability, beside the ids.

    A regression's may have the `ends` of intervals, the low and the high ones.
    The second result is the number of names that a spreadsheet would run.
    """
    import numpy as np

    predictions, outputs = model.predict(samples.X), model.forward(samples.X)
    if model.task == "regression":
        columns = outputs.shape[1]
        parts = dict(zip(("prediction", "low", "high"), (outputs, *ends), strict=False))
        numbers = [""] if columns == 1 else [f"_{i + 1}" for i in range(columns)]
        names = [f"{name}{number}" for name in parts for number in numbers]
        cells = [
            column for part in parts.values() for column in part.reshape(-1, columns).T.tolist()
        ]
    elif predictions.ndim > 1:
        names = [f"prediction_{i + 1}" for i in range(predictions.shape[1])]
        names += [f"probability_{i + 1}" for i in range(predictions.shape[1])]
        cells = [*predictions.T.tolist(), *([f"{p:.6g}" for p in column] for column in outputs.T)]
    else:
        sure = np.maximum(outputs[:, 0], 1 - outputs[:, 0])
        sure = sure if outputs.shape[1] == 1 else outputs.max(axis=1)
        names = ["prediction", "probability"]
        cells = [predictions.tolist(), [f"{p:.6g}" for p in sure]]
    unnamed = "row number" if "row" in samples.ids else "row"
    ids = {name or unnamed: texts for name, texts in samples.ids.items()}
    columns = [*ids.values(), *cells]
    texts = {cell for column in columns for cell in column if isinstance(cell, str)}
    safe = {text: safe_cell(text) for text in {*texts, *ids}}
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow([*(safe[name] for name in ids), *names])
    for row in zip(*columns, strict=True):
        writer.writerow([safe.get(cell, cell) for cell in row])
    return lines.getvalue(), sum(text != cell for text, cell in safe.items())


def export(
    model: opt.ModelFile,
    onnx: Annotated[
        Path, typer.Option(metavar="FILE", help="File for the ONNX graph, such as model.onnx.")
    ],
) -> None:
    """Write a model as an ONNX graph for other programs."""
    from ..io import model_file
    from ..io.onnx import to_onnx
    from ..io.writing import write_whole
    from .ensembles import name_of

    values.check_outputs({"--onnx": onnx}, [model])
    trained = model_file.load(model, backend="numpy")
    write_whole(onnx, to_onnx(trained).SerializeToString(deterministic=True))
    name = name_of(trained)
    typer.echo(f"The ONNX graph {f'of an {name}, ' if name else ''}is in {onnx}.")
