"""Read thousands of damaged files in a process of its own: ``FORMAT FIRST LAST FOLDER``.

A case depends only on its number. The numbers of files that are read, and that are refused with
the right error, are written to a file. The first other case ends the process with an error, and
its file is left in the folder.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gzip
import io
import json
import random
import re
import sys
import warnings
import zipfile
from pathlib import Path

import numpy as np
from model_files import ensemble, preprocessing, tried

# Limits: seconds for one case, and bytes for all of them in addition to those mapped before.
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
    """Change a few bytes of a file in ways that readers may not expect."""
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 16))):
        start, size = rng.randrange(len(data) + 1), rng.choice((1, 2, 4, 8, 64))
        way = rng.randrange(8)
        if way == 0:
            data[start : start + 1] = bytes([rng.randrange(256)])
        elif way == 1 and start < len(data):
            data[start] ^= 1 << rng.randrange(8)
        elif way == 2:
            number = rng.choice(EDGES) % 256**size
            data[start : start + size] = number.to_bytes(size, rng.choice(("little", "big")))
        elif way == 3:
            del data[start : start + size]
        elif way == 4:
            data[start:start] = data[start : start + size] * rng.choice((1, 2, 100))
        elif way == 5:
            data[start : start + rng.randrange(4)] = rng.choice(WORDS)
        elif way == 6:
            other = rng.randrange(len(data) + 1)
            data[start : start + size] = data[other : other + size]
        elif rng.random() < 0.3:
            del data[start:]
    return bytes(data)


def model_file(folder: Path) -> bytes:
    """Return a model file with all optional parts."""
    import xl2
    from xl2.nn.columns import Table
    from xl2.nn.model import Model
    from xl2.nn.scaling import Scaling

    learnt = preprocessing()
    names = tuple(one.name for one in learnt.columns)
    scaling = Scaling(np.ones(learnt.width), np.full(learnt.width, 2.0))
    network = xl2.Network([learnt.width, 3, 3], ["tanh", "softmax"], seed=1)
    rows = np.array([1, 2**40, 2**63], dtype=np.uint64)
    table = Table(len(names) + 2, tuple(range(len(names))), "label", "who", None, ("id",))
    known = {"trained_rows": rows, "tried": tried(), "preprocessing": learnt, "table": table}
    known["temperature"] = 1.5
    model = Model(network, scaling, None, ("a", "b", "c"), names, **known)
    xl2.save(model, folder / "whole")
    return (folder / "whole").read_bytes()


def ensemble_file(folder: Path) -> bytes:
    """Return the file of an ensemble with all optional parts."""
    import xl2

    xl2.save(ensemble(), folder / "whole")
    return (folder / "whole").read_bytes()


def with_its_length(content: bytes, rng: random.Random) -> bytes:
    """Change the header of a model file and correct its length."""
    size = int.from_bytes(content[:8], "little")
    header, numbers = content[8 : 8 + size], content[8 + size :]
    header = mutate(header, rng)
    return len(header).to_bytes(8, "little") + header + numbers


def npz_file(folder: Path) -> bytes:
    """Return a compressed archive of numbers and texts."""
    file = io.BytesIO()
    np.savez_compressed(file, x=X.astype(float), y=np.array(["one", "two"] * 3))
    return file.getvalue()


def with_its_sums(content: bytes, rng: random.Random) -> bytes:
    """Change an array of an archive and correct all checksums and sizes."""
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
    """Change the contents of a gzip file and compress them again."""
    return gzip.compress(mutate(gzip.decompress(content), rng), 1, mtime=0)


def packed(make):
    """Return a function that makes a file and compresses it."""
    return lambda folder: gzip.compress(make(folder), mtime=0)


# Per format: a function that makes a valid file, one that changes it besides `mutate`, a name.
FORMATS = {
    "model": (model_file, with_its_length, "f.safetensors"),
    "ensemble": (ensemble_file, with_its_length, "f.safetensors"),
    "npz": (npz_file, with_its_sums, "f.npz"),
    "csv": (csv_file, None, "f.csv"),
    "csv.gz": (packed(csv_file), repacked, "f.csv.gz"),
    "idx": (idx_file, None, "f.idx"),
    "idx.gz": (packed(idx_file), repacked, "f.idx.gz"),
}

MODELS = ("model", "ensemble")


def read(kind: str, path: Path) -> None:
    """Read a whole file."""
    if kind in MODELS:
        import xl2

        model = xl2.load(path, backend="numpy")
        # A scale near 0 makes samples infinite, which is an InputError.
        with contextlib.suppress(xl2.InputError):
            samples = np.zeros((2, model.width))
            labels = model.predict(samples)
            assert len(labels) == 2
            if kind == "ensemble" and model.residuals is not None:
                low, high = model.interval(samples, 0.6)
                assert (low <= high).all()
            if model.task == "classes":
                found = xl2.diagnose(model, samples, labels, samples + 1.0, labels, new_labels=True)
                assert str(found).replace("\n", "").isprintable()
        return
    from xl2.data import load_data

    with warnings.catch_warnings():
        # Of a damaged table a reading may be doubtful: that is said by a UserWarning of xl2.
        warnings.filterwarnings("ignore", re.escape(str(path)), UserWarning)
        loaded = load_data(path, require_target=False)
    assert loaded.X.ndim == 2


def is_refusal(kind: str, error: BaseException) -> bool:
    """Return whether an error is the right one for a file.

    A damaged model file is always a `FileFormatError`. Other damaged files can be valid files
    with a missing cell, a text among numbers, or an infinity: then `InputError` is right.
    """
    from xl2 import FileFormatError, InputError

    return isinstance(error, FileFormatError if kind in MODELS else FileFormatError | InputError)


def asked_for_too_much(error: BaseException | None) -> bool:
    """Return whether an error was caused by a `MemoryError`."""
    while error is not None:
        if isinstance(error, MemoryError):
            return True
        error = error.__cause__ or error.__context__
    return False


def limit_memory() -> None:
    """Limit the memory that this process can map to `BYTES` more than it has now."""
    import resource

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + BYTES
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def main(kind: str, first: int, last: int, folder: Path) -> None:
    """Read the files of some case numbers, and write how many were read and refused."""
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
                print(f"case {number} of {kind}, saved as {path}", flush=True)
                raise
            found["refused"] += 1
    faulthandler.cancel_dump_traceback_later()
    (folder / "found").write_text(json.dumps(found))


if __name__ == "__main__":
    faulthandler.enable()
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
