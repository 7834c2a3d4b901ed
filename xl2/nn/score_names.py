"""The names of scores, as scikit-learn calls its scorers, and how people are shown them."""

from __future__ import annotations

import math
from typing import NamedTuple

# Names that are not the scorer's own words.
SPELLED = {
    "r2": "R2",
    "f1": "F1",
    "roc_auc": "ROC AUC",
    "neg_root_mean_squared_error": "RMSE",
    "neg_mean_squared_error": "MSE",
    "neg_mean_absolute_error": "MAE",
}
NEGATED = "neg_"  # an error or a loss with its sign changed, so that larger is better


class ShownScore(NamedTuple):
    """A score as it is shown: "log loss" instead of "neg_log_loss", "accuracy" in percent."""

    name: str
    factor: float  # of the number shown to the score
    unit: str = ""

    @property
    def title(self) -> str:
        """The name with its unit, for a table or an axis."""
        if self.factor < 0.0:
            return f"{self.name} (smaller is better)"
        return f"{self.name} in {self.unit}" if self.unit else self.name

    def cell(self, score: float) -> str:
        """Return a score in at most ten characters."""
        value = self.factor * score
        if math.isnan(value):
            return "-"
        size = abs(value)
        if self.unit:
            return f"{value:.2f}"
        if 0.0 < size < 5e-4:
            return f"{value:.1e}"
        if size < 1000.0:
            return f"{value + 0.0:.4f}"
        return f"{value:.1f}" if size < 1e6 else f"{value:.2e}"

    def spread(self, error: float) -> str:
        """Return a standard error, or a difference without its sign."""
        return self._replace(factor=abs(self.factor)).cell(error)


def shown_score(name: str) -> ShownScore:
    """Return how the score of a scorer is shown."""
    words = SPELLED.get(name, name.removeprefix(NEGATED).replace("_", " "))
    if name.endswith("accuracy"):
        return ShownScore(words, 100.0, "%")
    return ShownScore(words, -1.0 if name.startswith(NEGATED) else 1.0)
