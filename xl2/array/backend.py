"""One array library on one device, and where its file is found."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import importlib.util
import math
import pkgutil
import warnings
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

from ..errors import BackendError, InputError, unknown
from . import generic
from .api import Array, Namespace, library_of
from .generic import Library

PREFIX = "xl2_"
DTYPES = ("float32", "float64")


@dataclass(frozen=True)
class Backend:
    """One array library on one device.

    Attributes
    ----------
    name : str
        Import name of the library.
    xp : module
        Its Array API namespace.
    device : object
        Its own device object; None for its default device.
    library : Library
        Its file in ``backends/``, completed by `xl2.array.generic`.
    """

    name: str
    xp: Namespace
    device: Any
    library: Library

    def beside(self) -> list[Backend]:
        """Return this one and, if it is on an accelerator, the library's others that work.

        Where there are several each has its device named.
        """
        names = self.library.accelerators(self.xp)
        found = [self.library.find_device(self.xp, name) for name in names]
        if len(found) < 2:
            return [self]
        own, there = self._arrival(self.device), list(map(self._arrival, found))
        if own not in there:
            return [self]
        working = [self.pinned()]
        for device, arrived in zip(found, there, strict=True):
            with suppress(BackendError):
                if arrived != own:
                    working.append(connect(self.name, device))
        return working

    def pinned(self) -> Backend:
        """Return this one with its device named.

        The default one is another in another thread: CUDA's threads begin on device 0.
        """
        if self.device is not None:
            return self
        return dataclasses.replace(self, device=self._arrival(None))

    def __hash__(self) -> int:
        # Neither a library's file nor each library's device can be hashed.
        return hash(self.name)

    def __str__(self) -> str:
        return self.name if self.device is None else f"{self.name} on {self.device}"

    def dtype(self, name: str) -> Any:
        """Return the library's dtype of a name.

        Raises
        ------
        InputError
            If it is neither float32 nor float64, or the device has no such numbers.
        """
        if name not in DTYPES:
            raise InputError(unknown("dtype", name, DTYPES))
        info = self.xp.__array_namespace_info__()
        found = info.dtypes(device=self.device, kind="real floating")
        if name not in found:
            raise InputError(
                f"{self} has no {name} here, only {', '.join(found)}: {self.library.FLOAT64}."
            )
        return getattr(self.xp, name)

    def asarray(self, x: Any, dtype: str, what: str = "X") -> Array:
        """Return numbers as an array of this backend, on its device.

        Parameters
        ----------
        x : array_like
            An array of this library on any of its devices, or anything that
            NumPy reads: lists, data frames, lazy arrays.
        dtype : str
            ``"float32"`` or ``"float64"``.
        what : str, default "X"
            Its name in an error message.

        Returns
        -------
        array
            `x` itself where nothing had to change.

        Raises
        ------
        InputError
            If `x` belongs to another device library, or is not numeric.
        """
        wanted = self.dtype(dtype)
        origin = library_of(x)
        if origin in (None, "numpy"):
            return self.library.from_host(self.xp, numbers(x, dtype, what), self.device)
        if origin == self.name:
            if not self.xp.isdtype(x.dtype, ("bool", "integral", "real floating")):
                raise InputError(
                    f"{what} is not an array of real numbers. Received: dtype {x.dtype}."
                )
            with self.scope():
                array = self.xp.asarray(x, dtype=wanted, copy=None)
            return array if self.device is None else self._moved(array)
        raise InputError(
            f"{what} is an array of {origin}, and the computation runs on {self}. Pass "
            f"xl2.to_numpy({what}), or compute with it: backend={origin!r}."
        )

    def _moved(self, array: Array) -> Array:
        import array_api_compat

        return array_api_compat.to_device(array, self.device)

    def to_numpy(self, x: Array) -> Any:
        """Return an array of this library as a NumPy array."""
        return self.library.to_host(x)

    def read(self, arrays: Sequence[Array]) -> list[Any]:
        """Return arrays of one dtype as NumPy arrays, by one transfer: a device waits once."""
        flat = [self.xp.reshape(x, (-1,)) for x in arrays]
        host, found = self.to_numpy(self.xp.concat(flat)), []
        for x in arrays:
            count = math.prod(x.shape)
            found.append(host[:count].reshape(x.shape))
            host = host[count:]
        return found

    def scope(self) -> AbstractContextManager[Any]:
        """Return a context in which the library computes as xl2 needs it to."""
        return self.library.scope(self.device)

    def device_name(self) -> str | None:
        """Return the name by which `connect` finds the device; None for the default one.

        Where no name is the device's own, it is that of the device on which its arrays
        arrive: PyTorch's "mps" is not equal to the "mps:0" that its arrays are on.
        """
        if self.device is None:
            return None
        named = {
            name: self.library.find_device(self.xp, name) for name in self.library.devices(self.xp)
        }
        for name, device in named.items():
            if device == self.device:
                return name
        arrived = self._arrival(self.device)
        for name, device in named.items():
            if self._arrival(device) == arrived:
                return name
        return str(self.device)

    def _arrival(self, device: Any) -> Any:
        import array_api_compat
        import numpy as np

        sent = self.library.from_host(self.xp, np.zeros(1, dtype=np.float32), device)
        return array_api_compat.device(sent)

    def __reduce__(self) -> tuple[Any, ...]:
        # Modules, functions and device objects are not pickled: their names are.
        return reconnect, (self.name, self.device_name())

    def __deepcopy__(self, memo: Any) -> Backend:
        return self


def numbers(x: Any, dtype: str, what: str) -> Any:
    """Return anything NumPy reads as a NumPy array of real numbers.

    What overflows in the dtype becomes an infinity, without a warning.

    Raises
    ------
    InputError
        If it holds text, objects or complex numbers, or is ragged.
    """
    import numpy as np

    try:
        array = np.asarray(x)
    except ValueError as error:
        raise InputError(f"{what} is not an array of numbers: {error}") from None
    if array.dtype.kind == "O":
        try:
            array = array.astype(dtype)
        except (TypeError, ValueError, OverflowError) as error:
            raise InputError(f"{what} is not an array of numbers: {error}") from None
    if array.dtype.kind not in "fiub":
        raise InputError(f"{what} is not an array of real numbers. Received: dtype {array.dtype}.")
    with np.errstate(over="ignore"):
        return array.astype(dtype, copy=False)


@functools.cache
def file_of(name: str) -> Library:
    """Return the file of a library, completed by the generic functions.

    It is found by its name alone, ``xl2_<name>``, anywhere on the import path:
    a file that somebody else installs is a peer of ours.
    """
    module: object = None
    if importlib.util.find_spec(PREFIX + name) is not None:
        module = importlib.import_module(PREFIX + name)
    parts = {key: value for key, value in vars(generic).items() if not key.startswith("_")}
    if module is not None:
        parts |= {key: value for key, value in vars(module).items() if not key.startswith("_")}
    return cast(Library, SimpleNamespace(**parts))


def known() -> list[str]:
    """Name the libraries that have a file on the import path."""
    found = {
        module.name.removeprefix(PREFIX)
        for module in pkgutil.iter_modules()
        if module.name.startswith(PREFIX)
    }
    return sorted(name for name in found if not _is_part(name, found))


def _is_part(name: str, found: set[str]) -> bool:
    """Tell a room of a large file, as xl2_cupy_cublas is one of xl2_cupy, from a library's own."""
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
    """Import a library and see that it works.

    Raises
    ------
    BackendError
        If it is unknown, not installed, or does not work on this machine.
    """
    if not name.isidentifier():
        raise BackendError(unknown("backend", name, [*known(), "auto"]))
    library = file_of(name)
    if not is_installed(name):
        if name not in known():
            raise BackendError(unknown("backend", name, [*known(), "auto"]))
        raise BackendError(f"The backend {name!r} is not installed: {library.INSTALL}.")
    try:
        return library.import_namespace(name), library
    except BackendError as error:
        # A module of that name exists, like the "cuda" that comes with CuPy.
        raise BackendError(f"{unknown('backend', name, [*known(), 'auto'])} {error}") from None
    except Exception as error:
        raise broken(name, library, error) from error


def broken(name: str, library: Library, error: Exception) -> BackendError:
    """Return the error for a library that is installed and does not compute."""
    reason = library.explain(error)
    return BackendError(f"The backend {name!r} does not work on this machine: {reason}", reason)


def connect(name: str, device: Any = None) -> Backend:
    """Return a library on a device, after trying that it computes there.

    Parameters
    ----------
    name : str
        Import name of the library.
    device : str, device object or None
        ``"cpu"``, ``"cuda:1"``, ..., ``"auto"`` for the first accelerator that
        works, or None for the library's default.

    Returns
    -------
    Backend

    Raises
    ------
    BackendError
        If the library or the device does not work.
    """
    xp, library = load(name)
    try:
        if device == "auto":
            device = next(iter(library.accelerators(xp)), None)
        if isinstance(device, str):
            device = library.find_device(xp, device)
        with library.scope(device):
            probe(xp, device)
    except LookupError:
        available = library.devices(xp)
        raise BackendError(
            f"{unknown('device', device, available)} That is what {name} has on this machine; "
            f"for a GPU, see the table of `xl2 backends`."
        ) from None
    except Exception as error:
        raise broken(name, library, error) from error
    return Backend(name, xp, device, library)


def reconnect(name: str, device: str | None) -> Backend:
    """Return the backend that a pickle names, or NumPy with a warning why it is not that one.

    Parameters
    ----------
    name : str
        Import name of the library.
    device : str or None
        As `Backend.device_name` returns it.

    Returns
    -------
    Backend

    Warns
    -----
    UserWarning
        If the library or the device does not work here.
    """
    try:
        return connect(name, device)
    except BackendError as error:
        there = name if device is None else f"{name} on {device}"
        warnings.warn(
            f"What was pickled computed with {there}, which cannot be had here: "
            f"{error.reason.rstrip('.')}. It computes with NumPy now.",
            UserWarning,
            stacklevel=2,
        )
        return connect("numpy")


_probed: set[tuple[str, str]] = set()


def probe(xp: Namespace, device: Any) -> None:
    """Allocate, run one elementwise operation and one product, and look at the result.

    An import proves nothing: CuPy's succeeds on a machine with no GPU. Each device
    is tried once a process.

    Raises
    ------
    Exception
        Whatever the library raises where it does not work.
    """
    key = (xp.__name__, str(device))
    if key in _probed:
        return
    x = xp.ones((2, 2), dtype=xp.float32, device=device)
    total = float(xp.sum((x + x) @ x))
    if total != 16.0:
        raise ArithmeticError(f"a product of ones gave {total}, not 16")
    _probed.add(key)
