"""The kernels of CuPy compile, and cuBLAS gets the right arguments; without a GPU."""

import copy
import ctypes
import gc
import inspect
import sys
from functools import partial
from types import SimpleNamespace

import array_api_compat.numpy as xp
import cuda_on_host
import numpy as np
import pytest
from cublas_on_host import Library
from cupy_twin import Twin
from hypothesis import given
from hypothesis import strategies as st

import xl2_cupy_check
import xl2_cupy_cublas
import xl2_cupy_kernels as kernels
from xl2.nn.optimizers import Adam, adam_update
from xl2_cupy_cublas import WORKSPACE, Cublas
from xl2_cupy_device import Cuda, Rule, Shape

DTYPES = ["float32", "float64"]


@pytest.fixture
def nvrtc():
    """Return CUDA's runtime compiler, which needs no driver."""
    pathfinder = pytest.importorskip("cuda.pathfinder", reason="CuPy is not installed")
    try:
        found = pathfinder.load_nvidia_dynamic_lib("nvrtc")
    except RuntimeError:
        pytest.skip("NVRTC is missing: pip install nvidia-cuda-nvrtc")
    return ctypes.CDLL(found.abs_path)


@pytest.mark.installed
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("architecture", ["sm_80", "sm_90"])
def test_the_kernels_compile_without_a_warning(nvrtc, architecture, dtype):
    program = ctypes.c_void_p()
    text = kernels.source(dtype).encode()
    made = nvrtc.nvrtcCreateProgram(ctypes.byref(program), text, b"xl2.cu", 0, None, None)
    assert made == 0
    # The other two are CuPy's.
    options = [f"--gpu-architecture={architecture}".encode(), b"-std=c++17", b"-ftz=true"]
    options.append(b"--device-as-default-execution-space")
    given = (ctypes.c_char_p * len(options))(*options)
    status = nvrtc.nvrtcCompileProgram(program, len(options), given)
    size = ctypes.c_size_t()
    nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    nvrtc.nvrtcGetProgramLog(program, log)
    assert (status, log.value.decode()) == (0, "")
    nvrtc.nvrtcGetCUBINSize(program, ctypes.byref(size))
    code = ctypes.create_string_buffer(size.value)
    nvrtc.nvrtcGetCUBIN(program, code)
    for name in kernels.NAMES:
        assert name.encode() in code.raw


@pytest.mark.installed
def test_other_threads_may_allocate_during_a_capture():
    """CuPy captures in the mode "relaxed"; in others, calls of other threads may end a capture."""
    cupy = pytest.importorskip("cupy")
    assert "streamCaptureModeRelaxed" in cupy.cuda.Stream.begin_capture.__doc__


@pytest.mark.host
def test_the_twin_has_the_methods_of_the_device():
    def methods(kind):
        own = inspect.getmembers(kind, inspect.isfunction)
        return {name for name, _ in own if not name.startswith("_")}

    assert methods(Cuda) == methods(Twin)
    twin = Twin()
    for name in methods(Cuda):
        parameters = list(inspect.signature(getattr(Cuda, name)).parameters)
        method = getattr(twin, name).__func__
        if method.__closure__:  # a recorded method, around the operation
            method = method.__closure__[0].cell_contents
        assert list(inspect.signature(method).parameters) == parameters


def cublas(library):
    return Cublas(library, lambda x: x.ctypes.data, np.zeros(1))


sizes = st.sampled_from([1, 2, 3, 7])


@pytest.mark.host
@given(
    count=st.sampled_from([1, 2, 5]), m=sizes, n=sizes, k=sizes,
    transposed_a=st.booleans(), transposed_b=st.booleans(), dtype=st.sampled_from(DTYPES),
    alpha=st.sampled_from([1.0, -1.0, 0.5]), beta=st.sampled_from([0.0, 1.0, 0.9]),
)  # fmt: skip
def test_cublas_computes_the_product(
    count, m, n, k, transposed_a, transposed_b, dtype, alpha, beta
):
    rng = np.random.default_rng(0)
    a = rng.normal(size=(count, k, m) if transposed_a else (count, m, k)).astype(dtype)
    b = rng.normal(size=(count, n, k) if transposed_b else (count, k, n)).astype(dtype)
    c = rng.normal(size=(count, m, n)).astype(dtype)
    left, right = (x.mT if turned else x for x, turned in ((a, transposed_a), (b, transposed_b)))
    expected = alpha * np.einsum("cij,cjk->cik", left, right) + beta * c
    factors = np.array([alpha], dtype), np.array([beta], dtype)
    library = Library()
    cublas(library).multiply(a, transposed_a, b, transposed_b, c, *factors)
    np.testing.assert_allclose(c, expected, rtol=1e-5 if dtype == "float32" else 1e-13, atol=1e-6)
    letter = {"float32": "S", "float64": "D"}[dtype]
    name = f"cublas{letter}gemm_v2" if count == 1 else f"cublas{letter}gemmStridedBatched"
    assert library.calls[3] == name  # after the three calls that create a handle


@pytest.mark.host
def test_the_twin_multiplies_like_cublas():
    rng = np.random.default_rng(0)
    a, b, c = (rng.normal(size=s).astype("float32") for s in [(3, 4, 2), (3, 4, 5), (3, 2, 5)])
    other, factors = c.copy(), (np.float32([2.0]), np.float32([0.5]))
    cublas(Library()).multiply(a, True, b, False, c, *factors)
    Twin().multiply(a, True, b, False, other, *factors)
    np.testing.assert_allclose(c, other, rtol=1e-6)


@pytest.mark.host
def test_a_workspace_is_set_after_the_stream_and_a_status_raises():
    library = Library()
    handle = cublas(library)
    assert library.calls == ["cublasCreate_v2", "cublasSetPointerMode_v2", "cublasSetMathMode"]
    handle.use(5)
    assert library.calls[-2:] == ["cublasSetStream_v2", "cublasSetWorkspace_v2"]
    assert WORKSPACE == 2**25
    library._answer = lambda name, *_: 13
    with pytest.raises(RuntimeError, match="cublasSetStream_v2 returned status 13"):
        handle.use(5)
    library._answer = lambda name, *_: 3  # CUBLAS_STATUS_ALLOC_FAILED
    with pytest.raises(MemoryError, match="status 3"):
        handle.use(5)


@pytest.mark.host
def test_without_memory_for_a_handle_memory_is_short():
    library = Library()
    library._answer = lambda name, *_: 1  # CUBLAS_STATUS_NOT_INITIALIZED
    with pytest.raises(MemoryError, match="cublasCreate_v2 returned status 1"):
        cublas(library)


@pytest.mark.host
def test_sizes_that_cublas_cannot_take_raise(monkeypatch):
    """Otherwise ctypes would pass them modulo 2^32."""
    monkeypatch.setattr(xl2_cupy_cublas, "LARGEST", 4)
    a, one = np.ones((1, 5, 2)), np.ones(1)
    with pytest.raises(OverflowError, match=r"1 products of \(5, 2\) and \(2, 2\)"):
        cublas(Library()).multiply(a, False, np.ones((1, 2, 2)), False, a.copy(), one, one)


@pytest.mark.host
def test_the_stream_of_the_handle_stays_alive(monkeypatch):
    """A fake CuPy tracks which of its streams exist."""
    alive = set()

    class Stream:
        def __init__(self, non_blocking):
            assert non_blocking
            self.ptr = len(alive) + 1
            alive.add(self.ptr)

        def __del__(self):
            alive.discard(self.ptr)

        def __enter__(self):
            pass

        def __exit__(self, *_):
            pass

        def begin_capture(self):
            pass

        def end_capture(self):
            return SimpleNamespace(launch=lambda: None)

    monkeypatch.setitem(sys.modules, "cupy", SimpleNamespace(cuda=SimpleNamespace(Stream=Stream)))
    used = []
    device = Cuda.__new__(Cuda)
    device._cublas, device._stream = SimpleNamespace(use=used.append), None
    collecting = []
    for _ in range(2):
        device.captured(lambda: collecting.append(gc.isenabled()))
        assert gc.isenabled()
        assert used[-1] in alive
    assert not any(collecting)
    assert len(set(used)) == 1

    def fails():
        raise RuntimeError("no kernel image")

    with pytest.raises(RuntimeError, match="no kernel image"):
        device.captured(fails)
    assert gc.isenabled()
    assert used[-1] == 0  # the default stream, which always exists
    device.captured(lambda: None)
    assert used[-1] in alive

    def interrupted(stream):
        raise KeyboardInterrupt  # when the capture has begun

    monkeypatch.setattr(Stream, "begin_capture", interrupted)
    with pytest.raises(KeyboardInterrupt):
        device.captured(lambda: None)
    assert used[-1] == 0  # no later capture is begun on a stream that has one
    assert not alive


@pytest.mark.host
def test_tf32_is_off_by_default():
    modes = []
    library = Library()
    library._answer = lambda name, *rest: modes.append(rest[-1]) if "MathMode" in name else 0
    for tf32 in (False, True):
        Cublas(library, lambda x: x.ctypes.data, np.zeros(1), tf32)
    assert modes == [0, 3]


class OnHost(Cuda):
    """A device whose kernels run on the CPU, and whose cuBLAS is the fake, with NumPy arrays."""

    def __init__(self, dtype, launch):
        self.dtype, self.twin, self.calls = dtype, Twin(dtype), None
        self._kernels = {name: self.delayed(partial(launch, name)) for name in kernels.NAMES}
        self._cublas = cublas(Library())
        self._cublas.multiply = self.delayed(self._cublas.multiply)
        for name in ("zeros", "send", "take", "fetch"):
            setattr(self, name, getattr(self.twin, name))

    def delayed(self, function):
        """During a capture, delay a call until the launch of the graph."""

        def call(*arguments):
            if self.calls is None:
                return function(*arguments)
            return self.calls.append(partial(function, *arguments))

        return call

    def eagerly(self, work):
        work()

    def captured(self, work):
        self.calls = calls = []
        work()
        self.calls = None
        return lambda: [call() for call in calls]


@pytest.fixture(scope="module", params=DTYPES)
def both(request, tmp_path_factory):
    """Return the kernels, compiled for the CPU, and their twin."""
    if cuda_on_host.compiler() is None:
        pytest.skip("there is no C++ compiler, such as g++")
    launch = cuda_on_host.build(tmp_path_factory.mktemp("kernels"), request.param)
    return OnHost(request.param, launch), Twin(request.param)


@pytest.mark.host
def test_the_trial_of_a_device_passes(both, monkeypatch):
    """With the arguments as they are passed to kernels and to cuBLAS."""
    for name, less in (("SIZES", (3, 34, 2)), ("BATCH", 5), ("STEPS", 3)):
        monkeypatch.setattr(xl2_cupy_check, name, less)
    xl2_cupy_check.try_device(both[0], xp)


SHAPES = [Shape(1, 1, 35, 33), Shape(2, 2, 3, 5)]
RULES = [
    Rule(0),
    Rule(1, 0.9, 1.0 - 0.9),
    Rule(2, 0.8, 1.0 - 0.8),
    Rule(3, 0.9, 1.0 - 0.9, 0.999, 1.0 - 0.999, 1e-8),
]


STATES = "one", "two", "scales"


def compared(both, name, arrays, *others):
    """Call a kernel and its twin on copies of arrays, and compare the arrays."""
    left = []
    for device in both:
        rng = np.random.default_rng(1)
        made = {
            key: 0.1 + np.abs(x) if key in STATES else x
            for key, x in ((key, rng.normal(size=s).astype(device.dtype)) for key, s in arrays)
        }
        passed = [x for key, x in made.items() if key not in STATES]
        at = {"bias_step": 4, "weight_step": 2, "scaled_step": 2}.get(name)
        if at is not None:
            passed.insert(at, tuple(made[key] for key in STATES if key in made))
        getattr(device, name)(*passed, *others)
        left.append(made)
    tolerance = 2e-5 if both[0].dtype == "float32" else 1e-12
    for key, value in left[0].items():
        np.testing.assert_allclose(value, left[1][key], rtol=tolerance, atol=tolerance, err_msg=key)


@pytest.mark.host
@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_kernels_compute_the_same_as_their_twins(both, shape, wide):
    groups, members, rows, columns = shape
    n, numbers = groups * members, ("numbers", (3,))
    block, bias, y = (n, rows, columns), ("bias", (n, columns)), ("y", (groups, rows, columns))
    for activation in range(len(kernels.ACTIVATIONS)):
        arrays = [("z", block), bias, ("outputs", block)]
        compared(both, "bias_activation", arrays, shape, wide, activation)
    for loss in range(len(kernels.LOSSES)):
        arrays = [("z", block), bias, y, ("logits", block), ("delta", block)]
        arrays.append(("factors", (groups, rows)))
        compared(both, "output_delta", arrays, shape, wide, loss)
    for rule in RULES:
        states = [("one", (n, columns)), ("two", (n, columns))]
        arrays = [(key, block) for key in ("before", "outputs", "result")]
        arrays += [bias, *states, numbers]
        compared(both, "bias_step", arrays, shape, wide, rule.number, rule)
        weights = [(key, (groups, 4, members * columns)) for key in ("weight", "gradient")]
        states = [(key, (groups, 4, members * columns)) for key in ("one", "two")]
        arrays = [*weights, *states, ("lam", (members,)), numbers]
        span = columns if wide else 4 * columns
        compared(both, "weight_step", arrays, span, members, rule)
    arrays.append(("scales", (groups, 4, members, 3)))
    compared(both, "scaled_step", arrays, members, rule, 6.0)


@pytest.mark.host
@pytest.mark.parametrize("outputs", [1, 31, 32, 33, 70])
@pytest.mark.parametrize(("groups", "members"), [(1, 1), (1, 3), (2, 3)])
def test_a_scaled_step_is_that_of_the_portable_code(both, groups, members, outputs):
    """With five inputs, some warps of the last block have no row."""
    rng, rate, decay = np.random.default_rng(1), 0.01, 0.02
    lams = 0.5 + np.arange(members)
    shape = groups, 5, members, outputs
    weight, gradient, mean, square = rng.normal(size=(4, *shape))
    scales = rng.normal(size=(*shape[:-1], 3))
    scales[..., 2], square = scales[..., 2] ** 2, square**2
    arguments = weight, gradient, lams[:, None] * decay, (mean, square, scales), rate
    expected, after = adam_update(Adam(scale_rate=6.0), *copy.deepcopy(arguments))
    for device in both:
        wide, slopes, one, two = (
            x.reshape(groups, 5, -1).astype(device.dtype) for x in (weight, gradient, mean, square)
        )
        states, lam = (one, two, scales.astype(device.dtype)), lams.astype(device.dtype)
        numbers = np.array([0.0, decay, rate], device.dtype)
        device.scaled_step(wide, slopes, states, lam, numbers, members, RULES[3], 6.0)
        tolerance = 1e-4 if device.dtype == "float32" else 1e-12
        for found, known in zip((wide, *states), (expected, *after), strict=True):
            np.testing.assert_allclose(found.ravel(), known.ravel(), tolerance, tolerance)


@pytest.mark.host
def test_a_scale_has_a_least_size_and_a_nan_of_one_row_stays_there(both):
    """Without memory, a step of Adam has the size of its rate: 8 times that of the weights."""
    rule = Rule(3, 0.0, 1.0, 0.0, 1.0, 1e-8)
    for device in both:
        for rate, expected in ((0.12495, 1e-3), (0.12505, -1e-3), (0.25, -1.0)):
            weight, gradient, one, two = np.ones((4, 1, 3, 40), device.dtype)
            gradient[0, 2, 5] = np.nan
            scales = np.zeros((1, 3, 1, 3), device.dtype)
            scales[..., 0] = 1.0
            numbers = np.array([0.0, 0.0, rate], device.dtype)
            lam, states = np.zeros(1, device.dtype), (one, two, scales)
            device.scaled_step(weight, gradient, states, lam, numbers, 1, rule, 8.0)
            found = scales[0, :, 0, 0]
            np.testing.assert_allclose(found, [expected, expected, np.nan], rtol=1e-5)
            np.testing.assert_allclose(weight[0, :2], (1.0 - rate) * expected, rtol=1e-5)
            assert np.isnan(weight[0, 2]).all()


@pytest.mark.host
def test_the_kernels_keep_a_nan_and_do_not_overflow(both):
    device, _ = both
    z = np.array([[[np.nan, -1.0, 1e4, -1e4]]], device.dtype)
    bias, outputs, shape = np.zeros((1, 4), device.dtype), np.zeros_like(z), Shape(1, 1, 1, 4)
    device.bias_activation(z, bias, outputs, shape, False, kernels.ACTIVATIONS.index("relu"))
    np.testing.assert_array_equal(outputs[0, 0], [np.nan, 0.0, 1e4, 0.0])
    y, factors = np.zeros((1, 1, 4), device.dtype), np.ones((1, 1), device.dtype)
    for name, expected in (
        ("binary_cross_entropy", [np.nan, 1.0 / (1.0 + np.e), 1.0, 0.0]),
        ("categorical_cross_entropy", [np.nan] * 4),
    ):
        loss, delta = kernels.LOSSES.index(name), np.zeros_like(z)
        device.output_delta(z, bias, y, outputs, delta, factors, shape, False, loss)
        np.testing.assert_allclose(delta[0, 0], expected, rtol=1e-6)
    z[0, 0, 0] = 0.0
    device.output_delta(z, bias, y, outputs, delta, factors, shape, False, loss)
    np.testing.assert_allclose(delta[0, 0], [0.0, 0.0, 1.0, 0.0])
