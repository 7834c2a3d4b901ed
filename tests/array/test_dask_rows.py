"""Samples in Dask train like those in memory, and are never in memory as a whole."""

import pickle
import threading
import weakref

import numpy as np
import pytest
from clusters import client_of

import xl2
from xl2 import InputError, Model, Network, fit
from xl2.array import dask_rows, rows
from xl2.nn.dask_samples import as_rows
from xl2.nn.scaling import Scaling
from xl2.training.batching import Batching
from xl2.training.orders import Orders

dask = pytest.importorskip("dask", reason='dask: pip install "xl2[dask]"')
da = pytest.importorskip("dask.array", reason='dask: pip install "xl2[dask]"')
dd = pytest.importorskip("dask.dataframe", reason='dask: pip install "xl2[dask]"')
distributed = pytest.importorskip("distributed", reason='dask: pip install "xl2[dask]"')
pd = pytest.importorskip("pandas", reason='pandas: pip install "xl2[data]"')

RNG = np.random.default_rng(0)
DENSE = RNG.normal(3.0, 2.0, size=(83, 6))
LABELS = np.arange(83) % 3
FRAME = pd.DataFrame(DENSE, columns=list("abcdef"))
INTEGERS = FRAME[:0].astype(int)
KINDS = {
    "array": lambda x: da.from_array(x, chunks=((5, 30, 0, 9, 39), 6)),
    "chunks of columns": lambda x: da.from_array(x, chunks=(10, 4)),
    "unknown chunks": lambda x: (lambda a: a[a[:, 0] > -99.0])(da.from_array(x, chunks=(10, 6))),
    "frame": lambda x: dd.from_pandas(pd.DataFrame(x, columns=list("abcdef")), npartitions=7),
    "frame of pandas' types": lambda x: dd.from_pandas(
        pd.DataFrame(x, columns=list("abcdef")).convert_dtypes(), npartitions=7
    ),
}
every_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(scope="module")
def client():
    """Return the client of a cluster with one worker of one thread."""
    with client_of(1, set_as_default=False) as found:
        yield found


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Let 20 rows be on the backend at once."""
    monkeypatch.setattr(rows, "CHUNK_BYTES", 20 * 6 * 8)


WATCHED = []  # a worker in this process finds them here


class Watched:
    """Blocks of an array, made when they are asked for: which, and how many rows live at once."""

    def __init__(self, x, size):
        self.x, self.size, self.made, self.live, self.most = x, size, [], 0, 0
        self.lock, self.number = threading.Lock(), len(WATCHED)
        WATCHED.append(self)
        blocks = da.arange(-(-len(x) // size), chunks=1)
        lengths = tuple(len(x[k : k + size]) for k in range(0, len(x), size))
        self.array = da.map_blocks(
            self.block, blocks, new_axis=1, chunks=(lengths, (x.shape[1],)), dtype=x.dtype
        )

    def block(self, k):
        if not len(k):  # Dask asks for an example
            return np.empty((0, self.x.shape[1]))
        found = self.x[k[0] * self.size :][: self.size].copy()
        with self.lock:
            self.made.append(int(k[0]))
            self.live += len(found)
            self.most = max(self.most, self.live)
        weakref.finalize(found, self.forget, len(found))
        return found

    def __reduce__(self):
        return watched_before, (self.number,)

    def forget(self, count):
        with self.lock:
            self.live -= count


def watched_before(number):
    return WATCHED[number]


def trained(X, y=LABELS, where=None, **options):
    network = Network([6, 4, 3], ["relu", "softmax"], seed=1, dtype="float64", **(where or {}))
    options = {"epochs": 3, "learning_rate": 0.1, "batch_size": 5} | options
    fit(network, X, y, **options)
    return network


def assert_same(mine, its, rtol=0.0):
    for one, other in zip(mine.host_parameters(), its.host_parameters(), strict=True):
        np.testing.assert_allclose(one[0], other[0], rtol=rtol, atol=rtol)
        np.testing.assert_allclose(one[1], other[1], rtol=rtol, atol=rtol)


@every_kind
def test_without_shuffling_the_result_equals_that_of_the_array(kind):
    X = KINDS[kind](DENSE)
    options = {"shuffle": False, "sample_weight": 1 + np.arange(83) % 4}
    network = trained(X, **options)
    assert_same(network, trained(DENSE, **options))
    np.testing.assert_array_equal(network.forward(X), network.forward(DENSE))
    np.testing.assert_array_equal(network.predict(X), network.predict(DENSE))
    assert network.score(X, LABELS) == network.score(DENSE, LABELS)
    model = Model(network, Scaling.learn(DENSE), features=tuple("abcdef") if "f" in kind else ())
    np.testing.assert_array_equal(model.forward(X), model.forward(DENSE))


@pytest.mark.one_on_jax
@pytest.mark.parametrize("kind", ["array", "frame"])
def test_every_library_trains_on_partitions(where, kind):
    X = KINDS[kind](DENSE)
    mine = trained(X, where=where, shuffle=False, epochs=1, validation=(X, LABELS))
    its = trained(DENSE, where=where, shuffle=False, epochs=1, validation=(DENSE, LABELS))
    assert_same(mine, its, 1e-12)


def test_samples_that_fit_into_one_chunk_are_shuffled_like_the_array():
    for kind in KINDS:
        X = KINDS[kind](DENSE[:83])[:20] if kind == "array" else KINDS["frame"](DENSE[:20])
        assert_same(trained(X, LABELS[:20]), trained(DENSE[:20], LABELS[:20]))


def test_partitions_are_shuffled_and_then_their_rows(client):
    """The result equals that of the array in the same order, wherever Dask computes."""
    X = KINDS["array"](DENSE)
    host = rows.StoredRows(as_rows(X), xl2.array.backend.connect("numpy"), "float64")
    np.testing.assert_array_equal(host.edges, [0, 5, 35, 44, 83])
    order = next(Orders(host, None, 83, [4], Batching(5)))
    assert sorted(order) == list(range(83))
    its = trained(DENSE, rows=order, shuffle=False, epochs=1)
    for scheduler in ("synchronous", "threads", client):
        with dask.config.set(scheduler=scheduler):
            assert_same(trained(X, seed=4, epochs=1), its)


def test_training_computes_each_partition_once_an_epoch_and_never_has_all(monkeypatch):
    X = RNG.normal(size=(400, 6))
    monkeypatch.setattr(dask_rows, "KEPT_BYTES", 25 * 6 * 8)
    watched, y = Watched(X, 10), np.arange(400) % 3
    with dask.config.set(scheduler="synchronous"):
        trained(watched.array, y, epochs=3)
        assert sorted(watched.made) == sorted([*range(40)] * 3)
        # A window of 20 rows, what is computed for it, and what is kept.
        assert watched.most <= 80
        assert watched.made[:40] != watched.made[40:80]


def test_a_partition_larger_than_a_chunk_is_computed_once_an_epoch(monkeypatch):
    monkeypatch.setattr(dask_rows, "KEPT_BYTES", 1)
    watched = Watched(RNG.normal(size=(400, 6)), 100)
    with dask.config.set(scheduler="synchronous"):
        trained(watched.array, np.arange(400) % 3, epochs=2)
    assert 5 <= len(watched.made) <= 8  # two of the four are kept
    assert watched.most <= 300


def test_rows_in_any_order_are_one_computation_of_each_partition(monkeypatch):
    monkeypatch.setattr(dask_rows, "KEPT_BYTES", 1)
    watched = Watched(DENSE, 10)
    with dask.config.set(scheduler="synchronous"):
        lazy = as_rows(watched.array)
        found = lazy[np.array([70, 3, 3, 41, 79, 0])]
    np.testing.assert_array_equal(found, DENSE[[70, 3, 3, 41, 79, 0]])
    assert sorted(watched.made) == [0, 4, 7]


# Scaling.


@pytest.mark.parametrize("scheduler", ["synchronous", "threads", "cluster"])
def test_a_scaling_is_learnt_in_one_pass_and_equals_numpys(client, scheduler):
    X = RNG.normal(1e4, 3.0, size=(4000, 6)).cumsum(axis=0) % 1e5
    X[:, 2] = 0.1
    watched = Watched(X, 130)
    with dask.config.set(scheduler=client if scheduler == "cluster" else scheduler):
        found = Scaling.learn(watched.array)
    np.testing.assert_allclose(found.mean, X.mean(axis=0), rtol=1e-12)
    rest = np.arange(6) != 2
    np.testing.assert_allclose(found.scale[rest], X.std(axis=0)[rest], rtol=1e-12)
    assert found.scale[2] == 1.0
    assert sorted(watched.made) == list(range(31))


@every_kind
def test_scaled_rows_train_like_the_scaled_array(kind):
    X, whole = KINDS[kind](DENSE), Scaling.learn(DENSE)
    np.testing.assert_allclose(Scaling.learn(X).scale, whole.scale, rtol=1e-12)
    lazy = whole.lazily(X)
    np.testing.assert_array_equal(np.asarray(lazy), whole.apply(DENSE, "float64"))
    scaled = trained(lazy, shuffle=False)
    assert_same(scaled, trained(whole.apply(DENSE, "float64"), shuffle=False))


def test_some_columns_of_a_parquet_file(tmp_path):
    """Of which Dask joins partitions in some of its functions."""
    pytest.importorskip("pyarrow", reason='Parquet: pip install "xl2[data]"')
    whole = pd.concat([FRAME] * 10, axis=1).set_axis([f"c{k}" for k in range(60)], axis=1)
    whole.to_parquet(tmp_path / "x.parquet", row_group_size=10)
    X = dd.read_parquet(tmp_path / "x.parquet", split_row_groups=True)
    names = [f"c{k}" for k in range(6)]
    np.testing.assert_array_equal(np.asarray(as_rows(X[names])), DENSE)
    network = Network([6, 2], ["softmax"])
    model = Model(network, features=tuple(names))
    np.testing.assert_array_equal(model.forward(X), model.forward(whole))


# Targets, errors, other places.


def test_targets_may_be_in_dask():
    for y in (da.from_array(LABELS, chunks=9), dd.from_pandas(pd.Series(LABELS), npartitions=3)):
        assert_same(trained(KINDS["array"](DENSE), y), trained(KINDS["array"](DENSE), LABELS))


def test_a_nan_is_named_by_its_row():
    X = DENSE.copy()
    X[61, 4] = np.nan
    for kind in KINDS:
        if kind == "unknown chunks":
            continue  # leaves out what is not above -99
        for use in (lambda X: trained(X, shuffle=False), Scaling.learn):
            with pytest.raises(InputError, match=r"row 62[.]"):
                use(KINDS[kind](X))


@pytest.mark.parametrize(
    ("X", "words"),
    [
        (lambda: da.zeros(83, chunks=10), "1 dimensions"),
        (lambda: da.zeros((83, 5), chunks=10), "5 features, but the network expects 6"),
        (lambda: da.zeros((83, 6), chunks=10, dtype=complex), "complex128"),
        (lambda: dd.from_pandas(FRAME.assign(f="x"), npartitions=3), "column 'f' has the type"),
        (lambda: da.zeros((83, 6), chunks=10).map_blocks(_sparse), "Dask array of scipy's"),
        (
            lambda: da.ma.masked_less(KINDS["array"](DENSE), 0.0),
            r"numpy's MaskedArray.*dask[.]array[.]ma[.]filled\(X, 0\)",
        ),
        (
            lambda: da.map_blocks(lambda b: b, KINDS["array"](DENSE), dtype=int),
            "from row 1 on has the dtype float64, but int64 was announced",
        ),
        (
            lambda: dd.from_map(lambda k: FRAME[k : k + 20], range(0, 83, 20), meta=INTEGERS),
            "A partition of X has the dtype float64, but int64 was announced",
        ),
        (
            lambda: da.map_blocks(lambda b: b[1:], KINDS["array"](DENSE), dtype=float),
            r"from row 1 on has shape \(4, 6\). Expected \(5, 6\)",
        ),
    ],
)
def test_what_cannot_be_used_is_an_error(X, words):
    with pytest.raises(InputError, match=words):
        trained(X(), np.arange(83) % 3)


def test_a_scaling_of_no_samples_is_refused():
    for X in (
        da.zeros((0, 6)),
        KINDS["array"](DENSE)[:0],
        dd.from_pandas(FRAME[:0], npartitions=1),
    ):
        with pytest.raises(InputError, match=r"X is empty[.]"):
            Scaling.learn(X)


def _sparse(block):
    return pytest.importorskip("scipy.sparse", reason="scipy is installed").csr_array(block)


def test_a_pickle_has_the_graph_and_not_what_was_computed():
    X = as_rows(da.random.default_rng(0).normal(size=(5000, 6), chunks=(100, 6)))
    read = X[:]
    again = pickle.dumps(X)
    assert len(again) < read.nbytes / 10
    np.testing.assert_array_equal(pickle.loads(again)[4990:], read[4990:])


def test_a_task_of_a_worker_trains_on_partitions(client):
    """It waits for tasks of its own, and the only thread of the worker must be free for them."""

    def task(X):
        return trained(X, seed=4, epochs=1).host_parameters()[0][0]

    X = KINDS["array"](DENSE)
    mine = client.submit(task, X).result(timeout=60)
    np.testing.assert_array_equal(mine, trained(X, seed=4, epochs=1).host_parameters()[0][0])


def test_persisted_partitions_are_read_from_the_cluster(client):
    watched = Watched(DENSE, 10)
    X = client.persist(watched.array)
    distributed.wait(X)
    with client.as_current():
        assert_same(trained(X, shuffle=False), trained(DENSE, shuffle=False))
    assert sorted(watched.made) == list(range(9))
