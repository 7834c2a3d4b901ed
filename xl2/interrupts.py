"""Ctrl-C, held back until it can be answered without loss."""

from __future__ import annotations

import signal
import threading
from typing import Any


class Interrupts:
    """A context in which the first Ctrl-C only asks; the second does what it always does.

    Signals come to the main thread. In another one, and where somebody has a handler of
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

    def __exit__(self, *exception: object) -> None:
        if self._holding:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _hold(self, number: int, frame: Any) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
