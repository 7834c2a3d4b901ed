"""What is shown while something is trained, where, and that it is taken away."""

from __future__ import annotations

import io
import os
import re
import sys
import time
from typing import Any

import numpy as np
import pytest

import xl2
from xl2.training import progress
from xl2.training.progress import NOTHING, show_progress
from xl2.training.screens import Lines, screen

X, Y = np.eye(4), [0, 1, 0, 1]
terminal = pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
# A fit that takes a second or more, and what is around it.
FIT = """
import sys, time, warnings
import numpy as np, xl2

def look(network, history):
    time.sleep(0.1)
    {body}

X, y = np.eye(4), [0, 1, 0, 1]
print("before")
xl2.fit(xl2.Network([4, 3, 1]), X, y, epochs=12, backend="numpy", callbacks=[look]{more})
print("after")
"""


def program(body="pass", more=""):
    return [sys.executable, "-c", FIT.format(body=body, more=more)]


def fitted(**options):
    network = xl2.Network([4, 3, 1], backend="numpy")
    return xl2.fit(network, X, Y, epochs=3, **options)


class Recorded:
    """A screen that keeps what it is told to draw."""

    def __init__(self, columns: int = 80):
        self.columns, self.drawn, self.finished, self.closed = columns, [], [], False

    def width(self) -> int:
        return self.columns

    def draw(self, lines: Any) -> None:
        self.drawn.append(["".join(piece for piece, _ in line) for line in lines])

    def finish(self, summary: str) -> None:
        self.finished.append(summary)

    def close(self) -> None:
        self.closed = True

    def next(self) -> list[str]:
        """Wait until the screen has been drawn anew, and return its lines."""
        seen = len(self.drawn)
        while len(self.drawn) < seen + 2:
            time.sleep(0.001)
        return self.drawn[-1]


@pytest.fixture
def recorded(monkeypatch):
    """Return a function that gives a screen of some width to all that is shown."""

    def make(columns: int = 80) -> Recorded:
        own = Recorded(columns)
        monkeypatch.setattr(progress, "screen", lambda wanted: own)
        monkeypatch.setattr(progress, "AFTER", 0.001)
        monkeypatch.setattr(progress, "EVERY", 0.001)
        return own

    return make


def test_nothing_is_shown_without_a_terminal(capsys):
    fitted()
    assert capsys.readouterr() == ("", "")
    with show_progress(None) as display:
        assert display is NOTHING
        assert not display
        with display.phase("It", 3) as advance:
            advance(2, seen="text")


@pytest.mark.parametrize("stack", [None, 2])
def test_a_line_on_request_counts_the_epochs_and_has_the_loss(capsys, stack):
    network = xl2.Network([4, 3, 1], stack=stack, backend="numpy")
    history = xl2.fit(network, X, Y, epochs=3, progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    best = "" if stack is None else "best "
    pattern = rf"Epoch 3/3, 0\.\d s  {best}loss {np.min(history.loss[-1]):.4f}\n"
    assert re.fullmatch(pattern, err)


def test_nothing_is_shown_on_a_terminal_that_cannot_move_its_cursor(monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "dumb")
    assert screen(None) is None
    assert isinstance(screen(True), Lines)
    assert screen(False) is None


@pytest.mark.parametrize("gone", ["closed", "full", "no file"])
def test_training_goes_on_if_standard_error_cannot_be_written(monkeypatch, gone):
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError("full")

    class Logger:
        """What a program that logs its output may have for a file."""

        def write(self, text: str) -> None:
            pass

    file = {"closed": io.StringIO, "full": Full, "no file": Logger}[gone]()
    if gone == "closed":
        file.close()
    monkeypatch.setattr("sys.stderr", file)
    assert len(fitted(progress=None)) == len(fitted(progress=True)) == 3


def test_a_terminal_is_drawn_on_by_one_of_what_is_trained_at_once(monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    with show_progress(None) as first, show_progress(None) as second:
        assert first
        assert second is NOTHING
        assert isinstance(screen(True), Lines)
    with show_progress(None) as third:
        assert third


@pytest.mark.parametrize(("columns", "bar"), [(80, 24), (60, 10)])
def test_a_phase_has_its_count_a_bar_and_the_time_left(recorded, columns, bar):
    own = recorded(columns)
    with show_progress(None) as display:
        with display.phase("Short", 2, unit="epoch") as advance:
            first = own.next()
            assert first == [f"Short  epoch 0/2  {'─' * bar}"]
            advance()
            half = own.next()
            assert re.fullmatch(rf"Short  epoch 1/2  ━{{{bar // 2}}}─+  0:00 left", half[0])
        with display.phase("Something long") as advance:
            assert own.next()[-1] == "Something long  ..."
        with display.phase("Short", 2) as advance:
            again = own.next()
            assert again[0].startswith("Short           epoch 1/4  ")  # of two calls
            advance(0.5)
            advance(0.5, seen="a text")
            assert own.next()[0].endswith("  a text")
    assert own.closed
    assert own.finished[0].startswith("Short epoch 1/2, 0.")
    assert own.finished[1].startswith("Something long, 0.")
    assert own.finished[2].startswith("Short epoch 2/4, ")


def test_a_narrow_terminal_has_room_for_the_time_left_but_no_bar(recorded):
    own = recorded(40)
    with show_progress(None) as display, display.phase("Path", 200, unit="epoch") as advance:
        advance(50)
        assert re.fullmatch(r"Path  epoch  50/200  0:\d\d left", own.next()[0])


def test_the_time_left_is_by_the_work_since_the_phase_began(recorded, monkeypatch):
    own, clock = recorded(), [100.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: clock[0])
    with show_progress(None) as display:
        with display.phase("Resumed", 100, done=30) as advance:
            advance(20, earlier=True)
            advance(10)
            clock[0] += 60.0  # ten of the fifty that are left
            assert own.next()[0].endswith("  4:00 left")
            clock[0] += 3600.0
            assert own.next()[0].endswith("  4:04:00 left")
        with display.phase("Weighted", 3, work=10.0) as advance:
            advance(work=8.0)
            clock[0] += 60.0
            assert own.next()[1].endswith("  0:15 left")
            assert " 1/3 " in own.next()[1]
    assert own.drawn[-1][0] == "Resumed   done in 1:01:00"


def test_nothing_is_drawn_before_the_first_phase(monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    own = screen(None)
    own.draw([])
    assert capsys.readouterr().err == ""
    own.draw([[("It", "")]])
    own.close()
    assert "It" in capsys.readouterr().err


def test_lines_of_others_are_below_the_phases(recorded):
    own = recorded()
    with show_progress(None) as display:
        display.show_below(lambda: [[("a ", ""), ("table", "bold")]])
        with display.phase("It", 2):
            assert own.next()[1:] == ["", "a table"]


def test_training_goes_on_if_the_screen_fails(recorded, monkeypatch):
    own = recorded()

    def fail(lines: Any) -> None:
        own.drawn.append(lines)
        raise OSError("gone")

    own.draw = fail
    assert len(fitted(callbacks=[lambda *_: time.sleep(0.01)])) == 3
    assert len(own.drawn) == 1


@terminal
def test_a_terminal_shows_the_epochs_and_is_left_as_it_was():
    from terminals import in_terminal, pictures

    code, text = in_terminal(program())
    assert code == 0
    *shown, last = pictures(text)
    assert len(shown) > 2
    drawn = [line for one in shown for line in one.split("\n") if line not in ("before", "")]
    for line in drawn:
        assert re.match(r"Epoch +\d+/12  [━─]{24}  \d:\d\d left  loss 0\.\d{4}$", line), line
    assert last.split() == ["before", "after"]
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1  # the cursor
    # So short a fit shows nothing.
    short = "import xl2; xl2.fit(xl2.Network([2, 1]), [[1, 2], [3, 4]], [0, 1], backend='numpy')"
    assert in_terminal([sys.executable, "-c", short]) == (0, "")


@terminal
@pytest.mark.parametrize(
    ("environment", "coloured", "shown"),
    [
        ({}, True, "━"),
        ({"NO_COLOR": "1"}, False, "━"),
        ({"TERM": "dumb"}, False, ""),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, False, ""),
        ({"PYTHONIOENCODING": "ascii"}, True, "="),
    ],
    ids=str,
)
def test_progress_is_drawn_as_the_environment_allows(environment, coloured, shown):
    from terminals import in_terminal

    code, text = in_terminal(program(), **environment)
    assert code == 0
    assert bool(re.search(r"\x1b\[\d+m", text)) == coloured
    assert ("\x1b" in text) == bool(shown)
    assert shown in text
    assert ("Epoch" in text) == bool(shown)


@terminal
def test_what_is_printed_meanwhile_stays_where_it_belongs(tmp_path):
    from terminals import in_terminal, pictures

    body = "len(history) == 6 and (print('printed'), warnings.warn('a warning'))"
    code, text = in_terminal(program(body))
    assert code == 0
    last = pictures(text)[-1]
    assert "\nprinted\n" in last
    assert "UserWarning: a warning\n" in last
    assert "Epoch" not in last
    with (tmp_path / "out").open("w") as out:
        code, text = in_terminal(program(body), stdout=out)
    assert (tmp_path / "out").read_text() == "before\nprinted\nafter\n"
    assert "printed" not in text
    assert "a warning" in text


@terminal
def test_an_error_leaves_the_terminal_as_it_was():
    from terminals import in_terminal, pictures

    code, text = in_terminal(program("len(history) == 8 and 1 / 0"))
    assert code == 1
    assert "Epoch" in text
    assert "Epoch" not in pictures(text)[-1]
    assert text.rstrip().endswith("ZeroDivisionError: division by zero")
    assert text.count("\x1b[?25h") == 1


def test_a_notebook_has_one_output_that_ends_empty(tmp_path, monkeypatch):
    """In a kernel, with ipywidgets if they are installed and without."""
    nbclient = pytest.importorskip("nbclient", reason="tox installs it with NumPy")
    nbformat = pytest.importorskip("nbformat", reason="tox installs it with NumPy")
    pytest.importorskip("ipykernel", reason="tox installs it with NumPy")
    for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    begin = f"""
import sys; sys.path[:0] = {sys.path!r}
import xl2.training.screens as screens
draw, drawn = screens.Notebook.draw, []
screens.Notebook.draw = lambda self, lines: (drawn.append(lines), draw(self, lines))
"""
    hide, fit = "sys.modules['ipywidgets'] = None\ndrawn.clear()", program()[2]
    cells = [begin, fit, "len(drawn)", hide, fit, "len(drawn)"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    outputs = [cell.outputs for cell in notebook.cells]
    assert outputs[0] == outputs[3] == []
    for (before, shown, after), (count,) in (outputs[1:3], outputs[4:]):
        assert (before.text, after.text) == ("before\n", "after\n")
        assert shown.output_type == "display_data"
        assert shown.data == {"text/plain": "", "text/html": ""}
        assert int(count.data["text/plain"]) > 2
