"""What a fit measured, an epoch at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Values = list[Any]  # a float an epoch; for a stack a NumPy array of one value a member


@dataclass
class History:
    """The curves of a fit, one value an epoch.

    The values are floats; of a stack they are NumPy arrays, one value a member.

    Attributes
    ----------
    loss : list
        Mean loss over the training samples, each taken just before the step that
        learnt from it, without the penalty.
    score : list
        Accuracy (or R2, for a regression) of the same outputs.
    penalty : list
        ``lam / (2 m) sum(W^2)`` after the epoch, `m` the number of training samples.
    validation_loss, validation_score : list
        The same over the validation samples after the epoch; empty without any.
    seconds : list of float
        Wall time of the epoch, validation included.
    """

    loss: Values = field(default_factory=list)
    score: Values = field(default_factory=list)
    penalty: Values = field(default_factory=list)
    validation_loss: Values = field(default_factory=list)
    validation_score: Values = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def __len__(self) -> int:
        """Return the number of completed epochs."""
        return len(self.loss)

    def __repr__(self) -> str:
        if not len(self):
            return "History(no epoch)"
        last = {name: values[-1] for name, values in vars(self).items() if values}
        shown = ", ".join(f"{name}={value}" for name, value in last.items())
        return f"History({len(self)} epochs; last: {shown})"
