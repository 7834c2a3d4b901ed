"""A program that trains with a checkpoint until somebody kills it, and what kills it.

Run as ``python killed.py CHECKPOINT SETTINGS``, where SETTINGS is JSON. It says "epoch" at each,
and at its end the digest of parameters and history.
"""

import hashlib
import json
import os
import random
import subprocess
import sys
import time

import numpy as np

from xl2 import Network, fit, regularization_path
from xl2.checkpoints import Keeper

RNG = np.random.default_rng(4)
X = RNG.normal(size=(3000, 4))
LABELS = (X[:, 0] + X[:, 1] ** 2 > 1).astype(int)


def digest(*things):
    """Return a digest of arrays and numbers, in nested lists."""
    found = hashlib.sha256()

    def add(thing):
        if isinstance(thing, list | tuple):
            for one in thing:
                add(one)
        else:
            found.update(np.ascontiguousarray(thing).tobytes())

    add(list(things))
    return found.hexdigest()


def curves(history):
    return [values for name, values in vars(history).items() if name not in ("seconds", "diverged")]


def train(checkpoint, backend, optimizer, stack=None, epochs=12, say=lambda *_: None, **settings):
    """Train a network and return the digest of what came out."""
    stack = tuple(stack) if isinstance(stack, list) else stack
    network = Network([4, 6, 2], ["tanh", "softmax"], stack=stack, backend=backend)
    several = stack if isinstance(stack, int) else stack[-1] if stack else None
    history = fit(
        network,
        X,
        LABELS,
        epochs=epochs,
        batch_size=16,
        learning_rate=0.01,
        optimizer=optimizer,
        penalty=[0.1 * k for k in range(several)] if several else 0.1,
        dropout=0.2,
        validation=(X[:50], LABELS[:50]),
        callbacks=[say],
        checkpoint=checkpoint,
        resume=checkpoint is not None,
        **settings,
    )
    return digest(network.host_parameters(), curves(history))


def train_path(checkpoint, backend, say=None, patience=None):
    """Train a path and return the digest of what came out."""
    if say is not None:
        look = Keeper.look
        Keeper.look = lambda self, run: (look(self, run), say())
    path = regularization_path(
        X[:600],
        LABELS[:600],
        [0, 0.1, 1, 30],
        cv=2,
        hidden=(4,),
        epochs=12,
        batch_size=16,
        patience=patience,
        max_memory=6_000_000,
        checkpoint=checkpoint,
        resume=checkpoint is not None,
        backend=backend,
    )
    networks = [path.network(lam, fold) for lam in path.lambdas_ for fold in range(2)]
    return digest(
        [network.host_parameters() for network in networks],
        [path.validation_scores_, path.train_scores_, *path.curves_.values()],
    )


class Killed:
    """Runs the program again and again, and kills it each time but the last.

    Parameters
    ----------
    checkpoint : pathlib.Path
    settings : dict
    seed : int
        Of when.
    """

    def __init__(self, checkpoint, settings, seed):
        self._command = [sys.executable, __file__, str(checkpoint), json.dumps(settings)]
        # What is imported there is what is imported here.
        path = os.pathsep.join(folder for folder in sys.path if folder)
        self._environment = {**os.environ, "PYTHONPATH": path}
        self._random = random.Random(seed)
        self.kills = 0

    def result(self, kills, longest):
        """Return the digest after so many kills, each within some seconds from its first epoch."""
        while self.kills < kills:
            with subprocess.Popen(
                self._command, stdout=subprocess.PIPE, text=True, env=self._environment
            ) as process:
                first = process.stdout.readline()
                time.sleep(self._random.uniform(0, longest))
                process.kill()
                rest = process.stdout.read()
            if "digest" in first + rest:
                return (first + rest).split()[-1]
            self.kills += 1
        done = subprocess.run(
            self._command, stdout=subprocess.PIPE, text=True, check=True, env=self._environment
        )
        return done.stdout.split()[-1]


def main():
    checkpoint, settings = sys.argv[1], json.loads(sys.argv[2])
    wait = settings.pop("wait", 0)

    def say(*_):
        print("epoch", flush=True)
        time.sleep(wait)

    kind = train_path if settings.pop("path", False) else train
    print("begun", flush=True)
    print("digest", kind(checkpoint, say=say, **settings), flush=True)


if __name__ == "__main__":
    main()
