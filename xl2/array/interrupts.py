"""Ctrl-C, delayed until it can be handled without loss."""

from __future__ import annotations

import signal
import threading
from typing import Any


class Interrupts:
    """A context that delays the first Ctrl-C to its end; the second interrupts at once.

    At the end of the context, `KeyboardInterrupt` replaces an error. Nothing is delayed outside
    the main thread, which alone gets signals, or if the program has its own handler. `asked`
    tells whether Ctrl-C was pressed.
    """

    def __init__(self) -> None:
        self.asked = self._active = False

    def __enter__(self) -> Interrupts:
        main = threading.current_thread() is threading.main_thread()
        if main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._delay)
            self._active = True
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        # The handler may have been replaced meanwhile. Bound methods are equal, not the same.
        if self._active and signal.getsignal(signal.SIGINT) == self._delay:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        # Checked last: a Ctrl-C just before the handler is restored counts too.
        if self.asked and (kind is None or issubclass(kind, Exception)):
            raise KeyboardInterrupt

    def _delay(self, number: int, frame: Any) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
