"""The picture and the report of `xl2 path`."""

from __future__ import annotations

import datetime
import importlib.util
import re
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import InputError


def picture_file(data: str, picture: Path | None, report: Path | None) -> Path | None:
    """Return the picture's file; None if matplotlib is missing and no option asks for one."""
    if importlib.util.find_spec("matplotlib") is None:
        if picture is None and report is None:
            return None
        raise InputError(
            'A picture needs matplotlib, which is not installed: run pip install "xl2[plot]".'
        )
    if report is not None and importlib.util.find_spec("jinja2") is None:
        raise InputError(
            'A report needs Jinja2, which is not installed: run pip install "xl2[plot]".'
        )
    file = picture or Path(f"{Path(data.removesuffix('.gz')).stem}-path.png")
    if file.suffix not in (".png", ".svg", ".pdf"):
        raise InputError(f"--picture must end in .png, .svg or .pdf. Received: {str(file)!r}.")
    return file


def draw(path: Any, file: Path) -> None:
    """Draw a path into a file."""
    from ..figures.files import drawn
    from ..io.writing import write_whole

    write_whole(file, drawn(path, file.suffix.removeprefix(".")))


def write_report(report: Path, result: Any, data: Any, how: str) -> None:
    """Write the HTML report of a path."""
    from ..data.summary import HEAD, summarise
    from ..report import page

    name, task = data.name, result.model.network.task
    summary = summarise(data, "regression" if task == "regression" else "classification")
    network, test = result.model.network, result.parts.test
    facts = page.run_facts(
        network.backend,
        data=name,
        network=repr(network),
        training=how,
        command=_without_password(shlex.join(["xl2", *sys.argv[1:]])),
        date=datetime.date.today().isoformat(),
    )
    page.write_report(
        report,
        result.path,
        replace(result.diagnosis, next_step=_without_password(result.diagnosis.next_step)),
        result.model,
        test.X,
        test.y,
        rows=test.rows,
        rows_of=test.name,
        title=f"{name}: what limits the model, and what to do next",
        facts=facts,
        data_notes=result.parts.notes,
        reading=(f"{summary.title}.", *result.parts.reading),
        columns=[HEAD, *summary.rows()],
    )


def _without_password(command: str) -> str:
    """Hide the password of an address, such as that of --mlflow: a report is sent to others."""
    return re.sub(r"(\w+://[^\s/:@]*:)[^\s/@]+@", r"\1***@", command)
