"""What becomes of a training that leaves the finite numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NoReturn

from ..array.stacks import sizes_of_members, where_members
from ..errors import DivergenceError
from ..nn.step import Carry, copy_carry, map_layers

if TYPE_CHECKING:
    from .history import History
    from .run import Run


def finite(run: Run, loss: Any) -> Any:
    """Tell whether loss and parameters are finite, at the price of one host read."""
    import numpy as np

    sizes = run.network.backend.to_numpy(sizes_of_members(run.carry.parameters))
    return np.isfinite(loss) & np.isfinite(sizes)


def mark(run: Run, sound: Any, before: Carry) -> None:
    """Mark the members that are not sound, and leave them where they were before the epoch.

    Raises
    ------
    DivergenceError
        If all members have.
    """
    import numpy as np

    history, network = run.history, run.network
    newly = ~sound & (history.diverged == 0)
    history.diverged = np.where(newly, len(history) + 1, history.diverged)
    left = history.diverged == 0
    if left.all():
        return
    keep = network.backend.library.from_host(network.backend.xp, left, network.backend.device)
    run.carry = map_layers(lambda new, old: where_members(keep, new, old), run.carry, before)
    network.parameters = run.carry.parameters
    if not left.any():
        run.under_way = None  # nobody goes on with it
        raise_of_all(run)


def is_over(history: History) -> bool:
    """Tell whether a stack ended because the last of its members diverged."""
    marks = history.diverged
    return marks is not None and bool((marks > 0).all()) and int(marks.max()) > len(history)


def raise_of_all(run: Run) -> NoReturn:
    """Say that all members of a stack diverged.

    Raises
    ------
    DivergenceError
        With the epoch behind the last of the history.
    """
    history = run.history
    assert history.diverged is not None
    raise DivergenceError(
        f"All {history.diverged.size} networks of the stack diverged, the last in epoch "
        f"{len(history) + 1}. They keep their parameters from before the epoch in which "
        f"it happened. {_remedy(run)}",
        epoch=len(history) + 1,
        step=None,
        loss=math.nan,
        history=history,
    )


def find_the_step(run: Run, before: Carry, order: Any) -> NoReturn:
    """Go through the epoch again, a step at a time, and stop before the one that failed.

    Looking at every step would make every fit wait for its device; going back
    makes only a failed one pay. A stream cannot always be gone through again, and may
    be another the second time.

    Raises
    ------
    DivergenceError
        Naming it. The network is left as it was when it was sound.
    """
    run.carry = before
    step, safe, loss = 0, before, math.nan
    for samples, batches in run.batches(run.batch_size, order) if run.feed.repeats else ():
        step, safe = step + 1, run.carry
        run.carry = copy_carry(safe)
        measure = run.meter()
        run.learn(samples, batches, measure)
        loss = measure.read()["loss"]
        if not finite(run, loss):
            _raise(run, safe, step, loss)
    _raise(run, before, None, math.nan)


def _raise(run: Run, safe: Carry, step: int | None, loss: float) -> NoReturn:
    run.network.parameters = safe.parameters
    epoch = len(run.history) + 1
    where, before = f", step {step}: the loss was {loss:g} and the", "step"
    if step is None:
        where = " of a stream that does not come twice, in a step that cannot be told: an"
        before = "epoch"
    raise DivergenceError(
        f"Training diverged in epoch {epoch}{where} update left the finite numbers. The "
        f"network keeps its parameters from before that {before}. {_remedy(run)}",
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
