"""Arrays and texts as a safetensors file, byte for byte the same each time."""

from __future__ import annotations

import json
from typing import Any


def tensor_bytes(arrays: dict[str, Any], texts: dict[str, str]) -> tuple[bytes, memoryview]:
    """Return the file: its length and header, and its numbers.

    Parameters
    ----------
    arrays : dict of str to numpy.ndarray
    texts : dict of str to str
        For its header.
    """
    import numpy as np
    from safetensors.numpy import save

    # safetensors writes the memory as it lies: a strided view would be garbled.
    content = save({n: np.asarray(a, order="C") for n, a in arrays.items()}, metadata=texts)
    end = 8 + int.from_bytes(content[:8], "little")
    # It sorts the arrays, and puts the texts in an order of the moment.
    header = json.loads(content[8:end])
    header["__metadata__"] = texts
    said = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    said += b" " * (-len(said) % 8)  # the numbers are aligned
    return len(said).to_bytes(8, "little") + said, memoryview(content)[end:]
