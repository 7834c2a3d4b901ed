"""Standard output that cannot be written, options of every command, and files without a place."""

import importlib.metadata
import itertools
import os
import subprocess
import sys

import numpy as np
import pytest

from xl2.cli import bench, diagnose, export, path, predict, train
from xl2.errors import InputError

pytestmark = pytest.mark.host

COMMANDS = [path, diagnose, train, predict, export, bench]
# Of the package that is tested, whatever the folder.
WHERE = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
PROGRAM = [sys.executable, "-c", "from xl2.cli import main; main()"]
TRAINING = ["--epochs", "2", "--hidden", "4"]
PATH = [*TRAINING, "--cv", "2", "--lambdas", "0,1", "--no-experiments"]
full_device = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with a data set and a model of it."""
    place = tmp_path_factory.mktemp("full")
    X = np.random.default_rng(0).normal(size=(40, 2))
    np.savez(place / "d.npz", x=X, y=X[:, 0] > 0)
    run = [*PROGRAM, "train", "d.npz", *TRAINING, "--out", "m"]
    subprocess.run(run, cwd=place, check=True, capture_output=True, env=WHERE)
    return place


@full_device
@pytest.mark.parametrize(
    "arguments",
    [
        ["backends"],
        ["--help"],
        ["--version"],
        ["train", "-h"],
        ["predict", "m", "d.npz"],
        ["path", "d.npz", *PATH, "--out", "best", "--picture", "p.png"],
    ],
    ids=" ".join,
)
def test_a_full_standard_output_is_one_line(folder, arguments):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*PROGRAM, *arguments],
            cwd=folder,
            check=False,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env={**WHERE, "PYTHONUNBUFFERED": "1" if "-h" in arguments else ""},
        )
    assert done.returncode == 2
    lines = [line for line in done.stderr.splitlines() if not line.startswith("Warning: ")]
    assert lines[-1] == "Error: Standard output cannot be written: No space left on device."
    assert "Traceback" not in done.stderr
    # What was trained is not lost with the text.
    for option, file in itertools.pairwise(arguments):
        assert option not in ("--out", "--picture") or (folder / file).stat().st_size > 0


@full_device
def test_a_full_standard_error_too_is_only_an_exit_code(folder):
    with open("/dev/full", "w") as full:
        run = [*PROGRAM, "predict", "m", "d.npz"]
        done = subprocess.run(run, cwd=folder, check=False, stdout=full, stderr=full, env=WHERE)
    assert done.returncode == 2


@full_device
def test_a_warning_that_cannot_be_printed_does_not_cost_the_answer(folder):
    X = np.random.default_rng(0).normal(size=(40, 2))
    np.savez(folder / "rare.npz", x=X, y=np.arange(40) < 3)
    run = [*PROGRAM, "path", "rare.npz", *PATH, "--cv", "5", "--picture", "r.png"]

    def output(errors):
        done = subprocess.run(
            run, cwd=folder, check=True, stdout=subprocess.PIPE, stderr=errors, text=True, env=WHERE
        )
        return done.stdout, done.stderr

    _, warning = output(subprocess.PIPE)
    assert "has fewer samples than the 5 folds" in " ".join(warning.split())
    with open("/dev/full", "w") as full:
        answer, _ = output(full)
    assert "The picture is in r.png." in answer


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
def test_a_reader_that_leaves_or_a_closed_output_gives_no_traceback(folder):
    for after, code, message in (("| head -c 1", 0, ""), (">&-", 2, "closed. Write a file")):
        command = f"'{sys.executable}' -c '{PROGRAM[2]}' predict m d.npz {after}"
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=folder,
            check=False,
            capture_output=True,
            text=True,
            env=WHERE,
        )
        assert done.returncode == code
        assert message in done.stderr
        assert "Traceback" not in done.stderr
        assert done.stderr.count("\n") == bool(message)


def test_the_version_is_that_of_the_package(xl2):
    assert xl2("--version") == (0, f"xl2 {importlib.metadata.version('xl2')}\n", "")


def test_every_command_has_a_short_help(xl2):
    for name in ["", "backends", *(command.__name__ for command in COMMANDS)]:
        code, out, _ = xl2(*name.split(), "-h")
        assert code == 0
        assert out == xl2(*name.split(), "--help")[1]
        assert "-h, --help" in " ".join(out.split())


@pytest.mark.parametrize(
    ("command", "option", "text"),
    [
        ("train", "--lambda", "0,,1"),
        ("train", "--lambda", ",1"),
        ("train", "--hidden", "50,,25"),
        ("path", "--lambdas", "0,,1"),
        ("path", "--lambdas", "0,1,"),
        ("path", "--hidden", "50, ,25"),
        ("path", "--seed", "0,,1"),
        ("bench", "--batch-size", "64,,256"),
    ],
)
def test_an_empty_item_of_a_list_is_refused(xl2, command, option, text):
    data = [] if command == "bench" else ["digits"]
    code, out, err = xl2(command, *data, option, text)
    assert (code, out) == (2, "")
    assert err.startswith(f"Error: {option} must be ")
    assert err.endswith(f"numbers separated by commas. Received: '{text}'.\n")


@pytest.mark.parametrize("option", ["--picture", "--out", "--report"])
def test_a_folder_that_cannot_be_written_is_named_with_the_option(
    xl2, tmp_path, monkeypatch, option
):
    pytest.importorskip("matplotlib", reason="--picture needs it")
    monkeypatch.chdir(tmp_path)
    if option != "--picture":
        monkeypatch.setattr("os.access", lambda place, mode: place.name != "closed")
        (tmp_path / "closed").mkdir()
        code, _, err = xl2("path", "digits", option, tmp_path / "closed" / "file.html")
    else:
        # The picture has a place of its own without the option.
        monkeypatch.setattr("os.access", lambda place, mode: place != tmp_path)
        code, _, err = xl2("path", "digits")
        assert "'digits-path.png'" in err
    assert code == 2
    assert "cannot be written to." in err
    assert f"{option} chooses where it is written." in err


@pytest.mark.filterwarnings("always::UserWarning")
def test_a_checkpoint_that_cannot_be_written_is_named_with_the_option(xl2, tmp_path, monkeypatch):
    X = np.random.default_rng(0).normal(size=(40, 2))
    np.savez(tmp_path / "d.npz", x=X, y=X[:, 0] > 0)
    monkeypatch.chdir(tmp_path)
    for command in (["path", "d.npz", *PATH, "--json"], ["train", "d.npz", *TRAINING]):
        code, _, err = xl2(*command, "--checkpoint", "no/c")
        assert code == 2
        assert "'no/c' does not exist. Create it first. --checkpoint chooses where" in err

    def full(*arguments):
        raise InputError("'it' cannot be written: No space left on device.")

    monkeypatch.setattr("xl2.io.safetensors_file.write_whole", full)
    monkeypatch.setattr("xl2.path.checkpoints.write_with_digest", full)
    for command, said in (
        (
            ["path", "d.npz", *PATH, "--json"],
            "without checkpoints (--checkpoint path): 'it' cannot",
        ),
        (["train", "d.npz", *TRAINING], "could not be written (--checkpoint): 'it' cannot be"),
    ):
        code, _, err = xl2(*command, "--checkpoint", command[0])
        assert code == 0
        assert said in " ".join(err.split())
