"""The chunks of an HDF5 dataset, unpacked for a look before libhdf5 unpacks them.

libhdf5 makes room for whatever is in a chunk, and compares that with the chunk's size afterwards.
"""

from __future__ import annotations

import math
import zlib
from pathlib import Path
from typing import Any

from ..errors import FileFormatError
from ..io.limits import check_declared, most_from

# "HDF5 File Format Specification", version 3, IV.A.2.l.
DEFLATE, FLETCHER32 = 1, 3
# "The maximum compression factor is asymptotically 1032:1": zlib, Technical Details.
FACTOR = 1032


def check_chunks(dataset: Any, path: Path) -> None:
    """Refuse chunks that are, or unpack to, far more than what is in the file.

    Each is unpacked whole by whoever reads one value of it.

    Raises
    ------
    FileFormatError
        If there is one.
    """
    if not dataset.chunks:
        return
    length = path.stat().st_size
    size = math.prod(dataset.chunks) * dataset.dtype.itemsize
    stored = min(int(dataset.id.get_storage_size()), length)
    check_declared(path, f"a chunk of {dataset.name!r}", size, stored, "write it unpacked.")
    properties = dataset.id.get_create_plist()
    filters = [properties.get_filter(i)[0] for i in range(properties.get_nfilters())]
    if DEFLATE not in filters:
        return
    place = filters.index(DEFLATE)
    if set(filters[place + 1 :]) - {FLETCHER32}:
        raise FileFormatError(
            f"{path} has {dataset.name!r} packed by gzip and then by something else, and a small "
            "file could fill the memory like that. Write it with gzip alone."
        )
    # Few: a chunk of which there are a dozen cannot unpack to a hundred times the file.
    large: list[Any] = []
    dataset.id.chunk_iter(
        lambda chunk: large.append(chunk) if chunk.size * FACTOR > most_from(length) else None
    )
    for chunk in large:
        if chunk.size > length or (
            not chunk.filter_mask >> place & 1 and _unpacks_to_more(dataset, chunk, size)
        ):
            raise FileFormatError(
                f"{path} has a chunk of {dataset.name!r} that unpacks to more than the {size} "
                "bytes it declares. Copy the file again."
            )


def _unpacks_to_more(dataset: Any, chunk: Any, size: int) -> bool:
    _, packed = dataset.id.read_direct_chunk(chunk.chunk_offset)
    unpacking = zlib.decompressobj()
    return len(unpacking.decompress(packed, size + 1)) > size
