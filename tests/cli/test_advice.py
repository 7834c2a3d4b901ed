"""The advice of `xl2 path`: its experiments, the command to run next, and JSON."""

import dataclasses
import json
import re
import shlex

import numpy as np
import pytest

import xl2 as package
from xl2.cli import workflows
from xl2.cli.next_command import with_next_command
from xl2.data.columns import find_features
from xl2.diagnosis.actions import Action
from xl2.errors import Face, facing

QUICK = ("--epochs", 20, "--batch-size", 16, "--cv", 3, "--hidden", "4", "--lambdas", "0,3",
         "--learning-rate", 0.05)  # fmt: skip
NAMES = {"hidden": "--hidden", "epochs": "--epochs", "learning_rate": "--learning-rate"}


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
    assert "Leave out --no-experiments to find out." in " ".join(out.split())
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
    assert found["advice"][0].count("limits this model") == 1
    assert {file.name for file in tmp_path.iterdir()} == {"t.csv", "m"}
    code, out, _ = xl2("diagnose", "m", "t.csv", "--json")
    assert code == 0
    again = json.loads(out)
    for name in ("test_score", "test_interval", "train_score", "gap"):
        assert again[name] == pytest.approx(found[name])
    assert again["notes"] == [
        "The model was trained on 96 of the 120 rows of t.csv; the other 24 are the test samples."
    ]


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
    with facing(Face(NAMES, command_line=True)):
        found = with_next_command(advised("network", **arguments), shlex.split(given))
    assert found.next_step == f"xl2 {expected}"


@pytest.mark.host
def test_an_ensemble_which_no_command_trains_stays_a_line_of_python():
    with facing(Face(NAMES, command_line=True)):
        found = with_next_command(advised("ensemble", seed=[0, 1]), ["path", "digits"])
        assert "Next, in Python:\n  a line of Python\n" in str(found)


@pytest.mark.host
def test_a_long_command_is_printed_in_lines_that_a_shell_joins():
    given = ["path", "a file.csv", "--lambdas", ",".join(map(str, range(20))), "--cv", "7"]
    with facing(Face(NAMES, command_line=True)):
        found = with_next_command(advised("network", hidden=(200, 100)), given)
        printed = str(found).partition("Next:\n")[2].partition("\n\n")[0]
    assert len(printed.splitlines()) == 2
    assert max(map(len, printed.splitlines())) <= 80
    assert shlex.split(printed.replace("\\\n", "")) == ["xl2", *given, "--hidden", "200,100"]
