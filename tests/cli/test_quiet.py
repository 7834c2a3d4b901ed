"""The progress of `xl2 path`, and `--quiet`, which leaves it and most of the text out."""

import os
import re
import sys

import pytest

pytestmark = [
    pytest.mark.host,
    pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal"),
]

PROGRAM = [sys.executable, "-c", "from xl2.cli import main; main()"]
# Draws from the first moment on, and often, so that what is drawn does not depend on the machine.
OFTEN = "import xl2.training.progress as p; p.AFTER, p.EVERY, p.BRIEF = 0.0, 0.02, 0.0; "
DRAWING = [*PROGRAM[:2], OFTEN + PROGRAM[2]]
PATH = ["path", "digits", "--hidden", "16", "--lambdas", "0,1,30", "--cv", "3"]
SLOW = [*DRAWING, *PATH, "--epochs", "240", "--no-experiments"]


def test_a_terminal_shows_the_scores_of_each_lambda_and_then_the_result_alone(tmp_path):
    from terminals import in_terminal, pictures

    code, text = in_terminal(SLOW, folder=tmp_path)
    assert code == 0
    *shown, last = pictures(text)
    assert any(re.search(r"^Path  epoch +\d+/240  [━─]{24}  0:\d\d left\n\n", one) for one in shown)
    table = [one for one in shown if re.search(r"^ +30 +\d\.\d{4} +\d+\.\d\d %", one, re.M)]
    assert table
    assert len(re.findall(r"%  (?:lowest|highest) .* so far", table[-1])) == 1
    assert max(len(line) for one in shown for line in one.split("\n")) <= 80
    assert last.startswith("digits: network 64-16-10")
    assert "epoch " not in last
    assert "\x1b" not in text[text.index("digits: network") :]


def test_the_result_of_a_pipe_beside_a_terminal_is_that_without_one(tmp_path, xl2, monkeypatch):
    from terminals import in_terminal

    monkeypatch.chdir(tmp_path)
    with (tmp_path / "out").open("w") as out:
        code, text = in_terminal(SLOW, folder=tmp_path, stdout=out)
    assert code == 0
    assert "Path" in text
    assert "network" not in text
    seconds = re.compile(r"\d+\.\d s;")
    alone = xl2(*SLOW[3:])[1]
    assert seconds.sub("", (tmp_path / "out").read_text()) == seconds.sub("", alone)


def test_quiet_prints_the_answer_and_files_alone(tmp_path, xl2, monkeypatch):
    from terminals import in_terminal

    monkeypatch.chdir(tmp_path)
    run = [*PATH, "--epochs", "40", "--out", "m"]
    code, text = in_terminal([*PROGRAM, *run, "--quiet"], folder=tmp_path)
    assert code == 0
    assert "\x1b" not in text
    out = text.replace("\r\n", "\n")
    answer, _, files = out.rpartition("\n\n")
    assert files == "The picture is in digits-path.png.\nThe model of the best lambda is in m.\n"
    assert xl2(*run)[1].partition("\n\n")[2].startswith(f"{answer}\n".replace(" --quiet", ""))
    assert out.count("\n\n") <= 2
    assert xl2(*run, "-q")[1].replace(" -q", " --quiet") == out
    code, diagnosis, err = xl2("diagnose", "m", "digits", "--quiet")
    assert (code, err) == (0, "")
    assert (
        xl2("diagnose", "m", "digits")[1]
        .partition("\n\n")[2]
        .startswith(diagnosis.replace(" --quiet", "").rstrip("\n"))
    )
    assert diagnosis.count("\n\n") <= 1


@pytest.mark.filterwarnings("always::UserWarning")
def test_quiet_leaves_warnings_and_errors_on_standard_error(xl2, flowers, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = flowers.read_text().splitlines()
    rare = [*lines, "1.0,2.0,rare", "2.0,1.0,rare"]  # fewer than there are folds
    flowers.write_text("\n".join(rare))
    code, out, err = xl2(
        "path", flowers, "--epochs", 2, "--lambdas", 0, "--no-experiments", "--quiet"
    )
    assert code == 0
    assert err.startswith("Warning: ")
    assert "Warning" not in out
    code, out, err = xl2("path", "nothing.csv", "--quiet")
    assert (code, out) == (2, "")
    assert err.startswith("Error: ")
