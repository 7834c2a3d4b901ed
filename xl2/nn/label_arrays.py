"""Labels and targets of every kind that Python has, as NumPy arrays of numbers or text."""

from __future__ import annotations

from typing import Any

from ..array.numbers import place, unmasked
from ..array.switch import to_numpy
from ..errors import InputError, warn_caller
from .frames import is_frame, names_of
from .inputs import check_finite
from .targets import is_present


def read_labels(y: Any, what: str) -> Any:
    """Return labels or values, none missing, as a NumPy array (n,) or (n, outputs).

    `y` is an array of any library, a list, or a series or frame of pandas or polars. `what` is
    its name in messages.
    """
    try:
        labels = to_numpy(unmasked(y, what))
    except InputError:
        raise
    except ValueError as error:
        raise InputError(f"{what} must be an array: {str(error).rstrip('.')}.") from None
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim not in (1, 2) or not len(labels):
        raise InputError(
            f"{what} must have one label for each sample, (n,), or values (n, outputs). Received: "
            f"shape {labels.shape}."
        )
    if labels.dtype.kind in "OT":
        # From pandas, lists with a None, and NumPy's text of variable length.
        labels = _of_objects(labels, what)
    if labels.dtype.kind in "mM":
        raise _dates(labels.ravel()[0], what)
    if labels.dtype.kind not in "biufSU":
        raise InputError(
            f"{what} must be text or numbers. Received: {labels.dtype}. Convert it to text, with "
            f"y.astype(str), or to numbers."
        )
    if labels.dtype.kind == "f":
        check_finite(labels, what)
    return labels


def names_of_columns(y: Any) -> tuple[str, ...]:
    """Return the names of a frame's columns of targets; none of other targets."""
    return names_of(y) if is_frame(y) else ()


def _of_objects(labels: Any, what: str) -> Any:
    """Return Python objects as an array of one kind; name the first that is missing or no label."""
    import numpy as np

    listed = labels.ravel().tolist()
    present = [is_present(label) for label in listed]
    if not all(present):
        row = present.index(False) // (labels.size // len(labels))
        raise InputError(
            f"{what} has a missing label, first in row {row + 1}. Remove these rows or fill in "
            f"the labels."
        )
    of_types = {kind: _kind(kind) for kind in set(map(type, listed))}
    kinds = [of_types[type(label)] for label in listed]
    first = {kind: kinds.index(kind) for kind in dict.fromkeys(kinds)}
    for kind, k in first.items():
        if kind in ("dates", "durations"):
            raise _dates(listed[k], what)
        if kind not in ("text", "bytes", "bools", "numbers"):
            raise InputError(
                f"{what} must be text or numbers. Received: {kind} in {_place(k, labels)}. Convert "
                f"it to text, with y.astype(str), or to numbers."
            )
    if len(first) > 1:
        listed = _as_text(listed, first, labels, what)
    try:
        return np.asarray(listed).reshape(labels.shape)
    except (OverflowError, ValueError):
        raise InputError(f"{what} has labels that NumPy cannot hold. Convert it to text.") from None


def _as_text(listed: list[Any], first: dict[str, int], labels: Any, what: str) -> list[str]:
    """Return labels of several kinds as text, if they are text and whole numbers."""
    described = " and ".join(
        f"{kind} such as {listed[k]!r:.60} ({_place(k, labels)})" for kind, k in first.items()
    )
    of_text = first.keys() == {"text", "numbers"}
    if not of_text or not all(isinstance(one, str) or float(one).is_integer() for one in listed):
        raise InputError(
            f"{what} mixes {described}. Convert all of it to text, with y.astype(str), or to "
            "numbers."
        )
    warn_caller(f"{what} mixes {described}: all are taken as text.")
    return [one if isinstance(one, str) else str(int(one)) for one in listed]


def _kind(kind: type) -> str:
    """Return what labels of a type are, in the plural."""
    import datetime
    from numbers import Real

    import numpy as np

    kinds: tuple[tuple[str, tuple[type, ...]], ...] = (
        ("text", (str,)),
        ("bytes", (bytes,)),
        ("bools", (bool, np.bool_)),
        ("dates", (datetime.date, datetime.time, np.datetime64)),
        ("durations", (datetime.timedelta, np.timedelta64)),
        ("numbers", (Real,)),
    )
    return next((name for name, types in kinds if issubclass(kind, types)), kind.__name__)


def _place(k: int, labels: Any) -> str:
    """Return where the label `k` of all is."""
    width = labels.size // len(labels)
    return place((k,) if labels.ndim == 1 else divmod(k, width))


def _dates(label: Any, what: str) -> InputError:
    return InputError(
        f"{what} has dates or durations, such as {label}. For classes convert them to text, such "
        f"as years or weekdays; for a regression to numbers, such as days."
    )
