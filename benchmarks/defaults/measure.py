"""Training each method on each split, and recording it: a line of JSON for each method."""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .methods import Fitted, Training
from .sets import Source, Split

LEAST = 1e-7  # of a probability: also of classes that the training samples did not have

Say = Callable[[str], None]


class Record(NamedTuple):
    """What one method reached on one split of a set."""

    set: str
    split: int
    rows: int  # as asked for; a small set has fewer
    threads: int
    method: str
    error: float  # in %, or of a regression the root mean square over the standard deviation
    log_loss: float | None
    seconds: float  # of training

    @property
    def key(self) -> tuple[Any, ...]:
        """What was measured."""
        return self[: Record._fields.index("error")]


def read(file: Path) -> list[Record]:
    """Return what has been recorded; a last line that is not whole is left out."""
    if not file.exists():
        return []
    whole, _, _ = file.read_text().rpartition("\n")
    return [Record(**json.loads(line)) for line in whole.splitlines()]


def append(file: Path, records: Iterable[Record]) -> None:
    """Append records, in place of a last line that is not whole."""
    if file.exists():
        content = file.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if whole != content:
            file.write_bytes(whole)
    with file.open("a") as stream:
        stream.write("".join(json.dumps(one._asdict()) + "\n" for one in records))


def measure(
    file: Path,
    sets: Mapping[str, Source],
    trainings: Sequence[Training],
    *,
    splits: int,
    rows: int,
    threads: int,
    say: Say = print,
) -> None:
    """Measure what the file does not have yet: all sets of a split before the next split."""
    done = {one.key for one in read(file)}
    present = [one for one in trainings if not one.missing]
    for one in trainings:
        if one.missing:
            say(f"{', '.join(one.names)}: left out, because it needs: pip install {one.package}")
    for number in range(splits):
        for name, source in sets.items():
            for training in present:
                what = (name, number, rows, threads)
                keys = {(*what, method) for method in training.names}
                if keys <= done:
                    continue
                split = source.split(number, rows)
                try:
                    found = trained(training, split, source.regression, what)
                except Exception as error:  # what a peer cannot do must not end hours of work
                    say(f"{name} {number}, {training.names[0]}: failed, {error!r:.200}")
                    continue
                append(file, [one for one in found if one.key not in done])
                done |= keys
                say(f"{name} {number}, {training.names[0]}: {max(o.seconds for o in found):.1f} s")


def trained(
    training: Training, split: Split, regression: bool, what: tuple[str, int, int, int]
) -> list[Record]:
    """Train once and return a record for each method that comes of it.

    `what` are the set, the split, the rows and the threads.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of epochs that were not enough, and the like
        began = time.perf_counter()
        fitted = training.fit(split.X, split.y, regression, what[-1])
        seconds = time.perf_counter() - began
        return [
            Record(
                *what,
                method,
                error_of(one, split, regression),
                log_loss_of(one, split),
                seconds,
            )
            for method, one in zip(training.names, fitted, strict=True)
        ]


def error_of(fitted: Fitted, split: Split, regression: bool) -> float:
    """Return the error of test samples: see `Record`."""
    predicted = np.asarray(fitted.predict(split.X_test))
    if regression:
        squares = np.mean((predicted - split.y_test) ** 2)
        return float(np.sqrt(squares) / np.std(split.y_test))
    return float(100.0 * np.mean(predicted != split.y_test))


def log_loss_of(fitted: Fitted, split: Split) -> float | None:
    """Return the log loss of test samples in nats, None without probabilities."""
    if fitted.chances is None:
        return None
    chances = np.asarray(fitted.chances(split.X_test), dtype=np.float64)
    chances = chances / chances.sum(axis=1, keepdims=True)
    # 0 for a class that has no column.
    own = (chances * (split.y_test[:, None] == fitted.classes)).sum(axis=1)
    return float(-np.log(np.clip(own, LEAST, 1.0)).mean())
