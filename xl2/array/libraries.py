"""Array libraries: what each has to answer, and the files ``xl2_<library>.py`` that do."""

from __future__ import annotations

import contextlib
import functools
import importlib
import importlib.util
import pkgutil
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from ..errors import BackendError, unknown
from .api import Array, Namespace

PREFIX = "xl2_"
# Rows of a chunk outside training: enough for products at full speed, few enough for the
# outputs of the layers to stay in memory.
CHUNK = 8192


class Library:
    """The functions that only the array library can answer; nothing else in xl2 depends on it.

    These methods serve every library without a file in ``backends/``. A file there replaces the
    ones that its library does differently by functions of the same names and parameters. It may
    also replace any function of `operations`, `activations`, `losses` and `optimizers`, and
    `step.run_batches`: see `operations.choose`.
    """

    # Imperatives, on one line: how to install the library, what to do without float64, and what
    # if results are wrong.
    INSTALL = "install it with its own instructions"
    FLOAT64 = "choose the dtype float32"
    UPDATE = "update the library and the driver of the device"
    START = ""  # how the peers of a distributed fit are started, in one line
    CHUNK = CHUNK

    def __init__(self, **replacements: Any):
        vars(self).update(replacements)

    def import_namespace(self, name: str) -> Namespace:
        """Import a library by its import name, and return its Array API namespace.

        Raise any error if it cannot be used.
        """
        xp = importlib.import_module(name)
        if not hasattr(xp, "__array_namespace_info__"):
            raise BackendError(
                f"The module {name!r} is not an Array API namespace: it has no "
                f"__array_namespace_info__(). A file xl2_{name}.py can wrap it: docs/recipes.md."
            )
        return xp

    def accelerators(self, xp: Namespace) -> list[str]:
        """Return the names of the devices that device="auto" prefers, best first."""
        return []

    def devices(self, xp: Namespace) -> list[str]:
        """Return the names of the devices that work now."""
        found = xp.__array_namespace_info__().devices()
        return [str(device) for device in found if device is not None]

    def find_device(self, xp: Namespace, name: str) -> Any:
        """Return the library's device object with a name; raise `LookupError` if there is none."""
        for device in xp.__array_namespace_info__().devices():
            if str(device) == name:
                return device
        raise LookupError(name)

    def from_host(self, xp: Namespace, array: Any, device: Any) -> Array:
        """Move a NumPy array to a device; whether it is copied is the library's choice.

        int64 becomes int32 on a device without 64-bit integers.
        """
        if array.dtype.name == "int64":
            known = xp.__array_namespace_info__().dtypes(device=device, kind="signed integer")
            array = array if "int64" in known else array.astype("int32")
        return xp.asarray(array, device=device)

    def to_host(self, x: Array) -> Any:
        """Move an array to NumPy; whether it is copied is the library's choice."""
        import numpy as np

        return np.from_dlpack(x) if hasattr(x, "__dlpack__") else np.asarray(x)

    def here(self, xp: Namespace, x: Array) -> Array:
        """Return an array of any of the library's devices as one that `scope` can compute with."""
        return x

    def in_rows(self, xp: Namespace, x: Array, dtype: Any) -> Array:
        """Return an array in a dtype, its rows one after another in memory, by one copy at most.

        The standard has no word for the order of numbers in memory. A library whose arrays may
        have several, and that gathers rows more slowly from the others, replaces this.
        """
        return x if x.dtype == dtype else xp.asarray(x, dtype=dtype, copy=None)

    def scope(self, device: Any) -> AbstractContextManager[Any]:
        """Return the context to compute in on a device, such as one without autograd."""
        return contextlib.nullcontext()

    def threads(self) -> AbstractContextManager[Any]:
        """Return the context of a fit, in which the library uses threads as suits one fit."""
        return contextlib.nullcontext()

    def workers(self) -> int:
        """Return how many fits may run side by side, in Python threads and in ``threads()``.

        One, if the library itself uses all cores.
        """
        return 1

    def peers(self, device: Any) -> Any:
        """Return the `Peers` of this process, which train with the arrays of a device.

        Raise `BackendError` if there cannot be any.
        """
        raise BackendError("This library does not sum arrays of several processes or devices.")

    def compiled(self, function: Callable[..., Any], *first: Any) -> Callable[..., Any]:
        """Return a pure function without its first arguments; a library may compile it.

        The first arguments can be hashed, and the others are arrays, numbers, or tuples and lists
        of them.
        """
        return functools.partial(function, *first) if first else function

    def as_module(self, layers: Any, activations: Any, dtype: str) -> Any:
        """Return a network as a module of the library, or raise `BackendError` if it has none.

        `layers` are NumPy arrays: a weight (inputs, outputs) and a bias (outputs,) for each layer.
        `activations` has one name for each.
        """
        raise BackendError("This library has no modules for networks; PyTorch has.")

    def explain(self, error: Exception) -> str:
        """Return one line on why the library does not work on this machine."""
        first = str(error).strip().partition("\n")[0]
        return f"{type(error).__name__}: {first}"

    def slow_because(self) -> str:
        """Return why a library that works is slower here than it can be, and what to do; or ''."""
        return ""

    def out_of_memory(self, error: Exception) -> bool:
        """Tell whether an error means that an allocation failed."""
        return isinstance(error, MemoryError)

    def release(self) -> bool:
        """Free the memory that the library keeps between fits; return whether there was any."""
        return False

    def extra_bytes(
        self, members: int, sizes: Sequence[int], states: int, batch_size: int, dtype: str
    ) -> int:
        """Return the bytes that training takes in addition to the arrays of the portable code.

        `members` is the number of networks in a stack; the result must grow with it, but at most in
        proportion. `sizes` are the units of each layer, the inputs first. `states` is the number of
        arrays that the optimizer has for each parameter.
        """
        return 0

    def free_memory(self, device: Any) -> int | None:
        """Return the free bytes of a device; None if they are unknown, or for the host."""
        return None


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
