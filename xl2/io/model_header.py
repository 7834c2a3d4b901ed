"""The header of a model file, checked value by value.

The file can come from anyone. A value of the wrong type would otherwise fail much later, in a
prediction perhaps.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from ..array.backend import DTYPES
from ..errors import FileFormatError
from ..nn.columns import Table
from ..nn.ensemble import Ensemble
from ..nn.model import Model
from ..nn.tasks import TASKS
from .preprocessing_header import described, is_preprocessing
from .tried_values import is_tried

# Each takes much more time and memory than its part of a file.
MOST_NETWORKS = 10_000


def header_of(model: Model, ensemble: Ensemble | None = None) -> dict[str, str]:
    """Return the header of a model, or of an ensemble of which it is the first model."""
    header = {
        "dtype": model.network.dtype,
        "task": model.task,
        "classes": json.dumps(None if model.classes is None else [*map(_plain, model.classes)]),
        "features": json.dumps(model.features),
    }
    if ensemble is None:
        return header | {name: json.dumps(value) for name, value in _own_of(model).items()}
    header["members"] = json.dumps([_own_of(one) for one in ensemble.models])
    header["weights"] = json.dumps(ensemble.weights)
    if (known := ensemble.residuals) is not None:
        counts = [len(one) for one in known.values]
        header["residuals"] = json.dumps({"counts": counts, "folds": known.folds})
    return header


def _own_of(model: Model) -> dict[str, Any]:
    """Return what each network of an ensemble has of its own, as plain values."""
    scalings = {"input": model.input_scaling, "output": model.output_scaling}
    own: dict[str, Any] = {
        "sizes": model.network.sizes,
        "activations": model.network.activations,
        "standardisation": {name: one is not None for name, one in scalings.items()},
    }
    preprocessing = described(model.preprocessing, model.features)
    if preprocessing is not None:
        own["preprocessing"] = preprocessing
    if model.temperature != 1.0:
        own["temperature"] = float(model.temperature)
    return own


def read_settings(header: dict[str, str], several: bool = False) -> list[dict[str, Any]]:
    """Return the settings of each network in a header, or raise `FileFormatError`.

    There is one, or with `several` those of an ensemble; see `OWN` and `COMMON`.
    """
    wanted = [*COMMON, *(["members"] if several else OWN)]
    absent = [name for name in wanted if name not in {**OPTIONAL, **header}]
    if absent:
        raise FileFormatError(f"its header lacks {', '.join(absent)}.")
    for name, choices in (("task", TASKS), ("dtype", DTYPES)):
        if header.get(name) not in choices:
            raise FileFormatError(
                f"its {name} is {header.get(name)!r}. Expected one of {', '.join(choices)}."
            )
    settings = {"dtype": header["dtype"], "task": header["task"]}
    settings |= {name: _read(header, name, is_valid) for name, is_valid in COMMON.items()}
    if several:
        return [settings | DEFAULTS | own for own in _read(header, "members", _is_members)]
    return [settings | {name: _read(header, name, is_valid) for name, is_valid in OWN.items()}]


def read_weights(header: dict[str, str]) -> list[float] | None:
    """Return the weights of an ensemble; None if they are equal."""
    return _read(header, "weights", _is_weights)  # type: ignore[no-any-return]


def read_residuals(header: dict[str, str]) -> dict[str, list[int]] | None:
    """Return how many errors each fold has, and the fold of each network; None without any."""
    return _read(header, "residuals", _is_residuals)  # type: ignore[no-any-return]


def _read(header: dict[str, str], name: str, is_valid: Callable[[Any], bool]) -> Any:
    """Return a value of a header, checked."""
    text = header[name] if name in header else OPTIONAL[name]
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f"its {name} cannot be read: {error}.") from None
    if not is_valid(value):
        raise FileFormatError(f"its value of {name} is invalid: {text!r:.200}.")
    return value


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


def _is_members(value: Any) -> bool:
    """Return whether a value is what networks have of their own; some of it may be absent."""
    return (
        isinstance(value, list) and 0 < len(value) <= MOST_NETWORKS and all(map(_is_member, value))
    )


def _is_member(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and OWN.keys() - DEFAULTS.keys() <= value.keys() <= OWN.keys()
        and all(OWN[name](one) for name, one in value.items())
    )


def _is_weights(value: Any) -> bool:
    return value is None or (
        isinstance(value, list) and all(type(w) in (int, float) and 0 <= w <= 1 for w in value)
    )


def _is_residuals(value: Any) -> bool:
    return value is None or (
        isinstance(value, dict)
        and value.keys() == {"counts", "folds"}
        and all(
            isinstance(own, list) and own and all(type(n) is int and 0 <= n < 2**53 for n in own)
            for own in value.values()
        )
    )


def _plain(label: Any) -> Any:
    """Return a NumPy scalar as a Python value, for JSON."""
    return label.item() if hasattr(label, "item") else label


# What each network has of its own.
OWN = {
    "sizes": _is_sizes,
    "activations": _is_texts,
    "standardisation": _is_standardisation,
    "preprocessing": is_preprocessing,
    "temperature": _is_temperature,
}
# What all networks of an ensemble have in common.
COMMON = {
    "classes": _is_classes,
    "features": _is_texts,
    "table": _is_table,
    "tried": is_tried,
}
# What a file may lack: of a network, and otherwise.
DEFAULTS = {"preprocessing": None, "temperature": 1.0}
OPTIONAL = dict.fromkeys(("table", "tried", "weights", "residuals"), "null")
OPTIONAL |= {name: json.dumps(value) for name, value in DEFAULTS.items()}
