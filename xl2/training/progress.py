"""What people see while something is trained: its phases, the time left, and scores."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .history import History
from .screens import Line, Screen, screen

AFTER, EVERY = 0.3, 0.25  # seconds: what takes less is never shown; the time between two pictures
BRIEF = 0.05  # seconds: a phase that took less is not shown afterwards
BARS = ((76, 24), (56, 10), (0, 0))  # characters: from which width on a bar is how long

Advance = Callable[..., None]


class Phase:
    """A part of the work, such as a path's experiments."""

    def __init__(self, name: str, unit: str):
        self.name, self.unit = name, unit
        self.done, self.total = 0.0, 0
        self.work = self.whole = 0.0  # by which the time is estimated
        self.seen: History | str | None = None
        self.began, self.first, self.blocks = time.perf_counter(), 0.0, 0
        self.seconds = 0.0

    @property
    def running(self) -> bool:
        """Tell whether a block of the phase is running."""
        return self.blocks > 0

    def line(self, width: int, bar: int) -> Line:
        """Return what is shown of the phase, its name and the bar in so many characters."""
        start = f"{self.name:<{width}}"
        if not self.running:
            return [(f"{start}  done in {_time(self.seconds)}", "dim")]
        if not self.total:
            return [(f"{start}  ...", "")]
        part = min(1.0, self.work / self.whole) if self.whole else 1.0
        full = int(bar * part)
        text = f"  {self._left()}{_described(self.seen)}"
        gap = "  " if bar else ""
        return [
            (f"{start}  {self._count(len(str(self.total)))}{gap}", ""),
            ("\N{BOX DRAWINGS HEAVY HORIZONTAL}" * full, "green"),
            ("\N{BOX DRAWINGS LIGHT HORIZONTAL}" * (bar - full), "dim"),
            (text.rstrip(), ""),
        ]

    def summary(self) -> str:
        """Return a line for where no picture can be drawn."""
        count = f" {self._count()}" if self.total else ""
        return f"{self.name}{count}, {_time(self.seconds)}{_described(self.seen)}"

    def _count(self, width: int = 0) -> str:
        """Return how much is done; a part of a step is not."""
        count = f"{int(self.done + 1e-6):>{width}}/{self.total}"
        return f"{self.unit} {count}" if self.unit else count

    def _left(self) -> str:
        """Return the time that is left, by that of what has been done since the phase began."""
        done = self.work - self.first
        if done <= 0.0 or self.work >= self.whole:
            return ""
        spent = time.perf_counter() - self.began
        return f"{_clock(spent / done * (self.whole - self.work))} left"


class Display:
    """The phases of some work, and rows of text below them, drawn by a thread of its own.

    So what is trained only counts, and never waits for a terminal. Without a screen nothing is
    drawn.
    """

    def __init__(self, shown_on: Screen | None):
        self._screen, self._phases = shown_on, dict[str, Phase]()
        self._below: Callable[[], Sequence[Line]] | None = None
        self._lock, self._ended = threading.Lock(), threading.Event()

    def __bool__(self) -> bool:
        """Tell whether anything is shown."""
        return self._screen is not None

    @contextlib.contextmanager
    def phase(
        self,
        name: str,
        total: int = 0,
        done: int = 0,
        *,
        unit: str = "",
        work: float | None = None,
    ) -> Iterator[Advance]:
        """Show a phase while the block runs; a name that was shown before is continued.

        It ends with the outermost block of that name: one around several makes one phase of them.

        Yields ``advance(steps=1, seen=None, work=None, earlier=False)``, to be called after some
        of `total` steps, or a part of one, from any thread. `seen` is a history, or a text, to be
        shown from then on. `work` is what the steps take, of that of all; by default each takes
        the same. What was done `earlier`, by a run that is resumed, says nothing about the time.
        """
        if self._screen is None:
            yield lambda steps=1, seen=None, work=None, earlier=False: None
            return
        now = time.perf_counter()
        with self._lock:
            one = self._phases.setdefault(name, Phase(name, unit))
            one.total += total
            one.done += done
            one.whole += total if work is None else work
            one.work += done
            if not one.blocks:
                one.began, one.first = now, one.work
            one.blocks += 1

        def advance(
            steps: float = 1,
            seen: History | str | None = None,
            work: float | None = None,
            earlier: bool = False,
        ) -> None:
            more = steps if work is None else work
            with self._lock:
                one.done += steps
                one.work += more
                one.first += more if earlier else 0.0
            if seen is not None:
                one.seen = seen

        try:
            yield advance
        finally:
            with self._lock:
                one.blocks -= 1
            if not one.running:
                one.seconds += time.perf_counter() - now
                self._screen.finish(one.summary())

    def show_below(self, lines: Callable[[], Sequence[Line]]) -> None:
        """Show lines below the phases, which are asked for each picture."""
        self._below = lines

    def draw(self) -> None:
        """Draw until `end` is called."""
        assert self._screen is not None
        wait = AFTER
        while not self._ended.wait(wait):
            wait = EVERY
            try:
                self._screen.draw(self._lines())
            except Exception:  # the terminal is gone, or text is no text there: train without
                return

    def end(self) -> None:
        """Let the thread that draws end."""
        self._ended.set()

    def _lines(self) -> list[Line]:
        with self._lock:
            phases = list(self._phases.values())
        width = max((len(one.name) for one in phases), default=0)
        below = self._below() if self._below is not None else ()
        assert self._screen is not None
        bar = next(bar for least, bar in BARS if self._screen.width() >= least)
        lines = [one.line(width, bar) for one in phases if one.running or one.seconds >= BRIEF]
        return [*lines, [("", "")], *below] if below else lines


NOTHING = Display(None)


@contextlib.contextmanager
def show_progress(wanted: bool | None) -> Iterator[Display]:
    """Show what is done in the block, if `wanted`; None: on a terminal or in a notebook.

    When the block ends, what was drawn is taken away.
    """
    shown_on = screen(wanted)
    if shown_on is None:
        yield NOTHING
        return
    display = Display(shown_on)
    thread = threading.Thread(target=display.draw, name="xl2-progress", daemon=True)
    try:
        thread.start()
        try:
            yield display
        finally:
            display.end()
            thread.join()
    finally:  # also after a second Ctrl-C, while the first one waits for the thread
        shown_on.close()


def _described(seen: Any) -> str:
    """Return the last loss of a history, or a text, behind a gap."""
    if not seen:
        return ""
    if isinstance(seen, str):
        return f"  {seen}"
    loss = seen.loss[-1]
    if isinstance(loss, float):
        return f"  loss {loss:.4f}"
    best = min((value for value in loss.flat if value == value), default=math.nan)
    return f"  best loss {best:.4f}"


def _time(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60.0 else _clock(seconds)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
