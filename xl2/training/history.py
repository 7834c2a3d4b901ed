"""History of a fit: loss, score and penalty of each epoch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

CURVES = ("loss", "score", "penalty", "validation_loss", "validation_score")
Values = list[Any]  # of floats; of a stack, NumPy arrays shaped like it


@dataclass
class History:
    """The curves of a fit, one value per epoch.

    The values are floats. For a stack they are NumPy arrays of its shape, with NaN for a member
    from the epoch on in which it diverged.

    Attributes
    ----------
    loss : list
        Mean loss over the training samples, without the penalty. Each sample's loss is
        computed just before the step that uses it.
    score : list
        Accuracy of the same outputs; R2 for a regression.
    penalty : list
        ``lam / (2 m) sum(W^2)`` after the epoch, with `m` training samples.
    validation_loss, validation_score : list
        Loss and score on the validation samples after the epoch; empty without any.
    seconds : list of float
        Wall time of the epoch, with validation.
    diverged : numpy.ndarray of int, shaped like the stack, or None
        The epoch, from 1, in which the loss or a parameter of a member became infinite or
        NaN; 0 if none did. Such a member keeps its parameters from before that epoch. None
        for a single network, which raises `DivergenceError` instead.
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
        """Return an empty history for a stack of a shape; () is a single network."""
        import numpy as np

        return cls(diverged=np.zeros(stack, dtype=np.int64) if stack else None)

    def add(self, **values: Any) -> None:
        """Append an epoch's values to the curves of these names."""
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
        """Plot loss and score against the epoch; see `xl2.figures.plot_history`."""
        from ..figures import plot_history

        return plot_history(self, axes)
