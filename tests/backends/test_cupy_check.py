"""The trial of a device: rounding passes, mistakes do not."""

import array_api_compat.numpy as xp
import numpy as np
import pytest
from cupy_fits import SCALED, Watched, assert_same, trained
from cupy_twin import Rounding, Twin, recorded

from xl2_cupy_check import try_device

pytestmark = pytest.mark.host
DTYPES = ["float32", "float64"]


class Tf32(Twin):
    """A twin whose factors are rounded to the 11 bits of TF32."""

    @recorded
    def multiply(self, a, transposed_a, b, transposed_b, c, alpha, beta):
        left, right = (self.rounded(x) for x in (a, b))
        product = (left.mT if transposed_a else left) @ (right.mT if transposed_b else right)
        c[...] = alpha * product + (beta * c if beta != 0.0 else 0.0)

    def rounded(self, x):
        return ((x.view("int32") + 0x1000) & ~0x1FFF).view("float32")


@pytest.mark.parametrize(
    ("kind", "dtype"), [*((kind, dtype) for kind in (Twin, Rounding) for dtype in DTYPES),
                        (Tf32, "float32")],
)  # fmt: skip
def test_rounding_passes(kind, dtype):
    try_device(kind(dtype), xp)


def test_the_trial_uses_everything_that_a_device_does():
    done, products = set(), set()

    class Watching(Twin):
        def __getattribute__(self, name):
            if name in USED:
                done.add(name)
            return super().__getattribute__(name)

        @recorded
        def multiply(self, a, transposed_a, b, transposed_b, c, alpha, beta):
            products.add((len(c) > 1, transposed_a, transposed_b, bool(beta)))
            Twin.multiply(self, a, transposed_a, b, transposed_b, c, alpha, beta)

    USED = {name for name in vars(Twin) if not name.startswith("_")}
    try_device(Watching(), xp)
    assert done == USED
    for batched in (False, True):
        for turned in ((False, False), (True, False), (False, True)):
            assert (batched, *turned, False) in products
    assert (False, True, False, True) in products  # which also decays and updates


def wrong_by_a_tenth(method, at):
    """Return a twin with an error of 10 % in an argument of a method."""

    def call(self, *arguments):
        changed = list(arguments)
        changed[at] = changed[at] * 1.1
        getattr(Rounding, method)(self, *changed)

    return type("Wrong", (Rounding,), {method: recorded(call)})


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
    """Return a change of the average of a power of the gradient."""

    def change(before, after):
        kept = (0.9, 0.999)[at - 1]
        new = after[at] - kept * before[at]
        after[at][...] = kept * before[at] + new / spread(before[3], after[0]) ** power

    return change


class HalfAGraph(Twin):
    """Takes only the first half of the launches that it has captured."""

    def captured(self, work):
        self.capturing = calls = []
        work()
        self.capturing = None
        return lambda: [call() for call in calls[: len(calls) // 2]]


class OldNumbers(Twin):
    """Sends numbers once: later graphs read the old ones."""

    def send(self, array, to):
        if not to.any():
            super().send(array, to)


MISTAKES = {
    "delta": wrong_by_a_tenth("output_delta", 5),
    "activation": wrong_by_a_tenth("bias_activation", 1),
    "gradient of a bias": wrong_by_a_tenth("bias_step", 0),
    "rate of biases": wrong_by_a_tenth("bias_step", 5),
    "product": wrong_by_a_tenth("multiply", 5),
    "gradient": wrong_by_a_tenth("weight_step", 1),
    "rate": wrong_by_a_tenth("weight_step", 4),
    "gradient with scales": wrong_by_a_tenth("scaled_step", 1),
    "rates with scales": wrong_by_a_tenth("scaled_step", 4),
    "rate of scales": wrong_by_a_tenth("scaled_step", 7),
    "scales": wrong_after(keep_scales),
    "averages of scales": wrong_after(keep_averages),
    "row": wrong_after(scales_of_the_next_row),
    "mean with scales": wrong_after(average_without_scales(1, 1)),
    "square with scales": wrong_after(average_without_scales(2, 2)),
    "new scale": wrong_after(leave_out_the_new_scale),
    "graph": HalfAGraph,
    "numbers": OldNumbers,
}


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_mistake_is_detected(mistake, dtype):
    with pytest.raises(ArithmeticError, match="a known fit gives other results on this device"):
        try_device(MISTAKES[mistake](dtype), xp)


@pytest.mark.parametrize("optimizer", ["sgd", "adam", SCALED])
def test_a_refused_device_trains_by_the_portable_code_with_one_warning(optimizer):
    runner = Watched(kind=MISTAKES["product"], trial=True)
    with pytest.warns(UserWarning, match="a known fit gives other results") as caught:
        found = trained(runner.run, optimizer=optimizer)
    assert len(caught) == 1
    expected = trained(None, optimizer=optimizer)
    assert_same(found, expected, rtol=1e-15)
    # It is not tried again.
    assert_same(trained(runner.run, optimizer=optimizer), expected, rtol=1e-15)
    assert len(runner.twins) == 1
    with pytest.warns(UserWarning, match="a known fit gives other results"):
        trained(runner.run, optimizer=optimizer, dtype="float32")
    assert len(runner.twins) == 2


def test_a_device_has_one_trial_for_each_dtype():
    counts = []
    for trial in (False, True):
        runner = Watched(trial=trial)
        for dtype in ("float64", "float32", "float64"):
            trained(runner.run, dtype=dtype, epochs=1)
            runner.release()
        counts.append([len(twin.captures) for twin in runner.twins])
    without, with_trial = map(np.asarray, counts)
    assert list(with_trial - without) == [4, 4, 0]
