"""The names of the curves of a regularisation path."""

from __future__ import annotations

from typing import Any

from .placing import Obstacles, Room, label_curve
from .style import BLUE, DARK_VERMILLION, size_in_points

NARROW = 230.0  # points of axes in which names have short lines


def label_path(display: Any, x: Any, sign: float, room: Room) -> dict[str, Any]:
    """Name the curves of a `RegularizationPathDisplay` where the names cover the least."""
    import numpy as np

    ax, taken = display.ax_, Obstacles()
    means, errors = sign * display.validation_means, display.standard_errors
    train = sign * display.train_means
    low, high = means - errors, means + errors
    for y, cost in ((train, 8.0), (means, 8.0), (low, 0.5), (high, 0.5)):
        taken.add_curve(ax, x, y, cost)
    for line in display.fold_lines_:
        taken.add_curve(ax, x, line.get_ydata(), 1.0)
    for line in (display.best_line_, display.simple_line_):
        if line is not None:
            taken.add_curve(ax, line.get_xdata(), ax.get_ylim(), 1.0)
    for ends in zip(x, low, high, strict=True):
        taken.add_curve(ax, [ends[0], ends[0]], ends[1:], 1.0)
    for point in (*display.train_points_, *display.validation_points_):
        taken.add_marker(ax, point)
    whole = np.array([x[0], x[-1]])
    if display.null_line_ is not None:
        level = np.full(2, sign * display.null_score)
        taken.add_curve(ax, whole, level, 1.0)
    folds = f"\nthin: {len(display.fold_lines_)} folds" if display.fold_lines_ else ""
    between = "\n" if size_in_points(ax)[0] < NARROW else " "
    spread = f"{between}± one SE" if np.isfinite(errors).any() else ""
    look: dict[str, Any] = {"color": BLUE, "rival": means}
    found = {"training": label_curve(ax, x, [train], "training", taken, room, **look)}
    text, guides = f"validation{spread}{folds}", [means, low, high]
    if display.fold_lines_:
        scores = sign * display.validation_scores
        guides += [scores.min(axis=1), scores.max(axis=1)]
    look = {"color": DARK_VERMILLION, "rival": train}
    found["validation"] = label_curve(ax, x, guides, text, taken, room, **look)
    if display.null_line_ is not None:
        found["null"] = label_curve(ax, whole, [level], "null model", taken, room)
    return {key: text for key, text in found.items() if text is not None}
