"""Training every member of a path, stack by stack."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, cast

from ..array.backend import Backend
from ..array.memory import Halving
from ..array.workers import side_by_side
from ..errors import DivergenceError, offers, option
from ..training.checkpoints import Checkpoint
from ..training.data import HeldOut
from ..training.fingerprint import described
from ..training.fit import train_network
from ..training.history import History
from ..training.progress import NOTHING, Display
from .checkpoints import Folder
from .epoch_scores import EpochScores, current_look
from .fold_data import FoldData
from .live_scores import LiveScores
from .members import Members
from .planning import PlannedStack, plan
from .pruning import Pruner
from .scoring import Scorers
from .settings import PathSettings

# A stack that is lost with its machine, or that one machine is late with, should be small; with so
# many members it takes a few hundredths longer than as a part of a larger one.
MOST_ON_CLUSTER = 64


def train_stacks(
    settings: PathSettings,
    data: FoldData,
    folder: Folder | None,
    *,
    several_devices: bool = False,
    display: Display = NOTHING,
    phase: str = "",
    keep_parameters: bool = True,
    scorers: Scorers | None = None,
    workers: int | None = None,
    curves: bool = True,
    wanted: Callable[[], bool] = lambda: True,
) -> Members:
    """Train a network for every lambda, fold and seed, and return the record of all.

    Finished stacks in the folder are skipped. With `several_devices` each of the library's other
    accelerators trains one stack at a time, beside that of the samples. `workers` are by default
    as many as the library has. Without `curves` no validation is measured while training, which
    ends once ``wanted()`` is False.
    """
    # Pruning compares the lambdas of a stack: the result must not depend on how many cores or
    # devices there are.
    others = list[Backend]()
    if settings.patience is not None:
        workers = 1
    if workers is None:
        workers = settings.workers()
        if several_devices and settings.cluster is None:
            others = settings.backend.other_accelerators()
    stacks = _plan(settings, data, workers, 1 + len(others), folder)
    members = Members(settings, data, keep_parameters, scorers)
    # A saved plan may be that of a machine with more memory.
    most = settings.members_at_once() // workers
    largest = max(stack.size() for stack in stacks)
    shape = (len(settings.penalties), len(data.folds), len(settings.seeds))
    look = current_look()
    scores = look and EpochScores(settings.epochs, shape, settings.judged_by, look)
    live = None
    if display and curves and any(fold.x is not None for fold in data.folds):
        regression = data.training.task == "regression"
        live = LiveScores(settings.lambdas.tolist(), shape, settings.judged_by, regression)
        display.show_below(live.lines)
    training = StackTraining(settings, folder, curves, most, largest, scores, live)

    def reached(epochs: int, earlier: bool = False) -> None:
        """Show epochs of a stack, as a part of those of all stacks."""
        advance(epochs / len(stacks), earlier=earlier)

    def train(own: FoldData, planned: PlannedStack, running: Callable[[], bool]) -> None:
        shared = SharedProgress(planned.size(), reached)
        training.train(own, planned, members, halving, shared, running, wanted)

    with display.phase(phase, settings.epochs, unit="epoch") as advance:
        if settings.cluster is not None:
            settings.cluster.train(training, data, stacks, members, reached, wanted)
            return members
        halving, others = training.halving(), others[: len(stacks) - 1]
        if others:  # each is then used by threads of its own
            data = replace(data, backend=data.backend.pinned())
        devices = [data, *(data.to(backend, settings.dtype) for backend in others)]
        side_by_side(settings.backend.library, workers, train, stacks, devices)
    return members


def _plan(
    settings: PathSettings, data: FoldData, workers: int, devices: int, folder: Folder | None
) -> list[PlannedStack]:
    """Plan the stacks, for several workers on each device, or return the saved plan."""
    rows = [len(fold.rows) for fold in data.folds]
    # Each device has the memory for itself.
    most = settings.members_at_once() * devices
    if settings.cluster is not None and workers > 1:
        most = workers * min(most, MOST_ON_CLUSTER)
    lambdas, seeds = settings.lambdas.tolist(), settings.seeds
    stacks = plan(rows, len(lambdas), len(seeds), most, workers * devices)
    if folder is None:
        return stacks
    fingerprint = {
        "lambdas": ", ".join(map(repr, lambdas)),
        "folds": ", ".join(map(str, rows)),
        "seeds": ", ".join(map(str, seeds)),
        "patience": settings.pruning(),
        "initializer": described(settings.initializer),
        "initializer of biases": described(settings.bias_initializer),
    }
    if settings.training.schedule != "constant":  # the rate of a step depends on their number
        fingerprint["epochs"] = f"{settings.epochs} of the schedule {settings.training.schedule}"
    if settings.preprocessing:
        fingerprint["preprocessing"] = settings.preprocessing
    placed = lambdas if settings.placed else None
    return folder.planned(stacks, fingerprint, settings.epochs, placed)


class SharedProgress:
    """The progress of a planned stack, to which its parts contribute by their sizes."""

    def __init__(self, size: int, advance: Callable[..., Any]):
        self._size, self._advance = size, advance
        self._trained: dict[str, int] = {}  # members times epochs of each part
        self.epochs = 0

    def reach(self, part: PlannedStack, epochs: int, earlier: bool = False) -> None:
        """Show that a part has been trained for a number of epochs in all, perhaps earlier."""
        self._trained[part.name] = epochs * part.size()
        before, self.epochs = self.epochs, sum(self._trained.values()) // self._size
        self._advance(self.epochs - before, earlier=earlier)


@dataclass(frozen=True)
class StackTraining:
    """How the stacks of a path are trained, here or on another machine."""

    settings: PathSettings
    folder: Folder | None
    curves: bool  # whether validation is measured while training
    most: int  # members that the memory holds at once
    largest: int  # members of the largest stack, for messages
    scores: EpochScores | None = None  # of all stacks, if somebody looks at them
    live: LiveScores | None = None  # the same for people

    def halving(self) -> Halving[PlannedStack]:
        """Return what halves the stacks that do not fit into memory, and all later ones."""
        return Halving(
            self.settings.backend,
            PlannedStack.size,
            lambda stack: [] if self._started(stack) else stack.halves(),
            f"{self.largest} networks at once",
            lambda stack: _never_split() if self._started(stack) else _does_not_fit(),
            self.most,
        )

    def train(
        self,
        data: FoldData,
        planned: PlannedStack,
        members: Members,
        halving: Halving[PlannedStack],
        progress: SharedProgress,
        running: Callable[[], bool],
        wanted: Callable[[], bool],
    ) -> None:
        """Train a planned stack, or its parts one after another, and record the members.

        Training ends once ``wanted()`` is False. Once ``running()`` is, a run with a checkpoint is
        saved and interrupted.
        """
        folder, data = self.folder, data.of_folds(f for f, _ in planned.groups)

        def attempt(stack: PlannedStack) -> None:
            checkpoint = None if folder is None else folder.checkpoint(stack, running)
            resumed = self.settings.epochs  # unless an epoch is trained now

            def look(network: Any, history: History) -> bool:
                nonlocal resumed
                if resumed >= len(history):
                    resumed = len(history) - 1
                    if resumed:
                        progress.reach(stack, resumed, earlier=True)
                progress.reach(stack, len(history))
                # A run with a checkpoint asks `running` itself: it is interrupted, not finished.
                return checkpoint is None and not (running() and wanted())

            try:
                self._train(data, stack, look, checkpoint, members)
            except Exception:
                progress.reach(stack, 0)
                raise
            progress.reach(stack, self.settings.epochs, earlier=resumed == self.settings.epochs)

        for _ in halving.each(attempt, [planned] if folder is None else folder.split(planned)):
            pass

    def _train(
        self,
        data: FoldData,
        stack: PlannedStack,
        look: Callable[[Any, History], bool],
        checkpoint: Checkpoint | None,
        members: Members,
    ) -> None:
        """Train one stack, and record its members."""
        import numpy as np

        settings = self.settings
        folds = [data.folds[f] for f, _ in stack.groups]
        seeds = tuple(settings.seeds[s] for _, s in stack.groups)
        penalties = [settings.penalties[k] for k in stack.lambdas]
        network = replace(settings, backend=data.backend).network(
            seeds, (len(seeds), len(penalties))
        )
        pruner = Pruner(network, stack.lambdas, settings.patience, settings.judged_by)

        def tell(network: Any, history: History) -> None:
            if self.scores is not None:
                self.scores.add(stack, pruner.trained_in(len(history) - 1), history)
            if self.live is not None:
                self.live.add(stack, pruner.trained_in, history)

        try:
            history = train_network(
                network,
                data.training.select(np.stack([fold.rows for fold in folds])),
                replace(settings.training, penalty=penalties, seeds=seeds),
                settings.epochs,
                held_out=[
                    HeldOut(g, fold.x, fold.y)
                    for g, fold in enumerate(folds)
                    if fold.x is not None and self.curves
                ],
                callbacks=[look, pruner, tell],
                checkpoint=checkpoint,
            )
            if self.live is not None:  # nothing calls back if an earlier run finished the stack
                self.live.add(stack, pruner.trained_in, history)
        except DivergenceError as error:
            # All members diverged; the history has the epochs before.
            history = cast(History, error.history)
            if self.scores is not None:
                self.scores.end(stack, len(history))
        members.record(network, history, stack, pruner, data)

    def _started(self, stack: PlannedStack) -> bool:
        return self.folder is not None and self.folder.has(stack)


def _does_not_fit() -> str:
    return (
        f"not even for one. Use a smaller {option('batch_size')}, smaller hidden layers, "
        f"{option('dtype', 'float32')}, or fewer samples."
    )


def _never_split() -> str:
    again = ""
    if offers("max_memory"):
        again = f", or start over with a smaller {option('max_memory')} in another folder"
    return f"and a stack with a checkpoint is never split. Free some memory and resume{again}."
