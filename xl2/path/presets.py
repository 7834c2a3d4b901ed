"""Presets: the values of the arguments of a path that its caller leaves out.

To add one, write a function of the data to values and name it in `PRESETS`.

References
----------
.. [1] D. Holzmueller, L. Grinsztajn, I. Steinwart, "Better by default: strong pre-tuned MLPs and
   boosted trees on tabular data", NeurIPS 2024.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

from ..errors import InputError, unknown
from ..nn.optimizers import Adam
from ..training.assemble import Settings

# Squares are remembered for 20 steps instead of 1000: a training may have no more than these. The
# rate of scales is RealMLP's.
ADAM = Adam(beta_2=0.95, scale_rate=6.0)


@dataclass(frozen=True)
class Choices:
    """Arguments of `regularization_path` that a preset has values for."""

    lambdas: Any = 5
    seed: Any = 0
    hidden: Any = (64, 64)
    activation: Any = "relu"
    output: Any = None
    initializer: Any = None
    bias_initializer: Any = "gaussian"
    standardize: Any = True
    per: Any = "dataset"
    epochs: Any = 100
    batch_size: Any = 128
    learning_rate: Any = 0.016
    optimizer: Any = ADAM
    dropout: Any = 0.0
    schedule: Any = "cosine"
    label_smoothing: Any = 0.1
    shuffle: Any = True
    even_batches: Any = True
    calibrate: Any = True
    refit_seeds: Any = 10

    def training(self, loss: str | None) -> Settings:
        """Return how the networks of a path are trained."""
        return Settings(loss=loss, **self.of_fit())

    def of_fit(self) -> dict[str, Any]:
        """Return the arguments of `xl2.fit` but for its epochs."""
        own = {field.name for field in fields(Settings)}
        return {name: getattr(self, name) for name in NAMES if name in own}


# What is known of the samples: their number, and whether the targets are values.
Values = Callable[[int, bool], Choices]


def default(rows: int, regression: bool) -> Choices:
    """Return values that were chosen by measurement; see docs/defaults.md.

    Much of it follows RealMLP [1]_. Smoothed labels make probabilities too even, so they are
    calibrated.
    """
    found = Choices(epochs=_epochs(rows))
    return replace(found, label_smoothing=0.0, calibrate=False) if regression else found


def best(rows: int, regression: bool) -> Choices:
    """Return larger networks, more lambdas and more seeds, for three to four times the time."""
    return replace(default(rows, regression), lambdas=8, hidden=(128, 128), refit_seeds=20)


def _epochs(rows: int) -> int:
    """Return as many epochs as take 250,000 samples, but 30 to 100."""
    return min(100, max(30, round(250_000 / max(1, rows))))


def plain(rows: int, regression: bool) -> Choices:
    """Return those of a network without anything that `xl2.fit` leaves out by default."""
    return Choices(
        lambdas=8,
        hidden=(50, 25),
        bias_initializer="zeros",
        standardize=False,
        batch_size=64,
        learning_rate=0.001,
        optimizer="adam",
        schedule="constant",
        label_smoothing=0.0,
        calibrate=False,
        refit_seeds=1,
    )


def sklearn(rows: int, regression: bool) -> Choices:
    """Return those of scikit-learn's `MLPClassifier` and `MLPRegressor`."""
    return replace(
        plain(rows, regression),
        hidden=(100,),
        initializer="glorot_uniform",
        per="batch",
        epochs=200,
        batch_size=min(200, rows),
        even_batches=False,
    )


def notebook(rows: int, regression: bool) -> Choices:
    """Return those of the network and the training that docs/notebook.md reproduces, on MNIST."""
    return replace(
        plain(rows, regression),
        lambdas=(0.0, 0.1, 1.0, 3.0),
        output=None if regression else "sigmoid",
        initializer="xavier",
        per="batch",
        epochs=20,
        learning_rate=0.005,
        optimizer="sgd",
        shuffle=False,
        even_batches=False,
    )


PRESETS: dict[str, Values] = {
    "default": default,
    "best": best,
    "plain": plain,
    "sklearn": sklearn,
    "notebook": notebook,
}


def choices_of(preset: str, rows: int, regression: bool, **given: Any) -> Choices:
    """Return the given arguments, and the values of a preset for those that are None."""
    if not isinstance(preset, str) or preset not in PRESETS:
        raise InputError(unknown("preset", preset, PRESETS))
    values = PRESETS[preset](rows, regression)
    return replace(values, **{name: value for name, value in given.items() if value is not None})


# The arguments that a preset has values for.
NAMES = tuple(field.name for field in fields(Choices))
