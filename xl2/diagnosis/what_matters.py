"""Which columns matter, in sentences and as a table."""

from __future__ import annotations

from ..errors import counted
from .findings import Findings
from .formats import format_confidence, format_difference
from .importance import LEVEL, ColumnImportance, Importance

NAMED = 3  # columns in the sentence
LISTED = 15  # in the table and in the picture
PAIRS = 3  # of correlated columns

Row = tuple[str, ...]


def what_matters(d: Findings) -> list[str]:
    """Return which columns matter most and how many cannot be told from chance, as paragraphs."""
    found = d.importance
    if found is None:
        if d.not_shuffled:
            return [f"The importance of the columns is not measured, because {d.not_shuffled}."]
        return []
    paragraphs = [_most_important(d, found)]
    if found.correlated:
        paragraphs.append(_correlated(found))
    return paragraphs


def importance_table(d: Findings) -> list[Row]:
    """Return a table: a column, what shuffling it costs, the error, and whether it may be chance.

    It has the head only if importance was not measured.
    """
    found, rows = d.importance, list[Row]()
    for one in found.columns[:LISTED] if found else ():
        loss, error = (_plain(value, d.score_name) for value in (one.loss, one.error))
        rows.append((one.name, loss, f"± {error}", "" if one.matters else "may be chance"))
    return [("column, shuffled", "costs", "", ""), *rows]


def about_the_table(d: Findings) -> str:
    """Return what the numbers of the table are."""
    found = d.importance
    assert found is not None
    unit = "points of accuracy" if d.score_name == "accuracy" else "R2"
    error = "standard errors over the folds"
    if found.folds == 1:
        error = f"standard deviations over {found.repeats} shuffles"
    text = f"Costs are in {unit}, and the numbers after ± are {error}"
    more = len(found.columns) - LISTED
    if more > 0:
        text += f"; {counted(more, 'column')} that cost{'s' if more == 1 else ''} less not listed"
    return f"{text}."


def _most_important(d: Findings, found: Importance) -> str:
    """Return the columns that matter most, and how many may not matter."""
    chance = "told from chance"
    level = f"at {format_confidence(LEVEL)}, for all columns together"
    sure = [one for one in found.columns if one.matters]
    others = len(found.columns) - len(sure)
    if not sure:
        none = "The one column" if others == 1 else f"None of the {others} columns"
        does = "cannot be" if others == 1 else "can be"
        return f"{none}, shuffled {_where(found)}, costs a part of the score that {does} {chance}."
    named = [_costs(one, d, k == 0) for k, one in enumerate(sure[:NAMED])]
    text = f"What matters most: shuffled {_where(found)}, {_listed(named)}."
    if rest := len(sure) - len(named):
        text += f" {counted(rest, 'other column')} matter{'s' if rest == 1 else ''} too."
    if others:
        text += f" The cost of {counted(others, 'column')} cannot be {chance} ({level})."
    return text


def _where(found: Importance) -> str:
    """Return in which samples the columns were shuffled."""
    if found.folds > 1:
        return f"in the validation samples of {found.folds} folds"
    return f"in {found.rows} held-out samples"


def _costs(one: ColumnImportance, d: Findings, first: bool) -> str:
    loss, error = (_plain(value, d.score_name) for value in (one.loss, one.error))
    unit = ""
    if first:
        unit = " points of accuracy" if d.score_name == "accuracy" else " of R2"
    return f"{quoted(one.name)} costs {loss} ± {error}{unit}"


def _correlated(found: Importance) -> str:
    """Return that columns can stand in for one another."""
    pairs = [f"{quoted(a)} and {quoted(b)} ({r:.2f})" for a, b, r in found.correlated[:PAIRS]]
    more = len(found.correlated) - len(pairs)
    if more:
        pairs.append(counted(more, "other pair"))
    return (
        f"Columns that are strongly correlated stand in for one another, so that shuffling one of "
        f"them shows less than they matter together: {_listed(pairs)}."
    )


def quoted(name: str) -> str:
    """Return the name of a column as sentences have it."""
    return name if name.startswith("column ") else f"'{name}'"


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _plain(value: float, name: str) -> str:
    return format_difference(value, name).removesuffix(" points")
