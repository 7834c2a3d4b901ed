"""Which backend computes: the switch.

The highest of these that names a backend decides, and the device named with it
or above it:

1. the arguments ``backend=`` and ``device=`` of a call;
2. ``with use_backend(...)``, in this thread or task only;
3. `set_backend`, for the whole process;
4. the environment's ``XL2_BACKEND`` and ``XL2_DEVICE``, read at each call;
5. the library of the data passed in;
6. NumPy.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, NamedTuple

import array_api_compat

from ..errors import BackendError
from .api import library_of
from .backend import Backend, connect, file_of, is_installed, known, load

# Tried in this order for "auto"; the ones before the last only on an accelerator.
AUTO = ("cupy", "torch", "numpy")


class Choice(NamedTuple):
    """What one level of the switch says; None where it says nothing."""

    backend: str | None = None
    device: Any = None


NOTHING = Choice()
_context: ContextVar[Choice] = ContextVar("xl2_backend", default=NOTHING)
_process = NOTHING


def set_backend(backend: str | None, device: Any = None) -> None:
    """Choose the backend for the whole process.

    Parameters
    ----------
    backend : str or None
        Import name of a library, ``"auto"``, or None to take the choice back.
    device : str, device object or None
        ``"cpu"``, ``"cuda"``, ``"cuda:1"``, ``"mps"``, ``"auto"``, or None for
        the library's default.

    Raises
    ------
    BackendError
        If it does not work here; the choice stays as it was.
    """
    global _process
    if backend is not None:
        resolve(backend, device)
    _process = Choice(backend, device)


@contextlib.contextmanager
def use_backend(backend: str, device: Any = None) -> Iterator[Backend]:
    """Choose the backend for a block; other threads and tasks do not see it.

    Parameters
    ----------
    backend, device
        As for `set_backend`.

    Yields
    ------
    Backend
        What was found.
    """
    found = resolve(backend, device)
    token = _context.set(Choice(backend, device))
    try:
        yield found
    finally:
        _context.reset(token)


def get_backend() -> Backend:
    """Return the backend in force where no data and no argument says otherwise."""
    return resolve()


def decided(backend: str | None = None, device: Any = None) -> Choice:
    """Return what the levels above the data decide: (None, device) where none names a backend."""
    levels = (
        Choice(backend, device),
        _context.get(),
        _process,
        Choice(os.environ.get("XL2_BACKEND") or None, os.environ.get("XL2_DEVICE") or None),
    )
    chosen: Any = None
    for level in levels:
        chosen = level.device if chosen is None else chosen
        if level.backend is not None:
            return Choice(level.backend, chosen)
    return Choice(None, chosen)


def anywhere(backend: str | None = None, device: Any = None) -> bool:
    """Tell whether a library was chosen, and nobody said on which of its accelerators.

    Where the data decides, it says that too.
    """
    choice = decided(backend, device)
    return choice.backend is not None and choice.device in (None, "auto")


def resolve(backend: str | None = None, device: Any = None, data: Any = None) -> Backend:
    """Return the backend that is to compute.

    Parameters
    ----------
    backend, device
        The arguments of a call; None where it has none.
    data : object, optional
        The data it was given; only an array of a library has a say.

    Returns
    -------
    Backend

    Raises
    ------
    BackendError
        If the one decided on does not work here.
    """
    choice = decided(backend, device)
    if choice.backend == "auto":
        return _automatic(choice.device)
    if choice.backend is not None:
        return connect(choice.backend, choice.device)
    if choice.device is not None:
        return connect(library_of(data) or "numpy", choice.device)
    return resolve_like(data)


def resolve_like(data: Any) -> Backend:
    """Return the backend an array lives on; NumPy for what is no array."""
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
    """Return an array of any library as a NumPy array.

    Parameters
    ----------
    x : array
        An array of a library xl2 can use; anything else is given to NumPy.

    Returns
    -------
    numpy.ndarray
        It may share memory with `x`.
    """
    import numpy as np

    library = library_of(x)
    return np.asarray(x) if library in (None, "numpy") else file_of(library).to_host(x)


@dataclass(frozen=True)
class BackendInfo:
    """One line of `backends()`.

    Attributes
    ----------
    name : str
        Import name of the library.
    version : str
        Its version; empty where it is not installed.
    devices : tuple of str
        The devices that work now.
    reason : str
        Why it cannot be used, and what to do; empty where it can.
    """

    name: str
    version: str
    devices: tuple[str, ...]
    reason: str

    @property
    def usable(self) -> bool:
        """Whether it computes on this machine."""
        return not self.reason


def backends() -> list[BackendInfo]:
    """List the known backends and try each one that is installed.

    Returns
    -------
    list of BackendInfo
        In alphabetical order. Trying imports the libraries that are installed.
    """
    return [_inspect(name) for name in known()]


def _inspect(name: str) -> BackendInfo:
    if not is_installed(name):
        return BackendInfo(name, "", (), f"not installed: {file_of(name).INSTALL}")
    version = _version(name)
    try:
        backend = connect(name)
        return BackendInfo(name, version, tuple(backend.library.devices(backend.xp)), "")
    except BackendError as error:
        return BackendInfo(name, version, (), error.reason)


def _version(name: str) -> str:
    """Return the version of the distribution that installs a module."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        owners = importlib.metadata.packages_distributions().get(name, [])
        return importlib.metadata.version(owners[0]) if owners else "unknown"
