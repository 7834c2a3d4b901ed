"""`xl2 path` and `xl2 diagnose`."""

from __future__ import annotations

import datetime
import importlib.util
import io
import shlex
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
    Labels,
    LearningRate,
    Optimizer,
    Per,
    Resume,
    Score,
    Target,
    Task,
    Test,
    check_outputs,
    numbers,
    read_data,
    resumable,
)


def path(
    data: Data,
    test: Test = None,
    l2: Annotated[
        str, typer.Option(help="The lambdas, as in 0,0.1,1,3; or how many, as in grid:8.")
    ] = "grid:8",
    l2_per: Per = "batch",
    cv: Annotated[int, typer.Option(help="Folds of the cross-validation.")] = 5,
    seeds: Annotated[int, typer.Option(help="Networks for each lambda and fold.")] = 1,
    hidden: Hidden = "50,25",
    activation: Activation = "relu",
    epochs: Epochs = 100,
    batch_size: BatchSize = 64,
    learning_rate: LearningRate = 0.001,
    optimizer: Optimizer = "adam",
    patience: Annotated[
        int | None, typer.Option(help="Drop hopeless lambdas after so many epochs.")
    ] = None,
    task: Task = "auto",
    target_score: Score = 1.0,
    held_out: HeldOut = 0.2,
    seed: Annotated[int, typer.Option(help="Of the split, the folds and the weights.")] = 0,
    dtype: DType = "float32",
    target: Target = None,
    labels: Labels = None,
    features_first: FeaturesFirst = False,
    backend: Backend = None,
    device: Device = None,
    checkpoint: Annotated[
        Path | None, typer.Option(help="Keep the run in this folder, to be resumed.")
    ] = None,
    every: Every = 1.0,
    resume: Resume = False,
    picture: Annotated[
        Path | None, typer.Option(help="Where to draw the path; default: NAME-path.png.")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Write a page: report.html.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the best model: model.safetensors.")
    ] = None,
) -> None:
    """Train every lambda at once, and say whether L2 helps here, and which lambda."""
    from ..array.switch import resolve
    from ..io import model_file
    from . import workflows

    lambdas = _lambdas(l2)
    resolve(backend, device).dtype(dtype)
    drawn = _where_to_draw(data, picture, report)
    check_outputs((drawn, report, out), (data, test, labels), checkpoint)
    training, judged_by = read_data(data, test, target, labels, features_first)
    with resumable(checkpoint):
        result = workflows.train_path(
            training,
            judged_by,
            lambdas=lambdas,
            per=l2_per,
            cv=cv,
            seeds=seeds,
            hidden=numbers("--hidden", hidden, int),
            activation=activation,
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=learning_rate,
            optimizer=optimizer,
            patience=patience,
            task=task,
            target_score=target_score,
            fraction=held_out,
            seed=seed,
            dtype=dtype,
            backend=backend,
            device=device,
            checkpoint=checkpoint,
            every=every,
            resume=resume,
        )
    # Said before anything is written: a full disk is not to cost the answer.
    network = result.model.network
    how = f"{optimizer}, batches of {batch_size}, seed {seed}"
    typer.echo(f"{data}: network {'-'.join(map(str, network.sizes))}", nl=False)
    typer.echo(f", {', '.join(network.activations)}")
    typer.echo(f"{network.backend}, {network.dtype}")
    typer.echo(how)
    typer.echo(f"{result.path}\n\n{result.diagnosis}")
    if out is not None:
        model_file.save(result.model, out)
    if drawn is not None:
        _draw(result.path, drawn)
    if report is not None:
        _write_report(report, result, training.name, how)
    typer.echo("")
    if drawn is None:
        typer.echo('No picture was drawn: that needs pip install "xl2[plot]".')
    else:
        typer.echo(f"The picture is in {drawn}.")
    for file, what in ((report, "page"), (out, "model of the best lambda")):
        if file is not None:
            typer.echo(f"The {what} is in {file}.")


def diagnose(
    model: Annotated[Path, typer.Argument(help="A file of `xl2 train --out` or `path --out`.")],
    data: Data,
    test: Test = None,
    target_score: Score = 1.0,
    target: Target = None,
    labels: Labels = None,
    features_first: FeaturesFirst = False,
    backend: Backend = None,
    device: Device = None,
) -> None:
    """Say what a model's error is made of, on the data set it was trained on."""
    from ..io import model_file
    from . import workflows

    trained = model_file.load(model, backend=backend, device=device)
    training, judged_by = read_data(data, test, target, labels, features_first, trained)
    typer.echo(str(workflows.diagnose_model(trained, training, judged_by, target_score)))


def _lambdas(text: str) -> Any:
    """Read the lambdas, or the length of the default grid."""
    if text.startswith("grid:"):
        counts = numbers("--l2 grid:", text.removeprefix("grid:"), int)
        if len(counts) != 1:
            raise InputError(f"--l2 grid: is one whole number, as in grid:8. Received: {text!r}.")
        return counts[0]
    return numbers("--l2", text, float)


def _where_to_draw(data: str, picture: Path | None, report: Path | None) -> Path | None:
    """Return the picture's file; None where nobody asked for it and matplotlib is missing."""
    if importlib.util.find_spec("matplotlib") is None:
        if picture is None and report is None:
            return None
        raise InputError('Pictures need matplotlib: run pip install "xl2[plot]".')
    if report is not None and importlib.util.find_spec("jinja2") is None:
        raise InputError('The page needs Jinja2: run pip install "xl2[plot]".')
    file = picture or Path(f"{Path(data.removesuffix('.gz')).stem}-path.png")
    if file.suffix not in (".png", ".svg", ".pdf"):
        raise InputError(f"A picture ends in .png, .svg or .pdf. Received: {str(file)!r}.")
    return file


def _draw(path: Any, file: Path) -> None:
    from matplotlib.figure import Figure

    from ..io.writing import write_whole

    figure, drawn = Figure(figsize=(7.2, 4.4), layout="constrained"), io.BytesIO()
    path.plot(figure.add_subplot())
    figure.savefig(drawn, dpi=150, format=file.suffix.removeprefix("."))
    write_whole(file, drawn.getvalue())


def _write_report(report: Path, result: Any, name: str, how: str) -> None:
    from ..report.page import run_facts, write_report

    network = result.model.network
    facts = run_facts(
        network.backend,
        data=name,
        network=repr(network),
        training=how,
        command=shlex.join(["xl2", *sys.argv[1:]]),
        date=datetime.date.today().isoformat(),
    )
    write_report(
        report,
        result.path,
        result.diagnosis,
        result.model,
        result.X_held,
        result.y_held,
        title=f"{name}: does L2 help here?",
        facts=facts,
    )
