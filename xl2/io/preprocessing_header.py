"""A `Preprocessing` as the header of a model file has it, checked value by value.

Its medians are an array of the file. Its columns have the names of the model's features; only those
that are not plain numbers are listed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from ..errors import InputError
from ..nn.cells import COMPACT, CURRENCY, DATE_FORMATS
from ..nn.columns import Column
from ..nn.preprocessing import Preprocessing

Check = Callable[[Any], bool]

UNITS = {
    "number": ("", "%", *CURRENCY),
    "boolean": ("",),
    "date": ("", COMPACT, *DATE_FORMATS),
    "category": ("",),
}


def described(preprocessing: Any, features: Sequence[str]) -> dict[str, Any] | None:
    """Return plain values from which `restored` makes the same again."""
    if preprocessing is None:
        return None
    if not isinstance(preprocessing, Preprocessing):
        kind = type(preprocessing).__name__
        raise InputError(
            f"A model file holds no code, so it cannot hold the {kind} of this model. Save both: "
            f"joblib.dump(model.preprocessing, 'transformer.joblib') and "
            f"xl2.save(dataclasses.replace(model, preprocessing=None, features=()), path). The "
            f"loaded model takes what the transformer makes of the samples."
        )
    columns = preprocessing.columns
    if tuple(features or [""] * len(columns)) != tuple(one.name for one in columns):
        raise InputError("The features of a model have to be the names of its columns, in order.")
    silent = {"silent": list(preprocessing.silent)} if preprocessing.silent else {}
    return silent | {
        "columns": len(columns),
        "kinds": [
            [k, one.kind, one.unit, list(one.categories)]
            for k, one in enumerate(columns)
            if (one.kind, one.unit) != ("number", "")
        ],
        "indicators": list(preprocessing.indicators),
        "values": [list(own) for own in preprocessing.values],
        "others": list(preprocessing.others),
    }


def restored(stored: dict[str, Any], features: Sequence[str], medians: Any) -> Preprocessing:
    """Return what `described` was made of."""
    columns = [Column(name) for name in features or [""] * stored["columns"]]
    for k, kind, unit, categories in stored["kinds"]:
        columns[k] = Column(columns[k].name, kind, tuple(categories), unit)
    return Preprocessing(
        tuple(columns),
        medians.astype("float64"),
        tuple(stored["indicators"]),
        tuple(map(tuple, stored["values"])),
        tuple(stored["others"]),
        tuple(stored.get("silent", ())),
    )


def is_preprocessing(value: Any) -> bool:
    """Return whether a value describes a preprocessing, or is None."""
    if value is None:
        return True
    if not isinstance(value, dict) or not (CHECKS.keys() - SPARED <= value.keys() <= CHECKS.keys()):
        return False
    if not all(is_valid(value[name]) for name, is_valid in CHECKS.items() if name in value):
        return False
    count, kinds, encoded = value["columns"], value["kinds"], _categories(value)
    return (
        all(k < count for k, *_ in kinds)
        and all(k < count for k in value["indicators"])
        and not set(value["indicators"]) & {k for k, *_ in encoded}
        and value.get("silent", [])[-1:] < [width_of(value)]
        and len(value["values"]) == len(value["others"]) == len(encoded)
        and all(
            own[-1:] <= [len(texts)]
            for (*_, texts), own in zip(encoded, value["values"], strict=True)
        )
    )


def numbers_of(stored: dict[str, Any]) -> int:
    """Return how many columns are no categories, and have a median."""
    return int(stored["columns"]) - len(_categories(stored))


def width_of(stored: dict[str, Any]) -> int:
    """Return how many inputs the columns have."""
    encoded: int = sum(map(len, stored["values"])) + sum(stored["others"])
    return numbers_of(stored) + len(stored["indicators"]) + encoded


def _categories(stored: dict[str, Any]) -> list[list[Any]]:
    return [one for one in stored["kinds"] if one[1] == "category"]


def _is_index(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**53


def _is_rising(value: Any) -> bool:
    """Return whether a value is a list of indices, each larger than the one before."""
    return (
        isinstance(value, list)
        and all(map(_is_index, value))
        and all(a < b for a, b in pairwise(value))
    )


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and not any("\ud800" <= c <= "\udfff" for c in value)


def _is_kind(value: Any) -> bool:
    if not isinstance(value, list) or len(value) != 4:
        return False
    k, kind, unit, texts = value
    return (
        _is_index(k)
        and isinstance(kind, str)
        and unit in UNITS.get(kind, ())
        and isinstance(texts, list)
        and all(map(_is_text, texts))
        and len(set(texts)) == len(texts)
        and bool(texts) == (kind == "category")
    )


def _is_kinds(value: Any) -> bool:
    return (
        isinstance(value, list) and all(map(_is_kind, value)) and _is_rising([k for k, *_ in value])
    )


SPARED = {"silent"}  # only what a fold of a path learnt has inputs that are always 0
CHECKS: dict[str, Check] = {
    "silent": _is_rising,
    "columns": lambda value: _is_index(value) and value > 0,
    "kinds": _is_kinds,
    "indicators": _is_rising,
    "values": lambda value: isinstance(value, list) and all(map(_is_rising, value)),
    "others": lambda value: isinstance(value, list) and all(type(one) is bool for one in value),
}
