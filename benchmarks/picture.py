"""A picture of the growth of the cost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from xl2.errors import InputError

from .growth import Growth


def check(file: Path) -> None:
    """Refuse a picture that could not be drawn, before anything is measured."""
    import importlib.util

    if importlib.util.find_spec("matplotlib") is None:
        raise InputError('--plot needs matplotlib: run pip install "xl2[plot]".')
    if file.suffix not in (".png", ".svg", ".pdf"):
        raise InputError(
            f"The name of a picture ends in .png, .svg or .pdf. Received: {str(file)!r}."
        )


def draw(file: Path, grown: Sequence[Growth]) -> None:
    """Draw the seconds against rows, epochs and members, each beside a straight line."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 3.2), layout="constrained")
    for axes, growth in zip(figure.subplots(1, len(grown)), grown, strict=True):
        medians = [spread.median for spread in growth.seconds]
        below = [spread.median - spread.low for spread in growth.seconds]
        above = [spread.high - spread.median for spread in growth.seconds]
        line = [medians[0] * count / growth.counts[0] for count in growth.counts]
        axes.plot(growth.counts, line, "--", color="0.6", label="linear")
        axes.errorbar(growth.counts, medians, [below, above], fmt="o-", label="measured")
        axes.set(xlabel=growth.what, ylabel="seconds", xlim=(0, None), ylim=(0, None))
        axes.set_xticks(growth.counts[1:])  # the first two are too close for two labels
        axes.legend(frameon=False)
    figure.savefig(file, dpi=150)
