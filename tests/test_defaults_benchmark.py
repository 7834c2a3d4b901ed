"""The measurement behind docs/defaults.md."""

from __future__ import annotations

import importlib
import inspect
import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss

import xl2
from xl2.cli.bench import _module

HOME = f"{_module('suite').__package__}.defaults"
ablation, command, measure, methods, sets, tables = (
    importlib.import_module(f"{HOME}.{name}")
    for name in ("ablation", "__main__", "measure", "methods", "sets", "tables")
)

pytestmark = pytest.mark.host


def drawn(seed, rows=60):
    """Return a column of numbers, one of categories, and two classes that the first one tells."""
    rng = np.random.default_rng(seed)
    number, text = rng.normal(size=rows), np.array(["b ", "a"])[rng.integers(0, 2, rows)]
    X = pd.DataFrame({"size": number, "kind": text})
    return X, np.where(number > 0, "yes", "no")


SETS = {
    "one": sets.Source(lambda: sets.samples_of(*drawn(0))),
    "two": sets.Source(lambda: sets.samples_of(*drawn(1))),
    "three": sets.Source(lambda: (sets.samples_of(*drawn(2))[0], np.arange(60.0)), regression=True),
}


def constant(name, value, package="", calls=None):
    """Return a training whose method answers `value` for all samples."""

    def fit(X, y, regression, threads):
        if calls is not None:
            calls.append((name, len(X), threads))
        return (methods.Fitted(lambda X: np.full(len(X), value)),)

    return methods.Training((name,), fit, package)


def run(file, trainings, splits=2, **changed):
    said = []
    options = {"splits": splits, "rows": 30, "threads": 1, "say": said.append, **changed}
    measure.measure(file, {name: SETS[name] for name in ("one", "two")}, trainings, **options)
    return said


def record(method, name, number, error, loss=None, seconds=1.0):
    return measure.Record(name, number, 30, 1, method, error, loss, seconds)


def test_frames_have_numbers_and_categories():
    X, y = sets.samples_of(*drawn(0))
    assert list(X.columns) == ["c0", "c1"]
    assert X["c0"].dtype == np.float64
    assert list(X["c1"].cat.categories) == ["a", "b"]
    assert set(y) == {"yes", "no"}


def test_a_split_is_stratified_and_without_rare_classes(monkeypatch):
    X = pd.DataFrame({"c0": np.arange(319.0)})
    y = np.repeat(["a", "rare", "b"], [200, 19, 100])
    source = sets.Source(lambda: (X, y))
    split, again, other = source.split(0, 60), source.split(0, 60), source.split(1, 60)
    assert np.bincount(split.y).tolist() == [40, 20]
    assert np.bincount(split.y_test).tolist() == [160, 80]
    values = np.concatenate([split.X["c0"], split.X_test["c0"]])
    assert sorted(values) == [*range(200), *range(219, 319)]
    assert ((split.X["c0"] >= 219) == split.y).all()
    pd.testing.assert_frame_equal(split.X, again.X)
    assert not split.X.equals(other.X)
    assert len(source.split(0, 1000).X) == 180
    monkeypatch.setattr(sets, "TEST", 50)
    assert len(source.split(0, 60).X_test) == len(source.split(0, 60).y_test) == 50


def test_a_file_of_keel_is_read(tmp_path):
    file = tmp_path / "small.dat"
    file.write_text("@relation small\n#@inputs a, b\n@data\n1.5, red, yes\n?, green, no\n")
    X, y = sets._last(file)
    np.testing.assert_array_equal(X["c0"], [1.5, np.nan])
    assert list(X["c1"]) == ["red", "green"]
    assert list(y) == ["yes", "no"]


@pytest.mark.parametrize("package", sets.PACKAGES)
def test_a_missing_package_is_named(package, monkeypatch):
    monkeypatch.setattr(sets.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(xl2.InputError, match=f"pip install {sets.PACKAGES[package]}$"):
        sets.data_of(package)


def test_sets_are_chosen_by_group_or_name():
    assert sets.DEVELOPMENT.keys().isdisjoint(sets.APART)
    assert len(sets.chosen("development", False)) == 14
    assert len(sets.chosen("development", True)) == 10
    assert len(sets.chosen("apart", False)) == 12
    assert len(sets.chosen("apart", True)) == 8
    assert list(sets.chosen("digits,mpg", False)) == ["digits", "mpg"]
    with pytest.raises(xl2.InputError, match="Unknown set 'digit'"):
        sets.chosen("digit", False)


def test_a_stopped_measurement_goes_on(tmp_path):
    file, calls = tmp_path / "methods.jsonl", []
    first = constant("first", 1, calls=calls)

    def stop(X, y, regression, threads):
        if len(calls) == 2:
            raise KeyboardInterrupt
        return first.fit(X, y, regression, threads)

    with pytest.raises(KeyboardInterrupt):
        run(file, [methods.Training(("first",), stop)])
    assert len(measure.read(file)) == len(calls) == 2
    with file.open("a") as stream:
        stream.write('{"set": "one", "spl')  # as a crash leaves it
    assert len(measure.read(file)) == 2
    run(file, [first])
    found = measure.read(file)
    assert [(one.set, one.split) for one in found] == [
        ("one", 0),
        ("two", 0),
        ("one", 1),
        ("two", 1),
    ]
    assert calls == [("first", 30, 1)] * 4
    assert run(file, [first]) == []
    run(file, [first], threads=3)
    assert calls[4:] == [("first", 30, 3)] * 4


def test_what_is_missing_or_fails_is_said(tmp_path):
    def fail(X, y, regression, threads):
        raise ValueError("no such thing")

    absent = constant("absent", 0, "no_package_of_this_name")
    trainings = [absent, methods.Training(("failing",), fail), constant("sound", 0)]
    said = run(tmp_path / "methods.jsonl", trainings, splits=1)
    assert said[0] == "absent: left out, because it needs: pip install no_package_of_this_name"
    assert said[1] == "one 0, failing: failed, ValueError('no such thing')"
    assert {one.method for one in measure.read(tmp_path / "methods.jsonl")} == {"sound"}


def test_one_training_may_give_two_methods(tmp_path):
    def fit(X, y, regression, threads):
        nothing = methods.Fitted(lambda X: np.zeros(len(X)))
        return nothing, methods.Fitted(lambda X: np.ones(len(X)))

    run(tmp_path / "methods.jsonl", [methods.Training(("refit", "ensemble"), fit)], splits=1)
    refit, ensemble = measure.read(tmp_path / "methods.jsonl")[:2]
    assert refit.seconds == ensemble.seconds
    assert refit.error + ensemble.error == pytest.approx(100.0)


def test_errors_and_log_losses_by_hand():
    y = np.array([0, 1, 2, 1])
    split = sets.Split(None, None, None, y)
    chances = np.array([[0.5, 0.5], [0.2, 0.8], [0.4, 0.6], [0.75, 0.25]])
    fitted = methods.Fitted(lambda X: np.array([0, 1, 1, 0]), lambda X: chances, np.array([0, 1]))
    assert measure.error_of(fitted, split, False) == 50.0
    # The third class was not in training.
    expected = -(math.log(0.5) + math.log(0.8) + math.log(measure.LEAST) + math.log(0.25)) / 4
    assert measure.log_loss_of(fitted, split) == pytest.approx(expected)
    assert measure.log_loss_of(methods.Fitted(fitted.predict), split) is None
    known = split._replace(y_test=np.array([0, 1, 1, 1]))
    assert measure.log_loss_of(fitted, known) == pytest.approx(log_loss(known.y_test, chances))
    values = methods.Fitted(lambda X: np.array([3.0, 5.0]))
    split = sets.Split(None, None, None, np.array([2.0, 8.0]))
    assert measure.error_of(values, split, True) == pytest.approx(math.sqrt(5.0) / 3.0)


RECORDS = [
    record("xl2 ensemble", "one", 0, 2.0, 0.1, 1.0),
    record("xl2 ensemble", "one", 1, 4.0, 0.3, 3.0),
    record("xl2 ensemble", "two", 0, 12.0, 0.4, 8.0),
    record("xl2 plain", "one", 0, 4.0, 0.6, 1.0),
    record("xl2 plain", "two", 0, 12.0, 0.8, 1.0),
    record("other", "one", 1, 8.0),
    record("other", "two", 0, 6.0),
    record("other", "three", 0, 1.0),
    record("alone", "three", 1, 0.0),
]


def test_ratios_are_of_common_splits():
    runs = tables.runs_of(RECORDS)
    own = tables.compared(runs, "other", "xl2 ensemble")
    assert own.ratios == {"one": 2.0, "two": 0.5}
    assert own.pairs == 2
    assert own.ratio == pytest.approx(1.0)
    assert own.worst == "2.00, one"
    # Of split 0 alone: the mean over both would be 3.
    assert tables.compared(runs, "xl2 plain", "xl2 ensemble").ratios == {"one": 2.0, "two": 1.0}
    nothing = tables.compared(runs, "alone", "other")
    assert (nothing.pairs, nothing.worst) == (0, "")
    assert math.isnan(nothing.ratio)
    assert tables.geometric([0.0, tables.LEAST]) == pytest.approx(tables.LEAST)


def test_the_tables_by_hand():
    shown = tables.tables(RECORDS, ["one", "two", "empty"]).splitlines()
    # The errors of the ensemble are 3 and 12, and their geometric mean is 6.
    assert shown[2:5] == [
        "| xl2 ensemble | 3 | 6 | 1.000 | 3 | 1.00, two | 0.300 | 3.00 |",
        "| other | 2 | 6.93 | 1.000 | 2 | 0.50, two |  | 1.00 |",
        "| xl2 plain | 2 | 6.93 | 1.414 | 2 |  | 0.700 | 1.00 |",
    ]
    assert shown[6:] == [
        "| set | xl2 ensemble | other | xl2 plain |",
        "|---|---:|---:|---:|",
        "| one | 3.00 | 8.00 | 4.00 |",
        "| two | 12.00 | 6.00 | 12.00 |",
    ]
    assert tables.tables(RECORDS, ["empty"]) == "Nothing has been measured."


def test_the_table_of_changes_by_hand():
    records = [
        record("default", "one", 0, 2.0, 0.1, 2.0),
        record("default, refit", "one", 0, 4.0, 0.2, 3.0),
        record("tanh", "one", 0, 3.0, 0.2, 5.0),
        record("tanh, refit", "one", 0, 3.0, 0.4, 6.0),
    ]
    assert tables.ablation_table(records, ["one"]).splitlines()[2:] == [
        "| default | 1 | 1.000 | 1.000 |  | 0.100 | 2.00 |",
        "| tanh | 1 | 1.500 | 0.750 | 1.50, one | 0.200 | 5.00 |",
    ]
    assert "default has not been" in tables.ablation_table(records[2:], ["one"])


KEYS = {key for change in ablation.CHANGES.values() for key in change}


def test_changes_are_arguments_of_a_path_and_change_it():
    assert inspect.signature(xl2.regularization_path).parameters.keys() >= KEYS
    values = dict.fromkeys(KEYS) | {"hidden": (64, 64), "activation": "tanh", "lambdas": 5}
    preset = SimpleNamespace(**values)
    named = ablation.trainings(preset, False)
    assert next(iter(named)) == "default"
    assert not named.keys() & {"hidden 64 64", "tanh", "5 lambdas"}
    assert named.keys() >= {"hidden 64", "8 lambdas", "label smoothing 0.05"}
    assert named["two seeds"].names == ("two seeds", "two seeds, refit")
    smoothed = {name for name in named if "smoothing" in name}
    assert named.keys() - ablation.trainings(preset, True).keys() == smoothed


def test_xl2s_methods_come_of_one_path(monkeypatch):
    """The refit is the model of the best lambda; the ensemble does without its seconds."""
    given = []
    network = xl2.Network([2, 1], seed=0)

    def path_of(X, y, regression, **arguments):
        given.append(arguments)
        best = xl2.Model(network, classes=(0, 1))
        return SimpleNamespace(best_model_=best, ensemble_=xl2.Ensemble([best]), refit_time_=5.0)

    monkeypatch.setattr(methods, "path_of", path_of)
    monkeypatch.setattr(ablation, "path_of", path_of)
    for training in methods.TRAININGS[:3]:
        fitted = training.fit(None, None, False, 1)
        assert len(fitted) == len(training.names)
    changes = ablation.trainings(SimpleNamespace(**dict.fromkeys(KEYS)), False)
    changes["tanh"].fit(None, None, False, 1)
    assert given == [
        {},
        {"preset": "best", "refit": "best"},
        {"preset": "plain", "standardize": True},
        {"refit": "best", "activation": "tanh"},
    ]
    X = np.array([[1.0, 2.0], [-1.0, 0.5]])
    one = fitted[0].chances(X)
    np.testing.assert_allclose(one[:, 1:], network.forward(X))
    np.testing.assert_allclose(one.sum(axis=1), 1.0)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", ["scikit-learn MLP", "HistGradientBoosting"])
def test_scikit_learns_methods_take_gaps_and_categories(name):
    X, y = sets.samples_of(*drawn(0, 120))
    X.loc[0, "c0"] = np.nan
    labels = (y == "yes").astype(int)
    (fitted,) = methods.METHODS[name].fit(X, labels, False, 1)
    assert (fitted.predict(X) == labels).mean() > 0.8
    assert fitted.chances(X).shape == (120, 2)
    (fitted,) = methods.METHODS[name].fit(X, 5.0 + 2.0 * labels, True, 1)
    assert np.abs(fitted.predict(X) - 5.0 - 2.0 * labels).mean() < 1.0
    assert fitted.chances is None


def test_the_command_measures_and_prints(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sets, "SETS", SETS)
    known = {name: constant(name, 1) for name in ("xl2 ensemble", "other")}
    monkeypatch.setattr(methods, "METHODS", known)
    words = [str(tmp_path / "out"), "--sets", "one,three", "--rows", "30", "--splits", "1"]
    shown = command.run(command.parse(words))
    assert "| other | 2 |" in shown
    assert len(capsys.readouterr().out.splitlines()) == 4
    assert command.run(command.parse([*words, "--tables"])) == shown
    assert capsys.readouterr().out == ""
    with pytest.raises(xl2.InputError, match="Unknown method 'xl3'"):
        command.run(command.parse([*words, "--methods", "xl3"]))
