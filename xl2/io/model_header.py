"""The header of a model file, checked value by value.

The file can come from anyone. A value of the wrong type would otherwise fail much later, in a
prediction perhaps.
"""

from __future__ import annotations

import json
import math
from dataclasses import fields
from typing import Any

from ..array.backend import DTYPES
from ..errors import FileFormatError
from ..nn.columns import Table
from ..nn.tasks import TASKS
from .preprocessing_header import is_preprocessing
from .tried_values import is_tried


def read_settings(header: dict[str, str]) -> dict[str, Any]:
    """Return the settings in a header, or raise `FileFormatError`; see `CHECKS`."""
    header = {**OPTIONAL, **header}
    absent = [name for name in CHECKS if name not in header]
    if absent:
        raise FileFormatError(f"its header lacks {', '.join(absent)}.")
    for name, choices in (("task", TASKS), ("dtype", DTYPES)):
        if header.get(name) not in choices:
            raise FileFormatError(
                f"its {name} is {header.get(name)!r}. Expected one of {', '.join(choices)}."
            )
    settings: dict[str, Any] = {"dtype": header["dtype"], "task": header["task"]}
    for name, is_valid in CHECKS.items():
        try:
            settings[name] = json.loads(header[name])
        except (ValueError, RecursionError) as error:
            raise FileFormatError(f"its {name} cannot be read: {error}.") from None
        if not is_valid(settings[name]):
            raise FileFormatError(f"its value of {name} is invalid: {header[name]!r:.200}.")
    return settings


def _is_sizes(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) > 1
        and all(type(size) is int and 0 < size < 2**63 for size in value)
    )


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(t, str) and _is_unicode(t) for t in value)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # a surrogate
        return False
    return True


def _is_classes(value: Any) -> bool:
    """Return whether a value is None, texts, or numbers that NumPy can hold."""
    if value is None or _is_texts(value):
        return True
    return isinstance(value, list) and all(
        isinstance(label, int | float) and abs(label) < 2**63 and math.isfinite(label)
        for label in value
    )


def _is_standardisation(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == {"input", "output"}
        and all(isinstance(done, bool) for done in value.values())
    )


def _is_table(value: Any) -> bool:
    """Return whether a value is None, or what the columns of a table are; see `Table`."""
    if value is None:
        return True
    if not isinstance(value, dict) or value.keys() != {field.name for field in fields(Table)}:
        return False
    width, features = value["width"], value["features"]
    named = [value[role] for role in ("target", "groups", "weight") if value[role] is not None]
    return (
        type(width) is int
        and 0 < width < 2**31
        and isinstance(features, list)
        and all(type(i) is int and 0 <= i < width for i in features)
        and len(set(features)) == len(features)
        and _is_texts([*named, value["unit"]])
        and _is_texts(value["ids"])
    )


def _is_temperature(value: Any) -> bool:
    """Return whether logits can be divided by a value, and float32 holds it."""
    return type(value) in (int, float) and 1e-6 <= value <= 1e6


def read_table(value: Any) -> Table | None:
    """Return what the columns of a table are, by a value of a header that was checked."""
    if value is None:
        return None
    return Table(**{**value, "features": tuple(value["features"]), "ids": tuple(value["ids"])})


CHECKS = {
    "sizes": _is_sizes,
    "activations": _is_texts,
    "standardisation": _is_standardisation,
    "classes": _is_classes,
    "features": _is_texts,
    "table": _is_table,
    "tried": is_tried,
    "preprocessing": is_preprocessing,
    "temperature": _is_temperature,
}
# Values of what a file may lack.
OPTIONAL = {"table": "null", "tried": "null", "preprocessing": "null", "temperature": "1.0"}
