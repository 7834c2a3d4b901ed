"""Training every member of a path, stack by stack."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, cast

from ..array.backend import Backend
from ..array.memory import Halving
from ..array.workers import side_by_side
from ..errors import DivergenceError
from ..training.checkpoints import Checkpoint
from ..training.data import HeldOut
from ..training.fit import train_network
from ..training.history import History
from ..training.progress import show_progress
from .checkpoints import Folder
from .fold_data import FoldData
from .members import Members
from .planning import PlannedStack
from .pruning import Pruner
from .settings import PathSettings

DOES_NOT_FIT = (
    "nor for any part of them. Use a smaller batch_size, smaller hidden layers, "
    "dtype='float32', or fewer samples."
)
NEVER_SPLIT = (
    "and a stack with a checkpoint is never split. Free some memory and resume, or start over "
    "with a smaller max_memory in another folder."
)


class Device(NamedTuple):
    """A device, by the backend of its settings, with the samples that are on it."""

    settings: PathSettings
    data: FoldData


def train_stacks(
    settings: PathSettings,
    data: FoldData,
    lambdas: Any,
    seeds: Sequence[int],
    stacks: Sequence[PlannedStack],
    workers: int,
    *,
    patience: int | None = None,
    progress: bool | None = False,
    folder: Folder | None = None,
    beside: Sequence[Backend] = (),
    keep_parameters: bool = True,
) -> Members:
    """Train a network for every lambda, fold and seed.

    Parameters
    ----------
    settings : PathSettings
    data : FoldData
    lambdas : numpy.ndarray, shape (L,)
    seeds : sequence of int
        Of the initial weights and the orders.
    stacks : sequence of PlannedStack
    workers : int
        Stacks trained in parallel.
    patience : int, optional
        Epochs after which a lambda without prospects is dropped; see `Pruner`.
    progress : bool, optional
        Show a progress bar for the epochs of all stacks; None asks as `show_progress` does.
    folder : Folder, optional
        The checkpoints. Finished stacks are skipped. A stack with a checkpoint is never split.
    beside : sequence of Backend, optional
        Other devices, each of which trains one stack at a time.
    keep_parameters : bool, default True
        Record the parameters of all members.
    """
    epochs, task = settings.epochs, data.training.task
    shape = (len(lambdas), len(data.folds), len(seeds))
    members = Members.empty(shape, epochs, task, keep_parameters)
    if folder is not None:
        stacks = folder.planned(
            list(stacks),
            {
                "lambdas": ", ".join(map(repr, lambdas.tolist())),
                "folds": ", ".join(str(len(fold.rows)) for fold in data.folds),
                "seeds": ", ".join(map(str, seeds)),
                "patience": str(patience),
            },
            epochs,
        )

    def started(stack: PlannedStack) -> bool:
        return folder is not None and folder.has(stack)

    halving = Halving(
        settings.backend,
        PlannedStack.size,
        lambda stack: [] if started(stack) else stack.halves(),
        f"{max(stack.size() for stack in stacks)} networks at once, as max_memory allows",
        lambda stack: NEVER_SPLIT if started(stack) else DOES_NOT_FIT,
        # A saved plan may be that of a machine with more memory.
        settings.members_at_once() // workers,
    )

    def train(device: Device, planned: PlannedStack, wanted: Callable[[], bool]) -> None:
        shared = SharedProgress(planned.size(), advance)

        def attempt(stack: PlannedStack) -> None:
            checkpoint = None if folder is None else folder.checkpoint(stack, wanted)
            seen = 0

            def look(network: Any, history: History) -> bool:
                nonlocal seen
                # The first call includes the epochs of a checkpoint.
                shared.add(stack, len(history) - seen, history)
                seen = len(history)
                # A run with a checkpoint asks `wanted` itself: it is interrupted, not finished.
                return checkpoint is None and not wanted()

            try:
                history = _train(device, lambdas, seeds, stack, patience, look, checkpoint, members)
            except Exception:
                shared.add(stack, -seen)
                raise
            shared.add(stack, epochs - seen, history)

        for _ in halving.each(attempt, [planned] if folder is None else folder.split(planned)):
            pass

    devices = _devices(settings, data, beside[: len(stacks) - 1])
    with show_progress(len(stacks) * epochs, progress) as advance:
        side_by_side(settings.backend.library, workers, train, stacks, devices)
    return members


def _devices(settings: PathSettings, data: FoldData, beside: Sequence[Backend]) -> list[Device]:
    """Return the device of the samples, and a copy of them on each device beside it."""
    if beside:  # each is then used by threads of its own
        settings = replace(settings, backend=settings.backend.pinned())
    others = [
        Device(replace(settings, backend=one), data.to(one, settings.dtype)) for one in beside
    ]
    return [Device(settings, data), *others]


def _train(
    device: Device,
    lambdas: Any,
    seeds: Sequence[int],
    stack: PlannedStack,
    patience: int | None,
    look: Callable[[Any, History], bool],
    checkpoint: Checkpoint | None,
    members: Members,
) -> History:
    """Train one stack, record its members, and return its history."""
    import numpy as np

    settings, data = device
    own = tuple(seeds[s] for _, s in stack.groups)
    folds = [data.folds[f] for f, _ in stack.groups]
    network = settings.network(own, (len(stack.groups), len(stack.lambdas)))
    pruner = Pruner(stack.lambdas, patience, network)
    try:
        history = train_network(
            network,
            data.training.select(np.stack([fold.rows for fold in folds])),
            replace(
                settings.training, penalty=settings.penalties(lambdas[stack.lambdas]), seeds=own
            ),
            settings.epochs,
            held_out=[
                HeldOut(g, fold.x, fold.y) for g, fold in enumerate(folds) if fold.x is not None
            ],
            callbacks=[look, pruner],
            checkpoint=checkpoint,
        )
    except DivergenceError as error:
        # All members diverged; the history has what came before.
        history = cast(History, error.history)
    members.enter(network, history, stack, pruner, data)
    return history


class SharedProgress:
    """The progress of a planned stack: the epochs of its halves count by their size."""

    def __init__(self, size: int, advance: Callable[[History | None, int], Any]):
        self._size, self._advance = size, advance
        self._trained = 0

    def add(self, stack: PlannedStack, epochs: int, history: History | None = None) -> None:
        """Count epochs of the stack or of a part; a negative number takes them back."""
        before = self._trained // self._size
        self._trained += epochs * stack.size()
        self._advance(history, self._trained // self._size - before)
