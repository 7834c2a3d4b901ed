"""History of a fit: loss, score and penalty of each epoch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..errors import counted
from ..markup import output, paragraph, paragraphs, sparkline, table

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

    def _repr_html_(self) -> str:
        return history_html(self)

    def plot(self, ax: Any = None) -> Any:
        """Draw loss and score against the epoch; return `xl2.figures.HistoryDisplay`."""
        from ..figures import HistoryDisplay

        return HistoryDisplay.from_history(self, ax=ax)


def history_html(history: History) -> str:
    """Return a table for a notebook: each curve in figures and as a line."""
    if not len(history):
        return output(paragraph("No epoch has been trained."))
    import numpy as np

    notes, what = [], ""
    if history.diverged is not None:
        members, lost = history.diverged.size, int(np.count_nonzero(history.diverged))
        what = f", means over {members} networks"
        if lost:
            notes = [f"{lost} of {members} networks diverged; the means are those of the others."]
    rows = []
    for name in CURVES:
        if values := [_mean(value) for value in getattr(history, name)]:
            figures = (f"{value:.4g}" for value in (values[0], values[-1]))
            rows.append((name.replace("_", " "), *figures, sparkline(values, f"{name} by epoch")))
    seconds = sum(history.seconds)
    caption = f"{counted(len(history), 'epoch')}, {seconds:.1f} s{what}"
    head = ("", "first", "last", "by epoch")
    return output(table(head, rows, caption=caption, left=(0, -1)), paragraphs(notes))


def _mean(value: Any) -> float:
    """Return the mean over the members that have not diverged; NaN if all have."""
    import numpy as np

    sound = np.asarray(value, dtype="float64")
    sound = sound[np.isfinite(sound)]
    return float(sound.mean()) if sound.size else float("nan")
