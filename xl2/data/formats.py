"""Which format a file has, and which options go with it."""

from __future__ import annotations

from pathlib import Path

from ..errors import InputError
from ..io.opening import check_file
from .columns import Wanted
from .idx import looks_like_idx

FORMATS = ".npz, .h5, .hdf5, .csv, .tsv (both also as .gz), .parquet, or IDX (also as .gz)"
SUFFIXES = {
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
    ".npz": "npz",
    ".h5": "h5",
    ".hdf5": "h5",
}


def format_of(path: Path) -> str:
    """Return the format of a file: csv, parquet, npz, h5 or idx.

    Raises
    ------
    InputError
        If the file cannot be opened, or its format is unknown.
    """
    check_file(
        path,
        f"Give the path of a data set ({FORMATS}), or the word digits, which is built in.",
    )
    name = path.name.lower()
    if name.endswith((".csv.gz", ".tsv.gz")):
        return "csv"
    suffix = path.suffix.lower()
    if suffix in SUFFIXES:
        return SUFFIXES[suffix]
    if looks_like_idx(path):
        return "idx"
    raise InputError(
        f"{path} is of no format that is read here: {path.suffix or 'no suffix'}. "
        f"Formats: {FORMATS}."
    )


def refuse_options(
    path: Path, kind: str, wanted: Wanted, labels: str | Path | None, features_first: bool
) -> None:
    """Refuse an option that says nothing about a format.

    The target is let through for a prediction, where it is the model's and not
    the caller's.
    """
    if features_first and kind not in {"npz", "h5"}:
        raise InputError(
            f"--features-first is for .npz and HDF5 files. Received: {path}, which has one row "
            "a sample. Leave the option out."
        )
    if labels is not None and kind != "idx":
        raise InputError(
            f"A file of labels goes with an IDX file. Received: labels={str(labels)!r} with "
            f"{path}, which holds its own labels. Leave it out."
        )
    if wanted.target is not None and wanted.require_target and kind not in {"csv", "parquet"}:
        raise InputError(
            f"A target column is for tables (.csv, .tsv, .parquet). Received: "
            f"target={wanted.target!r} with {path}, which has no columns. Leave it out."
        )
