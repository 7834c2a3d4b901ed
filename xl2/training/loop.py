"""The training loop, the only one."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import zip_longest
from typing import Any, NamedTuple

from ..array.api import is_true
from ..array.chunks import chunk_ranges
from ..array.peers import Peers
from ..array.rows import HostRows
from ..array.stacks import group_of
from ..nn.measure import Measure
from ..nn.network import Network
from . import divergence
from .batching import BLOCK
from .checkpoints import CheckpointSaver
from .data import HeldOut
from .history import History
from .progress import show_progress
from .run import Run
from .together import one_fate

Callback = Callable[[Network, History], Any]


class Keep(NamedTuple):
    """What a callback returns to train only some members of a stack further.

    The network then consists of these members, and so do the later values of its history.

    Attributes
    ----------
    members : sequence of int
        Indices of the K members, or of the M of every group.
    """

    members: Sequence[int]


def train(
    run: Run,
    epochs: int,
    held_out: Sequence[HeldOut] = (),
    callbacks: Sequence[Callback] = (),
    progress: bool | None = None,
    saver: CheckpointSaver | None = None,
) -> History:
    """Train until the run has that many epochs, or a callback ends it; see `fit`."""
    backend, peers = run.network.backend, run.step.peers
    shown = progress if peers is None or peers.rank == 0 else False
    guard = contextlib.nullcontext() if saver is None else saver.guard(run)
    with (
        backend.scope(),
        backend.library.threads(),
        show_progress(shown) as display,
        display.phase("Epoch", epochs, len(run.history)) as advance,
        guard,
    ):
        while len(run.history) < epochs and not run.finished:
            train_epoch(run, held_out, saver)
            advance(seen=run.history)
            call_back(run, callbacks)
            if saver is not None:
                saver.look(run)
    return run.history


def train_epoch(
    run: Run, held_out: Sequence[HeldOut] = (), saver: CheckpointSaver | None = None
) -> None:
    """Train for one epoch, or the rest of one, and add it to the history.

    Raises `DivergenceError` if the network diverges, or all members of a stack do, and
    `InputError` if the cause is a NaN or an infinity among the samples.
    """
    began = time.perf_counter()
    now = run.epoch = run.epoch or run.begin_epoch()
    began -= now.seconds
    last = run.steps
    try:
        for samples, batches in run.batches(BLOCK, now.order, now.done):
            run.learn(samples, batches, now.measure)
            last = batches.first + len(batches.rates) - 1
            now.done += batches.rows
            now.seconds = time.perf_counter() - began
            if saver is not None:
                saver.look(run)
        found, sound = read_epoch(run, now.measure)
        if not sound.all():
            run.feed.check()
    except Exception:
        # Samples that cannot be used or read: the epoch has no effect.
        run.restore(now.before)
        raise
    if not run.network.stack and not sound:
        divergence.find_the_step(run, now.before, now.order)
    elif run.network.stack:
        divergence.mark(run, sound, now.before)
    if not run.step.objective and not sound.all():
        # Diverged members have the parameters from before the epoch again.
        found["penalty"] = _penalty_of(run, run.summary([])[2])
    if held_out:
        found |= evaluate(run, held_out)
    run.steps = last
    run.history.add(**found)
    run.history.seconds.append(time.perf_counter() - began)
    # Last: an interrupt of anything above has to find the epoch unfinished.
    run.epoch = None


def call_back(run: Run, callbacks: Sequence[Callback]) -> None:
    """Call the callbacks after an epoch, and act on what they return to the first process."""
    peers = run.step.peers
    with one_fate(peers):
        answers = [call(run.network, run.history) for call in callbacks]
        run.finished = any(map(is_true, answers))
        kept = [[*map(int, answer.members)] for answer in answers if isinstance(answer, Keep)]
    if peers is not None:
        run.finished, kept = peers.gather((run.finished, kept))[0]
    for members in () if run.finished else kept:
        run.keep(members)


def evaluate(run: Run, held_out: Sequence[HeldOut]) -> dict[str, Any]:
    """Return loss and score of held-out samples, shaped like the stack."""
    import numpy as np

    network, peers = run.network, run.step.peers
    measures = [network.measure(y, loss=run.step.loss) for _, _, y in held_out]
    own = [_part_of(one, peers) for one in held_out]
    # Only its own process notices a row that cannot be read.
    stored = any(isinstance(x, HostRows) for _, x, _ in held_out)
    with one_fate(peers if stored else None):
        _add_outputs(network, own, measures)
    for measure, one, part in zip(measures, held_out, own, strict=True):
        if peers is not None and part is not one:
            measure.add_parts(peers, one.y.shape[0])
    # One transfer: the host waits for the device once.
    parts = [measure.parts() for measure in measures]
    host = iter(network.backend.read([one for own in parts for one in own]))
    found = [
        measure.result([next(host) for _ in own])
        for measure, own in zip(measures, parts, strict=True)
    ]
    if held_out[0].group is None:
        return {f"validation_{name}": value for name, value in found[0].items()}
    return {f"validation_{name}": np.stack([one[name] for one in found]) for name in found[0]}


def _part_of(held_out: HeldOut, peers: Peers | None) -> HeldOut:
    """Return the samples that this process evaluates; of fewer than there are processes, all."""
    import numpy as np

    group, x, y = held_out
    if peers is None or not 1 < peers.parts <= y.shape[0]:
        return held_out
    start, stop = peers.share(y.shape[0])
    stored = isinstance(x, HostRows)
    own = x.subset(np.arange(start, stop)) if stored else x[start:stop, :]
    return HeldOut(group, own, y[start:stop, :])


def _add_outputs(
    network: Network, held_out: Sequence[HeldOut], measures: Sequence[Measure]
) -> None:
    """Add what each group predicts for its held-out samples to its measure.

    Of samples on the host the groups take some rows by turns: those of one turn are in the same
    blocks of a file, which are then read once.
    """
    part_of = network.backend.library.compiled(group_of)
    turns = []
    for group, x, y in held_out:
        parameters = network.parameters
        part = parameters if group is None else part_of(parameters, group)
        own = [(x, y, part)]
        if isinstance(x, HostRows):
            ranges = chunk_ranges(x, max(1, x.rows_at_once // len(held_out)))
            own = [(partial(x.between, *found), y[slice(*found), :], part) for found in ranges]
        turns.append(own)
    for turn in zip_longest(*turns):
        for measure, found in zip(measures, turn, strict=True):
            if found is not None:
                x, y, part = found
                measure.add(network.logits_of(x() if callable(x) else x, part), y)


def read_epoch(run: Run, measure: Any) -> tuple[dict[str, Any], Any]:
    """Return the measured values of an epoch, and whether its loss and parameters are finite.

    One transfer: the host waits for the device once per epoch.
    """
    import numpy as np

    parts, sizes, penalty = run.summary(measure.parts())
    found = measure.result(parts)
    if not run.step.objective:
        found["penalty"] = _penalty_of(run, penalty)
    return found, np.isfinite(found["loss"]) & np.isfinite(sizes)


def _penalty_of(run: Run, value: Any) -> Any:
    """Return a penalty from the device as a float, or as an array for a stack."""
    import numpy as np

    stack = run.network.stack
    if value is None:
        return np.zeros(stack) if stack else 0.0
    return value if stack else float(value)
