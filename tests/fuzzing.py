"""Damaged files by the thousand, read in a process of their own: ``FORMAT FIRST LAST FOLDER``.

A case is a function of its number. How many are read, and how many refused in the right way, is
written to a file; the first other case is kept in the folder, and ends the process with an error.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gzip
import io
import json
import random
import sys
import zipfile
from pathlib import Path

import numpy as np

# A case may take as many seconds, and all of them as many bytes beyond what was mapped before.
SECONDS, BYTES = 5, 2**30
X = np.arange(24, dtype=np.uint8).reshape(6, 4)
Y = np.array([0, 1, 1, 0, 1, 0])
EDGES = (
    0,
    1,
    2,
    127,
    128,
    255,
    2**15,
    2**16 - 1,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**63 - 1,
    2**64 - 1,
)
WORDS = (
    b"-1",
    b"0",
    b"99999999999999999999",
    b"1e999",
    b"NaN",
    b"null",
    b"[",
    b"{",
    b'"',
    b"\\",
    b"\xff",
)


def mutate(content: bytes, rng: random.Random) -> bytes:
    """Change a few places of a file in ways that its readers may not expect."""
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 16))):
        place, size = rng.randrange(len(data) + 1), rng.choice((1, 2, 4, 8, 64))
        way = rng.randrange(8)
        if way == 0:
            data[place : place + 1] = bytes([rng.randrange(256)])
        elif way == 1 and place < len(data):
            data[place] ^= 1 << rng.randrange(8)
        elif way == 2:
            number = rng.choice(EDGES) % 256**size
            data[place : place + size] = number.to_bytes(size, rng.choice(("little", "big")))
        elif way == 3:
            del data[place : place + size]
        elif way == 4:
            data[place:place] = data[place : place + size] * rng.choice((1, 2, 100))
        elif way == 5:
            data[place : place + rng.randrange(4)] = rng.choice(WORDS)
        elif way == 6:
            other = rng.randrange(len(data) + 1)
            data[place : place + size] = data[other : other + size]
        elif rng.random() < 0.3:
            del data[place:]
    return bytes(data)


def model_file(folder: Path) -> bytes:
    """Return a model file that has everything such a file can have."""
    import xl2
    from xl2.nn.model import Model
    from xl2.nn.scaling import Scaling

    scaling = Scaling(np.array([1.0, 2.0]), np.array([0.5, 2.0]))
    network = xl2.Network([2, 3, 3], ["tanh", "softmax"], seed=1)
    model = Model(network, scaling, None, ("a", "b", "c"), ("x", "y"), (0.25, 7))
    xl2.save(model, folder / "whole")
    return (folder / "whole").read_bytes()


def with_its_length(content: bytes, rng: random.Random) -> bytes:
    """Change the header or the numbers of a model file, and let the length be right."""
    size = int.from_bytes(content[:8], "little")
    header, numbers = content[8 : 8 + size], content[8 + size :]
    header = mutate(header, rng)
    return len(header).to_bytes(8, "little") + header + numbers


def npz_file(folder: Path) -> bytes:
    """Return a packed archive of numbers and texts."""
    file = io.BytesIO()
    np.savez_compressed(file, x=X.astype(float), y=np.array(["one", "two"] * 3))
    return file.getvalue()


def with_its_sums(content: bytes, rng: random.Random) -> bytes:
    """Change an array of an archive, and pack it such that all sums and sizes are right."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(packed, "w") as new:
        chosen = rng.choice(old.namelist())
        for name in old.namelist():
            part = old.read(name)
            new.writestr(
                name,
                mutate(part, rng) if name == chosen else part,
                rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)),
            )
    return packed.getvalue()


def csv_file(folder: Path) -> bytes:
    """Return a table."""
    return b'a,"b, c",kind\n' + b'1,2.5,rose\n-3e5,4,"iris ""x"""\n' * 3


def idx_file(folder: Path) -> bytes:
    """Return images."""
    return bytes([0, 0, 8, 3]) + b"".join(n.to_bytes(4, "big") for n in (6, 2, 2)) + X.tobytes()


def repacked(content: bytes, rng: random.Random) -> bytes:
    """Change what a packed file holds, and pack it again."""
    return gzip.compress(mutate(gzip.decompress(content), rng), 1, mtime=0)


def packed(make):
    """Return what makes a file packed."""
    return lambda folder: gzip.compress(make(folder), mtime=0)


def h5_file(folder: Path) -> bytes:
    """Return an HDF5 file of packed chunks and texts."""
    import h5py

    with h5py.File(folder / "whole.h5", "w") as file:
        file.create_dataset("x", data=X.astype(float), chunks=(2, 4), compression="gzip")
        file["y"] = ["one", "two"] * 3
    return (folder / "whole.h5").read_bytes()


def parquet_file(folder: Path) -> bytes:
    """Return a table of two row groups with numbers and texts."""
    import pyarrow as pa
    import pyarrow.parquet as parquet

    table = pa.table({"a": X[:, 0], "b": X[:, 1] / 7, "kind": ["one", "two"] * 3})
    parquet.write_table(table, folder / "whole.parquet", row_group_size=3)
    return (folder / "whole.parquet").read_bytes()


# What makes a whole file, what changes it besides `mutate`, and the name its reader wants.
FORMATS = {
    "model": (model_file, with_its_length, "f.safetensors"),
    "npz": (npz_file, with_its_sums, "f.npz"),
    "csv": (csv_file, None, "f.csv"),
    "csv.gz": (packed(csv_file), repacked, "f.csv.gz"),
    "idx": (idx_file, None, "f.idx"),
    "idx.gz": (packed(idx_file), repacked, "f.idx.gz"),
    "h5": (h5_file, None, "f.h5"),
    "parquet": (parquet_file, None, "f.parquet"),
}


def read(kind: str, path: Path) -> None:
    """Read a file, and everything of it."""
    if kind == "model":
        import xl2

        model = xl2.load(path, backend="numpy")
        # A scale next to 0 makes an infinity of the samples, and these are refused.
        with contextlib.suppress(xl2.InputError):
            assert len(model.predict(np.zeros((2, model.network.sizes[0])))) == 2
        return
    from xl2.data import load_data, open_rows

    loaded = load_data(path, require_target=False)
    assert loaded.X.ndim == 2
    if kind in ("h5", "parquet"):
        X, _ = open_rows(path, require_target=False)
        np.asarray(X[: len(loaded.X)])


def is_refusal(kind: str, error: BaseException) -> bool:
    """Tell whether an error is the right one for a file.

    A model file is read or is no model file. What is left of the others may be a whole file
    with a missing cell, a text among numbers, or an infinity, which is bad input.
    """
    from xl2 import FileFormatError, InputError

    return isinstance(error, FileFormatError if kind == "model" else FileFormatError | InputError)


def asked_for_too_much(error: BaseException | None) -> bool:
    """Tell whether an error comes of memory that was not there: it was asked for."""
    while error is not None:
        if isinstance(error, MemoryError):
            return True
        error = error.__cause__ or error.__context__
    return False


def limit_memory() -> None:
    """Let this process map `BYTES` more than it has, where the system can."""
    import resource

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + BYTES
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def main(kind: str, first: int, last: int, folder: Path) -> None:
    """Read the damaged files of some numbers, and write how many were read and refused."""
    make, special, name = FORMATS[kind]
    whole, path = make(folder), folder / name
    path.write_bytes(whole)
    read(kind, path)
    limit_memory()
    found = {"read": 0, "refused": 0}
    for number in range(first, last):
        rng = random.Random(f"{kind} {number}")
        change = special if special and rng.random() < 0.5 else mutate
        path.write_bytes(change(whole, rng))
        faulthandler.dump_traceback_later(SECONDS, exit=True)
        try:
            read(kind, path)
            found["read"] += 1
        except BaseException as error:
            if not is_refusal(kind, error) or asked_for_too_much(error):
                print(f"case {number} of {kind}, kept as {path}", flush=True)
                raise
            found["refused"] += 1
    faulthandler.cancel_dump_traceback_later()
    (folder / "found").write_text(json.dumps(found))


if __name__ == "__main__":
    faulthandler.enable()
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
