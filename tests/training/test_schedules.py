"""Learning rates that follow a schedule, smoothed labels, and biases that are drawn."""

import math

import numpy as np
import pytest

from xl2 import Network, fit
from xl2.errors import InputError
from xl2.nn.initializers import draw_layers
from xl2.training.schedules import SCHEDULES, find_schedule

RNG = np.random.default_rng(8)
X = RNG.normal(size=(12, 3))
LABELS = np.array([0, 1, 2] * 4)
SHORT = {"epochs": 4, "batch_size": 6, "learning_rate": 0.3}


def new(where, output="softmax", outputs=3, **options):
    options = {"dtype": "float64", "seed": 2, **options}
    return Network([3, 5, outputs], ["tanh", output], **options, **where)


def arrays(network):
    return [p for layer in network.host_parameters() for p in layer]


def assert_equal(network, other, rtol=1e-12):
    for mine, its in zip(arrays(network), arrays(other), strict=True):
        np.testing.assert_allclose(mine, its, rtol=rtol, atol=rtol)


# Schedules.


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_is_a_factor_from_0_to_1_that_ends_low(name):
    values = [find_schedule(name)(t) for t in np.linspace(0.0, 1.0, 101)]
    assert min(values) >= 0.0
    assert max(values) == pytest.approx(1.0)
    assert values[-1] == pytest.approx(1.0 if name == "constant" else 0.0, abs=1e-12)
    steps = np.abs(np.diff(values))
    assert steps.max() < 0.06  # continuous


def test_values_of_schedules_by_hand():
    half = math.cos(math.pi / 4)
    assert SCHEDULES["cosine"](0.5) == pytest.approx(0.5)
    assert SCHEDULES["cosine"](0.25) == pytest.approx((1 + half) / 2)
    assert SCHEDULES["flat_cosine"](0.4) == 1.0
    assert SCHEDULES["flat_cosine"](0.75) == pytest.approx(0.5)
    assert SCHEDULES["one_cycle"](0.0) == pytest.approx(0.04)
    assert SCHEDULES["one_cycle"](0.3) == pytest.approx(1.0)


@pytest.mark.parametrize("name", ["cosine", "one_cycle"])
@pytest.mark.parametrize("stack", [None, 2, (2, 2)])
def test_a_schedule_is_as_many_fits_of_one_step_with_its_rates(where, name, stack):
    """Plain SGD has no state, so fits of one step after another are the same training."""
    whole, parts = new(where, stack=stack), new(where, stack=stack)
    options = {"shuffle": False, "penalty": 0.5}
    fit(whole, X, LABELS, schedule=name, **SHORT, **options)
    for step in range(8):
        rows = slice(6 * (step % 2), 6 * (step % 2) + 6)
        rate = 0.3 * SCHEDULES[name](step / 8)
        # lambda is divided by the samples of the whole set.
        half = {**options, "penalty": 0.25}
        fit(parts, X[rows], LABELS[rows], epochs=1, batch_size=6, learning_rate=rate, **half)
    assert_equal(whole, parts)


def test_a_schedule_reaches_every_kind_of_run(where):
    """Adam in one block and in several, and resumed in the middle: compiled and portable code."""
    networks = []
    for schedule in ("constant", "cosine"):
        network = new(where)
        fit(network, X, LABELS, optimizer="adam", schedule=schedule, **SHORT)
        networks.append(network)
    moved = np.abs(arrays(networks[0])[0] - arrays(networks[1])[0]).max()
    assert moved > 0.01


def test_resuming_continues_the_schedule(where, tmp_path):
    whole, parts = new(where), new(where)
    options = {"optimizer": "adam", "schedule": "cosine", **SHORT}
    fit(whole, X, LABELS, **options)

    def stop(network, history):
        if len(history) == 2:
            raise KeyboardInterrupt

    at = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        fit(parts, X, LABELS, checkpoint=at, callbacks=[stop], **options)
    fit(parts, X, LABELS, checkpoint=at, resume=True, **options)
    assert_equal(whole, parts, rtol=0.0)


def test_another_number_of_epochs_is_another_schedule(tmp_path):
    at, options = tmp_path / "run", {"schedule": "cosine", "batch_size": 6}
    fit(new({}), X, LABELS, checkpoint=at, epochs=2, **options)
    with pytest.raises(InputError, match=r"cosine through 4 steps.*cosine through 6 steps"):
        fit(new({}), X, LABELS, checkpoint=at, resume=True, epochs=3, **options)


def test_a_schedule_has_to_know_the_steps():
    with pytest.raises(InputError, match=r"unknown for an iterable"):
        fit(new({}), [(X, LABELS)], schedule="cosine")


@pytest.mark.parametrize("schedule", ["linear", None, 3])
def test_an_unknown_schedule_is_an_error(schedule):
    with pytest.raises(InputError, match=r"Available schedules are constant, cosine"):
        fit(new({}), X, LABELS, schedule=schedule)


# Smoothed labels.


def shares(kind):
    """Return labels, the targets of which a fifth is divided among all classes, and outputs."""
    if kind == "classes":
        return LABELS, 0.8 * np.eye(3)[LABELS] + 0.2 / 3, ("softmax", 3)
    if kind == "binary":
        return LABELS % 2, 0.8 * (LABELS % 2)[:, None] + 0.1, ("sigmoid", 1)
    rows = np.stack([LABELS > 0, LABELS > 1, LABELS < 9], axis=1).astype(float)
    return rows, 0.8 * rows + 0.1, ("sigmoid", 3)


@pytest.mark.parametrize("kind", ["classes", "binary", "multilabel"])
@pytest.mark.parametrize("source", ["array", "stream"])
def test_smoothing_is_training_on_shares(where, kind, source):
    labels, soft, output = shares(kind)
    smoothed, shared = new(where, *output), new(where, *output)
    given = (X, labels) if source == "array" else ([(X[:6], labels[:6]), (X[6:], labels[6:])],)
    options = {"shuffle": False, **SHORT}
    found = fit(smoothed, *given, label_smoothing=0.2, **options)
    expected = fit(shared, X, soft, **options)
    assert_equal(smoothed, shared)
    np.testing.assert_allclose(found.loss, expected.loss, rtol=1e-6)


def test_scores_and_validation_are_of_the_labels_themselves(where):
    network = new(where)
    options = {"shuffle": False, "label_smoothing": 0.5, **SHORT}
    found = fit(network, X, LABELS, validation=(X, LABELS), **options)
    outputs = network.backend.to_numpy(network.forward(X))
    loss = -np.log(outputs[np.arange(12), LABELS]).mean()
    assert found.validation_loss[-1] == pytest.approx(loss, rel=1e-6)
    assert found.validation_score[-1] == (outputs.argmax(axis=1) == LABELS).mean()


@pytest.mark.parametrize("smoothing", [-0.1, 1.0, math.nan, "0.1"])
def test_a_smoothing_that_is_no_part_is_an_error(smoothing):
    with pytest.raises(InputError, match=r"label_smoothing must be in \[0, 1\)"):
        fit(new({}), X, LABELS, label_smoothing=smoothing)


def test_values_are_not_smoothed():
    with pytest.raises(InputError, match="this is a regression"):
        fit(new({}, "identity"), X, X, label_smoothing=0.1)


# Biases.


@pytest.mark.parametrize("stack", [(), (4,), (2, 3)])
def test_biases_are_drawn_after_the_weights_and_not_for_the_outputs(stack):
    plain = draw_layers((3, 5, 6, 2), "he", 7, stack)
    drawn = draw_layers((3, 5, 6, 2), "he", 7, stack, "gaussian")
    for (weight, _), (same, bias), units in zip(plain, drawn, (5, 6, 2), strict=True):
        np.testing.assert_array_equal(weight, same)
        assert bias.shape == (*stack, units)
    rng = np.random.default_rng(7)
    for inputs, outputs in ((3, 5), (5, 6), (6, 2)):
        rng.standard_normal((inputs, outputs))
    first = rng.standard_normal((1, 5))[0]
    np.testing.assert_array_equal(
        drawn[0][1].reshape(-1, 5), np.tile(first, (max(1, math.prod(stack)), 1))
    )
    assert not drawn[2][1].any()
    assert drawn[1][1].std() > 0.3


def test_a_network_has_the_biases_of_its_initializer(where, host):
    network = new(where, bias_initializer="gaussian")
    assert host(network.biases[0]).std() > 0.3
    assert not host(new(where).biases[0]).any()
    for wrong in ("normal", ["zeros"], None):
        with pytest.raises(InputError, match="Unknown bias_initializer"):
            new({}, bias_initializer=wrong)


@pytest.mark.parametrize("argument", ["initializer", "bias_initializer"])
@pytest.mark.parametrize("shape", [(), (5,), (5, 1), (1, 1)])
def test_an_array_of_another_shape_is_refused(argument, shape):
    with pytest.raises(InputError, match=rf"{argument} must return an array of the shape"):
        new({}, **{argument: lambda inputs, outputs, rng: np.zeros(shape)})
