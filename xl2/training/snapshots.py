"""The state of a run, and of its callbacks, as a JSON header and NumPy arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from ..array.operations import Layer
from ..errors import FileFormatError, InputError
from ..io.safetensors_file import Header, Spec
from ..nn.measure import Measure
from ..nn.step import Carry
from .batches import InMemory
from .history import CURVES
from .run import Epoch, Run

Arrays = dict[str, Any]


def take(run: Run) -> tuple[Header, Arrays]:
    """Return the state of a run between two blocks of mini-batches.

    A stream cannot be resumed within an epoch: its state is that from before the epoch.
    """
    import numpy as np

    host, history, now = run.network.backend.to_numpy, run.history, run.epoch
    stacked = history.diverged is not None
    header: Header = {
        "epochs": len(history),
        "steps": run.steps,
        "learning_rate": run.learning_rate,
        "finished": run.finished,
        "members": run.members,
        "members_by_epoch": [values.shape[-1] for values in history.loss] if stacked else None,
        "curves": [name for name in CURVES if getattr(history, name)],
        "random_states": [rng.bit_generator.state for rng in _rngs(run)],
        "unfinished_epoch": None,
    }
    carry = run.carry if now else run.carry._replace(parameters=run.network.parameters)
    arrays: Arrays = {"history_seconds": np.asarray(history.seconds, dtype=np.float64)}
    for name in header["curves"]:
        values = getattr(history, name)
        # Epochs of a stack may differ in their members, so they are concatenated.
        arrays[f"history_{name}"] = np.concatenate(values, -1) if stacked else np.asarray(values)
    if stacked:
        arrays["diverged"] = history.diverged
    if now and isinstance(run.feed, InMemory) and isinstance(now.measure, Measure):
        header["unfinished_epoch"] = {"done": now.done, "seconds": now.seconds}
        assert now.measure.sums is not None
        arrays["measured_loss"], arrays["measured_score"] = map(host, now.measure.sums)
        if run.feed.weight is not None:
            arrays["measured_weight"] = host(now.measure.total)
        if _rngs(run):
            arrays["order"] = now.order.astype(np.int64)
        arrays |= {f"before_{name}": host(array) for name, array in _named(now.before).items()}
    elif now:
        carry = now.before
    return header, arrays | {name: host(array) for name, array in _named(carry).items()}


def expected(run: Run, header: Header, found: dict[str, Spec]) -> dict[str, Spec]:
    """Check that a header fits a new run, and return the specs of the arrays that belong to it.

    The run loses the members that were dropped. Of the arrays `found` in the file, only the
    dtypes of the curves are used.
    """
    epochs, stack = _count(header, "epochs"), run.network.stack
    _count(header, "steps")
    rate, members, curves = header["learning_rate"], header["members"], header["curves"]
    check_value(isinstance(rate, float) and 0 < rate < math.inf, "learning_rate")
    check_value(isinstance(header["finished"], bool), "finished")
    check_value(isinstance(curves, list) and set(curves) <= set(CURVES), "curves")
    check_value(not epochs or {"loss", "score", "penalty"} <= set(curves), "curves")
    valid = isinstance(members, list) and all(type(k) is int for k in members)
    check_value(valid and set(members) <= set(run.members), "members")
    check_value(len(set(members)) == len(members) and bool(members) == bool(stack), "members")
    shape: tuple[int, ...] = (epochs,)
    if stack:
        counts = header["members_by_epoch"]
        check_value(isinstance(counts, list) and len(counts) == epochs, "members_by_epoch")
        valid = all(type(count) is int and 0 < count <= stack[-1] for count in counts)
        check_value(valid, "members_by_epoch")
        shape = (*stack[:-1], sum(counts))
    if members != run.members:
        run.keep(members)
    dtype = "F64" if run.network.dtype == "float64" else "F32"
    wanted = {n: Spec(tuple(a.shape), dtype) for n, a in _named(run.carry).items()}
    if header["unfinished_epoch"] is not None:
        check_value(not header["finished"], "unfinished_epoch")
        wanted |= {f"before_{name}": spec for name, spec in wanted.items()}
        wanted |= _expected_within_epoch(run, header["unfinished_epoch"], dtype)
    for name in curves:
        spec = found.get(f"history_{name}")
        single = spec is not None and spec.dtype == "F32"
        wanted[f"history_{name}"] = Spec(shape, "F32" if single else "F64")
    wanted["history_seconds"] = Spec((epochs,), "F64")
    if stack:
        wanted["diverged"] = Spec(run.network.stack, "I64")
    return wanted


def _expected_within_epoch(run: Run, epoch: Any, dtype: str) -> dict[str, Spec]:
    stack, feed, done = run.network.stack, run.feed, _count(epoch, "done")
    check_value(isinstance(epoch["seconds"], float), "seconds")
    check_value(feed.seekable and done < feed.rows, "done")
    check_value(feed.batching.ends_at(feed.rows, done), "done")
    outputs = run.network.sizes[-1:] if run.network.task == "regression" else ()
    wanted = {
        "measured_loss": Spec(stack, dtype),
        "measured_score": Spec((*stack, *outputs), dtype),
    }
    groups = stack[:1] if len(stack) == 2 else ()
    if feed.weight is not None:
        wanted["measured_weight"] = Spec((*groups, 1) if groups else (), dtype)
    if _rngs(run):
        wanted["order"] = Spec((*groups, feed.rows), "I64")
    return wanted


def restore(run: Run, header: Header, arrays: Arrays) -> None:
    """Set the state of a new run that `take` returned and `expected` checked."""
    rngs, states = _rngs(run), header["random_states"]
    check_value(isinstance(states, list) and len(rngs) == len(states), "random_states")
    for rng, state in zip(rngs, states, strict=True):
        rng.bit_generator.state = state
    _restore_history(run, header, arrays)
    run.steps, run.learning_rate = header["steps"], header["learning_rate"]
    run.finished = header["finished"]
    with run.network.backend.scope():
        run.carry = _carry(run, arrays)
        run.network.parameters = run.carry.parameters
        if header["unfinished_epoch"] is not None:
            _restore_epoch(run, header["unfinished_epoch"], arrays)


def _restore_history(run: Run, header: Header, arrays: Arrays) -> None:
    import numpy as np

    history = run.history
    history.seconds = arrays["history_seconds"].tolist()
    if history.diverged is None:
        for name in header["curves"]:
            setattr(history, name, arrays[f"history_{name}"].tolist())
        return
    history.diverged = arrays["diverged"]
    # When all members diverged, the last did so in an epoch that has no curves.
    last = header["epochs"] + bool((history.diverged > 0).all())
    valid = (history.diverged >= 0) & (history.diverged <= last)
    check_value(bool(valid.all()), "diverged")
    counts = header["members_by_epoch"]
    ends = list(accumulate(counts))[:-1]
    for name in header["curves"]:
        values = np.split(arrays[f"history_{name}"], ends, axis=-1) if counts else []
        setattr(history, name, [value.copy() for value in values])


def _restore_epoch(run: Run, epoch: dict[str, Any], arrays: Arrays) -> None:
    feed, measure, done = run.feed, run.meter(), epoch["done"]
    assert isinstance(measure, Measure) and isinstance(feed, InMemory)  # noqa: PT018
    measure.sums = _moved(run, arrays["measured_loss"]), _moved(run, arrays["measured_score"])
    measure.total = done if feed.weight is None else _moved(run, arrays["measured_weight"])
    if "order" in arrays:
        order = arrays["order"]
        check_value(int(order.min()) >= 0 and int(order.max()) < feed.available, "order")
    else:
        order = feed.begin()
    run.epoch = Epoch(order, _carry(run, arrays, "before_"), measure, done, epoch["seconds"])


def _rngs(run: Run) -> list[Any]:
    """Return the random generators of the orders; none without shuffling."""
    return getattr(run.feed.orders, "rngs", [])


def _named(carry: Carry) -> Arrays:
    """Return the arrays of a carry by their names in a file."""
    found = {}
    for i, (layer, states) in enumerate(zip(carry.parameters, carry.states, strict=True), 1):
        for kind, parameter, state in zip(("weight", "bias"), layer, states, strict=True):
            found[f"{kind}_{i}"] = parameter
            found |= {f"{kind}_{i}_state_{s}": array for s, array in enumerate(state)}
    return found


def _carry(run: Run, arrays: Arrays, prefix: str = "") -> Carry:
    """Return the carry with the names that `_named` returns."""
    moved = iter([_moved(run, arrays[prefix + name]) for name in _named(run.carry)])
    layers, states = [], []
    for pair in run.carry.states:
        (weight, weight_state), (bias, bias_state) = (
            (next(moved), tuple(next(moved) for _ in state)) for state in pair
        )
        layers.append(Layer(weight, bias))
        states.append((weight_state, bias_state))
    return Carry(tuple(layers), tuple(states))


def _moved(run: Run, array: Any) -> Any:
    """Return a copy on the backend, which steps may change in place."""
    backend = run.network.backend
    return backend.xp.asarray(backend.from_numpy(array), copy=True)


def _count(header: dict[str, Any], name: str) -> int:
    value = header[name]
    check_value(type(value) is int and 0 <= value < 2**53, name)
    return int(value)


def check_value(valid: bool, name: str) -> None:
    """Raise `FileFormatError` if the value of a header is not valid."""
    if not valid:
        raise FileFormatError(f"its header has an invalid value of {name!r}.")


def with_state(callbacks: Sequence[Any]) -> list[Any]:
    """Return the callbacks that have ``state_dict()`` and ``load_state_dict(state)``."""
    found = [call for call in callbacks if hasattr(call, "state_dict")]
    for call in found:
        if not hasattr(call, "load_state_dict"):
            raise InputError(
                f"The callback {type(call).__qualname__} has state_dict() but no "
                f"load_state_dict(state), which is needed to resume. Define both or neither."
            )
    return found


def encoded(value: Any, arrays: Arrays) -> Any:
    """Return the state of a callback as JSON; its arrays go into `arrays`."""
    import numpy as np

    kind = type(value).__name__
    if type(value) is np.ndarray:
        if _is_number(value.dtype):
            name = f"callback_{len(arrays)}"
            arrays[name] = value
            return {"array": name}
        kind = f"an array of {value.dtype}"
    elif isinstance(value, np.generic) and (_is_number(value.dtype) or value.dtype.kind == "U"):
        return value.item()
    elif isinstance(value, dict):
        if not any(isinstance(key, tuple) for key in value):  # JSON makes it a list
            return {"dict": [[encoded(k, arrays), encoded(v, arrays)] for k, v in value.items()]}
        kind = "a dict with a tuple as key"
    elif isinstance(value, list | tuple):
        return [encoded(item, arrays) for item in value]
    elif value is None or isinstance(value, bool | int | float | str):
        return value
    raise InputError(
        f"The state of a callback may contain dicts, lists, numbers, text and NumPy arrays of "
        f"numbers of at most 64 bits. Received: {kind}."
    )


def decoded(value: Any, arrays: Arrays) -> Any:
    """Return the state that `encoded` received; tuples become lists."""
    if isinstance(value, list):
        return [decoded(item, arrays) for item in value]
    if isinstance(value, dict) and "array" in value:
        return arrays[value["array"]]
    if isinstance(value, dict):
        return {decoded(k, arrays): decoded(v, arrays) for k, v in value["dict"]}
    return value


def _is_number(dtype: Any) -> bool:
    """Tell whether safetensors can store the dtype."""
    return dtype.kind in "biuf" and dtype.itemsize <= 8
