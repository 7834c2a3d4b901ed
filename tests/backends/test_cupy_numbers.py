"""Kernels on a CPU: more numbers than 32 bits count, and numbers below the normal ones."""

import mmap
import platform

import cuda_on_host
import numpy as np
import pytest
from cupy_twin import Twin

from xl2_cupy_device import Cuda, Rule, Shape

pytestmark = pytest.mark.host
ADAM = Rule(3, 0.9, 1.0 - 0.9, 0.999, 1.0 - 0.999, 1e-8)
NO_RESERVE = 0x4000  # of Linux: what is not written to takes no memory
WRAPPED = 2**31  # numbers before an array, where an index of 32 bits may end up


@pytest.fixture(scope="module")
def launch(tmp_path_factory):
    """Return the launches of kernels that flush to zero, compiled for the CPU."""
    if cuda_on_host.compiler() is None or platform.machine() not in ("x86_64", "AMD64"):
        pytest.skip("needs a C++ compiler and an x86 CPU")
    return cuda_on_host.build(tmp_path_factory.mktemp("kernels"), "float32", flush=True)


def huge(count):
    """Return an array of zeros of which only what is written to takes memory."""
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | NO_RESERVE
    try:
        memory = mmap.mmap(-1, 4 * (WRAPPED + count), flags=flags)
    except OSError as error:
        pytest.skip(f"this system does not lend memory: {error}")
    return np.frombuffer(memory, np.float32)[WRAPPED:]


def passed(*arguments):
    """Return arguments as `Cuda` passes them."""
    kinds = {int: np.int32, float: np.float32}
    return [kinds.get(type(x), lambda same: same)(x) for x in arguments]


@pytest.mark.skipif(platform.system() != "Linux", reason="needs memory that is not reserved")
class TestMoreThan32Bits:
    """The last of 5 * 2^30 numbers, by the last block only."""

    def test_bias_activation(self, launch):
        shape = Shape(1, 5, 2**15, 2**15)
        z, outputs, bias = huge(5 * 2**30), huge(5 * 2**30), np.zeros(5 * 2**15, np.float32)
        z[-1], bias[-1] = 2.0, 3.0
        blocks = z.size // 256
        for wide in (0, 1):
            outputs[-1] = 0.0
            arguments = passed(z, bias, outputs, *shape, wide, 0)
            launch("bias_activation", (blocks,), (256,), arguments, first=(blocks - 1, 0))
            assert outputs[-1] == 5.0
            assert not outputs[:256].any()

    def test_output_delta(self, launch):
        shape, last = Shape(5, 1, 2**15, 2**15), 5 * 2**30
        z, y, logits, delta = (huge(last) for _ in range(4))
        bias, factors = np.zeros(5 * 2**15, np.float32), np.zeros((5, 2**15), np.float32)
        z[-1], bias[-1], y[-1], factors[-1, -1] = 2.0, 3.0, 1.0, 0.5
        blocks = 5 * 2**15 * 32 // 256
        arguments = passed(z, bias, y, logits, delta, factors, *shape, 0, 0)
        launch("output_delta", (blocks,), (256,), arguments, first=(blocks - 1, 0))
        assert (logits[-1], delta[-1]) == (5.0, 2.0)

    def test_bias_step(self, launch):
        shape, last = Shape(1, 5 * 2**10, 2**7, 2**13), 5 * 2**30
        before, outputs, result = (huge(last) for _ in range(3))
        bias, numbers = np.zeros(5 * 2**23, np.float32), np.float32([0.0, 0.0, 0.1])
        before[-1], bias[-1] = 2.0, 3.0
        blocks = 2**13 // 32, 5 * 2**10
        arguments = passed(
            before, outputs, result, bias, bias, bias, numbers, *shape, 0, 0, *Rule(0)
        )
        launch("bias_step", blocks, (32, 32), arguments, first=(blocks[0] - 1, blocks[1] - 1))
        assert (result[-1], bias[-1]) == (2.0, 1.0)

    def test_weight_step(self, launch):
        weight, gradient = huge(5 * 2**30), huge(5 * 2**30)
        weight[-1], gradient[-1] = 2.0, 0.5
        lam, numbers = np.float32([0, 0, 0, 0, 1]), np.float32([0.0, 0.25, 0.1])
        blocks, sizes = weight.size // 256, (np.int64(weight.size), np.int64(2**30))
        arguments = passed(weight, gradient, weight, weight, lam, numbers, *sizes, 5, *Rule(0))
        launch("weight_step", (blocks,), (256,), arguments, first=(blocks - 1, 0))
        assert weight[-1] == 2.0 * 0.75 - 0.5

    def test_scaled_step(self, launch):
        """The last row is that of a small weight."""
        rng, found = np.random.default_rng(0), []
        row, slopes = rng.normal(size=(2, 2**10)).astype(np.float32)
        for rows in (8, 5 * 2**20):
            weight, gradient, one, two = (huge(rows * 2**10) for _ in range(4))
            scales = np.ones((rows, 3), np.float32)
            weight[-(2**10) :], gradient[-(2**10) :] = row, slopes
            lam, numbers = np.float32([1.0]), np.float32([0.0, 0.25, 0.1])
            blocks = rows * 32 // 256
            arguments = passed(weight, gradient, one, two, scales, lam, numbers, np.int64(rows), 1,
                               2**10, *ADAM[1:], 6.0)  # fmt: skip
            launch("scaled_step", (blocks,), (256,), arguments, first=(blocks - 1, 0))
            found.append((weight[-(2**10) :], one[-(2**10) :], two[-(2**10) :], scales[-1]))
        assert np.all(found[0][0] != row)
        for mine, other in zip(*found, strict=True):
            np.testing.assert_array_equal(mine, other)


class OnHost(Cuda):
    """A device whose kernels run on the CPU, with NumPy arrays."""

    def __init__(self, launch):
        self.dtype, self._launch_on_host = "float32", launch

    def _launch(self, name, blocks, threads, *arguments):
        kinds = {bool: np.int32, int: np.int32, float: np.float32}
        arguments = [kinds.get(type(x), lambda same: same)(x) for x in arguments]
        self._launch_on_host(name, blocks, threads, arguments)


def drawn(*shape, smallest=-44, largest=-18):
    """Return numbers of all sizes, of which many are, or have squares, below the normal ones."""
    rng = np.random.default_rng(1)
    return (rng.choice([-1, 1], shape) * 10.0 ** rng.uniform(smallest, largest, shape)).astype("f4")


def compared(launch, name, made, *others, states=None):
    """Compare a kernel with its twin: they differ by rounding, and where numbers become zero.

    Adam divides by 1e-8: what becomes zero below 1e-38 changes a weight by at most 1e-30.
    """
    left = []
    for device in (OnHost(launch), Twin("float32")):
        copies = {key: x.copy() for key, x in made.items()}
        given = [x for key, x in copies.items() if key not in ("one", "two", "scales")]
        if states is not None:
            own = (copies[key] for key in ("one", "two", "scales") if key in copies)
            given.insert(states, tuple(own))
        getattr(device, name)(*given, *others)
        left.append(copies)
    flushed, kept = left
    for key, x in flushed.items():
        assert np.isfinite(x).all()
        np.testing.assert_allclose(x, kept[key], rtol=1e-5, atol=1e-30, err_msg=key)


def test_numbers_below_the_normal_ones_may_become_zero(launch):
    shape, numbers = Shape(1, 2, 40, 33), np.float32([0.1, 0.2, 0.01])
    block, biases = drawn(2, 40, 33), drawn(2, 33)
    scores = np.linspace(-120.0, 0.0, 2 * 40 * 33, dtype="f4").reshape(2, 40, 33)
    for activation in range(4):
        made = {"z": scores, "bias": biases, "outputs": np.zeros_like(block)}
        compared(launch, "bias_activation", made, shape, False, activation)
        made = {"before": block, "outputs": 0.5 * np.ones_like(block), "result": block.copy(),
                "bias": biases, "one": drawn(2, 33), "two": abs(drawn(2, 33)),
                "numbers": numbers}  # fmt: skip
        compared(launch, "bias_step", made, shape, False, activation, ADAM, states=4)
    for loss in range(1, 4):
        made = {"z": scores, "bias": biases, "y": np.zeros((1, 40, 33), "f4"),
                "logits": block.copy(), "delta": block.copy(),
                "factors": np.full((1, 40), 0.1, "f4")}  # fmt: skip
        compared(launch, "output_delta", made, shape, False, loss)
    weights = {key: drawn(1, 9, 40) for key in ("weight", "gradient", "one")}
    weights |= {"two": abs(drawn(1, 9, 40)), "lam": np.float32([0.5, 1.0]), "numbers": numbers}
    for rule in (Rule(0), Rule(1, 0.9, 0.1), Rule(2, 0.8, 0.2), ADAM):
        compared(launch, "weight_step", weights, 20, 2, rule, states=2)
    scales = np.ones((1, 9, 2, 3), "f4")
    scales[..., 1:] = abs(drawn(1, 9, 2, 2))
    compared(launch, "scaled_step", weights | {"scales": scales}, 2, ADAM, 6.0, states=2)
