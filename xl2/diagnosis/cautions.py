"""What the numbers of a diagnosis do not show, in sentences."""

from __future__ import annotations

from .intervals import FEW

SELECTED = (
    "lambda was chosen by the scores on these very test samples. That flatters the test score, "
    "the difference and its p-value. Use test samples that had no part in the choice."
)
SEARCHED = (
    "these settings are the best of {} trials of xl2.tune on the same validation samples. The "
    "validation score is not corrected for that choice. Use test samples that had no part in it."
)


def caution(
    same: bool, selected: bool, score_name: str, test_rows: int, null: str
) -> tuple[str, ...]:
    """Return what the numbers do not show, in sentences.

    `same` tells whether training and test samples are one object, `selected` whether
    lambda was chosen on the test samples; `null` is about the null model, or empty.
    """
    found = [null] if null else []
    if same:
        found.append("the test samples are the training samples, so the gap shows nothing.")
    if selected:
        found.append(SELECTED)
    if score_name == "R2" and test_rows < FEW:
        found.append(f"with only {test_rows} test samples the intervals of R2 are too narrow.")
    return tuple(found)


def if_said(text: str) -> tuple[str, ...]:
    """Return a sentence, or none."""
    return (text,) if text else ()
