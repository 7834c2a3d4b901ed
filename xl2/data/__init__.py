"""Data sets: read one from a file, check it, split it."""

from __future__ import annotations

from .dataset import Dataset, check
from .loading import load_data
from .rows_on_disk import open_rows
from .splitting import split

__all__ = ["Dataset", "check", "load_data", "open_rows", "split"]
