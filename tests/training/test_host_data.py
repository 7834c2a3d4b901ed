"""Every backend accepts lists, data frames, dask arrays and all real dtypes."""

from __future__ import annotations

import numpy as np
import pytest

import xl2


def dask_array(x):
    return pytest.importorskip("dask.array", reason="dask is not installed").from_array(x, chunks=8)


def data_frame(x):
    return pytest.importorskip("pandas", reason="pandas is not installed").DataFrame(x)


@pytest.mark.parametrize("kind", [np.asarray, np.ndarray.tolist, data_frame, dask_array])
def test_data_of_any_kind_trains_like_a_numpy_array(where, kind):
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((20, 3)), rng.integers(0, 2, 20)
    found = []
    for samples in (x, kind(x)):
        network = xl2.Network([3, 4, 1], **where)
        xl2.fit(network, samples, y, epochs=2)
        found.append(xl2.to_numpy(network.predict(samples)))
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize("dtype", ["uint8", "int32", "bool", "float16", "float32"])
def test_any_real_dtype_is_accepted_and_nothing_is_promoted(where, to, dtype):
    x = np.eye(3).astype(dtype)
    network = xl2.Network([3, 2, 1], **where)
    for samples in (x, to(x) if dtype != "float16" else x):
        assert network.forward(samples).dtype == network.backend.xp.float32


def test_a_read_only_array_is_accepted(where):
    x = np.eye(3)
    x.flags.writeable = False
    network = xl2.Network([3, 2, 1], **where)
    xl2.fit(network, x, np.array([0, 1, 0]), epochs=1)
    np.testing.assert_array_equal(x, np.eye(3))
