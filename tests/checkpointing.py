"""Shared by the tests of checkpoints: small runs, and runs that die after a write."""

import itertools

import numpy as np

from xl2 import Network, fit
from xl2.io.safetensors_file import read_with_digest
from xl2.training.checkpoints import FORMAT, CheckpointSaver
from xl2.training.loop import Keep

RNG = np.random.default_rng(3)
X = RNG.normal(size=(45, 3))
LABELS = (X[:, 0] > 0).astype(int)
TARGETS = X @ RNG.normal(size=(3, 2))
STACKS = [None, 3, (2, 2)]


class DiedError(Exception):
    """Ends a training in place of a kill."""


def dying(monkeypatch):
    """Return a function ``die(n)``: training ends right after the n-th checkpoint is written."""
    left = [10**9]
    look = CheckpointSaver.look

    def watched(self, run):
        before = self._written
        look(self, run)
        left[0] -= self._written != before
        if left[0] == 0:
            raise DiedError

    def die(n):
        left[0] = n

    monkeypatch.setattr(CheckpointSaver, "look", watched)
    return die


def survive(die, train, path, *steps):
    """Resume after each death until training ends; return the result and the number of deaths.

    Training dies after each of the numbers of writes in `steps`, in turn.
    """
    for deaths, n in zip(range(100), itertools.cycle(steps or [1]), strict=False):
        die(n)
        try:
            return train(checkpoint=path, resume=True), deaths
        except DiedError:
            assert path.exists()
    raise AssertionError("training did not end")


def network(where, stack=None, output="softmax", **options):
    return Network([3, 4, 2], ["tanh", output], stack=stack, **options, **where)


def settings(**more):
    return {"epochs": 3, "batch_size": 4, "learning_rate": 0.05, "every": 0.01, **more}


def trainer(make, x, y, **options):
    """Return a function that trains a new network, and returns it with its history."""

    def train(**checkpoint):
        one = make()
        extra = {k: v for k, v in options.items() if checkpoint or k != "every"}
        return one, fit(one, x, y, **extra, **checkpoint)

    return train


def trained(folder, **options):
    """Train a network for four epochs with a checkpoint `c`; return it with its history."""
    one = Network([3, 4, 2], backend="numpy")
    return one, fit(one, X, LABELS, epochs=4, checkpoint=folder / "c", **options)


def header_of(path):
    return read_with_digest(path, FORMAT, lambda header, found: found)[0]


def assert_same(one, other):
    """Check that two pairs of a network and its history are equal, bit for bit."""
    (a, mine), (b, its) = one, other
    for p, q in zip(a.host_parameters(), b.host_parameters(), strict=True):
        for left, right in zip(p, q, strict=True):
            assert left.dtype == right.dtype
            np.testing.assert_array_equal(left, right)
    for name, values in vars(mine).items():
        others = getattr(its, name)
        if name == "seconds":
            assert len(values) == len(others)
        elif name == "diverged":
            np.testing.assert_array_equal(values, others)
        else:
            assert len(values) == len(others)
            for left, right in zip(values, others, strict=True):
                assert type(left) is type(right)
                assert np.asarray(left).dtype == np.asarray(right).dtype
                np.testing.assert_array_equal(left, right)


def drop(network, history):
    """Drop the second of three members, and later the first of two."""
    return {2: Keep([0, 2]), 3: Keep([1])}.get(len(history))


class Patience:
    """A callback that counts epochs itself, and ends a training after a number of them."""

    def __init__(self, epochs):
        self.left, self.seen = epochs, np.zeros(0)

    def __call__(self, network, history):
        self.left -= 1
        self.seen = np.append(self.seen, history.loss[-1])
        return self.left == 0

    def state_dict(self):
        return {"left": self.left, "seen": self.seen, "nested": [{"a": (1, None)}]}

    def load_state_dict(self, state):
        assert state["nested"] == [{"a": [1, None]}]
        self.left, self.seen = state["left"], state["seen"]
