"""Arrays on disk in a pickle: where they are, instead of what they hold."""

from __future__ import annotations

from typing import Any, NamedTuple, Self


class Mapped(NamedTuple):
    """A memory map of a file."""

    path: str
    dtype: str
    shape: tuple[int, ...]
    offset: int

    def open(self) -> Any:
        """Return the array."""
        import numpy as np

        return np.memmap(self.path, self.dtype, "r", self.offset, self.shape)


class InHDF5(NamedTuple):
    """A dataset of an HDF5 file."""

    path: str
    name: str

    def open(self) -> Any:
        """Return the dataset; its file is open as long as it exists."""
        import h5py

        return h5py.File(self.path, "r")[self.name]


class Portable:
    """Base of objects whose attributes may be arrays on disk, which a pickle refers to.

    Another process opens the same files, under the same names.
    """

    def __copy__(self) -> Self:
        """Return an object with the same attributes; by default `copy` would pickle it."""
        new = object.__new__(type(self))
        new.__dict__.update(self.__dict__)
        return new

    def __getstate__(self) -> dict[str, Any]:
        return {name: _referred(value) for name, value in vars(self).items()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            opened = value.open() if isinstance(value, Mapped | InHDF5) else value
            setattr(self, name, opened)


def _referred(x: Any) -> Any:
    """Return a reference to an array on disk, and anything else unchanged.

    So are parts of a memory map that are not consecutive, one without the name of a file, and one
    that may hold what its file does not: a copy on write.
    """
    import os

    import numpy as np

    if type(x).__module__.partition(".")[0] == "h5py" and hasattr(x, "file"):
        return InHDF5(os.path.abspath(x.file.filename), x.name)
    if not isinstance(x, np.memmap) or not x.flags.c_contiguous or not x.filename or x.mode == "c":
        return x
    whole = x
    while isinstance(whole.base, np.memmap):
        whole = whole.base
    first = x.__array_interface__["data"][0] - whole.__array_interface__["data"][0]
    return Mapped(os.path.abspath(x.filename), x.dtype.str, x.shape, int(whole.offset + first))
