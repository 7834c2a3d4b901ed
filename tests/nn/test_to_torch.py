"""`Network.to_torch` returns a module that computes the same outputs."""

import numpy as np
import pytest

from xl2 import BackendError, InputError, Model, Network
from xl2.array.libraries import Library, is_installed
from xl2.nn.scaling import Scaling

pytestmark = pytest.mark.installed
X = np.random.default_rng(1).normal(size=(6, 3))


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="the module is of PyTorch")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "activations",
    [["relu", "softmax"], ["tanh", "sigmoid"], ["sigmoid", "identity"], ["relu", "exp"]],
)
def test_the_module_computes_the_same_outputs(torch, where, host, dtype, activations):
    network = Network([3, 4, 2], activations, "he", seed=1, dtype=dtype, **where)
    module = network.to_torch()
    x = torch.from_numpy(X.astype(dtype))
    expected = host(network.forward(X))
    np.testing.assert_allclose(
        module(x).detach().numpy(), expected, atol=1e-6 if dtype == "float32" else 1e-14
    )
    np.testing.assert_array_equal(module[0].weight.detach().numpy().T, host(network.weights[0]))
    assert module[0].weight.requires_grad


def test_the_module_has_copies_of_the_weights(torch, where, host):
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
    with pytest.raises(InputError, match="Convert one of its members"):
        Network([3, 2], stack=2, **where).to_torch()


def test_a_library_without_modules_is_refused():
    with pytest.raises(BackendError, match="no modules"):
        Library().as_module([], [], "float32")


@pytest.mark.skipif(is_installed("torch"), reason="PyTorch is installed")
def test_without_pytorch_the_error_says_how_to_install_it():
    with pytest.raises(BackendError, match=r"'torch' is not installed: run pip install"):
        Network([3, 2]).to_torch()
