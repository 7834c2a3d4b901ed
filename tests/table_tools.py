"""Small tables that the tests of each kind of table write and read."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from xl2.data import load_data
from xl2.errors import InputError

ROWS = 60
NUMBER = np.arange(ROWS)
A, B = (NUMBER % 7) * 0.5 + 0.25, (NUMBER * 11 % 13) / 4.0
CLASSES = np.where(NUMBER % 3 == 1, "yes", "no")


def frame(**columns):
    """Return the columns a and b, others, and at the end the label."""
    label = columns.pop("label", CLASSES)
    return pd.DataFrame({"a": A, "b": B, **columns, "label": label})


def written(table, name="t.csv", **options):
    """Write a frame as pandas does, without its index; return the file's name."""
    table.to_csv(name, **{"index": False, **options})
    return name


def read(table, *, name="t.csv", **options):
    return load_data(written(table, name), **options)


def words(out):
    return " ".join(out.split())


def refused(table, **options):
    with pytest.raises(InputError) as caught:
        read(table, **options)
    return words(str(caught.value))
