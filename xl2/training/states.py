"""The states of callbacks, as what JSON can say and arrays.

A callback that keeps something from one epoch to the next has ``state_dict()`` and
``load_state_dict(state)``, as PyTorch's objects have.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import FileFormatError, InputError

Arrays = dict[str, Any]


def states_of(callbacks: Sequence[Any]) -> tuple[list[Any], Arrays]:
    """Return the states of those callbacks that have one, and the arrays in them.

    Raises
    ------
    InputError
        If a state holds what could not be read again.
    """
    arrays: Arrays = {}
    try:
        states = [_flat(call.state_dict(), arrays) for call in _with(callbacks)]
    except RecursionError:
        raise InputError("The state of a callback is nested too deeply, or holds itself.") from None
    return states, arrays


def read_states(callbacks: Sequence[Any], states: Any, arrays: Arrays) -> list[Any]:
    """Return the states that a file has for callbacks.

    Raises
    ------
    FileFormatError, TypeError, ValueError or LookupError
        If it was not `states_of` that made them.
    """
    if not isinstance(states, list) or len(states) != len(_with(callbacks)):
        raise FileFormatError("its header is wrong about 'callbacks'.")
    return [_deep(state, arrays) for state in states]


def give_states(callbacks: Sequence[Any], states: Sequence[Any]) -> None:
    """Give callbacks their states back. What they raise themselves comes through."""
    for call, state in zip(_with(callbacks), states, strict=True):
        call.load_state_dict(state)


def names_of(callbacks: Sequence[Any]) -> str:
    """Return the names of those callbacks that have a state."""
    return ", ".join(type(call).__qualname__ for call in _with(callbacks)) or "none"


def _with(callbacks: Sequence[Any]) -> list[Any]:
    found = [call for call in callbacks if hasattr(call, "state_dict")]
    for call in found:
        if not hasattr(call, "load_state_dict"):
            raise InputError(
                f"The callback {type(call).__qualname__} has state_dict() and no "
                f"load_state_dict(state), which a checkpoint is resumed by. Define both, or none."
            )
    return found


def _flat(value: Any, arrays: Arrays) -> Any:
    """Return what JSON can say; an array goes by its name."""
    import numpy as np

    if isinstance(value, np.ndarray) and not isinstance(value, np.ma.MaskedArray):
        if not _is_number(value.dtype):
            raise _refused(f"an array of {value.dtype}")
        name = f"callback_{len(arrays)}"
        arrays[name] = value
        return {"array": name}
    if isinstance(value, np.generic) and (_is_number(value.dtype) or value.dtype.kind == "U"):
        return value.item()
    if isinstance(value, dict):
        return {"dict": [[_key(k), _flat(v, arrays)] for k, v in value.items()]}
    if isinstance(value, list | tuple):
        return [_flat(item, arrays) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise _refused(type(value).__name__)


def _key(key: Any) -> Any:
    """Return the key of a dict; a tuple would come back as a list, which is none."""
    found = _flat(key, {})
    if isinstance(found, list):
        raise _refused("a dict with a tuple for a key")
    return found


def _is_number(dtype: Any) -> bool:
    """Tell whether safetensors has numbers of that dtype."""
    return dtype.kind in "biuf" and dtype.itemsize <= 8


def _refused(what: str) -> InputError:
    return InputError(
        f"The state of a callback consists of dicts, lists, numbers, text and NumPy arrays of "
        f"numbers, in at most 64 bits each. Received: {what}."
    )


def _deep(value: Any, arrays: Arrays) -> Any:
    if isinstance(value, list):
        return [_deep(item, arrays) for item in value]
    if isinstance(value, dict) and "array" in value:
        return arrays[value["array"]]
    if isinstance(value, dict):
        return {_deep(k, arrays): _deep(v, arrays) for k, v in value["dict"]}
    return value
