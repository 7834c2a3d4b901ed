"""The estimators train on Dask arrays and data frames without computing the whole."""

import numpy as np
import pytest

import xl2
from xl2 import MLPClassifier, MLPClassifierCV, MLPRegressor
from xl2.array import dask_rows, rows

da = pytest.importorskip("dask.array", reason='dask: pip install "xl2[dask]"')
dd = pytest.importorskip("dask.dataframe", reason='dask: pip install "xl2[dask]"')
pd = pytest.importorskip("pandas", reason='pandas: pip install "xl2[data]"')

RNG = np.random.default_rng(0)
DENSE = RNG.normal(size=(200, 4))
KINDS = np.where(DENSE[:, 0] + DENSE[:, 1] > 0, "more", "less")
FRAME = pd.DataFrame(DENSE, columns=list("abcd"))
SAMPLES = {
    "array": (da.from_array(DENSE, chunks=(20, 4)), DENSE),
    "frame": (dd.from_pandas(FRAME, npartitions=11), FRAME),
}
every_kind = pytest.mark.parametrize("kind", SAMPLES)
few_epochs = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture
def small(monkeypatch):
    """Let 50 rows be on the backend at once, and fail if many partitions are computed together."""
    monkeypatch.setattr(rows, "CHUNK_BYTES", 50 * 4 * 8)
    monkeypatch.setattr(dask_rows, "KEPT_BYTES", 1)
    original = rows.StoredRows._read

    def read(self, chosen):
        assert len(chosen) <= 50
        return original(self, chosen)

    monkeypatch.setattr(rows.StoredRows, "_read", read)


def assert_same(mine, its, rtol=1e-12):
    for one, other in zip(mine.coefs_, its.coefs_, strict=True):
        np.testing.assert_allclose(one, other, rtol=rtol, atol=1e-12)


@every_kind
def test_few_samples_train_like_those_in_memory(kind):
    X, whole = SAMPLES[kind]
    mine, its = (MLPClassifier((5,), max_iter=40, tol=1.0, random_state=0) for _ in range(2))
    mine.fit(X, da.from_array(KINDS, chunks=9))
    its.fit(whole, KINDS)
    assert_same(mine, its, 0)
    assert mine.n_features_in_ == 4
    assert list(getattr(mine, "feature_names_in_", [])) == list(
        getattr(its, "feature_names_in_", [])
    )
    np.testing.assert_array_equal(mine.predict(X), its.predict(whole))


@few_epochs
@every_kind
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_many_samples_without_shuffling_train_like_those_in_memory(small, kind, solver):
    X, whole = SAMPLES[kind]
    options = {"solver": solver, "max_iter": 3, "shuffle": False, "random_state": 0}
    mine, its = (MLPClassifier((5,), batch_size=7, **options) for _ in range(2))
    mine.fit(X, KINDS)
    its.fit(whole, KINDS)
    assert_same(mine, its, 1e-9)
    np.testing.assert_allclose(mine.predict_proba(X), its.predict_proba(whole), rtol=1e-9)
    assert mine.score(X, dd.from_pandas(pd.Series(KINDS), npartitions=2)) == its.score(whole, KINDS)


@few_epochs
@every_kind
def test_many_samples_are_shuffled_by_partitions(small, kind):
    X, y = SAMPLES[kind][0], DENSE[:, 0]
    options = {"early_stopping": True, "batch_size": 10, "learning_rate_init": 0.02}
    model = MLPRegressor(hidden_layer_sizes=(8,), max_iter=6, random_state=0, **options)
    model.fit(X, y, X_val=X, y_val=y)
    assert model.score(X, y) > 0.5
    again = MLPRegressor(hidden_layer_sizes=(8,), max_iter=1, random_state=0, **options)
    before = again.fit(X, y).coefs_[0].copy()
    np.testing.assert_array_equal(again.fit(X, y).coefs_[0], before)
    names = list(getattr(again, "feature_names_in_", []))
    assert names == (list("abcd") if kind == "frame" else [])


@few_epochs
def test_samples_that_are_split_off_are_read_partition_by_partition(small, monkeypatch):
    monkeypatch.setattr(rows, "CHUNK_BYTES", 20 * 4 * 8)
    wanted, computed = [], dask_rows.DaskRows._computed
    monkeypatch.setattr(
        dask_rows.DaskRows, "_computed", lambda self, of: wanted.extend(of) or computed(self, of)
    )
    options = {"early_stopping": True, "validation_fraction": 0.5, "batch_size": 10}
    model = MLPRegressor(hidden_layer_sizes=(8,), max_iter=4, random_state=0, **options)
    model.fit(SAMPLES["array"][0], DENSE[:, 0])
    # Ten partitions in each epoch for training and for validation; a window may begin within one.
    assert len(wanted) <= 4 * 2 * 20


@every_kind
def test_alphas_are_chosen_on_partitions(small, kind):
    X, whole = SAMPLES[kind]
    options = {
        "cv": 3,
        "hidden_layer_sizes": (5,),
        "max_iter": 3,
        "shuffle": False,
        "batch_size": 7,
    }
    mine, its = (MLPClassifierCV([0.01, 1], random_state=0, **options) for _ in range(2))
    mine.fit(X, KINDS)
    its.fit(whole, KINDS)
    np.testing.assert_allclose(mine.scores_, its.scores_, rtol=1e-9)
    assert_same(mine, its, 1e-9)
    np.testing.assert_array_equal(mine.predict(X), its.predict(whole))


def test_other_columns_are_refused(small):
    X, _ = SAMPLES["frame"]
    model = MLPClassifier((5,), batch_size=10, max_iter=20, tol=9.0, random_state=0)
    model.fit(X, KINDS)
    with pytest.raises(xl2.InputError, match="3 features, but MLPClassifier is expecting 4"):
        model.predict(X[["a", "b", "c"]])
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(X[["b", "a", "c", "d"]])
    with pytest.raises(xl2.InputError, match="X has 200 samples but y has 5"):
        model.fit(X, KINDS[:5])
