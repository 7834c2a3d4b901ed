"""Paths on samples that stay on disk or in Dask, which are never in memory as a whole."""

import pickle

import numpy as np
import pytest
from clusters import client_of
from plain_paths import plain_path
from sklearn.model_selection import KFold, ShuffleSplit

from xl2 import InputError, Network, fit
from xl2.array import dask_rows, rows
from xl2.array.backend import connect
from xl2.data import open_rows
from xl2.nn.dask_samples import as_rows
from xl2.nn.moments import moments
from xl2.nn.scaling import Scaling
from xl2.path.fold_rows import Conversion, FoldRows

RNG = np.random.default_rng(0)
DENSE = RNG.normal(5.0, 3.0, size=(300, 6))
LABELS = np.where(DENSE[:, 0] - DENSE[:, 1] + RNG.normal(size=300) > 0, "more", "less")
VALUES = DENSE[:, :1] * 2 + RNG.normal(size=(300, 1))
KINDS = ("npy", "h5", "zarr", "parquet", "dask", "dask frame")
every_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Let 60 rows in float64 be on the backend at once."""
    monkeypatch.setattr(rows, "CHUNK_BYTES", 60 * 6 * 8)
    monkeypatch.setattr(rows, "BLOCK_BYTES", 10 * 6 * 8)
    monkeypatch.setattr(dask_rows, "KEPT_BYTES", 80 * 6 * 8)


def dask_array(X, size=20):
    da = pytest.importorskip("dask.array", reason='dask: pip install "xl2[dask]"')
    return da.from_array(X, chunks=(size, 6))


def stored(kind, folder, X=DENSE):
    """Return an array on disk or in Dask."""
    if kind == "npy":
        np.save(folder / "x.npy", X)
        return np.load(folder / "x.npy", mmap_mode="r")
    if kind == "h5":
        h5py = pytest.importorskip("h5py", reason='HDF5: pip install "xl2[data]"')
        with h5py.File(folder / "x.h5", "w") as file:
            file.create_dataset("x", data=X, chunks=(10, 6))
        return h5py.File(folder / "x.h5", "r")["x"]
    if kind == "zarr":
        zarr = pytest.importorskip("zarr", reason='zarr: pip install "xl2[zarr]"')
        array = zarr.create_array(folder / "x.zarr", shape=X.shape, chunks=(10, 3), dtype=X.dtype)
        array[:] = X
        return array
    if kind == "parquet":
        pa = pytest.importorskip("pyarrow", reason='Parquet: pip install "xl2[data]"')
        pq = pytest.importorskip("pyarrow.parquet", reason='Parquet: pip install "xl2[data]"')
        table = {**dict(zip("abcdef", X.T, strict=True)), "y": np.zeros(len(X))}
        pq.write_table(pa.table(table), folder / "x.parquet", row_group_size=25)
        return open_rows(folder / "x.parquet")[0]
    if kind == "dask":
        return dask_array(X)
    dd = pytest.importorskip("dask.dataframe", reason='dask: pip install "xl2[dask]"')
    pd = pytest.importorskip("pandas", reason='pandas: pip install "xl2[data]"')
    return dd.from_pandas(pd.DataFrame(X, columns=list("abcdef")), npartitions=13)


def path_of(X, y=LABELS, **options):
    own = {"cv": 3, "hidden": (8,), "epochs": 3, "batch_size": 20, "dtype": "float64"}
    return plain_path(X, y, [0, 1], progress=False, **own | options)


def assert_same(mine, its, rtol=1e-9):
    np.testing.assert_allclose(mine.validation_scores_, its.validation_scores_, rtol=rtol)
    np.testing.assert_allclose(mine.train_scores_, its.train_scores_, rtol=rtol)
    for name, curve in mine.curves_.items():
        np.testing.assert_allclose(curve, its.curves_[name], rtol=rtol)
    assert mine.best_lambda_ == its.best_lambda_
    np.testing.assert_allclose(
        mine.best_model_.forward(DENSE), its.best_model_.forward(DENSE), rtol=rtol
    )


@every_kind
@pytest.mark.parametrize("standardize", [False, True])
def test_without_shuffling_a_path_equals_that_of_the_array(tmp_path, kind, standardize):
    options = {"standardize": standardize, "shuffle": False}
    assert_same(path_of(stored(kind, tmp_path), **options), path_of(DENSE, **options))


@pytest.mark.parametrize("standardize", [False, True])
def test_a_memory_map_is_shuffled_like_the_array(tmp_path, standardize):
    options = {"standardize": standardize, "seed": [3, 4], "sample_weight": 1 + np.arange(300) % 3}
    assert_same(path_of(stored("npy", tmp_path), **options), path_of(DENSE, **options))


def test_folds_may_have_their_rows_in_any_order(tmp_path):
    options = {"shuffle": False, "cv": ShuffleSplit(3, random_state=0)}
    assert_same(path_of(stored("h5", tmp_path), **options), path_of(DENSE, **options))


@pytest.mark.parametrize("standardize", [False, True])
def test_values_are_scaled_by_each_fold(tmp_path, standardize):
    options = {"standardize": standardize, "shuffle": False}
    mine = path_of(stored("dask", tmp_path), VALUES, **options)
    assert_same(mine, path_of(DENSE, VALUES, **options))


def test_few_samples_are_read_whole_and_shuffled_like_the_array(tmp_path):
    y = LABELS[:60]
    for kind in KINDS:
        folder = tmp_path / kind
        folder.mkdir()
        assert_same(path_of(stored(kind, folder, DENSE[:60]), y), path_of(DENSE[:60], y), 0)


@pytest.mark.parametrize("kind", ["h5", "dask"])
def test_each_member_equals_the_network_trained_alone(tmp_path, kind):
    """In the order in which `fit` trains on the same rows."""
    X, y = stored(kind, tmp_path), (LABELS == "more").astype(int)
    splits = list(KFold(3).split(DENSE))
    path = path_of(X, cv=splits, standardize=True, return_members=True, seed=5, per="batch")
    for f, (training, held) in enumerate(splits):
        scaling = Scaling.learn(DENSE[training])
        alone = Network([6, 8, 1], ["relu", "sigmoid"], "he", seed=5, dtype="float64")
        fit(
            alone, scaling.lazily(as_rows(X)), y,
            rows=training, seed=5, epochs=3, batch_size=20, optimizer="adam", learning_rate=0.001,
        )  # fmt: skip
        member, scaled = path.member(0.0, f), scaling.apply(DENSE[held], "float64")
        np.testing.assert_allclose(member.forward(scaled), alone.forward(scaled), rtol=1e-9)


def test_validation_samples_may_stay_where_they_are(tmp_path, monkeypatch):
    whole = type(stored("dask", tmp_path)), "__array__"
    monkeypatch.setattr(*whole, lambda *_, **__: pytest.fail("all of it was computed"))
    for X in (DENSE, stored("npy", tmp_path)):
        mine, its = (
            path_of(X, cv=None, validation=(held, LABELS), standardize=True)
            for held in (stored("dask", tmp_path), DENSE)
        )
        assert_same(mine, its)


def test_results_do_not_depend_on_where_dask_computes(tmp_path):
    dask = pytest.importorskip("dask", reason='dask: pip install "xl2[dask]"')
    X = stored("dask", tmp_path)
    with dask.config.set(scheduler="synchronous"):
        its = path_of(X, standardize=True)
    with client_of(2):
        assert_same(path_of(X, standardize=True), its, 0)


@pytest.mark.slow
def test_a_worker_process_trains_a_path_on_samples_in_dask(tmp_path):
    distributed = pytest.importorskip("distributed", reason='dask: pip install "xl2[dask]"')

    def task(X, y=LABELS):  # a closure is sent as it is: workers cannot import the tests
        from plain_paths import plain_path

        from xl2.array import rows

        rows.CHUNK_BYTES = size
        path = plain_path(
            X, y, [0, 1], cv=3, hidden=(8,), epochs=2, standardize=True, progress=False
        )
        return path.validation_scores_

    size = rows.CHUNK_BYTES
    X = stored("dask", tmp_path)
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        mine = client.submit(task, X, pure=False).result(timeout=120)
        persisted = client.persist(X)
        again = client.submit(task, persisted, pure=False).result(timeout=120)
    its = task(X)
    np.testing.assert_array_equal(mine, its)
    np.testing.assert_array_equal(again, its)


@pytest.mark.parametrize("cv", [3, ShuffleSplit(3, random_state=0)])
def test_a_path_never_has_all_partitions_and_computes_few_more_than_it_trains_on(monkeypatch, cv):
    da = pytest.importorskip("dask.array", reason='dask: pip install "xl2[dask]"')
    dask = pytest.importorskip("dask", reason='dask: pip install "xl2[dask]"')
    monkeypatch.setattr("xl2.path.settings.PathSettings.workers", lambda self: 1)  # one stack
    made = []

    def block(k):
        if len(k):
            made.append(k[0])
        return DENSE[int(k[0]) * 10 :][:10] if len(k) else DENSE[:0]

    X = da.map_blocks(
        block, da.arange(30, chunks=1), new_axis=1, chunks=((10,) * 30, (6,)), dtype=float
    )
    passes = []
    with dask.config.set(scheduler="synchronous"):
        for epochs in (1, 3):
            made.clear()
            path_of(X, epochs=epochs, refit=False, standardize=True, cv=cv)
            passes.append(len(made) / 30)
    # In an epoch one for the training of all folds, and one for their validation.
    assert (passes[1] - passes[0]) / 2 < 3.0
    # Those of the first epoch, of the scores of each fold, and of what is learnt before.
    assert passes[0] < 12.0
    read = []
    original = rows.StoredRows._read
    monkeypatch.setattr(
        rows.StoredRows, "_read", lambda self, one: read.append(len(one)) or original(self, one)
    )
    path_of(X, standardize=True)
    assert max(read) <= 60


def test_scalings_of_all_folds_take_one_pass(tmp_path):
    X = as_rows(stored("dask", tmp_path))
    masks = RNG.random((300, 4)) < 0.7
    computed = []
    original = dask_rows.DaskRows.map
    dask_map = lambda self, *given: computed.append(1) or original(self, *given)  # noqa: E731
    from xl2.nn.moments import moments_of

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dask_rows.DaskRows, "map", dask_map)
        found = Scaling.of_moments(moments_of(X, masks))
    for f, scaling in enumerate(found):
        own = DENSE[masks[:, f]]
        np.testing.assert_allclose(scaling.mean, own.mean(axis=0), rtol=1e-12)
        np.testing.assert_allclose(scaling.scale, own.std(axis=0), rtol=1e-12)
    assert computed == [1]


def test_rounding_leaves_a_constant_column_no_negative_variance():
    """Of which the root would be a NaN, with a warning."""
    for seed in range(40):
        rng = np.random.default_rng(seed)
        column = np.full((97, 1), 10.0 * rng.normal())
        found = moments(column, None, rng.random(97))
        assert found.variance() >= 0.0
        assert Scaling.of_moments(found)[0].scale == 1.0


def test_the_copies_of_folds_are_read_once_and_can_be_pickled(tmp_path):
    scalings = [Scaling.learn(DENSE[k::3]) for k in range(3)]
    X = as_rows(stored("dask", tmp_path))
    lazy = FoldRows(X, [Conversion(None, scaling) for scaling in scalings], 6)
    whole = np.concatenate([scaling.apply(DENSE, "float64") for scaling in scalings])
    chosen = np.array([899, 5, 305, 605, 5, 0])
    for copy in (lazy, pickle.loads(pickle.dumps(lazy))):
        np.testing.assert_array_equal(copy[chosen], whole[chosen])
        np.testing.assert_array_equal(copy[290:610], whole[290:610])
    host = rows.StoredRows(lazy, connect("numpy"), "float64")
    np.testing.assert_array_equal(np.unique(host.edges % 300), np.arange(0, 300, 20))


@every_kind
def test_a_pickle_of_samples_says_where_they_are(tmp_path, kind):
    X = as_rows(stored(kind, tmp_path))
    X = X[100:] if kind == "npy" else X
    host = rows.StoredRows(X, connect("numpy"), "float64").subset(np.arange(150, 20, -3))
    text = pickle.dumps(host)
    if "dask" not in kind:  # `from_array` has the samples in its graph
        assert len(text) < DENSE.nbytes / 2
    before, after = host.between(3, 30), pickle.loads(text).between(3, 30)
    np.testing.assert_array_equal(after, before)
    np.testing.assert_array_equal(
        before, DENSE[100 * (kind == "npy") :][np.arange(150, 20, -3)][3:30]
    )


def test_a_pickle_has_what_was_written_to_a_copy_of_a_file(tmp_path):
    stored("npy", tmp_path)
    X = np.load(tmp_path / "x.npy", mmap_mode="c")
    X[3] = 7.0
    host = rows.StoredRows(X, connect("numpy"), "float64")
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(host)).between(3, 4), X[3:4])


def test_a_function_that_needs_the_samples_and_a_transformer_are_refused(tmp_path):
    from sklearn.preprocessing import StandardScaler

    X = stored("npy", tmp_path)
    with pytest.raises(InputError, match="stay on disk or in Dask"):
        path_of(X, scoring=lambda estimator, X, y: 0.0)
    with pytest.raises(InputError, match="Prepare them first"):
        path_of(X, preprocessing=StandardScaler())


@every_kind
@pytest.mark.filterwarnings("ignore:X has feature names")  # a frame for the transformer of an array
def test_a_transformer_gets_other_samples_from_where_they_are(tmp_path, kind):
    from sklearn.preprocessing import StandardScaler

    X, own = stored(kind, tmp_path), {"preprocessing": StandardScaler(), "cv": None}
    mine, its = (path_of(DENSE, validation=(held, LABELS), **own) for held in (X, DENSE))
    assert_same(mine, its)
    model = its.best_model_
    if kind == "dask frame":
        with pytest.raises(InputError, match=r"Pass X\.compute\(\)"):
            model.forward(X)
        return
    np.testing.assert_array_equal(model.forward(X), model.forward(DENSE))
    assert model.score(X, LABELS) == model.score(DENSE, LABELS)


def test_a_nan_is_named_by_its_row(tmp_path):
    X = DENSE.copy()
    X[281, 2] = np.nan
    for kind in KINDS:
        folder = tmp_path / kind
        folder.mkdir()
        for standardize in (False, True):
            with pytest.raises(InputError, match=r"row 282[.]"):
                path_of(stored(kind, folder, X), standardize=standardize, preprocessing=None)
            for file in folder.glob("x.zarr"):
                file.rename(folder / f"{standardize}")


def test_a_nan_of_validation_samples_is_not_blamed_on_the_others(tmp_path):
    X = DENSE.copy()
    X[281, 2] = np.nan
    for standardize in (False, True):
        with pytest.raises(InputError, match=r"validation X holds a NaN .*row 282[.]"):
            path_of(DENSE, cv=None, validation=(dask_array(X), LABELS), standardize=standardize)


@pytest.mark.filterwarnings("ignore:Training has not finished")
def test_experiments_read_the_samples_where_they_are(tmp_path):
    options = {
        "epochs": 10,
        "shuffle": False,
        "without": {"first": [0, 1]},
        "experiments": ["wider"],
    }
    mine, its = (path_of(X, **options) for X in (stored("npy", tmp_path), DENSE))
    assert mine.evidence_.repeated == its.evidence_.repeated == 0
    tried = [[one.key for one in path.evidence_.trials] for path in (mine, its)]
    assert tried[0] == tried[1]
