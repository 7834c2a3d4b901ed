"""The experiments beside a path: what is changed, in which order, and about what it costs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from ..errors import counted, printable
from .fold_data import FoldData
from .settings import PathSettings

WIDER, LONGER, FASTER = 4, 3, 3  # times the units, the epochs, the learning rate
PARTS = ((1, 4), (2, 2), (3, 1))  # of the learning curve: fourths of the rows, subsets of each fold
DRAWN = "1/4"  # of the curve, but no gain is extrapolated from it
# Of an ensemble, or one more than the path has. More networks gain more, but would not fit into
# the default budget beside a path of five lambdas.
SEEDS = 3
# Those first that gained most, or nearly, in the most runs of docs/advice.md.
PROMISING = (
    "ensemble",
    "wider",
    "longer",
    "faster",
    "deeper",
    "slower",
    "shallower",
    "narrower",
    "shorter",
)
KEYS = ("curve", *PROMISING, "importance")
FEWEST = 8  # training samples of the smallest part
FEW_ROWS = f"it has fewer than {FEWEST} training samples"


@dataclass(frozen=True)
class Variant:
    """A setting to try: what it changes, and the stack that tries it."""

    key: str
    kind: str
    what: str
    arguments: dict[str, Any]  # of `regularization_path`
    settings: PathSettings
    data: FoldData
    inputs: Sequence[int] | None = None  # those that it has; None for all

    def samples(self) -> FoldData:
        """Return the samples to train on; with some of the inputs they are a copy."""
        return self.data if self.inputs is None else self.data.columns(self.inputs)

    def cost(self) -> float:
        """Return about how long its training takes, in any unit."""
        return cost_of(self.settings, self.data)


def cost_of(settings: PathSettings, data: FoldData, workers: int = 1) -> float:
    """Return about how long training takes, in milliseconds of a laptop's core.

    Measured on NumPy, a step costs 0.4 ms, and for each member 0.03 ms and 11 ns a parameter,
    with 64 samples. Elsewhere the unit is another; it cancels.
    """
    parameters = sum(i * o + o for i, o in pairwise(settings.sizes))
    size, members = settings.training.batch_size, len(settings.penalties) * len(settings.seeds)
    each = 0.03 + 1.1e-5 * parameters * (0.3 + 0.7 * size / 64)
    steps: dict[int, int] = {}  # of an epoch, of the stacks of equally long folds
    groups: dict[int, int] = {}
    for fold in data.folds:
        steps[len(fold.rows)] = math.ceil(len(fold.rows) / size)
        groups[len(fold.rows)] = groups.get(len(fold.rows), 0) + 1
    total = sum(n * (0.4 + groups[k] * members * each / workers) for k, n in steps.items())
    return settings.epochs * total


def variants(settings: PathSettings, data: FoldData, best: int) -> list[Variant]:
    """Return what can be tried with the chosen lambda, the most promising first."""
    own = _with_one_lambda(settings, best)
    data = _evened(data)
    hidden, training = settings.sizes[1:-1], settings.training
    found: dict[str, Variant] = {}

    def add(key: str, kind: str, what: str, arguments: dict[str, Any], **changed: Any) -> None:
        found[key] = Variant(key, kind, what, arguments, replace(own, **changed), data)

    def add_hidden(key: str, units: tuple[int, ...]) -> None:
        if units != hidden:
            what = f"{_units(units)} for {_units(hidden, short=True)}"
            layers, arguments = _layers(settings, units), dict[str, Any](hidden=units)
            if isinstance(settings.initializer, tuple):
                arguments["initializer"] = layers["initializer"]
            add(key, "network", what, arguments, **layers)

    add_hidden("wider", tuple(WIDER * u for u in hidden))
    add_hidden("deeper", (*hidden, hidden[-1] if hidden else 50))
    add_hidden("shallower", hidden[:-1])
    add_hidden("narrower", tuple(max(1, u // 2) for u in hidden))
    for key, epochs in (("longer", LONGER * own.epochs), ("shorter", own.epochs // 2)):
        if epochs:
            what = f"{counted(epochs, 'epoch')} for {own.epochs}"
            add(key, "training", what, {"epochs": epochs}, epochs=epochs)
    for key, rate in (
        ("faster", FASTER * training.learning_rate),
        ("slower", training.learning_rate / FASTER),
    ):
        rate = float(f"{rate:.3g}")
        what = f"learning rate {rate:g} for {training.learning_rate:g}"
        changed = replace(training, learning_rate=rate)
        add(key, "training", what, {"learning_rate": rate}, training=changed)
    first, known = max(settings.seeds) + 1, len(settings.seeds)
    more = [*settings.seeds, *range(first, first + max(SEEDS - known, 1))]
    add(
        "ensemble",
        "ensemble",
        f"the mean of {len(more)} networks",
        {"seed": more},
        seeds=more[known:],  # the path has trained the others
    )
    return [found[key] for key in PROMISING if key in found]


def learning_curve(
    settings: PathSettings, data: FoldData, best: int, order: Callable[[Any, int], Any]
) -> tuple[list[Variant], list[tuple[str, str]]]:
    """Return the chosen lambda with a fourth, a half and three fourths of the training samples.

    Fewer samples are drawn several times. ``order(rows, draw)`` returns a fold's training rows in
    an order whose first part is a fair sample of them. Parts that are too small are the second
    list, with the reason.
    """
    own = _with_one_lambda(settings, best)
    shortest = min(len(fold.rows) for fold in data.folds)
    found, left_out = list[Variant](), list[tuple[str, str]]()
    for fourths, draws in PARTS:
        count = shortest * fourths // 4
        what = f"{count} of {shortest} training samples"
        if count < FEWEST:
            left_out.append((what, FEW_ROWS))
            continue
        folds = [
            replace(fold, rows=order(fold.rows, draw)[:count])
            for draw in range(draws)
            for fold in data.folds
        ]
        found.append(Variant(f"{fourths}/4", "rows", what, {}, own, replace(data, folds=folds)))
    return found, left_out


def without(
    settings: PathSettings, data: FoldData, best: int, columns: Sequence[int], names: str
) -> Variant:
    """Return the chosen lambda without some columns, and the inputs that are made of them."""
    own = _with_one_lambda(settings, best)
    kept = [k for k in range(1 + max(data.sources)) if k not in set(columns)]
    inputs = [i for i, column in enumerate(data.sources) if column not in set(columns)]
    own = replace(own, sizes=(len(inputs), *settings.sizes[1:]))
    what = printable(" ".join(f"without {names}".split()))  # a column's name can have lines
    return Variant(what, "features", what, {"columns": kept}, own, _evened(data), inputs)


def _with_one_lambda(settings: PathSettings, best: int) -> PathSettings:
    """Return settings for the chosen lambda and the first seed, trained to the end."""
    return replace(
        settings, penalties=[settings.penalties[best]], seeds=settings.seeds[:1], patience=None
    )


def _evened(data: FoldData) -> FoldData:
    """Return folds of one length, if they differ by one sample: then they are one stack."""
    lengths = [len(fold.rows) for fold in data.folds]
    least = min(lengths)
    if max(lengths) - least != 1:
        return data
    return replace(data, folds=[replace(fold, rows=fold.rows[:least]) for fold in data.folds])


def _layers(settings: PathSettings, units: tuple[int, ...]) -> dict[str, Any]:
    """Return the settings of a network with other hidden layers."""
    sizes, output = settings.sizes, settings.activations[-1]
    inner = (settings.activations[0] if len(sizes) > 2 else "relu",) * len(units)
    initializer: Any = settings.initializer
    if isinstance(initializer, tuple):
        first, last = initializer[:-1] or initializer, initializer[-1]
        inner_ones = [*first, *first[-1:] * len(units)][: len(units)]
        initializer = (*inner_ones, last)
    return {
        "sizes": (sizes[0], *units, sizes[-1]),
        "activations": (*inner, output),
        "initializer": initializer,
    }


def _units(hidden: Sequence[int], short: bool = False) -> str:
    if not hidden:
        return "none" if short else "no hidden layer"
    return "-".join(map(str, hidden)) + ("" if short else " units")
