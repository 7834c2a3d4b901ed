"""Where the memory does not hold what is asked of it: half of that, and half again."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

from ..errors import OutOfMemoryError, warn_caller
from .backend import Backend

Piece = TypeVar("Piece")
Result = TypeVar("Result")


class Halving(Generic[Piece]):
    """Work in pieces: one that the memory does not hold is halved, and so are all that follow.

    Parameters
    ----------
    backend : Backend
        Whose memory it is.
    size : callable
        From a piece to its size.
    halves : callable
        From a piece to two of about half its size; to an empty sequence where it is as small
        as it gets.
    what : str
        What a piece is, for the warning, as in "64 networks at once".
    refusal : callable
        From a piece that does not fit and cannot be halved to the rest of the sentence that says
        so, and what to do.
    most : float, optional
        The largest size to try; by default any.
    """

    def __init__(
        self,
        backend: Backend,
        size: Callable[[Piece], int],
        halves: Callable[[Piece], Sequence[Piece]],
        what: str,
        refusal: Callable[[Piece], str],
        most: float = math.inf,
    ):
        self._backend, self._size, self._halves = backend, size, halves
        self._what, self._refusal = what, refusal
        self._most, self._told = most, False

    def each(self, work: Callable[[Piece], Result], pieces: Sequence[Piece]) -> Iterator[Result]:
        """Yield what the work returns for each piece, or for the parts of it, in their order.

        Raises
        ------
        OutOfMemoryError
            If a piece that cannot be halved does not fit.
        """
        waiting = deque(pieces)
        freed: Piece | None = None
        while waiting:
            piece = waiting.popleft()
            if self._size(piece) <= self._most or not self._halves(piece):
                try:
                    result = work(piece)
                except Exception as error:
                    if not self._backend.library.out_of_memory(error):
                        raise
                    # What is kept may be made anew for this piece: it is given back once.
                    again = piece is not freed and self._backend.library.release()
                    freed, parts = piece, [piece] if again else self._halves(piece)
                    if not parts:
                        raise OutOfMemoryError(
                            f"{self._backend} has no memory for {self._what}, "
                            f"{self._refusal(piece)}"
                        ) from error
                    if len(parts) > 1:
                        self._halve(self._size(piece))
                else:
                    yield result
                    continue
            else:
                parts = self._halves(piece)
            # Only here the error is gone, and with it what its frames held.
            waiting.extendleft(reversed(parts))

    def _halve(self, size: int) -> None:
        """Take half of a size from now on, and say so the first time."""
        if not self._told:
            warn_caller(
                f"{self._backend} has no memory for {self._what}. They are halved until they fit, "
                f"and taken one after another, with the same results."
            )
        self._told = True
        self._most = min(self._most, (size + 1) // 2)
