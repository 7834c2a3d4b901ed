"""Presets: the values of arguments that a path's caller leaves out."""

import importlib.util
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from xl2 import regularization_path
from xl2.errors import InputError
from xl2.nn.optimizers import SGD, Adam
from xl2.path.presets import NAMES, PRESETS, Choices, choices_of

RNG = np.random.default_rng(4)
X = RNG.normal(size=(90, 3)) * [1.0, 30.0, 0.1]
LABELS = (X[:, 0] + X[:, 1] / 30.0 > 0).astype(int)
VALUES = X[:, 0] * 5.0 + 2.0
QUICK = {"epochs": 2, "hidden": (4,), "cv": 3, "progress": False}


def test_what_is_given_is_taken_and_what_is_none_is_the_presets():
    found = choices_of("default", 100, False, hidden=(7,), epochs=None, dropout=0.0)
    assert found.hidden == (7,)
    assert found.epochs == PRESETS["default"](100, False).epochs
    off = choices_of("default", 100, False, standardize=False, label_smoothing=0.0)
    assert (off.standardize, off.label_smoothing) == (False, 0.0)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("y", [LABELS, VALUES])
def test_each_preset_trains_classes_and_values(preset, y):
    path = regularization_path(X, y, preset=preset, **QUICK)
    assert np.isfinite(path.validation_scores_).all()
    assert path.best_model_.predict(X).shape == y.shape


def test_the_default_learns_columns_of_any_unit_and_plain_does_not():
    found = regularization_path(X, VALUES, [0.0], cv=3, progress=False)
    with pytest.warns(ConvergenceWarning, match="Training has not finished"):
        plain = regularization_path(X, VALUES, [0.0], preset="plain", cv=3, progress=False)
    assert found.validation_means_[0] > 0.9
    assert found.validation_means_[0] > plain.validation_means_[0]


def test_many_rows_need_fewer_epochs():
    found = [PRESETS["default"](rows, False).epochs for rows in (1, 600, 2500, 5000, 10**5)]
    assert found == [100, 100, 100, 50, 30]


def test_labels_are_smoothed_and_probabilities_calibrated_for_classes_only():
    of_classes, of_values = (PRESETS["default"](100, one) for one in (False, True))
    assert of_classes.label_smoothing > 0.0
    assert of_classes.calibrate
    assert of_values.label_smoothing == 0.0
    assert not of_values.calibrate
    path = regularization_path(X, LABELS, **QUICK)
    assert path.best_model_.temperature == path.temperature_


def test_the_arguments_of_a_preset_are_those_of_the_function():
    import inspect

    known = inspect.signature(regularization_path).parameters
    assert set(NAMES) == {field.name for field in fields(Choices)} <= set(known)
    assert all(known[name].default is None for name in NAMES)


def test_sklearn_is_scikit_learns_defaults():
    theirs, own = MLPClassifier(), PRESETS["sklearn"](1000, False)
    assert own.hidden == theirs.hidden_layer_sizes
    assert own.activation == theirs.activation
    assert own.optimizer == theirs.solver
    assert own.learning_rate == theirs.learning_rate_init
    assert own.epochs == theirs.max_iter
    assert own.batch_size == 200
    assert PRESETS["sklearn"](150, False).batch_size == 150
    assert own.shuffle == theirs.shuffle


def test_notebook_is_the_network_of_the_ten_figures_on_mnist():
    file = Path(__file__).parents[2] / "benchmarks" / "notebook_figures.py"
    spec = importlib.util.spec_from_file_location("notebook_figures", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    theirs, own = module.EXPERIMENTS["mnist"], PRESETS["notebook"](60000, False)
    assert [784, *own.hidden, 10] == theirs.dimensions
    assert own.initializer == theirs.initialization
    assert [own.activation, own.activation, own.output] == module.ACTIVATIONS
    assert list(own.lambdas) == list(theirs.figures)
    for name, value in theirs.settings.items():
        assert getattr(own, name) == value
    assert (own.optimizer, own.per, own.shuffle, own.even_batches) == ("sgd", "batch", False, False)


def test_a_training_has_the_values_of_its_preset():
    path = regularization_path(X, LABELS, preset="notebook", cv=3, epochs=1, progress=False)
    settings = path._settings
    assert settings.sizes == (3, 50, 25, 1)
    assert settings.activations == ("relu", "relu", "sigmoid")
    assert path.lambdas_.tolist() == [0.0, 0.1, 1.0, 3.0]
    training = regularization_path(X, LABELS, **QUICK)._settings.training
    assert isinstance(training.optimizer, Adam)
    assert training.schedule == "cosine"
    given = regularization_path(X, LABELS, optimizer=SGD(), schedule="constant", **QUICK)
    assert given._settings.training.optimizer == SGD()
    assert given._settings.training.schedule == "constant"


@pytest.mark.parametrize("preset", ["fast", None, 1])
def test_an_unknown_preset_is_an_error(preset):
    with pytest.raises(InputError, match="Available presets are default, best, plain"):
        regularization_path(X, LABELS, preset=preset)


def _cell(value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, tuple):
        return ", ".join(f"{one:g}" for one in value)
    if isinstance(value, Adam):
        return f"Adam(beta_2={value.beta_2:g}, scale_rate={value.scale_rate:g})"
    return f"{value:g}" if isinstance(value, float) else str(value)


def test_the_table_of_the_docs_has_all_values():
    lines = (Path(__file__).parents[2] / "docs" / "defaults.md").read_text().splitlines()
    start = lines.index(f"| argument | {' | '.join(PRESETS)} |")
    presets = [values(1000, False) for values in PRESETS.values()]
    for name, line in zip(NAMES, lines[start + 2 :], strict=False):
        cells = [one.strip() for one in line.strip("|").split("|")]
        assert cells == [f"`{name}`", *(_cell(getattr(one, name)) for one in presets)]
    assert not lines[start + 2 + len(NAMES)]
