"""What each part of the default preset is worth: one change of it at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from xl2.path.presets import ADAM

from .methods import Fitted, Training, path_of

DEFAULT, REFIT = "default", ", refit"

# By name, the arguments of `regularization_path` that differ. Those that the preset has already
# are left out, so that the table may have the values around each default.
CHANGES: Mapping[str, Mapping[str, Any]] = {
    "hidden 32 32": {"hidden": (32, 32)},
    "hidden 64 64": {"hidden": (64, 64)},
    "hidden 128 128": {"hidden": (128, 128)},
    "hidden 256 256": {"hidden": (256, 256)},
    "hidden 64": {"hidden": (64,)},
    "hidden 64 64 64": {"hidden": (64, 64, 64)},
    "epochs 50": {"epochs": 50},
    "epochs 100": {"epochs": 100},
    "epochs 200": {"epochs": 200},
    "batch size 64": {"batch_size": 64},
    "batch size 128": {"batch_size": 128},
    "batch size 256": {"batch_size": 256},
    "learning rate 0.004": {"learning_rate": 0.004},
    "learning rate 0.008": {"learning_rate": 0.008},
    "learning rate 0.016": {"learning_rate": 0.016},
    "learning rate 0.032": {"learning_rate": 0.032},
    "constant rate": {"schedule": "constant"},
    "constant rate 0.004": {"schedule": "constant", "learning_rate": 0.004},
    "flat, then cosine": {"schedule": "flat_cosine"},
    "no label smoothing": {"label_smoothing": 0.0},
    "label smoothing 0.05": {"label_smoothing": 0.05},
    "label smoothing 0.1": {"label_smoothing": 0.1},
    "not calibrated": {"calibrate": False},
    "biases 0": {"bias_initializer": "zeros"},
    "dropout 0.1": {"dropout": 0.1},
    "tanh": {"activation": "tanh"},
    "two seeds": {"seed": (0, 1)},
    "3 lambdas": {"lambdas": 3},
    "5 lambdas": {"lambdas": 5},
    "8 lambdas": {"lambdas": 8},
    "not standardized": {"standardize": False},
    "beta_2 0.95": {"optimizer": replace(ADAM, beta_2=0.95)},
    "beta_2 0.99": {"optimizer": replace(ADAM, beta_2=0.99)},
    "beta_2 0.999": {"optimizer": replace(ADAM, beta_2=0.999)},
    "no scales of inputs": {"optimizer": replace(ADAM, scale_rate=0.0)},
    "scale rate 2": {"optimizer": replace(ADAM, scale_rate=2.0)},
    "scale rate 6": {"optimizer": replace(ADAM, scale_rate=6.0)},
    "scale rate 12": {"optimizer": replace(ADAM, scale_rate=12.0)},
}


def trainings(preset: Any, regression: bool) -> dict[str, Training]:
    """Return the default and its changes, by name; `preset` has its values as attributes."""
    found = {DEFAULT: _training(DEFAULT, {})}
    for name, arguments in CHANGES.items():
        same = all(getattr(preset, key) == value for key, value in arguments.items())
        if not same and not (regression and "label_smoothing" in arguments):
            found[name] = _training(name, arguments)
    return found


def _training(name: str, arguments: Mapping[str, Any]) -> Training:
    """Return a training of the ensemble, and of the network trained on all samples."""

    def fit(X: Any, y: Any, regression: bool, threads: int) -> Sequence[Fitted]:
        path = path_of(X, y, regression, refit="best", **arguments)
        return Fitted.of_xl2(path.ensemble_), Fitted.of_xl2(path.best_model_)

    return Training((name, name + REFIT), fit)
