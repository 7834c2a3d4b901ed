"""What all figures have in common."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import numpy as np
import pytest
from figure_tools import FEW, a_history, a_path, paint, plt
from figure_tools import clean as clean

from xl2 import InputError, Network, figures
from xl2.diagnosis.calibration import Reliability
from xl2.diagnosis.importance import ColumnImportance, Importance

NETWORK = Network([4, 2, 1], backend="numpy")
IMPORTANCE = Importance((ColumnImportance("a", 0, 0.1, 0.01, 0.001),), 40, 5, 5)
ONE = {
    "plot_path": lambda ax: figures.plot_path(a_path(FEW), ax),
    "plot_learning_curve": lambda ax: figures.plot_learning_curve([1, 2], [3, 4], [0, 1], ax=ax),
    "plot_confusion": lambda ax: figures.plot_confusion(np.eye(2), "ab", ax),
    "plot_importance": lambda ax: figures.plot_importance(IMPORTANCE, ax),
    "plot_partial_dependence": lambda ax: figures.plot_partial_dependence(
        NETWORK, np.arange(40.0).reshape(10, 4) % 7, 0, ax
    ),
}
BINS = Reliability(
    np.array([0.2, 0.8]), np.array([0.3, 0.7]), np.array([5.0, 9.0]), 0.1, 0.05, 0.01
)
CALIBRATED = SimpleNamespace(
    calibration_=SimpleNamespace(
        temperature=1.5, reliability=BINS, calibrated_reliability=BINS._replace(error=0.0)
    )
)
TWO = {
    "plot_reliability": lambda axes: figures.plot_reliability(CALIBRATED, axes),
    "plot_history": lambda axes: figures.plot_history(a_history(), axes),
    "plot_curves": lambda axes: figures.plot_curves(a_path(FEW), axes),
    "plot_weights": lambda axes: figures.plot_weights(NETWORK, axes=axes),
    "plot_images": lambda axes: figures.plot_images(np.ones((2, 3, 3)), "ab", axes),
}
ALL = ONE | TWO


def test_every_function_is_tested_here():
    assert {*ALL} == {name for name in figures.__all__ if name.startswith("plot_")}
    assert {*ALL} == {name for name in vars(figures) if name.startswith("plot_")}


@pytest.mark.parametrize("name", ONE)
def test_axes_that_are_given_are_drawn_into_and_returned(name):
    figure, ax = plt.subplots()
    assert ONE[name](ax) is ax
    assert plt.get_fignums() == [figure.number]
    assert ax.has_data()
    paint(figure)


@pytest.mark.parametrize("name", TWO)
def test_pairs_of_axes_that_are_given_are_drawn_into_and_returned(name):
    figure, axes = plt.subplots(1, 2)
    assert list(TWO[name](axes)) == list(axes)
    assert list(TWO[name](tuple(axes))) == list(axes)
    assert plt.get_fignums() == [figure.number]
    assert len(figure.axes) == 2
    assert all(ax.has_data() for ax in axes)


@pytest.mark.parametrize("name", ALL)
def test_without_axes_there_is_a_new_figure(name):
    drawn = ALL[name](None)
    (number,) = plt.get_fignums()
    assert plt.figure(number) is np.ravel(drawn)[0].figure


@pytest.mark.parametrize("name", TWO)
def test_too_few_axes_are_refused(name):
    with pytest.raises(InputError, match="Received: 1"):
        TWO[name]([plt.figure().subplots()])


@pytest.mark.parametrize("name", ALL)
def test_without_matplotlib_the_error_says_what_to_install(name, monkeypatch):
    for module in [*sys.modules]:
        if module.partition(".")[0] == "matplotlib":
            monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match=r'pip install "xl2\[plot\]"'):
        ALL[name](None)


def test_importing_the_figures_does_not_import_matplotlib(python):
    code = "import sys, xl2.figures, xl2.training.history; print('matplotlib' in sys.modules)"
    assert python(code) == "False"
