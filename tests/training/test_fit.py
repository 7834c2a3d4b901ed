"""`fit`: results, orders, history, dtypes, callbacks, divergence, arguments, devices."""

import math

import numpy as np
import pytest

import xl2.training.loop
from xl2 import L2, DivergenceError, History, Network, fit
from xl2.array.operations import Layer, Operations, choose
from xl2.errors import InputError
from xl2.nn.losses import Loss, find_loss
from xl2.nn.optimizers import OPTIMIZERS, find_optimizer
from xl2.nn.step import Batch, Carry, Constants, Step

RNG = np.random.default_rng(5)
X = RNG.normal(size=(11, 3))
LABELS = (X[:, 0] + X[:, 1] > 0).astype(int)
TARGETS = X @ RNG.normal(size=(3, 2)) + 0.1 * RNG.normal(size=(11, 2))
HELD, HELD_LABELS = RNG.normal(size=(4, 3)), np.array([0, 1, 1, 0])
# Eleven samples in mini-batches of four: the last one has three.
SHORT = {"epochs": 3, "batch_size": 4, "learning_rate": 0.1}
every_optimizer = pytest.mark.parametrize("optimizer", OPTIMIZERS)


def new(where, activations="tanh", **options):
    return Network([3, 4, 2], activations, **{"dtype": "float64", **options}, **where)


def arrays(network):
    return [p.copy() for layer in network.host_parameters() for p in layer]


def assert_equal(network, other, rtol=0.0):
    one, two = (x if isinstance(x, list) else arrays(x) for x in (network, other))
    for mine, its in zip(one, two, strict=True):
        np.testing.assert_allclose(mine, its, rtol=rtol, atol=rtol)


def cross_entropy(network, host, X, labels):
    a, y = host(network.forward(X)), np.eye(2)[labels]
    return -np.sum(y * np.log(a) + (1 - y) * np.log(1 - a)) / len(X)


# Results.


@pytest.mark.one_on_jax
@every_optimizer
@pytest.mark.parametrize("activations", [["tanh", "sigmoid"], ["relu", "softmax"]])
def test_the_loss_falls_on_easy_data(where, activations, optimizer):
    rate = 0.1 if optimizer == "adam" else 0.5
    network = new(where, activations, seed=1)
    history = fit(
        network, X, LABELS, epochs=40, batch_size=4, learning_rate=rate, optimizer=optimizer
    )
    assert history.loss[-1] < 0.3 * history.loss[0]
    assert network.score(X, LABELS) == 1.0


def test_a_linear_regression_converges_to_least_squares(where, host):
    network = Network([3, 2], ["identity"], dtype="float64", **where)
    fit(network, X, TARGETS, epochs=400, batch_size=11, learning_rate=0.3)
    with_one = np.hstack([X, np.ones((11, 1))])
    best = np.linalg.lstsq(with_one, TARGETS, rcond=None)[0]
    np.testing.assert_allclose(host(network.weights[0]), best[:3], rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(host(network.biases[0]), best[3], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    ("output", "y", "task"),
    [
        ("sigmoid", LABELS, "classes"),
        ("sigmoid", np.eye(2)[LABELS], "classes"),
        ("sigmoid", (X[:, :2] > 0).astype(int), "multilabel"),
        ("softmax", LABELS, "classes"),
        ("identity", TARGETS, "regression"),
    ],
)
def test_output_and_targets_determine_the_task(where, output, y, task):
    network = new(where, ["tanh", output])
    fit(network, X, y, epochs=1)
    assert network.task == task


def test_class_numbers_and_one_hot_rows_give_the_same_result(where):
    networks = [new(where), new(where)]
    for network, y in zip(networks, (LABELS, np.eye(2)[LABELS]), strict=True):
        fit(network, X, y, **SHORT)
    assert_equal(*networks)


# The order of the samples.


def test_the_same_seed_gives_the_same_bits(where):
    networks = [new(where), new(where)]
    histories = [fit(network, X, LABELS, seed=9, **SHORT) for network in networks]
    assert_equal(*networks)
    assert histories[0].loss == histories[1].loss


def test_another_seed_gives_another_result(where, host):
    networks = [new(where), new(where)]
    for seed, network in enumerate(networks):
        fit(network, X, LABELS, seed=seed, **SHORT)
    one, other = (host(network.weights[0]) for network in networks)
    assert (one != other).any()


@every_optimizer
def test_the_result_equals_that_of_numpy(where, optimizer):
    networks = [new(where), new({"backend": "numpy"})]
    histories = [
        fit(network, X, LABELS, seed=9, optimizer=optimizer, penalty=0.3, **SHORT)
        for network in networks
    ]
    assert_equal(*networks, rtol=1e-9)
    np.testing.assert_allclose(histories[0].loss, histories[1].loss, rtol=1e-9)
    assert histories[0].score == histories[1].score


def test_each_sample_is_used_once_per_epoch(where, host):
    """The inputs are 0, and the bias sums the targets: powers of 2, whose sum identifies them."""
    network = Network([3, 1], ["identity"], "zeros", dtype="float64", **where)
    rate = 1e-9
    fit(
        network, np.zeros((11, 3)), 2.0 ** np.arange(11), epochs=1, batch_size=1, learning_rate=rate
    )
    np.testing.assert_allclose(host(network.biases[0]) / rate, 2.0**11 - 1, rtol=1e-6)


def test_each_epoch_has_another_order(where):
    """Two epochs of one fit differ from two fits of one epoch."""
    once, twice = new(where), new(where)
    fit(once, X, LABELS, seed=9, **{**SHORT, "epochs": 2})
    for _ in range(2):
        fit(twice, X, LABELS, seed=9, **{**SHORT, "epochs": 1})
    assert any((a != b).any() for a, b in zip(arrays(once), arrays(twice), strict=True))


def test_without_shuffling_two_fits_equal_one(where):
    once, twice = new(where), new(where)
    fit(once, X, LABELS, shuffle=False, **{**SHORT, "epochs": 2})
    for _ in range(2):
        fit(twice, X, LABELS, shuffle=False, **{**SHORT, "epochs": 1})
    assert_equal(once, twice)


@pytest.mark.parametrize("block", [1, 9])
def test_an_epoch_in_several_blocks_equals_one_in_one_block(monkeypatch, where, block):
    networks, histories = [new(where), new(where)], []
    for network, length in zip(networks, (8192, block), strict=True):
        monkeypatch.setattr(xl2.training.loop, "BLOCK", length)
        histories.append(fit(network, X, LABELS, optimizer="adam", **SHORT))
    assert_equal(*networks, rtol=1e-10)
    np.testing.assert_allclose(histories[0].loss, histories[1].loss, rtol=1e-10)


def test_a_batch_size_larger_than_the_data_means_all_samples(where):
    networks = [new(where), new(where)]
    for network, size in zip(networks, (11, 1000), strict=True):
        fit(network, X, LABELS, epochs=3, batch_size=size, penalty=0.5, shuffle=False)
    assert_equal(*networks)


# The history.


def test_the_history_has_one_value_per_epoch(where):
    history = fit(new(where), X, LABELS, validation=(HELD, HELD_LABELS), **SHORT)
    assert isinstance(history, History)
    assert len(history) == 3
    curves = {name: values for name, values in vars(history).items() if name != "diverged"}
    for name, values in curves.items():
        assert [type(value) for value in values] == [float] * 3, name
    assert history.diverged is None
    assert min(history.seconds) > 0
    assert repr(history).startswith("History(3 epochs")


def test_without_validation_the_validation_curves_are_empty(where):
    history = fit(new(where), X, LABELS, **SHORT)
    assert (history.validation_loss, history.validation_score) == ([], [])


def test_the_loss_is_that_from_before_each_step(where, host):
    network, losses, scores = new(where), [], []

    def measure(network):
        losses.append(cross_entropy(network, host, X, LABELS))
        scores.append(network.score(X, LABELS))

    measure(network)
    history = fit(
        network,
        X,
        LABELS,
        epochs=3,
        batch_size=11,
        penalty=0.5,
        callbacks=[lambda network, history: measure(network)],
    )
    np.testing.assert_allclose(history.loss, losses[:-1], rtol=1e-12)
    np.testing.assert_allclose(history.score, scores[:-1], rtol=1e-12)


def test_the_loss_weights_a_short_batch_by_its_samples(where, host):
    """With a tiny learning rate it is the loss of the initial network."""
    network = new(where)
    expected = cross_entropy(network, host, X, LABELS)
    history = fit(network, X, LABELS, epochs=1, batch_size=4, learning_rate=1e-300)
    np.testing.assert_allclose(history.loss, [expected], rtol=1e-12)


def test_the_score_of_a_regression_is_r2(where):
    network = new(where, ["tanh", "identity"])
    before = network.score(X, TARGETS)
    history = fit(network, X, TARGETS, epochs=1, batch_size=4, learning_rate=1e-300)
    np.testing.assert_allclose(history.score, [before], rtol=1e-10)


def test_validation_samples_are_evaluated_after_the_epoch(where, host):
    network = new(where)
    history = fit(network, X, LABELS, penalty=0.5, validation=(HELD, HELD_LABELS), **SHORT)
    expected = cross_entropy(network, host, HELD, HELD_LABELS)
    np.testing.assert_allclose(history.validation_loss[-1], expected, rtol=1e-12)
    assert history.validation_score[-1] == network.score(HELD, HELD_LABELS)


def test_validation_does_not_change_the_result(where):
    networks = [new(where), new(where)]
    fit(networks[0], X, LABELS, **SHORT)
    fit(networks[1], X, LABELS, validation=(HELD, HELD_LABELS), **SHORT)
    assert_equal(*networks)


# The dtype.


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("stack", [None, 2])
@every_optimizer
def test_a_step_promotes_nothing(backend, where, to, optimizer, stack, dtype):
    network = new(where, dtype=dtype, stack=stack)
    found, library = find_optimizer(optimizer), backend.library
    loss = Loss(*(choose(library, f) for f in find_loss(None, "sigmoid")))
    step = library.compiled(
        Step(
            network.hidden_activations(),
            loss,
            found,
            choose(library, found.update),
            Operations.of(library),
        )
    )
    states = tuple((found.init(w), found.init(b)) for w, b in network.parameters)
    carry = Carry(network.parameters, states)
    lam = network.coefficients([0.1, 0.2] if stack else 0.1)
    wanted = backend.dtype(dtype)
    for number in (1, 2):
        rate = found.rate(0.1, number)
        with backend.scope():
            batch = Batch(to(X[:4], dtype), to(TARGETS[:4], dtype), None, rate, number)
            carry, logits = step(carry, Constants(lam), batch)
        assert logits.dtype == wanted
        for layer, pair in zip(carry.parameters, carry.states, strict=True):
            assert isinstance(layer, Layer)
            assert [p.dtype for p in layer] == [wanted] * 2
            assert all(s.dtype == wanted for state in pair for s in state)


@every_optimizer
def test_float32_stays_float32_through_a_fit(backend, where, optimizer):
    wanted, seen = backend.dtype("float32"), []

    def look(network, history):
        seen.extend(p.dtype == wanted for layer in network.parameters for p in layer)

    network = new(where, dtype="float32")
    fit(network, X, LABELS, epochs=3, optimizer=optimizer, penalty=0.3, callbacks=[look])
    assert seen == [True] * 12
    assert network.forward(X).dtype == wanted


def test_float32_and_float64_give_similar_results(where):
    networks = [new(where, dtype=dtype) for dtype in ("float32", "float64")]
    for network in networks:
        fit(network, X, LABELS, penalty=0.3, **SHORT)
    assert_equal(*networks, rtol=1e-4)


# Callbacks.


@pytest.mark.parametrize(("answer", "epochs"), [(True, 2), (1, 5), (None, 5), (False, 5)])
def test_only_true_ends_training(where, answer, epochs):
    def callback(network, history):
        return answer if len(history) == 2 else None

    history = fit(new(where), X, LABELS, epochs=5, callbacks=[callback])
    assert len(history) == epochs


def test_every_callback_is_called_after_every_epoch(where):
    network, calls = new(where), []

    def call(name, answer):
        def callback(*arguments):
            calls.append((name, len(arguments[1]), arguments[0] is network))
            return answer and len(arguments[1]) == 2

        return callback

    fit(network, X, LABELS, epochs=5, callbacks=[call("stops", True), call("looks", False)])
    assert calls == [(name, epoch, True) for epoch in (1, 2) for name in ("stops", "looks")]


@every_optimizer
@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_interrupted_fit_keeps_the_finished_epochs(where, error, optimizer):
    def interrupt(network, history):
        if len(history) == 2:
            raise error

    interrupted, expected = new(where), new(where)
    with pytest.raises(error):
        fit(interrupted, X, LABELS, optimizer=optimizer, callbacks=[interrupt], **SHORT)
    fit(expected, X, LABELS, optimizer=optimizer, **{**SHORT, "epochs": 2})
    assert_equal(interrupted, expected)
    fit(interrupted, X, LABELS, **SHORT)
    assert np.isfinite(interrupted.score(X, LABELS))


def test_arrays_that_a_callback_stored_do_not_change(where, host):
    """A callback can store the best weights without a copy."""
    taken, copies = [], []

    def keep(network, history):
        taken.append(network.weights[0])
        copies.append(host(network.weights[0]).copy())

    fit(new(where), X, LABELS, callbacks=[keep], **SHORT)
    for array, copy in zip(taken, copies, strict=True):
        np.testing.assert_array_equal(host(array), copy)


# What a fit does not change.


@every_optimizer
def test_arrays_stored_before_a_fit_do_not_change(where, host, optimizer):
    network = new(where)
    taken = [p for layer in network.parameters for p in layer]
    before = arrays(network)
    fit(network, X, LABELS, optimizer=optimizer, penalty=0.3, **SHORT)
    assert_equal([host(p) for p in taken], before)
    assert any((a != b).any() for a, b in zip(arrays(network), before, strict=True))


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("output", ["identity", "sigmoid", "softmax"])
def test_the_data_do_not_change(where, to, host, output, shuffle):
    y = TARGETS if output == "identity" else np.eye(2)[LABELS]
    given_X, given_y = to(X), to(y)
    network = new(where, ["tanh", output])
    fit(network, given_X, given_y, shuffle=shuffle, validation=(given_X, given_y), **SHORT)
    np.testing.assert_array_equal(host(given_X), X)
    np.testing.assert_array_equal(host(given_y), y)


# Divergence.


def diverge(network, **options):
    options = {"epochs": 50, "batch_size": 4, "shuffle": False, **options}
    with pytest.raises(DivergenceError) as caught:
        fit(network, X, TARGETS, **options)
    return caught.value


def linear(where, **options):
    return Network([3, 2], ["identity"], "gaussian", **{"dtype": "float64", **options}, **where)


def test_the_error_names_the_epoch_and_step_of_a_loss_that_overflows(where):
    """The network has the parameters of a fit that ends just before that step."""
    network, replay = linear(where), linear(where)
    error = diverge(network, learning_rate=1e12)
    assert error.epoch > 1
    assert 1 <= error.step <= 3
    assert error.loss == math.inf
    assert f"epoch {error.epoch}, step {error.step}" in str(error)
    options = {"batch_size": 4, "shuffle": False, "learning_rate": 1e12}
    history = fit(replay, X, TARGETS, epochs=error.epoch - 1, **options)
    seen = 4 * (error.step - 1)
    if seen:
        fit(replay, X[:seen], TARGETS[:seen], epochs=1, **options)
    assert_equal(network, replay, rtol=1e-10)
    assert all(np.isfinite(p).all() for p in arrays(network))
    assert error.history.loss == history.loss
    assert len(error.history) == error.epoch - 1
    with pytest.raises(DivergenceError) as again:
        fit(replay, X[seen : seen + 4], TARGETS[seen : seen + 4], epochs=1, **options)
    assert (again.value.epoch, again.value.step) == (1, 1)


@pytest.mark.parametrize("shuffle", [True, False])
def test_the_error_has_the_finite_loss_before_an_update_that_overflows(where, host, shuffle):
    network = linear(where)
    before = arrays(network)
    z = host(network.forward(X))
    error = diverge(network, learning_rate=1.7e308, shuffle=shuffle, batch_size=11)
    assert (error.epoch, error.step, len(error.history)) == (1, 1, 0)
    np.testing.assert_allclose(error.loss, np.sum((z - TARGETS) ** 2) / 2 / 11, rtol=1e-12)
    assert_equal(network, before)


@pytest.mark.one_on_jax
@every_optimizer
def test_after_a_divergence_the_parameters_are_finite(where, optimizer):
    network = linear(where, dtype="float32")
    error = diverge(network, optimizer=optimizer, learning_rate=1e38, shuffle=True, penalty=0.5)
    assert all(np.isfinite(p).all() for p in arrays(network))
    assert (error.step - 1) + 3 * (error.epoch - 1) < 150


@every_optimizer
def test_after_a_divergence_the_parameters_are_those_before_the_step(where, optimizer):
    """Each epoch is one step, and a callback records the parameters."""
    network, written = linear(where), []
    rate = 1e306 if optimizer == "adam" else 1e40
    written.append(arrays(network))
    error = diverge(
        network,
        optimizer=optimizer,
        learning_rate=rate,
        batch_size=11,
        callbacks=[lambda network, history: written.append(arrays(network))],
    )
    assert len(written) == error.epoch
    assert error.step == 1
    assert_equal(network, written[-1])


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "nesterov", "adam"])
def test_the_error_states_the_bound_that_too_large_a_lambda_exceeds(where, optimizer):
    rate = 1e30 if optimizer == "adam" else 1.0
    error = diverge(
        linear(where, dtype="float32"), learning_rate=rate, penalty=L2(1e6), optimizer=optimizer
    )
    bound = "learning rate times lambda over the number of training samples"
    assert (bound in str(error)) == (optimizer != "adam")
    assert "the loss or a parameter is no longer finite" in str(error)


# Arguments.


@pytest.mark.parametrize("name", ["epochs", "batch_size"])
@pytest.mark.parametrize("value", [0, -1, 1.5, "3", None, math.nan])
def test_counts_must_be_whole_numbers_from_1(where, name, value):
    with pytest.raises(InputError, match=f"{name} must be a whole number, 1 or more"):
        fit(new(where), X, LABELS, **{name: value})


@pytest.mark.parametrize("rate", [0, -0.1, math.nan, math.inf])
def test_the_learning_rate_must_be_above_0(where, rate):
    with pytest.raises(InputError, match="learning_rate must be a finite number above 0"):
        fit(new(where), X, LABELS, learning_rate=rate)


def test_arguments_may_be_numpy_numbers(where):
    network = new(where)
    history = fit(
        network,
        X,
        LABELS,
        epochs=np.int64(2),
        batch_size=np.int32(4),
        learning_rate=np.float32(0.1),
        penalty=np.float64(0.1),
    )
    assert len(history) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"optimizer": "lbfgs"}, "lbfgs"),
        ({"loss": "hinge"}, "hinge"),
        ({"loss": "categorical_cross_entropy"}, "not with 'sigmoid'"),
        ({"seed": -1}, "seed must be a whole number, 0 or more. Received: -1"),
        ({"seed": 1.5}, "seed must be a whole number"),
        ({"dropout": 1}, "dropout must be .* less than 1.* Received: dropout=1"),
        ({"validation": HELD}, "must be a pair .X, y.. Received: ndarray"),
        ({"y": LABELS[:5]}, "X has 11 samples but y has 5 values"),
        ({"y": LABELS + 1}, "whole numbers from 0 to 1"),
        ({"X": X[:, :2]}, "X has 2 features"),
        ({"X": X * np.nan}, "first in row 1[.]"),
        ({"X": X[:0], "y": LABELS[:0]}, "X is empty"),
        ({"validation": (HELD[:, :2], HELD_LABELS)}, "validation X has 2 features"),
        ({"validation": (HELD, HELD_LABELS[:3])}, "validation y has 3 values"),
        ({"validation": (HELD * np.nan, HELD_LABELS)}, "validation X holds a NaN"),
    ],
)
def test_errors_in_arguments_leave_the_network_unchanged(where, arguments, message):
    network = new(where)
    before = arrays(network)
    with pytest.raises(InputError, match=message):
        fit(network, **{"X": X, "y": LABELS, **arguments})
    assert_equal(network, before)


# Kinds of data, and devices.


def test_lists_and_arrays_give_the_same_result(where):
    networks = [new(where), new(where)]
    fit(networks[0], X, LABELS, **SHORT)
    fit(networks[1], X.tolist(), LABELS.tolist(), **SHORT)
    assert_equal(*networks)


def test_a_data_frame_and_its_values_give_the_same_result(where):
    pandas = pytest.importorskip("pandas", reason="a data frame needs pandas")
    frame = pandas.DataFrame(X, columns=["a", "b", "c"])
    networks = [new(where), new(where)]
    fit(networks[0], X, LABELS, **SHORT)
    fit(networks[1], frame, pandas.Series(LABELS, index=range(20, 31)), **SHORT)
    assert_equal(*networks)


def test_arrays_of_the_library_and_of_numpy_give_the_same_result(where, to):
    networks = [new(where), new(where)]
    fit(networks[0], X, LABELS, **SHORT)
    fit(networks[1], to(X), to(LABELS), **SHORT)
    assert_equal(*networks)


def test_the_argument_backend_moves_the_network(backend, where):
    network, expected = new({"backend": "numpy"}), new(where)
    fit(network, X, LABELS, **SHORT, **where)
    fit(expected, X, LABELS, **SHORT)
    assert network.backend == backend
    assert_equal(network, expected)


def test_a_network_without_a_backend_moves_to_the_data(backend, to):
    network, expected = new({}), new({"backend": "numpy"})
    given_X = to(X)
    fit(network, given_X, to(LABELS), **SHORT)
    fit(expected, X, LABELS, **SHORT)
    assert network.backend.name == backend.name
    assert network.weights[0].device == given_X.device
    assert_equal(network, expected, rtol=1e-9)


def test_after_that_the_network_stays_on_the_device(backend, to):
    network = new({})
    fit(network, to(X), to(LABELS), epochs=1)
    fit(network, X, LABELS, epochs=1)
    assert network.backend.name == backend.name
    assert network.weights[0].device == to(X).device


def test_a_network_with_a_backend_rejects_arrays_of_another_library(backend, to):
    if backend.name == "numpy":
        pytest.skip("NumPy arrays are accepted by every backend")
    with pytest.raises(InputError, match=f"X is an array of {backend.name}.*runs on numpy"):
        fit(new({"backend": "numpy"}), to(X), LABELS)


def test_training_continues_with_parameters_that_a_callback_set(where):
    def start_from_zeros(network, history):
        if len(history) == 1:
            network.set_parameters([(0 * w, 0 * b) for w, b in network.host_parameters()])

    network = new(where)
    zeros = xl2.Network(network.sizes, network.activations, "zeros", dtype=network.dtype, **where)
    fit(network, X, LABELS, epochs=2, shuffle=False, callbacks=[start_from_zeros])
    fit(zeros, X, LABELS, epochs=1, shuffle=False)
    for ours, expected in zip(network.host_parameters(), zeros.host_parameters(), strict=True):
        assert_equal(list(ours), list(expected))
