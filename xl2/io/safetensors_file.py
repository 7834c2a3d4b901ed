"""Safetensors files: arrays and a text header, in which nothing can execute code.

Checkpoints also have a SHA-256 digest of the whole file, computed with zeros in place of the
digest itself. It detects damage, not forgery: anyone can compute a digest, so the contents are
checked as well.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import FileFormatError, InputError, XL2Error
from .writing import write_whole

DIGEST_KEY, ZEROS = b'"digest":"', b"0" * 64
MAX_HEADER = 2**26  # bytes
CHUNK = 2**20  # bytes of a file that are hashed at a time


class Spec(NamedTuple):
    """Shape of an array, and its dtype as safetensors names it."""

    shape: tuple[int, ...]
    dtype: str

    def __str__(self) -> str:
        return f"{self.dtype} of shape {self.shape}"


Header = dict[str, Any]


def safetensors_bytes(arrays: dict[str, Any], texts: dict[str, str]) -> tuple[bytes, memoryview]:
    """Return a file as (header, numbers). The same arrays and texts give the same bytes."""
    import numpy as np
    from safetensors.numpy import save

    # safetensors writes the memory of an array as it is: a strided view would be garbled.
    content = save({n: np.asarray(a, order="C") for n, a in arrays.items()}, metadata=texts)
    end = 8 + int.from_bytes(content[:8], "little")
    # It sorts the arrays, but writes the texts in random order.
    header = json.loads(content[8:end])
    header["__metadata__"] = texts
    head = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)  # aligns the numbers
    return len(head).to_bytes(8, "little") + head, memoryview(content)[end:]


def write_with_digest(path: Path, form: str, header: Header, arrays: dict[str, Any]) -> None:
    """Write a file with a digest, atomically.

    `form` is the name and version of the format. `header` has to be JSON-serialisable.
    Raises `InputError` if the file cannot be written, or its header would be too long to read.
    """
    try:
        text = json.dumps(header)
    except (ValueError, RecursionError) as error:
        raise InputError(f"The header of {str(path)!r} cannot be written: {error}.") from None
    texts = {"format": form, "header": text, "digest": ZEROS.decode()}
    head, numbers = safetensors_bytes(arrays, texts)
    if len(head) - 8 > MAX_HEADER:
        raise InputError(
            f"{str(path)!r} would have a header of {len(head) / 2**20:.3g} MiB. The limit is "
            f"{MAX_HEADER / 2**20:.3g} MiB. Store long lists as NumPy arrays."
        )
    digest = hashlib.sha256(head)
    digest.update(numbers)
    signed = head.replace(DIGEST_KEY + ZEROS, DIGEST_KEY + digest.hexdigest().encode(), 1)
    write_whole(path, signed, numbers)


def read_with_digest(
    path: Path, form: str, expect: Callable[[Header, dict[str, Spec]], dict[str, Spec]]
) -> tuple[Header, dict[str, Any]]:
    """Return the header and the arrays of a file, after checking both.

    `expect(header, specs)` gets the header and the specs of the arrays in the file, and returns
    the specs that the arrays have to have. Arrays are read only if they have them.
    Raises `FileFormatError` if the file is damaged, of another format, or inconsistent.
    """
    from safetensors import safe_open

    try:
        _check_digest(path)
        with safe_open(str(path), framework="numpy") as file:
            texts = file.metadata() or {}
            if texts.get("format") != form:
                raise FileFormatError(f"its format is {texts.get('format')!r}, not {form!r}.")
            header = json.loads(texts["header"])
            if not isinstance(header, dict):
                raise FileFormatError("its header is not a dictionary.")
            slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
            found = {n: Spec(tuple(s.get_shape()), s.get_dtype()) for n, s in slices.items()}
            wanted = expect(header, found)
            for name in sorted({*wanted, *found}):
                if wanted.get(name) != found.get(name):
                    raise FileFormatError(
                        f"its array {name!r} is {found.get(name, 'absent')}. Expected: "
                        f"{wanted.get(name, 'no such array')}."
                    )
            return header, {name: file.get_tensor(name) for name in wanted}
    except Exception as error:
        if isinstance(error, XL2Error | MemoryError) and not isinstance(error, FileFormatError):
            raise
        raise FileFormatError(f"{str(path)!r} is not a valid {form} file: {error}") from None


def _check_digest(path: Path) -> None:
    """Raise `FileFormatError` if the digest of a file is absent or wrong."""
    with path.open("rb") as file:
        first = file.read(8)
        length = int.from_bytes(first, "little")
        if len(first) < 8 or length > min(MAX_HEADER, os.fstat(file.fileno()).st_size - 8):
            raise FileFormatError("it does not begin with the length of its header.")
        header = file.read(length)
        start = header.find(DIGEST_KEY) + len(DIGEST_KEY)
        recorded = header[start : start + len(ZEROS)]
        if start < len(DIGEST_KEY):
            raise FileFormatError("it has no digest.")
        digest = hashlib.sha256(first + header[:start] + ZEROS + header[start + len(ZEROS) :])
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    if recorded != digest.hexdigest().encode():
        raise FileFormatError("it is damaged: its contents do not match its digest.")
