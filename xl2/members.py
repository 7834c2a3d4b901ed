"""Training every member of a path: as few stacks as memory allows."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from . import tasks
from .checkpoints import Checkpoint
from .errors import DivergenceError
from .history import History
from .hopeless import Hopeless
from .inputs import CHUNK, targets, weights
from .losses import find_loss
from .measure import Measure
from .network import Network
from .operations import Operations
from .recipe import Part, Pool, Recipe
from .stack_checkpoints import Folder
from .stacks import group_of, member_of
from .step import Samples
from .training import fit
from .workers import side_by_side

CURVES = ("loss", "score", "penalty", "validation_loss", "validation_score")


class Stack(NamedTuple):
    """One stack of a path.

    Attributes
    ----------
    groups : list of (int, int)
        Fold and seed of each group, by their numbers.
    places : list of int
        The lambdas of the members of every group, by their numbers.
    """

    groups: list[tuple[int, int]]
    places: list[int]


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


def plan(
    parts: Sequence[Part],
    lambdas: int,
    seeds: int,
    most: int,
    workers: int = 1,
) -> list[Stack]:
    """Say which members are trained together.

    A fold and a seed are a group, whose lambdas share the mini-batches; groups of
    equally many samples make a stack. Where it would have more than `most` members it
    is split between groups, and only then between lambdas, since the wide first layer
    is what makes a stack fast.

    Parameters
    ----------
    parts : sequence of Part
    lambdas, seeds : int
        How many.
    most : int
        Members that there is memory for.
    workers : int, default 1
        How many stacks are to be trained side by side; they share that memory.

    Returns
    -------
    list of Stack
        The largest first.
    """
    wanted = min(most // workers, math.ceil(len(parts) * seeds * lambdas / workers))
    by_size: dict[int, list[tuple[int, int]]] = {}
    for f, part in enumerate(parts):
        by_size.setdefault(len(part.rows), []).extend((f, s) for s in range(seeds))
    width = min(lambdas, wanted)
    height = max(1, wanted // width)
    stacks = [
        Stack(groups[g : g + height], list(range(m, min(m + width, lambdas))))
        for groups in by_size.values()
        for g in range(0, len(groups), height)
        for m in range(0, lambdas, width)
    ]
    return sorted(stacks, key=lambda stack: -len(stack.groups) * len(stack.places))


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
    advance: Callable[[History], Any] = lambda history: None,
    folder: Folder | None = None,
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
    advance : callable, optional
        Called with the history after each epoch of each stack.
    folder : Folder, optional
        Where the stacks are kept; those that are through are not trained again.

    Returns
    -------
    Members
    """
    shape = (len(lambdas), len(parts), len(seeds))
    members = Members.none_yet(shape, recipe.fit["epochs"])

    if folder is not None:
        stacks = folder.planned(
            list(stacks),
            {
                "lambdas": ", ".join(map(repr, lambdas.tolist())),
                "folds": ", ".join(str(len(part.rows)) for part in parts),
                "seeds": ", ".join(map(str, seeds)),
                "patience": str(patience),
            },
        )

    def train(job: tuple[int, Stack], wanted: Callable[[], bool]) -> None:
        number, stack = job
        checkpoint = None if folder is None else folder.of(number, wanted)

        def look(history: History) -> bool:
            advance(history)
            # A run that is kept asks by itself: it is not to be over, but to go on one day.
            return checkpoint is None and not wanted()

        _train(recipe, pool, parts, lambdas, seeds, stack, patience, look, checkpoint, members)

    side_by_side(recipe.backend.library, workers, train, list(enumerate(stacks)))
    return members


def _train(
    recipe: Recipe,
    pool: Pool,
    parts: Sequence[Part],
    lambdas: Any,
    seeds: Sequence[int],
    stack: Stack,
    patience: int | None,
    look: Callable[[History], bool],
    checkpoint: Checkpoint | None,
    members: Members,
) -> None:
    """Train one stack and enter its members into the record."""
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
    y = targets(network, pool.y, pool.x.shape[0])
    weight = None if pool.weight is None else weights(network, pool.weight, pool.x.shape[0])
    known = Samples(pool.x, y, weight)
    with network.backend.scope():
        for finished, places in [*watch.dropped, (network, watch.places)]:
            host = finished.host_parameters()
            for g, (f, s) in enumerate(stack.groups):
                for m, place in enumerate(places):
                    members.parameters[place, f, s] = member_of(host, (g, m))
                members.train_scores[places, f, s] = _score(finished, g, known, chosen[g].rows)
                if judged:
                    judge = _judge(finished, g, chosen[g])
                    members.validation_scores[places, f, s] = judge[0]
                    members.sample_errors[places, f, s] = judge[1]
    for values in (members.train_scores, members.validation_scores, members.sample_errors):
        values[members.diverged > 0] = float("nan")


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
    measure = Measure(network, find_loss(None, network.activations[-1]), y, weight)
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
    count, weight = part.x.shape[0], None
    expected = targets(network, part.y, count)
    if part.weight is not None:
        weight = weights(network, part.weight, count)
    logits = network.logits_of(part.x, group_of(network.parameters, group))
    measure = Measure(network, find_loss(None, network.activations[-1]), expected, weight)
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
