"""The notebook's first lesson: with a large bias L2 does not help; what would.

    python examples/lesson_mnist.py

Needs d09_train_data.npz and d09_test_data.npz (MNIST) in the folder that XL2_DATA names. Without
them it uses scikit-learn's digits, and a network too small for them.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

import xl2
from xl2.data import split


def load() -> tuple[list[Any], dict[str, Any]]:
    """Return training and test samples with their labels, and the settings of the path."""
    folder = Path(os.environ.get("XL2_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if (folder / "d09_train_data.npz").is_file():
        train, test = (xl2.load_data(folder / f"d09_{part}_data.npz") for part in ("train", "test"))
        settings = {"lambdas": [0, 100, 1000, 3000], "hidden": (50, 25), "epochs": 20}
        return [train.X, train.y, test.X, test.y], {"learning_rate": 0.005, **settings}
    print("MNIST is not installed: using scikit-learn's digits.\n")
    digits = xl2.load_data("digits")
    X, X_test, y, y_test = split(digits.X, digits.y, fraction=0.3, stratify=True)
    settings = {"lambdas": [0, 20, 60, 200], "hidden": (5,), "epochs": 30, "budget": 4}
    return [X, y, X_test, y_test], {"learning_rate": 0.05, **settings}


def main() -> None:
    """Train the path; print it and the verdict."""
    (X, y, X_test, y_test), settings = load()
    # As in the notebook, the test samples choose lambda, and the verdict says so. With cv=5
    # in place of validation= they would have no influence on the choice.
    path = xl2.regularization_path(
        X,
        y,
        preset="plain",
        validation=(X_test, y_test),
        standardize=True,
        experiments=True,
        optimizer="sgd",
        **settings,
    )
    print(path, end="\n\n")
    print(xl2.diagnose(path, X, y, X_test, y_test))
    loss = path.curves_["loss"][:, path.best_index_, 0, 0]
    print(f"\nThe training loss fell from {loss[0]:.3f} to {np.min(loss):.3f}.")


if __name__ == "__main__":
    main()
