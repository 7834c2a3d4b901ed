"""IDX files, the format of MNIST.

A file begins with two zero bytes, a byte for the type and one for the number of dimensions. The
sizes of the dimensions and the values follow. All are big-endian.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any, BinaryIO

from ..errors import FileFormatError, InputError, option
from ..io.opening import check_file, open_bytes, reading
from .dataset import Dataset
from .shapes import as_features, as_labels

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
CHUNK = 2**20  # bytes read at a time


def load_idx(path: Path, labels: str | Path | None, require_target: bool) -> Dataset:
    """Read a file of images, and the file of its labels."""
    X = read_idx(path)
    if X.ndim == 1:
        raise InputError(
            f"{path} contains labels, not images. Pass the images as the data set, and this file "
            f"by {option('labels')}."
        )
    beside = labels_beside(path) if labels is None else Path(labels)
    if labels is not None:
        check_file(Path(labels), "Pass the path of the labels.")
    if beside is None and require_target:
        raise InputError(
            f"The labels of {path} were not found. Expected a file in the same folder whose name "
            "has labels instead of images and idx1 instead of idx3. Pass its path by "
            f"{option('labels')}."
        )
    y = None if beside is None else as_labels(read_idx(beside), beside)
    return Dataset(as_features(X, path), y, name=str(path))


def labels_beside(path: Path) -> Path | None:
    """Return the file that holds the labels of an IDX file by its name, or None."""
    name = re.sub(r"idx\d", "idx1", path.name.replace("images", "labels"))
    if name == path.name:
        return None
    other = name.removesuffix(".gz") if name.endswith(".gz") else name + ".gz"
    candidates = (path.with_name(name), path.with_name(other))
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def looks_like_idx(path: Path) -> bool:
    """Return whether a file is an IDX file by its name or by its first four bytes."""
    if "idx" in path.name.lower():
        return True
    try:
        with open_bytes(path) as stream:
            return is_idx_head(stream.read(4))
    except Exception:
        return False


def is_idx_head(head: bytes) -> bool:
    """Return whether four bytes can be the beginning of an IDX file."""
    return len(head) == 4 and head[:2] == b"\0\0" and head[2] in TYPES and head[3] > 0


def read_idx(path: Path) -> Any:
    """Read an IDX file, unpacked if its name ends in ``.gz``."""
    import numpy as np

    with reading(path, "an IDX file"), open_bytes(path) as stream:
        head = stream.read(4)
        if not is_idx_head(head):
            raise FileFormatError(
                f"{path} is not an IDX file: its first bytes are {head.hex(' ')!r}. Expected 00 "
                f"00, a type of {', '.join(f'{code:02x}' for code in TYPES)}, and the number of "
                "dimensions."
            )
        dtype = np.dtype(TYPES[head[2]])
        sizes = stream.read(4 * head[3])
        shape = tuple(int.from_bytes(sizes[i : i + 4], "big") for i in range(0, len(sizes), 4))
        size = math.prod(shape) * dtype.itemsize
        values = read_at_most(stream, size + 1)
        if len(sizes) != 4 * head[3] or len(values) != size:
            raise FileFormatError(
                f"{path} declares {head[3]} dimensions {shape} of {dtype.name}, which is {size} "
                f"bytes, and holds {'more' if len(values) > size else f'only {len(values)}'}. "
                "Download or copy the file again."
            )
        return np.frombuffer(values, dtype=dtype).reshape(shape)


def read_at_most(stream: BinaryIO, size: int) -> bytearray:
    """Read up to `size` bytes, without allocating more than the file has."""
    values = bytearray()
    while len(values) < size and (chunk := stream.read(min(CHUNK, size - len(values)))):
        values += chunk
    return values
