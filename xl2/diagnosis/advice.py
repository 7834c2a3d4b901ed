"""What to try next, and what the numbers of a diagnosis do not show."""

from __future__ import annotations

from .formats import format_baseline, format_score
from .intervals import FEW


def advise(
    dominates: str,
    target_score: float,
    score_name: str,
    lam: float | None,
    baseline: float | None,
    largest: bool,
) -> tuple[str, ...]:
    """Return what to try, in one to three sentences.

    `lam` is the best lambda of a path, None for a single model, and `largest` whether no
    larger one was tried. `baseline` is no penalty, or the smallest lambda.
    """
    idle = lam is not None and lam == baseline
    useless = f"{'More ' if lam else ''}L2 does not help here: "
    useless += f"by validation {format_baseline(lam or 0.0)} is best"
    if dominates == "bias":
        work = "Work on the bias: a larger network, longer training or better features."
        ask = (
            f"If {format_score(target_score, score_name)} is out of reach, set a lower target "
            f"score (target_score=, or --target-score)."
        )
        if idle:
            return f"{useless}, and a penalty adds to the bias.", work, ask
        less = (
            "A weaker L2 penalty (if there is one)" if lam is None else f"A lambda below {lam:.4g}"
        )
        return work, f"{less} reduces the bias too, but may widen the gap.", ask
    if dominates == "gap":
        rest = "more training samples or a smaller network."
        if lam is None:
            return (f"Work on the gap: a stronger L2 penalty, {rest}",)
        if idle:
            return f"{useless}.", f"Work on the gap: {rest}"
        if largest:
            return (f"The best lambda is the largest tried: try larger ones, then {rest}",)
        return (f"The penalty already narrows the gap; to narrow it further, use {rest}",)
    stop = "Stop here, or take more test samples to see what is left."
    return (f"{useless}.", stop) if idle else (stop,)


def caution(
    same: bool, selected: bool, score_name: str, train_rows: int, test_rows: int
) -> tuple[str, ...]:
    """Return what the numbers do not show, in sentences.

    `same` tells whether training and test samples are one object, `selected` whether
    lambda was chosen on the test samples.
    """
    found = []
    if same:
        found.append("the test samples are the training samples, so the gap shows nothing.")
    if selected:
        found.append(
            "lambda was chosen by the scores on these very test samples. That flatters the test "
            "score, the difference and its p-value. Use test samples that had no part in the "
            "choice."
        )
    few = [f"{n} {part}" for n, part in ((train_rows, "training"), (test_rows, "test")) if n < FEW]
    if score_name == "R2" and few:
        found.append(f"with only {' and '.join(few)} samples the intervals of R2 are too narrow.")
    return tuple(found)
