"""What bias and gap look like.

`python -m benchmarks.bias_gap docs/bias_gap.png` draws the picture of docs/verdict.md.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import make_moons

import xl2

LAMBDAS = {0.0: "no penalty", 1.0: "lambda 1", 5.0: "lambda 5"}
GRID = np.stack(np.meshgrid(np.linspace(-2, 3, 201), np.linspace(-1.6, 2.1, 149)), axis=-1)


def networks(rows: int = 80, epochs: int = 1000) -> tuple[Any, Any, dict[float, dict[str, Any]]]:
    """Return training samples of two moons, and for each lambda both accuracies and a map."""
    x, y = make_moons(rows, noise=0.3, random_state=8)
    unseen = make_moons(10000, noise=0.3, random_state=99)
    found = {}
    for lam in LAMBDAS:
        network = xl2.Network([2, 100, 50, 2], ["relu", "relu", "softmax"], "he", seed=0)
        xl2.fit(network, x, y, epochs=epochs, optimizer="adam", learning_rate=0.003,
                penalty=xl2.L2(lam), progress=False)  # fmt: skip
        second = network.forward(GRID.reshape(-1, 2))[:, 1].reshape(GRID.shape[:2])
        found[lam] = {"training": 100 * network.score(x, y), "test": 100 * network.score(*unseen),
                      "map": second}  # fmt: skip
    return x, y, found


def draw(file: Path) -> None:
    """Draw what each network answers, above its two accuracies."""
    from matplotlib.figure import Figure

    x, y, found = networks()
    figure = Figure(figsize=(9.0, 4.2), layout="constrained")
    maps, bars = figure.subplots(2, len(LAMBDAS), height_ratios=[5, 1])
    for (lam, title), top, below in zip(LAMBDAS.items(), maps, bars, strict=True):
        top.contourf(GRID[..., 0], GRID[..., 1], found[lam]["map"], levels=np.linspace(0, 1, 11),
                     cmap="RdBu_r", alpha=0.5)  # fmt: skip
        for label, mark, color in ((0, "o", "#08306b"), (1, "^", "#67000d")):
            top.plot(*x[y == label].T, mark, color=color, markersize=4)
        top.set(title=title, xticks=[], yticks=[])
        training, test = found[lam]["training"], found[lam]["test"]
        parts = ((0, test, "#d9d9d9", f"test {test:.1f} %"), (test, training, "#fdae61", "gap"),
                 (training, 100, "#74add1", "bias"))  # fmt: skip
        for left, right, color, name in parts:
            below.barh(0, right - left, left=left, color=color, edgecolor="white")
            if right - left > 2:
                below.text(max((left + right) / 2, 74) if left == 0 else (left + right) / 2, 0,
                           name, ha="center", va="center", fontsize=9)  # fmt: skip
        below.set(xlim=(68, 100), yticks=[], xlabel="accuracy in %")
        below.spines[["top", "right", "left"]].set_visible(False)
    figure.savefig(file, dpi=110)


if __name__ == "__main__":
    draw(Path(sys.argv[1]))
