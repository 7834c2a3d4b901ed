"""What a shell completes, by the protocol of the scripts that `--show-completion` prints."""

import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main
from sklearn.metrics import get_scorer_names

from xl2.array.activations import ACTIVATIONS
from xl2.array.switch import backends
from xl2.cli import app, reading_options
from xl2.cli.bench import _module
from xl2.cli.completion import DATA_SETS, FILES, VALUES, completer_of
from xl2.data.excel_source import SUFFIXES as EXCEL
from xl2.data.loading import SUFFIXES
from xl2.data.source import CSV
from xl2.nn.decision import TASKS
from xl2.nn.optimizers import OPTIMIZERS
from xl2.nn.penalties import L2
from xl2.path.presets import PRESETS
from xl2.training.schedules import SCHEDULES

pytestmark = pytest.mark.host

PROGRAM = [sys.executable, "-c", "from xl2.cli import main; main()"]


def run(folder, **environment):
    where = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "HOME": str(folder)}
    done = subprocess.run(
        PROGRAM,
        cwd=folder,
        capture_output=True,
        text=True,
        env={**where, **environment},
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.split("\n")[:-1]


def bash(folder, line):
    words = line.split(" ")
    found = run(
        folder, _XL2_COMPLETE="complete_bash", COMP_WORDS=line, COMP_CWORD=str(len(words) - 1)
    )
    return found if found != [""] else []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("xl2 pa", ["path"]),
        ("xl2 path --opt", ["--optimizer"]),
        ("xl2 path digits --preset ", [*VALUES["preset"]]),
        ("xl2 path digits --optimizer a", ["adam"]),
        ("xl2 path digits --scoring roc", ["roc_auc", "roc_auc_ovo", "roc_auc_ovr"]),
        ("xl2 train digits --backend t", ["torch"]),
        ("xl2 path ", ["a.csv", "digits"]),
        ("xl2 path d", ["digits"]),
        ("xl2 predict ", ["m.safetensors"]),
        ("xl2 predict m.safetensors a", ["a.csv"]),
        # The shell completes files where nothing is printed.
        ("xl2 path digits --out m", []),
        ("xl2 path folder/", []),
        ("xl2 path x", []),
    ],
)
def test_bash_completes_names_and_values(tmp_path, line, expected):
    for name in ("a.csv", "m.safetensors", "notes.md", ".hidden.csv"):
        (tmp_path / name).touch()
    assert bash(tmp_path, line) == expected


def test_a_shell_chooses_among_folders_and_quotes_names(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "two words.csv").touch()
    (tmp_path / "data" / "b.csv").touch()
    assert bash(tmp_path, "xl2 path data/b") == [os.path.join("data", "b.csv")]
    assert bash(tmp_path, "xl2 path data/") == []
    assert bash(tmp_path, "xl2 path ") == []


@pytest.mark.skipif(os.name == "nt", reason="no file of Windows has such a name")
@pytest.mark.parametrize("name", ["a:b.csv", "a=b.csv", "a\x1b.csv", b"a\xff.csv"])
def test_a_name_with_unusual_characters_is_left_to_the_shell(tmp_path, name):
    (tmp_path / "a.csv").touch()
    assert bash(tmp_path, "xl2 path a") == ["a.csv"]
    (tmp_path / os.fsdecode(name)).touch()
    assert bash(tmp_path, "xl2 path a") == []


@pytest.mark.parametrize("shell", ["zsh", "fish", "powershell"])
def test_other_shells_complete_too(tmp_path, shell):
    found = run(
        tmp_path,
        _XL2_COMPLETE=f"complete_{shell}",
        _TYPER_COMPLETE_ARGS="xl2 path digits --optimizer ne",
        _TYPER_COMPLETE_FISH_ACTION="get-args",
        _TYPER_COMPLETE_WORD_TO_COMPLETE="ne",
    )
    assert "nesterov" in "".join(found)
    assert "momentum" not in "".join(found)


@pytest.mark.parametrize(
    ("shell", "text"),
    [
        ("bash", "complete -o default -F _xl2_completion xl2"),
        ("zsh", "compdef _xl2_completion xl2"),
        ("fish", "complete --command xl2"),
        ("powershell", "Register-ArgumentCompleter -Native -CommandName xl2"),
    ],
)
def test_the_scripts_are_those_of_xl2(xl2, monkeypatch, shell, text):
    monkeypatch.setattr("shellingham.detect_shell", lambda *_: (shell, f"/bin/{shell}"))
    code, out, _ = xl2("--show-completion")
    assert code == 0
    assert text in out
    assert "_XL2_COMPLETE" in out


def test_completion_imports_nothing_heavy(tmp_path):
    code = (
        "import sys; from xl2.cli import main\n"
        "try: main()\n"
        "except SystemExit: print(sorted({'numpy', 'sklearn', 'pandas', 'torch'} & {*sys.modules}))"
    )
    where = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "_XL2_COMPLETE": "complete_bash",
    }
    where |= {"COMP_WORDS": "xl2 path digits --scoring f1_m", "COMP_CWORD": "4"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=where)
    assert done.stdout.split("\n") == ["f1_macro", "f1_micro", "[]", ""]


def test_the_values_are_those_of_the_library():
    assert set(VALUES["activation"]) == {*ACTIVATIONS}
    assert set(VALUES["optimizer"]) == {*OPTIMIZERS}
    assert set(VALUES["schedule"]) == {*SCHEDULES}
    assert set(VALUES["preset"]) == {*PRESETS}
    assert set(VALUES["scoring"]) <= {*get_scorer_names()}
    assert set(VALUES["sep"]) <= {*reading_options.NAMES}
    known = {one.name for one in backends()}
    assert {*VALUES["backend"]} - {"auto"} <= known
    assert set(VALUES["task"]) == {*TASKS}
    for per in VALUES["per"]:
        L2(1.0, per)
    suite = _module("suite")
    every = [*suite.SECTIONS, suite.GROWTH, *(one for one in suite.PEERS if one != suite.OWN)]
    assert set(VALUES["only"]) == {*every}
    assert {*SUFFIXES, *EXCEL, *CSV} <= {*DATA_SETS}


def test_every_file_is_left_to_the_shell():
    """typer would complete the name of a file as it is, which keeps the shell from doing better."""
    for command in typer.main.get_command(app).commands.values():
        for name, one in inspect.signature(command.callback).parameters.items():
            if Path in (one.annotation, *getattr(one.annotation, "__args__", ())):
                assert completer_of(name) is not None, name
    options = {p.name for c in typer.main.get_command(app).commands.values() for p in c.params}
    assert {*FILES, *VALUES} <= options
