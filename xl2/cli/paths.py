"""`xl2 path`."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import InputError
from . import options as opt
from . import printing, values
from .drawing import draw, picture_file, write_report
from .path_numbers import how_trained, numbers_of
from .reading_options import TRAINING, with_reading_options


@with_reading_options(TRAINING)
def path(
    context: typer.Context,
    data: opt.Data,
    test: opt.Test = None,
    lambdas: Annotated[
        str | None,
        typer.Option(
            metavar="LIST",
            help="L2 penalties to compare, such as 0,1,10,100; or grid:N for 0 and N-1 others, "
            "placed where they matter; default: those of the preset.",
        ),
    ] = None,
    preset: opt.Preset = "default",
    per: opt.Per = None,
    cv: Annotated[int, typer.Option(metavar="N", help="Folds of the cross-validation.")] = 5,
    scoring: Annotated[
        str | None,
        typer.Option(
            metavar="SCORER",
            help="Choose lambda by this score: a scorer of scikit-learn, such as accuracy, "
            "roc_auc or neg_mean_absolute_error; default: neg_log_loss, for values r2.",
        ),
    ] = None,
    hidden: opt.Hidden = None,
    activation: opt.Activation = None,
    epochs: opt.Epochs = None,
    batch_size: opt.BatchSize = None,
    learning_rate: opt.LearningRate = None,
    optimizer: opt.Optimizer = None,
    schedule: opt.Schedule = None,
    label_smoothing: opt.Smoothing = None,
    dropout: opt.Dropout = None,
    patience: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Stop a lambda that is clearly worse than the best and has not improved for this "
            "many epochs.",
        ),
    ] = None,
    calibrate: Annotated[
        bool | None,
        typer.Option(
            "--calibrate/--no-calibrate",
            help="Make the probabilities of the model agree with how often its answers are right, "
            "by temperature scaling.",
        ),
    ] = None,
    ensemble: Annotated[
        bool | None,
        typer.Option(
            "--ensemble/--no-ensemble",
            help="Average several networks of the best lambda, score that on the test samples too, "
            "and save it instead of one network; by default with --preset best. The networks are "
            "trained on all samples, from several seeds; with presets that train one network on "
            "all samples, they are those of the folds.",
        ),
    ] = None,
    experiments: Annotated[
        bool,
        typer.Option(
            help="Also try other networks, other training and fewer samples, on the same folds, to "
            "say what gains."
        ),
    ] = True,
    budget: Annotated[
        float,
        typer.Option(metavar="TIMES", help="Time for experiments, times that of the path itself."),
    ] = 1.5,
    without: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMNS",
            help="Also try leaving out these features, such as age,height: names, or indices from "
            "0. May be repeated, for an experiment each.",
        ),
    ] = None,
    task: opt.Task = "auto",
    target_score: opt.TargetScore = 1.0,
    new_labels: opt.NewLabels = False,
    held_out: opt.HeldOut = 0.2,
    seed: Annotated[
        str | None,
        typer.Option(
            metavar="SEEDS",
            help="Random seed. With several, such as 0,1,2, a network is trained for each.",
        ),
    ] = None,
    dtype: opt.DType = "float32",
    class_weight: opt.ClassWeight = None,
    labels: opt.Labels = None,
    backend: opt.Backend = None,
    device: opt.Device = None,
    checkpoint: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Folder to save checkpoints in.")
    ] = None,
    every: opt.Every = 1.0,
    resume: opt.Resume = False,
    dask: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Train on the workers of this Dask scheduler, such as tcp://HOST:8786, or of "
            "local:4: four processes on this machine.",
        ),
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File for the picture; default: NAME-path.png."),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File for an HTML report, such as report.html."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File for the best model, such as model.safetensors."),
    ] = None,
    mlflow: opt.MLflow = None,
    tensorboard: opt.TensorBoard = None,
    quiet: opt.Quiet = False,
    as_json: opt.AsJson = False,
    json_schema: opt.JsonSchema = False,
    reading: Any = None,
) -> None:
    """Compare L2 penalties; say what limits the network and what gains."""
    from ..array.switch import resolve
    from ..io import model_file
    from . import ensembles, workflows
    from .next_command import settings_among, with_next_command

    ensemble = preset == "best" if ensemble is None else ensemble
    chosen = None if lambdas is None else values.lambdas(lambdas)
    seeds = None if seed is None else values.numbers("--seed", seed, int)
    if seeds == []:
        raise InputError(f"--seed must be whole numbers, such as 0 or 0,1,2. Received: {seed!r}.")
    resolve(backend, device).dtype(dtype)
    drawn = picture_file(data, picture, report)
    if as_json and picture is None:
        drawn = None
    written = {"--picture": drawn, "--report": report, "--out": out}
    values.check_outputs(written, (data, test, labels), checkpoint)
    trackers = values.trackers(mlflow, tensorboard)
    training, testing = values.read_data(data, test, labels, task=task, **reading)
    with values.resumable(checkpoint), values.workers_at(dask) as client:
        result = workflows.train_path(
            training,
            testing,
            lambdas=chosen,
            preset=preset,
            per=per,
            cv=cv,
            scoring=scoring,
            seed=seeds,
            hidden=None if hidden is None else values.numbers("--hidden", hidden, int),
            activation=activation,
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=learning_rate,
            optimizer=optimizer,
            schedule=schedule,
            label_smoothing=label_smoothing,
            dropout=dropout,
            patience=patience,
            calibrate=calibrate,
            ensemble=ensemble,
            experiments=experiments,
            budget=budget,
            without=without or (),
            task=task,
            target_score=target_score,
            new_labels=new_labels,
            class_weight=class_weight,
            fraction=held_out,
            dtype=dtype,
            backend=backend,
            device=device,
            checkpoint=checkpoint,
            every=every,
            resume=resume,
            client=client,
            progress=False if quiet else None,
        )
    given, command = sys.argv[1:], context.command
    result = replace(result, diagnosis=with_next_command(result.diagnosis, given, command))
    # Printed before anything is written, and written even if nothing can be printed: a full disk
    # must cost neither the answer nor the files on another one.
    how = how_trained(result.path, preset)
    try:
        if as_json:
            printing.show_json(
                "path",
                result.diagnosis,
                path=numbers_of(result.path),
                notes=[*result.parts.reading, *result.parts.notes],
                ensemble=ensembles.numbers(result) if ensemble else None,
            )
        elif quiet:
            typer.echo(result.diagnosis.answer())
        else:
            _show(result, f"{printing.heading(data, result.model.network)}\n{how}")
    finally:
        tried = {**(result.model.tried or {}), "options": settings_among(given, command)}
        model = replace(result.ensemble or result.model, tried=tried)
        if out is not None:
            model_file.save(model, out)
        if drawn is not None:
            draw(result.path, drawn)
        if report is not None:
            write_report(report, result, training, how)
        for tracker in trackers:
            tracker.log(result.path, result.diagnosis, model=model, report=report)
    if as_json:
        return
    saved = f"{ensembles.name_of(model)}," if ensemble else "model of the best lambda"
    written = {"picture": drawn, "report": report, saved: out}
    lines = [f"The {what} is in {file}." for what, file in written.items() if file is not None]
    if drawn is None and not quiet:
        lines.insert(0, 'No picture was drawn: that needs pip install "xl2[plot]".')
    if lines:
        typer.echo("\n" + "\n".join(lines))


def _show(result: Any, heading: str) -> None:
    """Print what to do next, then what it rests on: the path, and the measured scores."""
    from ..path.tables import path_text
    from . import ensembles

    diagnosis = result.diagnosis
    table = path_text(result.path, null_model=diagnosis.limits.by != "signal")
    typer.echo(heading)
    printing.show_notes((*result.parts.reading, *result.parts.notes))
    typer.echo(f"\n{diagnosis.to_do()}\n\n{table}\n\n{diagnosis.measured()}")
    if result.ensemble is not None:
        printing.show_notes(["", ensembles.score_line(result)])
