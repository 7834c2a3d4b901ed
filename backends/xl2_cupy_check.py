"""The trial of a device: known fits must give NumPy's results there.

The tests compare kernels, products and the order of launches with the portable code, on a host.
What only a device shows are its compiler, its cuBLAS and its graphs. They are the same for all
fits, so one trial a process is enough, with fits that use every kernel, both kinds of products,
and graphs.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

# The largest difference, relative to the change from the start. TF32 has 11 bits.
TOLERANCE = {"float32": 1e-2, "float64": 1e-6}
# Units, and rows of a mini-batch: more than 32, which a block of a kernel takes at once. They are
# odd, so that the samples of most steps are not aligned.
SIZES, BATCH = (7, 40, 3), 37
STEPS = 5  # by graphs of 4 steps and of 1


def try_device(device: Any, xp: Any) -> None:
    """Train known networks on a device, `Cuda` or its twin; raise `ArithmeticError` if they differ.

    One is updated by products, the other, a stack in groups, by kernels.
    """
    import array_api_compat.numpy as host
    import numpy as np

    from xl2.nn.optimizers import SGD, Adam
    from xl2.nn.step import run_batches
    from xl2_cupy_plan import plan_of
    from xl2_cupy_program import Program

    for stack, optimizer in (((), SGD()), ((2, 3), Adam(scale_rate=6.0))):
        known = _known_fit(host, stack, optimizer, device.dtype)
        start = [np.array(x) for x in _arrays(known[1])]  # the steps change it
        carry, logits = run_batches(*known, host)
        sent = _known_fit(xp, stack, optimizer, device.dtype)
        plan: Any = plan_of(*sent)
        its, report = Program(device, plan).run(*sent, xp)
        found = [device.fetch(x) for x in (*_arrays(its), report)]
        compared = zip(found, [*_arrays(carry), logits], [*start, 0.0], strict=True)
        for mine, other, before in compared:
            _compare(mine, other, before, TOLERANCE[device.dtype])


def _known_fit(
    xp: Any, stack: tuple[int, ...], optimizer: Any, dtype: str
) -> tuple[Any, Any, Any, Any, Any]:
    """Return the arguments of `run_batches`, with arrays of a namespace."""
    import numpy as np

    from xl2.array.activations import ACTIVATIONS
    from xl2.array.operations import PORTABLE, Layer
    from xl2.array.stacks import beside_weight
    from xl2.nn.losses import find_loss
    from xl2.nn.step import Batches, Carry, Constants, Samples, Step, initial_states, map_carry

    rng = np.random.default_rng(0)

    def drawn(*shape: int) -> Any:
        return rng.normal(size=shape).astype(dtype)

    (inputs, outputs), *deeper = pairwise(SIZES)
    first = Layer(drawn(*stack[:-1], inputs, *stack[-1:], outputs), drawn(*stack, outputs))
    parameters = (first, *(Layer(drawn(*stack, i, o), drawn(*stack, o)) for i, o in deeper))
    sizes = (0.1, 0.01, 1.0)  # averages as large as of gradients and squares, and scales of inputs
    states: Any = [
        [[sizes[at] * (1.0 + abs(drawn(*x.shape))) for at, x in enumerate(own)] for own in both]
        for both in initial_states(optimizer, parameters)
    ]
    lams: Any = [3.0, 5.0]
    if stack:
        lams = [xp.asarray(beside_weight(np.abs(drawn(stack[-1])), i)) for i in range(2)]
    rows = STEPS * BATCH
    x, y = drawn(rows, inputs), np.eye(SIZES[-1], dtype=dtype)[np.arange(rows) % SIZES[-1]]
    order = np.stack([rng.permutation(rows) for _ in range(stack[0] if stack else 1)])
    rates = [optimizer.rate(0.02, number) for number in range(1, STEPS + 1)]
    return (
        Step(
            (ACTIVATIONS["tanh"],), find_loss(None, "softmax"), optimizer, type(optimizer).update,
            PORTABLE,
        ),
        map_carry(lambda array, axis: xp.asarray(array), Carry(parameters, states)),
        Constants(tuple(lams), float(rows)),
        Samples(xp.asarray(x), xp.asarray(y)),
        Batches(0, rows, BATCH, xp.asarray(order if stack else order[0]), rates, 1),
    )  # fmt: skip


def _arrays(carry: Any) -> list[Any]:
    """Return the arrays of a carry."""
    from xl2.nn.step import map_carry

    found: list[Any] = []
    map_carry(lambda array, axis: found.append(array), carry)
    return found


def _compare(found: Any, expected: Any, start: Any, tolerance: float) -> None:
    import numpy as np

    allowed = tolerance * float(np.linalg.norm(np.ravel(expected - start)))
    difference = float(np.linalg.norm(np.ravel(found - expected)))
    if not difference <= allowed:
        raise ArithmeticError(
            f"a known fit gives other results on this device: {difference:.1e} from NumPy's, "
            f"at most {allowed:.1e} expected"
        )
