"""How often the host waits for the device."""

import numpy as np
import pytest

from xl2 import Network, fit

pytestmark = pytest.mark.installed

X = np.random.default_rng(3).normal(size=(60, 3))
Y = np.random.default_rng(4).random(size=(60, 2))


@pytest.fixture
def waits(monkeypatch):
    """Count the operations that make the host wait: transfers, and Python's conversions."""
    pytest.importorskip("array_api_strict", reason="array-api-strict is not installed")
    from array_api_strict._array_object import Array

    from xl2.array.libraries import file_of

    seen, library = [], file_of("array_api_strict")
    to_host = library.to_host

    def count(name, original):
        def counted(*arguments, **options):
            seen.append(name)
            at = len(seen)
            found = original(*arguments, **options)
            del seen[at:]  # a transfer counts once, whatever it calls
            return found

        return counted

    monkeypatch.setattr(library, "to_host", count("to_host", to_host))
    for name in ("__bool__", "__float__", "__int__", "__index__", "__complex__", "__array__"):
        monkeypatch.setattr(Array, name, count(name, getattr(Array, name)))
    return seen


def waited(seen, epochs, stack, **options):
    """Return how often a fit waits."""
    place = {"backend": "array_api_strict", "device": "device1"}
    network = Network([3, 4, 2], ["tanh", "sigmoid"], stack=stack, dtype="float64", **place)
    seen.clear()
    fit(network, X, Y, epochs=epochs, batch_size=8, progress=False, **options)
    return list(seen)


@pytest.mark.parametrize("stack", [None, 3, (2, 2)])
@pytest.mark.parametrize(
    ("options", "times"),
    [
        pytest.param({"penalty": 0.0}, 1, id="none"),
        pytest.param({"penalty": 0.3, "optimizer": "adam"}, 1, id="penalty"),
        pytest.param({"dropout": 0.5, "penalty": 0.3}, 1, id="dropout"),
        pytest.param({"sample_weight": np.arange(60.0), "penalty": 0.3}, 1, id="weights"),
        pytest.param({"validation": (X, Y)}, 2, id="validation"),
    ],
)
def test_an_epoch_waits_once_and_once_more_for_validation(waits, stack, options, times):
    few, more = (waited(waits, epochs, stack, **options) for epochs in (1, 4))
    assert more[len(few) :] == ["to_host"] * times * 3


def test_a_callback_that_reads_a_weight_waits_once_more(waits):
    """This checks the counting itself."""
    look = {"callbacks": [lambda network, history: float(network.weights[0][0, 0]) and None]}
    few, more = (waited(waits, epochs, None, **look) for epochs in (1, 4))
    assert sorted(more[len(few) :]) == sorted(["to_host", "__float__"] * 3)
