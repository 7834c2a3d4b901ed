"""Work that does not fit into memory is halved, with one warning and the same results."""

import contextlib
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from plain_paths import plain_path

from xl2 import Adam, Network
from xl2.array.libraries import file_of
from xl2.errors import OutOfMemoryError, XL2Error
from xl2.path.planning import PlannedStack

X = np.random.default_rng(3).normal(size=(40, 3))
LABELS = (X[:, 0] > 0).astype(int)
SMALL = {"hidden": (4,), "epochs": 2, "dtype": "float64", "progress": False, "refit": False}


def no_memory(name):
    """Return the error of a library whose allocation failed."""
    if name == "torch":
        import torch

        return torch.OutOfMemoryError("CUDA out of memory.")
    if name == "jax":
        return RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 8 bytes.")
    return MemoryError("cannot allocate")


@pytest.fixture
def holds(backend, monkeypatch):
    """Return a function that makes larger products fail for lack of memory."""

    def limit(most):
        library = backend.library

        def limited(operation):
            def call(*arguments):
                found = operation(*arguments)
                if np.prod(found.shape) > most:
                    raise no_memory(backend.name)
                return found

            return call

        from xl2.array import operations
        from xl2.nn.step import run_batches

        for name in ("affine", "affine_shared"):
            operation = getattr(library, name, getattr(operations, name))
            monkeypatch.setattr(library, name, limited(operation), raising=False)
        # A compiled run would keep the functions it was compiled from.
        monkeypatch.setattr(library, "run_batches", run_batches, raising=False)

    return limit


def test_a_chunk_of_rows_is_halved_until_it_fits(backend, where, host, holds):
    network = Network([3, 4, 1], dtype="float64", seed=1, **where)
    expected = host(network.forward(X))
    holds(4 * 11)
    with pytest.warns(UserWarning, match="enough memory for the outputs of 40 rows") as caught:
        found = host(network.forward(X))
    assert len(caught) == 1
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_librarys_memory_is_released_before_anything_is_halved(backend, where, host, monkeypatch):
    network = Network([3, 4, 1], dtype="float64", seed=1, **where)
    expected, kept = host(network.forward(X)), [True]
    from xl2.array import operations

    library, affine = backend.library, operations.affine

    def limited(*arguments):
        if kept:
            raise no_memory(backend.name)
        return affine(*arguments)

    monkeypatch.setattr(library, "affine", limited, raising=False)
    monkeypatch.setattr(library, "release", lambda: bool(kept and kept.pop()))
    np.testing.assert_allclose(host(network.forward(X)), expected, rtol=1e-12)


def test_a_chunk_is_halved_although_each_attempt_leaves_memory_to_release(
    backend, where, host, holds, monkeypatch
):
    network = Network([3, 4, 1], dtype="float64", seed=1, **where)
    expected = host(network.forward(X))
    holds(4 * 11)
    monkeypatch.setattr(backend.library, "release", lambda: True)
    with pytest.warns(UserWarning, match="enough memory for the outputs of 40 rows"):
        found = host(network.forward(X))
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_row_that_does_not_fit_raises(where, holds):
    network = Network([3, 4, 1], **where)
    holds(3)
    with (
        pytest.warns(UserWarning, match="enough memory"),
        pytest.raises(OutOfMemoryError, match=r"not even for one row\. Use"),
    ):
        network.forward(X)


@pytest.mark.one_on_jax
@pytest.mark.parametrize("options", [{"validation": (X, LABELS)}, {"cv": 3}], ids=["one", "cv"])
def test_a_stack_is_halved_until_it_fits(where, holds, options):
    lambdas = [0.0, 0.1, 1.0]
    expected = plain_path(X, LABELS, lambdas, **options, **SMALL, **where)
    # One batch holds all rows. The hidden layer of one member fits, those of two do not.
    holds(4 * 40)
    with pytest.warns(UserWarning, match="enough memory for . networks at once") as caught:
        found = plain_path(X, LABELS, lambdas, **options, **SMALL, **where)
    assert len(caught) == 1
    np.testing.assert_allclose(found.validation_scores_, expected.validation_scores_, rtol=1e-12)
    for name, values in expected.curves_.items():
        np.testing.assert_allclose(found.curves_[name], values, rtol=1e-9)


def test_a_network_that_does_not_fit_raises(where, holds):
    holds(4 * 12)
    with (
        pytest.warns(UserWarning, match="enough memory"),
        pytest.raises(XL2Error, match="Use a smaller batch_size"),
    ):
        plain_path(X, LABELS, [0.0, 1.0], cv=3, **SMALL, **where)


def test_other_errors_are_raised_unchanged(backend, where, monkeypatch):
    def wrong(*_):
        raise ValueError("no shape fits")

    monkeypatch.setattr(backend.library, "affine", wrong, raising=False)
    with pytest.raises(ValueError, match="no shape fits"):
        Network([3, 4, 1], **where).forward(X)


@pytest.mark.installed
@pytest.mark.parametrize("name", ["numpy", "torch", "jax", "cupy", "array_api_strict"])
def test_a_library_recognises_its_errors(name):
    pytest.importorskip(name, reason=f"{name} is not installed")
    library = file_of(name)
    assert library.out_of_memory(no_memory(name))
    assert library.out_of_memory(MemoryError())
    assert not library.out_of_memory(ValueError("memory"))


@pytest.mark.host
def test_max_memory_includes_the_extra_bytes_of_a_library(monkeypatch):
    library, options = file_of("numpy"), {**SMALL, "cv": 4, "backend": "numpy"}
    monkeypatch.setattr(library, "workers", lambda: 1)
    settings = plain_path(X, LABELS, [0.0], **options)._settings
    alone = settings.memory_of(1)
    monkeypatch.setattr(library, "extra_bytes", lambda members, *_: min(members, 5) * alone)
    assert settings.memory_of(1) == 2 * alone
    for most, members in ((2, 1), (3, 1), (9, 4), (10, 5), (12, 7)):
        assert replace(settings, max_memory=most * alone).members_at_once() == members
    assert replace(settings, max_memory=10**20).members_at_once() > 10**9  # too many for len(range)
    with pytest.raises(XL2Error, match=r"max_memory .* allows only"):
        replace(settings, max_memory=2 * alone - 1).members_at_once()


@pytest.mark.host
@pytest.mark.parametrize("hidden", [(4,), (1,), ()])
def test_the_memory_includes_scales_of_inputs_and_their_averages(hidden):
    """They are in the optimizer's state and in its copy, and no other parameter has any."""
    each = [
        plain_path(
            X, LABELS, [0.0], **SMALL | {"hidden": hidden}, cv=4, optimizer=optimizer
        )._settings.memory_of(1)
        for optimizer in (Adam(), Adam(scale_rate=6.0))
    ]
    assert each[1] - each[0] == 2 * 3 * X.shape[1] * 8


@pytest.mark.host
def test_without_max_memory_a_path_uses_the_free_memory(monkeypatch):
    library, options = file_of("numpy"), {**SMALL, "cv": 4, "backend": "numpy"}
    settings = plain_path(X, LABELS, [0.0], **options)._settings
    each = settings.memory_of(1)
    assert settings.members_at_once() == 2**31 // each
    for free, members in ((10 * each, 10), (each // 2, 1), (2**40, 2**31 // each)):
        monkeypatch.setattr(library, "free_memory", lambda device, free=free: free)
        assert settings.members_at_once() == members


@pytest.mark.host
@pytest.mark.parametrize(("limit", "free"), [(0, 750), (500, 250), (9000, 750)])
def test_cupys_free_memory_is_that_of_driver_and_pool(monkeypatch, limit, free):
    """The pool has 450 of 1000 bytes, of which 250 are in use."""
    pool = SimpleNamespace(free_bytes=lambda: 200, used_bytes=lambda: 250, get_limit=lambda: limit)
    entered = []

    class Device(contextlib.nullcontext):
        def __init__(self, id_):
            entered.append(id_)
            super().__init__()

    runtime = SimpleNamespace(memGetInfo=lambda: (550, 1000))
    cuda = SimpleNamespace(runtime=runtime, Device=Device)
    fake = SimpleNamespace(cuda=cuda, get_default_memory_pool=lambda: pool)
    monkeypatch.setitem(sys.modules, "cupy", fake)
    assert file_of("cupy").free_memory(SimpleNamespace(id=1)) == free
    assert file_of("cupy").free_memory(None) == free
    assert entered == [1]


@pytest.mark.host
@pytest.mark.parametrize("text", ["cudaErrorMemoryAllocation", "CUBLAS_STATUS_ALLOC_FAILED"])
def test_cupy_recognises_the_messages_of_cuda_libraries(text):
    assert file_of("cupy").out_of_memory(RuntimeError(f"{text}: out of memory"))


@pytest.mark.host
def test_torch_recognises_the_message_of_cublas():
    pytest.importorskip("torch", reason="PyTorch is not installed")
    message = "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"
    assert file_of("torch").out_of_memory(RuntimeError(message))


@pytest.mark.host
@pytest.mark.parametrize(
    "stack", [PlannedStack([(0, 0)], [3, 4, 5]), PlannedStack([(0, 0), (1, 0), (2, 1)], [7])]
)
def test_halves_make_up_the_whole(stack):
    def every(stacks):
        return [(*group, lam) for one in stacks for group in one.groups for lam in one.lambdas]

    one, other = stack.halves()
    assert sorted(every([one, other])) == sorted(every([stack]))
    assert one.size() == 1
    assert one.halves() == []
