"""The options that say how a data set is read, which all commands with one have."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer

# How a file is read.
READING: dict[str, Any] = {
    "target": (
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Label column of a table: name, or index from 0; default: -1, the last.",
        ),
        None,
    ),
    "features_first": (
        bool,
        typer.Option("--features-first", help="X is (features, samples), not (samples, features)."),
        False,
    ),
    "sep": (
        str | None,
        typer.Option(
            metavar="TEXT",
            help="What separates cells, such as ';' or tab; default: as the file has it.",
        ),
        None,
    ),
    "decimal": (
        str | None,
        typer.Option(
            metavar="TEXT", help="Decimal point, . or a comma; default: as the file has it."
        ),
        None,
    ),
    "encoding": (
        str | None,
        typer.Option(
            metavar="NAME", help="Such as utf-8, utf-16 or latin-1; default: as the file has it."
        ),
        None,
    ),
    "header": (
        bool | None,
        typer.Option(
            "--header/--no-header",
            help="Whether the first row has the names of the columns; default: as it looks.",
        ),
        None,
    ),
    "ignore": (
        str | None,
        typer.Option(
            metavar="COLUMNS",
            help="Columns of a table that are no features, such as ids: names or indices, "
            "separated by commas.",
        ),
        None,
    ),
}
# Also which of its rows.
LABELLED: dict[str, Any] = {
    **READING,
    "drop_missing_labels": (
        bool,
        typer.Option("--drop-missing-labels", help="Leave out rows without a label."),
        False,
    ),
}
# Also what the columns of a training set hold.
TRAINING: dict[str, Any] = {
    **LABELLED,
    "groups": (
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Column of a table with the group of each sample, such as a person, name or "
            "index: groups are not divided between training, validation and test.",
        ),
        None,
    ),
    "weight": (
        str | None,
        typer.Option(metavar="COLUMN", help="Column of a table with the weight of each sample."),
        None,
    ),
    "categories": (
        str | None,
        typer.Option(
            metavar="COLUMNS", help="Columns of numbers that are categories, such as postal codes."
        ),
        None,
    ),
    "dates": (
        str | None,
        typer.Option(metavar="COLUMNS", help="Columns of dates, to be read as days since 1970."),
        None,
    ),
    "keep_row_numbers": (
        bool,
        typer.Option("--keep-row-numbers", help="Take columns that number the rows as features."),
        False,
    ),
    "fill": (
        bool,
        typer.Option(
            "--fill/--no-fill", help="Whether features may be missing, and are filled in."
        ),
        True,
    ),
    "encode": (
        bool,
        typer.Option(
            "--encode/--no-encode", help="Whether features may be text, and become categories."
        ),
        True,
    ),
}
LISTS = ("ignore", "categories", "dates")
NAMES = {"tab": "\t", "\\t": "\t", "space": " ", "comma": ",", "semicolon": ";", "pipe": "|"}


def with_reading_options(options: Mapping[str, Any]) -> Callable[[Any], Any]:
    """Give a command these options; it gets them as one mapping, `reading`, for `load_data`."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        own = inspect.signature(command, eval_str=True)
        added = [
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind
            )
            for name, (kind, about, default) in options.items()
            for kind in [Annotated[kind, about]]
        ]
        kept = [p for p in own.parameters.values() if p.name != "reading"]

        @functools.wraps(command)
        def with_options(*args: Any, **values: Any) -> Any:
            given = {name: values.pop(name) for name in options}
            return command(*args, **values, reading=arguments_of(given))

        with_options.__signature__ = own.replace(parameters=[*kept, *added])  # type: ignore[attr-defined]
        with_options.__annotations__ = {p.name: p.annotation for p in [*kept, *added]}
        del with_options.__wrapped__
        return with_options

    return decorate


def arguments_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return options of the command line as arguments of `load_data`."""
    found = dict(given)
    for name in LISTS:
        if name in found:
            found[name] = tuple(
                part.strip() for part in (found[name] or "").split(",") if part.strip()
            )
    if found.get("sep") is not None:
        found["sep"] = NAMES.get(found["sep"].lower(), found["sep"])
    return found
