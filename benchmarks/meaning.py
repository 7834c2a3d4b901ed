"""What one sample more, and another batch size, change at one lambda.

`python -m benchmarks.meaning docs/lambda.png` draws the picture of docs/choosing_lambda.md.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import xl2

BATCH = 64
ROWS = (600, *range(616, 640, 8), 639, 640, 641, 642, 644, 648, *range(656, 704, 8), 703, 704, 705,
        706, 708, 712, 720)  # fmt: skip
BATCHES = (8, 16, 32, 64, 128, 256)
RULES = {
    "lambda / n, even mini-batches (xl2)": lambda lam, rows: (xl2.L2(lam * rows / BATCH), True),
    "lambda / mini-batch, a short last one": lambda lam, rows: (xl2.L2(lam, per="batch"), False),
}


def accuracies(rows: Sequence[int] = ROWS, epochs: int = 40) -> dict[str, list[float]]:
    """Return training accuracies in % of 64-25-10 on digits, by rule; lambda 1 a mini-batch."""
    data = xl2.load_data("digits")
    found: dict[str, list[float]] = {name: [] for name in RULES}
    for name, rule in RULES.items():
        for count in rows:
            x, y = data.X[:count] / 16, data.y[:count]
            network = xl2.Network([64, 25, 10], ["relu", "softmax"], "he", seed=0)
            penalty, even = rule(1.0, 640)
            xl2.fit(network, x, y, epochs=epochs, batch_size=BATCH, optimizer="adam",
                    learning_rate=0.001, penalty=penalty, even_batches=even,
                    progress=False)  # fmt: skip
            found[name].append(100 * network.score(x, y))
    return found


def norms(batches: Sequence[int] = BATCHES, epochs: int = 300) -> dict[str, list[float]]:
    """Return norms of the weights of a softmax regression on 640 digits after training, by rule."""
    data = xl2.load_data("digits")
    x, y = data.X[:640] / 16, data.y[:640]
    found: dict[str, list[float]] = {name: [] for name in RULES}
    for name, rule in RULES.items():
        for size in batches:
            network = xl2.Network([64, 10], ["softmax"], seed=0)
            penalty, even = rule(1.0, 640)
            xl2.fit(network, x, y, epochs=epochs, batch_size=size, learning_rate=0.1,
                    penalty=penalty, even_batches=even, progress=False)  # fmt: skip
            ((weight, _),) = network.host_parameters()
            found[name].append(float(np.linalg.norm(weight)))
    return found


def draw(file: Path) -> None:
    """Draw both against the number of rows and the batch size."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for found, at, axes in ((accuracies(), ROWS, left), (norms(), BATCHES, right)):
        for (name, values), style in zip(found.items(), ("o-", "s--"), strict=True):
            axes.plot(at, values, style, label=name, markersize=4)
    left.set(xlabel="training samples, in mini-batches of 64", ylabel="training accuracy in %",
             title="One sample more")  # fmt: skip
    right.set(xscale="log", xticks=BATCHES, xticklabels=BATCHES, xlabel="batch size",
              ylabel="norm of the weights", ylim=(0, None),
              title="Another batch size")  # fmt: skip
    right.minorticks_off()
    right.legend(frameon=False, loc="lower right")
    figure.savefig(file, dpi=110)


if __name__ == "__main__":
    draw(Path(sys.argv[1]))
