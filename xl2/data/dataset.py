"""What every reader returns: `Dataset`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Dataset:
    """Samples and their labels.

    Parameters
    ----------
    X : array of shape (samples, features)
        Real numbers, in the type that the file has.
    y : array of shape (samples,) or (samples, outputs), or None
        Labels: int, float or text.
    features : tuple of str
        The names of the columns of X where the file has them.
    X_test, y_test : array or None
        The held-out part where the file has one.
    name : str
        What was loaded.
    """

    X: NDArray[Any]
    y: NDArray[Any] | None
    features: tuple[str, ...] = ()
    X_test: NDArray[Any] | None = None
    y_test: NDArray[Any] | None = None
    name: str = "data"
