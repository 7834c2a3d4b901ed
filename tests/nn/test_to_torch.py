"""The torch module computes what the network computes."""

import numpy as np
import pytest

from xl2 import BackendError, InputError, Model, Network
from xl2.array.generic import Library
from xl2.array.libraries import is_installed
from xl2.nn.scaling import Scaling

X = np.random.default_rng(1).normal(size=(6, 3))


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="the module is one of PyTorch's")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "activations",
    [["relu", "softmax"], ["tanh", "sigmoid"], ["sigmoid", "identity"], ["relu", "exp"]],
)
def test_the_same_outputs_from_the_same_weights(torch, where, host, dtype, activations):
    network = Network([3, 4, 2], activations, "he", seed=1, dtype=dtype, **where)
    module = network.to_torch()
    x = torch.from_numpy(X.astype(dtype))
    expected = host(network.forward(X))
    np.testing.assert_allclose(
        module(x).detach().numpy(), expected, atol=1e-6 if dtype == "float32" else 1e-14
    )
    np.testing.assert_array_equal(module[0].weight.detach().numpy().T, host(network.weights[0]))
    assert module[0].weight.requires_grad


def test_it_is_a_copy(torch, where, host):
    network = Network([3, 2], **where)
    before = host(network.weights[0]).copy()
    with torch.no_grad():
        network.to_torch()[0].weight.zero_()
    np.testing.assert_array_equal(host(network.weights[0]), before)


def test_a_model_takes_prepared_samples(torch, where):
    model = Model(Network([3, 2], ["softmax"], **where), Scaling.learn(X), None, ("a", "b"))
    found = model.to_torch()(torch.from_numpy(np.asarray(model.prepare(X))))
    np.testing.assert_allclose(found.detach().numpy(), model.forward(X), atol=1e-6)


def test_a_stack_is_refused(where):
    with pytest.raises(InputError, match="convert its members"):
        Network([3, 2], stack=2, **where).to_torch()


def test_a_library_without_modules_says_so():
    with pytest.raises(BackendError, match="no modules"):
        Library().as_module([], [], "float32")


@pytest.mark.skipif(is_installed("torch"), reason="PyTorch is installed")
def test_where_pytorch_is_not_installed_it_says_how_to_get_it():
    with pytest.raises(BackendError, match=r"'torch' is not installed: run pip install"):
        Network([3, 2]).to_torch()
