"""The reliability diagram, by the contents of its axes."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from figure_tools import clean as clean
from figure_tools import line, paint, texts
from plain_paths import plain_path

from xl2 import InputError, figures

pytestmark = pytest.mark.host


@pytest.fixture(scope="module")
def path():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(300, 6))
    y = (X[:, 0] + rng.normal(size=300) > 0).astype(int)
    options = {"epochs": 60, "learning_rate": 0.02, "hidden": (16,), "progress": False}
    return plain_path(X, y, [0.0], cv=3, backend="numpy", **options)


def test_the_lines_are_the_bins_before_and_after(path):
    display = figures.ReliabilityDisplay.from_path(path)
    left, right = display.axes_
    found, p = path.calibration_, path.oof_predictions_[:, 1]
    for label, bins in (
        ("as trained", found.reliability),
        (f"temperature {found.temperature:.2f}", found.calibrated_reliability),
    ):
        np.testing.assert_array_equal(line(left, label).get_xdata(), bins.predicted)
        np.testing.assert_array_equal(line(left, label).get_ydata(), bins.observed)
        assert line(right, label).get_ydata().sum() == pytest.approx(100.0)
    lowest = 100.0 * (p <= 1 / 15).mean()
    assert line(right, "as trained").get_ydata()[0] == pytest.approx(lowest)
    assert "as often as predicted" in texts(left)
    for series, points, bins in zip(
        ("trained", "calibrated"),
        display.points_,
        (found.reliability, found.calibrated_reliability),
        strict=True,
    ):
        assert [one.get_gid() for one in points] == [f"{series}-{k}" for k in range(len(points))]
        sizes = [one.get_markersize() for one in points]
        assert np.argmax(sizes) == np.argmax(bins.counts)
    paint(left.figure)


def test_a_regression_is_refused():
    with pytest.raises(InputError, match="A regression has no probabilities"):
        figures.ReliabilityDisplay.from_path(SimpleNamespace(calibration_=None))
