"""Every exit code that docs/terminal.md and `xl2 --help` promise, by processes of their own."""

import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from conftest import ROOT

from xl2.cli.help import EXIT_CODES

pytestmark = pytest.mark.host

WHERE = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
PROGRAM = [sys.executable, "-c", "from xl2.cli import main; main()"]


# Ctrl-C once progress has been drawn three times.
INTERRUPTED = """
import os, signal
from xl2.cli import main
from xl2.training.screens import Terminal

draw, drawn = Terminal.draw, []

def look(self, lines):
    draw(self, lines)
    drawn.append(lines)
    if len(drawn) == 3:
        os.kill(os.getpid(), signal.SIGINT)

Terminal.draw = look
main()
"""


def run(*arguments, program=PROGRAM, **options):
    options = {"stdout": subprocess.PIPE, **options}
    return subprocess.run(
        [*program, *arguments], stderr=subprocess.PIPE, text=True, env=WHERE, check=False, **options
    )


def test_the_codes_are_those_of_the_docs():
    text = (ROOT / "docs" / "terminal.md").read_text()
    told = re.findall(r"^\| (\d+) \| (.*) \|$", text, re.M)
    assert [code for code, _ in told] == [code for code, _ in EXIT_CODES]


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["path", "-h"], ["backends"]])
def test_success_is_0(arguments):
    done = run(*arguments)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_error_in_xl2_is_1_with_a_traceback():
    broken = "from xl2 import cli; cli.app = lambda **_: 1 / 0; cli.main()"
    done = run(program=[sys.executable, "-c", broken])
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback")
    assert done.stderr.endswith("ZeroDivisionError: division by zero\n")


def test_a_reader_that_left_is_1_without_a_message():
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as closed:
        done = run("path", "--help", stdout=closed)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize(
    "arguments",
    [
        ["path"],
        ["path", "digits", "--unknown"],
        ["path", "digits", "--epochs", "many"],
        ["path", "nothing.csv"],
        ["path", "digits", "--preset", "unknown"],
        ["predict", "nothing", "digits"],
        ["no-command"],
    ],
    ids=" ".join,
)
def test_what_a_user_can_mend_is_2_with_a_message(arguments):
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Error: " in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_2():
    with open("/dev/full", "w") as full:
        assert run("--help", stdout=full).returncode == 2


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
def test_ctrl_c_takes_the_progress_away_and_is_130():
    from terminals import in_terminal, pictures

    command = [sys.executable, "-c", INTERRUPTED, "train", "digits", "--epochs", "1000000"]
    code, text = in_terminal(command)
    assert code == 130
    *_, before, last = pictures(text)
    assert "Epoch" in before
    assert last.strip() == "Interrupted."
    assert text.count("\x1b[?25h") == 1


@pytest.mark.skipif(os.name == "nt", reason="needs the signals of POSIX")
def test_ctrl_c_is_130(tmp_path):
    X = np.random.default_rng(0).normal(size=(400, 2))
    np.savez(tmp_path / "d.npz", x=X, y=X[:, 0] > 0)
    command = [*PROGRAM, "train", "d.npz", "--epochs", "1000000", "--checkpoint", "c"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=WHERE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        while not (tmp_path / "c").exists() and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert (process.returncode, out) == (130, "")
    assert err == f"Interrupted. To continue: xl2 {' '.join(command[3:])} --resume\n"
