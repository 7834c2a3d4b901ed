"""A stream of batches trains as the samples in it do, one behind the other."""

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
# Each a whole number of mini-batches of 5, but for the last.
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
    """Something that begins anew each time, and counts how often it was gone through."""

    def __init__(self, items):
        self.items, self.times = items, 0

    def __iter__(self):
        yield from self.items
        self.times += 1


# What is learnt.


@pytest.mark.parametrize("stack", [None, 2])
@pytest.mark.parametrize(("output", "y"), [("softmax", LABELS), ("identity", TARGETS)])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_fit_is_that_of_the_samples_one_behind_the_other(where, stack, output, y, weighted):
    options = {"stack": stack, "output": output, "penalty": 0.3}
    known = (y, WEIGHTS) if weighted else (y,)
    mine = trained(where, pairs(*known), **options)
    weight = {"sample_weight": WEIGHTS} if weighted else {}
    assert_same(mine, trained(where, X, y, shuffle=False, **weight, **options))


def test_dropout_is_that_of_the_samples_too(where):
    mine = trained(where, pairs(LABELS), dropout=0.5, seed=3)
    assert_same(mine, trained(where, X, LABELS, dropout=0.5, seed=3, shuffle=False))


def test_a_pair_of_fewer_rows_is_a_mini_batch(where):
    """Mini-batches do not go across pairs."""
    short = [(X[:3], LABELS[:3]), (X[3:5], LABELS[3:5])]
    mine, its = new(where), new(where)
    fit(mine, short, epochs=1, batch_size=5)
    for x, y in short:
        fit(its, x, y, epochs=1, batch_size=5, shuffle=False)
    assert_same((mine, fit(mine, short, epochs=1)), (its, fit(its, short, epochs=1)))


def test_a_stream_is_gone_through_once_an_epoch(where):
    batches = Again(pairs(LABELS))
    trained(where, batches, epochs=4)
    assert batches.times == 4


def test_an_iterator_will_do_for_one_epoch(where):
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


def test_a_network_nobody_placed_goes_where_the_first_pair_is(backend, to):
    network = Network([6, 3], ["softmax"])
    fit(network, [(to(x.astype("float32")), y) for x, y in pairs(LABELS)], epochs=1)
    assert network.backend.name == backend.name


def test_what_follows_a_fit_of_a_stream_is_as_after_any(where):
    mine = trained(where, pairs(LABELS), validation=(X, LABELS), callbacks=[lambda n, h: True])
    assert len(mine[1]) == len(mine[1].validation_loss) == 1
    assert mine[1].validation_score[-1] == mine[0].score(X, LABELS)


def test_float32_stays_float32(where):
    network, _ = trained(where, pairs(TARGETS, WEIGHTS), output="identity", dtype="float32")
    assert {p.dtype for layer in network.host_parameters() for p in layer} == {np.dtype("float32")}


# What is measured.


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shift", [0.0, 1e6])
def test_the_score_of_a_stream_is_r2_with_its_spread_merged(where, to, weighted, shift):
    """Against scikit-learn, where sums of squares would have cancelled."""
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


# What is refused.


def test_an_iterator_that_was_used_up_is_told_with_its_epoch(where):
    network, other = new(where), new(where)
    with pytest.raises(InputError, match=r"used up in epoch 1: this generator.*epochs=1"):
        fit(network, (pair for pair in pairs(LABELS)), epochs=3, batch_size=5)
    mine = (network, fit(network, pairs(LABELS), epochs=1))
    fit(other, pairs(LABELS), epochs=1, batch_size=5)
    assert_same(mine, (other, fit(other, pairs(LABELS), epochs=1)))


@pytest.mark.parametrize(
    ("batches", "said"),
    [
        ([], "empty"),
        (iter(()), "empty"),
        (X, "y is missing.*ndarray"),
        (scipy.sparse.csr_array(X), "y is missing"),
        (3, "y is missing.*int"),
        (X.tolist(), "Batch 1 must be a pair.*list of 6.*next argument"),
        ([(X, LABELS), X], "Batch 2 must be a pair.*ndarray of 23"),
        ([(X, LABELS), (X[:, :5], LABELS)], "X of batch 2 has 5 features"),
        ([(X, LABELS), (X, LABELS[:9])], "y of batch 2 has 9 values"),
        ([(X, LABELS), (X, LABELS + 1)], "whole numbers from 0 to 2"),
        ([(X, LABELS), (X[:0], LABELS[:0])], "X of batch 2 is empty"),
        ([(X, LABELS), (np.where(X > 7, np.nan, X), LABELS)], "X of batch 2 holds a NaN"),
        ([(X, LABELS, -WEIGHTS)], "sample_weight"),
    ],
)
def test_what_cannot_be_used_is_refused_and_nothing_is_learnt(where, batches, said):
    network = new(where)
    before = network.host_parameters()[0][0].copy()
    with pytest.raises(InputError, match=said):
        fit(network, batches, batch_size=5)
    np.testing.assert_array_equal(network.host_parameters()[0][0], before)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"sample_weight": WEIGHTS}, "sample_weight needs samples with an index"),
        ({"rows": [0, 1]}, "rows needs samples with an index"),
        ({"penalty": L2(1.0, per="dataset")}, "per='batch'"),
        ({"stack": (2, 2)}, "groups of a stack"),
    ],
)
def test_what_a_stream_cannot_have_is_refused(where, options, said):
    with pytest.raises(InputError, match=said):
        trained(where, pairs(LABELS), **options)


def test_an_error_of_the_iterable_comes_through_and_the_epoch_is_undone(where):
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


def test_a_divergence_is_found_in_a_stream_that_comes_again(where):
    network, _, error = diverged(where, pairs(TARGETS))
    _, _, whole = diverged(where, [(X, TARGETS)])
    assert (error.epoch, error.step) == (whole.epoch, whole.step)
    assert error.step > 1
    assert all(np.isfinite(p).all() for layer in network.host_parameters() for p in layer)


@pytest.mark.parametrize("batches", ["iterator", "other the second time"])
def test_in_one_that_does_not_the_step_cannot_be_told(where, batches):
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
    """The second lambda breaks the rule that its rate times lambda stays below 2."""
    network = new(where, stack=2)
    history = fit(
        network, pairs(LABELS), batch_size=5, learning_rate=0.1, penalty=[0.0, 1e200], epochs=2
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
