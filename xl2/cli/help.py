"""Help as plain text: options and commands under headings, examples, and exit codes."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from ..errors import facing
from .examples import EXAMPLES
from .options import face_of

# The options of all commands by their names in Python, in the order of the help.
OPTIONS = {
    "Most used": (
        *("target", "test", "lam", "preset", "ensemble", "interval", "onnx", "only"),
        *("report", "out"),
    ),
    "Samples": (
        *("task", "held_out", "groups", "weight", "class_weight", "new_labels"),
        "drop_missing_labels",
    ),
    "Reading the file": (
        *("ignore", "categories", "dates", "keep_row_numbers", "fill", "encode"),
        *("sep", "decimal", "encoding", "header", "features_first", "labels"),
    ),
    "Lambda and cross-validation": ("lambdas", "per", "cv", "scoring", "patience", "seed"),
    "Network and training": (
        *("hidden", "activation", "epochs", "batch_size", "learning_rate", "optimizer"),
        *("schedule", "label_smoothing", "dropout", "calibrate"),
    ),
    "Experiments and advice": ("experiments", "budget", "without", "target_score"),
    "Measurement": ("rows", "rounds", "check"),
    "Output": ("quiet", "as_json", "json_schema", "picture", "plot"),
    "Machine": ("backend", "device", "dtype", "dask"),
    "Checkpoints and tracking": ("checkpoint", "every", "resume", "mlflow", "tensorboard"),
    "Help": ("version", "install_completion", "show_completion", "help"),
}
COMMANDS = {
    "Start here": ("inspect", "path"),
    "Models": ("diagnose", "predict", "export", "train"),
    "This machine": ("backends", "bench"),
}
EXIT_CODES = (
    ("0", "Success."),
    (
        "1",
        "An error in xl2 itself; the reader of the output left, such as `head`; or `xl2 bench "
        "--check` found xl2 too slow.",
    ),
    ("2", "What you can mend: an option, a file, a full disk. The message says how."),
    ("130", "Interrupted by Ctrl-C."),
)
NEXT = (
    "Begin with `xl2 path digits`, or with `xl2 inspect FILE` for a table of yours. "
    "`xl2 COMMAND --help` lists what a command can do, with examples."
)
COLUMN, SHORT = 26, 12  # where the second column begins: of options, and of shorter names
NARROW = 70  # below this width the options have one column only


class Command(TyperCommand):
    """A command whose messages name its own options, which the help groups."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; Ctrl-C, which typer ends without a word, is one line."""
        with facing(face_of(self)):
            try:
                return super().invoke(ctx)
            except KeyboardInterrupt:
                typer.echo("Interrupted.", err=True)
                raise typer.Exit(130) from None

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return the words after the command's name in the first line of the help."""
        return ["[OPTIONS]", *(name for name, _ in _arguments(self, ctx))]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments and options under headings."""
        _write(formatter, "Arguments", _arguments(self, ctx), SHORT)
        _write_options(formatter, self.get_params(ctx))

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the examples."""
        examples = EXAMPLES.get(self.name or "", ())
        if examples:
            _write_heading(formatter, "Examples")
        for about, example in examples:
            for line in textwrap.wrap(about, formatter.width - 2):
                formatter.write(f"  {line}\n")
            formatter.write(f"    {example}\n")


class Group(TyperGroup):
    """The program, whose help groups its commands."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the commands, a line each, and the options."""
        for heading, names in COMMANDS.items():
            commands = [(name, self.get_command(ctx, name)) for name in names]
            _write(formatter, heading, [(n, _first_line(c.help)) for n, c in commands if c], SHORT)
        _write_options(formatter, self.get_params(ctx))

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the exit codes, and where to go next."""
        _write(formatter, "Exit codes", EXIT_CODES, SHORT)
        _write_heading(formatter, "Next")
        for line in textwrap.wrap(NEXT, formatter.width - 2):
            formatter.write(f"  {line}\n")


def _arguments(command: Any, ctx: Any) -> list[tuple[str, str]]:
    """Return the names of a command's arguments, and what they mean."""
    found = command.get_params(ctx)
    return [(one.metavar, one.help) for one in found if one.param_type_name == "argument"]


def _first_line(text: str | None) -> str:
    return (text or "").partition("\n")[0]


def _write_options(formatter: Any, parameters: Sequence[Any]) -> None:
    own = {one.name: one for one in parameters if one.param_type_name == "option"}
    for heading, names in OPTIONS.items():
        _write(formatter, heading, [_row(own[name]) for name in names if name in own])


def _row(option: Any) -> tuple[str, str]:
    """Return the names of an option, and what it does."""
    names = ", ".join(sorted(option.opts, key=len))
    if option.secondary_opts:
        names += f" / {option.secondary_opts[0]}"
    elif not option.is_flag:
        names += f" {option.metavar}"
    text, default = option.help or "", option.default
    if option.required:
        text += " (required)"
    if option.secondary_opts and default is not None:
        text += f" (default: {(option.opts if default else option.secondary_opts)[0]})"
    elif not option.is_flag and default is not None and not option.multiple:
        text += f" (default: {default})"
    return names, text


def _write(
    formatter: Any, heading: str, rows: Sequence[tuple[str, str]], column: int = COLUMN
) -> None:
    """Write a list of names and what they mean, in two columns if there is room."""
    if not rows:
        return
    _write_heading(formatter, heading)
    if column == COLUMN and formatter.width < NARROW:
        column = 6
    for name, text in rows:
        for line in _lines(name, text, column, formatter.width):
            formatter.write(f"{line}\n")


def _write_heading(formatter: Any, heading: str) -> None:
    formatter.write(f"\n{heading}:\n")


def _lines(name: str, text: str, column: int, width: int) -> Iterator[str]:
    lines = textwrap.wrap(text, width - column, break_on_hyphens=False)
    first = f"  {name}"
    if len(first) + 2 <= column and lines:
        first = f"{first:<{column}}{lines.pop(0)}"
    yield first
    yield from (f"{'':{column}}{line}" for line in lines)
