"""`xl2 diagnose`."""

from __future__ import annotations

from typing import Any

import typer

from ..errors import facing
from . import options as opt
from . import printing, values
from .reading_options import LABELLED, with_reading_options


@with_reading_options(LABELLED)
def diagnose(
    context: typer.Context,
    model: opt.ModelFile,
    data: opt.Data,
    test: opt.Test = None,
    target_score: opt.TargetScore = 1.0,
    new_labels: opt.NewLabels = False,
    labels: opt.Labels = None,
    backend: opt.Backend = None,
    device: opt.Device = None,
    quiet: opt.Quiet = False,
    as_json: opt.AsJson = False,
    json_schema: opt.JsonSchema = False,
    reading: Any = None,
) -> None:
    """Say what limits a model and what gains, as its path found."""
    from ..io import model_file
    from . import ensembles, workflows
    from .next_command import with_command_of_path

    trained = model_file.load(model, backend=backend, device=device)
    training, testing = values.read_data(data, test, labels, model=trained, **reading)
    diagnosis, notes = workflows.diagnose_model(
        trained, training, testing, target_score, new_labels
    )
    if name := ensembles.name_of(trained):
        notes = (f"The model is an {name}.", *notes)
    given = {
        "--target": reading["target"],
        "--test": test,
        "--labels": labels,
        "--target-score": None if target_score == 1.0 else target_score,
        "--new-labels": new_labels,
        "--out": model,
        "--json": as_json,
        "--quiet": quiet,
    }
    root: Any = context.find_root().command
    of_path = root.commands["path"]
    diagnosis = with_command_of_path(diagnosis, trained, data, given, of_path)
    with facing(opt.face_of(of_path)):  # the advice is about its options
        if as_json:
            printing.show_json("diagnose", diagnosis, notes=notes)
        elif quiet:
            typer.echo(diagnosis.answer())
        else:
            printing.show_notes(notes)
            typer.echo(f"\n{diagnosis}")
