"""The same bytes in each process, and the differences of libraries: see docs/reliability.md."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from xl2 import Network, fit

# Differences of parameters from NumPy, relative to the largest in their array, as documented.
# Measured on the digits with sgd, momentum and adam, on array-api-strict, torch and JAX: 7e-7 and
# 8e-16 after one epoch, 2e-6 and 4e-15 after twenty.
TOLERANCE = {
    ("float32", 1): 1e-5,
    ("float32", 20): 1e-4,
    ("float64", 1): 1e-13,
    ("float64", 20): 1e-12,
}
OPTIMIZERS = {"sgd": 0.1, "momentum": 0.1, "adam": 0.001}


@pytest.fixture(scope="module")
def digits():
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    return X[:600] / 16, y[:600]


def trained(digits, optimizer, dtype, epochs, hidden, **where):
    network = Network([64, 30, 10], [hidden, "softmax"], "he", seed=3, dtype=dtype, **where)
    options = {"learning_rate": OPTIMIZERS[optimizer], "penalty": 0.1, "seed": 5}
    fit(network, *digits, epochs=epochs, optimizer=optimizer, **options)
    return network


def arrays(network):
    return [network.backend.to_numpy(p) for layer in network.parameters for p in layer]


NEAR = [(*case, "tanh") for case in TOLERANCE] + [("float64", 1, "relu"), ("float64", 20, "relu")]


@pytest.mark.parametrize(("dtype", "epochs", "hidden"), NEAR)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_backend_agrees_with_numpy_within_the_documented_tolerance(
    where, digits, optimizer, dtype, epochs, hidden
):
    reference = arrays(trained(digits, optimizer, dtype, epochs, hidden, backend="numpy"))
    for mine, its in zip(
        arrays(trained(digits, optimizer, dtype, epochs, hidden, **where)), reference, strict=True
    ):
        assert np.abs(mine - its).max() <= TOLERANCE[dtype, epochs] * np.abs(its).max()


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_with_relu_in_float32_the_accuracies_agree(where, digits, optimizer):
    """A unit whose input rounds to 0 is active in one library only, and then they diverge."""
    scores = [
        trained(digits, optimizer, "float32", 20, "relu", **backend).score(*digits)
        for backend in ({"backend": "numpy"}, where)
    ]
    assert abs(scores[0] - scores[1]) <= 0.01
    after_one = [
        arrays(trained(digits, optimizer, "float32", 1, "relu", **backend))
        for backend in ({"backend": "numpy"}, where)
    ]
    for its, mine in zip(*after_one, strict=True):
        assert np.abs(mine - its).max() <= 1e-4 * np.abs(its).max()


AGAIN = """
import hashlib, sys
import numpy as np, xl2
name, device, dtype = sys.argv[1], sys.argv[2] or None, sys.argv[3]
rng = np.random.default_rng(0)
X = rng.standard_normal((704, 40))  # whole mini-batches: one program for JAX to compile
y = (X[:, 0] + X[:, 1] > 0).astype(int)
digest = hashlib.sha256()
# CuPy computes differently without dropout.
for stack, dropout in ((None, 0.3), (3, 0.3), (None, 0.0), (3, 0.0)):
    network = xl2.Network([40, 30, 2], ["relu", "softmax"], "he", seed=1, stack=stack, dtype=dtype,
                          backend=name, device=device)
    history = xl2.fit(network, X, y, epochs=3, batch_size=32, optimizer="adam",
                      dropout=dropout, penalty=0.1, validation=(X[:100], y[:100]), seed=2)
    for layer in network.parameters:
        for p in layer:
            digest.update(network.backend.to_numpy(p).tobytes())
    for curve in (history.loss, history.validation_loss):
        digest.update(np.asarray(curve).tobytes())
    digest.update(network.backend.to_numpy(network.forward(X)).tobytes())
print(digest.hexdigest())
"""


@pytest.mark.one_on_jax
@pytest.mark.parametrize("threads", ["1", "2"])
def test_the_same_seed_gives_the_same_bytes_in_another_process(backend, request, tmp_path, threads):
    """In two processes with different hash seeds and the same number of threads."""
    info = backend.xp.__array_namespace_info__()
    if "int64" not in info.dtypes(device=backend.device, kind="signed integer"):
        pytest.skip("argmax of array-api-strict returns int64, which the device does not have")
    (tmp_path / "again.py").write_text(AGAIN)
    name, _, device = request.node.callspec.params["backend"].partition(":")
    path = os.pathsep.join(filter(None, sys.path))
    limits = {f"{library}_NUM_THREADS": threads for library in ("OMP", "OPENBLAS", "MKL")}
    limits["OMP_WAIT_POLICY"] = "passive"  # beside other tests, threads that spin wait for cores
    found = set()
    for hashing in ("1", "2"):
        done = subprocess.run(
            [sys.executable, tmp_path / "again.py", name, device, "float32"],
            env={**os.environ, **limits, "PYTHONPATH": path, "PYTHONHASHSEED": hashing},
            capture_output=True,
            text=True,
            timeout=200,
        )
        assert done.returncode == 0, done.stderr
        found.add(done.stdout.strip())
    assert len(found) == 1
