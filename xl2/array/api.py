"""What every module asks of an array, whichever library it comes from."""

from __future__ import annotations

from typing import Any

import array_api_compat

# The standard says what an array does and names no class, so there is no type
# to write here that would not shut one of the libraries out.
Array = Any
Namespace = Any

_namespaces: dict[type, Namespace] = {}


def namespace(x: Array) -> Namespace:
    """Return the Array API namespace of an array.

    The answer depends on the array's class alone, so each class is asked about
    once: `array_api_compat.array_namespace` takes 12 us for a NumPy array,
    as long as a small layer's product, and a training step asks ten times.

    Parameters
    ----------
    x : array
        An array of any library that `array_api_compat` knows or that has
        ``__array_namespace__``.

    Returns
    -------
    module
        Its Array API namespace.

    Raises
    ------
    TypeError
        If `x` is not an array.
    """
    try:
        return _namespaces[type(x)]
    except KeyError:
        found = array_api_compat.array_namespace(x)
        return _namespaces.setdefault(type(x), found)


def library_of(x: object) -> str | None:
    """Return the import name of the library an object's class belongs to.

    Parameters
    ----------
    x : object
        Anything.

    Returns
    -------
    str or None
        ``"numpy"``, ``"torch"``, ...; None for what is no array of a library
        that computes (a list, a data frame, a lazy dask array).
    """
    if not array_api_compat.is_array_api_obj(x) or array_api_compat.is_dask_array(x):
        return None
    name: str = namespace(x).__name__
    return name.removeprefix("array_api_compat.").partition(".")[0]


def is_true(answer: Any) -> bool:
    """Tell whether something is the truth value True: Python's, NumPy's or any library's."""
    return answer is True or ("bool" in str(getattr(answer, "dtype", "")) and bool(answer))
