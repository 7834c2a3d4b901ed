"""A run as a header and arrays, and back again."""

from __future__ import annotations

import math
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from ..array.operations import Layer
from ..errors import FileFormatError
from ..io.safetensors_file import Header, Spec
from ..nn.measure import Measure
from ..nn.step import Carry
from .batches import InMemory
from .history import CURVES

if TYPE_CHECKING:
    from .run import Run

# By safetensors' names of them; the others are in the network's dtype.
ANY_FLOAT = ("F32", "F64")

Arrays = dict[str, Any]


def take(run: Run) -> tuple[Header, Arrays]:
    """Return what a run needs to go on from where it is, between two runs of mini-batches.

    A stream cannot be gone on with in its midst: of an epoch under way nothing is kept.
    """
    import numpy as np

    host, history, now = run.network.backend.to_numpy, run.history, run.under_way
    orders = getattr(run.feed.orders, "rngs", None)
    header: Header = {
        "epochs": len(history),
        "steps": run.steps,
        "learning_rate": run.learning_rate,
        "finished": run.finished,
        "kept": run.kept,
        "members": None if history.diverged is None else [v.shape[-1] for v in history.loss],
        "curves": [name for name in CURVES if getattr(history, name)],
        "randoms": orders and [rng.bit_generator.state for rng in orders],
        "under_way": None,
    }
    carry = run.carry if now else run.carry._replace(parameters=run.network.parameters)
    arrays: Arrays = {"history_seconds": np.asarray(history.seconds, dtype=np.float64)}
    for name in header["curves"]:
        values = getattr(history, name)
        # Of a stack one epoch behind the other: it may have had more members than it has.
        several = history.diverged is not None
        arrays[f"history_{name}"] = np.concatenate(values, -1) if several else np.asarray(values)
    if history.diverged is not None:
        arrays["diverged"] = history.diverged
    if now and isinstance(run.feed, InMemory) and isinstance(now.measure, Measure):
        header["under_way"] = {"done": now.done, "seconds": now.seconds}
        assert now.measure.sums is not None
        arrays["measured_loss"], arrays["measured_hits"] = map(host, now.measure.sums)
        if run.feed.weight is not None:
            arrays["measured_weight"] = host(now.measure.total)
        if orders:
            order = run.feed.order_of(now.order)
            # Numbers below 2^32 take half the room.
            arrays["order"] = order.astype(np.uint32 if order.max() < 2**32 else np.uint64)
        arrays |= {f"before_{name}": host(a) for name, a in named(now.before).items()}
    elif now:
        carry = now.before
    return header, arrays | {name: host(a) for name, a in named(carry).items()}


def named(carry: Carry) -> Arrays:
    """Return the arrays of a carry by names."""
    found = {}
    for i, (layer, states) in enumerate(zip(carry.parameters, carry.states, strict=True), 1):
        for kind, parameter, state in zip(("weight", "bias"), layer, states, strict=True):
            found[f"{kind}_{i}"] = parameter
            found |= {f"{kind}_{i}_state_{s}": a for s, a in enumerate(state)}
    return found


def expected(run: Run, header: Header, found: dict[str, Spec]) -> dict[str, Spec]:
    """Check a header, and return the arrays that a file with it has.

    Parameters
    ----------
    run : Run
        A new one. Members that were dropped are dropped from it.
    header : dict
    found : dict of str to Spec
        What a file says it has; only the dtypes of curves are believed.

    Raises
    ------
    FileFormatError
        If it cannot be that of the run.
    """
    stack, epochs = run.network.stack, _count(header, "epochs")
    steps, each = _count(header, "steps"), math.ceil(run.feed.rows / run.batch_size)
    _demand(not run.feed.seekable or steps == epochs * each, "steps")
    rate = header["learning_rate"]
    _demand(isinstance(rate, float) and 0 < rate < math.inf, "learning_rate")
    _demand(isinstance(header["finished"], bool), "finished")
    kept = header["kept"]
    sound = isinstance(kept, list) and all(type(k) is int and k in run.kept for k in kept)
    _demand(sound and len(set(kept)) == len(kept) and bool(kept) == bool(stack), "kept")
    length: tuple[int, ...] = (epochs,)
    if stack:
        members = header["members"]
        sound = isinstance(members, list) and len(members) == epochs
        _demand(sound and all(type(m) is int and 0 < m <= stack[-1] for m in members), "members")
        length = (*stack[:-1], sum(members))
    if kept != run.kept:
        run.keep(kept)
    stack = run.network.stack
    curves = header["curves"]
    _demand(isinstance(curves, list) and set(curves) <= set(CURVES), "curves")
    _demand(not epochs or {"loss", "score", "penalty"} <= set(curves), "curves")
    own = "F64" if run.network.dtype == "float64" else "F32"
    wanted = {name: Spec(tuple(a.shape), own) for name, a in named(run.carry).items()}
    if header["under_way"] is not None:
        _demand(not header["finished"], "under_way")
        wanted |= {f"before_{name}": spec for name, spec in wanted.items()}
        wanted |= _under_way(run, header["under_way"], own, found)
    for name in ("seconds", *curves):
        spec = found.get(f"history_{name}")
        given = spec is not None and spec.dtype in ANY_FLOAT and name != "seconds"
        dtype = spec.dtype if spec is not None and given else "F64"
        wanted[f"history_{name}"] = Spec((epochs,) if name == "seconds" else length, dtype)
    if stack:
        wanted["diverged"] = Spec(stack, "I64")
    return wanted


def _under_way(run: Run, said: Any, own: str, found: dict[str, Spec]) -> dict[str, Spec]:
    """Return the arrays of an epoch under way."""
    stack, feed = run.network.stack, run.feed
    done = _count(said, "done")
    _demand(isinstance(said["seconds"], float), "seconds")
    _demand(feed.seekable and 0 < done < feed.rows and not done % run.batch_size, "done")
    several = run.network.task == "regression"
    hits = (*stack, run.network.sizes[-1]) if several else stack
    wanted = {"measured_loss": Spec(stack, own), "measured_hits": Spec(hits, own)}
    groups = stack[:1] if len(stack) == 2 else ()
    if feed.weight is not None:
        wanted["measured_weight"] = Spec((*groups, 1) if groups else (), own)
    if getattr(feed.orders, "rngs", None):
        spec = found.get("order")
        dtype = "U64" if spec is not None and spec.dtype == "U64" else "U32"
        wanted["order"] = Spec((*groups, feed.rows), dtype)
    return wanted


def restore(run: Run, header: Header, arrays: Arrays) -> None:
    """Make a new run one that goes on from what `take` returned, as `expected` found it.

    Raises
    ------
    FileFormatError
        If a number in it is impossible.
    """
    _restore_orders(run, header)
    _restore_history(run, header, arrays)
    run.steps, run.learning_rate = header["steps"], header["learning_rate"]
    run.finished = header["finished"]
    with run.network.backend.scope():
        run.carry = _carry(run, arrays, "")
        run.network.parameters = run.carry.parameters
        if header["under_way"] is not None:
            _restore_epoch(run, header["under_way"], arrays)


def _restore_orders(run: Run, header: Header) -> None:
    rngs, states = getattr(run.feed.orders, "rngs", None), header["randoms"]
    _demand(isinstance(states, list) if rngs else not states, "randoms")
    _demand(not rngs or len(rngs) == len(states), "randoms")
    for rng, state in zip(rngs or (), states or (), strict=True):
        try:
            rng.bit_generator.state = state
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise FileFormatError(f"its random state is none: {error}") from None


def _restore_history(run: Run, header: Header, arrays: Arrays) -> None:
    import numpy as np

    history = run.history
    history.seconds = arrays["history_seconds"].tolist()
    if history.diverged is None:
        for name in header["curves"]:
            setattr(history, name, arrays[f"history_{name}"].tolist())
        return
    history.diverged = arrays["diverged"]
    # Where all have, the last did so in the epoch behind the others.
    last = header["epochs"] + bool((history.diverged > 0).all())
    sound = (history.diverged >= 0) & (history.diverged <= last)
    _demand(bool(sound.all()), "diverged")
    ends = list(accumulate(header["members"]))[:-1]
    for name in header["curves"]:
        values = np.split(arrays[f"history_{name}"], ends, axis=-1) if header["members"] else []
        setattr(history, name, [value.copy() for value in values])


def _restore_epoch(run: Run, said: dict[str, Any], arrays: Arrays) -> None:
    import numpy as np

    from .run import Epoch

    rngs, feed = getattr(run.feed.orders, "rngs", None), run.feed
    measure, done = run.meter(), said["done"]
    assert isinstance(measure, Measure) and isinstance(feed, InMemory)  # noqa: PT018
    measure.sums = _moved(run, arrays["measured_loss"]), _moved(run, arrays["measured_hits"])
    measure.total = done if feed.weight is None else _moved(run, arrays["measured_weight"])
    if rngs:
        order = arrays["order"]
        _demand(int(order.max()) < feed.available, "order")
        begun = feed.going_by(order.astype(np.int64))
    else:
        begun = feed.begin()
    run.under_way = Epoch(begun, _carry(run, arrays, "before_"), measure, done, said["seconds"])


def _carry(run: Run, arrays: Arrays, prefix: str) -> Carry:
    """Return a carry with arrays of its own."""
    own = {name: _moved(run, arrays[prefix + name]) for name in named(run.carry)}
    layers, states = [], []
    for i, (before, _) in enumerate(zip(run.carry.states, run.carry.parameters, strict=True), 1):
        kinds = [f"weight_{i}", f"bias_{i}"]
        layers.append(Layer(*(own[kind] for kind in kinds)))
        pair = [
            tuple(own[f"{kind}_state_{s}"] for s in range(len(state)))
            for kind, state in zip(kinds, before, strict=True)
        ]
        states.append((pair[0], pair[1]))
    return Carry(tuple(layers), tuple(states))


def _moved(run: Run, array: Any) -> Any:
    """Return an array on the backend that steps may change."""
    backend = run.network.backend
    moved = backend.library.from_host(backend.xp, array, backend.device)
    return backend.xp.asarray(moved, copy=True)


def _count(said: dict[str, Any], name: str) -> int:
    value = said[name]
    _demand(type(value) is int and 0 <= value < 2**53, name)
    return int(value)


def _demand(sound: bool, what: str) -> None:
    if not sound:
        raise FileFormatError(f"its header is wrong about {what!r}.")
