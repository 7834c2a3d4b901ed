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
    """Return the state of a run between two chunks of mini-batches.

    A stream cannot be resumed within an epoch: its state is that before the epoch.
    """
    import numpy as np

    host, history, now = run.network.backend.to_numpy, run.history, run.epoch
    rngs, stacked = _rngs(run), history.diverged is not None
    header: Header = {
        "epochs": len(history),
        "steps": run.steps,
        "learning_rate": run.learning_rate,
        "finished": run.finished,
        "kept": run.members,
        "members": [values.shape[-1] for values in history.loss] if stacked else None,
        "curves": [name for name in CURVES if getattr(history, name)],
        "randoms": [rng.bit_generator.state for rng in rngs],
        "under_way": None,
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
        header["under_way"] = {"done": now.done, "seconds": now.seconds}
        assert now.measure.sums is not None
        arrays["measured_loss"], arrays["measured_hits"] = map(host, now.measure.sums)
        if run.feed.weight is not None:
            arrays["measured_weight"] = host(now.measure.total)
        if rngs:
            arrays["order"] = run.feed.host_order(now.order).astype(np.int64)
        arrays |= {f"before_{name}": host(array) for name, array in _named(now.before).items()}
    elif now:
        carry = now.before
    return header, arrays | {name: host(array) for name, array in _named(carry).items()}


def expected(run: Run, header: Header, found: dict[str, Spec]) -> dict[str, Spec]:
    """Check that a header fits a new run, and return the arrays that belong to it.

    The run loses the members that the header has dropped. Of the arrays `found` in the file, only
    the dtypes of the curves are used.
    """
    epochs, stack = _count(header, "epochs"), run.network.stack
    _count(header, "steps")
    rate, kept, curves = header["learning_rate"], header["kept"], header["curves"]
    _check(isinstance(rate, float) and 0 < rate < math.inf, "learning_rate")
    _check(isinstance(header["finished"], bool), "finished")
    _check(isinstance(curves, list) and set(curves) <= set(CURVES), "curves")
    _check(not epochs or {"loss", "score", "penalty"} <= set(curves), "curves")
    valid = isinstance(kept, list) and all(type(k) is int and k in run.members for k in kept)
    _check(valid and len(set(kept)) == len(kept) and bool(kept) == bool(stack), "kept")
    shape: tuple[int, ...] = (epochs,)
    if stack:
        members = header["members"]
        _check(isinstance(members, list) and len(members) == epochs, "members")
        _check(all(type(m) is int and 0 < m <= stack[-1] for m in members), "members")
        shape = (*stack[:-1], sum(members))
    if kept != run.members:
        run.keep(kept)
    dtype = "F64" if run.network.dtype == "float64" else "F32"
    wanted = {n: Spec(tuple(a.shape), dtype) for n, a in _named(run.carry).items()}
    if header["under_way"] is not None:
        _check(not header["finished"], "under_way")
        wanted |= {f"before_{name}": spec for name, spec in wanted.items()}
        wanted |= _expected_within_epoch(run, header["under_way"], dtype)
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
    _check(isinstance(epoch["seconds"], float), "seconds")
    _check(feed.seekable and 0 < done < feed.rows and not done % run.batch_size, "done")
    outputs = run.network.sizes[-1:] if run.network.task == "regression" else ()
    wanted = {
        "measured_loss": Spec(stack, dtype),
        "measured_hits": Spec((*stack, *outputs), dtype),
    }
    groups = stack[:1] if len(stack) == 2 else ()
    if feed.weight is not None:
        wanted["measured_weight"] = Spec((*groups, 1) if groups else (), dtype)
    if _rngs(run):
        wanted["order"] = Spec((*groups, feed.rows), "I64")
    return wanted


def restore(run: Run, header: Header, arrays: Arrays) -> None:
    """Give a new run the state that `take` returned and `expected` checked."""
    rngs, randoms = _rngs(run), header["randoms"]
    _check(isinstance(randoms, list) and len(rngs) == len(randoms), "randoms")
    for rng, state in zip(rngs, randoms, strict=True):
        rng.bit_generator.state = state
    _restore_history(run, header, arrays)
    run.steps, run.learning_rate = header["steps"], header["learning_rate"]
    run.finished = header["finished"]
    with run.network.backend.scope():
        run.carry = _carry(run, arrays)
        run.network.parameters = run.carry.parameters
        if header["under_way"] is not None:
            _restore_epoch(run, header["under_way"], arrays)


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
    _check(bool(valid.all()), "diverged")
    ends = list(accumulate(header["members"]))[:-1]
    for name in header["curves"]:
        values = np.split(arrays[f"history_{name}"], ends, axis=-1) if header["members"] else []
        setattr(history, name, [value.copy() for value in values])


def _restore_epoch(run: Run, epoch: dict[str, Any], arrays: Arrays) -> None:
    feed, measure, done = run.feed, run.meter(), epoch["done"]
    assert isinstance(measure, Measure) and isinstance(feed, InMemory)  # noqa: PT018
    measure.sums = _moved(run, arrays["measured_loss"]), _moved(run, arrays["measured_hits"])
    measure.total = done if feed.weight is None else _moved(run, arrays["measured_weight"])
    if "order" in arrays:
        order = arrays["order"]
        _check(int(order.min()) >= 0 and int(order.max()) < feed.available, "order")
        begun = feed.to_order(order)
    else:
        begun = feed.begin()
    run.epoch = Epoch(begun, _carry(run, arrays, "before_"), measure, done, epoch["seconds"])


def _rngs(run: Run) -> list[Any]:
    """Return the random generators of the orders; none without shuffling."""
    return getattr(run.feed.orders, "rngs", [])


def _named(carry: Carry) -> Arrays:
    found = {}
    for i, (layer, states) in enumerate(zip(carry.parameters, carry.states, strict=True), 1):
        for kind, parameter, state in zip(("weight", "bias"), layer, states, strict=True):
            found[f"{kind}_{i}"] = parameter
            found |= {f"{kind}_{i}_state_{s}": array for s, array in enumerate(state)}
    return found


def _carry(run: Run, arrays: Arrays, prefix: str = "") -> Carry:
    """Return the carry whose names `_named` gave."""
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
    moved = backend.from_numpy(array)
    return backend.xp.asarray(moved, copy=True)


def _count(header: dict[str, Any], name: str) -> int:
    value = header[name]
    _check(type(value) is int and 0 <= value < 2**53, name)
    return int(value)


def _check(valid: bool, name: str) -> None:
    if not valid:
        raise FileFormatError(f"its header has an invalid value of {name!r}.")


def with_state(callbacks: Sequence[Any]) -> list[Any]:
    """Return the callbacks that have ``state_dict()`` and ``load_state_dict(state)``."""
    found = [call for call in callbacks if hasattr(call, "state_dict")]
    for call in found:
        if not hasattr(call, "load_state_dict"):
            raise InputError(
                f"The callback {type(call).__qualname__} has state_dict() but no "
                f"load_state_dict(state), which is needed to resume. Define both, or neither."
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
    """Return what `encoded` got; a tuple comes back as a list."""
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
