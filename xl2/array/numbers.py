"""Anything that NumPy reads as real numbers; what they would lose silently is an error."""

from __future__ import annotations

from typing import Any, Literal

from ..errors import InputError, offers, option

Order = Literal["C", "K"]  # of an array in memory: row after row, or as it was


def numbers(x: Any, dtype: str, what: str, order: Order = "K") -> Any:
    """Return anything NumPy reads as an array of real numbers in a dtype, or raise `InputError`.

    So are a masked cell, and a finite number that the dtype does not hold. The order in memory is
    that of NumPy's `astype`; it and the dtype are changed by the same copy.
    """
    import numpy as np

    try:
        array = np.asarray(unmasked(x, what))
        if array.dtype.kind == "O":
            array = _of_objects(array, what)
    except InputError:
        raise
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"{what} must be an array of real numbers: {error}.") from None
    if array.dtype.kind not in "fiub":
        hint = ""
        if array.dtype.kind in "mM":
            days = f"{what}.astype('{array.dtype.kind}8[D]').astype(float)"
            hint = f" Convert it, such as to days: {days}."
        raise InputError(
            f"{what} must be an array of real numbers. Received: dtype {array.dtype}.{hint}"
        )
    return narrowed(array, dtype, what, order)


def _of_objects(x: Any, what: str) -> Any:
    """Return Python objects as an array of float64; name the first that is no real number."""
    import numpy as np

    try:
        return x.astype("float64")
    except (TypeError, ValueError, OverflowError):
        if not x.ndim:
            kind = type(x.item()).__name__
            raise InputError(
                f"{what} must be an array of real numbers. Received: {kind}."
            ) from None
        for index, cell in np.ndenumerate(x):
            try:
                float(cell)
            except (TypeError, ValueError, OverflowError):
                raise InputError(
                    f"{what} must be an array of real numbers. Received: {cell!r:.60} in "
                    f"{place(index)}."
                ) from None
        raise


def unmasked(x: Any, what: str) -> Any:
    """Return a masked array of NumPy as its data, and anything else unchanged.

    A masked cell is an error: NumPy's functions would read what is behind the mask.
    """
    import numpy as np

    if not isinstance(x, np.ma.MaskedArray):
        return x
    mask = np.ma.getmaskarray(x)
    if mask.any():
        raise InputError(
            f"{what} is masked in {place(np.argwhere(mask)[0])}. Leave out what is masked, or fill "
            f"in the values, such as by {what}.filled(0)."
        )
    return x.data


def narrowed(x: Any, dtype: str, what: str, order: Order = "K") -> Any:
    """Return a NumPy array of real numbers in a dtype; raise if a finite number overflows."""
    import numpy as np

    try:
        with np.errstate(over="raise"):
            return x.astype(dtype, order=order, copy=False)
    except FloatingPointError:
        pass
    found = as_infinities(x, dtype, order)
    lost = np.argwhere(np.isfinite(x) & ~np.isfinite(found))
    if len(lost):
        raise too_large(what, x[tuple(lost[0])], lost[0], dtype)
    return found


def as_infinities(x: Any, dtype: str, order: Order = "K") -> Any:
    """Return a NumPy array in a dtype, with infinities for numbers that are too large for it."""
    import numpy as np

    with np.errstate(over="ignore"):
        return x.astype(dtype, order=order, copy=False)


def not_finite(what: str, row: int, given: Any = None, dtype: str = "float32") -> InputError:
    """Return the error for a row that is not finite in a dtype; its message counts from 1.

    `given` is the row as it was before it was converted to the dtype, if that is known.
    """
    import numpy as np

    if given is not None:
        cells = np.asarray(given).ravel()
        if np.isfinite(cells).all():
            column = int(np.isfinite(as_infinities(cells, dtype)).argmin())
            index = (row, column) if np.ndim(given) else (row,)
            return too_large(what, cells[column], index, dtype)
    return InputError(
        f"{what} holds a NaN or an infinity, first in row {row + 1}. "
        f"Remove these rows or fill in the values."
    )


def too_large(what: str, value: Any, index: Any, dtype: str) -> InputError:
    """Return the error for a finite number, at an index (row, column), that a dtype cannot hold."""
    advice = f"Divide the values of {what} by a large number."
    if dtype == "float32":
        wider = f"Pass {option('dtype', 'float64')}, or s" if offers("dtype") else "S"
        advice = f"{wider}tandardise the values, such as by xl2.Scaling."
    return InputError(
        f"The value {value:g} of {what} in {place(index)} is too large for {dtype}. {advice}"
    )


def place(index: Any) -> str:
    """Return in words where an array has a cell: its row and column, counted from 1."""
    row, *columns = (int(k) + 1 for k in index)
    return ", ".join([f"row {row}", *(f"column {k}" for k in columns)])
