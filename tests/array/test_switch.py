"""The choice of the backend, and the errors if none works."""

from __future__ import annotations

import asyncio
import threading

import numpy as np
import pytest
from versions import at_least

import xl2
from xl2 import BackendError, InputError
from xl2.array.backend import connect
from xl2.array.libraries import is_installed, known_libraries
from xl2.array.switch import decided, resolve

STRICT = pytest.mark.skipif(
    not is_installed("array_api_strict"), reason="array-api-strict is not installed"
)

pytestmark = pytest.mark.installed


@pytest.fixture(autouse=True)
def no_choice(monkeypatch):
    monkeypatch.delenv("XL2_BACKEND", raising=False)
    monkeypatch.delenv("XL2_DEVICE", raising=False)
    yield
    xl2.set_backend(None)


def test_numpy_is_the_default():
    assert xl2.get_backend().name == "numpy"
    assert resolve(data=[[1.0]]).name == "numpy"


def test_the_backend_follows_the_data(backend, to):
    found = resolve(data=to(np.ones((2, 2))))
    assert found.name == backend.name
    assert str(found.device) == str(to(np.ones(2)).device)


@STRICT
def test_each_level_overrides_the_one_below(monkeypatch):
    data = connect("array_api_strict").xp.ones(2)
    assert resolve(data=data).name == "array_api_strict"
    monkeypatch.setenv("XL2_BACKEND", "numpy")
    assert resolve(data=data).name == "numpy"
    monkeypatch.setenv("XL2_BACKEND", "array_api_strict")
    monkeypatch.setenv("XL2_DEVICE", "device1")
    assert "device1" in str(resolve())
    xl2.set_backend("array_api_strict", "device2")
    assert "device2" in str(resolve())
    with xl2.use_backend("numpy") as found:
        assert found == resolve()
        assert resolve("array_api_strict", "cpu").name == "array_api_strict"
        assert resolve().name == "numpy"
    assert "device2" in str(resolve())
    xl2.set_backend(None)
    assert "device1" in str(resolve())


@STRICT
def test_a_device_applies_to_the_backend_of_a_weaker_level(monkeypatch):
    xl2.set_backend("array_api_strict", "device2")
    assert "device1" in str(resolve(device="device1"))
    # A device does not apply to the backend of a stronger level.
    assert str(resolve("numpy").device) != "device2"
    assert decided("numpy") == ("numpy", None)


@STRICT
def test_a_context_applies_to_its_thread_and_task():
    seen = []

    def look():
        seen.append(xl2.get_backend().name)

    async def choose(name):
        with xl2.use_backend(name):
            await asyncio.sleep(0.01)
            return xl2.get_backend().name

    async def both():
        return await asyncio.gather(choose("numpy"), choose("array_api_strict"))

    with xl2.use_backend("array_api_strict"):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
    assert seen == ["numpy"]
    assert asyncio.run(both()) == ["numpy", "array_api_strict"]


def test_a_failed_choice_changes_nothing():
    with pytest.raises(BackendError):
        xl2.set_backend("nonesuch")
    assert xl2.get_backend().name == "numpy"


@pytest.mark.parametrize("name", ["nonesuch", "cuda", "not a name", "xl2_numpy.x"])
def test_an_unknown_backend_is_refused_with_the_choices(name):
    with pytest.raises(
        BackendError, match=r"Unknown backend .* backends are .*numpy.*auto"
    ) as caught:
        xl2.Network([2, 1], "relu", backend=name)
    assert repr(name) in str(caught.value)


def test_an_unknown_device_is_refused_with_the_choices():
    with pytest.raises(BackendError, match=r"Unknown device 'cuda'\. Available devices are cpu\."):
        resolve("numpy", "cuda")


def test_auto_finds_something_that_works():
    found = resolve("auto")
    assert found.name in ("cupy", "torch", "numpy")
    if found.name == "numpy":
        assert str(found.device) in ("cpu", "None")


def test_the_error_of_a_missing_library_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr("xl2.array.libraries.is_installed", lambda name: name != "cupy")
    xl2.array.libraries.load.cache_clear()
    with pytest.raises(
        BackendError, match=r"'cupy' is not installed: run pip install .xl2\[cuda13"
    ):
        resolve("cupy")


def test_backends_lists_what_works_and_why_not():
    listed = {info.name: info for info in xl2.backends()}
    assert set(known_libraries()) == set(listed)
    assert not listed["numpy"].reason
    assert listed["numpy"].devices == ("cpu",)
    assert listed["numpy"].version == np.__version__
    for info in listed.values():
        assert info.devices or info.reason
        assert "\n" not in info.reason


@pytest.mark.skipif(not is_installed("cupy"), reason="CuPy is not installed")
def test_cupy_without_a_device_gives_one_line_with_advice():
    import cupy

    if cupy.cuda.is_available():
        assert connect("cupy").library.devices(connect("cupy").xp)[0] == "cuda:0"
        return
    with pytest.raises(BackendError, match="driver") as caught:
        resolve("cupy")
    assert "\n" not in str(caught.value)
    assert "Install" in str(caught.value)
    with pytest.raises(BackendError, match=r"device 'cuda'|driver"):
        resolve("cupy", "cuda")
    assert resolve("auto").name != "cupy"


@pytest.mark.parametrize(
    ("raised", "message"),
    [
        (RuntimeError("cudaErrorInsufficientDriver: CUDA driver version"), "no NVIDIA driver"),
        (RuntimeError("cudaErrorNoDevice: no CUDA-capable device"), "sees no CUDA device"),
        (ImportError("libnvrtc.so.13: cannot open shared object file"), r"\[ctk\]"),
        (RuntimeError("something else\nand more"), "^RuntimeError: something else$"),
    ],
)
def test_cupys_reasons_are_distinguished(raised, message):
    import re

    import xl2_cupy

    assert re.search(message, xl2_cupy.explain(raised))


PLAIN = '''
"""A namespace without a file in backends/."""
from numpy import *
from numpy import __array_namespace_info__
'''


@at_least("numpy", "2.1", "the library without a file has NumPy's own __array_namespace_info__")
def test_a_library_without_a_file_works(tmp_path, monkeypatch):
    (tmp_path / "plainarrays.py").write_text(PLAIN)
    monkeypatch.syspath_prepend(tmp_path)
    assert "plainarrays" not in known_libraries()
    X = np.random.default_rng(0).standard_normal((40, 3))
    y = (X[:, 0] > 0).astype(int)
    networks = []
    for name in ("plainarrays", "numpy"):
        network = xl2.Network([3, 4, 1], "tanh", dtype="float64", backend=name)
        xl2.fit(network, X, y, epochs=3, penalty=0.1)
        networks.append(network)
    assert networks[0].backend.name == "plainarrays"
    for a, b in zip(networks[0].weights, networks[1].weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)  # NumPy has compiled code


def test_a_module_that_is_not_a_namespace_is_refused():
    with pytest.raises(BackendError, match="backends are"):
        resolve("no_such_module_anywhere")
    with pytest.raises(BackendError, match="not an Array API namespace"):
        resolve("json")


def test_libraries_are_only_imported_on_request(python):
    code = (
        "import sys, numpy as np, xl2;"
        "n = xl2.Network([2, 3, 1]); xl2.fit(n, np.eye(2), [0, 1], epochs=1);"
        "print([m for m in ('torch', 'jax', 'cupy', 'sklearn', 'pandas') if m in sys.modules])"
    )
    assert python(code) == "[]"


def test_float64_is_refused_if_the_device_lacks_it():
    if not is_installed("array_api_strict"):
        pytest.skip("array-api-strict, which has a device without float64, is not installed")
    with pytest.raises(
        InputError, match="does not support float64, only float32: choose the dtype float32"
    ):
        xl2.Network(
            [2, 1], "relu", dtype="float64", backend="array_api_strict", device="no_float64"
        )


@pytest.mark.skipif(not is_installed("jax"), reason="JAX is not installed")
def test_jax_without_x64_refuses_float64_and_says_how_to_enable_it(python):
    code = (
        "import os; os.environ['JAX_ENABLE_X64'] = '0'\n"
        "import xl2\n"
        "try: xl2.Network([2, 1], 'relu', dtype='float64', backend='jax')\n"
        "except xl2.InputError as error: print(error)"
    )
    assert "JAX_ENABLE_X64=1" in python(code)


def test_to_numpy_converts_arrays_of_any_library(to):
    np.testing.assert_array_equal(xl2.to_numpy(to([[1.0, 2.0]])), [[1.0, 2.0]])
    np.testing.assert_array_equal(xl2.to_numpy([1, 2]), [1, 2])
