"""Seconds of an epoch of a distributed fit, beside those of one process.

``python -m benchmarks.distributed`` in one process, and with two::

    torchrun --nproc-per-node 2 -m benchmarks.distributed

Each process computes with one thread. An epoch has 4096 random samples with 784 inputs and ten
classes.
"""

from __future__ import annotations

import os

import numpy as np

from xl2 import Network, fit

SAMPLES, EPOCHS = 4096, 6
# Hidden units of two layers, and samples of a mini-batch.
KINDS = ((2048, 512), (2048, 2048), (512, 512), (64, 512), (64, 64))


def main() -> None:
    """Print a line for each kind of network, with its fastest epoch: others' work only slows."""
    import torch

    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(SAMPLES, 784)).astype("float32")
    y = rng.integers(10, size=SAMPLES)
    together = "RANK" in os.environ
    for units, batch_size in KINDS:
        network = Network([784, units, units, 10], ["relu", "relu", "softmax"], backend="torch")
        history = fit(
            network,
            X,
            y,
            epochs=EPOCHS,
            batch_size=batch_size,
            progress=False,
            distributed=together,
        )
        if os.environ.get("RANK", "0") == "0":
            seconds = min(history.seconds)
            print(f"784-{units}-{units}-10, batches of {batch_size}: {seconds:.3f} s", flush=True)


if __name__ == "__main__":
    main()
