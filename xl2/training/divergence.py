"""What happens when a loss or a parameter is no longer finite."""

from __future__ import annotations

import math
from functools import partial
from typing import Any, NoReturn

from ..array.stacks import sizes_of_members, where_members
from ..errors import DivergenceError, offers, option
from ..nn.optimizers import SGD, Momentum, Optimizer
from ..nn.step import Carry, copy_carry, map_carry
from .history import History
from .run import Run


def mark(run: Run, sound: Any, before: Carry) -> None:
    """Mark the diverged members of a stack, and restore their parameters from before the epoch.

    Raises `DivergenceError` if all members have diverged.
    """
    import numpy as np

    history, network = run.history, run.network
    newly = ~sound & (history.diverged == 0)
    history.diverged = np.where(newly, len(history) + 1, history.diverged)
    left = history.diverged == 0
    if left.all():
        return
    keep = network.backend.from_numpy(left)
    run.carry = map_carry(partial(where_members, keep), run.carry, before)
    network.parameters = run.carry.parameters
    if not left.any():
        run.epoch = None
        raise_of_all(run)


def is_over(history: History) -> bool:
    """Return whether a stack ended because its last member diverged."""
    marks = history.diverged
    return marks is not None and bool((marks > 0).all()) and int(marks.max()) > len(history)


def raise_of_all(run: Run) -> NoReturn:
    """Raise the error of a stack whose members have all diverged."""
    raise _error(
        run,
        f"All {run.history.diverged.size} networks of the stack diverged, the last in epoch "
        f"{len(run.history) + 1}. Each keeps its parameters from before the epoch in which it "
        f"diverged.",
    )


def find_the_step(run: Run, before: Carry, order: Any) -> NoReturn:
    """Repeat the epoch one step at a time, and raise an error that names the step.

    So only a run that diverged waits for its device after each step. The network gets the
    parameters from before the step. A stream may not be repeatable, or differ the second time;
    the step is then unknown.
    """
    import numpy as np

    network, epoch = run.network, len(run.history) + 1
    run.carry, step = before, 0
    for samples, batches in run.batches(1, order) if run.feed.repeats else ():
        step, safe = step + 1, run.carry
        run.carry = copy_carry(safe)
        measure = run.meter()
        run.learn(samples, batches, measure)
        loss = measure.read()["loss"]
        sizes = network.backend.to_numpy(sizes_of_members(run.carry.parameters))
        if not (np.isfinite(loss) and np.isfinite(sizes)):
            network.parameters = safe.parameters
            where = f"epoch {epoch}, step {step}, with loss {loss:g}"
            raise _error(run, _text(where, "step"), step, loss)
    network.parameters = before.parameters
    raise _error(run, _text(f"epoch {epoch}, at an unknown step of a stream", "epoch"))


def _text(where: str, before: str) -> str:
    return (
        f"Training diverged in {where}: the loss or a parameter is no longer finite. The network "
        f"keeps its parameters from before that {before}."
    )


def remedy(optimizer: Optimizer, learning_rate: float) -> str:
    """Return what to do when training diverges; a large lambda alone does not make Adam diverge."""
    by_batch = ""
    if offers("per"):
        by_batch = f" (with {option('per', 'batch')}, of those in a mini-batch)"
    bound = (
        f": learning rate times lambda over the number of training samples{by_batch} must stay "
        f"below 2"
    )
    return (
        f"Lower the learning rate ({learning_rate:g}), standardise the inputs, or lower lambda"
        f"{bound if isinstance(optimizer, SGD | Momentum) else ''}."
    )


def _error(
    run: Run, message: str, step: int | None = None, loss: float = math.nan
) -> DivergenceError:
    """Return an error for the epoch after the last of the history, with what to do."""
    return DivergenceError(
        f"{message} {remedy(run.step.optimizer, run.learning_rate)}",
        epoch=len(run.history) + 1,
        step=step,
        loss=loss,
        history=run.history,
    )
