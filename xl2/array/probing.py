"""Whether a device computes correctly: the operations of a training step, with known results.

An import proves nothing: CuPy's succeeds on a machine without a GPU. Nor does one product. Apple's
GPUs have multiplied wrongly only where a factor was transposed, where a product was one of a stack,
where an array began inside another, where one column was multiplied by one row, and from the second
page of memory on; and they have left arrays unchanged that are no rows one after another.

The numbers are small integers: float32 has no rounding here, nor has TF32, and equal means correct.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ..errors import option
from .activations import ACTIVATIONS, Activation
from .api import Array, Namespace, namespace
from .libraries import Library, file_of
from .operations import Operations, choose

# No multiples of the tiles of a GPU. LONG rows of 17 numbers do not fit into a page of 16 KB.
ROWS, INPUTS, UNITS, MEMBERS, LONG = 65, 17, 18, 3, 300
HIDDEN, WEIGHT, FIRST = (ROWS, INPUTS), (INPUTS, UNITS), (INPUTS, MEMBERS, UNITS)


class WrongResultError(ArithmeticError):
    """A device computed something else than it was asked to."""


class Functions(NamedTuple):
    """What the cases call: the operations of a library, and the activation of a hidden layer."""

    ops: Operations
    hidden: Activation


def functions_of(library: Library) -> Functions:
    """Choose the functions of a library."""
    hidden = Activation(*(choose(library, function) for function in ACTIVATIONS["relu"]))
    return Functions(Operations.of(library), hidden)


class Case(NamedTuple):
    """A computation and what it has to give.

    `expected` computes with NumPy's integers, without any BLAS.
    """

    what: str
    shapes: tuple[tuple[int, ...], ...]
    compute: Callable[..., Array]
    expected: Callable[..., Any]


def _changed_in_place(given: Functions, x: Array, y: Array) -> Array:
    columns = (x + x).mT
    columns -= y
    columns *= y
    return columns


def _sliced(given: Functions, x: Array, weight: Array, bias: Array) -> Array:
    return given.ops.affine(x[3:, :], weight[:, 1, :], bias[1, :])


def _einsum(subscripts: str) -> Callable[..., Any]:
    def product(x: Any, y: Any, bias: Any = 0) -> Any:
        import numpy as np

        return np.einsum(subscripts, x, y) + (bias if np.ndim(bias) < 2 else bias[:, None, :])

    return product


def _backward(subscripts: str) -> Callable[..., Any]:
    def back(delta: Any, weight: Any, outputs: Any) -> Any:
        import numpy as np

        return np.einsum(subscripts, delta, weight) * (outputs > 0)

    return back


def _stacked(*shape: int) -> tuple[int, ...]:
    return MEMBERS, *shape


CASES = (
    Case(
        "the product of two square matrices",
        ((UNITS, UNITS), (UNITS, UNITS), (UNITS,)),
        lambda given, *arrays: given.ops.affine(*arrays),
        _einsum("ni,io->no"),
    ),
    Case(
        "the product of two matrices",
        (HIDDEN, WEIGHT, (UNITS,)),
        lambda given, *arrays: given.ops.affine(*arrays),
        _einsum("ni,io->no"),
    ),
    Case(
        "the product of two stacks of matrices",
        (_stacked(*HIDDEN), _stacked(*WEIGHT), _stacked(UNITS)),
        lambda given, *arrays: given.ops.affine(*arrays),
        _einsum("kni,kio->kno"),
    ),
    Case(
        "the product of a matrix and one with the columns of a stack",
        (HIDDEN, FIRST, _stacked(UNITS)),
        lambda given, *arrays: given.ops.affine_shared(*arrays),
        _einsum("ni,iko->kno"),
    ),
    Case(
        "the product of two matrices that are parts of larger ones",
        (HIDDEN, FIRST, _stacked(UNITS)),
        _sliced,
        lambda x, weight, bias: _einsum("ni,io->no")(x[3:], weight[:, 1], bias[1]),
    ),
    Case(
        "the product of a transposed matrix and another",
        (HIDDEN, (ROWS, UNITS)),
        lambda given, *arrays: given.ops.gradient(*arrays),
        _einsum("ni,no->io"),
    ),
    Case(
        "the product of a stack of transposed matrices and another",
        (_stacked(*HIDDEN), _stacked(ROWS, UNITS)),
        lambda given, *arrays: given.ops.gradient(*arrays),
        _einsum("kni,kno->kio"),
    ),
    Case(
        "the product of a transposed matrix and one with the columns of a stack",
        (HIDDEN, _stacked(ROWS, UNITS)),
        lambda given, *arrays: given.ops.gradient_shared(*arrays),
        _einsum("ni,kno->iko"),
    ),
    Case(
        "the product of a matrix and a transposed one",
        ((ROWS, UNITS), WEIGHT, HIDDEN),
        lambda given, *arrays: given.ops.backpropagate(*arrays, given.hidden),
        _backward("no,io->ni"),
    ),
    Case(
        "the product of a column and a row",
        ((LONG, 1), (INPUTS, 1), (LONG, INPUTS)),
        lambda given, *arrays: given.ops.backpropagate(*arrays, given.hidden),
        _backward("no,io->ni"),
    ),
    Case(
        "the product of a stack of matrices and one of transposed ones",
        (_stacked(ROWS, UNITS), _stacked(*WEIGHT), _stacked(*HIDDEN)),
        lambda given, *arrays: given.ops.backpropagate(*arrays, given.hidden),
        _backward("kno,kio->kni"),
    ),
    Case(
        "the product of two transposed matrices",
        ((INPUTS, ROWS), (UNITS, INPUTS)),
        lambda given, x, y: x.mT @ y.mT,
        _einsum("in,oi->no"),
    ),
    Case(
        "the sum of the rows of each matrix of a stack",
        (_stacked(ROWS, UNITS),),
        lambda given, x: given.ops.bias_gradient(x),
        lambda x: x.sum(axis=-2),
    ),
    Case(
        "the change in place of a transposed matrix",
        (HIDDEN, (INPUTS, ROWS)),
        _changed_in_place,
        lambda x, y: (2 * x.T - y) * y,
    ),
)

_found: dict[tuple[str, str], str] = {}


def probe(xp: Namespace, library: Library, device: Any) -> None:
    """Compute all cases on a device, once a process; raise `WrongResultError` if one is wrong.

    Any other error of the library is raised as it is, and the next call tries again.
    """
    key = (xp.__name__, str(device))
    if key not in _found:
        _found[key] = _wrong(xp, library, device)
    if _found[key]:
        raise WrongResultError(f"{_found[key]} {_advice(xp, library, device)}")


def _wrong(xp: Namespace, library: Library, device: Any) -> str:
    """Describe the first wrong number; return "" if there is none."""
    import numpy as np

    rng = np.random.default_rng(0)
    numbers = [[rng.integers(-4, 5, size=shape) for shape in case.shapes] for case in CASES]
    moved = [
        [library.from_host(xp, x.astype(np.float32), device) for x in arrays] for arrays in numbers
    ]
    found, columns = library.compiled(_results, functions_of(library))(moved)
    found, columns = library.to_host(found), library.to_host(columns)
    start = 0
    for case, arrays in zip(CASES, numbers, strict=True):
        right = case.expected(*arrays)
        if said := _difference(case.what, found[start : start + right.size], right):
            return said
        start += right.size
    return _difference("the copy of a transposed matrix to the host", columns, numbers[1][0].T)


def _results(given: Functions, moved: list[list[Array]]) -> tuple[Array, Array]:
    """Return the results of all cases, one after another, and a transposed array."""
    found = [case.compute(given, *arrays) for case, arrays in zip(CASES, moved, strict=True)]
    xp = namespace(found[0])
    return xp.concat([xp.reshape(x, (-1,)) for x in found]), moved[1][0].mT


def _difference(what: str, found: Any, right: Any) -> str:
    """Describe the first number that is not right; return "" if all are."""
    import numpy as np

    found = np.reshape(found, right.shape)
    wrong = np.argwhere(found != right)
    if not len(wrong):
        return ""
    first = tuple(wrong[0])
    return (
        f"{what} has {float(found[first]):g} where {int(right[first])} is correct, and "
        f"{len(wrong)} of its {right.size} numbers are wrong."
    )


def _advice(xp: Namespace, library: Library, device: Any) -> str:
    """Return what to do: there may be a CPU beside the device, and NumPy beside the library."""
    elsewhere = [option("backend", "numpy")] if library is not file_of("numpy") else []
    if device is not None and "cpu" not in str(device).lower() and "cpu" in library.devices(xp):
        elsewhere = [option("device", "cpu")]
    return f"Training would be wrong too: {', or choose '.join([library.UPDATE, *elsewhere])}."
