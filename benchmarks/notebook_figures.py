"""Reproduce the accuracies of the notebook's ten networks.

    python -m benchmarks.notebook_figures [--backend NAME] [--dtype float32] [--only cats]
    python -m benchmarks.notebook_figures --path

The first trains one network after another, as the notebook did. The second trains the
lambdas of each problem as one regularisation path, a stack of four and a stack of six.

It needs the notebook's two data sets, d09_*.npz (MNIST) and d20_*.npz (cats), in the folder
that --data or the environment variable XL2_DATA names.
"""

from __future__ import annotations

import argparse
import os
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from xl2 import RegularizationPath, notebook, regularization_path, use_backend


class Experiment(NamedTuple):
    """A problem of the notebook, and the accuracies that the notebook printed."""

    files: str
    dimensions: list[int]
    initialization: str
    settings: dict[str, Any]
    figures: dict[float, tuple[str, str]]  # by lambda: training and test accuracy, in %


ACTIVATIONS = ["relu", "relu", "sigmoid"]
EXPERIMENTS = {
    "mnist": Experiment(
        "d09",
        [784, 50, 25, 10],
        "xavier",
        {"learning_rate": 0.005, "epochs": 20, "batch_size": 64},
        {
            0: ("96.906667", "96.040000"),
            0.1: ("96.746667", "95.960000"),
            1: ("95.041667", "94.570000"),
            3: ("92.228333", "92.280000"),
        },
    ),
    "cats": Experiment(
        "d20",
        [12288, 20, 7, 1],
        "he",
        {"learning_rate": 0.01, "epochs": 200, "batch_size": 256},
        {
            0: ("99.521531", "70.000000"),
            10: ("99.043062", "72.000000"),
            30: ("99.043062", "76.000000"),
            50: ("99.043062", "78.000000"),
            100: ("97.607656", "76.000000"),
            1000: ("65.550239", "34.000000"),
        },
    ),
}


def load(folder: Path, files: str) -> list[np.ndarray]:
    """Return training samples and labels, test samples and labels; samples are columns."""
    parts = []
    for part in ("train", "test"):
        with np.load(folder / f"{files}_{part}_data.npz", allow_pickle=False) as data:
            # The samples are rows in the file of MNIST, and columns in that of the cats.
            x, y = (data["x"].T, data["y"].T) if files == "d09" else (data["x"], data["y"])
        parts += [x, y]
    x_train, y_train, x_test, y_test = parts
    mean = x_train.mean(axis=1, keepdims=True)
    deviation = x_train.std(axis=1, keepdims=True) + 1e-9
    return [(x_train - mean) / deviation, y_train, (x_test - mean) / deviation, y_test]


def figures(
    experiment: Experiment, data: list[np.ndarray], lambd: float, dtype: str
) -> tuple[str, str]:
    """Train a network; return its training and test accuracy as the notebook prints them."""
    x_train, y_train, x_test, y_test = data
    outputs = experiment.dimensions[-1]
    targets = y_train if outputs == 1 else (y_train == np.arange(outputs)[:, None]).astype(int)
    np.random.seed(0)
    parameters, _ = notebook.train_model(
        x_train,
        targets,
        experiment.dimensions,
        ACTIVATIONS,
        [experiment.initialization] * 3,
        lambd=lambd,
        dtype=dtype,
        **experiment.settings,
    )
    train = notebook.accuracy(x_train, y_train, parameters, ACTIVATIONS)
    test = notebook.accuracy(x_test, y_test, parameters, ACTIVATIONS)
    return f"{100 * train:f}", f"{100 * test:f}"


def train_path(experiment: Experiment, data: list[np.ndarray], dtype: str) -> RegularizationPath:
    """Train all lambdas of a problem at once, from the notebook's initial weights."""
    x_train, y_train, x_test, y_test = data
    np.random.seed(0)
    draw = notebook.init_functions[experiment.initialization]
    weights = {shape: draw(*shape).T for shape in pairwise(experiment.dimensions)}
    return regularization_path(
        x_train.T,
        y_train[0].astype(int),
        list(experiment.figures),
        preset="plain",
        validation=(x_test.T, y_test[0].astype(int)),
        hidden=experiment.dimensions[1:-1],
        scoring="accuracy",
        output="sigmoid",
        initializer=lambda inputs, outputs, rng: weights[inputs, outputs],
        optimizer="sgd",
        shuffle=False,
        per="batch",
        even_batches=False,
        dtype=dtype,
        **experiment.settings,
    )


def path_figures(path: RegularizationPath) -> dict[float, tuple[str, str]]:
    """Return the two accuracies of each lambda as the notebook prints them."""
    means = zip(path.lambdas_, path.train_means_, path.validation_means_, strict=True)
    return {lambd: (f"{100 * train:f}", f"{100 * test:f}") for lambd, train, test in means}


def main() -> int:
    """Print the table; return 1 if an accuracy differs from the notebook's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backend", default="numpy")
    parser.add_argument("--device")
    parser.add_argument("--dtype", default="float64", choices=["float64", "float32"])
    parser.add_argument("--only", choices=list(EXPERIMENTS), action="append")
    parser.add_argument("--path", action="store_true", help="train each problem as one path")
    default = Path(__file__).parents[2] / "shared" / "data"
    parser.add_argument("--data", type=Path, default=os.environ.get("XL2_DATA", default))
    arguments = parser.parse_args()
    if arguments.backend == "jax":
        os.environ.setdefault("JAX_ENABLE_X64", "1")
    # In float32 a few samples close to the decision boundary are classified differently.
    tolerance = 0.0 if arguments.dtype == "float64" else 0.1
    missed = 0
    print(f"{'':6}{'lambda':>7} {'train':>10} {'notebook':>10} {'test':>10} {'notebook':>10}")
    with use_backend(arguments.backend, arguments.device):
        for name in arguments.only or EXPERIMENTS:
            experiment = EXPERIMENTS[name]
            data = load(arguments.data, experiment.files)
            stacked = {}
            if arguments.path:
                stacked = path_figures(train_path(experiment, data, arguments.dtype))
            for lambd, (train, test) in experiment.figures.items():
                ours = stacked.get(lambd) or figures(experiment, data, lambd, arguments.dtype)
                print(f"{name:6}{lambd:>7} {ours[0]:>10} {train:>10} {ours[1]:>10} {test:>10}")
                pairs = zip(ours, (train, test), strict=True)
                missed += any(abs(float(a) - float(b)) > tolerance for a, b in pairs)
    print(
        f"the accuracies of {missed} lambdas differ"
        if missed
        else "all accuracies are the notebook's"
    )
    return int(missed > 0)


if __name__ == "__main__":
    raise SystemExit(main())
