"""A stream of batches trains like the concatenated samples."""

import numpy as np
import pytest
import scipy.sparse

from xl2 import L2, DivergenceError, InputError, Network, fit
from xl2.nn.scaling import Scaling

pytestmark = pytest.mark.one_on_jax

RNG = np.random.default_rng(0)
X = RNG.normal(3.0, 2.0, size=(23, 6))
LABELS = np.arange(23) % 3
TARGETS = 1000.0 + RNG.normal(size=(23, 3))
WEIGHTS = 1.0 + np.arange(23) % 4
# Cut each into mini-batches of at most 5, or all: 5, 5, 5, 4, 4 samples.
PARTS = (slice(0, 10), slice(10, 15), slice(15, 23))


def pairs(*known, x=X):
    return [tuple(a[part] for a in (x, *known)) for part in PARTS]


def new(where, output="softmax", **options):
    options = {"seed": 1, "dtype": "float64", **options}
    return Network([6, 4, 3], ["tanh", output], **options, **where)


def trained(where, *samples, output="softmax", stack=None, dtype="float64", **options):
    network = new(where, output, stack=stack, dtype=dtype)
    options = {"epochs": 3, "batch_size": 5, "learning_rate": 0.1, "optimizer": "adam"} | options
    return network, fit(network, *samples, **options)


def assert_same(mine, its, rtol=1e-12):
    for one, other in zip(mine[0].host_parameters(), its[0].host_parameters(), strict=True):
        for p, q in zip(one, other, strict=True):
            np.testing.assert_allclose(p, q, rtol=rtol, atol=rtol)
    for name in ("loss", "score", "penalty"):
        one, other = getattr(mine[1], name), getattr(its[1], name)
        np.testing.assert_allclose(one, other, rtol=max(rtol, 1e-9))


class Again:
    """An iterable that starts again each time, and counts its iterations."""

    def __init__(self, items):
        self.items, self.times = items, 0

    def __iter__(self):
        yield from self.items
        self.times += 1


# Results.


@pytest.mark.parametrize("stack", [None, 2])
@pytest.mark.parametrize(("output", "y"), [("softmax", LABELS), ("identity", TARGETS)])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_result_equals_that_of_the_concatenated_samples(where, stack, output, y, weighted):
    options = {"stack": stack, "output": output}
    known = (y, WEIGHTS) if weighted else (y,)
    samples = int(WEIGHTS.sum()) if weighted else 23
    mine = trained(where, pairs(*known), penalty=L2(0.3, per=samples), **options)
    weight = {"sample_weight": WEIGHTS} if weighted else {}
    assert_same(mine, trained(where, X, y, shuffle=False, penalty=0.3, **weight, **options))


def test_dropout_equals_that_of_the_concatenated_samples(where):
    mine = trained(where, pairs(LABELS), dropout=0.5, seed=3)
    assert_same(mine, trained(where, X, LABELS, dropout=0.5, seed=3, shuffle=False))


def test_a_pair_with_fewer_rows_is_a_mini_batch(where):
    """A mini-batch never has rows of two pairs."""
    short = [(X[:3], LABELS[:3]), (X[3:5], LABELS[3:5])]
    mine, its = new(where), new(where)
    fit(mine, short, epochs=1, batch_size=5)
    for x, y in short:
        fit(its, x, y, epochs=1, batch_size=5, shuffle=False)
    assert_same((mine, fit(mine, short, epochs=1)), (its, fit(its, short, epochs=1)))


def test_a_stream_is_iterated_once_per_epoch(where):
    batches = Again(pairs(LABELS))
    trained(where, batches, epochs=4)
    assert batches.times == 4


def test_an_iterator_suffices_for_one_epoch(where):
    mine = trained(where, iter(pairs(LABELS)), epochs=1)
    assert_same(mine, trained(where, X, LABELS, shuffle=False, epochs=1))


def test_pairs_may_be_sparse_or_arrays_of_the_library(where, to):
    expected = trained(where, X, LABELS, shuffle=False)
    assert_same(trained(where, [(to(x), to(y)) for x, y in pairs(LABELS)]), expected)
    sparse = [[scipy.sparse.csr_array(x), y] for x, y in pairs(LABELS)]
    assert_same(trained(where, sparse), expected, rtol=1e-10)


def test_pairs_may_be_on_disk(where, tmp_path):
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    expected = trained(where, X, LABELS, shuffle=False)
    assert_same(trained(where, pairs(LABELS, x=mapped)), expected)


def test_a_network_without_a_backend_moves_to_the_first_pair(backend, to):
    network = Network([6, 3], ["softmax"])
    fit(network, [(to(x.astype("float32")), y) for x, y in pairs(LABELS)], epochs=1)
    assert network.backend.name == backend.name


def test_validation_and_callbacks_work_with_streams(where):
    mine = trained(where, pairs(LABELS), validation=(X, LABELS), callbacks=[lambda n, h: True])
    assert len(mine[1]) == len(mine[1].validation_loss) == 1
    assert mine[1].validation_score[-1] == mine[0].score(X, LABELS)


def test_float32_stays_float32(where):
    network, _ = trained(where, pairs(TARGETS, WEIGHTS), output="identity", dtype="float32")
    assert {p.dtype for layer in network.host_parameters() for p in layer} == {np.dtype("float32")}


# Scores.


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shift", [0.0, 1e6])
def test_the_score_of_a_stream_is_r2(where, to, weighted, shift):
    """Compared with scikit-learn, for values of which sums of squares would cancel."""
    from sklearn.metrics import r2_score

    network = new(where, "identity")
    y = shift + RNG.normal(size=(23, 3))
    y[:, 2] = shift + 0.5  # its mean is exact, in scikit-learn too
    found = y + RNG.normal(size=(23, 3))
    weight = np.where(np.arange(23) < 10, 0.0, WEIGHTS) if weighted else None
    measure = network.measure(None)
    for part in PARTS:
        own = None if weight is None else to(weight[part, None])
        measure.add(to(found[part]), to(y[part]), own)
    expected = r2_score(y, found, sample_weight=weight)
    np.testing.assert_allclose(measure.read()["score"], expected, rtol=1e-6)


# Errors.


def test_the_error_of_a_used_up_iterator_names_the_epoch(where):
    network, other = new(where), new(where)
    with pytest.raises(InputError, match=r"exhausted after epoch 1: this generator.*epochs=1"):
        fit(network, (pair for pair in pairs(LABELS)), epochs=3, batch_size=5)
    mine = (network, fit(network, pairs(LABELS), epochs=1))
    fit(other, pairs(LABELS), epochs=1, batch_size=5)
    assert_same(mine, (other, fit(other, pairs(LABELS), epochs=1)))


@pytest.mark.parametrize(
    ("batches", "message"),
    [
        ([], "empty"),
        (iter(()), "empty"),
        (X, "y is missing.*ndarray"),
        (scipy.sparse.csr_array(X), "y is missing"),
        (3, "y is missing.*int"),
        (X.tolist(), "Batch 1 must be a pair.*list of 6.*pass y as well"),
        ([(X, LABELS), X], "Batch 2 must be a pair.*ndarray of 23"),
        ([(X, LABELS), (X[:, :5], LABELS)], "X of batch 2 has 5 features"),
        ([(X, LABELS), (X, LABELS[:9])], "y of batch 2 has 9 values"),
        ([(X, LABELS), (X, LABELS + 1)], "whole numbers from 0 to 2"),
        ([(X, LABELS), (X[:0], LABELS[:0])], "X of batch 2 is empty"),
        ([(X, LABELS), (np.where(X > 7, np.nan, X), LABELS)], "X of batch 2 holds a NaN"),
        ([(X, LABELS, -WEIGHTS)], "sample_weight"),
    ],
)
def test_errors_in_batches_leave_the_network_unchanged(where, batches, message):
    network = new(where)
    before = network.host_parameters()[0][0].copy()
    with pytest.raises(InputError, match=message):
        fit(network, batches, batch_size=5)
    np.testing.assert_array_equal(network.host_parameters()[0][0], before)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sample_weight": WEIGHTS}, "sample_weight cannot be used with an iterable"),
        ({"rows": [0, 1]}, "rows cannot be used with an iterable"),
        ({"penalty": 1.0}, r"unknown for an iterable. Pass it: penalty=L2\(lam, per=60000\)"),
        ({"stack": (2, 2)}, "stack of groups cannot be trained"),
    ],
)
def test_errors_in_arguments(where, options, message):
    with pytest.raises(InputError, match=message):
        trained(where, pairs(LABELS), **options)


def test_an_error_of_the_iterable_is_raised_and_the_epoch_is_undone(where):
    def broken():
        yield X, LABELS
        raise OSError("the disk is gone")

    network = new(where)
    before = network.host_parameters()[0][0].copy()
    with pytest.raises(OSError, match="gone"):
        fit(network, broken(), epochs=1)
    np.testing.assert_array_equal(network.host_parameters()[0][0], before)


# Divergence.


def diverged(where, batches, **options):
    network = new(where, "identity", stack=options.pop("stack", None))
    before = network.host_parameters()
    with pytest.raises(DivergenceError) as caught:
        fit(network, batches, batch_size=5, learning_rate=1e200, **options)
    return network, before, caught.value


def test_the_step_of_a_divergence_is_found_if_the_stream_repeats(where):
    network, _, error = diverged(where, pairs(TARGETS))
    _, _, whole = diverged(where, [(X, TARGETS)])
    assert (error.epoch, error.step) == (whole.epoch, whole.step)
    assert error.step > 1
    assert all(np.isfinite(p).all() for layer in network.host_parameters() for p in layer)


@pytest.mark.parametrize("batches", ["iterator", "different the second time"])
def test_otherwise_the_step_of_a_divergence_is_unknown(where, batches):
    class Once:
        times = 0

        def __iter__(self):
            self.times += 1
            yield from pairs(TARGETS) if self.times == 1 else [(X[:1], network_mean)]

    network_mean = np.zeros((1, 3))
    if batches == "iterator":
        network, before, error = diverged(where, iter(pairs(TARGETS)))
    else:
        network = new(where, "identity", initializer="zeros")
        before = network.host_parameters()
        with pytest.raises(DivergenceError) as caught:
            fit(network, Once(), batch_size=5, learning_rate=1e200)
        error = caught.value
    assert (error.epoch, error.step) == (1, None)
    assert "unknown step of a stream" in str(error)
    assert "before that epoch" in str(error)
    for one, other in zip(network.host_parameters(), before, strict=True):
        np.testing.assert_array_equal(one[0], other[0])


def test_a_stack_marks_the_members_that_diverged(where):
    """Learning rate times the second lambda over the mini-batch is above 2."""
    network = new(where, stack=2)
    history = fit(
        network,
        pairs(LABELS),
        batch_size=5,
        learning_rate=0.1,
        epochs=2,
        penalty=[L2(lam, per="batch") for lam in (0.0, 1e200)],
    )
    assert history.diverged.tolist() == [0, 1]


# Scaling.


@pytest.mark.host
def test_a_scaling_learns_from_a_stream_and_scales_it():
    mine, its = Scaling.learn(iter(pairs(LABELS))), Scaling.learn(X)
    np.testing.assert_allclose(mine.mean, its.mean, rtol=1e-13)
    np.testing.assert_allclose(mine.scale, its.scale, rtol=1e-13)
    np.testing.assert_allclose(Scaling.learn(pairs(LABELS)).mean, its.mean, rtol=1e-13)
    np.testing.assert_allclose(Scaling.learn(Again(pairs(LABELS))).mean, its.mean, rtol=1e-13)
    assert (Scaling.learn(X.tolist()).mean == its.mean).all()
    scaled = its.lazily(pairs(LABELS))
    for _ in range(2):
        for part, (x, y) in zip(PARTS, scaled, strict=True):
            np.testing.assert_array_equal(x, its.apply(X[part], "float64"))
            assert (y == LABELS[part]).all()


@pytest.mark.host
def test_a_scaled_stream_trains():
    scaling = Scaling.learn(X)
    where = {"backend": "numpy"}
    mine = trained(where, scaling.lazily(pairs(LABELS, WEIGHTS)))
    its = trained(where, scaling.apply(X, "float64"), LABELS, shuffle=False, sample_weight=WEIGHTS)
    assert_same(mine, its)
