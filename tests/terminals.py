"""Programs in a pseudo-terminal, which think that a person looks at them."""

import os
import pty
import re
import struct
import sys
import termios
import threading
from fcntl import ioctl
from subprocess import Popen

PROGRAM = [sys.executable, "-c", "from xl2.cli import main; main()"]


def in_terminal(command, *, folder=None, stdout=None, columns=80, lines=30, **environment):
    """Run a command; return its exit code and what the terminal got.

    The terminal is standard error, and standard output too unless another is given. A variable of
    the environment that is None is taken out.
    """
    where = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TERM": "xterm-256color"}
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "COLORTERM"):
        where.pop(name, None)
    own, other = pty.openpty()
    ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    got = []

    def read():
        while True:
            try:
                piece = os.read(own, 65536)
            except OSError:  # the last program that had it open has ended
                return
            if not piece:
                return
            got.append(piece)

    reader = threading.Thread(target=read)
    reader.start()
    out = other if stdout is None else stdout
    with Popen(
        command, cwd=folder, stdin=other, stdout=out, stderr=other, env={**where, **environment}
    ) as process:
        os.close(other)
        code = process.wait()
    reader.join()
    os.close(own)
    return code, b"".join(got).decode()


def pictures(text):
    """Return what a terminal shows, as a list of lines, each time that it has been drawn anew.

    It knows what rich sends: line feeds, returns, erased lines, a cursor that goes up, and styles.
    """
    screen, row, column, shown = [""], 0, 0, []
    for piece in re.findall(r"\x1b\[[?\d;]*[A-Za-z]|[^\x1b]", text):
        if piece == "\n":
            row += 1
            screen += [""] * (row + 1 - len(screen))
        elif piece == "\r":
            column = 0
        elif piece == "\x1b[2K":
            if row + 1 == len(screen) and screen[row]:
                shown.append("\n".join(screen))
            screen[row] = ""
        elif piece == "\x1b[1A":
            row -= 1
            assert row >= 0
        elif piece[0] != "\x1b":
            screen[row] = screen[row][:column].ljust(column) + piece + screen[row][column + 1 :]
            column += 1
        else:
            assert piece[-1] == "m" or piece in ("\x1b[?25l", "\x1b[?25h"), piece
    return [*shown, "\n".join(screen)]
