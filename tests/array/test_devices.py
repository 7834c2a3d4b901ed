"""Several devices: a path is distributed over them, and each computes on its own arrays."""

import threading

import array_api_compat
import numpy as np
import pytest
from plain_paths import plain_path

from xl2 import Network, fit, use_backend
from xl2.array.backend import connect
from xl2.array.libraries import file_of
from xl2.array.switch import device_is_open

pytestmark = pytest.mark.installed

X = np.random.default_rng(3).normal(size=(40, 3))
LABELS = (X[:, 0] > 0).astype(int)
SMALL = {"hidden": (4,), "epochs": 2, "dtype": "float64", "progress": False, "refit": False}


@pytest.fixture
def strict(monkeypatch):
    """Return array-api-strict as a library whose simulated devices are accelerators."""
    pytest.importorskip("array_api_strict", reason="array-api-strict is not installed")
    library = file_of("array_api_strict")
    names = ["device1", "device2", "no_float64"]
    monkeypatch.setattr(library, "accelerators", lambda xp: names)
    return library


@pytest.fixture
def trained(monkeypatch):
    """Record the device, thread and number of members of each fit."""
    from xl2.path import train_stacks

    train_network = train_stacks.train_network

    seen = []

    def watched(network, *arguments, **options):
        seen.append((network.backend.device, threading.get_ident(), np.prod(network.stack)))
        assert array_api_compat.device(network.weights[0]) == network.backend.device
        assert array_api_compat.device(arguments[0].samples.x) == network.backend.device
        return train_network(network, *arguments, **options)

    monkeypatch.setattr(train_stacks, "train_network", watched)
    return seen


@pytest.mark.parametrize("samples", [{"cv": 4}, {"validation": (X[:9], LABELS[:9])}])
def test_a_path_over_several_devices_has_the_same_results(strict, monkeypatch, trained, samples):
    names = ["device1", "device2"]
    monkeypatch.setattr(strict, "accelerators", lambda xp: names)
    options = {**samples, **SMALL, "backend": "array_api_strict"}
    one = plain_path(X, LABELS, [0, 0.1, 1, 2], device="device1", **options)
    assert {str(device) for device, *_ in trained} == {"array_api_strict.Device('device1')"}
    trained.clear()
    two = plain_path(X, LABELS, [0, 0.1, 1, 2], device="auto", **options)
    devices = [str(device) for device, *_ in trained]
    assert sorted(devices) == [f"array_api_strict.Device('device{i}')" for i in (1, 2)]
    assert len({count for *_, count in trained}) == 1
    assert threading.get_ident() not in {thread for _, thread, _ in trained}
    np.testing.assert_allclose(two.validation_scores_, one.validation_scores_, rtol=1e-12)
    for name, values in one.curves_.items():
        np.testing.assert_allclose(two.curves_[name], values, rtol=1e-9)


def test_max_memory_applies_to_each_device(strict, trained, monkeypatch):
    monkeypatch.setattr(strict, "accelerators", lambda xp: ["device1", "device2"])
    options = {**SMALL, "backend": "array_api_strict", "device": "auto", "cv": 4}
    each = plain_path(X, LABELS, [0, 1], **options)._settings.memory_of(1)
    trained.clear()
    plain_path(X, LABELS, [0, 1], max_memory=4 * each, **options)
    assert sorted(count for *_, count in trained) == [4, 4]


@pytest.mark.parametrize("options", [{"patience": 1}, {"device": "device2"}])
def test_a_path_with_patience_or_a_device_uses_one_device(strict, trained, options):
    options = {"backend": "array_api_strict", "device": "auto"} | options
    plain_path(X, LABELS, [0, 1], cv=2, **options, **SMALL)
    assert len({device for device, *_ in trained}) == 1


def test_devices_that_do_not_work_are_skipped(strict, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(strict, "accelerators", lambda xp: ["device1", "device2", "CPU_DEVICE"])
        patch.setattr(strict, "find_device", lambda xp, name: xp.Device(name))
        broken = connect("array_api_strict", "device1")
        assert [one.device for one in broken.other_accelerators()] == [
            broken.xp.Device(name) for name in ("device2", "CPU_DEVICE")
        ]
        scope = strict.scope

        def fails(device):
            if str(device).endswith("'device2')"):
                raise RuntimeError("broken")
            return scope(device)

        patch.setattr(strict, "scope", fails)
        assert len(broken.other_accelerators()) == 1


@pytest.fixture
def on_default(strict, monkeypatch):
    """Make the default device one of several accelerators, as in CuPy."""
    monkeypatch.setattr(strict, "accelerators", lambda xp: ["device1", "CPU_DEVICE"])
    monkeypatch.setattr(strict, "find_device", lambda xp, name: xp.Device(name))
    return connect("array_api_strict")


def test_the_default_device_is_pinned_among_several(on_default):
    assert on_default.device is None
    every = [on_default.pinned(), *on_default.other_accelerators()]
    names = [str(one.device).partition("'")[2][:-2] for one in every]
    assert names == ["CPU_DEVICE", "device1"]
    assert on_default.pinned().pinned() == on_default.pinned()


def test_threads_of_a_path_pin_the_default_device(on_default, monkeypatch):
    """CUDA's threads begin on device 0, whatever the current device of the caller."""
    from xl2.path import train_stacks

    train_network = train_stacks.train_network

    seen = []

    def watched(network, *arguments, **options):
        seen.append(network.backend.device)
        return train_network(network, *arguments, **options)

    monkeypatch.setattr(train_stacks, "train_network", watched)
    plain_path(X, LABELS, [0, 1], cv=2, backend="array_api_strict", **SMALL)
    every = [on_default.pinned(), *on_default.other_accelerators()]
    assert set(seen) == {one.device for one in every}
    assert None not in seen
    seen.clear()
    plain_path(X, LABELS, [0, 1], cv=2, backend="array_api_strict", patience=2, **SMALL)
    assert set(seen) == {None}


def test_a_backend_can_be_hashed(on_default):
    assert hash(on_default) == hash(connect("array_api_strict"))
    assert len({on_default, connect("array_api_strict"), on_default.pinned()}) == 2


def test_a_library_on_its_cpu_has_no_other_accelerators(strict):
    on_cpu = connect("array_api_strict")
    assert on_cpu.other_accelerators() == []


def test_a_device_is_open_until_one_is_named(monkeypatch):
    assert device_is_open("numpy")
    assert device_is_open("numpy", "auto")
    assert not device_is_open("numpy", "cpu")
    assert not device_is_open()
    with use_backend("numpy", "cpu"):
        assert not device_is_open()
    monkeypatch.setenv("XL2_BACKEND", "numpy")
    assert device_is_open()


@pytest.fixture
def scoped(strict, monkeypatch):
    """Raise if an array is created on a device that is not current, as in CuPy."""
    import contextlib

    from array_api_strict import _array_object

    current, scope, made = [None], strict.scope, _array_object.Array._new.__func__

    @contextlib.contextmanager
    def entered(device):
        before, current[0] = current[0], device
        with scope(device):
            yield
        current[0] = before

    def new(cls, x, /, device):
        if device is not None and "device" in str(device) and device != current[0]:
            raise AssertionError(f"computed on {device} while {current[0]} was current")
        return made(cls, x, device=device)

    def from_host(xp, array, device):
        with entered(device):
            return xp.asarray(array, device=device)

    monkeypatch.setattr(strict, "scope", entered)
    monkeypatch.setattr(strict, "from_host", from_host)
    monkeypatch.setattr(_array_object.Array, "_new", classmethod(new))


@pytest.mark.parametrize("stack", [None, 2, (2, 2)])
def test_fits_and_predictions_set_the_current_device(scoped, stack):
    where = {"backend": "array_api_strict", "device": "device1"}
    options = {"seed": [0, 1]} if isinstance(stack, tuple) else {}
    if isinstance(stack, tuple):
        options["rows"] = [list(range(30)), list(range(10, 40))]
    network = Network([3, 4, 1], dtype="float64", stack=stack, **where)
    for optimizer in ("sgd", "adam"):
        fit(network, X, LABELS, epochs=2, optimizer=optimizer, penalty=0.1, dropout=0.2,
            validation=(X, LABELS), **options)  # fmt: skip
    if not stack or isinstance(stack, int):
        fit(network, X, LABELS, epochs=1, sample_weight=np.ones(40))
    network.predict(X)
    network.score(X, LABELS)
    network.to(device="device2").forward(X)
    network.member(*[0] * len(network.stack)) if stack else network.gradients(X, LABELS)


def test_paths_and_estimators_set_the_current_device(scoped):
    from xl2 import MLPClassifier

    where = {"backend": "array_api_strict", "device": "device1"}
    for standardize in (False, True):
        options = {**SMALL, **where, "standardize": standardize, "refit": True}
        path = plain_path(X, LABELS, [0, 1], cv=2, **options)
        path.best_model_.predict(X)
    for solver in ("adam", "lbfgs"):
        model = MLPClassifier((4,), solver=solver, max_iter=20, tol=1.0, **where)
        model.fit(X, LABELS).predict(X)
