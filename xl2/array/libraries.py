"""Finding array libraries, and their files ``xl2_<library>.py``."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import pkgutil
from typing import Any

from ..errors import BackendError, unknown
from .api import Namespace
from .generic import Library

PREFIX = "xl2_"


@functools.cache
def file_of(name: str) -> Library:
    """Return a library with the functions of its file.

    The file is found by its name anywhere on the import path, so other packages can bring one.
    """
    if importlib.util.find_spec(PREFIX + name) is None:
        return Library()
    own = vars(importlib.import_module(PREFIX + name))
    return Library(**{key: value for key, value in own.items() if not key.startswith("_")})


def known_libraries() -> list[str]:
    """Return the names of the libraries that have a file on the import path."""
    found = {
        module.name.removeprefix(PREFIX)
        for module in pkgutil.iter_modules()
        if module.name.startswith(PREFIX)
    }
    return sorted(name for name in found if not _is_part(name, found))


def _is_part(name: str, found: set[str]) -> bool:
    """Tell whether a file is part of another one, as xl2_cupy_cublas is of xl2_cupy."""
    if not any(name.startswith(f"{other}_") for other in found):
        return False
    return not hasattr(importlib.import_module(PREFIX + name), "INSTALL")


def is_installed(name: str) -> bool:
    """Tell whether a library can be found, without importing it."""
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


@functools.cache
def load(name: str) -> tuple[Namespace, Library]:
    """Import a library; return its namespace and its file, or raise `BackendError`."""
    known = name.isidentifier() and (is_installed(name) or name in known_libraries())
    if not known:
        raise BackendError(_unknown(name))
    library = file_of(name)
    if not is_installed(name):
        raise BackendError(f"The backend {name!r} is not installed: {library.INSTALL}.")
    try:
        return library.import_namespace(name), library
    except BackendError as error:
        # A module of that name exists, like the "cuda" that comes with CuPy.
        raise BackendError(f"{_unknown(name)} {error}") from None
    except Exception as error:
        raise broken(name, library, error) from error


def _unknown(name: str) -> str:
    return unknown("backend", name, [*known_libraries(), "auto"])


def broken(name: str, library: Library, error: Exception) -> BackendError:
    """Return the error for a library that is installed but does not compute."""
    reason = library.explain(error)
    return BackendError(f"The backend {name!r} does not work on this machine: {reason}", reason)


_probed: set[tuple[str, str]] = set()


def probe(xp: Namespace, device: Any) -> None:
    """Compute something small on a device, once a process; raise if that fails.

    An import proves nothing: CuPy's succeeds on a machine without a GPU.
    """
    key = (xp.__name__, str(device))
    if key in _probed:
        return
    x = xp.ones((2, 2), dtype=xp.float32, device=device)
    total = float(xp.sum((x + x) @ x))
    if total != 16.0:
        raise ArithmeticError(f"a product of ones gave {total}, not 16")
    _probed.add(key)
