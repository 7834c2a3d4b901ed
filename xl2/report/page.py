"""A path, its verdict and its mistakes as one self-contained HTML page.

The page has no script and loads nothing. Its pictures are embedded, each in a wide and in a
narrow layout. The template escapes all text.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..array.backend import Backend
from ..array.switch import to_numpy
from ..diagnosis.formats import format_score
from ..diagnosis.gains import CONFIDENCE
from ..diagnosis.importance import Importance
from ..diagnosis.learning_curve import learning_curve
from ..diagnosis.next_step import next_heading
from ..diagnosis.sentences import about_scores, evidence, gains_in, tested
from ..diagnosis.tables import action_table, score_table
from ..diagnosis.verdict import Diagnosis
from ..diagnosis.what_matters import NAMED, about_the_table, importance_table
from ..errors import InputError, counted
from ..figures.dependence import Dependence, partial_dependence
from ..io.writing import check_writable, write_whole
from ..nn.label_arrays import read_labels
from ..nn.score_names import shown_score
from ..nn.trained import Trained
from ..path.notes import notes
from ..path.result import RegularizationPath
from ..path.tables import caption, head_of, rows_of
from ..training.fingerprint import own_version
from .mistakes import (
    LISTED,
    Table,
    as_columns,
    classify,
    confused_pairs,
    largest_errors,
    list_samples,
)
from .pictures import (
    PANELS,
    as_images,
    can_draw,
    needed,
    picture_confusion,
    picture_curves,
    picture_dependences,
    picture_images,
    picture_importance,
    picture_learning_curve,
    picture_path,
    picture_reliability,
    picture_values,
)

PICTURED = 20  # classes; with more, the most confused pairs replace the matrix
PAIRS = 5  # listed below a matrix
IMAGES = 24
PROBABILITY = {
    "binary": "the probability of the second class",
    "classes": "the probability of the predicted class",
    "multilabel": "the probability of each label",
}


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
) -> str:
    """Return a page with the verdict, the path, the mistakes, and the settings of the run.

    The same arguments give the same page, in whatever style of matplotlib. `model` is the one
    whose mistakes are shown, such as the best of the path. `X_test` (n, features) is in its own
    units, with the labels or values `y_test`. `facts` are for the last table; see `run_facts`.
    `data_notes` are sentences about how the samples were divided, `reading` about how they were
    read, and `columns` are the rows of a table of their columns, its head first.
    """
    template = _template()
    X, y = to_numpy(X_test), read_labels(y_test, "y_test")
    outputs = model.forward(X)
    if len(outputs) != len(y):
        raise InputError(
            f"X_test has {counted(len(outputs), 'sample')} but y_test has {len(y)}. Expected one "
            f"target for each sample."
        )
    regression = model.task == "regression"
    shown = _values(outputs, y) if regression else _classes(model, X, outputs, y)
    tried = path.evidence_
    curve = learning_curve(tried, CONFIDENCE) if tried is not None and diagnosis.actions else None
    page: str = template.render(
        title=title,
        headline=_unbroken(diagnosis.advice[0]).partition(": "),
        advice=_unbroken(" ".join(diagnosis.advice[1:])),
        step_heading=next_heading(diagnosis),
        step=diagnosis.next_step,
        gains_in=gains_in(diagnosis),
        actions=_actions(diagnosis),
        curve=curve and picture_learning_curve(curve, diagnosis.score_name),
        tried=[_unbroken(text) for text in evidence(diagnosis)[bool(diagnosis.actions) :]],
        scores=_scores(diagnosis),
        legend=_legend(diagnosis),
        about_scores=[
            _unbroken(text)
            for text in (
                *about_scores(diagnosis),
                *(() if diagnosis.importance else diagnosis.what_matters),
            )
        ],
        cautions=(*data_notes, *diagnosis.cautions),
        reading=reading,
        columns=Table(tuple(columns[0]), [*map(tuple, columns[1:])]) if columns else None,
        path=path,
        path_picture=picture_path(path),
        lambdas=Table((*head_of(path)[:-1], "remark"), list(rows_of(path))),
        trained=caption(path),
        notes=notes(path, null_model=diagnosis.limits.by != "signal"),
        chosen_by=shown_score(path.score_name_).name,
        matters=_matters(diagnosis, model, X_test),
        curves=picture_curves(path),
        reliability=None if path.calibration_ is None else picture_reliability(path),
        kind_of_probability=PROBABILITY.get(path.task_, ""),
        about_calibration=_about_calibration(path),
        rows=counted(len(y), "test sample"),
        regression=regression,
        shown=shown,
        facts=facts,
    )
    return page


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


def _template() -> Any:
    from importlib.resources import files

    jinja2 = needed("jinja2")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    source = files(__package__).joinpath("report.html").read_text("utf-8")
    return environment.from_string(source)


def _unbroken(text: str) -> str:
    """Keep each number on one line with its unit."""
    for tied in (" %", " points", " = ", " < ", " ± "):
        text = text.replace(tied, tied.replace(" ", "\N{NO-BREAK SPACE}"))
    return text


def _scores(d: Diagnosis) -> Table:
    """Return the table of the scores, without the numbers of samples: the legend has them."""
    head, *rows = (tuple(map(_unbroken, cells[:3])) for cells in score_table(d))
    return Table(head, rows)


def _actions(d: Diagnosis) -> Table | None:
    """Return the table of actions; None if there is none."""
    if not d.actions:
        return None
    head, *rows = action_table(d)
    return Table(head, rows)


def _about_calibration(path: RegularizationPath) -> str:
    """Return how far the probabilities are off, and what a temperature changes."""
    found = path.calibration_
    if found is None:
        return ""
    before, after = found.reliability, found.calibrated_reliability
    gains = found.gain > 2.0 * found.gain_error
    change = "lowers" if gains else "does not clearly lower"
    return _unbroken(
        f"The calibration error, the mean distance from that line, is {100.0 * before.error:.1f} "
        f"points, of which chance explains {100.0 * before.chance:.1f}. A temperature of "
        f"{found.temperature:.2f}, measured by samples that it was not found by, makes it "
        f"{100.0 * after.error:.1f}, and {change} the log loss, from {found.log_loss:.4f} to "
        f"{found.calibrated_log_loss:.4f}."
    )


def _legend(d: Diagnosis) -> str:
    return _unbroken(
        f"Scores on {counted(d.train_rows, 'training sample')} and "
        f"{counted(d.test_rows, tested(d) + ' sample')}. The bias is the target, "
        f"{format_score(d.target_score, d.score_name)}, minus the training score; the gap is the "
        f"training score minus the {tested(d)} score."
    )


def _matters(d: Diagnosis, model: Trained, X: Any) -> dict[str, Any] | None:
    """Return the values of the template for what matters; None if that is not known."""
    if d.importance is None:
        return None
    head, *rows = importance_table(d)
    return {
        "text": [_unbroken(text) for text in d.what_matters],
        "bars": picture_importance(d.importance, d.score_name),
        "table": Table(head, rows),
        "about": _unbroken(about_the_table(d)),
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
    return {"curves": picture_dependences(curves), "drawn": names}


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


def _classes(model: Trained, X: Any, outputs: Any, y: Any) -> dict[str, Any]:
    """Return the values of the template for a classifier's mistakes."""
    samples = classify(model, outputs, y)
    names, matrix, wrong = samples.names, samples.matrix, samples.wrong
    few, drawable, images = len(names) <= PICTURED, can_draw(names), as_images(X)
    short = names if drawable else [str(k + 1) for k in range(len(names))]
    listed = wrong[: LISTED if images is None else IMAGES]
    pairs = [(short[samples.true[k]], short[samples.predicted[k]]) for k in listed]
    return {
        "names": names,
        "numbered": not drawable,
        "matrix": picture_confusion(matrix, short) if few else None,
        "pairs": confused_pairs(matrix, names, PAIRS if few else LISTED),
        "wrong": len(wrong),
        "samples": list_samples(samples, listed),
        "images": None if images is None or not pairs else picture_images(images[listed], pairs),
    }


def _values(outputs: Any, y: Any) -> dict[str, Any]:
    """Return the values of the template for a regression's errors."""
    true = as_columns(y, outputs.shape[1])
    return {
        "outputs": true.shape[1],
        "drawn": min(true.shape[1], PANELS),
        "scatter": picture_values(outputs, true),
        "errors": largest_errors(outputs, true),
    }
