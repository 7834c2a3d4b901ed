"""Files of arrays and a text header, under one digest: what comes back is what was written.

They are safetensors, in which nothing can execute code. The digest is of all bytes of the
file, those of the digest being zeros: whatever changed on its way is found before any of it is
believed. It says nothing of who wrote the file, and so the rest is checked all the same.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import FileFormatError, InputError, XL2Error
from .tensor_bytes import tensor_bytes
from .writing import write_whole

PLACE, ZEROS = b'"digest":"', b"0" * 64
# What a header may have, and what is read of a file at a time, in bytes.
LONGEST, PIECE = 2**26, 2**20


class Spec(NamedTuple):
    """What an array is to be: its shape, and its dtype as safetensors names it."""

    shape: tuple[int, ...]
    dtype: str


Header = dict[str, Any]


def write_sealed(path: Path, form: str, header: Header, arrays: dict[str, Any]) -> None:
    """Write a file whole, or leave what was there.

    Parameters
    ----------
    path : pathlib.Path
    form : str
        The name and version of the format.
    header : dict
        What JSON can say.
    arrays : dict of str to numpy.ndarray

    Raises
    ------
    InputError
        If it cannot be written, or its header is longer than one may be that is read.
    """
    try:
        said = json.dumps(header)
    except (ValueError, RecursionError) as error:
        raise InputError(f"The header of {str(path)!r} cannot be written: {error}.") from None
    text = {"format": form, "header": said, "digest": ZEROS.decode()}
    head, numbers = tensor_bytes(arrays, text)
    if len(head) - 8 > LONGEST:
        raise InputError(
            f"{str(path)!r} would have a header of {len(head) / 2**20:.3g} MiB, and "
            f"{LONGEST / 2**20:.3g} are read. Keep long lists as NumPy arrays."
        )
    digest = hashlib.sha256(head)
    digest.update(numbers)
    write_whole(path, head.replace(PLACE + ZEROS, PLACE + digest.hexdigest().encode(), 1), numbers)


def read_sealed(
    path: Path, form: str, expect: Callable[[Header, dict[str, Spec]], dict[str, Spec]]
) -> tuple[Header, dict[str, Any]]:
    """Read a file, if it is what it says it is.

    Parameters
    ----------
    path : pathlib.Path
    form : str
        The name and version of the format.
    expect : callable
        From the header and what the file says of its arrays to what they are to be. None
        is read before they are found to be that.

    Returns
    -------
    header : dict
    arrays : dict of str to numpy.ndarray

    Raises
    ------
    FileFormatError
        If it is damaged, of another format or version, or contradicts itself.
    """
    from safetensors import SafetensorError, safe_open

    try:
        _check_digest(path)
        with safe_open(str(path), framework="numpy") as file:
            text = file.metadata() or {}
            if text.get("format") != form:
                raise FileFormatError(f"it says format={text.get('format')!r}, not {form!r}.")
            header = json.loads(text["header"])
            if not isinstance(header, dict):
                raise FileFormatError("it has no header.")
            slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
            found = {n: Spec(tuple(s.get_shape()), s.get_dtype()) for n, s in slices.items()}
            wanted = expect(header, found)
            for name in sorted({*wanted, *found}):
                if wanted.get(name) != found.get(name):
                    raise FileFormatError(
                        f"its array {name!r} is {_said(found.get(name))}, and by the header it is "
                        f"{_said(wanted.get(name))}."
                    )
            return header, {name: file.get_tensor(name) for name in wanted}
    except FileFormatError as error:
        raise FileFormatError(f"{str(path)!r} is no sound {form} file: {error}") from None
    except (
        SafetensorError,
        OSError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        OverflowError,
        RecursionError,
    ) as error:
        if isinstance(error, XL2Error):
            raise
        raise FileFormatError(f"{str(path)!r} is no sound {form} file: {error}") from None


def _check_digest(path: Path) -> None:
    """Compare a file with its digest, a piece at a time.

    Raises
    ------
    FileFormatError
        If it has none, or another.
    """
    with path.open("rb") as file:
        first = file.read(8)
        length = int.from_bytes(first, "little")
        if len(first) < 8 or length > min(LONGEST, os.fstat(file.fileno()).st_size - 8):
            raise FileFormatError("it has no header of the length it says.")
        header = file.read(length)
        start = header.find(PLACE) + len(PLACE)
        said = header[start : start + len(ZEROS)]
        if start < len(PLACE):
            raise FileFormatError("it has no digest.")
        digest = hashlib.sha256(first + header[:start] + ZEROS + header[start + len(ZEROS) :])
        while piece := file.read(PIECE):
            digest.update(piece)
    if said != digest.hexdigest().encode():
        raise FileFormatError("it is damaged: its bytes are not those that its digest is of.")


def _said(spec: Spec | None) -> str:
    return "absent" if spec is None else f"{spec.dtype} of shape {spec.shape}"
