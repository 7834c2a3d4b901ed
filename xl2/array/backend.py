"""One array library on one device."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from typing import Any

import array_api_compat

from ..errors import BackendError, InputError, option, unknown, warn_caller
from .api import Array, Namespace, library_of, namespace
from .libraries import Library, broken, load
from .numbers import narrowed, numbers
from .probing import WrongResultError, probe

DTYPES = ("float32", "float64")


@dataclass(frozen=True)
class Backend:
    """One array library on one device."""

    name: str  # import name of the library
    xp: Namespace
    device: Any  # the library's own device object; None for its default device
    # The functions of its file in backends/; threads that load it at once get different objects.
    library: Library = field(compare=False)

    def on_accelerator(self) -> bool:
        """Tell whether this backend is on one of the library's accelerators."""
        return self._actual(self.device) in map(self._actual, self._accelerators())

    def other_accelerators(self) -> list[Backend]:
        """Return the library's other accelerators that work, if this backend is on one."""
        found = self._accelerators()
        if len(found) < 2 or not self.on_accelerator():
            return []
        own, theirs = self._actual(self.device), list(map(self._actual, found))
        working = []
        for device, actual in zip(found, theirs, strict=True):
            with suppress(BackendError):
                if actual != own:
                    working.append(connect(self.name, device))
        return working

    def _accelerators(self) -> list[Any]:
        names = self.library.accelerators(self.xp)
        return [self.library.find_device(self.xp, name) for name in names]

    def pinned(self) -> Backend:
        """Return this backend with its device named.

        The default device depends on the thread: CUDA's threads begin on device 0.
        """
        if self.device is not None:
            return self
        return dataclasses.replace(self, device=self._actual(None))

    def __hash__(self) -> int:
        # Not every library's device can be hashed.
        return hash(self.name)

    def __str__(self) -> str:
        return self.name if self.device is None else f"{self.name} on {self.device}"

    def dtype(self, name: str) -> Any:
        """Return the library's dtype float32 or float64; raise if the device does not have it."""
        if name not in DTYPES:
            raise InputError(unknown("dtype", name, DTYPES))
        info = self.xp.__array_namespace_info__()
        found = info.dtypes(device=self.device, kind="real floating")
        if name not in found:
            raise InputError(
                f"{self} does not support {name}, only {', '.join(found)}: {self.library.FLOAT64}."
            )
        return getattr(self.xp, name)

    def asarray(self, x: Any, dtype: str, what: str = "X", *, rows: bool = False) -> Array:
        """Return numbers as an array of this backend; `x` itself if it is one already.

        `x` is an array of this library on any of its devices, or anything that NumPy reads: lists,
        data frames, lazy arrays. `what` is its name in error messages. With `rows` they follow one
        another in memory, as is best for gathering some of them: an array with its columns in
        this order, or with gaps, is copied once.
        """
        wanted = self.dtype(dtype)
        origin = library_of(x)
        if origin in (None, "numpy"):
            return self.from_numpy(numbers(x, dtype, what, "C" if rows else "K"))
        if origin == self.name:
            if not self.xp.isdtype(x.dtype, ("bool", "integral", "real floating")):
                raise InputError(
                    f"{what} must be an array of real numbers. Received: dtype {x.dtype}."
                )
            with self.scope():
                x = self.library.here(self.xp, x)
                if rows:
                    array = self.library.in_rows(self.xp, x, wanted)
                else:
                    array = self.xp.asarray(x, dtype=wanted, copy=None)
                if wanted == self.xp.float32 and x.dtype == self.xp.float64:
                    self._check_range(x, array, what)
            if self.device is None:
                return array
            return array_api_compat.to_device(array, self.device)
        raise InputError(
            f"{what} is an array of {origin}, but the computation runs on {self}. Pass "
            f"xl2.to_numpy({what}), or choose {option('backend', origin)}."
        )

    def _check_range(self, x: Array, narrow: Array, what: str) -> None:
        """Raise `InputError` for the first finite number of float64 that float32 does not hold."""
        lost = self.xp.isfinite(x) & ~self.xp.isfinite(narrow)
        if bool(self.xp.any(lost)):
            narrowed(self.to_numpy(x), "float32", what)

    def from_numpy(self, x: Any) -> Array:
        """Return a NumPy array as an array of this backend."""
        return self.library.from_host(self.xp, x, self.device)

    def to_numpy(self, x: Array) -> Any:
        """Return an array of this library as a NumPy array."""
        return self.library.to_host(x)

    def read(self, arrays: Sequence[Array]) -> list[Any]:
        """Return arrays of one dtype as NumPy arrays, by one transfer: the device waits once."""
        return split(self.to_numpy(self.library.compiled(flat)(arrays)), arrays)

    def scope(self) -> AbstractContextManager[Any]:
        """Return the context in which the library computes as xl2 needs it to."""
        return self.library.scope(self.device)

    def device_name(self) -> str | None:
        """Return the name by which `connect` finds the device; None for the default one.

        Devices are also compared by where their arrays are: PyTorch's "mps" is not equal to
        the "mps:0" of its arrays.
        """
        if self.device is None:
            return None
        named = {
            name: self.library.find_device(self.xp, name) for name in self.library.devices(self.xp)
        }
        for name, device in named.items():
            if device == self.device:
                return name
        actual = self._actual(self.device)
        for name, device in named.items():
            if self._actual(device) == actual:
                return name
        return str(self.device)

    def _actual(self, device: Any) -> Any:
        """Return the device of an array that was sent to a device."""
        import numpy as np

        sent = self.library.from_host(self.xp, np.zeros(1, dtype=np.float32), device)
        return array_api_compat.device(sent)

    def __reduce__(self) -> tuple[Any, ...]:
        # Modules, functions and device objects cannot be pickled; their names can.
        return reconnect, (self.name, self.device_name())

    def __deepcopy__(self, memo: Any) -> Backend:
        return self


def flat(arrays: Sequence[Array]) -> Array:
    """Return the numbers of all arrays as one array (n,)."""
    xp = namespace(arrays[0])
    return xp.concat([xp.reshape(x, (-1,)) for x in arrays])


def split(numbers: Any, arrays: Sequence[Array]) -> list[Any]:
    """Return the first numbers of a NumPy array (n,) in the shapes of arrays."""
    found = []
    for x in arrays:
        count = math.prod(x.shape)
        found.append(numbers[:count].reshape(x.shape))
        numbers = numbers[count:]
    return found


def connect(name: str, device: Any = None) -> Backend:
    """Return a library on a device, after trying that it computes there.

    `device` is "auto" for the first accelerator, or None for the library's default.
    """
    xp, library = load(name)
    try:
        if device == "auto":
            device = next(iter(library.accelerators(xp)), None)
        if isinstance(device, str):
            device = library.find_device(xp, device)
        with library.scope(device):
            probe(xp, library, device)
    except LookupError:
        available = library.devices(xp)
        raise BackendError(
            f"{unknown('device', device, available)} `xl2 backends` lists the devices of every "
            f"library on this machine."
        ) from None
    except WrongResultError as error:
        where = "" if device is None else f" on {device}"
        raise BackendError(
            f"The backend {name!r} computes wrong results{where}: {error}", str(error)
        ) from None
    except Exception as error:
        raise broken(name, library, error) from error
    return Backend(name, xp, device, library)


def reconnect(name: str, device: str | None) -> Backend:
    """Return the backend of a pickle, or NumPy with a warning if it does not work here."""
    try:
        return connect(name, device)
    except BackendError as error:
        there = name if device is None else f"{name} on {device}"
        warn_caller(
            f"The pickled object computed with {there}, which does not work here: "
            f"{error.reason.rstrip('.')}. It computes with NumPy now."
        )
        return connect("numpy")
