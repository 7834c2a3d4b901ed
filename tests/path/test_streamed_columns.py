"""Data frames of Dask with gaps, text and categories are encoded where their partitions are."""

import warnings
from collections import Counter
from functools import partial

import numpy as np
import pytest
from plain_paths import plain_path

from xl2 import InputError
from xl2.array import rows
from xl2.nn import medians
from xl2.nn.dask_samples import as_rows
from xl2.nn.medians import counted_values, edges_in, joined_edges, medians_by
from xl2.path import streamed_columns
from xl2.path.streamed_columns import StreamedColumns

dask = pytest.importorskip("dask", reason='dask: pip install "xl2[dask]"')
da = pytest.importorskip("dask.array", reason='dask: pip install "xl2[dask]"')
dd = pytest.importorskip("dask.dataframe", reason='dask: pip install "xl2[dask]"')
pd = pytest.importorskip("pandas", reason='pandas: pip install "xl2[data]"')

RNG = np.random.default_rng(0)
COUNT = 240


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Let few rows be on the backend at once."""
    monkeypatch.setattr(rows, "CHUNK_BYTES", 60 * 8 * 8)


def frame_of(count=COUNT):
    rng = np.random.default_rng(1)
    age = rng.normal(40, 12, count)
    frame = pd.DataFrame(
        {
            "age": np.where(rng.random(count) < 0.2, np.nan, age),
            "size": rng.integers(1, 9, count),
            "colour": rng.choice(["red", "green", "blue", None], count, p=[0.4, 0.3, 0.2, 0.1]),
            "kind": pd.Categorical(rng.choice(["a", "b"], count)),
            "sold": rng.random(count) < 0.5,
            "weight": pd.array(rng.normal(size=count)).astype("Float64"),
        }
    )
    frame.loc[[3, 20], "colour"] = "rare"
    frame.loc[[5, 30], "weight"] = pd.NA
    y = np.where((age > 40) ^ (frame["colour"] == "red"), "yes", "no")
    return frame, y


def path_of(X, y, **options):
    own = {"cv": 3, "hidden": (8,), "epochs": 2, "batch_size": 20, "dtype": "float64"}
    return plain_path(X, y, [0, 1], progress=False, shuffle=False, **own | options)


@pytest.mark.parametrize(
    ("standardize", "weight"),
    [(False, None), (True, None), (True, np.arange(COUNT) % 4.0)],
    ids=["", "standardized", "weighted"],
)
def test_a_path_equals_that_of_the_frame_in_memory(standardize, weight):
    frame, y = frame_of()
    X, options = dd.from_pandas(frame, npartitions=5), {"standardize": standardize}
    mine, its = (path_of(one, y, sample_weight=weight, **options) for one in (X, frame))
    np.testing.assert_allclose(mine.validation_scores_, its.validation_scores_, rtol=1e-9)
    np.testing.assert_allclose(mine.train_scores_, its.train_scores_, rtol=1e-9)
    one, other = mine.best_model_, its.best_model_
    np.testing.assert_array_equal(one.preprocessing.medians, other.preprocessing.medians)
    assert one.preprocessing.names == other.preprocessing.names
    assert one.features == other.features
    np.testing.assert_allclose(one.forward(frame), other.forward(frame), rtol=1e-9)
    np.testing.assert_allclose(one.forward(X), one.forward(frame), rtol=1e-12)
    assert mine.understood_[:2] == its.understood_[:2]


def test_validation_samples_are_encoded_as_the_training_samples():
    frame, y = frame_of()
    X, held = (dd.from_pandas(part, npartitions=5) for part in (frame[:160], frame[160:]))
    mine = path_of(X, y[:160], cv=None, validation=(held, y[160:]), standardize=True)
    its = path_of(
        frame[:160], y[:160], cv=None, validation=(frame[160:], y[160:]), standardize=True
    )
    np.testing.assert_allclose(mine.validation_scores_, its.validation_scores_, rtol=1e-9)


@pytest.mark.parametrize("many", [True, False])
def test_validation_samples_may_be_elsewhere_than_those_of_training(monkeypatch, many):
    frame, y = frame_of()
    codes = frame.assign(
        colour=frame["colour"].map({"blue": 0, "green": 1, "rare": 2, "red": 3}),
        kind=frame["kind"].cat.codes,
    ).astype(float)
    if not many:
        monkeypatch.setattr(rows, "CHUNK_BYTES", 2**24)
    X, scores = dd.from_pandas(frame, npartitions=5), []
    for one, held in ((frame, frame), (X, X), (frame, X), (X, frame), (X, codes.to_numpy())):
        path = path_of(one, y, cv=None, validation=(held, y), standardize=True)
        scores.append(path.validation_scores_)
    for found in scores[1:]:
        np.testing.assert_allclose(found, scores[0], rtol=1e-9)


def test_all_folds_and_all_rows_are_learnt_in_four_passes(monkeypatch):
    monkeypatch.setattr(medians, "EDGES", 20)  # as with more samples, medians are between
    frame, y = frame_of()
    computed, learnt = Counter(), StreamedColumns.learn_each

    def part(k):
        computed[k] += 1
        return frame.iloc[60 * k : 60 * k + 60]

    class LearntError(Exception):
        pass

    def learn_each(self, parts, *options):
        found = learnt(self, parts, *options)
        assert len(found) == 4  # three folds, and all rows
        raise LearntError

    monkeypatch.setattr(StreamedColumns, "learn_each", learn_each)
    with pytest.raises(LearntError):
        path_of(dd.from_map(part, range(4), meta=frame.iloc[:0]), y, standardize=True)
    assert computed == dict.fromkeys(range(4), 4)
    calls = []
    monkeypatch.setattr(
        StreamedColumns, "learn_each", lambda *given: calls.append(1) or learnt(*given)
    )
    path = path_of(dd.from_pandas(frame, npartitions=4), y, standardize=True, refit=[0, 1])
    assert len(path.models_) == 2
    assert calls == [1]


def test_few_rows_are_computed_to_a_frame():
    frame, y = frame_of(60)
    mine, its = (path_of(X, y) for X in (dd.from_pandas(frame, npartitions=3), frame))
    np.testing.assert_array_equal(mine.validation_scores_, its.validation_scores_)
    assert mine.understood_ == its.understood_


@pytest.mark.parametrize("edges", [3, 10, 255])
@pytest.mark.parametrize("collected", [0, 30, 2**23])
def test_medians_of_parts_are_exact(monkeypatch, edges, collected):
    monkeypatch.setattr(medians, "EDGES", edges)
    monkeypatch.setattr(medians, "COLLECTED", collected)
    x = RNG.normal(size=(501, 7))
    x[:, 1] = RNG.integers(-3, 3, 501)
    x[RNG.random(501) < 0.3, 2] = np.nan
    x[:, 3] *= 1e300
    x[:, 4] *= 1e-310
    x[:, 5] = np.nan
    parts = RNG.integers(0, 3, (501, 3))
    parts[:, 2] = 0
    parts[5, 2] = 1
    found, _ = medians_of(x, parts)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of columns without a value
        for own, part in zip(found, parts.T, strict=True):
            low, high = (
                np.nanquantile(np.repeat(x, part, axis=0), 0.5, axis=0, method=side)
                for side in ("lower", "higher")
            )
            np.testing.assert_array_equal(own, np.nan_to_num(low / 2.0 + high / 2.0))


def medians_of(x, parts):
    """Return the medians of parts of samples in Dask, and the edges that they are found by."""
    source, numbers = as_rows(da.from_array(x, chunks=(97, x.shape[1]))), range(x.shape[1])
    edges = source.map(partial(edges_in, numbers=numbers), add=joined_edges)
    counts = source.map(partial(counted_values, numbers=numbers, edges=edges), parts, add=np.add)
    return medians_by(source, numbers, parts, edges, counts), edges


def test_many_columns_have_fewer_edges(monkeypatch):
    """What is counted at them must not be larger than the samples."""
    monkeypatch.setattr(medians, "ALL_EDGES", 200)
    x, parts = RNG.normal(size=(501, 40)), RNG.integers(0, 3, (501, 2))
    found, edges = medians_of(x, parts)
    assert {len(own) for own in edges} == {5}
    for own, part in zip(found, parts.T, strict=True):
        expected = np.median(np.repeat(x, part, axis=0), axis=0)
        np.testing.assert_allclose(own, expected, rtol=1e-12)


def test_what_is_collected_is_bounded_also_for_a_part_of_few_samples(monkeypatch):
    monkeypatch.setattr(medians, "EDGES", 3)
    monkeypatch.setattr(medians, "COLLECTED", 40)
    collect, sizes = medians._collected, []

    def collected(*given, **named):
        found = collect(*given, **named)
        sizes.append(sum(len(values) for values, _ in found))
        return found

    monkeypatch.setattr(medians, "_collected", collected)
    x, parts = RNG.normal(size=(501, 1)), np.zeros((501, 2), dtype=np.int64)
    parts[:, 0], parts[:5, 1] = 1, 1
    found, _ = medians_of(x, parts)
    np.testing.assert_allclose(found[:, 0], [np.median(x), np.median(x[:5])], rtol=1e-12)
    assert 0 < sum(sizes) <= 40


def test_a_column_that_differs_only_where_the_weights_are_zero_is_constant():
    frame, y = frame_of()
    weight = RNG.random(COUNT) * (np.arange(COUNT) % 2)
    frame["extra"] = np.where(weight > 0.0, 5.0, 1e6 * RNG.random(COUNT))
    X = dd.from_pandas(frame, npartitions=5)
    mine, its = (path_of(one, y, sample_weight=weight, standardize=True) for one in (X, frame))
    at = list(frame.drop(columns=["colour", "kind"])).index("extra")
    assert its.best_model_.input_scaling.scale[at] == 1.0
    assert mine.best_model_.input_scaling.scale[at] == 1.0


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (np.full(COUNT, np.nan), "'extra' has no value in 240 rows"),
        ([f"text {k}" for k in range(COUNT)], "'extra' has 240 different texts in 240 rows"),
        (np.where(np.arange(COUNT) == 71, np.inf, 1.0), "inf in row 72, 'extra'"),
        (pd.Series(pd.date_range("2024-01-01", periods=COUNT)), "'extra' has dates"),
        ([[k] for k in range(COUNT)], "'extra' has lists or other objects"),
        ([str(k) for k in range(COUNT - 1)] + ["n/x"], "239 of 240 cells are numbers"),
    ],
)
def test_a_column_that_cannot_be_an_input_is_named(column, words):
    frame, y = frame_of()
    with dask.config.set({"dataframe.convert-string": False}):  # of lists too
        X = dd.from_pandas(frame.assign(extra=column), npartitions=4)
        with pytest.raises(InputError, match=words):
            path_of(X, y)


def test_samples_that_a_fold_has_twice_count_twice():
    frame, y = frame_of()
    X = dd.from_pandas(frame, npartitions=5)
    cv = [(np.r_[0:120, 0:60, 0:60], np.arange(200, COUNT)), (np.arange(90, COUNT), np.arange(90))]
    mine, its = (path_of(one, y, cv=cv, standardize=True) for one in (X, frame))
    np.testing.assert_allclose(mine.validation_scores_, its.validation_scores_, rtol=1e-9)
    numbers = ["age", "size"]
    plain = frame[numbers].fillna(3.0)
    X = dd.from_pandas(
        pd.concat([plain] * 4, axis=1).set_axis(list("abcdefgh"), axis=1), npartitions=5
    )
    mine, its = (path_of(one, y, cv=cv, standardize=True) for one in (X, X.compute()))
    np.testing.assert_allclose(mine.validation_scores_, its.validation_scores_, rtol=1e-9)


def test_objects_that_are_equal_may_be_different_texts():
    frame, y = frame_of()
    cells = [1, True, "a", "b", "c"]
    frame["extra"] = pd.Series([cells[k % 5] for k in range(COUNT)], dtype=object)
    with dask.config.set({"dataframe.convert-string": False}):
        mine, its = (path_of(one, y) for one in (dd.from_pandas(frame, npartitions=5), frame))
    assert mine.best_model_.preprocessing.names == its.best_model_.preprocessing.names
    np.testing.assert_allclose(mine.validation_scores_, its.validation_scores_, rtol=1e-9)


def test_texts_are_not_collected_beyond_those_that_are_allowed(monkeypatch):
    monkeypatch.setattr(streamed_columns, "MOST_TEXTS", 10)
    most, both = [], streamed_columns._both

    def watched(*given):
        found = both(*given)
        most.append(max(len(one.texts) for one in found[1]))
        return found

    monkeypatch.setattr(streamed_columns, "_both", watched)
    frame, y = frame_of()
    X = dd.from_pandas(frame.assign(extra=[f"text {k}" for k in range(COUNT)]), npartitions=30)
    with pytest.raises(InputError, match="'extra' has more than 10 different texts"):
        path_of(X, y)
    assert max(most) == 11
