"""Partial dependence, beside scikit-learn's own."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from figure_tools import clean as clean
from figure_tools import paint, plt, texts
from sklearn import inspection
from sklearn.preprocessing import StandardScaler

import xl2
from xl2 import figures
from xl2.errors import InputError
from xl2.figures.dependence import partial_dependence

pytestmark = [
    pytest.mark.host,
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

RNG = np.random.default_rng(3)
X = RNG.normal(size=(200, 3))
F = X[:, 0] + np.sin(2.0 * X[:, 1])
TWO = np.where(F > 0, "yes", "no")
THREE = np.digitize(F, [-1.0, 1.0])
SMALL = {"hidden_layer_sizes": (8,), "max_iter": 30, "random_state": 0}
PATH = {"lambdas": [1.0], "cv": 2, "hidden": (8,), "progress": False, "backend": "numpy",
        "epochs": 20}  # fmt: skip


def frame():
    made = pd.DataFrame({"a": X[:, 0], "b": X[:, 1]})
    made["colour"] = np.where(X[:, 2] > 0.4, "red", np.where(X[:, 2] > -0.4, "green", "blue"))
    made.loc[:20, "b"] = np.nan
    made.loc[30:40, "colour"] = None
    return made


@pytest.mark.parametrize("y", [TWO, THREE, F], ids=["two", "three", "values"])
def test_it_is_scikit_learns(y):
    kind = xl2.MLPRegressor if y is F else xl2.MLPClassifier
    model = kind(**SMALL).fit(X, y)
    found = partial_dependence(model, X, 1)
    expected = inspection.partial_dependence(model, X, [1], grid_resolution=50, kind="average")
    np.testing.assert_allclose(found.values, expected["grid_values"][0])
    np.testing.assert_allclose(found.means, expected["average"], atol=1e-6)
    ax = figures.PartialDependenceDisplay.from_estimator(model, X, 1).ax_
    paint(ax.figure)
    drawn = [line for line in ax.lines if len(line.get_xdata()) == 50]
    for line, means in zip(drawn, found.means, strict=True):
        np.testing.assert_allclose(line.get_ydata(), means)
    assert len({line.get_linestyle() for line in drawn}) == len(drawn)
    assert ax.get_xlabel() == "column 2"
    label = {
        "two": "mean probability of yes",
        "three": "mean probability",
        "values": "mean prediction",
    }
    assert ax.get_ylabel() == label["two" if y is TWO else "three" if y is THREE else "values"]
    if y is THREE:
        assert texts(ax) == ["0", "1", "2"]


def test_below_the_curve_is_how_many_samples_have_which_value():
    model = xl2.MLPRegressor(**SMALL).fit(X, F)
    ax = figures.PartialDependenceDisplay.from_estimator(model, X, 0).ax_
    counts, edges = np.histogram(X[:, 0], 20)
    heights = np.array([bar.get_height() for bar in ax.patches])
    np.testing.assert_allclose(heights / heights.max(), counts / counts.max())
    np.testing.assert_allclose([bar.get_x() for bar in ax.patches], edges[:-1])
    low, high = ax.get_ylim()
    lowest = min(line.get_ydata().min() for line in ax.lines if len(line.get_xdata()) == 50)
    assert low + heights.max() * (high - low) < lowest
    assert min(ax.get_yticks()) > low + heights.max() * (high - low)


def test_categories_are_dots_above_their_names():
    model = xl2.regularization_path(frame(), TWO, **PATH).best_model_
    found = partial_dependence(model, frame(), "colour")
    assert found.texts == ("blue", "green", "red")
    for value, text in enumerate(found.texts):
        changed = frame()[frame()["colour"].notna()].assign(colour=text)
        assert found.means[0][value] == pytest.approx(model.forward(changed).mean(), abs=1e-6)
    ax = figures.PartialDependenceDisplay.from_estimator(model, frame(), 2).ax_
    [line] = ax.lines
    assert (line.get_linestyle(), line.get_marker()) == ("None", "o")
    assert [label.get_text() for label in ax.get_xticklabels()] == list(found.texts)


def test_missing_values_have_no_part():
    model = xl2.regularization_path(frame(), TWO, **PATH).best_model_
    found = partial_dependence(model, frame(), "b")
    known = frame()[frame()["b"].notna()]
    assert len(found.samples) == len(known)
    middle = known.assign(b=found.values[25])
    assert found.means[0][25] == pytest.approx(model.forward(middle).mean(), abs=1e-6)


def test_a_transformer_gets_the_columns_themselves():
    numbers = frame()[["a"]].assign(whole=np.arange(200) % 5)
    model = xl2.regularization_path(
        numbers, TWO, **PATH, preprocessing=StandardScaler()
    ).best_model_
    found = partial_dependence(model, numbers, "whole")
    assert found.values.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]
    for value, mean in zip(found.values, found.means[0], strict=True):
        assert mean == pytest.approx(model.forward(numbers.assign(whole=value)).mean(), abs=1e-6)


def test_an_ensemble_has_the_mean_of_its_models():
    path = xl2.regularization_path(frame(), TWO, **PATH, standardize=True)
    found = partial_dependence(path.ensemble_, frame(), "a")
    own = [partial_dependence(model, frame(), "a").means for model in path.ensemble_.models]
    np.testing.assert_allclose(found.means, np.mean(own, axis=0), atol=1e-6)


def test_many_classes_are_those_that_vary_most():
    model = xl2.MLPClassifier(**SMALL).fit(X, np.digitize(F, np.linspace(-2, 2, 8)))
    found = partial_dependence(model, X, 0)
    assert len(found.means) > 5
    spread = np.ptp(found.means, axis=1)
    assert set(found.drawn()) == set(np.argsort(-spread)[:5].tolist())
    figure, ax = plt.subplots()
    figures.PartialDependenceDisplay.from_estimator(model, X, 0, ax=ax)
    assert len(texts(ax)) == 5
    assert figure.axes == [ax]


def test_a_column_of_few_values_far_from_0_is_drawn():
    x = X.copy()
    x[:, 2] = 7.0
    x[:60, 2] = 1e6 + np.arange(60)
    model = xl2.MLPRegressor(**SMALL).fit(X, F)
    x[60:, 2] = 1e6
    assert len(partial_dependence(model, x, 2).values) == 50


def test_what_cannot_be_drawn_is_refused():
    model = xl2.MLPRegressor(**SMALL).fit(X, F)
    with pytest.raises(InputError, match="same value in all samples"):
        figures.PartialDependenceDisplay.from_estimator(model, np.ones((20, 3)), 1)
    with pytest.raises(InputError, match="index from 0 to 2"):
        figures.PartialDependenceDisplay.from_estimator(model, X, 3)
    with pytest.raises(InputError, match="no column 'd'"):
        figures.PartialDependenceDisplay.from_estimator(model, X, "d")
