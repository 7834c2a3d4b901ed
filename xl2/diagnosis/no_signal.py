"""The sentences of a diagnosis whose path found no signal."""

from __future__ import annotations

from .evidence import LEVEL
from .findings import Findings
from .formats import format_score


def without_signal(d: Findings, tested: str) -> tuple[str, ...]:
    """Return that nothing is predicted, and what to do; `tested` is what the samples are called.

    Test samples may show a signal that the folds are too small for.
    """
    name = d.score_name
    scores = f"{format_score(d.test_score, name)} against {format_score(d.null_score, name)}"
    dealt = "labels" if d.task == "classification" else "values"
    if not d.of_folds and d.null_p_value is not None and d.null_p_value <= LEVEL:
        return (
            f"The validation samples are too few or too alike to show what would gain: {dealt} "
            f"dealt to them at random fit the predictions as well with p = {d.signal:.2g}.",
            f"On the test samples the model is better than {d.null_answer} ({name} {scores}, p = "
            f"{d.null_p_value:.2g}), so try again with more samples or other folds.",
        )
    return (
        f"No lambda predicts better than {d.null_answer}, as far as these samples tell: the "
        f"{tested} {name} is {scores}, and {dealt} dealt at random fit the predictions as well "
        f"with p = {d.signal:.2g}.",
        f"No other network, training or penalty is advised: first check that the features say "
        f"something about the {dealt} and that both belong to the same rows, or collect more "
        f"samples.",
    )
