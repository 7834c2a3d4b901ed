"""The checkpoint of another run is rejected, and the error names each difference."""

import contextlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from checkpointing import LABELS, RNG, TARGETS, X

from xl2 import L2, FileFormatError, InputError, Network, fit
from xl2.nn.losses import Loss, find_loss
from xl2.nn.optimizers import SGD, Adam, Momentum, sgd_update

BASE = {"epochs": 2, "batch_size": 4, "learning_rate": 0.05}
CHANGED = [
    ({"optimizer": "adam"}, r'optimizer was "SGD\(\)" and is now "Adam'),
    ({"optimizer": Momentum(0.8)}, r'optimizer was "SGD\(\)" and is now "Momentum\(.*0.8'),
    ({"penalty": 0.5}, 'penalty was "lambda 0.0, per dataset" and is now "lambda 0.5'),
    ({"penalty": L2(0.0, "batch")}, "penalty was .*per batch"),
    ({"batch_size": 5}, 'batch size was "4" and is now "5'),
    ({"even_batches": False}, 'batch size was "4" and is now "4, the last one short"'),
    ({"learning_rate": 0.1}, 'learning rate was "0.05" and is now "0.1'),
    ({"seed": 7}, 'seed was "0" and is now "7'),
    ({"shuffle": False}, 'shuffle was "True"'),
    ({"dropout": 0.5}, 'dropout was "0" and is now "0.5'),
    ({"loss": "squared_error"}, 'loss was "the default'),
    ({"sample_weight": np.ones(45)}, 'sample_weight was "none"'),
    ({"rows": np.arange(40)}, 'rows was "all"'),
    ({"validation": (X, LABELS)}, 'validation was "none" and is now "45 x 3 of float32'),
    ({"optimizer": "adam", "seed": 1}, "optimizer was.*; its seed was"),
]


def begun(tmp_path, **options):
    one = Network([3, 4, 2], ["tanh", "sigmoid"], backend="numpy", **options)
    fit(one, X, LABELS, checkpoint=tmp_path / "c", **BASE)
    return tmp_path / "c"


@pytest.mark.host
@pytest.mark.parametrize(("changed", "message"), CHANGED)
def test_other_settings_are_rejected_with_the_difference(tmp_path, changed, message):
    path = begun(tmp_path)
    before = path.read_bytes()
    one = Network([3, 4, 2], ["tanh", "sigmoid"], seed=9, backend="numpy")
    parameters = one.host_parameters()
    with pytest.raises(InputError, match=f"is a checkpoint of another run: .*{message}"):
        fit(one, X, LABELS, checkpoint=path, resume=True, **{**BASE, **changed})
    assert path.read_bytes() == before
    assert all(a is b for p, q in zip(parameters, one.host_parameters(), strict=True)
               for a, b in zip(p, q, strict=True))  # fmt: skip


class Scaled:
    """A user's optimizer, with a constant and without a repr."""

    update = staticmethod(sgd_update)

    def __init__(self, factor=1.0):
        self.factor = factor

    def init(self, parameter):
        return ()

    def rate(self, learning_rate, step):
        return learning_rate * self.factor

    def scale(self, rate):
        return rate


@dataclass(frozen=True)
class Scheduled(SGD):
    """A dataclass with a function as a field, whose repr contains an address."""

    schedule: Any = None

    def rate(self, learning_rate, step):
        return self.schedule(learning_rate)


def constant():
    """Return a new function at another address, of the same name."""
    return lambda rate: rate


def custom_loss():
    """Return a loss of new functions at other addresses, of the same names."""
    natural = find_loss(None, "identity")
    return Loss(lambda z, y: natural.value(z, y), lambda z, y: natural.delta(z, y))


@pytest.mark.host
@pytest.mark.parametrize(
    "make",
    [
        lambda: {"rows": np.arange(40, dtype=np.int32)},
        lambda: {"optimizer": Adam(0.8)},
        lambda: {"optimizer": Scaled()},
        lambda: {"optimizer": Scheduled(constant())},
        lambda: {"loss": custom_loss()},
    ],
)
def test_settings_equal_but_not_identical_are_accepted(tmp_path, make):
    for epochs in (1, 2):
        one = Network([3, 2], ["identity"])
        history = fit(one, X, TARGETS, checkpoint=tmp_path / "c", resume=True, epochs=epochs,
                      **make())  # fmt: skip
        assert len(history) == epochs


@pytest.mark.host
@pytest.mark.parametrize(
    ("one", "other", "message"),
    [
        ({"optimizer": Adam(0.8)}, {"optimizer": Adam()}, r'Adam\(.*0.8.* is now "Adam\(.*0.9'),
        ({"optimizer": Scaled()}, {}, r'optimizer was ".*Scaled" and is now "SGD\(\)'),
        ({"optimizer": Scheduled(constant())}, {}, r"optimizer was .*Scheduled. and is now"),
        ({"loss": custom_loss()}, {}, r'loss was ".*custom_loss.*" and is now "the default'),
    ],
)
def test_another_optimizer_or_loss_is_recognised_by_its_repr_or_name(tmp_path, one, other, message):
    fit(Network([3, 2], ["identity"]), X, TARGETS, checkpoint=tmp_path / "c", epochs=1, **one)
    with pytest.raises(InputError, match=message):
        fit(Network([3, 2], ["identity"]), X, TARGETS, checkpoint=tmp_path / "c", resume=True,
            **other)  # fmt: skip


@pytest.mark.host
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Network([3, 5, 2], ["tanh", "sigmoid"]), 'network was "3-4-2, .*is now "3-5-2'),
        (lambda: Network([3, 4, 2], ["relu", "sigmoid"]), 'network was "3-4-2, tanh'),
        (lambda: Network([3, 4, 2], ["tanh", "sigmoid"], dtype="float64"), 'dtype was "float32'),
        (lambda: Network([3, 4, 2], ["tanh", "sigmoid"], stack=2), 'stack was "a single network'),
    ],
)
def test_another_network_is_rejected_with_the_difference(tmp_path, make, message):
    with pytest.raises(InputError, match=f"is a checkpoint of another run: .*{message}"):
        fit(make(), X, LABELS, checkpoint=begun(tmp_path), resume=True, **BASE)


@pytest.mark.host
def test_other_samples_are_rejected_with_the_difference(tmp_path):
    path, nudged, other = begun(tmp_path), X.copy(), 1 - LABELS
    nudged[30, 1] += 1e-3
    for x, y, message in (
        (nudged, LABELS, 'X was "45 x 3 of float32'),
        (X, other, 'y was "45 x 2'),
    ):
        one = Network([3, 4, 2], ["tanh", "sigmoid"])
        with pytest.raises(InputError, match=f"another run: its {message} .* digest"):
            fit(one, x, y, checkpoint=path, resume=True, **BASE)


@pytest.mark.host
def test_another_version_is_rejected_with_the_difference(tmp_path, monkeypatch):
    path = begun(tmp_path)
    monkeypatch.setattr("xl2.training.fingerprint.own_version", lambda: "9.9")
    one = Network([3, 4, 2], ["tanh", "sigmoid"])
    with pytest.raises(InputError, match=r'version of xl2 was ".*" and is now "9\.9'):
        fit(one, X, LABELS, checkpoint=path, resume=True, **BASE)
    monkeypatch.undo()
    monkeypatch.setattr("xl2.training.checkpoints.FORMAT", "xl2-checkpoint-2")
    with pytest.raises(FileFormatError, match="format is 'xl2-checkpoint-1', not"):
        fit(one, X, LABELS, checkpoint=path, resume=True, **BASE)


@pytest.mark.host
def test_versions_of_development_resume_each_others_runs(tmp_path, monkeypatch):
    """Their version changes with every commit, and that of a tree with changes every day."""
    version = "xl2.training.fingerprint.own_version"
    monkeypatch.setattr(version, lambda: "0.2.0.dev5+g0123abc")
    path = begun(tmp_path)
    monkeypatch.setattr(version, lambda: "0.2.0.dev6+g4567def.d20260101")
    one = Network([3, 4, 2], ["tanh", "sigmoid"])
    fit(one, X, LABELS, checkpoint=path, resume=True, **BASE)
    monkeypatch.setattr(version, lambda: "0.2.0")
    with pytest.raises(InputError, match=r'version of xl2 was "0\.2\.0\.dev" and is now "0\.2\.0"'):
        fit(one, X, LABELS, checkpoint=path, resume=True, **BASE)


@pytest.mark.host
def test_other_blocks_have_another_order_and_are_rejected(tmp_path, monkeypatch):
    from xl2.array import rows
    from xl2.array.rows import LazyRows

    class InBlocks(LazyRows):
        def __init__(self, size):
            super().__init__(X.shape, X.dtype)
            self.edges = np.arange(0, 46, size)

        def _between(self, start, stop):
            return X[start:stop]

    monkeypatch.setattr(rows, "CHUNK_BYTES", 20 * 3 * 8)
    path = tmp_path / "c"
    for size in (5, 9):
        one = Network([3, 4, 2], ["tanh", "sigmoid"], backend="numpy")
        refusal = pytest.raises(InputError, match=r'blocks was "9 with .* is now "5 with')
        with contextlib.nullcontext() if size == 5 else refusal:
            fit(one, InBlocks(size), LABELS, checkpoint=path, resume=size != 5, **BASE)


@pytest.mark.host
@pytest.mark.parametrize("kind", ["memmap", "sparse", "array"])
def test_evenly_spread_blocks_of_large_data_are_digested(tmp_path, monkeypatch, kind):
    """A change in the first row, the last row, or the number of rows is always noticed."""
    import scipy.sparse

    from xl2.array.backend import connect
    from xl2.nn.inputs import check_samples
    from xl2.training import fingerprint

    monkeypatch.setattr(fingerprint, "BLOCK", 60)
    monkeypatch.setattr(fingerprint, "WHOLE", 1000)
    read, rows = [], fingerprint._rows

    def counted(x, start, stop, backend):
        read.append(stop - start)
        return rows(x, start, stop, backend)

    monkeypatch.setattr(fingerprint, "_rows", counted)

    def digest(x):
        if kind == "memmap":
            np.save(tmp_path / "x.npy", x)
            x = np.load(tmp_path / "x.npy", mmap_mode="r")
        given = scipy.sparse.csr_array(x) if kind == "sparse" else x
        backend = connect("numpy")
        return fingerprint.digest_of(check_samples(given, 3, backend, "float32"), backend)

    x = RNG.normal(size=(500, 3))
    first, last = x.copy(), x.copy()
    first[0, 0] += 1
    last[-1, -1] += 1
    assert digest(x) == digest(x.copy())
    read.clear()
    assert len({digest(x), digest(first), digest(last), digest(x[:-1])}) == 4
    assert sum(read) <= 4 * 8 * 5 + 4
