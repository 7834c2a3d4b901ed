"""Whether the training of a path ended too early.

The loss of the last tenth of the epochs is compared with that of the tenth before. Measured on
13 data sets with 10 to 500 epochs: where it fell by more than 1.5 % of the loss of a constant
prediction, the epochs of the warning raised the validation score, by up to 40 points of accuracy.
The exception were samples that can only be memorised, such as random labels, where the validation
loss rises; so it has to fall too. Digits with 100 epochs fell by 0.01 %, iris by 1.4 %.

Where the learning rate falls to 0, nothing changes in the last epochs, whatever is left to learn.
So a tenth is then one of the sum of all learning rates. With a cosine, on ten sets with 10 to 200
epochs, the same limit found twelve trainings, none of more than 50 epochs; 200 epochs raised the
validation score of all of them.
"""

from __future__ import annotations

import math
from typing import Any

from ..errors import counted, option, warn_caller
from ..training.schedules import find_schedule
from .path_data import PathData
from .scores import PathScores

FEWEST = 10  # epochs for a verdict
DROP = 0.015  # of the training loss in a tenth of the epochs, as a part of the constant's loss


def note_of_unfinished_training(path: PathScores, data: PathData) -> str:
    """Return and warn that both losses of a chosen lambda still fall, that of the training fast.

    Return "" if training has finished.
    """
    from sklearn.exceptions import ConvergenceWarning

    constant, epochs = loss_of_a_constant(data), path.n_epochs_
    training = data.settings.training
    if epochs < FEWEST or not constant > 0.0:
        return ""
    tenth = epochs // 10
    last_tenth = f"the last {counted(tenth, 'epoch')} of {epochs}"
    if training.schedule != "constant":
        last_tenth = f"the last tenth of {epochs} epochs, by their learning rates,"
    parts = _parts_of_epochs(training.schedule, epochs)
    for k in dict.fromkeys((path.best_index_, path.index_1se_)):
        loss = _mean_curve(path, "", k) / constant
        drop, last = _last_drop(loss, parts)
        unseen, _ = _last_drop(_mean_curve(path, "validation_", k), parts)
        # Neither is a number if the lambda was dropped.
        if not (drop >= DROP and unseen > 0.0):
            continue
        wanted = epochs_to_try(epochs, drop / tenth, last)
        note = (
            f"Training has not finished at lambda {path.lambdas_[k]:g}: in {last_tenth} the "
            f"training loss fell by {100 * drop:.2g} % of that of a constant prediction. Train for "
            f"longer, such as {option('epochs', wanted)}."
        )
        warn_caller(note, ConvergenceWarning)
        return note
    return ""


def loss_of_a_constant(data: PathData) -> float:
    """Return the smallest mean loss of a prediction that is the same for all samples."""
    import numpy as np
    from scipy.special import entr

    settings, values = data.settings, data.targets.values
    output, outputs = settings.activations[-1], settings.sizes[-1]
    if data.regression():
        return 1.0  # the curves are those of 1 - R2
    if values.ndim == 1 and outputs > 1:
        values = np.eye(outputs)[values]
    shares = np.average(values.reshape(len(values), -1), axis=0, weights=data.weight)
    if settings.training.loss == "squared_error":
        return float((shares * (1.0 - shares)).sum() / 2.0)
    found = entr(shares).sum()
    return float(found if output == "softmax" else found + entr(1.0 - shares).sum())


def epochs_to_try(epochs: int, drop: float, loss: float) -> int:
    """Return a number of epochs, 1, 2 or 5 times a power of ten: twice as many or more.

    At the present `drop` in an epoch, the `loss` would then be 0.
    """
    wanted = min(max(2.0 * epochs, epochs + loss / drop), 10.0 * epochs)
    power = int(10 ** math.floor(math.log10(wanted)))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= wanted)


def _mean_curve(path: PathScores, part: str, k: int) -> Any:
    """Return a lambda's loss over folds and seeds, or 1 - R2 for a regression: (epochs,)."""
    if path.task_ == "regression":
        return 1.0 - path.curves_[f"{part}score"][:, k].mean(axis=(1, 2))
    return path.curves_[f"{part}loss"][:, k].mean(axis=(1, 2))


def _parts_of_epochs(schedule: str, epochs: int) -> tuple[Any, Any]:
    """Return how much each epoch counts in the tenth before the last and in the last, (epochs,).

    An epoch counts by its learning rate; with a constant one a tenth is rounded down.
    """
    import numpy as np

    factor = find_schedule(schedule)
    rates = np.array([factor((k + 0.5) / epochs) for k in range(epochs)])
    ends = np.cumsum(rates)
    tenth = float(epochs // 10) if schedule == "constant" else ends[-1] / 10.0
    starts, last = ends - rates, ends[-1] - tenth

    def part(low: float, high: float) -> Any:
        own = np.clip(np.minimum(ends, high) - np.maximum(starts, low), 0.0, None)
        return own / own.sum()

    return part(last - tenth, last), part(last, ends[-1])


def _last_drop(curve: Any, parts: tuple[Any, Any]) -> tuple[float, float]:
    """Return the drop from the tenth of the training before the last, and the mean of the last."""
    before, last = (float(curve @ part) for part in parts)
    return before - last, last
