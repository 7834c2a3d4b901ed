"""What is done when a loss or a parameter is no longer finite."""

from __future__ import annotations

import math
from typing import Any, NoReturn

from ..array.stacks import sizes_of_members, where_members
from ..errors import DivergenceError
from ..nn.step import Carry, copy_carry, map_layers
from .history import History
from .run import Run


def mark(run: Run, sound: Any, before: Carry) -> None:
    """Mark the diverged members of a stack, and put them back to before the epoch.

    Raises
    ------
    DivergenceError
        If all members have diverged.
    """
    import numpy as np

    history, network = run.history, run.network
    newly = ~sound & (history.diverged == 0)
    history.diverged = np.where(newly, len(history) + 1, history.diverged)
    left = history.diverged == 0
    if left.all():
        return
    keep = network.backend.from_numpy(left)
    run.carry = map_layers(lambda new, old: where_members(keep, new, old), run.carry, before)
    network.parameters = run.carry.parameters
    if not left.any():
        run.epoch = None
        raise_of_all(run)


def is_over(history: History) -> bool:
    """Return whether a stack ended because its last member diverged."""
    marks = history.diverged
    return marks is not None and bool((marks > 0).all()) and int(marks.max()) > len(history)


def raise_of_all(run: Run) -> NoReturn:
    """Raise the error of a stack whose members have all diverged.

    Raises
    ------
    DivergenceError
        With the epoch after the last of the history.
    """
    history = run.history
    assert history.diverged is not None
    raise DivergenceError(
        f"All {history.diverged.size} networks of the stack diverged, the last in epoch "
        f"{len(history) + 1}. Each keeps its parameters from before the epoch in which it "
        f"diverged. {_remedy(run)}",
        epoch=len(history) + 1,
        step=None,
        loss=math.nan,
        history=history,
    )


def find_the_step(run: Run, before: Carry, order: Any) -> NoReturn:
    """Repeat the epoch one step at a time, and stop before the step that diverged.

    So only a failed fit waits for its device after each step. A stream may not be repeatable,
    or may differ the second time; the step is then unknown.

    Raises
    ------
    DivergenceError
        Naming the step. The network has its parameters from before it.
    """
    run.carry = before
    step, safe, loss = 0, before, math.nan
    for samples, batches in run.batches(run.batch_size, order) if run.feed.repeats else ():
        step, safe = step + 1, run.carry
        run.carry = copy_carry(safe)
        measure = run.meter()
        run.learn(samples, batches, measure)
        loss = measure.read()["loss"]
        if not is_finite(run, loss):
            _raise(run, safe, step, loss)
    _raise(run, before, None, math.nan)


def is_finite(run: Run, loss: Any) -> Any:
    """Return whether loss and parameters are finite."""
    import numpy as np

    sizes = run.network.backend.to_numpy(sizes_of_members(run.carry.parameters))
    return np.isfinite(loss) & np.isfinite(sizes)


def _raise(run: Run, safe: Carry, step: int | None, loss: float) -> NoReturn:
    run.network.parameters = safe.parameters
    epoch = len(run.history) + 1
    where, before = f"epoch {epoch}, step {step}, with loss {loss:g}", "step"
    if step is None:
        where, before = f"epoch {epoch}, at an unknown step of a stream", "epoch"
    raise DivergenceError(
        f"Training diverged in {where}: a parameter is no longer finite. The network keeps its "
        f"parameters from before that {before}. {_remedy(run)}",
        epoch=epoch,
        step=step,
        loss=loss,
        history=run.history,
    )


def _remedy(run: Run) -> str:
    return (
        f"Lower the learning rate ({run.learning_rate:g}), standardise the inputs, or "
        f"lower lambda: learning rate times lambda over the batch size has to stay below 2."
    )
