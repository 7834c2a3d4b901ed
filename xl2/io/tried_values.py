"""What a path tried, as the header of a model file has it, checked value by value.

The texts are printed, and its numbers are the arguments of a line that is to be pasted. Its
parts are those of `xl2.diagnosis.tried.Tried`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Check = Callable[[Any], bool]

LONGEST, MOST = 10_000, 1000  # characters of a text, and actions, experiments or options
LARGEST = 1e100
KINDS = ("network", "training", "ensemble", "features", "rows", "penalty")
BASES = ("tried", "extrapolated")


def is_tried(value: Any) -> bool:
    """Return whether a value is what a path tried, or None."""
    return value is None or _is_record(value, TRIED)


def _is_record(value: Any, checks: dict[str, Check]) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == checks.keys()
        and all(is_valid(value[name]) for name, is_valid in checks.items())
    )


def _is_text(value: Any) -> bool:
    """Return whether a value is a text that a terminal prints as it is."""
    return isinstance(value, str) and len(value) <= LONGEST and value.isprintable()


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and -LARGEST <= value <= LARGEST  # no NaN


def _is_share(value: Any) -> bool:
    return _is_number(value) and 0.0 <= value <= 1.0


def _is_positive(value: Any) -> bool:
    return _is_number(value) and value >= 0.0


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**63


def _list_of(is_valid: Check, most: int | None = None) -> Check:
    """Return a check of lists, here of any length."""

    def is_list(value: Any) -> bool:
        return (
            isinstance(value, list)
            and (most is None or len(value) <= most)
            and all(map(is_valid, value))
        )

    return is_list


def _or_none(is_valid: Check) -> Check:
    return lambda value: value is None or is_valid(value)


def _is_interval(value: Any) -> bool:
    return _list_of(_is_number)(value) and len(value) == 2 and value[0] <= value[1]


def _is_pair_of_texts(value: Any) -> bool:
    return _list_of(_is_text)(value) and len(value) == 2


def _is_initializer(value: Any) -> bool:
    return _is_text(value) or _list_of(_is_text, MOST)(value)


def _is_digest(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 64 and set(value) <= set("0123456789abcdef")


def _is_arguments(value: Any) -> bool:
    return isinstance(value, dict) and all(
        name in ARGUMENTS and ARGUMENTS[name](one) for name, one in value.items()
    )


def _is_action(value: Any) -> bool:
    # The line that trains an ensemble names its seeds.
    return _is_record(value, ACTION) and (
        value["kind"] != "ensemble" or "seed" in (value["arguments"] or {})
    )


def _is_correlation(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 3
        and _is_pair_of_texts(value[:2])
        and (_is_number(value[2]) and abs(value[2]) <= 1.0)
    )


ARGUMENTS: dict[str, Check] = {
    "hidden": _list_of(_is_count, MOST),
    "initializer": _is_initializer,
    "epochs": _is_count,
    "learning_rate": _is_positive,
    "seed": lambda value: _list_of(_is_count, MOST)(value) and len(value) > 0,
    "columns": _list_of(_is_count),
    "lambdas": _list_of(_is_positive, MOST),
}
ACTION: dict[str, Check] = {
    "key": _is_text,
    "kind": lambda value: value in KINDS,
    "what": _is_text,
    "gain": _is_number,
    "interval": _is_interval,
    "basis": lambda value: value in BASES,
    "rows": _is_count,
    "seconds": _is_positive,
    "arguments": _or_none(_is_arguments),
    "measured": _or_none(_is_number),
}
COLUMN: dict[str, Check] = {
    "name": _is_text,
    "column": _is_count,
    "loss": _is_number,
    "error": _is_positive,
    "p_value": _is_share,
}
IMPORTANCE: dict[str, Check] = {
    "columns": lambda value: (
        _list_of(lambda one: _is_record(one, COLUMN))(value) and len(value) > 0
    ),
    "rows": _is_count,
    "folds": _is_count,
    "repeats": _is_count,
    "correlated": _list_of(_is_correlation),
}
TRIED: dict[str, Check] = {
    "lam": _is_positive,
    "chosen_by": _is_text,
    "signal": _is_share,
    "actions": _list_of(_is_action, MOST),
    "left_out": _list_of(_is_pair_of_texts, MOST),
    "folds": _is_count,
    "all_samples": _or_none(_is_number),
    "repeated": _or_none(_is_count),
    "unavoidable": _or_none(_is_share),
    "importance": _or_none(lambda value: _is_record(value, IMPORTANCE)),
    "validation": _or_none(_is_digest),
    "options": _or_none(_list_of(_is_text, MOST)),
    "averaged": _is_count,
}
