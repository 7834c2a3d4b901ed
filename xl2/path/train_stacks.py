"""Training every member of a path, stack by stack."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from ..array.backend import Backend
from ..array.generic import CHUNK
from ..array.memory import Halving
from ..array.operations import Operations
from ..array.stacks import group_of, member_of
from ..array.workers import side_by_side
from ..errors import DivergenceError
from ..nn import tasks
from ..nn.network import Network
from ..nn.step import Samples
from ..training.checkpoints import Checkpoint
from ..training.fit import fit
from ..training.history import CURVES, History
from ..training.progress import show_progress
from .checkpoints import Folder
from .jobs import Job, Tally
from .places import Place, places
from .planning import Stack
from .pruning import Hopeless
from .settings import Part, Pool, Recipe

NONE_FITS = (
    "nor for any part of them. Take a smaller batch_size, smaller hidden layers or "
    "dtype='float32', or fewer samples."
)
BEGUN = (
    "and the checkpoint of a stack that has begun goes on only as a whole. Free some memory and "
    "resume, or begin anew with a smaller max_memory in another folder."
)


@dataclass
class Members:
    """What became of every member; the arrays are (L, F, S): lambdas, folds, seeds.

    Attributes
    ----------
    train_scores, validation_scores : numpy.ndarray
        After the last epoch; NaN for a member that diverged.
    sample_errors : numpy.ndarray
        The standard error of each validation score that comes from its samples.
    diverged, epochs : numpy.ndarray of int
        The epoch, from 1, in which it diverged, or 0; and how many it was trained for.
    curves : dict of str to numpy.ndarray, shape (epochs, L, F, S)
        As in `History`.
    parameters : numpy.ndarray of object
        Its weights and biases, as NumPy arrays.
    task : str
    """

    train_scores: Any
    validation_scores: Any
    sample_errors: Any
    diverged: Any
    epochs: Any
    curves: dict[str, Any]
    parameters: Any
    task: str = ""

    @classmethod
    def none_yet(cls, shape: tuple[int, int, int], epochs: int) -> Members:
        """Return the record of members that are still to be trained."""
        import numpy as np

        return cls(
            train_scores=np.full(shape, np.nan),
            validation_scores=np.full(shape, np.nan),
            sample_errors=np.full(shape, np.nan),
            diverged=np.zeros(shape, dtype=np.int64),
            epochs=np.zeros(shape, dtype=np.int64),
            curves={name: np.full((epochs, *shape), np.nan) for name in CURVES},
            parameters=np.empty(shape, dtype=object),
        )


def train_members(
    recipe: Recipe,
    pool: Pool,
    parts: Sequence[Part],
    lambdas: Any,
    seeds: Sequence[int],
    stacks: Sequence[Stack],
    workers: int,
    *,
    patience: int | None = None,
    progress: bool | None = False,
    folder: Folder | None = None,
    beside: Sequence[Backend] = (),
) -> Members:
    """Train a network for every lambda, fold and seed.

    Parameters
    ----------
    recipe : Recipe
    pool : Pool
        The samples of all folds.
    parts : sequence of Part
        One a fold.
    lambdas : numpy.ndarray, shape (L,)
    seeds : sequence of int
        Of the initial weights and the orders.
    stacks : sequence of Stack
        What `plan` says.
    workers : int
        How many of them are trained side by side.
    patience : int, optional
        Epochs after which a hopeless lambda is dropped; see `Hopeless`.
    progress : bool, optional
        Show a progress bar, of the epochs of all stacks; None asks as `show_progress` does.
    folder : Folder, optional
        Where the stacks are kept; those that are through are not trained again, and none is
        halved of which there is a file: that is of the whole.
    beside : sequence of Backend, optional
        Other devices to train stacks on, one on each at a time.

    Returns
    -------
    Members
    """
    shape = (len(lambdas), len(parts), len(seeds))
    epochs = recipe.fit["epochs"]
    members = Members.none_yet(shape, epochs)

    if folder is not None:
        stacks = folder.planned(
            list(stacks),
            {
                "lambdas": ", ".join(map(repr, lambdas.tolist())),
                "folds": ", ".join(str(len(part.rows)) for part in parts),
                "seeds": ", ".join(map(str, seeds)),
                "patience": str(patience),
            },
            epochs,
        )
    halving = Halving(
        recipe.backend,
        Job.members,
        lambda job: [] if _begun(folder, job) else job.halves(),
        f"{max(stack.members() for stack in stacks)} networks at once, as max_memory allows",
        lambda job: BEGUN if _begun(folder, job) else NONE_FITS,
        # Less than the plan of a folder asks for, if it was begun with more.
        recipe.members_at_once() // workers,
    )

    def train(place: Place, job: Job, wanted: Callable[[], bool]) -> None:
        tally = Tally(job.members(), advance)

        def attempt(job: Job) -> None:
            checkpoint = None if folder is None else folder.checkpoint(job, wanted)
            seen = 0

            def look(history: History) -> bool:
                nonlocal seen
                # The first time with the epochs that it goes on from.
                tally.add(job, len(history) - seen, history)
                seen = len(history)
                # A run that is kept asks by itself: it is not to be over, but to go on one day.
                return checkpoint is None and not wanted()

            try:
                history = _train(
                    place, lambdas, seeds, job.stack, patience, look, checkpoint, members
                )
            except Exception:
                tally.add(job, -seen)
                raise
            tally.add(job, epochs - seen, history)

        for _ in halving.each(attempt, [job] if folder is None else folder.split(job)):
            pass

    everywhere = places(recipe, pool, parts, beside[: len(stacks) - 1])
    jobs = [Job(f"{number}", stack) for number, stack in enumerate(stacks, 1)]
    with show_progress(len(stacks) * epochs, progress) as advance:
        side_by_side(recipe.backend.library, workers, train, jobs, everywhere)
    return members


def _begun(folder: Folder | None, job: Job) -> bool:
    return folder is not None and folder.has(job)


def _train(
    place: Place,
    lambdas: Any,
    seeds: Sequence[int],
    stack: Stack,
    patience: int | None,
    look: Callable[[History], bool],
    checkpoint: Checkpoint | None,
    members: Members,
) -> History:
    """Train one stack, enter its members into the record, and return its history."""
    recipe, pool, parts = place
    own = [seeds[s] for _, s in stack.groups]
    chosen = [parts[f] for f, _ in stack.groups]
    network = recipe.network(own, (len(stack.groups), len(stack.places)))
    watch = Hopeless(stack.places, patience, network)
    judged = chosen[0].x is not None
    try:
        history = fit(
            network,
            pool.x,
            pool.y,
            sample_weight=pool.weight,
            rows=[part.rows for part in chosen],
            seed=own,
            penalty=recipe.penalties(lambdas[stack.places]),
            validation=[(part.x, part.y) for part in chosen] if judged else None,
            callbacks=[lambda network, history: look(history), watch],
            progress=False,
            checkpoint=checkpoint,
            **recipe.fit,
        )
    except DivergenceError as error:
        history = cast(History, error.history)
    members.task = network.task
    _enter_curves(history, stack, watch, members)
    y = network.check_targets(pool.y, pool.x.shape[0])
    weight = network.check_weights(pool.weight, pool.x.shape[0])
    known = Samples(pool.x, y, weight)
    with network.backend.scope():
        for finished, places in [*watch.dropped, (network, watch.places)]:
            host = finished.host_parameters()
            for g, (f, s) in enumerate(stack.groups):
                for m, number in enumerate(places):
                    members.parameters[number, f, s] = member_of(host, (g, m))
                members.train_scores[places, f, s] = _score(finished, g, known, chosen[g].rows)
                if judged:
                    judge = _judge(finished, g, chosen[g])
                    members.validation_scores[places, f, s] = judge[0]
                    members.sample_errors[places, f, s] = judge[1]
    for values in (members.train_scores, members.validation_scores, members.sample_errors):
        values[members.diverged > 0] = float("nan")
    return history


def _enter_curves(history: History, stack: Stack, watch: Hopeless, members: Members) -> None:
    import numpy as np

    folds, numbers = np.array(stack.groups).T
    for epoch in range(len(history)):
        places = watch.trained[min(epoch, len(watch.trained) - 1)]
        at = (np.array(places)[None, :], folds[:, None], numbers[:, None])
        for name in CURVES:
            if values := getattr(history, name):
                members.curves[name][(epoch, *at)] = values[epoch]
        members.epochs[at] = epoch + 1
    for places, diverged in [*watch.diverged, (watch.places, history.diverged)]:
        members.diverged[np.array(places)[None, :], folds[:, None], numbers[:, None]] = diverged


def _score(network: Network, group: int, known: Samples, rows: Any) -> Any:
    """Return the scores of a group's members on some rows, a chunk at a time: (M,)."""
    backend = network.backend
    take = Operations.of(backend.library).take_rows
    part = group_of(network.parameters, group)
    moved = backend.library.from_host(backend.xp, rows, backend.device)
    y, weight = (None if a is None else take(a, moved) for a in known[1:])
    measure = network.measure(y, weight)
    for start in range(0, len(rows), CHUNK):
        stop = min(start + CHUNK, len(rows))
        y, weight = (None if a is None else take(a, moved[start:stop]) for a in known[1:])
        logits = network.logits_of(take(known.x, moved[start:stop]), part)
        measure.add(logits, y, weight)
    return measure.read()["score"]


def _judge(network: Network, group: int, part: Part) -> tuple[Any, Any]:
    """Return a group's validation scores and the standard error that their samples make."""
    import numpy as np

    assert part.x is not None
    count = part.x.shape[0]
    expected = network.check_targets(part.y, count)
    weight = network.check_weights(part.weight, count)
    logits = network.logits_of(part.x, group_of(network.parameters, group))
    measure = network.measure(expected, weight)
    measure.add(logits, expected, weight)
    score = measure.read()["score"]
    if network.task != "regression":
        # Kish's effective number of samples: unequal weights say less.
        own = np.ones(count) if part.weight is None else np.asarray(part.weight)
        return score, np.sqrt(score * (1.0 - score) * (own**2).sum()) / own.sum()
    # R2 is 1 less a sum over the samples, whose spread its standard error comes from.
    host = network.backend.to_numpy
    missed = (host(network.activate(logits)) - host(expected)).astype(np.float64) ** 2
    around = host(tasks.spread(expected, weight))
    share = (missed / np.where(around > 0.0, around, np.inf)).mean(axis=-1)
    if weight is not None:
        share = share * host(weight)[:, 0]
    return score, np.sqrt(count) * share.std(axis=-1, ddof=1)
