"""Words that the error messages about data sets share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def listed(names: Iterable[object]) -> str:
    """Return names for an error message, the first twelve of them if there are many."""
    shown = [repr(name) for name in names]
    more = f" and {len(shown) - 12} more" if len(shown) > 12 else ""
    return ", ".join(shown[:12]) + more


def counted(count: int, thing: str) -> str:
    """Return a count with its noun."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def column_label(names: Sequence[str], position: int) -> str:
    """Return what an error message calls a column: its name, else its number from 1."""
    return repr(names[position]) if names else str(position + 1)
