"""Text in the CSV files that the command line writes: none that a spreadsheet runs as a formula."""

from __future__ import annotations

import re

from ..errors import counted

# What a formula begins with; the wide forms are those of East Asian keyboards.
_BEGINS = re.compile(r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def safe_cell(text: str) -> str:
    """Return text that no spreadsheet runs: what could be a formula begins with an apostrophe.

    Numbers, and a lone "+" or "-", stay as they are.
    """
    if not _BEGINS.match(text) or text in ("+", "-") or _NUMBER.fullmatch(text):
        return text
    return f"'{text}"


def note_of_quoted(names: int) -> str:
    """Return a sentence that tells how many texts `safe_cell` changed."""
    begin, are, them = ("begins", "is", "it") if names == 1 else ("begin", "are", "them")
    return (
        f"{counted(names, 'text')} {begin} like a formula and {are} written with an "
        f"apostrophe in front, so that no spreadsheet runs {them}."
    )
