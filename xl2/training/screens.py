"""Where progress is drawn: on a terminal, in a notebook, or as a line for each phase."""

from __future__ import annotations

import contextlib
import html
import os
import sys
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from rich.console import Console

Line = Sequence[tuple[str, str]]  # pieces of text, each with rich's name of its style
ASCII = {"\N{BOX DRAWINGS HEAVY HORIZONTAL}": "=", "\N{BOX DRAWINGS LIGHT HORIZONTAL}": "-"}


class Screen(Protocol):
    """What draws lines, each time over those before, and takes them away at the end."""

    def width(self) -> int:
        """Return how many characters a line has."""

    def draw(self, lines: Sequence[Line]) -> None:
        """Draw lines."""

    def finish(self, summary: str) -> None:
        """Take note that a phase has ended."""

    def close(self) -> None:
        """Take the lines away."""


def screen(wanted: bool | None) -> Screen | None:
    """Return where progress is drawn; None: nowhere.

    By default it is drawn on a terminal and in a notebook. If it is wanted elsewhere, each phase
    gets a line. A terminal has room for one screen: of what is trained at once, or by a callback
    of what is trained, only the first is drawn.
    """
    if wanted is False or sys.stderr is None:
        return None
    if _in_notebook():
        return Notebook()
    if _on_terminal() and Terminal.taken.acquire(blocking=False):
        return Terminal()
    return Lines() if wanted else None


def console(stderr: bool = False) -> Console:
    """Return a console that is plain if ``NO_COLOR`` is set: not even bold."""
    from rich.console import Console

    return Console(stderr=stderr, color_system=None if os.environ.get("NO_COLOR") else "auto")


def _on_terminal() -> bool:
    """Tell whether standard error is a terminal whose cursor can move."""
    try:
        return sys.stderr.isatty() and os.environ.get("TERM") not in ("dumb", "unknown")
    except (AttributeError, ValueError):  # a program's own stand-in for a file, or a closed one
        return False


def _in_notebook() -> bool:
    """Tell whether the code runs in a kernel of Jupyter, whose frontend shows outputs."""
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    return getattr(get_ipython(), "kernel", None) is not None


class Terminal:
    """Lines on standard error, drawn over again and again."""

    taken = threading.Lock()  # held by the screen that is drawn, until it is closed

    def __init__(self) -> None:
        self._live: Any = None
        self._console = console(stderr=True)

    def width(self) -> int:
        """Return how many characters a line has now."""
        return self._console.width

    def draw(self, lines: Sequence[Line]) -> None:
        """Draw lines, as many as the terminal has room for."""
        from rich.live import Live  # also before there are any, for the first picture to be early
        from rich.text import Text

        if self._live is None:
            if not lines:
                return
            self._live = self._start(Live)
        plain = self._console.options.ascii_only
        text = Text(no_wrap=True, overflow="crop")
        for number, line in enumerate(lines):
            text.append("\n" if number else "")
            for piece, style in line:
                text.append(_in_ascii(piece) if plain else piece, style)
        self._live.update(text, refresh=True)

    def finish(self, summary: str) -> None:
        """Leave the phase as it is drawn."""

    def close(self) -> None:
        """Take the lines away."""
        try:
            if self._live is not None:
                with contextlib.suppress(OSError, ValueError):  # the terminal may be gone
                    self._live.stop()
        finally:
            self.taken.release()

    def _start(self, kind: Any) -> Any:
        live = kind(
            console=self._console,
            auto_refresh=False,
            transient=True,
            # What a program prints to a file or a pipe stays there.
            redirect_stdout=sys.stdout is not None and sys.stdout.isatty(),
            vertical_overflow="crop",
        )
        live.start()
        return live


class Notebook:
    """One output of a cell, whose content is replaced: no flood of lines, and no widgets."""

    def __init__(self) -> None:
        self._handle: Any = None

    def width(self) -> int:
        """Return how many characters most cells show."""
        return 80

    def draw(self, lines: Sequence[Line]) -> None:
        """Show lines in the cell that runs."""
        from IPython.display import display

        text = "\n".join("".join(piece for piece, _ in line) for line in lines)
        shown = {"text/plain": text, "text/html": f"<pre>{html.escape(text)}</pre>"}
        if self._handle is None:
            self._handle = display(shown, raw=True, display_id=True) if lines else None
        else:
            self._handle.update(shown, raw=True)

    def finish(self, summary: str) -> None:
        """Leave the phase as it is shown."""

    def close(self) -> None:
        """Leave an empty output: a cell cannot give one back alone."""
        if self._handle is not None:
            self._handle.update({"text/plain": "", "text/html": ""}, raw=True)


class Lines:
    """A line for each phase, once it has ended, where progress is wanted but nothing can move."""

    def width(self) -> int:
        """Return the usual width."""
        return 80

    def draw(self, lines: Sequence[Line]) -> None:
        """Wait for the end of the phase."""

    def finish(self, summary: str) -> None:
        """Print the line of a phase; what is trained goes on if nobody can read it."""
        with contextlib.suppress(OSError, ValueError):
            print(summary, file=sys.stderr)

    def close(self) -> None:
        """Leave the lines."""


def _in_ascii(text: str) -> str:
    for character, other in ASCII.items():
        text = text.replace(character, other)
    return text
