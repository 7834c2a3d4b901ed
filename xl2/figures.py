"""Pictures of what was trained: axes in, axes out.

Each function draws into the axes it is given, or into a new figure of
`matplotlib.pyplot`, which a notebook shows by itself. None calls ``show`` or
changes a setting of matplotlib. Two curves never differ by colour alone.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Sequence
from typing import Any

from .errors import InputError
from .history import History

# The colour-blind-safe palette of Okabe and Ito. Its yellow is too faint for lines on white.
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
BLUE, VERMILLION, PURPLE = "#0072B2", "#D55E00", "#CC79A7"
MEMBERS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK)

TRAINING = {"color": BLUE, "linestyle": "--", "marker": "s"}
VALIDATION = {"color": VERMILLION, "linestyle": "-", "marker": "o"}
PENALTY = {"color": GREEN, "linestyle": ":", "marker": "^"}
# What a history and the curves of a path call them, how they look, and their names here.
LOOKS = {
    "loss": (TRAINING, "training"),
    "score": (TRAINING, "training"),
    "validation_loss": (VALIDATION, "validation"),
    "validation_score": (VALIDATION, "validation"),
    "penalty": (PENALTY, "penalty"),
}

LABELS = 12  # so many lambdas each get a label; of more, decades or a choice do
TEXTS = 20  # so many classes leave room for a count in each cell
POINTS = 20  # so many epochs have room for a marker each


def plot_path(path: Any, ax: Any = None) -> Any:
    """Draw the scores of a regularisation path against lambda.

    The axis is logarithmic. A lambda of 0 has a place of its own, left of a break.

    Parameters
    ----------
    path : Path
        As `xl2.regularization_path` returns it.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default in a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        With the mean training and validation scores, one standard error around the
        latter, the scores of the single folds if there are several, the best lambda
        and that of the one-standard-error rule, and a cross for each that diverged.

    Raises
    ------
    InputError
        If matplotlib is not installed.
    """
    import numpy as np

    ax = _one(ax)
    x = _lambda_axis(ax, [float(lam) for lam in path.lambdas_])
    _draw_scores(ax, path, x)
    _mark_choices(ax, path, x)
    if path.folds > 1:
        labels = ["single folds"] + ["_nolegend_"] * (path.folds - 1)
        faint = {"color": VERMILLION, "linewidth": 0.7, "alpha": 0.35, "zorder": 1.5}
        ax.plot(x, path.validation_scores_, marker=".", markersize=3, label=labels, **faint)
    lost = x[np.isnan(path.validation_means_)]
    if len(lost):
        cross = {"color": BLACK, "marker": "x", "linestyle": "none", "clip_on": False}
        at_the_bottom = np.full(len(lost), 0.03)
        ax.plot(lost, at_the_bottom, label="diverged", transform=ax.get_xaxis_transform(), **cross)
    if path.score_name == "accuracy":
        percent = _matplotlib("ticker").PercentFormatter(xmax=1, symbol="")
        ax.yaxis.set_major_formatter(percent)
    ax.set_xlabel("lambda (L2 penalty)")
    ax.set_ylabel("accuracy (%)" if path.score_name == "accuracy" else path.score_name)
    _legend(ax)
    return ax


def _draw_scores(ax: Any, path: Any, x: Any) -> None:
    """Draw the two means, and one standard error to each side of that of the validation."""
    import numpy as np

    means, errors = path.validation_means_, path.standard_errors_
    look = {"markersize": 5, "linewidth": 1.8}
    ax.plot(x, path.train_means_, label="training", **TRAINING, **look)
    label = "validation ± one SE" if np.isfinite(errors).any() else "validation"
    ax.plot(x, means, label=label, **VALIDATION, **look)
    low, high = means - errors, means + errors
    ax.fill_between(x, low, high, color=VERMILLION, alpha=0.18, linewidth=0)
    # A band has no width where a lambda stands alone; a bar does not need neighbours.
    ax.vlines(x, low, high, color=VERMILLION, alpha=0.6, linewidth=1.5, zorder=2)


def _mark_choices(ax: Any, path: Any, x: Any) -> None:
    best, simple = path.best_index_, path.index_1se_
    name = "best and one-SE" if best == simple else "best"
    label = f"{name}: {path.best_lambda_:g}"
    ax.axvline(x[best], color=GREEN, linestyle="-.", zorder=1, label=label)
    if best != simple:
        dotted = {"color": PURPLE, "linestyle": (0, (1, 1)), "linewidth": 2, "zorder": 1}
        ax.axvline(x[simple], label=f"one-SE: {path.lambda_1se_:g}", **dotted)


def _lambda_axis(ax: Any, lams: Sequence[float]) -> Any:
    """Make the axis of lambda and return where each of them stands: where it is, but for 0."""
    import numpy as np

    positive = np.log10([lam for lam in lams if lam > 0])
    first, last = (positive[0], positive[-1]) if len(positive) else (0.0, 0.0)
    apart = max(0.5, 0.16 * (last - first))
    zero = first - apart if len(positive) else first
    logs = np.asarray([math.log10(lam) if lam > 0 else zero for lam in lams])
    margin = max(0.02, 0.05 * (logs[-1] - logs[0]))
    ax.set_xscale("log")
    ax.set_xlim(10 ** (logs[0] - margin), 10 ** (logs[-1] + margin))
    _label_lambdas(ax, lams, logs)
    if lams[0] == 0 and len(positive):
        _break_axis(ax, 10 ** (zero + 0.5 * apart))
    return np.asarray([lam if lam > 0 else 10**zero for lam in lams])


def _label_lambdas(ax: Any, lams: Sequence[float], logs: Any) -> None:
    """Give each lambda a tick, and a label to those that have room for one."""
    places = dict(zip(logs, lams, strict=True))
    wanted, zeros = list(places), int(lams[0] == 0)
    if len(lams) > LABELS:
        exponents = range(math.ceil(logs[zeros]), math.floor(logs[-1]) + 1)
        decades = [float(exponent) for exponent in exponents[:: math.ceil(len(exponents) / 6)]]
        every = math.ceil(len(lams) / LABELS)
        wanted = wanted[:zeros] + decades if len(decades) > 2 else wanted[::every]
    points = ax.get_window_extent().width * 72 / ax.figure.dpi
    left, right = (math.log10(limit) for limit in ax.get_xlim())
    size = ax.xaxis.get_major_ticks(1)[0].label1.get_size()
    labels, end = {}, -math.inf
    for place in wanted:
        text = _three_digits(places.get(place, 10**place))
        # A digit is about 0.64 of its size wide; one more separates two labels.
        half, middle = 0.32 * size * (len(text) + 1), (place - left) / (right - left) * points
        if middle - half >= end:
            labels[place], end = text, middle + half
    ax.set_xticks([10**place for place in labels], list(labels.values()))
    ax.set_xticks([10**place for place in places if place not in labels], minor=True)
    ax.xaxis.set_minor_formatter(_matplotlib("ticker").NullFormatter())


def _three_digits(lam: float) -> str:
    # `:.3g` alone would write 1000 as 1e+03.
    return f"{float(f'{lam:.3g}'):g}"


def _break_axis(ax: Any, x: float) -> None:
    """Draw the sign of a break across the lower edge of the axes."""
    transform = ax.get_xaxis_transform()
    stroke = {"transform": transform, "clip_on": False, "linestyle": "none", "zorder": 5}
    # A gap in the colour of the background, and two strokes at its ends.
    ax.plot(x, 0, marker="s", markersize=6, color=ax.get_facecolor(), **stroke)
    slanted = {"marker": [(-0.5, -1), (0.5, 1)], "markersize": 11, "color": BLACK, **stroke}
    for side in (-3, 3):
        shift = _matplotlib("transforms").ScaledTranslation(side / 72, 0, ax.figure.dpi_scale_trans)
        ax.plot(x, 0, **{**slanted, "transform": transform + shift})


def plot_history(history: History, axes: Any = None) -> Any:
    """Draw the loss and the score of a fit against the epoch.

    Parameters
    ----------
    history : History
        As `xl2.fit` returns it; that of a stack has a thin line for each member.
    axes : sequence of two matplotlib.axes.Axes, optional
        Where to draw; by default in a new figure.

    Returns
    -------
    numpy.ndarray of matplotlib.axes.Axes, shape (2,)
        The loss, with the penalty if there is one, and the score.

    Raises
    ------
    InputError
        If the history has no epoch, `axes` are not two, or matplotlib is not installed.
    """
    import numpy as np

    if not len(history):
        raise InputError("The history has no epoch to draw. Fit the network first.")
    axes = _pair(axes)
    kinds = ["loss", "validation_loss"]
    if np.any(_by_epoch(history.penalty) > 0):
        kinds.append("penalty")
    members = _members_of(history)
    for ax, names in zip(axes, (kinds, ["score", "validation_score"]), strict=True):
        drawn = {name: getattr(history, name) for name in names if getattr(history, name)}
        _draw_members(ax, drawn, len(members))
        _epoch_axis(ax, len(history))
        ax.set_ylabel(names[0] if len(members) == 1 else f"{names[0]} of {len(members)} members")
        _frame(ax, [_by_epoch(values) for values in drawn.values()])
        if 1 < len(members) <= len(MEMBERS):
            _tell_apart(ax, members if ax is axes[1] else None, drawn)
        else:
            _legend(ax, top=ax is axes[0])
    return axes


def _members_of(history: History) -> list[str]:
    """Return what `Network.member` calls each member: "2", or "0, 2" in groups."""
    import numpy as np

    return [", ".join(map(str, k)) for k in np.ndindex(np.shape(history.loss[0]))]


def _by_epoch(values: Any) -> Any:
    """Return the values of a history as (epochs, members), what is not finite as NaN."""
    import numpy as np

    curves = np.asarray(values, dtype="float64").reshape(len(values), -1)
    return np.where(np.isfinite(curves), curves, np.nan)


def _draw_members(ax: Any, drawn: dict[str, Any], members: int) -> None:
    """Draw a line a member and a kind; a few members have a colour each."""
    import numpy as np

    for name, values in drawn.items():
        curves = _by_epoch(values)
        epochs = np.arange(1, len(curves) + 1)
        look = {**LOOKS[name][0], "markersize": 4, "linewidth": 1.6}
        if members > 1:
            look.update(linewidth=0.8, alpha=0.8, markersize=2.5)
        if len(epochs) > POINTS:
            look["marker"] = None
        for k in range(members):
            if 1 < members <= len(MEMBERS):
                look["color"] = MEMBERS[k]
            ax.plot(epochs, curves[:, k], label=LOOKS[name][1] if k == 0 else None, **look)


def _tell_apart(ax: Any, members: list[str] | None, drawn: dict[str, Any]) -> None:
    """Say what the colours stand for, or where `members` is None, what the dashes do."""
    line = _matplotlib("lines").Line2D
    if members is None:
        looks = [(LOOKS[name][0]["linestyle"], LOOKS[name][1]) for name in drawn]
        _legend(ax, [line([], [], color=BLACK, linestyle=a, label=b) for a, b in looks], top=True)
    else:
        pairs = zip(members, MEMBERS, strict=False)
        _legend(ax, [line([], [], color=b, label=a) for a, b in pairs], title="member")


def plot_curves(path: Any, axes: Any = None) -> Any:
    """Draw the loss of each lambda of a path against the epoch.

    Parameters
    ----------
    path : Path
        As `xl2.regularization_path` returns it.
    axes : sequence of two matplotlib.axes.Axes, optional
        Where to draw; by default in a new figure.

    Returns
    -------
    numpy.ndarray of matplotlib.axes.Axes, shape (2,)
        The training and the validation loss, means over folds and seeds. A line ends
        where the first of its members diverges; that of the best lambda is thick.

    Raises
    ------
    InputError
        If `axes` are not two, or matplotlib is not installed.
    """
    import numpy as np

    new = axes is None
    axes = _pair(axes, sharey=True)
    count, best = len(path.lambdas_), path.best_index_
    # The upper end of the map is a yellow that cannot be read on white.
    colours = _matplotlib("colormaps")["viridis"](np.linspace(0.0, 0.85, count))
    losses = []
    for ax, kind in zip(axes, ("loss", "validation_loss"), strict=True):
        members = _by_epoch(path.curves_[kind]).reshape(path.curves_[kind].shape)
        curves = members.mean(axis=(2, 3))
        epochs = np.arange(1, len(curves) + 1)
        marker = "." if len(epochs) <= POINTS else None
        for i, (lam, colour) in enumerate(zip(path.lambdas_, colours, strict=True)):
            look = {"linewidth": 3.0, "zorder": 3} if i == best else {"linewidth": 1.2}
            label = _three_digits(lam) + (" (best)" if i == best else "")
            ax.plot(epochs, curves[:, i], color=colour, marker=marker, label=label, **look)
        _epoch_axis(ax, len(curves))
        ax.set_ylabel(f"{LOOKS[kind][1]} loss")
        losses.append(curves)
    for ax, shown in zip(axes, ([losses] * 2 if new else [[each] for each in losses]), strict=True):
        _frame(ax, shown)
    named = sorted({*np.linspace(0, count - 1, min(count, LABELS)).round().astype(int), best})
    _legend(
        axes[1], [axes[1].lines[i - count] for i in named], title="lambda", beside=True, top=True
    )
    return axes


def plot_weights(
    model: Any,
    shape: Sequence[int] | None = None,
    *,
    columns: int = 8,
    limit: int = 32,
    axes: Any = None,
    figure: Any = None,
) -> Any:
    """Draw the weights of the first layer as images, one a hidden unit.

    All share one scale, from minus to plus the largest size among them. White, or in
    colour images grey, is 0.

    Parameters
    ----------
    model : Model or Network
        A single network, or what has one as its `network`.
    shape : sequence of int, optional
        Of one sample: (height, width), or (height, width, 3) for colours. By default
        a square, in colours if the inputs are three times a square.
    columns : int, default 8
        Images in a row of a new figure.
    limit : int, default 32
        Units drawn; the others are left out.
    axes : array of matplotlib.axes.Axes, optional
        Where to draw, one a unit.
    figure : matplotlib.figure.Figure or SubFigure, optional
        Where to make the axes; by default a new one.

    Returns
    -------
    numpy.ndarray of matplotlib.axes.Axes, shape (units,)
        Those drawn into.

    Raises
    ------
    InputError
        If the network is a stack, `shape` does not fit its inputs or is not to be
        guessed, `limit` is below 1, there are fewer `axes` than units, or matplotlib is
        not installed.
    """
    import numpy as np

    network = getattr(model, "network", model)
    weight = network.backend.to_numpy(network.parameters[0].weight).astype("float64")
    if weight.ndim > 2:
        raise InputError(
            "The weights of one network are drawn. Received: a stack; plot stack.member(k)."
        )
    if limit < 1:
        raise InputError(f"limit is a number of units, 1 or more. Received: limit={limit}.")
    inputs, units = weight.shape
    shape = _image_shape(inputs, shape)
    images = weight.T[:limit].reshape(-1, *shape)
    new = axes is None
    bar = 0.9 if len(shape) == 2 else 0.0
    axes = _grid(images, columns, axes, figure, beside=bar)
    size = float(np.max(np.abs(images), initial=0.0, where=np.isfinite(images))) or 1.0
    for k, (ax, image) in enumerate(zip(axes, images, strict=True)):
        if len(shape) == 3:
            image = np.clip(np.nan_to_num(0.5 + image / (2 * size)), 0.0, 1.0)
        scale = {"cmap": "RdBu_r", "vmin": -size, "vmax": size, "interpolation": "nearest"}
        drawn = ax.imshow(image, **scale)
        _as_picture(ax, str(k))
    if new and len(shape) == 2:
        axes[0].figure.colorbar(drawn, ax=list(axes), label="weight", shrink=0.8, aspect=30)
    if new and units > len(images):
        axes[0].figure.supxlabel(f"the first {len(images)} of {units} units", fontsize="small")
    return axes


def _image_shape(inputs: int, shape: Sequence[int] | None) -> tuple[int, ...]:
    """Return the shape of one sample as an image: the one given, or a square."""
    if shape is not None:
        given = tuple(shape)
        fits = len(given) in (2, 3) and given[2:] in ((), (3,)) and min(given) > 0
        if not fits or math.prod(given) != inputs:
            raise InputError(
                f"shape is (height, width) or (height, width, 3), {inputs} inputs in all. "
                f"Received: shape={given}."
            )
        return given
    for colours in ((), (3,)):
        pixels, left = divmod(inputs, math.prod(colours))
        side = math.isqrt(pixels)
        if not left and side * side == pixels:
            return (side, side, *colours)
    height = next(h for h in range(math.isqrt(inputs), 0, -1) if inputs % h == 0)
    raise InputError(
        f"{inputs} inputs are no square image. Pass their height and width, such as "
        f"shape=({height}, {inputs // height}), or (height, width, 3) for colours."
    )


def plot_confusion(matrix: Any, labels: Sequence[Any], ax: Any = None) -> Any:
    """Draw a confusion matrix, shaded by the share of each true class.

    Parameters
    ----------
    matrix : array_like, shape (classes, classes)
        How many samples of the class of the row were taken for that of the column.
    labels : sequence, length classes
        Names of the classes; long ones are shortened.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default in a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        With the counts as text, up to 20 classes.

    Raises
    ------
    InputError
        If the matrix is not square, `labels` are not as many as its rows, or
        matplotlib is not installed.
    """
    import numpy as np

    counts = np.asarray(matrix)
    classes = len(counts) if counts.ndim else 0
    if not classes or counts.shape != (classes, classes) or len(labels) != classes:
        raise InputError(
            "A confusion matrix is square and has a label for each row. Received: shape "
            f"{counts.shape} and {len(labels)} labels."
        )
    side = max(4.8, 0.36 * min(classes, TEXTS))
    ax = _one(ax, figsize=(1.25 * side, side))
    totals = counts.sum(axis=1, keepdims=True)
    shares = counts / np.where(totals > 0, totals, 1)  # a class without samples is all white
    drawn = ax.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0, interpolation="nearest")
    ax.figure.colorbar(drawn, ax=ax, label="share of the true class")
    if classes <= TEXTS:
        _write_counts(ax, counts, shares)
    every = math.ceil(classes / 30)
    names = [_shortened(str(label), 12) for label in labels][::every]
    size = "medium" if classes <= 12 else "x-small"
    upright = max(map(len, names)) * len(names) <= 40
    turned = {} if upright else {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
    if not upright and len(names) > 12:
        turned["rotation"] = 90
        turned["va"] = "center"
    ax.set_xticks(range(0, classes, every), names, fontsize=size, **turned)
    ax.set_yticks(range(0, classes, every), names, fontsize=size)
    ax.set_xlabel("predicted class")
    ax.set_ylabel("true class")
    return ax


def _write_counts(ax: Any, counts: Any, shares: Any) -> None:
    import numpy as np

    whole = bool(np.all(counts == np.round(counts)))
    texts = [[f"{int(n)}" if whole else f"{n:.2f}" for n in row] for row in counts.tolist()]
    widest = max(len(text) for row in texts for text in row)
    box = ax.get_window_extent()
    cell = min(box.width, box.height) * 72 / ax.figure.dpi / len(texts)
    # A digit is about 0.64 of its size wide; the labels may yet take a quarter of the cell.
    size = max(3.0, min(11.0, 0.75 * cell / (0.64 * widest), 0.6 * cell))
    for i, row in enumerate(texts):
        for j, text in enumerate(row):
            colour = "white" if shares[i, j] > 0.5 else BLACK if counts[i, j] else "#777777"
            ax.text(j, i, text, ha="center", va="center", fontsize=size, color=colour)


def plot_images(images: Any, titles: Sequence[Any], axes: Any = None, columns: int = 8) -> Any:
    """Draw samples as grey or colour images, each with a title.

    Parameters
    ----------
    images : array_like, shape (n, height, width) or (n, height, width, 3)
        In any range; the smallest of all values is black, the largest white.
    titles : sequence, length n
        What stands above each; the lines of long ones are shortened.
    axes : array of matplotlib.axes.Axes, optional
        Where to draw, one an image; by default in a new figure.
    columns : int, default 8
        Images in a row of a new figure.

    Returns
    -------
    numpy.ndarray of matplotlib.axes.Axes, shape (n,)
        Those drawn into.

    Raises
    ------
    InputError
        If there is no image, `images` or `titles` have another shape, there are fewer
        `axes` than images, or matplotlib is not installed.
    """
    import numpy as np

    values = np.asarray(images, dtype="float64")
    if values.ndim not in (3, 4) or values.shape[3:] not in ((), (3,)) or not values.size:
        raise InputError(
            "Images are of shape (n, height, width), or (n, height, width, 3) for colours, and "
            f"one or more. Received: shape {values.shape}."
        )
    if len(titles) != len(values):
        raise InputError(f"{len(values)} images have as many titles. Received: {len(titles)}.")
    known = np.isfinite(values)
    low, high = (values[known].min(), values[known].max()) if known.any() else (0.0, 0.0)
    shades = (np.where(known, values, low) - low) / (high - low or 1.0)
    texts = [[_shortened(line, 13) for line in str(title).split("\n")] for title in titles]
    axes = _grid(shades, columns, axes, lines=max(map(len, texts)))
    for ax, image, text in zip(axes, shades, texts, strict=True):
        ax.imshow(image, cmap="gray", vmin=0.0, vmax=1.0, interpolation="nearest")
        _as_picture(ax, "\n".join(text))
    return axes


def _shortened(text: str, most: int) -> str:
    """Leave out the middle of a long text: names that begin alike often end in a number."""
    if len(text) <= most:
        return text
    return text[: most // 2] + "…" + text[most // 2 + 1 - most :]


def _as_picture(ax: Any, title: str) -> None:
    # Thirteen digits of 7.5 points are as wide as an inch, the narrowest of our own axes.
    ax.set_title(title, fontsize=7.5, pad=3)
    ax.set_xticks([])
    ax.set_yticks([])


def _epoch_axis(ax: Any, epochs: int) -> None:
    whole = {"integer": True, "min_n_ticks": 1, "steps": [1, 2, 5, 10]}
    ax.xaxis.set_major_locator(_matplotlib("ticker").MaxNLocator("auto", **whole))
    if epochs == 1:
        ax.set_xlim(0.5, 1.5)
    ax.set_xlabel("epoch")


def _frame(ax: Any, groups: Sequence[Any]) -> None:
    """Fit the axis to the curves that last to the end, if others leave it on the way up.

    `groups` are arrays (epochs, curves); a curve that ends in NaN has diverged, and what
    it was before would make a flat line of all others.
    """
    import numpy as np

    curves = np.concatenate(groups, axis=1)
    lasting = curves[:, np.isfinite(curves[-1])]
    if lasting.size and lasting.shape != curves.shape:
        low, high = np.nanmin(lasting), np.nanmax(lasting)
        room = 0.05 * (high - low) or 0.5
        ax.set_ylim(low - room, high + room)


def _legend(
    ax: Any,
    handles: Any = None,
    *,
    title: str | None = None,
    beside: bool = False,
    top: bool = False,
) -> None:
    """Put the legend where it hides nothing.

    That is outside the axes, `beside` or below them, if the figure arranges itself. A
    figure that does not would cut it off; there the axis is made longer, at the `top` or
    the bottom, and the legend stands in that room.
    """
    options: dict[str, Any] = {"fontsize": "small", "title": title, "title_fontsize": "small"}
    if handles is not None:
        options["handles"] = handles
    figure = ax.figure
    if figure.get_layout_engine() is None:
        _legend_inside(ax, top, options)
    elif beside:
        ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, **options)
    else:
        # Below the label of the axis, whose distance is in points whatever the figure's size.
        below = _matplotlib("transforms").ScaledTranslation(0, -34 / 72, figure.dpi_scale_trans)
        options.update(bbox_to_anchor=(0.5, 0), bbox_transform=ax.transAxes + below)
        # The arrangement has yet to make the axes a little wider.
        _narrow_legend(ax, 3, 1.2, loc="upper center", frameon=False, **options)


def _narrow_legend(ax: Any, columns: int, widest: float, **options: Any) -> Any:
    """Make a legend of fewer columns if it is wider than so many times the axes."""
    legend = ax.legend(ncols=columns, **options)
    while columns > 1:
        if legend.get_window_extent().width <= widest * ax.get_window_extent().width:
            break
        columns -= 1
        legend = ax.legend(ncols=columns, **options)
    return legend


def _legend_inside(ax: Any, top: bool, options: dict[str, Any]) -> None:
    edge = 0.07  # the crosses of what diverged stand below it
    tight = {"borderaxespad": 0.3, "labelspacing": 0.3, "columnspacing": 1.0}
    if ax.get_window_extent().width < 4 * ax.figure.dpi:
        tight.update(handlelength=1.5, handletextpad=0.4)
        options["fontsize"] = "x-small"
    place = {"loc": "upper center" if top else "lower center"}
    anchor = (0.5, 1.0) if top else (0.5, edge)
    legend = _narrow_legend(ax, 2, 1.0, bbox_to_anchor=anchor, **place, **tight, **options)
    taken = legend.get_window_extent().height / ax.get_window_extent().height
    taken = min(taken + (0.02 if top else edge), 0.7)
    low, high = ax.get_ylim()
    longer = (high - low) / (1 - taken)
    # `auto=None` leaves it to matplotlib to find other limits for what is added later.
    ax.set_ylim(*((low, low + longer) if top else (high - longer, high)), auto=None)


def _one(ax: Any, **options: Any) -> Any:
    if ax is not None:
        return ax
    return _matplotlib("pyplot").subplots(layout="constrained", **options)[1]


def _pair(axes: Any, sharey: bool = False) -> Any:
    import numpy as np

    if axes is None:
        options = {"figsize": (8.0, 3.8), "layout": "constrained", "sharey": sharey}
        return _matplotlib("pyplot").subplots(1, 2, **options)[1]
    axes = np.asarray(axes).ravel()
    if len(axes) != 2:
        raise InputError(f"axes are two: the left and the right. Received: {len(axes)}.")
    return axes


def _grid(
    images: Any, columns: int, axes: Any, figure: Any = None, lines: int = 1, beside: float = 0.0
) -> Any:
    """Return axes for images: the first of those given, or new ones in rows of `columns`.

    A new figure fits them, with titles of so many lines and so many inches `beside` them.
    """
    import numpy as np

    count, height, width = images.shape[:3]
    if axes is not None:
        axes = np.asarray(axes).ravel()
        if len(axes) < count:
            raise InputError(f"{count} images need as many axes. Received: {len(axes)}.")
        return axes[:count]
    columns = max(1, min(columns, count))
    rows = math.ceil(count / columns)
    if figure is None:
        cell = max(1.0, min(1.4, 8.0 / columns))
        tall = cell * min(3.0, height / width) + 0.04 + 0.18 * lines
        size = (columns * cell + beside, max(rows * tall, 1.6 if beside else 0.0) + 0.1)
        figure = _matplotlib("pyplot").figure(figsize=size, layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for surplus in axes[count:]:
        surplus.remove()
    return axes[:count]


def _matplotlib(module: str) -> Any:
    """Return a module of matplotlib, or its `colormaps`."""
    try:
        if module == "colormaps":
            return importlib.import_module("matplotlib").colormaps
        return importlib.import_module(f"matplotlib.{module}")
    except ImportError as error:
        raise InputError(
            'Figures need matplotlib, which is not installed: pip install "xl2[plot]".'
        ) from error
