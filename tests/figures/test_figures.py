"""What all figures have in common."""

from __future__ import annotations

import doctest
import io
import re
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from figure_tools import FEW, a_history, a_path, paint, plt
from figure_tools import clean as clean
from matplotlib.colors import to_hex
from matplotlib.lines import Line2D
from matplotlib.text import Text

from xl2 import InputError, Network, figures
from xl2.diagnosis.actions import Action
from xl2.diagnosis.calibration import Reliability
from xl2.diagnosis.importance import ColumnImportance, Importance
from xl2.figures import style

NETWORK = Network([4, 2, 1], backend="numpy")
IMPORTANCE = Importance((ColumnImportance("a", 0, 0.1, 0.01, 0.001),), 40, 5, 5)
ACTION = Action("wider", "wider", "more units", 0.01, (0.0, 0.02))
ONE = {
    "RegularizationPathDisplay": lambda ax: figures.RegularizationPathDisplay.from_path(
        a_path(FEW), ax=ax
    ),
    "LearningCurveDisplay": lambda ax: figures.LearningCurveDisplay([1, 2], [3, 4], [0, 1]).plot(
        ax
    ),
    "ConfusionMatrixDisplay": lambda ax: figures.ConfusionMatrixDisplay(
        np.eye(2), display_labels="ab"
    ).plot(ax=ax),
    "ImportanceDisplay": lambda ax: figures.ImportanceDisplay(IMPORTANCE).plot(ax),
    "PartialDependenceDisplay": lambda ax: figures.PartialDependenceDisplay.from_estimator(
        NETWORK, np.arange(40.0).reshape(10, 4) % 7, 0, ax=ax
    ),
    "VerdictDisplay": lambda ax: figures.VerdictDisplay(1.0, 0.9, 0.8).plot(ax),
    "GainsDisplay": lambda ax: figures.GainsDisplay([ACTION]).plot(ax),
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
    "ReliabilityDisplay": lambda axes: figures.ReliabilityDisplay.from_path(CALIBRATED, ax=axes),
    "HistoryDisplay": lambda axes: figures.HistoryDisplay.from_history(a_history(), ax=axes),
    "LossCurvesDisplay": lambda axes: figures.LossCurvesDisplay.from_path(a_path(FEW), ax=axes),
    "plot_weights": lambda axes: figures.plot_weights(NETWORK, axes=axes),
    "plot_images": lambda axes: figures.plot_images(np.ones((2, 3, 3)), "ab", axes),
}
ALL = ONE | TWO
GIDS = {
    "RegularizationPathDisplay": 'id="validation-3"',
    "LossCurvesDisplay": 'id="validation-3"',
    "HistoryDisplay": 'id="validation_loss-0"',
    "VerdictDisplay": 'id="bias"',
    "GainsDisplay": 'id="gain-0"',
    "LearningCurveDisplay": 'id="measured"',
    "ConfusionMatrixDisplay": 'id="cell-1-1"',
    "ImportanceDisplay": 'id="importance-0"',
    "PartialDependenceDisplay": 'id="output-0"',
    "ReliabilityDisplay": 'id="trained-1"',
}


def axes_of(drawn):
    """Return the axes of a display, or those that a function returns."""
    return getattr(drawn, "axes_", getattr(drawn, "ax_", drawn))


def test_every_display_is_tested_here():
    public = {name for name in figures.__all__ if name != "image_shape"}
    assert {*ALL} == public
    assert public <= {*dir(figures)}


@pytest.mark.parametrize("name", ONE)
def test_axes_that_are_given_are_drawn_into_and_returned(name):
    figure, ax = plt.subplots()
    display = ONE[name](ax)
    assert display.ax_ is ax
    assert display.figure_ is figure
    assert plt.get_fignums() == [figure.number]
    assert ax.has_data()
    paint(figure)


@pytest.mark.parametrize("name", TWO)
def test_pairs_of_axes_that_are_given_are_drawn_into_and_returned(name):
    figure, axes = plt.subplots(1, 2)
    assert list(axes_of(TWO[name](axes))) == list(axes)
    assert list(axes_of(TWO[name](tuple(axes)))) == list(axes)
    assert plt.get_fignums() == [figure.number]
    assert len(figure.axes) == 2
    assert all(ax.has_data() for ax in axes)


@pytest.mark.parametrize("name", ALL)
def test_axes_of_a_subfigure_are_drawn_into(name):
    figure = plt.figure(figsize=(10, 5), layout="constrained")
    left, _ = figure.subfigures(1, 2)
    ALL[name](left.subplots(2, 1) if name in TWO else left.subplots())
    paint(figure)


@pytest.mark.parametrize("name", ALL)
def test_without_axes_there_is_a_new_figure(name):
    drawn = axes_of(ALL[name](None))
    (number,) = plt.get_fignums()
    assert plt.figure(number) is np.ravel(drawn)[0].figure


@pytest.mark.parametrize("name", [name for name in ALL if name.endswith("Display")])
def test_a_page_can_replace_every_colour_and_find_the_main_artists(name):
    file = io.StringIO()
    with plt.rc_context({"svg.fonttype": "none"}):
        ALL[name](None).figure_.savefig(file, format="svg")
    drawn = file.getvalue()
    assert {*re.findall("#[0-9a-f]{6}\\b", drawn)} <= {
        colour.lower() for colour in style.COLOURS.values()
    }
    assert re.search(GIDS[name], drawn)


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


@pytest.mark.parametrize("name", [name for name in ALL if name.endswith("Display")])
def test_the_example_of_a_docstring_runs(name):
    display = getattr(figures, name)
    finder = doctest.DocTestFinder(recurse=False)
    (example,) = finder.find(display, name, globs={}, module=False)
    assert len(example.examples) > 2
    found = doctest.DocTestRunner().run(example)
    assert found.failed == 0


@pytest.mark.parametrize("name", ALL)
def test_nothing_is_black_on_the_black_of_a_dark_style(name):
    with plt.style.context("dark_background"):
        paint(np.ravel(axes_of(ALL[name](None)))[0].figure)
        texts = [text for text in found_in(Text) if text.get_text()]
        # Squares of the background's colour are the gap of a broken axis.
        lines = [line for line in found_in(Line2D) if line.get_marker() != "s"]
        assert {to_hex(one.get_color()) for one in texts + lines} - {"#000000"} != set()
        assert [one for one in texts + lines if to_hex(one.get_color()) == "#000000"] == []


def found_in(kind):
    return [one for one in plt.gcf().findobj(kind) if one.get_visible()]


def test_importing_the_figures_does_not_import_matplotlib(python):
    code = "import sys, xl2.figures, xl2.training.history; print('matplotlib' in sys.modules)"
    assert python(code) == "False"
