"""The notebook's second lesson: with a large gap L2 may help: how certain, and what else may.

    python examples/lesson_cats.py

Needs d20_train_data.npz and d20_test_data.npz (209 and 50 pictures, cats and others) in the
folder that XL2_DATA names. Without them it uses 60 of scikit-learn's digits, which are as few for
their task.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import xl2
from xl2.data import split


def load() -> tuple[list[Any], dict[str, Any]]:
    """Return training and test samples with their labels, and the settings of the path."""
    folder = Path(os.environ.get("XL2_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if (folder / "d20_train_data.npz").is_file():
        train, test = (
            xl2.load_data(folder / f"d20_{part}_data.npz", features_first=True)
            for part in ("train", "test")
        )
        settings = {"lambdas": [0, 10, 30, 50, 100], "optimizer": "sgd", "epochs": 200}
        return [train.X, train.y, test.X, test.y], settings
    print("The cats are not installed: using 60 of scikit-learn's digits.\n")
    digits = xl2.load_data("digits")
    X, X_test, y, y_test = split(digits.X, digits.y, fraction=0.9, stratify=True)
    X, _, y, _ = split(X, y, fraction=1 - 60 / len(X), stratify=True)
    X_test, _, y_test, _ = split(X_test, y_test, fraction=0.9, stratify=True)
    settings = {"lambdas": [0, 0.3, 1, 3, 10], "optimizer": "adam", "epochs": 100}
    return [X, y, X_test, y_test], settings


def main() -> None:
    """Train the path with several seeds; print it and the verdict."""
    (X, y, X_test, y_test), settings = load()
    path = xl2.regularization_path(
        X,
        y,
        preset="plain",
        validation=(X_test, y_test),
        seed=range(3),
        standardize=True,
        experiments=True,
        hidden=(20, 7),
        learning_rate=0.01,
        batch_size=256,
        **settings,
    )
    print(path, end="\n\n")
    verdict = xl2.diagnose(path, X, y, X_test, y_test)
    print(verdict)
    comparison = verdict.comparison
    if comparison is not None and not comparison.distinguishable:
        print(f"\nSo {comparison.rows} test samples cannot say whether L2 helped.")


if __name__ == "__main__":
    main()
