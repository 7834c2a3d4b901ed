"""What `patience` saves and changes: the path of a split with it, beside the path without."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from xl2 import diagnose, regularization_path

from .measure import SETTINGS
from .sets import SETS


class Effect(NamedTuple):
    """What a patience does to one path."""

    patience: int
    saved: float  # the share of the epochs of all networks
    seconds: float  # of the processor, over those without patience
    same_lambdas: bool  # `best_lambda_`, `top_lambda_` and `lambda_1se_`
    same_verdict: bool  # every word and number of `diagnose`


def effects(name: str, number: int, choices: Sequence[int] = (5, 10, 20)) -> Iterator[Effect]:
    """Yield the effect of each patience on a split of a set; its number is also the seed."""
    source = SETS[name]
    split = source.split(number)
    options: dict[str, Any] = SETTINGS | {"seed": number}
    options["task"] = "regression" if source.regression else "classification"

    def train(patience: int | None) -> tuple[Any, float]:
        began = time.process_time()
        path = regularization_path(split.X, split.y, preset="plain", patience=patience, **options)
        return path, time.process_time() - began

    def chosen(path: Any) -> tuple[float, ...]:
        return path.best_lambda_, path.top_lambda_, path.lambda_1se_

    whole, seconds = train(None)
    for patience in choices:
        path, own = train(patience)
        yield Effect(
            patience,
            1.0 - float(path.epochs_.mean()) / path.n_epochs_,
            own / seconds,
            chosen(path) == chosen(whole),
            str(diagnose(path)) == str(diagnose(whole)),
        )
