"""Samples in any order in memory: trained on as in C order, by one copy at most."""

from __future__ import annotations

import tracemalloc
from types import SimpleNamespace

import numpy as np
import pytest
from plain_paths import plain_path

import xl2
from xl2 import Network, fit
from xl2.array import rows
from xl2.array.backend import connect
from xl2.errors import XL2Error
from xl2.nn.frames import numbers_of
from xl2.nn.step import Samples
from xl2.path.fold_data import FoldData
from xl2.training.data import TrainingData

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 6)).astype("float32")
CLASSES = (X[:, 0] + X[:, 1] > 0).astype("int64")
VALUES = np.stack([X[:, 0], X[:, 1] * X[:, 2]], axis=1)
WEIGHTS = RNG.uniform(0.5, 2.0, size=300).astype("float32")

# The same numbers elsewhere in memory; each gets an array of two axes.
ORDERS = {
    "columns": np.asfortranarray,
    "every other column": lambda x: np.repeat(x, 2, axis=1)[:, ::2],
    "every other row": lambda x: np.repeat(x, 2, axis=0)[::2],
    "backwards": lambda x: x[::-1].copy()[::-1],
    "read-only": lambda x: _locked(np.asfortranarray(x)),
}


def _locked(x):
    x.flags.writeable = False
    return x


@pytest.fixture(params=ORDERS)
def reordered(request):
    """Return an array with its numbers in another order in memory; afterwards it is unchanged."""
    given = []

    def reorder(x):
        found = ORDERS[request.param](x)
        assert not found.flags.c_contiguous
        given.append((found, found.copy(), found.strides))
        return found

    yield reorder
    assert given
    for found, before, strides in given:
        np.testing.assert_array_equal(found, before)
        assert found.strides == strides


def peak_of(work):
    """Return the peak of memory of a function, in bytes; the first call is a rehearsal."""
    work()
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def trained(X, y, outputs="sigmoid", size=1, **options):
    network = Network([6, 5, size], ["tanh", outputs], backend="numpy")
    history = fit(network, X, y, epochs=2, learning_rate=0.1, **options)
    return [*(p for layer in network.host_parameters() for p in layer), np.array(history.loss)]


def same(found, expected):
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_every_library_puts_rows_after_one_another(backend, to):
    x = np.arange(12.0, dtype="float32").reshape(3, 4)
    given = backend.xp.permute_dims(to(x.T), (1, 0))
    for dtype in ("float32", "float64"):
        if dtype == "float64" and "float64" not in backend.xp.__array_namespace_info__().dtypes(
            device=backend.device, kind="real floating"
        ):
            continue
        found = backend.asarray(given, dtype, rows=True)
        assert found.dtype == backend.dtype(dtype)
        np.testing.assert_array_equal(backend.to_numpy(found), x)
        np.testing.assert_array_equal(backend.to_numpy(given), x)
        if backend.name in ("numpy", "torch", "cupy"):
            assert backend.to_numpy(found).flags.c_contiguous
    again = backend.asarray(to(x), "float32", rows=True)
    assert backend.library.in_rows(backend.xp, again, again.dtype) is again
    assert backend.to_numpy(
        backend.asarray(np.asfortranarray(x), "float32", rows=True)
    ).tolist() == (x.tolist())


def test_every_library_takes_an_array_backwards(where, host):
    network = Network([6, 1], ["sigmoid"], **where)
    expected = host(network.forward(X[::-1].copy()))
    # Without a file for it, a library computes with what memory there is.
    np.testing.assert_allclose(host(network.forward(X[::-1])), expected, rtol=1e-6)


def test_an_array_in_c_order_is_not_copied():
    numpy = connect("numpy")
    assert numpy.asarray(X, "float32", rows=True) is X
    assert numpy.asarray(CLASSES, "float64", rows=True).flags.c_contiguous


def test_no_step_has_to_gather_rows_from_columns(reordered):
    """NumPy's `take` would copy all samples for each mini-batch."""
    network = Network([6, 2], ["identity"], backend="numpy")
    weights = reordered(np.stack([WEIGHTS, WEIGHTS], axis=1))[:, 0]
    data = TrainingData.read(network, reordered(X), reordered(VALUES.astype("float32")), weights)
    assert all(array.flags.c_contiguous for array in data.samples)


def test_a_number_that_overflows_is_still_named():
    wide = np.asfortranarray([[1.0, 2.0], [3.0, 1e300]])
    with pytest.raises(XL2Error, match=r"1e\+300 of X in row 2, column 2 is too large"):
        connect("numpy").asarray(wide, "float32", rows=True)


def test_training_is_the_same_bit_for_bit(reordered):
    same(trained(reordered(X), CLASSES), trained(X, CLASSES))
    wide = X.astype("float64")
    same(trained(reordered(wide), CLASSES), trained(wide, CLASSES))


def test_so_are_targets_weights_and_validation_samples(reordered):
    def run(change):
        weights = change(np.stack([WEIGHTS, WEIGHTS], axis=1))[:, 1]
        held_out = change(X[:50]), change(VALUES[:50])
        y = change(VALUES)
        options = {"sample_weight": weights, "validation": held_out, "rows": np.arange(50, 300)}
        return trained(change(X), y, "identity", 2, **options)

    same(run(reordered), run(np.ascontiguousarray))


def test_outputs_predictions_and_scores_are_the_same_bit_for_bit(reordered):
    # A single layer: a BLAS multiplies a vector by rows in another way than by columns.
    for sizes in ([6, 1], [6, 5, 1]):
        network = Network(sizes, "tanh", backend="numpy")
        for one in (network.forward, network.predict):
            same([one(reordered(X))], [one(X)])
        assert network.score(reordered(X), CLASSES) == network.score(X, CLASSES)
        found, expected = (network.gradients(x, CLASSES) for x in (reordered(X), X))
        same([g for pair in found for g in pair], [g for pair in expected for g in pair])


@pytest.mark.parametrize("standardize", [False, True])
def test_a_path_is_the_same_bit_for_bit(reordered, standardize):
    options = {"cv": 3, "hidden": (4,), "epochs": 2, "backend": "numpy"}
    options |= {"standardize": standardize, "return_members": True, "progress": False}
    found, expected = (plain_path(x, CLASSES, [0, 1], **options) for x in (reordered(X), X))
    same(
        [found.validation_scores_, found.train_scores_],
        [expected.validation_scores_, expected.train_scores_],
    )
    same(found.best_model_.network.weights, expected.best_model_.network.weights)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.filterwarnings("ignore:.*converge:sklearn.exceptions.ConvergenceWarning")
def test_estimators_are_the_same_bit_for_bit(reordered, solver):
    options = {"solver": solver, "max_iter": 3, "random_state": 0}

    def run(change):
        one = xl2.MLPClassifier((4,), **options).fit(change(X), CLASSES)
        other = xl2.MLPRegressor(hidden_layer_sizes=(4,), **options).fit(change(X), change(VALUES))
        found = [*one.coefs_, *other.coefs_, one.predict_proba(change(X)), other.predict(change(X))]
        if solver == "adam":
            early = xl2.MLPClassifier((4,), early_stopping=True, **options)
            found += early.fit(change(X), CLASSES).coefs_
            cv = xl2.MLPClassifierCV(
                [0.1, 1], cv=2, hidden_layer_sizes=(4,), max_iter=2, random_state=0
            )
            found += [cv.fit(change(X), CLASSES, WEIGHTS).scores_]
        return found

    same(run(reordered), run(np.ascontiguousarray))


LARGE = RNG.normal(size=(40000, 25)).astype("float32")
LABELS = (LARGE[:, 0] > 0).astype("int64")


def fitted(X):
    network = Network([25, 2, 1], backend="numpy")
    fit(network, X, LABELS, epochs=1, batch_size=5000)
    return network


@pytest.mark.parametrize(
    ("given", "copies"),
    [
        (LARGE, 0.0),
        (np.asfortranarray(LARGE), 1.0),
        (LARGE.repeat(2, axis=1)[:, ::2], 1.0),
        # A change of the dtype makes a copy anyway: there is no second one.
        (LARGE.astype("float64"), 1.0),
        (np.asfortranarray(LARGE, "float64"), 1.0),
    ],
    ids=["rows", "columns", "every other column", "float64 rows", "float64 columns"],
)
def test_a_fit_makes_one_copy_at_most(given, copies):
    above = peak_of(lambda: fitted(LARGE))
    peak = peak_of(lambda: fitted(given)) - above
    assert abs(peak - copies * LARGE.nbytes) < 0.1 * LARGE.nbytes


def test_outputs_of_columns_take_no_copy_of_all():
    network, columns = fitted(LARGE), np.asfortranarray(LARGE)
    for one in (network.forward, lambda x: network.score(x, LABELS)):
        above = peak_of(lambda one=one: one(LARGE))
        assert peak_of(lambda one=one: one(columns)) < above + 0.1 * LARGE.nbytes


def test_a_path_scores_all_samples_without_a_copy():
    data = SimpleNamespace(
        backend=connect("numpy"), training=SimpleNamespace(samples=Samples(X, X))
    )
    (all_of_them,) = FoldData.training_chunks(data, SimpleNamespace(rows=np.arange(300)))
    assert all_of_them is X
    rows = np.r_[200:300, 0:150]
    chunks = FoldData.training_chunks(data, SimpleNamespace(rows=rows))
    np.testing.assert_array_equal(np.concatenate(list(chunks)), X[rows])


def test_an_estimator_makes_one_copy_of_columns_and_keeps_it_no_longer():
    model = xl2.MLPClassifier((2,), max_iter=1, batch_size=5000, tol=0)
    columns = np.asfortranarray(LARGE)
    with pytest.warns(match="Maximum iterations"):
        above = peak_of(lambda: model.fit(LARGE, LABELS))
    with pytest.warns(match="Maximum iterations"):
        assert peak_of(lambda: model.fit(columns, LABELS)) < above + 1.1 * LARGE.nbytes


def test_a_frame_of_several_blocks_is_copied_once():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(LARGE.astype("float64"))
    assert np.shares_memory(numbers_of(frame), frame.to_numpy())
    frame[3] = np.arange(len(frame))
    found = numbers_of(frame)
    np.testing.assert_array_equal(found, frame.to_numpy())
    assert found.flags.c_contiguous
    assert peak_of(lambda: numbers_of(frame)) < 1.6 * found.nbytes
    same([fitted(frame).weights[0]], [fitted(frame.to_numpy()).weights[0]])
    some = frame[[5, 3, 1]]
    np.testing.assert_array_equal(numbers_of(some), some.to_numpy())
    assert numbers_of(frame.iloc[:0]).shape == (0, 25)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_memory_map_in_columns_is_never_copied_whole(tmp_path, monkeypatch, dtype):
    monkeypatch.setattr(rows, "CHUNK_BYTES", 2**18)
    monkeypatch.setattr(rows, "READ_BYTES", 2**18)
    stored = np.memmap(tmp_path / "x", dtype, "w+", shape=LARGE.shape, order="F")
    stored[:] = LARGE
    same([fitted(stored).weights[0]], [fitted(LARGE).weights[0]])
    model = xl2.MLPClassifier((2,), max_iter=2, batch_size=500, random_state=0, dtype="float32")
    weights, peaks = [], []
    for given in (LARGE, stored):
        with pytest.warns(match="Maximum iterations"):
            peaks.append(peak_of(lambda given=given: model.fit(given, LABELS)))
        weights.append(model.coefs_)
        peaks.append(peak_of(lambda given=given: model.predict(given)))
    same(*weights)
    same([model.predict(stored)], [model.predict(LARGE)])
    for peak, above in zip(peaks[2:], peaks[:2], strict=True):
        assert peak < above + 2**20 < LARGE.nbytes


def test_a_path_reads_a_memory_map_into_memory(tmp_path):
    options = {"cv": 3, "hidden": (4,), "epochs": 2, "backend": "numpy", "progress": False}
    expected = plain_path(X, CLASSES, [0, 1], **options).validation_scores_
    for order in "CF":
        stored = np.memmap(tmp_path / order, "float32", "w+", shape=X.shape, order=order)
        stored[:] = X
        same([plain_path(stored, CLASSES, [0, 1], **options).validation_scores_], [expected])


def test_max_memory_counts_the_copy_that_only_the_order_needs():
    options = {"cv": 3, "hidden": (4,), "epochs": 1, "backend": "numpy", "progress": False}

    def settings(X, **more):
        return plain_path(X, CLASSES, [0, 1], **options, **more)._settings

    each = settings(X).memory_of(1)
    assert settings(X).copied == settings(np.asfortranarray(X, "float64")).copied == 0
    columns = np.asfortranarray(X)
    assert settings(columns).copied == X.nbytes
    assert settings(columns, standardize=True).copied == 0  # to float64 it is copied anyway
    assert settings(columns.astype("float64"), standardize=True).copied == 2 * X.nbytes
    enough = 5 * each + X.nbytes
    assert settings(X, max_memory=enough).members_at_once() >= 5 + X.nbytes // each
    assert settings(columns, max_memory=enough).members_at_once() == 5
    held_out = columns[:100], CLASSES[:100]
    del options["cv"]
    assert settings(columns, validation=held_out).copied == X.nbytes + 100 * 6 * 4
    with pytest.raises(
        XL2Error, match=r"beside a copy of X in C order .* numpy.ascontiguousarray\(X\)"
    ):
        settings(columns, validation=(X, CLASSES), max_memory=X.nbytes)
