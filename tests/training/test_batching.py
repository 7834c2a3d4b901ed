"""How an epoch is cut, and that lambda means the same whatever is left over."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain_paths import plain_path

import xl2
from xl2 import L2, Network, fit
from xl2.training.batching import Batching, whole

# Cutting.


@pytest.mark.host
@given(rows=st.integers(1, 400), size=st.integers(1, 90), even=st.booleans())
def test_an_epoch_has_the_fewest_mini_batches_that_the_size_allows(rows, size, even):
    parts = Batching(size, even).parts(rows)
    sizes = [min(p.size, p.stop - at) for p in parts for at in range(p.start, p.stop, p.size)]
    assert sum(sizes) == rows
    assert len(sizes) == math.ceil(rows / size)
    assert max(sizes) <= size
    if even:
        assert max(sizes) - min(sizes) <= 1
        assert sizes == sorted(sizes, reverse=True)
    else:
        assert set(sizes[:-1]) <= {size}


@pytest.mark.host
@given(
    rows=st.integers(1, 400),
    size=st.integers(1, 90),
    even=st.booleans(),
    length=st.integers(1, 200),
    data=st.data(),
)
def test_pieces_are_whole_mini_batches(rows, size, even, length, data):
    batching = Batching(size, even)
    pieces = list(batching.cut(rows, lambda size: whole(length, size)))
    stops = [0]
    for start, stop, own in pieces:
        assert start == stops[-1]
        assert stop - start <= max(length, own)
        stops += [min(at + own, stop) for at in range(start, stop, own)]
    assert stops == sorted({0, *stops})
    assert stops[-1] == rows
    # Where mini-batches end, and how many have ended there.
    done = data.draw(st.integers(0, rows))
    assert batching.ends_at(rows, done) == (done in stops[1:])
    if done in stops:
        assert batching.steps(rows, done) == stops.index(done)


# What lambda means.

DIGITS = xl2.load_data("digits")
PIXELS = DIGITS.X / 16


def score(where, rows, penalty, batch_size=64, epochs=40, optimizer="adam", rate=0.001):
    """Return the training accuracy, in points, and the norm of the first weights."""
    network = Network([64, 25, 10], ["relu", "softmax"], "he", seed=0, dtype="float32", **where)
    x, y = PIXELS[rows], DIGITS.y[rows]
    fit(network, x, y, epochs=epochs, batch_size=batch_size, learning_rate=rate,
        optimizer=optimizer, penalty=penalty, progress=False)  # fmt: skip
    (weight, _), *_ = network.host_parameters()
    return 100 * network.score(x, y), float(np.linalg.norm(weight))


@pytest.mark.host
@pytest.mark.parametrize(("lam", "expected"), [(10.0, 96.0), (100.0, 81.0)])
def test_one_sample_more_does_not_change_what_lambda_does(where, lam, expected):
    """Once it was 95.9 %, 74.9 % with one sample more, and 95.7 %; and 80.8, 36.2 and 81.2."""
    for rows in (640, 641, 703):
        accuracy, _ = score(where, np.arange(rows), lam)
        assert abs(accuracy - expected) < 2.5


@pytest.mark.host
@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "nesterov", "adam"])
@pytest.mark.parametrize("size", [16, 48])
def test_one_sample_more_changes_the_score_no_more_than_leaving_out_another(where, optimizer, size):
    """At no lambda; the noise is the spread of eight fits that leave out one sample each."""
    if where["backend"] not in ("numpy", "torch"):
        pytest.skip("takes minutes; other tests compare the steps of other libraries")
    if where["backend"] == "torch" and size > 16:
        pytest.skip("takes a minute; run with the smaller mini-batches")
    lams = [0.0, 1.0, 5.0, 25.0]

    def scores(rows):
        network = Network([64, 25, 10], ["relu", "softmax"], "he", seed=0, stack=4, **where)
        rate = {"adam": 0.003, "sgd": 0.1}.get(optimizer, 0.02)
        fit(network, PIXELS[rows], DIGITS.y[rows], epochs=100, batch_size=size,
            learning_rate=rate, optimizer=optimizer, penalty=lams, progress=False)  # fmt: skip
        return 100 * network.score(PIXELS[rows], DIGITS.y[rows])

    rows = np.arange(8 * size + 1)  # one is left over
    fewer = np.array([scores(np.delete(rows, at)) for at in rows[:: size + 1][:8]])
    noise = fewer.std(axis=0, ddof=1) + 100 / len(rows)
    assert (abs(scores(rows) - fewer.mean(axis=0)) < 3 * noise).all()


@pytest.mark.host
@pytest.mark.parametrize("lam", [3.0, 30.0])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_twice_the_batch_size_shrinks_the_weights_as_much(where, optimizer, lam):
    """At convergence, which a convex problem reaches: no hidden layer, 45 samples."""
    x, y = PIXELS[:45], DIGITS.y[:45]
    norms = {}
    for size in (15, 30):
        network = Network([64, 10], ["softmax"], seed=0, dtype="float64", **where)
        rate = {"sgd": 0.1, "adam": 0.003}[optimizer]
        fit(network, x, y, epochs=300, batch_size=size, learning_rate=rate, optimizer=optimizer,
            penalty=lam, progress=False)  # fmt: skip
        ((weight, _),) = network.host_parameters()
        norms[size] = np.linalg.norm(weight)
    # Per mini-batch of 15 or 30 samples, lambda would be 3 and 1.5 times as large as per 45.
    assert norms[30] == pytest.approx(norms[15], rel=0.03)


def test_the_largest_step_keeps_weights_finite_with_a_sample_left_over(where):
    """65 rows, lambda 10, SGD at 0.1: once the last mini-batch set all weights to 0."""
    _, norm = score(where, np.arange(65), 10.0, epochs=3, optimizer="sgd", rate=0.1)
    assert norm > 1.0


def test_a_path_does_not_change_with_a_sample_left_over_in_its_folds(where):
    """Folds of 640 and of 641 rows have the same scores, where once another lambda was best."""
    if where["backend"] != "numpy":
        pytest.skip("takes a minute; other tests compare the paths of other libraries")
    means = []
    for rows in (1280, 1282):
        path = plain_path(
            PIXELS[:rows], DIGITS.y[:rows], [0, 0.1, 1, 10, 100], cv=2, hidden=(25,), epochs=60,
            refit=False, **where,
        )  # fmt: skip
        means.append(path.validation_means_)
    np.testing.assert_allclose(*means, atol=0.02)


# The notebook's rule.


def test_the_notebooks_rule_can_be_chosen(where, host):
    """Lambda over the mini-batch, and a short last one: the weights of a dark pixel decay so."""
    x = np.arange(10.0).reshape(5, 2) / 10
    x[:, 1] = 0.0
    network = Network([2, 1], ["sigmoid"], dtype="float64", **where)
    before = host(network.weights[0])[1].copy()
    fit(network, x, np.array([0, 1, 1, 0, 1]), epochs=1, batch_size=2, learning_rate=0.3,
        penalty=L2(0.5, per="batch"), even_batches=False, progress=False)  # fmt: skip
    factor = (1 - 0.3 * 0.5 / 2) ** 2 * (1 - 0.3 * 0.5 / 1)
    np.testing.assert_allclose(host(network.weights[0])[1], before * factor, rtol=1e-12)
