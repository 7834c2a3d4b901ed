"""Axes of scores."""

from __future__ import annotations

from typing import Any

from ..nn.score_names import ShownScore


def label_scores(axis: Any, shown: ShownScore) -> None:
    """Label the axis of the scores, with an accuracy in percent."""
    from matplotlib.ticker import PercentFormatter

    if shown.unit:
        axis.set_major_formatter(PercentFormatter(xmax=1, symbol=""))
    axis.set_label_text(f"{shown.name} ({shown.unit})" if shown.unit else shown.title)
