"""The array type, and the library that an array belongs to."""

from __future__ import annotations

from typing import Any

import array_api_compat

# The standard defines no array class, and any concrete type would exclude a library.
Array = Any
Namespace = Any

_namespaces: dict[type, Namespace] = {}


def namespace(x: Array) -> Namespace:
    """Return the Array API namespace of an array; raise `TypeError` for anything else.

    It is cached by class: `array_api_compat.array_namespace` takes 12 us for a NumPy array,
    as long as a small layer's product, and a training step calls this ten times.
    """
    try:
        return _namespaces[type(x)]
    except KeyError:
        found = array_api_compat.array_namespace(x)
        return _namespaces.setdefault(type(x), found)


def library_of(x: object) -> str | None:
    """Return the import name of an array's library, as ``"torch"``.

    None for a list, a data frame, a lazy dask array, or a class of arrays.
    """
    if isinstance(x, type):
        return None
    if not array_api_compat.is_array_api_obj(x) or array_api_compat.is_dask_array(x):
        return None
    name: str = namespace(x).__name__
    return name.removeprefix("array_api_compat.").partition(".")[0]


def is_true(answer: Any) -> bool:
    """Tell whether a value is True of Python, NumPy or any other library."""
    return answer is True or ("bool" in str(getattr(answer, "dtype", "")) and bool(answer))
