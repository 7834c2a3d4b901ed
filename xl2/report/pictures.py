"""The pictures of the page, drawn by the displays of xl2.figures, each in two layouts."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ..diagnosis.importance import Importance
from ..diagnosis.learning_curve import LearningCurve
from ..diagnosis.tables import action_table
from ..diagnosis.verdict import Diagnosis
from ..diagnosis.what_matters import LISTED
from ..figures.dependence import Dependence
from ..figures.style import shorten
from ..path.result import RegularizationPath
from . import alternatives
from .svg import Tips, add_tips, as_text, needed, svg_of

PANELS = 6  # outputs of a regression that are drawn
NAMED = 300  # samples of a regression whose values are shown at their points
MANY = 1000  # points of a line, above which it is an image within the picture
LONGEST = (24, 16)  # characters of a column's name beside bars, wide and narrow
LABELLED = (30, 18)  # of one below an axis
WIDE, NARROW = 5.6, 3.3  # inches, of 96 pixels of the page

Draw = Callable[[Any, bool], None]  # into a figure, and whether it is the narrow one


class Picture(NamedTuple):
    """A figure in a wide and in a narrow layout, as markup."""

    wide: Any
    narrow: Any


def picture_verdict(d: Diagnosis) -> Picture:
    """Draw bias, gap and the test score's interval on one axis."""
    from ..figures import VerdictDisplay

    def draw(figure: Any, narrow: bool) -> None:
        ax = VerdictDisplay.from_diagnosis(d, ax=figure.subplots()).ax_
        _fewer_ticks(ax.xaxis, narrow)

    return picture("verdict", draw, (2.7, 2.9), alternatives.verdict(d), alternatives.scores(d))


def picture_path(path: RegularizationPath, says: Mapping[int, str]) -> Picture:
    """Draw the scores of a path against lambda; `says` is what to tell of each lambda."""
    from ..figures import RegularizationPathDisplay

    def draw(figure: Any, narrow: bool) -> None:
        RegularizationPathDisplay.from_path(path, ax=figure.subplots())

    series = {"training": path.train_means_, "validation": path.validation_means_}
    tips = {
        name: {k: says[k] for k, score in enumerate(scores.tolist()) if math.isfinite(score)}
        for name, scores in series.items()
    }
    return picture("path", draw, (3.9, 4.1), alternatives.path(path), tips)


def picture_gains(d: Diagnosis) -> Picture:
    """Draw what each action would gain."""
    from ..figures import GainsDisplay

    def draw(figure: Any, narrow: bool) -> None:
        ax = GainsDisplay.from_diagnosis(d, ax=figure.subplots()).ax_
        _fewer_ticks(ax.xaxis, narrow)
        if narrow:
            ax.set_xlabel(ax.get_xlabel(), loc="right")

    _, *rows = action_table(d)
    tall = 0.9 + 0.42 * len(rows)
    tips = {f"gain-{k}": alternatives.gain(d, row) for k, row in enumerate(rows)}
    return picture("gains", draw, (tall, tall), alternatives.gains(d), tips)


def picture_learning_curve(curve: LearningCurve, score_name: str) -> Picture:
    """Draw the score against the number of training samples."""
    from ..figures import LearningCurveDisplay

    def draw(figure: Any, narrow: bool) -> None:
        display = LearningCurveDisplay(*curve, score_name=score_name).plot(figure.subplots())
        for name, drawn in (("measured", display.points_), ("twice", display.last_)):
            if drawn is not None:
                drawn.lines[0].set_gid(name)
        _fewer_ticks(display.ax_.xaxis, narrow)

    text = alternatives.learning_curve(curve, score_name)
    tips = alternatives.points_of(curve, score_name)
    return picture("learning", draw, (3.2, 3.2), text, tips)


def picture_importance(importance: Importance, score_name: str) -> Picture:
    """Draw what shuffling each of the most important columns costs."""
    from ..figures import ImportanceDisplay

    shown = importance.columns[:LISTED]
    drawable = can_draw([one.name for one in shown])
    full = [one.name if drawable else f"column {one.column + 1}" for one in shown]

    def draw(figure: Any, narrow: bool) -> None:
        ax = figure.subplots()
        names = [shorten(name, LONGEST[narrow]) for name in full]
        display = ImportanceDisplay(importance, score_name=score_name)
        display.plot(ax, limit=LISTED, names=names)
        ax.set_xlabel(ax.get_xlabel(), loc="right" if narrow else "center")
        _move_below(ax.get_legend(), 2 if narrow else 3)

    tall = 1.2 + 0.28 * len(shown)
    text = alternatives.importance(shown, score_name)
    tips = {f"importance-{k}": alternatives.cost(one, score_name) for k, one in enumerate(shown)}
    return picture("importance", draw, (tall, tall), text, tips)


def picture_dependences(found: Sequence[Dependence], names: Sequence[str]) -> Picture:
    """Draw how predictions depend on a few columns of these names."""
    from ..figures import PartialDependenceDisplay
    from ..figures.dependence import leave_room

    count = len(found)
    # One scale, to compare the columns.
    means = [float(mean) for one in found for k in one.drawn() for mean in one.means[k]]
    edge = 0.04 * (max(means) - min(means))

    def draw(figure: Any, narrow: bool) -> None:
        for ax, one in zip(_axes(figure, count, 1), found, strict=True):
            PartialDependenceDisplay(one).plot(ax, name=shorten(one.name, LABELLED[narrow]))
            leave_room(ax, min(means) - edge, max(means) + edge)

    text = alternatives.dependences(found, names)
    return picture("dependence", draw, (2.6 * count, 3.0 * count), text)


def picture_curves(path: RegularizationPath) -> Picture:
    """Draw the losses of a path against the epoch."""
    from ..figures import LossCurvesDisplay

    def draw(figure: Any, narrow: bool) -> None:
        axes = figure.subplots(2, 1) if narrow else figure.subplots(1, 2)
        LossCurvesDisplay.from_path(path, ax=axes)

    text, tips = alternatives.losses(path)
    return picture("losses", draw, (3.2, 5.2), text, tips)


def _move_below(legend: Any, columns: int) -> None:
    """Move the legend from beside the axes, which it would make narrow, below the figure."""
    legend.figure.legend(
        legend.legend_handles,
        [text.get_text() for text in legend.get_texts()],
        title=legend.get_title().get_text(),
        loc="outside lower center",
        ncols=columns,
        fontsize="small",
        title_fontsize="small",
        frameon=False,
    )
    legend.remove()


def _fewer_ticks(axis: Any, narrow: bool) -> None:
    """Take fewer ticks than matplotlib would, whose numbers touch on a narrow axis."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(3 if narrow else 6, steps=[1, 2, 5, 10]))


def picture_reliability(path: RegularizationPath) -> Picture:
    """Draw how often predictions of each probability are right."""
    from ..figures import ReliabilityDisplay

    def draw(figure: Any, narrow: bool) -> None:
        axes = figure.subplots(2, 1) if narrow else figure.subplots(1, 2)
        ReliabilityDisplay.from_path(path, ax=axes)

    text, tips = alternatives.reliability(path)
    return picture("reliability", draw, (3.2, 5.8), text, tips)


def picture_values(predicted: Any, true: Any, rows: Any) -> Picture:
    """Draw a regression's predictions against the true values (n, outputs), up to six outputs.

    `rows` are the positions of the samples in their file, counted from 0.
    """
    from ..figures.style import BLACK, BLUE

    count = min(true.shape[1], PANELS)
    talls = [(side * math.ceil(count / across)) for across, side in ((3, 2.1), (2, 1.7))]
    if count == 1:
        talls = [4.6, 3.3]
    # Many points would hide one another if they were opaque.
    look: dict[str, Any] = {"linestyle": "none", "marker": "o", "markersize": 4, "color": BLUE}
    look |= {"markeredgewidth": 0, "alpha": max(0.15, min(0.7, 200 / len(true)))}
    line = {"slope": 1.0, "color": BLACK, "linestyle": "--", "linewidth": 1}

    def draw(figure: Any, narrow: bool) -> None:
        for k, ax in enumerate(_axes(figure, count, 2 if narrow else 3)):
            ax.plot(true[:, k], predicted[:, k], gid="sample", **look)
            ax.axline((true[0, k], true[0, k]), **line)
            ax.set_xlabel("true")
            ax.set_ylabel("predicted")
            if count > 1:
                ax.set_title(f"output {k + 1}", fontsize="medium")

    text, tips = alternatives.values(predicted, true), {}
    if count == 1 and len(true) <= NAMED:
        tips = {"sample": alternatives.samples(predicted, true, rows)}
    return picture("values", draw, (talls[0], talls[1]), text, tips)


def _axes(figure: Any, count: int, across: int) -> Any:
    axes = figure.subplots(math.ceil(count / across), min(count, across), squeeze=False).ravel()
    for surplus in axes[count:]:
        surplus.remove()
    return axes[:count]


def can_draw(names: Sequence[str]) -> bool:
    """Tell whether XML may have all names, and none of them is a formula for matplotlib."""
    return all(name.count("$") < 2 and all(map(_is_text, name)) for name in names)


def _is_text(character: str) -> bool:
    code = ord(character)
    return code in (9, 10, 13) or 32 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or code > 0xFFFF


def picture(
    name: str, draw: Draw, talls: tuple[float, float], text: str, tips: Tips | None = None
) -> Picture:
    """Draw a picture of two heights in inches, with a text in its place and values to look up."""
    layouts = (("wide", WIDE, talls[0]), ("narrow", NARROW, talls[1]))
    return Picture(
        *(_drawn(draw, (width, tall), layout, name, text, tips) for layout, width, tall in layouts)
    )


def _drawn(
    draw: Draw, size: tuple[float, float], layout: str, name: str, text: str, tips: Tips | None
) -> Any:
    with needed("matplotlib.style").context("default"):
        # Without pyplot, which would keep the figure and may need a display.
        figure = needed("matplotlib.figure").Figure(size, 192, layout="constrained")
        needed("matplotlib.backends.backend_svg").FigureCanvasSVG(figure)
        draw(figure, layout == "narrow")
        for line in (line for ax in figure.axes for line in ax.lines):
            line.set_rasterized(len(line.get_xdata()) > MANY)
        root = svg_of(figure, f"{name}-{layout}")
    add_tips(root, tips or {})
    width, height = (f"{96 * inches:.0f}" for inches in size)
    markup = needed("markupsafe").Markup
    return markup(
        as_text(root, class_=layout, width=width, height=height, role="img", aria_label=text)
    )
