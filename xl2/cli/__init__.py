"""The command line: it reads arguments, calls the library, and prints."""

from __future__ import annotations

import sys
import textwrap
import warnings
from typing import Annotated, Any

import typer

from ..errors import XL2Error, printable
from .bench import bench
from .completion import with_completion
from .diagnosing import diagnose
from .help import Command, Group
from .inspect import inspect
from .output import abandon_output, concerns_output, finish_output, show_error, tell
from .paths import path
from .training import export, predict, train

app = typer.Typer(
    cls=Group,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def show_version(wanted: bool) -> None:
    """Print the version and exit, for `--version`."""
    if wanted:
        from ..training.fingerprint import own_version

        typer.echo(f"xl2 {own_version()}")
        raise typer.Exit


@app.callback()
def program(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Say what limits a neural network, what to do next, and what that gains."""


def backends() -> None:
    """List the array libraries, their devices, and what is missing."""
    from rich.table import Table
    from rich.text import Text

    from ..array.switch import backends as found
    from ..training.screens import console

    table = Table("backend", "version", "devices", "reason", box=None, pad_edge=False)
    for info in found():
        cells = (info.name, info.version or "-", ", ".join(info.devices) or "-", info.reason)
        # As text: rich would read "xl2[torch]" as markup and drop the brackets.
        table.add_row(*map(Text, cells))
    console().print(table)


for command in (path, diagnose, inspect, train, predict, export, backends, bench):
    app.command(cls=Command)(with_completion(command))


def main() -> None:
    """Run the command line; an error that a user can fix is one message and exit code 2."""
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        code = _run()
    try:
        finish_output()
    except OSError as error:
        code = abandon_output(error)
    sys.exit(code)


def _run() -> Any:
    """Run a command, and return its exit code."""
    try:
        app(prog_name="xl2")  # whatever it was started as
    except SystemExit as end:
        return end.code
    except XL2Error as error:
        show_error(printable(str(error)))
        return 2
    except KeyboardInterrupt:
        tell("Interrupted.")
        return 130
    except OSError as error:
        if not concerns_output(error):
            raise
        return abandon_output(error)


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    """Print a warning without the line of code that it is about."""
    text = textwrap.fill(f"Warning: {printable(str(message))}", 80, break_long_words=False)
    tell(text)
