"""Fits by CuPy's graphs on twins of a device, for the tests."""

import numpy as np
from cupy_twin import Twin, backend_of

from xl2 import Adam, Network, fit
from xl2_cupy_runs import Runner

SCALED = Adam(scale_rate=6.0)
OPTIMIZERS = ["sgd", "momentum", "nesterov", "adam", SCALED]


class Watched(Runner):
    """A runner on twins that counts launches; `broken` makes a twin fail.

    Its twins have no trial, unless asked for.
    """

    def __init__(self, broken=None, kind=Twin, trial=False):
        self.twins, self.broken, self.kind = [], broken or (lambda twin: None), kind
        super().__init__(self.twin)
        if not trial:
            self._tried.update((0, dtype) for dtype in ("float32", "float64"))

    def twin(self, dtype):
        made = self.kind(dtype)  # the last of the list may be another thread's
        self.broken(made)
        self.twins.append(made)
        return made

    @property
    def launches(self):
        return sum(twin.launches for twin in self.twins)


def use_graphs(monkeypatch, runner):
    """Let everything that computes with NumPy train by a runner, or for None by portable code."""
    from xl2.array.libraries import file_of

    library = vars(file_of("numpy"))
    for name in list(library):
        monkeypatch.delitem(library, name)
    for name, value in vars(backend_of(runner and runner.run).library).items():
        monkeypatch.setitem(library, name, value)


def trained(run_batches, *, sizes=(5, 4, 3), hidden="relu", last="sigmoid", stack=None, rows=23,
            batch=4, epochs=2, dtype="float64", lam=0.3, seed=0, optimizer="sgd", rate=0.1,
            backend="numpy", **options):  # fmt: skip
    """Return a network and its history, trained with a `run_batches`, or on another backend."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, sizes[0]))
    y = rng.random(size=(rows, sizes[-1]))
    if last == "softmax":
        y /= y.sum(axis=1, keepdims=True)
    layers = [hidden] * (len(sizes) - 2)
    network = Network(sizes, [*layers, last], seed=seed, dtype=dtype, stack=stack, backend=backend)
    if backend == "numpy":
        network.backend = backend_of(run_batches)
    members = None if stack is None else np.ravel(stack)[-1]
    several = stack is not None and not isinstance(lam, list)
    penalty = [lam * k for k in range(members)] if several else lam
    if isinstance(stack, tuple):
        picked = [rng.permutation(rows)[: rows - 2] for _ in range(stack[0])]
        options |= {"rows": picked, "seed": list(range(stack[0]))}
    history = fit(network, x, y, epochs=epochs, batch_size=batch, optimizer=optimizer,
                  learning_rate=rate, penalty=penalty, progress=False, **options)  # fmt: skip
    return network, history


def assert_same(one, other, rtol=1e-9):
    for mine, its in zip(one[0].host_parameters(), other[0].host_parameters(), strict=True):
        for a, b in zip(mine, its, strict=True):
            assert a.dtype == b.dtype
            np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * 1e-2)
    for name in ("loss", "score", "penalty"):
        np.testing.assert_allclose(
            getattr(one[1], name), getattr(other[1], name), rtol=rtol, atol=1e-12
        )
