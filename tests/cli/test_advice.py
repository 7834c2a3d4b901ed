"""The advice of `xl2 path`: its experiments, the command to run next, and JSON."""

import dataclasses
import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from typer.main import get_command

import xl2 as package
from xl2.cli import app, workflows
from xl2.cli.next_command import with_next_command
from xl2.data.columns import find_features
from xl2.diagnosis.actions import Action
from xl2.diagnosis.formats import plain
from xl2.errors import Face, facing

QUICK = ("--epochs", 20, "--batch-size", 16, "--cv", 3, "--hidden", "4", "--lambdas", "0,3",
         "--learning-rate", 0.05, "--preset", "plain")  # fmt: skip
NAMES = {"hidden": "--hidden", "epochs": "--epochs", "learning_rate": "--learning-rate"}
COMMAND = get_command(app).commands["path"]


@pytest.fixture
def table(tmp_path, monkeypatch):
    """Write a table whose label depends on column "a"; its target and groups are in between."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    with open("t.csv", "w") as file:
        file.write("who,a,label,b,c\n")
        for k in range(120):
            a, b, c, d = rng.normal(size=4)
            file.write(f"p{k // 4},{a:.4f},{'ny'[int(a + 0.5 * d > 0)]},{b:.4f},{c:.4f}\n")
    return ("t.csv", "--target", "label", "--groups", "who")


@pytest.fixture
def without(monkeypatch):
    """Return what the path was asked to leave out, and to try, in a list."""
    seen, trained = [], workflows.regularization_path

    def watched(*arguments, **options):
        seen.append(options)
        return trained(*arguments, **options)

    monkeypatch.setattr(workflows, "regularization_path", watched)
    return seen


@pytest.mark.host
def test_what_gains_stands_first_and_then_what_it_rests_on(xl2, table):
    code, out, err = xl2("path", *table, *QUICK, "--budget", 20)
    assert (code, err) == (0, "")
    parts = ["adam, batches of 16", "limits this model: ", "\naction ", "Gains are in points of",
             "2 lambdas x 3 folds", "\n    null", "\ntraining ", "The picture is in"]  # fmt: skip
    places = [out.index(part) for part in parts]
    assert places == sorted(places)
    assert "the best by log loss" in " ".join(out.split())
    assert max(map(len, out.splitlines())) <= 80
    sentences = re.split(r"(?<=\.)\s+(?=[A-Z])", out)
    assert len(sentences) == len(set(sentences))


@pytest.mark.host
def test_features_are_left_out_by_name_or_by_the_index_of_their_column(xl2, table, without):
    code, out, err = xl2("path", *table, *QUICK, "--without", "a", "--without", "c, 3",
                         "--budget", 100)  # fmt: skip
    assert (code, err) == (0, "")
    assert without[0]["without"] == {"a": [0], "c, b": [2, 1]}
    assert re.search(r"^without a +-", out, re.M)
    assert re.search(r"^without c, b +[-+]", out, re.M)


@pytest.mark.host
def test_without_experiments_no_other_setting_is_tried(xl2, table, without):
    code, out, _ = xl2("path", *table, *QUICK, "--no-experiments")
    assert code == 0
    assert without[0]["experiments"] is False
    assert "on the training file, without --no-experiments, to find out." in " ".join(out.split())
    assert " units for " not in out


@pytest.mark.host
@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (("--without", "label"), "--without must be names .* 'a', 'b', 'c', the columns 1, 3 to 4"),
        (("--without", "2"), "Received: '2'"),
        (("--without", "a,b,c"), "--without must leave out one or more of the 3 features, not all"),
        (("--budget", "0"), "--budget must be a number above 0"),
    ],
)
def test_an_experiment_that_cannot_be_made_is_one_message(xl2, table, wanted, message):
    code, out, err = xl2("path", *table, *QUICK, *wanted)
    assert (code, out) == (2, "")
    assert re.match(f"Error: .*{message}", " ".join(err.split()))


@pytest.mark.host
def test_columns_without_names_are_counted_as_in_their_file():
    assert find_features("0, 3", (), (0, 2, 3)) == [0, 2]
    assert find_features("x,y", ("x,y", "z"), (0, 1)) == [0]
    with pytest.raises(package.InputError, match="The features are the columns 0, 2 to 3, counted"):
        find_features("1", (), (0, 2, 3))


@pytest.mark.host
def test_json_has_the_path_and_the_diagnosis_and_nothing_else(xl2, table, tmp_path):
    code, out, _ = xl2("path", *table, *QUICK, "--json", "--out", "m")
    assert code == 0
    found = json.loads(out)
    assert found["path"]["lambdas"] == [0.0, 3.0]
    assert found["path"]["best_lambda"] in found["path"]["lambdas"]
    assert len(found["path"]["validation_scores"]) == 2
    assert found["advice"][0].count("to the target of 100.00 %") == 1
    assert {file.name for file in tmp_path.iterdir()} == {"t.csv", "m"}


# One model and one file get one verdict.

VERDICT = ("advice", "limits", "actions", "left_out", "folds", "signal", "lam", "chosen_by",
           "next_step", "null_answer", "cautions", "test_score", "train_score", "gap",
           "test_interval")  # fmt: skip


def verdicts(xl2, *arguments):
    """Return what a path and the diagnosis of its model say, as data."""
    found = []
    for command in (("path", *arguments, "--out", "m"), ("diagnose", "m", "t.csv")):
        code, out, err = xl2(*command, "--json")
        assert (code, err) == (0, "")
        found.append(json.loads(out))
    return found


@pytest.mark.host
@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--budget", 100, "--without", "a", "--epochs", 4), "^The .* limits? this model: "),
        (("--no-experiments",), "on the training file, without --no-experiments, to find out"),
        (("--budget", 1e-9), "Allow xl2 path more time for experiments: --budget 5"),
    ],
)
def test_a_path_and_its_model_get_one_verdict(xl2, table, more, words):
    path, model = verdicts(xl2, *table, *QUICK, *more)
    assert [model[name] for name in VERDICT] == [path[name] for name in VERDICT]
    assert re.search(words, " ".join(path["advice"]))
    # The path has the models of two lambdas, the file has one.
    assert (path["comparison"] is None, model["comparison"]) == (False, None)
    assert model["notes"] == [
        "The model was trained on 96 of the 120 rows of t.csv; the other 24 are the test samples."
    ]
    if "--without" in more:
        assert {a["kind"] for a in path["actions"]} > {"network", "training", "features", "rows"}
        assert path["next_step"].startswith("xl2 path t.csv --target label --groups who --epochs ")
        assert " --out m --json" in path["next_step"]


@pytest.mark.host
def test_without_a_signal_a_path_and_its_model_get_one_verdict(xl2, table):
    rng = np.random.default_rng(1)
    with open("t.csv", "w") as file:
        file.write("a,label\n")
        file.writelines(f"{rng.normal():.4f},{rng.integers(2)}\n" for _ in range(80))
    path, model = verdicts(xl2, "t.csv", "--lambdas", "0,3", "--epochs", 5)
    assert path["limits"]["by"] == "signal"
    assert path["advice"][0].startswith("No lambda predicts better than always answering")
    assert any(n.startswith("No lambda beats the null model") for n in path["path"]["notes"])
    # Printed together, one of the two is enough.
    code, out, _ = xl2("path", "t.csv", "--lambdas", "0,3", "--epochs", 5)
    assert (code, out.count("No lambda")) == (0, 1)
    assert [model[name] for name in VERDICT] == [path[name] for name in VERDICT]


@pytest.mark.host
def test_a_regressions_path_and_model_get_one_verdict(xl2, table):
    rng = np.random.default_rng(2)
    with open("t.csv", "w") as file:
        file.write("a,value\n")
        file.writelines(f"{a:.4f},{a + rng.normal():.4f}\n" for a in rng.normal(size=150))
    path, model = verdicts(xl2, "t.csv", *QUICK, "--budget", 20)
    scores = {"test_score", "train_score", "gap", "test_interval", "limits"}
    for name in scores:
        assert model[name] == pytest.approx(path[name])  # rows are added up in another order
    others = [name for name in VERDICT if name not in scores]
    assert [model[name] for name in others] == [path[name] for name in others]


@pytest.mark.host
def test_both_are_printed_in_the_same_words(xl2, table):
    _, of_path, _ = xl2("path", *table, *QUICK, "--budget", 20, "--out", "m")
    code, of_model, err = xl2("diagnose", "m", "t.csv")
    assert (code, err) == (0, "")
    assert max(map(len, of_model.splitlines())) <= 80
    begin, end = of_path.index("\n\nThe "), of_path.index("\n\n2 lambdas x")
    assert of_path[begin:end] in of_model
    begin, end = of_path.index("\n\n          accuracy"), of_path.index(" Lambda 3 gets ")
    assert " ".join(of_path[begin:end].split()) in " ".join(of_model.split())


@pytest.mark.host
def test_the_command_of_a_model_names_no_file_but_the_users_own(xl2, table, monkeypatch):
    monkeypatch.setattr("xl2.cli.values.trackers", lambda mlflow, tensorboard: [])
    code, _, _ = xl2("path", *table, *QUICK, "--no-experiments", "--picture=secret.png", "--out",
                     "m", "--checkpoint", "secret", "--scoring=accuracy", "--json",
                     "--target-score", 0.9, "--mlflow", "http://me:secret@host",
                     "--tensorboard=secret")  # fmt: skip
    assert code == 0
    stored = package.load("m").tried["options"]
    # The options that say what is trained, as they were given, and nothing else.
    assert stored == [*table[1:], *map(str, QUICK), "--no-experiments", "--scoring=accuracy"]


@pytest.fixture
def forged(xl2, table):
    """Return a function that writes a model with options, and returns the next step."""
    xl2("path", *table, *QUICK, "--no-experiments", "--out", "m")
    model = package.load("m", backend="numpy")

    def next_step(options, *given, **arguments):
        action = Action("k", "network", "what", 0.1, (0.05, 0.15), arguments=arguments)
        actions = [plain(dataclasses.asdict(action))]
        tried = {**model.tried, "actions": actions, "options": options}
        package.save(dataclasses.replace(model, tried=tried), "m")
        code, out, _ = xl2("diagnose", "m", "t.csv", "--json", *given)
        assert code == 0
        return json.loads(out)["next_step"]

    return next_step


@pytest.mark.host
@pytest.mark.parametrize(
    ("options", "kept"),
    [
        (["home", "--evil", "--", "--out=.bashrc", "--out", ".profile"], ""),
        (["--resume", "--test", "y", "--report", "x", "--checkpoint=z"], ""),
        (["--cv", "3; rm x", "--scoring=$(rm x)"], "--cv '3; rm x' '--scoring=$(rm x)' "),
        # Options as values: when --hidden is replaced, the next word would be an option.
        (["--dtype", "--report", "--seed", "--hidden", "--cv", "--out=.bashrc"], ""),
        (["--hidden", "1", "--dtype", "--hidden=2", "--seed", "--report=.bashrc"], "--hidden 9 "),
        (["--cv"], "--cv '' "),
    ],
)
def test_a_strangers_model_cannot_put_a_file_into_the_command(forged, options, kept):
    expected = f"xl2 path t.csv {kept}--out m --json"
    expected += "" if "--hidden" in kept else " --hidden 9"
    assert forged(options, hidden=(9,)) == expected


@pytest.mark.host
def test_the_next_command_judges_as_the_present_one_does(forged):
    stored = ["--target", "-1", "--target-score", "0.5", "--epochs", "20"]
    given = ("--target", "label", "--target-score", 0.99, "--new-labels")
    assert forged(stored, *given, epochs=60) == (
        "xl2 path t.csv --target label --epochs 60 --target-score 0.99 --new-labels --out m --json"
    )


@pytest.mark.host
def test_a_model_that_python_saved_has_the_line_of_python(xl2, table):
    data = package.load_data("t.csv", target="label", groups="who")
    path = package.regularization_path(
        data.X, data.y, [0, 3], experiments=["wider", "longer"], budget=1e6, epochs=2,
        batch_size=16, cv=3, hidden=(4,), learning_rate=0.05, standardize=True, progress=False,
    )  # fmt: skip
    package.save(path.best_model_, "m")
    for name, X in (("old.csv", data.X), ("new.csv", data.X + 0.01)):
        rows = [",".join(map(str, [*x, y])) for x, y in zip(X, data.y, strict=True)]
        Path(name).write_text("\n".join(["a,b,c,label", *rows]))
    code, out, err = xl2("diagnose", "m", "old.csv", "--test", "new.csv")
    assert (code, err) == (0, "")
    line = package.diagnose(path).next_step
    assert line.startswith("regularization_path(X, y, ..., ")
    assert f"Next, in Python:\n  {line}" in out.replace("\n    ", " ")


def advised(kind, **arguments):
    """Return a diagnosis that advises one action."""
    X = np.zeros((4, 1))
    found = package.diagnose(package.Network([1, 1]), X, [0, 1, 0, 1], X + 1, [0, 1, 1, 0])
    action = Action("key", kind, "what", 0.1, (0.05, 0.15), arguments=arguments)
    return dataclasses.replace(found, actions=(action,), next_step="a line of Python")


@pytest.mark.host
@pytest.mark.parametrize(
    ("given", "arguments", "expected"),
    [
        ("path digits", {"hidden": (200, 100)}, "path digits --hidden 200,100"),
        ("path d.csv --hidden 9,9 --cv 3", {"hidden": (9,)}, "path d.csv --hidden 9 --cv 3"),
        ("path 'a b.csv' --hidden=9", {"hidden": ()}, "path 'a b.csv' --hidden ''"),
        ("path d --resume --epochs 5", {"epochs": 15}, "path d --epochs 15"),
        ("path d --epochs 5 --epochs=6", {"epochs": 15}, "path d --epochs 15"),
        ("path d", {"learning_rate": 0.003}, "path d --learning-rate 0.003"),
    ],
)
def test_the_next_step_is_the_users_command_with_one_option_changed(given, arguments, expected):
    found = with_next_command(advised("network", **arguments), shlex.split(given), COMMAND)
    assert found.next_step == f"xl2 {expected}"


@pytest.mark.host
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("path d", "xl2 path d --ensemble"),
        ("path d --no-ensemble --preset=default", "xl2 path d --preset=default --ensemble"),
        ("path d --preset best --no-ensemble", "xl2 path d --preset best --ensemble"),
        ("path d --preset best", ""),
        ("path d --ensemble", ""),
    ],
)
def test_networks_are_averaged_by_the_option_unless_they_are_already(given, expected):
    found = with_next_command(advised("ensemble", seed=[0, 1]), given.split(), COMMAND)
    assert found.next_step == expected


@pytest.mark.host
@pytest.mark.parametrize("preset", ["plain", "unknown"])
def test_an_ensemble_which_no_command_trains_stays_a_line_of_python(preset):
    given = ["path", "digits", "--preset", preset]
    found = with_next_command(advised("ensemble", seed=[0, 1]), given, COMMAND)
    with facing(Face(NAMES, command_line=True)):
        assert "Next, in Python:\n  a line of Python\n" in str(found)


@pytest.mark.host
def test_a_long_command_is_printed_in_lines_that_a_shell_joins():
    given = ["path", "a file.csv", "--lambdas", ",".join(map(str, range(20))), "--cv", "7"]
    found = with_next_command(advised("network", hidden=(200, 100)), given, COMMAND)
    with facing(Face(NAMES, command_line=True)):
        printed = str(found).partition("Next:\n")[2].partition("\n\n")[0]
    assert len(printed.splitlines()) == 2
    assert max(map(len, printed.splitlines())) <= 80
    assert shlex.split(printed.replace("\\\n", "")) == ["xl2", *given, "--hidden", "200,100"]
