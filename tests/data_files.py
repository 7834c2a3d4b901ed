"""Files for the tests of `xl2.data`."""

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from xl2.data import load_data

IDX_CODES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
X = np.arange(12, dtype=np.uint8).reshape(4, 3)
Y = np.array([0, 1, 1, 0])
TABLE = "a,b,label\n1,2.5,0\n3,4.5,1\n"
IN_TMP_PATH = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def write(path, text):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def idx_bytes(array, code=0x08):
    array = np.asarray(array)
    head = bytes([0, 0, code, array.ndim])
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return head + sizes + array.astype(IDX_CODES[code]).tobytes()


def write_parquet(path, row_group_size=None, **columns):
    pa = pytest.importorskip("pyarrow", reason="pyarrow writes the file")
    import pyarrow.parquet

    pyarrow.parquet.write_table(pa.table(columns), path, row_group_size=row_group_size)
    return path


def refused(error, path, **options):
    """Return the message of the error that `load_data` raises."""
    with pytest.raises(error) as caught:
        load_data(path, **options)
    assert type(caught.value) is error
    return str(caught.value)
