"""Two classes at other thresholds: how many are found, and how many of those are right."""

from __future__ import annotations

from typing import Any

from ..nn.costs import class_probabilities
from .mistakes import Classified, Table
from .pictures import Picture, picture

THRESHOLDS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95)
HEAD = ("threshold", "answered", "recall", "precision", "false alarms")


def thresholds(outputs: Any, samples: Classified) -> dict[str, Any] | None:
    """Return a table of thresholds and a picture of all; None if there are not two classes."""
    second = samples.true == 1
    if len(samples.names) != 2 or not 0 < second.sum() < len(second):
        return None
    p = class_probabilities(outputs)[:, 1]
    rows, recalls, precisions, alarms = [], [], [], []
    for threshold in THRESHOLDS:
        found = p >= threshold
        right, wrong = int((found & second).sum()), int((found & ~second).sum())
        recalls.append(right / int(second.sum()))
        alarms.append(wrong / int((~second).sum()))
        precisions.append(right / (right + wrong) if right + wrong else None)
        shares = (recalls[-1], precisions[-1], alarms[-1])
        rows.append((f"{threshold:g}", str(right + wrong), *map(_percent, shares)))
    said = {
        k: f"Threshold {row[0]}: recall {row[2]}, precision {row[3]}, false alarms {row[4]}."
        for k, row in enumerate(rows)
    }
    known = [k for k, one in enumerate(precisions) if one is not None]
    marks = (
        (alarms, recalls, said),
        ([recalls[k] for k in known], [precisions[k] for k in known], {k: said[k] for k in known}),
    )
    return {
        "name": samples.names[1],
        "table": Table(HEAD, rows),
        "picture": _picture(p, second, marks),
    }


def _picture(p: Any, second: Any, marks: Any) -> Picture:
    """Draw the ROC curve and precision against recall, with marks at the thresholds."""
    from sklearn.metrics import precision_recall_curve, roc_auc_score, roc_curve

    from ..figures.style import BLACK, BLUE

    alarms, found, _ = roc_curve(second, p)
    precisions, recalls, _ = precision_recall_curve(second, p)
    area, share = float(roc_auc_score(second, p)), float(second.mean())
    dashed = {"color": BLACK, "linestyle": (0, (4, 2)), "linewidth": 1}

    def draw(figure: Any, narrow: bool) -> None:
        left, right = figure.subplots(2, 1) if narrow else figure.subplots(1, 2)
        left.plot(alarms, found, color=BLUE, drawstyle="steps-post")
        left.plot([0, 1], [0, 1], label="chance", **dashed)
        right.plot(recalls, precisions, color=BLUE, drawstyle="steps-pre")
        right.axhline(share, **dashed)
        for ax, (x, y, _), name in zip((left, right), marks, ("roc", "precision"), strict=True):
            ax.plot(x, y, "o", color=BLUE, markersize=5, gid=name)
            ax.set_xlim(-0.03, 1.03)
            ax.set_ylim(-0.03, 1.03)
        left.set(xlabel="false alarms, of the first class", ylabel="recall, of the second class")
        right.set(xlabel="recall", ylabel="precision")

    text = (
        f"Left the ROC curve, whose area is {area:.4f}; right precision against recall. Dashed is "
        f"chance, on the right {_percent(share)}. {marks[0][2][THRESHOLDS.index(0.5)]}"
    )
    tips = {name: said for name, (_, _, said) in zip(("roc", "precision"), marks, strict=True)}
    return picture("thresholds", draw, (3.0, 5.6), text, tips)


def _percent(part: float | None) -> str:
    return "-" if part is None else f"{100.0 * part:.1f}\N{NO-BREAK SPACE}%"
