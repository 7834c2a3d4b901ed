"""The checks that a program has to pass: it must give the results of the portable code.

Two ways to compute a sum differ by rounding, and if its terms cancel, rounding is all that is
left. So the tolerance of a gradient includes the sum of its terms' absolute values. Adam turns
a gradient of any size, even pure rounding, into a full step. So its running mean is compared
first, and then the rest, computed from the gradient that this mean implies. Adam with scales of
the inputs changes two factors of the first weight, each of which is compared like this.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

# A parameter and its states, as NumPy arrays.
Known = tuple[Any, list[Any]]

# The largest difference, relative to the change of the numbers, and to the sum of their terms.
TOLERANCE = {"float32": 1e-2, "float64": 1e-6}
ROUNDING = {"float32": 2e-6, "float64": 1e-14}


def check_step(
    program: Any, step: Any, carry: Any, constants: Any, samples: Any, batches: Any, xp: Any
) -> bool:
    """Take one step both ways, and raise `ArithmeticError` if the results differ.

    Return False if the portable code leaves nothing finite.
    """
    import numpy as np

    from xl2.nn.optimizers import LEAST_SCALE
    from xl2.nn.step import copy_carry, run_batches

    def on_host(carry: Any) -> list[Known]:
        listed = ((program.fetch(p), list(map(program.fetch, own))) for p, own in _listed(carry))
        return [factor for p, own in listed for factor in _factors(p, own)]

    carry = _with_distinct_scales(carry, xp)
    start = on_host(carry)
    terms = [program.fetch(x) for x in _terms(step, carry, constants, samples, batches)]
    # The rate of each parameter, and the least size that it may have.
    ways = [(batches.rates[0], 0.0)] * len(start)
    if len(start) > len(terms):  # the first weight has two factors
        terms[:1] = _terms_of_factors(terms[0], *start[:2])
        ways[1] = step.optimizer.scale_rate * batches.rates[0], LEAST_SCALE
    carried, report = run_batches(step, copy_carry(carry), constants, samples, batches, xp)
    expected, logits = on_host(carried), program.fetch(report)
    if not any(np.isfinite(p).any() for p, _ in expected):
        return False
    carried, report = program.run(carry, constants, samples, batches, step.optimizer.scale, xp)
    dtype = program.plan.dtype
    same = close(program.fetch(report), logits, np.zeros_like(logits), dtype)
    compared = zip(on_host(carried), expected, start, terms, ways, strict=True)
    for found, its, before, size, (rate, least) in compared:
        same = same and _same_update(found, its, before, size, step, rate, least, dtype)
    if not same:
        raise ArithmeticError("a step by the kernels differs from one by the portable code")
    return True


def _listed(carry: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each parameter with its states: a layer's weight, then its bias."""
    for layer, states in zip(carry.parameters, carry.states, strict=True):
        yield from zip(layer, states, strict=True)


def _with_distinct_scales(carry: Any, xp: Any) -> Any:
    """Return a carry with other scales, if it has any, and other averages of theirs.

    All scales begin at 1, where a kernel that does not multiply by them would not be noticed.
    """
    (of_weight, of_bias), *others = carry.states
    if len(of_weight) < 3:
        return carry
    *averages, scales = of_weight
    numbers = xp.reshape(xp.arange(scales.size, dtype=scales.dtype), scales.shape)
    first = (*averages, scales * (1.5 + xp.sin(numbers))), of_bias
    return carry._replace(states=(first, *others))


def _factors(parameter: Any, states: list[Any]) -> list[Known]:
    """Return the parameters of which this one is a product: a weight with scales has two."""
    import numpy as np

    if len(states) < 3:
        return [(parameter, states)]
    *averages, scales = states
    scale, *its = (scales[..., i : i + 1] for i in range(3))
    with np.errstate(all="ignore"):
        return [(parameter / scale, averages), (scale, its)]


def _terms_of_factors(terms: Any, rest: Known, scale: Known) -> list[Any]:
    """Return the terms of the gradients of both factors of a weight."""
    import numpy as np

    (one, _), (two, _) = rest, scale
    with np.errstate(all="ignore"):
        return [terms * np.abs(two), np.sum(terms * np.abs(one), axis=-1, keepdims=True)]


def _terms(step: Any, carry: Any, constants: Any, samples: Any, batches: Any) -> list[Any]:
    """Return for each parameter the sum of the absolute values of its gradient's terms."""
    from xl2.array.api import namespace
    from xl2.nn.passes import differentiate, propagate

    rate = batches.rates[0]
    batch = batches.batch(step.operations, samples, batches.start, rate, batches.first)
    xp = namespace(batch.x)

    def of_sizes(operation: Any) -> Any:
        return lambda *arrays: operation(*map(xp.abs, arrays))

    names = "gradient", "gradient_shared", "bias_gradient"
    summing = {name: of_sizes(getattr(step.operations, name)) for name in names}
    layers = propagate(step.operations, step.hidden, carry.parameters, batch.x)
    delta = step.loss.delta(layers[-1], batch.y)
    # The difference of outputs and targets may be rounding too.
    twice = 2.0 * xp.abs(batch.y)
    delta = (delta + xp.where(delta < 0.0, -twice, twice)) * step.optimizer.scale(rate)
    delta = delta / batch.total()
    ops = step.operations._replace(**summing)
    found = differentiate(ops, step.hidden, carry.parameters, layers, delta)
    return [x for _, *both in reversed(list(found)) for x in both]


def _same_update(
    found: Known,
    expected: Known,
    start: Known,
    terms: Any,
    step: Any,
    rate: float,
    least: float,
    dtype: str,
) -> bool:
    """Tell whether a parameter, of at least a size, and its states are the same after a step."""
    import numpy as np

    parameters, states = zip(found, expected, start, strict=True)
    if not states[0]:
        return close(*parameters, dtype, terms)
    firsts, *seconds = zip(*states, strict=True)
    if not close(*firsts, dtype, terms):
        return False
    if not seconds:
        return close(*parameters, dtype, terms)
    with np.errstate(all="ignore"):
        beta, (first, second) = step.optimizer.beta_1, start[1]
        implied = (firsts[0].astype("float64") - beta * first) / (1.0 - beta)
        arguments = start[0].copy(), implied.astype(dtype), None, (first.copy(), second.copy())
        p, (_, square) = step.update(step.optimizer, *arguments, rate)
    # Rounding may decide the sign of a parameter that would be too small.
    p = np.where(np.abs(p) < least, np.copysign(least, found[0]), p)
    # A square that overflows stops the parameter, perhaps a little earlier in one of the ways.
    p = np.where(np.isfinite(square), p, np.nan)
    squares = (seconds[0][0], square, second)
    return close(*squares, dtype) and close(found[0], p, start[0], dtype)


def same_replay(
    reported: Any,
    logits: Any,
    found: Sequence[Any],
    expected: Sequence[Any],
    start: Sequence[Any],
    pools: Sequence[Any],
    dtype: str,
) -> bool:
    """Tell whether a graph gives the results of its steps, taken one by one.

    Both are the same launches, so this only detects launches that are missing or use other
    arrays. Arrays with the same key in `pools` are compared together: those of a layer's weight
    and bias, because one of them may hardly change.
    """
    import numpy as np

    def pooled(arrays: Sequence[Any], pool: Any) -> Any:
        members = [x.ravel() for x, key in zip(arrays, pools, strict=True) if key == pool]
        return np.concatenate(members)

    if not close(reported, logits, np.zeros_like(logits), dtype):
        return False
    for pool in dict.fromkeys(pools):
        mine, its, before = (pooled(arrays, pool) for arrays in (found, expected, start))
        if not close(mine, its, before, dtype):
            return False
    return True


def close(found: Any, expected: Any, start: Any, dtype: str, terms: Any = None) -> bool:
    """Tell whether two NumPy arrays that began as `start` differ by rounding only.

    `terms` are the absolute values that were added to `start`, summed. Elements that are not
    finite in the known arrays are skipped: a member of a stack may diverge in its first step.
    """
    import numpy as np

    known = [expected, start] if terms is None else [expected, start, terms]
    finite = np.logical_and.reduce([np.isfinite(x) for x in known])

    def norm(x: Any) -> float:
        largest = float(np.max(np.abs(x), initial=0.0)) or 1.0
        return largest * math.sqrt(float(np.sum(np.square(x / largest, dtype="float64"))))

    with np.errstate(all="ignore"):
        mine, its, before, *sizes = (x[finite].astype("float64") for x in (found, *known))
        allowed = ROUNDING[dtype] * sum(map(norm, (its, before, *sizes)))
        return norm(mine - its) <= TOLERANCE[dtype] * norm(its - before) + allowed + 1e-30
