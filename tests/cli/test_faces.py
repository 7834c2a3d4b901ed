"""Messages name what the user can set: options on the command line, arguments in Python."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import numpy as np
import pytest
import typer.main

import xl2 as package
from xl2 import MLPClassifierCV, Network, diagnose, fit, load_data, regularization_path
from xl2.cli import app
from xl2.data.splitting import split
from xl2.errors import InputError

pytestmark = pytest.mark.host

ROOT = Path(package.__file__).parents[1]
RNG = np.random.default_rng(2)
X, Y = RNG.normal(size=(60, 3)), np.arange(60) % 3
QUICK = {"hidden": (3,), "epochs": 2, "progress": False}


def table(rows, header="a,b,who,kind"):
    return "\n".join([header, *(",".join(map(str, row)) for row in rows)])


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Enter a folder with data sets and a file named as a checkpoint."""
    monkeypatch.chdir(tmp_path)
    rows = [(*x[:2], 7, y) for x, y in zip(X, "abc" * 20, strict=True)]
    Path("t.csv").write_text(table(rows))
    Path("others.csv").write_text(table((-a, -b, 8, y) for a, b, _, y in rows))
    Path("one.csv").write_text(table((*row[:3], "a") for row in rows))
    Path("many.csv").write_text(table((*row[:3], str(1000 * i)) for i, row in enumerate(rows)))
    np.savez("t.npz", x=X, y=Y)
    np.savez("first.npz", x=X.T, y=Y)
    np.savez("flat.npz", x=X[:, 0], y=Y)
    head = bytes([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2])
    Path("images.idx").write_bytes(head + bytes(4))
    Path("old").write_text("")
    Path("folder").mkdir()
    Path("folder", "plan").write_text("")


def train(**options):
    return fit(Network([3, 3]), X, Y, **{"epochs": 1, **options})


def path(**options):
    return regularization_path(X, Y, **{"lambdas": [0.0], "cv": 2, **QUICK, **options})


BOTH = [
    ("train t.csv --epochs 0", "--epochs 0", lambda: train(epochs=0), "epochs=0"),
    ("path t.csv --batch-size 0", "--batch-size", lambda: path(batch_size=0), "batch_size=0"),
    ("bench --rows 0", "--rows 0", lambda: path(patience=0), "patience=0"),
    ("path t.csv --learning-rate -1", "--learning-rate -1", lambda: path(learning_rate=-1),
     "learning_rate=-1"),
    ("path t.csv --per year", "--per year", lambda: path(per="year"), "per='year'"),
    ("train t.csv --held-out 2", "--held-out must", lambda: split(X, Y, fraction=2, stratify=False),
     "fraction must"),
    ("train t.csv --held-out .999", "smaller --held-out",
     lambda: split(X, Y, fraction=0.999, stratify=True), "smaller fraction"),
    ("train t.csv --resume", "Pass --checkpoint", lambda: train(resume=True), "Pass checkpoint"),
    ("path t.csv --every 5", "--every needs", lambda: path(every=5), "every needs a checkpoint"),
    ("train t.csv --checkpoint c --every 0", "--every 0", lambda: train(checkpoint="c", every=0),
     "every=0"),
    ("train t.csv --checkpoint old", "pass --resume", lambda: train(checkpoint="old"),
     "pass resume=True"),
    ("path t.csv --checkpoint folder", "pass --resume", lambda: path(checkpoint="folder"),
     "pass resume=True"),
    ("path t.csv --cv 1", "--cv 1 for", lambda: path(cv=1), "cv=1 for"),
    ("path t.csv --scoring roc_auc", "--scoring roc_auc cannot", lambda: path(scoring="roc_auc"),
     r"scoring='roc_auc' cannot .*\.make_scorer"),
    ("path t.csv --groups who --test others.csv", "Check --groups", lambda: path(groups=[7] * 60),
     "Check groups"),
    ("train t.csv --groups who", "Check --groups",
     lambda: split(X, Y, stratify=True, groups=np.full(60, 7)), "Check groups"),
    ("path t.csv --lambdas grid:0", "--lambdas must be grid:N", lambda: path(lambdas=0),
     "lambdas must be the length"),
    ("path t.csv --lambdas=", "--lambdas is empty", lambda: path(lambdas=[]), "lambdas is empty"),
    ("train t.csv --dropout 1", "--dropout must be .*: --dropout 1", lambda: path(dropout=1),
     "dropout must be .*: dropout=1"),
    ("path t.csv --schedule up", "Unknown schedule 'up'. Available schedules",
     lambda: path(schedule="up"), "Unknown schedule 'up'. Available schedules"),
    ("train t.csv --preset up", "Unknown preset 'up'. Available presets",
     lambda: path(preset="up"), "Unknown preset 'up'. Available presets"),
    ("path t.csv --seed 0,0", "--seed must be", lambda: path(seed=[0, 0]), "seed must be"),
    ("train t.csv --hidden 5,0", "such as --hidden 50,25", lambda: path(hidden=(5, 0)),
     r"such as hidden=\(50, 25\)"),
    ("train one.csv", r"label column \(--target\)", lambda: regularization_path(X, Y * 0),
     r"Check y\."),
    ("train many.csv", "amounts pass --task regression",
     lambda: regularization_path(X, 1000 * np.arange(60)), "amounts pass task='regression'"),
    ("train t.csv --features-first", "--features-first applies",
     lambda: load_data("t.csv", features_first=True), "features_first=True applies"),
    ("train first.npz", "Pass --features-first", lambda: load_data("first.npz"),
     "Pass features_first=True"),
    ("train flat.npz --features-first", "With --features-first",
     lambda: load_data("flat.npz", features_first=True), "With features_first=True"),
    ("train t.npz --target 1", "--target 1 applies", lambda: load_data("t.npz", target="1"),
     "target='1' applies"),
    ("train t.csv --target 9", "column '9' for --target", lambda: load_data("t.csv", target="9"),
     "column '9' for target"),
    ("train t.npz --groups who", "--groups who applies", lambda: load_data("t.npz", groups="who"),
     "groups='who' applies"),
    ("train t.csv --groups who --target who", "both --target and --groups",
     lambda: load_data("t.csv", groups="who", target="who"), "both target and groups"),
    ("train t.npz --labels x", "--labels x applies", lambda: load_data("t.npz", labels="x"),
     "labels='x' applies"),
    ("train images.idx", "path by --labels", lambda: load_data("images.idx"), "path by labels"),
    ("predict none t.csv", "`xl2 train --out`", lambda: package.load("none"), "xl2.save"),
]  # fmt: skip


@pytest.mark.parametrize(("command", "told", "call", "told_python"), BOTH)
def test_a_message_names_the_options_of_its_face(xl2, files, command, told, call, told_python):
    code, out, err = xl2(*command.split())  # the fixture refuses Python's arguments
    assert (code, out) == (2, "")
    assert re.search(told, err), err
    with pytest.raises(InputError) as error:
        call()
    assert re.search(told_python, str(error.value)), str(error.value)
    assert not re.search(r"--[a-z]", str(error.value))


def test_an_estimator_names_its_own_arguments():
    with pytest.raises(InputError, match=r"Received: cv=61 for") as error:
        MLPClassifierCV(cv=61).fit(X, Y)
    assert "--" not in str(error.value)
    with pytest.raises(InputError, match=r"alphas is empty\. "):
        MLPClassifierCV([]).fit(X, Y)
    with pytest.raises(InputError, match=r"^alphas must be the length"):
        MLPClassifierCV([[1.0]]).fit(X, Y)


def sources():
    return [*(ROOT / "xl2").rglob("*.py"), *(ROOT / "backends").glob("*.py")]


def texts(tree):
    """Yield the text constants that are no docstring, with their lines."""
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.lineno, node.value


def test_only_the_command_line_writes_its_options_out():
    """Others ask `xl2.errors.option`; a whole command in backticks is the same in both faces."""
    found = [
        f"{file.relative_to(ROOT)}:{line}: {text!r}"
        for file in sources()
        # In the wheel the benchmarks, with options of their own, are a part of xl2.
        if file.parent.name != "cli" and "benchmarks" not in file.relative_to(ROOT).parts
        if file.name != "errors.py"
        for line, text in texts(ast.parse(file.read_text("utf-8")))
        if re.search(r"--[a-z]{2}", re.sub(r"`(xl2|torchrun) [^`]*`", "", text))
        and "\n" not in text
    ]
    assert found == []


def test_every_name_that_messages_ask_for_is_an_argument():
    known = {"y", "test", "new_labels"}
    functions = (regularization_path, fit, load_data, split, diagnose, Network, package.L2)
    for function in (*functions, package.Ensemble.interval):
        known |= set(inspect.signature(function).parameters)
    named = {
        (call.args[0].value, file.name)
        for file in sources()
        for call in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id in ("option", "offers")
        and isinstance(call.args[0], ast.Constant)
    }
    assert len(named) > 30
    assert {(name, file) for name, file in named if name not in known} == set()


def test_every_option_of_a_command_has_a_name_in_messages(monkeypatch):
    """As the help lists it, `--lambda` for the argument `lam` too."""
    command = typer.main.get_command(app).commands["train"]
    seen = {}

    def look(self, context):
        from xl2.errors import offers, option

        seen.update({p.name: option(p.name) for p in self.params})
        seen.update(fraction=option("fraction"), cv=offers("cv"))

    monkeypatch.setattr("typer.core.TyperCommand.invoke", look)
    with pytest.raises(SystemExit):
        command.main(["digits"])
    assert seen.pop("data") == "data"
    assert seen.pop("cv") is False
    assert seen.pop("fraction") == "--held-out"
    assert seen["lam"] == "--lambda"
    usage = command.get_help(command.make_context("train", ["digits"]))
    for name in seen.values():
        assert re.search(rf"{name}\b", usage), name
