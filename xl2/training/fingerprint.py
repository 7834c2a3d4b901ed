"""What a run is of: its network, its samples and how it learns, as a few lines of text.

Two runs of which all of these are equal take the same steps. Samples go by a digest. Of
those in memory it is taken of all, up to 256 MiB; of more, and of those on the disk, of eight
pieces of 2 MiB, spread evenly from the first row to the last.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from ..array.rows import HostRows
from ..errors import FileFormatError, InputError
from ..nn.penalties import L2, penalties_of

if TYPE_CHECKING:
    from ..array.backend import Backend
    from .run import HeldOut, Run

WHOLE = 2**28
PIECES, PIECE = 8, 2**21

Identity = dict[str, str]


def identity_of(
    run: Run,
    *,
    penalty: Any,
    loss: Any,
    rows: Any,
    seeds: Sequence[int],
    shuffle: bool,
    samples: tuple[Any, ...],
    held_out: Sequence[HeldOut],
) -> Identity:
    """Describe a run that has not begun.

    Parameters
    ----------
    run : Run
    penalty, loss
        As `fit` takes them.
    rows : numpy.ndarray of int, or None
        The samples it learns from, by their numbers.
    seeds : list of int
        Of the orders and of dropout.
    shuffle : bool
    samples : tuple
        X, y and sample_weight, checked; of a stream those of its first pair.
    held_out : sequence of HeldOut

    Returns
    -------
    dict of str to str
        Each by the name that a message calls it by.
    """
    network, digest = run.network, Digest(run.network.backend)
    shape = " x ".join(map(str, network.stack))
    thin = run.step.dropout
    found = {
        "version of xl2": own_version(),
        "network": f"{'-'.join(map(str, network.sizes))}, {', '.join(network.activations)}",
        "dtype": network.dtype,
        "stack": f"a stack of {shape}" if shape else "a single network",
        "optimizer": _name(run.step.optimizer),
        "learning rate": repr(run.learning_rate),
        "penalty": _penalty(penalties_of(network, penalty)),
        "loss": "the default" if loss is None else _name(loss),
        "dropout": "0" if thin is None else repr(thin.rate),
        "batch size": str(run.batch_size),
        "seed": ", ".join(map(str, seeds)),
        "shuffle": str(shuffle),
        "rows": "all" if rows is None else digest.of(rows.astype("int64")),
        "validation": "; ".join(f"{digest.of(x)}, {digest.of(y)}" for _, x, y in held_out)
        or "none",
    }
    for name, array in zip(("X", "y", "sample_weight"), samples, strict=True):
        found[name] = "none" if array is None else digest.of(array)
    return found


def differences(one: Identity, other: Identity) -> list[str]:
    """Say in what a run differs from the one that a file is of."""
    return [
        f"its {name} is {one.get(name, 'unknown')}, and now it is {other.get(name, 'unknown')}"
        for name in dict.fromkeys([*other, *one])
        if one.get(name) != other.get(name)
    ]


def check_same(said: Any, own: Identity, of: str, other: str) -> None:
    """Compare what a file says that it is of with the run that is to go on from it.

    Parameters
    ----------
    said : object
        The file's.
    own : dict of str to str
        The run's.
    of, other : str
        For the messages: what the file is, and what else to give.

    Raises
    ------
    InputError
        If they differ; with each difference.
    FileFormatError
        If the file says nothing of the kind.
    """
    if not isinstance(said, dict) or not all(isinstance(text, str) for text in said.values()):
        raise FileFormatError("its header is wrong about 'run'.")
    apart = differences(said, own)
    if apart:
        raise InputError(f"{of}: {'; '.join(apart)}. Give what it was begun with, or {other}.")


class Digest:
    """Digests of arrays, each worked out once.

    Parameters
    ----------
    backend : Backend
        Where they are, those that are not NumPy's.
    """

    def __init__(self, backend: Backend):
        self._backend = backend
        self._known: dict[int, tuple[Any, str]] = {}

    def of(self, x: Any) -> str:
        """Return shape, dtype and digest of an array or of `HostRows`."""
        if id(x) not in self._known:
            # The array is kept, so that no other gets its id.
            self._known[id(x)] = x, self._described(x)
        return self._known[id(x)][1]

    def _described(self, x: Any) -> str:
        import numpy as np

        shape, digest = tuple(map(int, x.shape)), hashlib.sha256()
        dtype = ""
        for start, stop in self._pieces(x, shape):
            part = np.ascontiguousarray(self._rows(x, start, stop))
            dtype = str(part.dtype)
            digest.update(part.view(np.uint8).data)
        size = " x ".join(map(str, shape))
        return f"{size} of {dtype} with digest {digest.hexdigest()[:16]}"

    def _pieces(self, x: Any, shape: tuple[int, ...]) -> list[tuple[int, int]]:
        """Return where the rows begin and end that are looked at."""
        import numpy as np

        rows, stored = shape[0], isinstance(x, HostRows)
        width = max(1, int(self._rows(x, 0, 1).nbytes))
        length = max(1, PIECE // width)
        if stored:
            length = min(length, x.rows_at_once)
        if rows <= PIECES * length or (not stored and rows * width <= WHOLE):
            return [(start, min(start + length, rows)) for start in range(0, rows, length)]
        starts = np.linspace(0, rows - length, PIECES).astype(int).tolist()
        return [(start, start + length) for start in starts]

    def _rows(self, x: Any, start: int, stop: int) -> Any:
        """Return rows of anything as a NumPy array."""
        import numpy as np

        if isinstance(x, np.ndarray):
            return x[start:stop]
        with self._backend.scope():
            part = x.between(start, stop) if isinstance(x, HostRows) else x[start:stop, ...]
            return self._backend.to_numpy(part)


def _penalty(penalties: Sequence[L2]) -> str:
    lams = ", ".join(repr(one.lam) for one in penalties)
    return f"lambda {lams}, per {penalties[0].per}"


def _name(thing: Any) -> str:
    """Return a text for a name, functions, or an object with its constants, that does not change.

    Functions go by their names, and what is in them is not looked at.
    """
    if isinstance(thing, str):
        return thing
    if isinstance(thing, tuple):
        return ", ".join(map(_name, thing))
    return _constant(thing, ())


def _constant(value: Any, within: tuple[Any, ...]) -> str:
    """Return a text for a value without an address in it; `within` is what holds it."""
    import numpy as np

    if any(value is one for one in within):
        return "itself"
    deeper = (*within, value)
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | float | complex | str | bytes):
        return repr(value)
    if isinstance(value, np.ndarray) and value.dtype.kind in "biufc":
        digest = hashlib.sha256(value.tobytes()).hexdigest()[:16]
        return f"{' x '.join(map(str, value.shape))} of {value.dtype} with digest {digest}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_constant(one, deeper) for one in value)}]"
    if isinstance(value, dict):
        pairs = (f"{_constant(k, deeper)}: {_constant(v, deeper)}" for k, v in value.items())
        return f"{{{', '.join(pairs)}}}"
    kind = value if hasattr(value, "__qualname__") else type(value)
    own = kind.__module__.partition(".")[0] == __name__.partition(".")[0]
    name = kind.__qualname__ if own else f"{kind.__module__}.{kind.__qualname__}"
    if kind is value:
        return name
    constants = (f"{k}={_constant(v, deeper)}" for k, v in _constants(value).items())
    return f"{name}({', '.join(constants)})"


def _constants(value: Any) -> dict[str, Any]:
    """Return what an object was made with, as far as it keeps it."""
    if isinstance(value, partial):
        return {"func": value.func, "args": value.args, "keywords": value.keywords}
    # A dataclass with slots has its fields elsewhere.
    named = [field.name for field in fields(value)] if is_dataclass(value) else []
    return {name: getattr(value, name) for name in named} | getattr(value, "__dict__", {})


def own_version() -> str:
    """Return the version of xl2, as far as it is installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("xl2")
    except PackageNotFoundError:
        return "not installed, run from its source"
