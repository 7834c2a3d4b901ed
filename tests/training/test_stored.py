"""Samples on disk train like those in memory, and are never in memory as a whole."""

import re
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from conftest import ROOT

from xl2 import InputError, Model, Network, fit
from xl2.array import rows
from xl2.data import open_rows
from xl2.nn.scaling import Scaling
from xl2.training.batching import Batching, window
from xl2.training.orders import Orders

pytestmark = pytest.mark.one_on_jax

RNG = np.random.default_rng(0)
DENSE = RNG.normal(3.0, 2.0, size=(83, 6))
LABELS = np.arange(83) % 3
KINDS = ("npy", "h5", "chunked h5", "zarr", "parquet")
every_kind = pytest.mark.parametrize("kind", KINDS)
in_blocks = pytest.mark.parametrize("kind", KINDS[1:])
every_stack = pytest.mark.parametrize("stack", [None, 2, (2, 2)])
STACKS = [("h5", 2), ("h5", (2, 2))]


@pytest.fixture
def stored(tmp_path, monkeypatch):
    """Return a function that writes an array and opens it, in chunks of 20 and blocks of 5 rows."""
    monkeypatch.setattr(rows, "CHUNK_BYTES", 20 * 6 * 8)
    monkeypatch.setattr(rows, "BLOCK_BYTES", 5 * 6 * 8)
    monkeypatch.setattr(rows, "READ_BYTES", 7 * 6 * 8)

    def write(kind, X=DENSE):
        if kind == "npy":
            np.save(tmp_path / "x.npy", X)
            return np.load(tmp_path / "x.npy", mmap_mode="r")
        if kind == "zarr":
            zarr = pytest.importorskip("zarr", reason='zarr: pip install "xl2[zarr]"')
            array = zarr.create_array(
                tmp_path / "x.zarr", shape=X.shape, chunks=(4, 3), dtype=X.dtype, overwrite=True
            )
            array[:] = X
            return array
        if kind == "parquet":
            return parquet_of(tmp_path, X)
        h5py = pytest.importorskip("h5py", reason='HDF5: pip install "xl2[data]"')
        chunks = (4, 3) if kind == "chunked h5" else None
        with h5py.File(tmp_path / "x.h5", "w") as file:
            file.create_dataset("x", data=X, chunks=chunks)
        return h5py.File(tmp_path / "x.h5", "r")["x"]

    return write


def parquet_of(folder, X, y=LABELS, group=9):
    pa = pytest.importorskip("pyarrow", reason='Parquet: pip install "xl2[data]"')
    import pyarrow.parquet

    table = pa.table({**{f"c{i}": column for i, column in enumerate(X.T)}, "kind": y[: len(X)]})
    pyarrow.parquet.write_table(table, folder / "x.parquet", row_group_size=group)
    return open_rows(folder / "x.parquet")[0]


def trained(where, X, stack=None, dtype="float64", y=LABELS, **options):
    network = Network([6, 4, 3], ["relu", "softmax"], seed=1, dtype=dtype, stack=stack, **where)
    options = {"epochs": 3, "learning_rate": 0.1, "batch_size": 5} | options
    return network, fit(network, X, y, **options)


def assert_same(mine, its, rtol=1e-12):
    for one, other in zip(mine[0].host_parameters(), its[0].host_parameters(), strict=True):
        for p, q in zip(one, other, strict=True):
            np.testing.assert_allclose(p, q, rtol=rtol, atol=rtol)
    np.testing.assert_allclose(mine[1].loss, its[1].loss, rtol=1e-6)
    np.testing.assert_allclose(mine[1].score, its[1].score)


# Results.


@pytest.mark.parametrize(("kind", "stack"), [*((kind, None) for kind in KINDS), *STACKS])
def test_without_shuffling_the_result_equals_that_of_the_array(where, stored, kind, stack):
    """Bit for bit, except on JAX, which compiles other programs."""
    options = {"stack": stack, "shuffle": False, "sample_weight": 1 + np.arange(83) % 4}
    rtol = 1e-12 if where["backend"] == "jax" else 0
    assert_same(trained(where, stored(kind), **options), trained(where, DENSE, **options), rtol)


@every_stack
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_memory_map_is_shuffled_like_the_array(where, stored, stack, dtype):
    options = {"stack": stack, "seed": 4, "dtype": dtype}
    rtol = 1e-6 if where["backend"] == "jax" else 0
    assert_same(trained(where, stored("npy"), **options), trained(where, DENSE, **options), rtol)


@pytest.mark.parametrize(("kind", "stack"), [*((kind, None) for kind in KINDS[1:]), *STACKS])
def test_blocks_are_shuffled(where, stored, kind, stack):
    """The result equals that of the array with its rows in the same order."""
    X = stored(kind)
    host = rows.StoredRows(X, Network([6, 3], **where).backend, "float64")
    groups = 2 if stack == (2, 2) else 1
    every = np.broadcast_to(np.arange(83), (2, 83)) if groups == 2 else None
    orders = next(Orders(host, every, 83, [4] * groups, Batching(5)))
    for order in np.atleast_2d(orders):
        assert sorted(order) == list(range(83))
        assert (order != np.arange(83)).mean() > 0.8
    mine = trained(where, X, stack=stack, seed=4, epochs=1)
    its = trained(where, DENSE, stack=stack, rows=orders, shuffle=False, epochs=1)
    assert_same(mine, its)


@in_blocks
def test_each_epoch_and_each_seed_has_another_order(backend, stored, kind):
    host = rows.StoredRows(stored(kind), backend, "float64")
    orders, same, other = (Orders(host, None, 83, [seed], Batching(5)) for seed in (1, 1, 2))
    one = next(orders)
    assert (one == next(same)).all()
    assert (one != next(other)).any()
    assert (one != next(orders)).any()


@in_blocks
def test_a_window_has_rows_of_few_and_distant_blocks(backend, stored, kind):
    host = rows.StoredRows(stored(kind), backend, "float64")
    length = window(host, 5)
    order = next(Orders(host, None, 83, [0], Batching(5, even=False)))
    blocks = np.searchsorted(host.edges, order, side="right")
    windows = [slice(start, start + length) for start in range(0, 83, length)]
    assert max(len(set(blocks[window])) for window in windows) <= length // 5 + 2
    assert max(np.ptp(order[window]) for window in windows) > 2 * length


@in_blocks
def test_samples_that_fit_into_one_chunk_are_shuffled_like_the_array(where, stored, kind):
    X = stored(kind, DENSE[:17])
    rtol = 1e-12 if where["backend"] == "jax" else 0
    for chosen in (None, np.random.default_rng(1).permutation(17)):
        mine, its = (trained(where, x, y=LABELS[:17], rows=chosen) for x in (X, DENSE[:17]))
        assert_same(mine, its, rtol)


@pytest.mark.parametrize(("kind", "stack"), [("npy", None), ("zarr", None), ("h5", (2, 2))])
def test_a_part_of_the_rows_gives_the_same_result_as_in_memory(where, stored, kind, stack):
    chosen = np.random.default_rng(0).permutation(83)[:50]
    if stack:
        chosen = np.stack([chosen, np.arange(50)])
    options = {"stack": stack, "rows": chosen, "shuffle": False}
    assert_same(trained(where, stored(kind), **options), trained(where, DENSE, **options))
    _, history = trained(where, stored(kind), stack=stack, rows=chosen, epochs=20)
    assert (np.asarray(history.loss[-1]) < np.asarray(history.loss[0])).all()


@pytest.mark.parametrize("dtype", ["int8", ">f4", "float16", "bool"])
def test_each_chunk_is_converted_to_the_networks_dtype(where, stored, dtype):
    X = (DENSE > 3).astype(dtype)
    for kind in ("npy", "h5"):
        mine = trained(where, stored(kind, X), dtype="float32", shuffle=False)
        assert_same(mine, trained(where, X.astype("float32"), dtype="float32", shuffle=False), 1e-6)


# Predictions.


@every_kind
def test_predictions_equal_those_of_the_array(where, host, stored, kind):
    network, _ = trained(where, DENSE)
    X = stored(kind)
    np.testing.assert_allclose(host(network.forward(X)), host(network.forward(DENSE)), rtol=1e-12)
    assert (host(network.predict(X)) == host(network.predict(DENSE))).all()
    assert network.score(X, LABELS) == network.score(DENSE, LABELS)
    mine, its = network.gradients(X, LABELS), network.gradients(DENSE, LABELS)
    np.testing.assert_allclose(host(mine[0][0]), host(its[0][0]), rtol=1e-10, atol=1e-15)


def test_validation_samples_may_be_on_disk(where, stored):
    _, mine = trained(where, DENSE, validation=(stored("chunked h5"), LABELS))
    _, its = trained(where, DENSE, validation=(DENSE, LABELS))
    np.testing.assert_allclose(mine.validation_loss, its.validation_loss, rtol=1e-12)


@every_kind
def test_the_backend_never_has_more_rows_than_a_chunk(where, stored, kind, monkeypatch):
    moved = []
    original = rows.StoredRows._read
    monkeypatch.setattr(
        rows.StoredRows,
        "_read",
        lambda self, chosen: moved.append(len(chosen)) or original(self, chosen),
    )
    network, _ = trained(where, stored(kind), stack=(2, 2))
    network.forward(stored(kind))
    assert 10 <= max(moved) <= 20


# Scaling.


@pytest.mark.host
@every_kind
def test_a_scaling_learns_the_same_in_one_pass_as_in_memory(stored, kind):
    X = DENSE.copy()
    X[:, 2] = 7.0
    mine, its = Scaling.learn(stored(kind, X)), Scaling.learn(X)
    np.testing.assert_allclose(mine.mean, its.mean, rtol=1e-12)
    np.testing.assert_allclose(mine.scale, its.scale, rtol=1e-12)
    assert mine.scale[2] == 1.0


@every_kind
def test_rows_are_scaled_when_they_are_read(where, host, stored, kind):
    X, scaling = stored(kind), Scaling.learn(DENSE)
    lazy, whole = scaling.lazily(X), scaling.apply(DENSE, "float64")
    np.testing.assert_array_equal(np.asarray(lazy), whole)
    np.testing.assert_array_equal(lazy[np.array([70, 3, 3, 41])], whole[[70, 3, 3, 41]])
    rtol = 1e-12 if where["backend"] == "jax" else 0
    assert_same(trained(where, lazy, shuffle=False), trained(where, whole, shuffle=False), rtol)
    network, _ = trained(where, whole)
    model = Model(network, input_scaling=scaling)
    np.testing.assert_allclose(model.forward(X), model.forward(DENSE), rtol=1e-12)


@pytest.mark.host
def test_a_scaling_of_other_columns_is_an_error(stored):
    with pytest.raises(InputError, match=r"\(83, 5\), but the scaling expects 6 features"):
        Scaling.learn(DENSE).lazily(stored("npy", DENSE[:, :5].copy()))


# Errors.


@every_kind
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_the_error_names_the_row_of_a_nan_and_the_network_is_unchanged(
    where, host, stored, kind, value
):
    X = DENSE.copy()
    X[61, 4] = X[70, 1] = value
    network = Network([6, 4, 3], ["relu", "softmax"], dtype="float64", **where)
    before = network.host_parameters()[0][0].copy()
    with pytest.raises(InputError, match=r"row 62[.]"):
        fit(network, stored(kind, X), LABELS, batch_size=5, epochs=2, shuffle=False)
    np.testing.assert_array_equal(network.host_parameters()[0][0], before)
    with pytest.raises(InputError, match=r"row (62|71)[.]"):
        fit(network, stored(kind, X), LABELS, batch_size=5, epochs=2)
    with pytest.raises(InputError, match=r"row 62[.]"):
        network.forward(stored(kind, X))
    with pytest.raises(InputError, match=r"row 62[.]"):
        Scaling.learn(stored(kind, X))


def test_a_number_beyond_the_networks_dtype_is_named(where, stored):
    X = DENSE.copy()
    X[40, 0] = 1e300
    with pytest.raises(InputError, match=r"1e[+]300 of X in row 41, column 1 is too large for"):
        trained(where, stored("h5", X), dtype="float32", shuffle=False)


@pytest.mark.parametrize(
    ("X", "words"),
    [
        (DENSE[:, :5].copy(), "5 features"),
        (DENSE[:, 0].copy(), r"shape \(83,\)"),
        (DENSE.reshape(83, 3, 2), r"shape \(83, 3, 2\)"),
        (DENSE.astype(complex), "complex128"),
        (DENSE[:0], "X is empty"),
    ],
)
@pytest.mark.parametrize("kind", ["npy", "h5"])
def test_errors_in_arguments(where, stored, X, words, kind):
    if kind == "npy" and not len(X):
        pytest.skip("NumPy cannot map an empty file")
    with pytest.raises(InputError, match=words):
        trained(where, stored(kind, X))


def test_a_divergence_has_the_same_step_as_in_memory(where, stored):
    from xl2 import DivergenceError

    found = []
    for X in (stored("npy"), DENSE):
        network = Network([6, 3], ["identity"], "gaussian", dtype="float64", **where)
        with pytest.raises(DivergenceError) as caught:
            fit(network, X, DENSE[:, :3], epochs=40, batch_size=5, learning_rate=1e12)
        found.append((caught.value.epoch, caught.value.step, network.host_parameters()[0][0]))
    assert found[0][:2] == found[1][:2]
    np.testing.assert_allclose(found[0][2], found[1][2], rtol=1e-9)


# Memory.

LIMIT = 2**26
# The file is four times as large as the memory that the program may still map.
WRITE = """
import sys
import numpy as np
path, kind, total = sys.argv[1], sys.argv[2], int(sys.argv[3])
width, part = 64, 2**15
count = total // (8 * width)
block = np.random.default_rng(0).normal(size=(part, width))
labels = (block[:, 0] > 0).astype("int64")
if kind == "h5":
    import h5py
    with h5py.File(path, "w") as file:
        X = file.create_dataset("x", (count, width), "f8", chunks=(512, width))
        file["y"] = np.tile(labels, count // part)
        for start in range(0, count, part):
            X[start : start + part] = block
else:
    import pyarrow as pa, pyarrow.parquet as pq
    table = pa.table({**{f"c{i}": column for i, column in enumerate(block.T)}, "y": labels})
    with pq.ParquetWriter(path, table.schema, compression="none", use_dictionary=False) as writer:
        for start in range(0, count, part):
            writer.write_table(table)
"""
TRAIN = """
import resource, sys
import numpy as np
from xl2 import Network, fit
from xl2.data import open_rows
from xl2.nn.scaling import Scaling
path, limit = sys.argv[1], int(sys.argv[2])
X, y = open_rows(path)
network = Network([64, 8, 2], ["relu", "softmax"], backend="numpy")
# Memory that the libraries map on their first use does not count.
fit(network, np.zeros((300, 64)), np.arange(300) % 2, epochs=1)
Scaling.learn(np.zeros((3, 64)))
X[:10]
pages = int(open("/proc/self/statm").read().split()[0])
most = pages * resource.getpagesize() + limit
resource.setrlimit(resource.RLIMIT_AS, (most, most))
try:
    X[:]
except MemoryError:
    print("too large")
scaled = Scaling.learn(X).lazily(X)
fit(network, scaled, y, epochs=1, learning_rate=0.1, batch_size=512)
print(network.score(scaled, y) > 0.9, network.predict(scaled).shape[0] == len(y))
"""


@pytest.mark.host
def test_the_examples_of_the_docs_run(tmp_path, monkeypatch):
    pytest.importorskip("h5py", reason='HDF5: pip install "xl2[data]"')
    pytest.importorskip("pyarrow", reason='Parquet: pip install "xl2[data]"')
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs" / "large_data.md").read_text()
    names = {}
    for snippet in re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL):
        exec(snippet, names)
    assert names["score"] > 0.9


@pytest.mark.host
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits of Linux")
@pytest.mark.parametrize("kind", ["h5", "parquet"])
def test_training_on_a_file_four_times_the_memory(tmp_path, kind):
    pytest.importorskip({"h5": "h5py", "parquet": "pyarrow"}[kind], reason='"xl2[data]"')
    path = tmp_path / f"x.{kind}"

    def child(code, *arguments):
        folders = [folder for folder in sys.path if folder]
        program = f"import sys; sys.path[:0] = {folders!r}\n{textwrap.dedent(code)}"
        done = subprocess.run(
            [sys.executable, "-c", program, *map(str, arguments)],
            capture_output=True,
            text=True,
            env={"OMP_NUM_THREADS": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"},
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    child(WRITE, path, kind, 4 * LIMIT)
    assert path.stat().st_size >= 4 * LIMIT
    try:
        assert child(TRAIN, path, LIMIT) == ["too", "large", "True", "True"]
    finally:
        path.unlink()
