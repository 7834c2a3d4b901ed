"""The states of callbacks, as what JSON can say and arrays.

A callback that keeps something from one epoch to the next has ``state_dict()`` and
``load_state_dict(state)``, as PyTorch's objects have.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .errors import InputError

Arrays = dict[str, Any]


def states_of(callbacks: Sequence[Any]) -> tuple[list[Any], Arrays]:
    """Return the states of those callbacks that have one, and the arrays in them.

    Raises
    ------
    InputError
        If a state holds what is neither an array of NumPy nor what JSON can say.
    """
    arrays: Arrays = {}
    states = [_flat(call.state_dict(), arrays) for call in _with(callbacks)]
    return states, arrays


def give_states(callbacks: Sequence[Any], states: Any, arrays: Arrays) -> None:
    """Give callbacks their states back."""
    for call, state in zip(_with(callbacks), states, strict=True):
        call.load_state_dict(_deep(state, arrays))


def names_of(callbacks: Sequence[Any]) -> str:
    """Return the names of those callbacks that have a state."""
    return ", ".join(type(call).__qualname__ for call in _with(callbacks)) or "none"


def _with(callbacks: Sequence[Any]) -> list[Any]:
    return [call for call in callbacks if hasattr(call, "state_dict")]


def _flat(value: Any, arrays: Arrays) -> Any:
    """Return what JSON can say; an array goes by its name."""
    import numpy as np

    if isinstance(value, np.ndarray):
        name = f"callback_{len(arrays)}"
        arrays[name] = value
        return {"array": name}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {"dict": [[_flat(k, arrays), _flat(v, arrays)] for k, v in value.items()]}
    if isinstance(value, list | tuple):
        return [_flat(item, arrays) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise InputError(
        f"The state of a callback consists of dicts, lists, numbers, text and NumPy arrays. "
        f"Received: {type(value).__name__}."
    )


def _deep(value: Any, arrays: Arrays) -> Any:
    if isinstance(value, list):
        return [_deep(item, arrays) for item in value]
    if isinstance(value, dict) and "array" in value:
        return arrays[value["array"]]
    if isinstance(value, dict):
        return {_deep(k, arrays): _deep(v, arrays) for k, v in value["dict"]}
    return value
