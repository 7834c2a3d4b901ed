"""The choice of the backend.

The strongest of these levels that names a backend decides. The device is the one named at
that level or above it:

1. the arguments ``backend=`` and ``device=`` of a call;
2. ``with use_backend(...)``, in this thread or task only;
3. `set_backend`, for the whole process;
4. the environment variables ``XL2_BACKEND`` and ``XL2_DEVICE``, read at each call;
5. the library of the data passed in;
6. NumPy.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, NamedTuple

import array_api_compat

from ..errors import BackendError
from .api import library_of
from .backend import Backend, connect
from .libraries import file_of, is_installed, known_libraries, load
from .numbers import unmasked

# The order of "auto"; the ones before the last are only used on an accelerator.
AUTO = ("cupy", "torch", "numpy")


class Choice(NamedTuple):
    """The choice of one level; None where it leaves something open."""

    backend: str | None = None
    device: Any = None


_context: ContextVar[Choice | None] = ContextVar("xl2_backend", default=None)
_process = Choice()


def set_backend(backend: str | None, device: Any = None) -> None:
    """Choose the backend for the whole process.

    Parameters
    ----------
    backend : str or None
        Import name of a library, ``"auto"``, or None to withdraw the choice. If it does not
        work here, the choice stays as it was.
    device : str, device object or None
        ``"cpu"``, ``"cuda"``, ``"cuda:1"``, ``"mps"``, ``"xpu"``, ``"auto"``, or None for the
        library's default.
    """
    global _process
    if backend is not None:
        resolve(backend, device)
    _process = Choice(backend, device)


@contextlib.contextmanager
def use_backend(backend: str, device: Any = None) -> Iterator[Backend]:
    """Choose the backend for a block; other threads and tasks are not affected.

    The arguments are those of `set_backend`. ``as`` gives the `Backend` chosen.
    """
    found = resolve(backend, device)
    token = _context.set(Choice(backend, device))
    try:
        yield found
    finally:
        _context.reset(token)


def get_backend() -> Backend:
    """Return the backend used where neither the data nor an argument decides."""
    return resolve()


def decided(backend: str | None = None, device: Any = None) -> Choice:
    """Return the choice of the levels above the data; its backend is None if they name none."""
    levels = (
        Choice(backend, device),
        _context.get() or Choice(),
        _process,
        Choice(os.environ.get("XL2_BACKEND") or None, os.environ.get("XL2_DEVICE") or None),
    )
    chosen: Any = None
    for level in levels:
        chosen = level.device if chosen is None else chosen
        if level.backend is not None:
            return Choice(level.backend, chosen)
    return Choice(None, chosen)


def device_is_open(backend: str | None = None, device: Any = None) -> bool:
    """Tell whether a library was chosen, but not on which of its accelerators to compute.

    Data that decides on the backend also decides on the device.
    """
    choice = decided(backend, device)
    return choice.backend is not None and choice.device in (None, "auto")


def resolve(backend: str | None = None, device: Any = None, data: Any = None) -> Backend:
    """Return the backend to compute with, by the arguments of a call and its data."""
    choice = decided(backend, device)
    if choice.backend == "auto":
        return _automatic(choice.device)
    if choice.backend is not None:
        return connect(choice.backend, choice.device)
    if choice.device is not None:
        return connect(library_of(data) or "numpy", choice.device)
    return resolve_like(data)


def resolve_like(data: Any) -> Backend:
    """Return the backend of an array; NumPy for other objects."""
    library = library_of(data)
    if library is None:
        return connect("numpy")
    return connect(library, array_api_compat.device(data))


def _automatic(device: Any) -> Backend:
    """Return the first of `AUTO` that works, on the device named or on an accelerator."""
    for name in AUTO[:-1]:
        if not is_installed(name):
            continue
        with contextlib.suppress(BackendError):
            if device not in (None, "auto"):
                return connect(name, device)
            xp, library = load(name)
            if library.accelerators(xp):
                return connect(name, "auto")
    return connect(AUTO[-1], device)


def to_numpy(x: Any) -> Any:
    """Return an array of any library as a NumPy array, which may share its memory.

    NumPy converts everything that is no array of a library. A masked cell is an error.
    """
    import numpy as np

    library = library_of(x)
    if library in (None, "numpy"):
        return np.asarray(unmasked(x, "The array"))
    return file_of(library).to_host(x)


@dataclass(frozen=True)
class BackendInfo:
    """One line of `backends()`.

    Attributes
    ----------
    name, version : str
        Import name of the library; its version, empty if it is not installed.
    devices : tuple of str
        The devices that work now.
    reason : str
        Why it or one of its accelerators cannot be used, or is slow, and what to do; else empty.
    """

    name: str
    version: str
    devices: tuple[str, ...]
    reason: str


def backends() -> list[BackendInfo]:
    """List the known backends in alphabetical order; import and try those that are installed."""
    return [_inspect(name) for name in known_libraries()]


def _inspect(name: str) -> BackendInfo:
    if not is_installed(name):
        return BackendInfo(name, "", (), f"not installed: {file_of(name).INSTALL}")
    version = _version(name)
    try:
        backend = connect(name)
    except BackendError as error:
        return BackendInfo(name, version, (), error.reason)
    library, xp = backend.library, backend.xp
    refused = _refused(name, library.accelerators(xp))
    working = tuple(device for device in library.devices(xp) if device not in refused)
    reasons = [f"{device}: {reason}" for device, reason in refused.items()]
    return BackendInfo(name, version, working, " ".join([*reasons, library.slow_because()]).strip())


def _refused(name: str, accelerators: Sequence[str]) -> dict[str, str]:
    """Try each accelerator; return the reasons of those that do not work."""
    found = {}
    for device in accelerators:
        try:
            connect(name, device)
        except BackendError as error:
            found[device] = error.reason
    return found


def _version(name: str) -> str:
    """Return the version of the distribution that installs a module."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        owners = importlib.metadata.packages_distributions().get(name, [])
        return importlib.metadata.version(owners[0]) if owners else "unknown"
