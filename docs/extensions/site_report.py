"""The report of scikit-learn's digits, as a page to look at before anything is installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

NAME = "digits_report.html"
PROGRAM = [sys.executable, "-c", "from xl2.cli import main; main()"]


def write(app: Sphinx) -> None:
    """Let `xl2 path` write the report into the site."""
    if app.builder.name != "html":
        return
    with tempfile.TemporaryDirectory() as folder:
        command = [*PROGRAM, "path", "digits", "--report", NAME]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        shutil.copy(Path(folder) / NAME, app.outdir)


def setup(app: Sphinx) -> dict[str, Any]:
    """Write it before the pages."""
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
