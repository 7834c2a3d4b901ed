"""A program that trains with a checkpoint, and a function that kills and resumes it.

``python killed.py CHECKPOINT SETTINGS``, where SETTINGS is JSON, prints "begun" at the first
steps, and at the end the digest of parameters and history.
"""

import contextlib
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time

import numpy as np

import xl2.training.loop
import xl2.training.run
from xl2 import Network, fit, regularization_path

RNG = np.random.default_rng(4)
X = RNG.normal(size=(3000, 4))
LABELS = (X[:, 0] + X[:, 1] ** 2 > 1).astype(int)


def digest(*things):
    """Return a digest of arrays and numbers in nested lists."""
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


def train(checkpoint, backend, optimizer, stack=None, **settings):
    """Train a network and return the digest of the result."""
    stack = tuple(stack) if isinstance(stack, list) else stack
    network = Network([4, 6, 2], ["tanh", "softmax"], stack=stack, backend=backend)
    several = stack if isinstance(stack, int) else stack[-1] if stack else None
    history = fit(
        network,
        X,
        LABELS,
        epochs=12,
        batch_size=16,
        learning_rate=0.01,
        optimizer=optimizer,
        penalty=[0.1 * k for k in range(several)] if several else 0.1,
        dropout=0.2,
        validation=(X[:50], LABELS[:50]),
        checkpoint=checkpoint,
        resume=checkpoint is not None,
        **settings,
    )
    return digest(network.host_parameters(), curves(history))


def train_path(checkpoint, backend, patience=None, **settings):
    """Train a path and return the digest of the result."""
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
        refit=False,
        return_members=True,
        **settings,
    )
    networks = [path.member(lam, fold) for lam in path.lambdas_ for fold in range(2)]
    return digest(
        [network.host_parameters() for network in networks],
        [path.validation_scores_, path.train_scores_, *path.curves_.values()],
    )


def results(folder, settings, kills, seed):
    """Train until `kills` processes have been killed, each resuming the previous one.

    A process is killed at a random moment within half a second of its first steps. After a
    training has finished, the next one uses another file in `folder`. Returns the set of the
    digests of all finished trainings.
    """
    # The processes import the same files as this one.
    path = os.pathsep.join(folder for folder in sys.path if folder)
    environment, moments = {**os.environ, "PYTHONPATH": path}, random.Random(seed)
    found, killed, number = set(), 0, 0
    while killed < kills or not found:
        command = [sys.executable, __file__, str(folder / f"{number}"), json.dumps(settings)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as child:
            output = child.stdout.readline()
            if killed < kills:
                time.sleep(moments.uniform(0, 0.5))
                child.kill()
            output += child.stdout.read()
        if "digest" in output:
            found.add(output.split()[-1])
            number += 1
        else:
            assert child.returncode == -signal.SIGKILL
            killed += 1
    return found


def main():
    checkpoint, settings = sys.argv[1], json.loads(sys.argv[2])
    learn, begun = xl2.training.run.Run.learn, []

    def slowly(self, *arguments):
        if not begun:
            print("begun", flush=True)
            begun.append(True)
        learn(self, *arguments)
        time.sleep(0.005)

    xl2.training.run.Run.learn = slowly
    kind = train_path if settings.pop("path", False) else train
    with small_blocks():
        print("digest", kind(checkpoint, every=0.01, **settings), flush=True)


@contextlib.contextmanager
def small_blocks():
    """Reduce the blocks of an epoch, so that it can be saved at many moments."""
    before, xl2.training.loop.BLOCK = xl2.training.loop.BLOCK, 256
    try:
        yield
    finally:
        xl2.training.loop.BLOCK = before


if __name__ == "__main__":
    main()
