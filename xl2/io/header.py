"""The header of a model file: what it says, checked value by value.

It comes from whoever wrote the file. What is of another type than expected would be an error
far from here, in a prediction perhaps.
"""

from __future__ import annotations

import json
import math
from typing import Any

from ..errors import FileFormatError


def read_settings(header: dict[str, str]) -> dict[str, Any]:
    """Return what a header says of the model.

    Parameters
    ----------
    header : dict of str
        The texts of a safetensors file.

    Returns
    -------
    dict
        sizes, activations, dtype, task, standardisation, classes, features and split.

    Raises
    ------
    FileFormatError
        If one is absent, or of another kind than `xl2.save` writes.
    """
    from ..nn.tasks import TASKS

    absent = [name for name in CHECKS if name not in header]
    if absent:
        raise FileFormatError(f"its header says nothing of {', '.join(absent)}.")
    for name, choices in (("task", TASKS), ("dtype", ("float32", "float64"))):
        if header.get(name) not in choices:
            raise FileFormatError(
                f"its {name} is {header.get(name)!r}, not one of {', '.join(choices)}."
            )
    settings: dict[str, Any] = {"dtype": header["dtype"], "task": header["task"]}
    for name, is_right in CHECKS.items():
        settings[name] = _value(header, name)
        if not is_right(settings[name]):
            raise FileFormatError(
                f"its {name} are not what a model file has: {header[name]!r:.200}."
            )
    settings["split"] = _split(_value(header, "split"))
    return settings


def _value(header: dict[str, str], name: str) -> Any:
    try:
        return json.loads(header.get(name, "null"))
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f"its {name} cannot be read: {error}.") from None


def _sizes(said: Any) -> bool:
    return isinstance(said, list) and len(said) > 1 and all(_is_count(size) for size in said)


def _is_count(size: Any) -> bool:
    return type(size) is int and 0 < size < 2**63


def _texts(said: Any) -> bool:
    return isinstance(said, list) and all(isinstance(text, str) and _is_text(text) for text in said)


def _is_text(said: str) -> bool:
    try:
        said.encode()
    except UnicodeEncodeError:  # half of a character
        return False
    return True


def _classes(said: Any) -> bool:
    """Tell whether labels are none, texts, or numbers that NumPy has."""
    if said is None or _texts(said):
        return True
    return isinstance(said, list) and all(
        isinstance(label, int | float) and abs(label) < 2**63 and math.isfinite(label)
        for label in said
    )


def _standardisation(said: Any) -> bool:
    return (
        isinstance(said, dict)
        and said.keys() == {"input", "output"}
        and all(isinstance(done, bool) for done in said.values())
    )


CHECKS = {
    "sizes": _sizes,
    "activations": _texts,
    "standardisation": _standardisation,
    "classes": _classes,
    "features": _texts,
}


def _split(said: Any) -> tuple[float, int] | None:
    """Check the part that was held out and its seed."""
    if said is None:
        return None
    fraction, seed = said if isinstance(said, list) and len(said) == 2 else (None, None)
    if not (isinstance(fraction, float) and 0.0 < fraction < 1.0):
        raise FileFormatError(f"it says {said!s:.200} of the samples held out.")
    if not (type(seed) is int and 0 <= seed < 2**32):
        raise FileFormatError(f"it says {said!s:.200} of the samples held out.")
    return fraction, seed
