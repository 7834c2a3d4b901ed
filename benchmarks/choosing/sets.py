"""The sets on which the choice of lambda is measured, and their splits."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sklearn import datasets
from sklearn.model_selection import train_test_split

DRAWN = 10_000  # samples of a simulated set


class Split(NamedTuple):
    """Training and test samples."""

    X: Any
    y: Any
    X_test: Any
    y_test: Any


@dataclass(frozen=True)
class Source:
    """A set from which `rows` samples are drawn for training; all others are for the test."""

    load: Callable[[], tuple[Any, Any]]
    rows: int
    regression: bool = False
    own_test: Callable[[], tuple[Any, Any]] | None = None  # samples that are always for the test

    def split(self, number: int) -> Split:
        """Return a split; each number draws other training samples."""
        X, y = self.load()
        parts = train_test_split(
            X,
            y,
            train_size=self.rows,
            random_state=number,
            stratify=None if self.regression else y,
        )
        X, rest, y, y_rest = parts
        test = (rest, y_rest) if self.own_test is None else self.own_test()
        return Split(X, y, *test)


def _embedded(name: str) -> Callable[[], tuple[Any, Any]]:
    return lambda: getattr(datasets, f"load_{name}")(return_X_y=True)


def _simulated(name: str, **settings: Any) -> Callable[[], tuple[Any, Any]]:
    return lambda: getattr(datasets, f"make_{name}")(DRAWN, random_state=0, **settings)


def _images(name: str, part: str) -> Callable[[], tuple[Any, Any]]:
    """Return pictures as rows, from the folder that the variable XL2_DATA names."""

    def load() -> tuple[Any, Any]:
        with np.load(Path(os.environ["XL2_DATA"]) / f"{name}_{part}_data.npz") as file:
            x, y = file["x"], file["y"].ravel()
        return (x if len(x) == len(y) else x.T), y

    return load


def _cats() -> tuple[Any, Any]:
    parts = [_images("d20", part)() for part in ("train", "test")]
    return tuple(np.concatenate(each) for each in zip(*parts, strict=True))  # type: ignore


MNIST = {"load": _images("d09", "train"), "own_test": _images("d09", "test")}

SETS = {
    "iris": Source(_embedded("iris"), 75),
    "wine": Source(_embedded("wine"), 90),
    "breast_cancer": Source(_embedded("breast_cancer"), 200),
    "digits": Source(_embedded("digits"), 500),
    "diabetes": Source(_embedded("diabetes"), 220, regression=True),
    "linnerud": Source(_embedded("linnerud"), 10, regression=True),
    "moons": Source(_simulated("moons", noise=0.3), 200),
    "two classes": Source(
        _simulated("classification", n_features=20, n_informative=5, flip_y=0.05), 300
    ),
    "five classes": Source(
        _simulated("classification", n_features=100, n_informative=10, n_classes=5), 500
    ),
    "hastie": Source(lambda: datasets.make_hastie_10_2(DRAWN, random_state=0), 500),
    "friedman1": Source(_simulated("friedman1", noise=1.0), 300, regression=True),
    "friedman2": Source(_simulated("friedman2", noise=100.0), 200, regression=True),
    "linear": Source(
        _simulated("regression", n_features=50, n_informative=10, noise=100.0),
        200,
        regression=True,
    ),
    "MNIST 500": Source(rows=500, **MNIST),
    "MNIST 2000": Source(rows=2000, **MNIST),
    "MNIST 10000": Source(rows=10_000, **MNIST),
    "cats": Source(_cats, 160),
}
