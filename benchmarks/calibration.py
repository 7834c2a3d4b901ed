"""What the temperature of a path changes on test samples: `python -m benchmarks.calibration`.

In each split of each set of `benchmarks/choosing` a path is trained, with its own grid and without
a penalty. Its best model and its ensemble predict the test samples: as trained, at the temperature
that the folds find, at that of their lowest log loss, and at the best one for these samples. With
two classes, answers are chosen by costs too.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from xl2 import calibration_error, regularization_path
from xl2.nn.temperature import best_temperature, tempered

from .choosing.sets import SETS, Split

OPTIONS: Any = {"standardize": True, "progress": False, "task": "classification"}
LEFT_OUT = ("MNIST 2000", "MNIST 10000", "cats")  # which take long, or have few samples
NAMES = [n for n, one in SETS.items() if not one.regression and n not in LEFT_OUT]
PATHS = {"grid": 8, "no penalty": [0.0]}
COST = 10.0  # of one mistake, where the other costs 1
PROBABILITIES = (
    "T",
    "of the test",
    "loss",
    "at T",
    "lowest loss",
    "at the test's",
    "error",
    "at T",
    "ensemble",
    "at T",
)
COSTS = ("most probable", "by costs", "by costs at T", "tuned")


def on_test_samples(split: Split, lambdas: Any, **more: Any) -> tuple[list[float], list[float]]:
    """Return the numbers of `PROBABILITIES` for one path, and of two classes those of `COSTS`."""
    path = regularization_path(split.X, split.y, lambdas, preset="plain", **OPTIONS | more)
    task, classes, temperature = path.task_, path.classes_, float(path.temperature_ or 1.0)
    y, known = (np.searchsorted(classes, labels) for labels in (split.y_test, split.y))
    p, *members = (
        model.forward(split.X_test).astype("float64")
        for model in (path.best_model_, *path.ensemble_.models)
    )
    out_of_fold = path.oof_predictions_[:, 1:] if task == "binary" else path.oof_predictions_
    lowest = best_temperature(task, out_of_fold, known, spread=math.inf)
    best = best_temperature(task, p, y, spread=math.inf)

    def at(temperature: float) -> Any:
        return tempered(task, p, temperature)

    def pooled(temperature: float) -> Any:
        return np.mean([tempered(task, one, temperature) for one in members], axis=0)

    losses = (p, at(temperature), at(lowest), at(best))
    numbers = [temperature, best, *(loss_of(task, one, y) for one in losses)]
    own = range(len(classes))
    numbers += [calibration_error(y, one, classes=own) for one in (p, at(temperature))]
    numbers += [loss_of(task, pooled(t), y) for t in (1.0, temperature)]
    if task != "binary":
        return numbers, []
    threshold, tuned = path.threshold(1.0, COST), path.threshold(1.0, COST, y=split.y)
    answers = ((p, 0.5), (p, threshold), (at(temperature), threshold), (p, tuned))
    return numbers, [cost_of(one[:, 0] >= t, y) for one, t in answers]


def loss_of(task: str, p: Any, y: Any) -> float:
    """Return the log loss of outputs (n, outputs) for class numbers (n,)."""
    if task == "binary":
        p = np.concatenate([1.0 - p, p], axis=1)
    least = np.finfo(np.float64).eps
    return float(-np.log(np.clip(p[np.arange(len(y)), y], least, 1.0)).mean())


def cost_of(answers: Any, y: Any) -> float:
    """Return the mean cost of answers, of which missing the second class is the dear mistake."""
    return float((COST * (~answers & (y == 1)) + (answers & (y == 0))).mean())


def tables(names: Sequence[str], splits: int, **more: Any) -> Iterator[str]:
    """Yield the rows of two Markdown tables; of temperatures the median of the splits."""
    costs = []
    yield from _head(PROBABILITIES)
    for name in names:
        for kind, lambdas in PATHS.items():
            found = [on_test_samples(SETS[name].split(k), lambdas, **more) for k in range(splits)]
            rows = np.array([numbers for numbers, _ in found])
            middle, mean = np.median(rows[:, :2], axis=0), rows[:, 2:].mean(axis=0)
            cells = [*(f"{t:.2f}" for t in middle), *(f"{loss:.4f}" for loss in mean)]
            yield f"| {name}, {kind} | {' | '.join(cells)} |"
            if found[0][1]:
                cells = [f"{cost:.3f}" for cost in np.mean([own for _, own in found], axis=0)]
                costs.append(f"| {name}, {kind} | {' | '.join(cells)} |")
    yield ""
    yield from _head(COSTS)
    yield from costs


def _head(columns: Sequence[str]) -> Iterator[str]:
    yield f"| | {' | '.join(columns)} |"
    yield f"|{'---|' * (len(columns) + 1)}"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calibration", description=__doc__)
    parser.add_argument("--sets", default=",".join(NAMES))
    parser.add_argument("--splits", type=int, default=10)
    given = parser.parse_args()
    for line in tables(given.sets.split(","), given.splits):
        print(line, flush=True)


if __name__ == "__main__":
    main()
