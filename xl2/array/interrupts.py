"""Ctrl-C, held back until it can be answered without loss."""

from __future__ import annotations

import signal
import threading
from typing import Any


class Interrupts:
    """A context in which the first Ctrl-C only asks; the second does what it always does.

    At its end `KeyboardInterrupt` is raised where it was asked for, in the place of an
    error too. Signals come to the main thread. In another one, and where somebody has a handler of
    their own, nothing is held back.

    Attributes
    ----------
    asked : bool
        Ctrl-C was pressed.
    """

    def __init__(self) -> None:
        self.asked = self._holding = False

    def __enter__(self) -> Interrupts:
        alone = threading.current_thread() is threading.main_thread()
        if alone and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._hold)
            self._holding = True
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        # Somebody may have a handler of their own by now. Bound methods are equal, not the same.
        if self._holding and signal.getsignal(signal.SIGINT) == self._hold:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        # Not before: what comes until then is still held back.
        if self.asked and (kind is None or issubclass(kind, Exception)):
            raise KeyboardInterrupt

    def _hold(self, number: int, frame: Any) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
