"""What a fit measured, an epoch at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

CURVES = ("loss", "score", "penalty", "validation_loss", "validation_score")
Values = list[Any]  # a float an epoch; for a stack a NumPy array of one value a member


@dataclass
class History:
    """The curves of a fit, one value an epoch.

    The values are floats; of a stack they are NumPy arrays, shaped like the stack,
    that hold NaN for a member from the epoch on in which it diverged.

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
    diverged : numpy.ndarray of int, shaped like the stack, or None
        For each member of a stack the epoch, from 1, in which its loss or a parameter
        left the finite numbers; 0 for one that is sound. Such a member keeps its
        parameters from before that epoch. None for a network alone: that raises
        `DivergenceError`.
    """

    loss: Values = field(default_factory=list)
    score: Values = field(default_factory=list)
    penalty: Values = field(default_factory=list)
    validation_loss: Values = field(default_factory=list)
    validation_score: Values = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    diverged: Any = None

    @classmethod
    def of(cls, stack: tuple[int, ...]) -> History:
        """Return an empty history for a network, (), or a stack of a shape."""
        import numpy as np

        return cls(diverged=np.zeros(stack, dtype=np.int64) if stack else None)

    def add(self, **values: Any) -> None:
        """Add an epoch's values to the curves of these names."""
        import numpy as np

        for name, value in values.items():
            sound = value if self.diverged is None else np.where(self.diverged, np.nan, value)
            getattr(self, name).append(sound)

    def __len__(self) -> int:
        """Return the number of completed epochs."""
        return len(self.loss)

    def __repr__(self) -> str:
        if not len(self):
            return "History(no epoch)"
        curves = {name: values for name, values in vars(self).items() if name != "diverged"}
        last = {name: values[-1] for name, values in curves.items() if values}
        shown = ", ".join(f"{name}={value}" for name, value in last.items())
        return f"History({len(self)} epochs; last: {shown})"

    def plot(self, axes: Any = None) -> Any:
        """Draw loss and score against the epoch; see `xl2.figures.plot_history`."""
        from ..figures import plot_history

        return plot_history(self, axes)
