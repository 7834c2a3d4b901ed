"""A path, its verdict and its mistakes as one self-contained HTML page.

The page loads nothing. It is complete without its script, and its content policy allows that and
no other. Its pictures are embedded, each in a wide and in a narrow layout.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..array.backend import Backend
from ..array.switch import to_numpy
from ..diagnosis.importance import Importance
from ..diagnosis.verdict import Diagnosis
from ..diagnosis.what_matters import NAMED, about_the_table, importance_table
from ..errors import InputError, counted
from ..figures.dependence import Dependence, partial_dependence
from ..io.writing import check_writable, write_whole
from ..nn.label_arrays import read_labels
from ..nn.trained import Trained
from ..path.result import RegularizationPath
from ..training.fingerprint import own_version
from . import contents
from .measured import scores_of_classes, scores_of_values
from .mistakes import (
    LISTED,
    Table,
    as_columns,
    classify,
    confused_pairs,
    largest_errors,
    list_samples,
    matrix_table,
)
from .photographs import as_images, photographs
from .pictures import (
    PANELS,
    can_draw,
    picture_curves,
    picture_dependences,
    picture_importance,
    picture_values,
)
from .template import render
from .thresholds import thresholds

PICTURED = 20  # classes; with more, the most confused pairs replace the matrix
PAIRS = 5  # listed below a matrix
IMAGES = 24


def write_report(out: str | Path, *page: Any, **more: Any) -> None:
    """Write a page to a file, whole or not at all; `report_html` takes the other arguments."""
    check_writable(out)
    # A file name may hold bytes that are no text, and UTF-8 cannot encode them.
    write_whole(out, report_html(*page, **more).encode("utf-8", "replace"))


def report_html(
    path: RegularizationPath,
    diagnosis: Diagnosis,
    model: Trained,
    X_test: Any,
    y_test: Any,
    *,
    title: str,
    facts: Mapping[str, str],
    data_notes: Sequence[str] = (),
    reading: Sequence[str] = (),
    columns: Sequence[Sequence[str]] = (),
    rows: Any = None,
    rows_of: str = "",
) -> str:
    """Return a page with the verdict, the path, the mistakes, and the settings of the run.

    The same arguments give the same page, in whatever style of matplotlib. `model` is the one
    whose mistakes are shown, such as the best of the path. `X_test` (n, features) is in its own
    units, with the labels or values `y_test`. `facts` are for the last table; see `run_facts`.
    `data_notes` are sentences about how the samples were divided, `reading` about how they were
    read, and `columns` are the rows of a table of their columns, its head first. `rows` are the
    positions of the test samples in the file `rows_of`, counted from 0, if they are a part of it.
    """
    X, y = to_numpy(X_test), read_labels(y_test, "y_test")
    outputs = model.forward(X)
    if len(outputs) != len(y):
        raise InputError(
            f"X_test has {counted(len(outputs), 'sample')} but y_test has {len(y)}. Expected one "
            f"target for each sample."
        )
    regression = model.task == "regression"
    places = range(len(y)) if rows is None else rows
    shown = _values(outputs, y, places) if regression else _classes(model, X, outputs, y, places)
    matters = _matters(diagnosis, model, X_test)
    return render(
        title=title,
        contents=contents.headings(matters is not None),
        verdict=contents.verdict(diagnosis, data_notes),
        choice=contents.choice(path, diagnosis),
        tried=contents.tried(diagnosis),
        learning=contents.learning(path, diagnosis),
        measured=contents.measured(diagnosis, shown["scores"]),
        curves=picture_curves(path),
        regression=regression,
        shown=shown,
        rows_of="the test samples" if rows is None else rows_of,
        count=counted(len(y), "test sample"),
        single=len(y) == 1,
        reliability=contents.reliability(path),
        matters=matters,
        reading=reading,
        columns=Table(tuple(columns[0]), [*map(tuple, columns[1:])]) if columns else None,
        facts=facts,
    )


def run_facts(backend: Backend, **more: object) -> dict[str, str]:
    """Return the settings of a run and the versions that it depends on, in order.

    `more` comes first: ``data="digits", hidden_layers="50,25"``, where an underscore becomes
    a space. The rest names neither the computer nor a folder.
    """
    import platform

    facts = {name.replace("_", " "): str(value) for name, value in more.items()}
    facts["backend"] = str(backend)
    facts["xl2"] = own_version()
    facts["Python"] = f"{platform.python_version()} ({platform.python_implementation()})"
    for name in dict.fromkeys(("numpy", backend.name)):
        version = getattr(importlib.import_module(name), "__version__", "unknown")
        facts["NumPy" if name == "numpy" else name] = str(version)
    facts["platform"] = f"{platform.system()}, {platform.machine()}"
    return facts


def _matters(d: Diagnosis, model: Trained, X: Any) -> dict[str, Any] | None:
    """Return the values of the template for what matters; None if that is not known."""
    if d.importance is None:
        return None
    _, *rows = importance_table(d)
    return {
        "text": [contents.unbroken(text) for text in d.what_matters],
        "bars": picture_importance(d.importance, d.score_name),
        "table": Table(("column, shuffled", "costs", "error", "remark"), rows),
        "about": contents.unbroken(about_the_table(d)),
        **_dependences(d.importance, model, X),
    }


def _dependences(importance: Importance, model: Trained, X: Any) -> dict[str, Any]:
    """Return a picture of how predictions depend on the most important columns, and their names."""
    curves, names = list[Any](), list[str]()
    for one in [one for one in importance.columns if one.matters][:NAMED]:
        with contextlib.suppress(InputError):  # such as a column that is constant in these samples
            curves.append(_drawable(partial_dependence(model, X, one.column), one.column))
            names.append(one.name)
    if not curves:
        return {"curves": None}
    return {"curves": picture_dependences(curves, names)}


def _drawable(curve: Dependence, column: int) -> Dependence:
    """Replace names that the font of the pictures cannot show by their numbers."""
    if not can_draw([curve.name]):
        curve = curve._replace(name=f"column {column + 1}")
    if not can_draw(curve.texts):
        curve = curve._replace(texts=tuple(str(k + 1) for k in range(len(curve.texts))))
    if not can_draw(curve.outputs):
        several = len(curve.outputs) > 1
        names = [f"class {k + 1}" for k in range(len(curve.outputs))]
        curve = curve._replace(outputs=tuple(names) if several else ("probability of class 2",))
    return curve


def _classes(model: Trained, X: Any, outputs: Any, y: Any, places: Any) -> dict[str, Any]:
    """Return the values of the template for a classifier's mistakes."""
    samples = classify(model, outputs, y)
    names, matrix, wrong = samples.names, samples.matrix, samples.wrong
    few, images = len(names) <= PICTURED, as_images(X)
    listed = wrong[: LISTED if images is None else IMAGES]
    table = list_samples(samples, listed, places)
    if images is not None and len(listed):
        texts = [f"Row {row}: {true}, taken for {found}" for row, true, found, _ in table.rows]
        pictures = photographs(images[listed], texts)
        rows = [(row[0], one, *row[1:]) for row, one in zip(table.rows, pictures, strict=True)]
        table = Table((table.head[0], "image", *table.head[1:]), rows)
    return {
        "scores": scores_of_classes(model, outputs, samples),
        "matrix": matrix_table(matrix, names) if few else None,
        "thresholds": thresholds(outputs, samples),
        "pairs": confused_pairs(matrix, names, PAIRS if few else LISTED),
        "wrong": len(wrong),
        "samples": table,
        "images": int(images is not None),
    }


def _values(outputs: Any, y: Any, places: Any) -> dict[str, Any]:
    """Return the values of the template for a regression's errors."""
    true = as_columns(y, outputs.shape[1])
    return {
        "scores": scores_of_values(outputs, true),
        "outputs": true.shape[1],
        "drawn": min(true.shape[1], PANELS),
        "scatter": picture_values(outputs, true, places),
        "errors": largest_errors(outputs, true, places),
    }
