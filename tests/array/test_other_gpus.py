"""GPUs of AMD, Intel and Apple, with modules made up for them: none of them has been at hand."""

from __future__ import annotations

import sys
import warnings
from types import SimpleNamespace

import numpy as np
import pytest

import xl2_cupy
import xl2_dpnp
import xl2_torch
from xl2 import Network, fit
from xl2.array.backend import connect
from xl2.array.libraries import file_of

# The message of CuPy for ROCm on a machine without ROCm, without a few lines.
CUPY_FOR_ROCM = """
================================================================
Failed to import CuPy.

If you installed CuPy via wheels, make sure that the package matches with the version.

Original error:
  ImportError: libamdhip64.so.7: cannot open shared object file: No such file or directory
================================================================
"""


def devices_of_torch(cuda=0, xpu=0, mps=False, current=0):
    def kind(count):
        return SimpleNamespace(
            device_count=lambda: count,
            is_available=lambda: count > 0,
            current_device=lambda: current,
        )

    return SimpleNamespace(
        cuda=kind(cuda),
        xpu=kind(xpu),
        backends=SimpleNamespace(mps=SimpleNamespace(is_available=lambda: mps)),
        device=lambda name, index=None: name if index is None else f"{name}:{index}",
        OutOfMemoryError=type("OutOfMemoryError", (RuntimeError,), {}),
    )


@pytest.mark.parametrize(
    ("found", "names"),
    [
        ({}, []),
        ({"cuda": 2}, ["cuda:0", "cuda:1"]),  # NVIDIA's, or AMD's in PyTorch for ROCm
        ({"xpu": 2}, ["xpu:0", "xpu:1"]),
        ({"mps": True}, ["mps"]),
        ({"cuda": 1, "xpu": 1}, ["cuda:0", "xpu:0"]),
    ],
)
def test_pytorchs_accelerators(monkeypatch, found, names):
    monkeypatch.setitem(sys.modules, "torch", devices_of_torch(**found))
    assert xl2_torch.accelerators(None) == names
    assert xl2_torch.devices(None) == ["cpu", *names]
    for name in names:
        assert xl2_torch.find_device(None, name) == name


def test_a_kind_of_pytorchs_devices_is_its_current_one(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", devices_of_torch(cuda=2, xpu=3, current=1))
    assert xl2_torch.find_device(None, "cuda") == "cuda:1"
    assert xl2_torch.find_device(None, "xpu") == "xpu:1"
    monkeypatch.setitem(sys.modules, "torch", devices_of_torch())
    for name in ("cuda", "xpu", "mps", "xpu:0"):
        with pytest.raises(LookupError):
            xl2_torch.find_device(None, name)


@pytest.mark.parametrize(
    "text",
    [
        "MPS backend out of memory (MPS allocated: 9.57 GiB, max allowed: 27.20 GiB).",
        "Invalid buffer size: 19.45 GB",
        "level_zero backend failed with error: 39 (UR_RESULT_ERROR_OUT_OF_DEVICE_MEMORY)",
        "CUDA error: HIPBLAS_STATUS_ALLOC_FAILED when calling `hipblasCreate(handle)`",
    ],
)
def test_pytorch_on_other_devices_runs_out_of_memory(monkeypatch, text):
    fake = devices_of_torch()
    monkeypatch.setitem(sys.modules, "torch", fake)
    assert xl2_torch.out_of_memory(RuntimeError(text))
    assert xl2_torch.out_of_memory(fake.OutOfMemoryError("XPU out of memory."))
    assert not xl2_torch.out_of_memory(ValueError(text))


@pytest.fixture
def cupy_for(monkeypatch):
    def made(amd):
        fake = SimpleNamespace(cuda=SimpleNamespace(runtime=SimpleNamespace(is_hip=amd)))
        monkeypatch.setitem(sys.modules, "cupy", fake)
        monkeypatch.delenv("XL2_CUPY_GRAPHS", raising=False)

    return made


def test_amds_devices_are_slow_because_they_have_no_graphs(cupy_for):
    sizes = (3, [8, 4, 1], 2, 16, "float32")
    cupy_for(amd=False)
    assert xl2_cupy.slow_because() == ""
    assert xl2_cupy.extra_bytes(*sizes) > 0
    cupy_for(amd=True)
    assert "ROCm" in xl2_cupy.slow_because()
    assert "portable code" in xl2_cupy.slow_because()
    assert xl2_cupy.extra_bytes(*sizes) == 0


def test_on_amds_devices_the_portable_code_trains_without_a_warning(cupy_for, monkeypatch):
    """NumPy takes the place of CuPy, whose functions are portable there."""
    cupy_for(amd=True)
    X = np.random.default_rng(0).normal(size=(30, 4))
    y = (X[:, 0] > 0).astype(int)

    def trained(run_batches):
        library = file_of("numpy")
        with monkeypatch.context() as patch:
            patch.setattr(library, "run_batches", run_batches)
            network = Network([4, 3, 1], "tanh", dtype="float64", backend=connect("numpy").name)
            fit(network, X, y, epochs=3, batch_size=8, penalty=0.1)
        return network.weights

    def no_runner():
        raise AssertionError("graphs are for NVIDIA's devices")

    monkeypatch.setattr(xl2_cupy, "_runner", no_runner)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = trained(xl2_cupy.run_batches)
    from xl2.nn.step import run_batches

    for mine, its in zip(found, trained(run_batches), strict=True):
        np.testing.assert_array_equal(mine, its)


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (ImportError(CUPY_FOR_ROCM), "ImportError: libamdhip64.so.7"),
        (RuntimeError("hipErrorNoDevice: no ROCm-capable device"), "hipErrorNoDevice"),
        (ImportError("librocblas.so.5: cannot open shared object file"), "librocblas.so.5"),
    ],
)
def test_advice_on_amds_devices_does_not_lead_to_cuda(error, cause):
    said = xl2_cupy.explain(error)
    assert cause in said
    assert "rocminfo" in said
    assert not any(word in said for word in ("cuda", "NVIDIA", "nvidia", "\n"))


def test_the_hint_to_install_cupy_names_amds_package():
    assert "cupy-rocm-7-0 for AMD" in xl2_cupy.INSTALL


@pytest.mark.parametrize(
    "text", ["hipErrorOutOfMemory: out of memory", "rocblas_status_memory_error"]
)
def test_cupy_on_amds_devices_runs_out_of_memory(text):
    assert xl2_cupy.out_of_memory(RuntimeError(text))


class SyclDeviceCreationError(Exception):
    """Has the name of dpctl's."""


@pytest.fixture
def sycl(monkeypatch):
    """Make up two GPUs, which the older driver lists once more, and a CPU."""

    def device(name):
        driver, kind, _ = name.split(":")
        return SimpleNamespace(filter_string=name, backend=driver, kind=kind)

    every = ["opencl:gpu:0", "opencl:gpu:1", "opencl:cpu:0", "level_zero:gpu:0", "level_zero:gpu:1"]
    known = {name: device(name) for name in every}
    known |= {"gpu": known["level_zero:gpu:0"], "cpu": known["opencl:cpu:0"]}

    def found(name):
        if name == "gpu:x":
            raise ValueError(name)
        if name not in known:
            raise SyclDeviceCreationError(name)
        return known[name]

    fake = SimpleNamespace(
        get_devices=lambda device_type: [
            d for n, d in known.items() if d.kind == device_type and n in every
        ],
        select_gpu_device=lambda: known["gpu"],
        SyclDevice=found,
        SyclDeviceCreationError=SyclDeviceCreationError,
    )
    monkeypatch.setitem(sys.modules, "dpctl", fake)
    return fake


def test_each_gpu_of_dpnp_is_listed_once(sycl):
    gpus = ["level_zero:gpu:0", "level_zero:gpu:1"]
    assert xl2_dpnp.accelerators(None) == gpus
    assert xl2_dpnp.devices(None) == [*gpus, "opencl:cpu:0"]
    sycl.get_devices = lambda device_type: []
    assert xl2_dpnp.accelerators(None) == []


def test_dpnp_finds_devices_by_the_names_of_sycl(sycl):
    xp = SimpleNamespace(empty=lambda count, device: SimpleNamespace(device=f"queue of {device}"))
    for name in ("level_zero:gpu:1", "gpu", "cpu"):
        assert xl2_dpnp.find_device(xp, name) == f"queue of {name}"
    for name in ("cuda", "gpu:x"):
        with pytest.raises(LookupError):
            xl2_dpnp.find_device(xp, name)


def test_dpnp_says_what_it_lacks():
    said = xl2_dpnp.explain(SyclDeviceCreationError("Default device is unavailable."))
    assert "Level Zero" in said
    assert "OCL_ICD_FILENAMES" in said
    assert xl2_dpnp.explain(ValueError("other\nlines")) == "ValueError: other"


def test_dpnp_runs_out_of_memory():
    assert xl2_dpnp.out_of_memory(RuntimeError("USM allocation failed"))
    assert not xl2_dpnp.out_of_memory(ValueError("memory"))
