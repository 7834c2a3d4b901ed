"""Processes that train with a checkpoint, and a function that kills and resumes them."""

import contextlib
import hashlib
import itertools
import multiprocessing
import random
import signal
import time

import numpy as np
from plain_paths import plain_path

import xl2.training.loop
import xl2.training.run
from xl2 import Network, fit

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
        epochs=8,
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
    path = plain_path(
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
    # Forks of a process that has imported the library, and computed nothing: importing PyTorch
    # takes longer than training.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["killed", settings["backend"]])
    found, killed, number, moments = set(), 0, 0, random.Random(seed)
    while killed < kills or not found:
        receiver, sender = context.Pipe(duplex=False)
        child = context.Process(target=tell, args=(sender, folder / f"{number}", settings))
        child.start()
        sender.close()
        with contextlib.closing(child), receiver:
            told = list(itertools.islice(messages(receiver), 1))
            if killed < kills:
                time.sleep(moments.uniform(0, 0.5))
                child.kill()
            told += messages(receiver)
            child.join()
            if told[-1:] not in ([], ["begun"]):  # "begun" is not sent if no step was left
                found.add(told[-1])
                number += 1
            else:
                assert child.exitcode == -signal.SIGKILL
                killed += 1
    return found


def messages(receiver):
    """Yield what a process sends until it ends."""
    with contextlib.suppress(EOFError):
        while True:
            yield receiver.recv()


def tell(sender, checkpoint, settings):
    """Train in a new process; send "begun" at the first steps, and at the end the digest."""
    learn, begun = xl2.training.run.Run.learn, []

    def slowly(self, *arguments):
        if not begun:
            sender.send("begun")
            begun.append(True)
        learn(self, *arguments)
        time.sleep(0.005)

    xl2.training.run.Run.learn = slowly
    kind = train_path if settings.pop("path", False) else train
    with small_blocks():
        sender.send(kind(checkpoint, every=0.01, **settings))


@contextlib.contextmanager
def small_blocks():
    """Reduce the blocks of an epoch, so that it can be saved at many moments."""
    before, xl2.training.loop.BLOCK = xl2.training.loop.BLOCK, 256
    try:
        yield
    finally:
        xl2.training.loop.BLOCK = before
