"""What a program must show before it is used: it may differ from the portable code by rounding."""

import numpy as np
import pytest
from cupy_fits import OPTIMIZERS, SCALED, Watched, trained
from cupy_twin import Rounding, backend_of, recorded

from xl2 import Adam, Network, fit

pytestmark = pytest.mark.host

ROWS = np.random.default_rng(5).normal(size=(90, 5))
CENTRED = (ROWS - ROWS.mean(axis=0)) / ROWS.std(axis=0)
STRAIGHT = CENTRED @ np.arange(10.0).reshape(5, 2) / 9.0
VALUES = STRAIGHT + CENTRED[:, ::-1][:, :2] ** 2
VALUES = (VALUES - VALUES.mean(axis=0)) / VALUES.std(axis=0)
BEST, *_ = np.linalg.lstsq(CENTRED, VALUES, rcond=None)
CLASSES = np.eye(3)[np.arange(90) % 3]
GIVEN = np.arange(1.0, 11.0).reshape(5, 2) / 9.0
# Targets whose gradient at these weights, (2, -1) for (1, 2), is no change of a row's scale.
TURNED = np.linalg.solve(CENTRED.T @ CENTRED / 90, GIVEN[:, ::-1] * [1.0, -1.0])
ACROSS = CENTRED @ (GIVEN - TURNED)
# Some gradients are zero except for rounding: sizes, output, initializer, targets.
CANCELLING = {
    "linear": ((5, 2), "identity", "xavier", VALUES),
    "hidden": ((5, 4, 2), "identity", "xavier", VALUES),
    "softmax": ((5, 3), "softmax", "zeros", CLASSES),
    "best": ((5, 2), "identity", lambda inputs, outputs, rng: BEST, VALUES),
    "learnt": ((5, 2), "identity", lambda i, o, rng: np.arange(10.0).reshape(5, 2) / 9, STRAIGHT),
    "scales": ((5, 2), "identity", lambda inputs, outputs, rng: GIVEN, ACROSS),
}  # fmt: skip


def by_rounding(case, optimizer, dtype, runner, epochs=1):
    sizes, last, initializer, y = CANCELLING[case]
    hidden = ["identity"] * (len(sizes) - 2)
    network = Network(sizes, [*hidden, last], initializer, dtype=dtype, backend="numpy")
    network.backend = backend_of(runner.run)
    fit(network, CENTRED, y, epochs=epochs, batch_size=90, learning_rate=0.1, optimizer=optimizer,
        progress=False)  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("case", CANCELLING)
def test_a_gradient_of_pure_rounding_is_accepted(case, optimizer, dtype):
    """That of the biases with centred samples, and all of them at the optimum."""
    runner = Watched(kind=Rounding)
    by_rounding(case, optimizer, dtype, runner, epochs=3)
    assert runner.launches == 2 + 3  # the check and the capture, then one per epoch
    assert not runner._refused


def wrong_by_a_tenth(method, at):
    """Return a twin with an error of 10 % in an argument of a method."""

    def call(self, *arguments):
        changed = list(arguments)
        changed[at] = changed[at] * 1.1
        getattr(Rounding, method)(self, *changed)

    return type("Wrong", (Rounding,), {method: recorded(call)})


MISTAKES = {
    "delta": wrong_by_a_tenth("output_delta", 5),
    "gradient of a bias": wrong_by_a_tenth("bias_step", 0),
    "product": wrong_by_a_tenth("multiply", 5),
    # Only Adam reads its rate from these numbers.
    "rate": wrong_by_a_tenth("bias_step", 5),
}


@pytest.mark.parametrize(
    ("mistake", "optimizer"),
    [(name, one) for name in MISTAKES for one in (OPTIMIZERS if name != "rate" else ["adam"])],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_error_of_ten_percent_is_detected(mistake, optimizer, dtype):
    runner = Watched(kind=MISTAKES[mistake])
    with pytest.warns(UserWarning, match="differs from one by the portable code"):
        trained(runner.run, optimizer=optimizer, dtype=dtype, rows=64, batch=32)
    assert runner._refused


def wrong_after(change):
    """Return a twin whose step with scales is changed: weight, mean, square and scales."""

    def call(self, weight, gradient, states, *others):
        before = [x.copy() for x in (weight, *states)]
        Rounding.scaled_step(self, weight, gradient, states, *others)
        change(before, [weight, *states])

    return type("Wrong", (Rounding,), {"scaled_step": recorded(call)})


def spread(scales, weight):
    """Return the scale of each weight."""
    return np.repeat(scales[..., 0], weight.shape[-1] // scales.shape[2], axis=-1)


def keep_scales(before, after):
    after[3][...] = before[3]


def keep_averages(before, after):
    after[3][..., 1:] = before[3][..., 1:]


def scales_of_the_next_row(before, after):
    after[3][...] = np.roll(after[3], 1, axis=1)


def leave_out_the_new_scale(before, after):
    after[0][...] *= spread(before[3] / after[3], after[0])


def average_without_scales(at, power):
    """Return a change of the average of a power of the gradient, which begins at zero."""

    def change(before, after):
        after[at][...] /= spread(before[3], after[0]) ** power

    return change


WITH_SCALES = {
    "gradient": wrong_by_a_tenth("scaled_step", 1),
    "rates": wrong_by_a_tenth("scaled_step", 4),
    "rate of scales": wrong_by_a_tenth("scaled_step", 7),
    "scales": wrong_after(keep_scales),
    "averages of scales": wrong_after(keep_averages),
    "row": wrong_after(scales_of_the_next_row),
    "product": wrong_after(leave_out_the_new_scale),
    "mean": wrong_after(average_without_scales(1, 1)),
    "square": wrong_after(average_without_scales(2, 2)),
}


@pytest.mark.parametrize("mistake", WITH_SCALES)
@pytest.mark.parametrize("stack", [None, (2, 3)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_mistake_with_scales_is_detected(mistake, stack, dtype):
    runner = Watched(kind=WITH_SCALES[mistake])
    with pytest.warns(UserWarning, match="differs from one by the portable code"):
        trained(runner.run, optimizer=SCALED, stack=stack, dtype=dtype, rows=64, batch=32)
    assert runner._refused


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_scale_that_a_step_makes_zero_is_accepted(dtype, seed):
    """The check begins with a scale of 1.5, and Adam's first step has the size of its rate."""
    runner, optimizer = Watched(kind=Rounding), Adam(scale_rate=6.0, epsilon=1e-30)
    trained(runner.run, optimizer=optimizer, rate=1.5 / 6.0, dtype=dtype, seed=seed, rows=16)
    assert runner.launches
    assert not runner._refused


@pytest.mark.parametrize("optimizer", ["sgd", "adam", SCALED])
def test_an_error_beside_a_gradient_of_pure_rounding_is_detected(optimizer):
    runner = Watched(kind=MISTAKES["product"])
    with pytest.warns(UserWarning, match="differs from one by the portable code"):
        by_rounding("linear", optimizer, "float32", runner)


@pytest.mark.parametrize("size", [1e15, 3e19, 1e21, 1e30])
@pytest.mark.parametrize("optimizer", ["adam", SCALED])
def test_a_square_that_overflows_in_adam_is_accepted(size, optimizer):
    """In float32, that of a gradient of 2e19 or more."""
    runner = Watched(kind=Rounding)
    network = Network([5, 3], ["softmax"], dtype="float32", backend="numpy", seed=0)
    network.backend = backend_of(runner.run)
    fit(network, size * ROWS, CLASSES, epochs=1, batch_size=30, optimizer=optimizer,
        learning_rate=1e-30, progress=False)  # fmt: skip
    assert runner.launches
    assert not runner._refused


@pytest.mark.parametrize("lam", [1e37, 1e39])
def test_a_member_that_diverges_at_once_does_not_prevent_graphs(lam):
    """The last of three members has `lam`, the others have 0 and half of it."""
    options = {"dtype": "float32", "stack": 3, "rows": 40, "lam": lam / 2}
    runner = Watched(kind=Rounding)
    found, expected = trained(runner.run, **options), trained(None, **options)
    # Graphs of 8 and 2 steps, and 1 in the check: one program for both epochs.
    assert len(runner.twins[0].captures) == 3
    assert not runner._refused
    assert expected[1].diverged[-1]
    np.testing.assert_array_equal(found[1].diverged, expected[1].diverged)
    mine, its = (network.member(0).host_parameters() for network, _ in (found, expected))
    for one, other in zip(mine, its, strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-6)
