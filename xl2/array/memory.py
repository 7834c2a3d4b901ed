"""Running out of memory: work is halved until it fits."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from typing import Generic, TypeVar

from ..errors import OutOfMemoryError, warn_caller
from .backend import Backend

Part = TypeVar("Part")
Result = TypeVar("Result")

_can_be_halved: ContextVar[Callable[[], bool]] = ContextVar("can_be_halved", default=lambda: False)


def is_halved() -> bool:
    """Tell whether the work in progress will be halved if its memory is not enough."""
    return _can_be_halved.get()()


class Halving(Generic[Part]):
    """Does work in parts: a part that does not fit into memory is halved, and all later ones.

    `size` maps a part to its size, and `halves` to two of about half its size, or to an empty
    sequence if it is the smallest. Messages use `what`, a description of a part such as "64
    networks at once", and end with `refusal` of a part that neither fits nor can be halved.
    Parts larger than `most` are halved without a try.
    """

    def __init__(
        self,
        backend: Backend,
        size: Callable[[Part], int],
        halves: Callable[[Part], Sequence[Part]],
        what: str,
        refusal: Callable[[Part], str],
        most: float = math.inf,
    ):
        self._backend, self._size, self._halves = backend, size, halves
        self._what, self._refusal = what, refusal
        self._most, self._warned = most, False

    def each(self, work: Callable[[Part], Result], parts: Sequence[Part]) -> Iterator[Result]:
        """Yield the results of `work` for the parts, or for their halves, in their order."""
        waiting = deque(parts)
        freed: Part | None = None
        while waiting:
            part = waiting.popleft()
            if self._size(part) > self._most and (halves := self._halves(part)):
                waiting.extendleft(reversed(halves))
                continue
            try:
                result = self._attempt(work, part)
            except Exception as error:
                if not self._backend.library.out_of_memory(error):
                    raise
                # Only once for a part, because each attempt may leave memory to release.
                again = part is not freed and self._backend.library.release()
                freed, smaller = part, [part] if again else self._halves(part)
                if not smaller:
                    raise OutOfMemoryError(
                        f"{self._backend} does not have enough memory for {self._what}, "
                        f"{self._refusal(part)}"
                    ) from error
                if len(smaller) > 1:
                    self._warn()
                    self._most = min(self._most, (self._size(part) + 1) // 2)
            else:
                yield result
                continue
            # Only now is the error deleted, and the memory that its frames refer to.
            waiting.extendleft(reversed(smaller))

    def _attempt(self, work: Callable[[Part], Result], part: Part) -> Result:
        token = _can_be_halved.set(lambda: bool(self._halves(part)))
        try:
            return work(part)
        finally:
            _can_be_halved.reset(token)

    def _warn(self) -> None:
        if not self._warned:
            warn_caller(
                f"{self._backend} does not have enough memory for {self._what}. The work is split "
                f"into halves until it fits. The results are the same."
            )
        self._warned = True
