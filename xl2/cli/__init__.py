"""The command line: it reads arguments, calls, and prints."""

from __future__ import annotations

import sys

import typer

from ..errors import XL2Error
from .backends import backends
from .bench import bench
from .options import printable
from .paths import diagnose, path
from .training import export, predict, train

app = typer.Typer(
    help="Train multilayer perceptrons with an L2 penalty, on NumPy, CuPy, PyTorch or JAX.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for command in (path, diagnose, train, predict, export, backends, bench):
    app.command()(command)


def main() -> None:
    """Run the command line; every error a user can mend is one message and exit code 2."""
    try:
        app()
    except XL2Error as error:
        typer.echo(f"Error: {printable(str(error))}", err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        typer.echo("Interrupted.", err=True)
        sys.exit(130)
