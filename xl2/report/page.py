"""A path, its verdict and its mistakes as one HTML page that needs nothing else.

The page has no script and loads nothing. Its pictures are in it, drawn twice: a phone
gets another layout. All text in it is escaped by the template.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Any

from ..array.backend import Backend
from ..array.switch import to_numpy
from ..diagnosis.formats import format_score
from ..diagnosis.predictions import as_array
from ..diagnosis.verdict import Diagnosis, headline, prospects, score_table
from ..errors import InputError, counted
from ..io.writing import check_writable, write_whole
from ..nn.model import Model
from ..path.result import Path
from ..path.tables import HEAD, rows_of, unit, what_was_trained
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
    picture_images,
    picture_path,
    picture_values,
)

PICTURED = 20  # so many classes have a matrix; of more, the most confused pairs are listed
PAIRS = 5  # beside a matrix, which has them all
IMAGES = 24


def write_report(
    out: str | FilePath,
    path: Path,
    diagnosis: Diagnosis,
    model: Model,
    X_test: Any,
    y_test: Any,
    *,
    title: str,
    facts: Mapping[str, str],
) -> None:
    """Write the page of `report_html` to a file, whole or not at all.

    Parameters
    ----------
    out : path-like
        Replaced if it exists.
    path, diagnosis, model, X_test, y_test, title, facts
        As for `report_html`.

    Raises
    ------
    InputError
        If the file cannot be written, and as `report_html` does.
    """
    check_writable(out)
    page = report_html(path, diagnosis, model, X_test, y_test, title=title, facts=facts)
    # The name of a file need not be text; what is left of such bytes UTF-8 cannot hold.
    write_whole(out, page.encode("utf-8", "replace"))


def report_html(
    path: Path,
    diagnosis: Diagnosis,
    model: Model,
    X_test: Any,
    y_test: Any,
    *,
    title: str,
    facts: Mapping[str, str],
) -> str:
    """Return a page with the verdict, the path, what the model gets wrong, and what was run.

    The same arguments give the same page, whatever style matplotlib is set to.

    Parameters
    ----------
    path : Path
        As `xl2.regularization_path` returns it.
    diagnosis : Diagnosis
        As `xl2.diagnose` returns it for the path.
    model : Model
        The one whose mistakes are shown, such as ``path.best_model()``.
    X_test : array_like, shape (n, features)
        Samples it has not seen, in their own units.
    y_test : array_like, shape (n,) or (n, outputs)
        Their labels or values.
    title : str
        The heading of the page.
    facts : mapping of str to str
        What was run, for the last table; see `run_facts`.

    Returns
    -------
    str
        A whole HTML document.

    Raises
    ------
    InputError
        If the samples cannot be used, or jinja2 or matplotlib is not installed.
    """
    template = _template()
    X, y = to_numpy(X_test), as_array(y_test, "y_test")
    outputs = model.forward(X)
    if len(outputs) != len(y):
        raise InputError(
            f"X_test has {counted(len(outputs), 'sample')} and y_test {len(y)}: they must agree."
        )
    regression = model.network.task == "regression"
    shown = _values(outputs, y) if regression else _classes(model, X, outputs, y)
    page: str = template.render(
        title=title,
        headline=_unbroken(headline(diagnosis)).partition(": "),
        figures=_figures(diagnosis),
        legend=_legend(diagnosis),
        cautions=diagnosis.cautions,
        advice=_unbroken(" ".join([prospects(diagnosis), *diagnosis.advice])),
        comparison=diagnosis.comparison and _unbroken(diagnosis.comparison.words),
        path=path,
        scores=picture_path(path),
        lambdas=Table((*HEAD, "remark"), list(rows_of(path))),
        trained=f"{what_was_trained(path)}; {unit(path)}",
        curves=picture_curves(path),
        rows=counted(len(y), "test sample"),
        regression=regression,
        shown=shown,
        facts=facts,
    )
    return page


def run_facts(backend: Backend, **more: object) -> dict[str, str]:
    """Return what a report says of a run, with the versions it depends on.

    Parameters
    ----------
    backend : Backend
        Where it was computed.
    **more : object
        What comes first: ``data="digits", seed=0``. An underscore in a name stands for a
        space.

    Returns
    -------
    dict of str to str
        In the order to be shown. Nothing in it names the computer or a folder, unless
        `more` does.
    """
    import platform

    facts = {name.replace("_", " "): str(value) for name, value in more.items()}
    facts["backend"] = str(backend)
    facts["xl2"] = own_version()
    facts["Python"] = f"{platform.python_version()} ({platform.python_implementation()})"
    for name in dict.fromkeys(("numpy", backend.name)):
        found = getattr(importlib.import_module(name), "__version__", "unknown")
        facts["NumPy" if name == "numpy" else name] = str(found)
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
    """Return words without a place for a line break between a number and its unit."""
    for tied in (" %", " points", " = ", " < "):
        text = text.replace(tied, tied.replace(" ", "\N{NO-BREAK SPACE}"))
    return text


def _figures(d: Diagnosis) -> Table:
    """Return the table of the scores, whose numbers of samples the legend has."""
    head, *rows = (tuple(map(_unbroken, cells[:3])) for cells in score_table(d))
    return Table(head, rows)


def _legend(d: Diagnosis) -> str:
    """Say what the numbers of a diagnosis are of."""
    return _unbroken(
        f"Scores on {counted(d.train_rows, 'training sample')} and "
        f"{counted(d.test_rows, 'test sample')}. The bias is what training lacks of the target, "
        f"{format_score(d.target, d.score_name)}; the gap is what the test lacks of training."
    )


def _classes(model: Model, X: Any, outputs: Any, y: Any) -> dict[str, Any]:
    """Return what the page shows of a classifier's mistakes."""
    samples = classify(model, outputs, y)
    names, matrix, wrong = samples.names, samples.matrix, samples.wrong
    few, drawable, images = len(names) <= PICTURED, can_draw(names), as_images(X)
    short = names if drawable else [str(k) for k in range(len(names))]
    rows = wrong[: LISTED if images is None else IMAGES]
    pairs = [(short[samples.true[row]], short[samples.found[row]]) for row in rows]
    return {
        "names": names,
        "numbered": not drawable,
        "matrix": picture_confusion(matrix, short) if few else None,
        "pairs": confused_pairs(matrix, names, PAIRS if few else LISTED),
        "wrong": len(wrong),
        "samples": list_samples(samples, rows),
        "images": None if images is None or not pairs else picture_images(images[rows], pairs),
    }


def _values(outputs: Any, y: Any) -> dict[str, Any]:
    """Return what the page shows of a regression's errors."""
    true = as_columns(y, outputs.shape[1])
    return {
        "outputs": true.shape[1],
        "drawn": min(true.shape[1], PANELS),
        "scatter": picture_values(outputs, true),
        "errors": largest_errors(outputs, true),
    }
