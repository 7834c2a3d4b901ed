"""Colours and bold text: on a terminal, unless the environment says otherwise."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.host

PROGRAM = [sys.executable, "-c", "from xl2.cli import main; main()"]
ESCAPE = "\x1b"


def piped(*arguments, **environment):
    where = {name: value for name, value in os.environ.items() if not name.endswith("_COLOR")}
    where |= {"PYTHONPATH": os.pathsep.join(sys.path), **environment}
    run = [*PROGRAM, *arguments]
    done = subprocess.run(run, capture_output=True, text=True, env=where, check=True)
    return done.stdout


def test_a_pipe_gets_plain_text_unless_colour_is_forced():
    assert ESCAPE not in piped("backends")
    assert ESCAPE in piped("backends", FORCE_COLOR="1")
    assert ESCAPE not in piped("backends", FORCE_COLOR="1", NO_COLOR="1")
    assert ESCAPE not in piped("path", "--help", FORCE_COLOR="1")


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(
    ("environment", "coloured"),
    [({}, True), ({"NO_COLOR": ""}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_a_terminal_gets_what_the_environment_allows(environment, coloured):
    from terminals import in_terminal

    code, text = in_terminal([*PROGRAM, "backends"], **environment)
    assert code == 0
    assert "numpy" in text
    assert (ESCAPE in text) == coloured
