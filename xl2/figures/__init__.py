"""Figures of networks, fits and regularisation paths.

Each display is a class as scikit-learn has them: a classmethod ``from_...`` computes what is
needed and draws it, ``plot(ax)`` draws it once more, and its attributes are the data and, after
drawing, the axes and the artists. It draws into the matplotlib axes that it is given, or into a
new figure of `matplotlib.pyplot`. None calls ``show`` or changes a setting of matplotlib, which
is imported at the first figure. No two curves differ by colour alone. On the dark axes of a style
sheet, what is black elsewhere is white.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .curves import LossCurvesDisplay
from .dependence import PartialDependenceDisplay
from .gains import GainsDisplay
from .history import HistoryDisplay
from .images import image_shape, plot_images, plot_weights
from .importance import ImportanceDisplay
from .reliability import ReliabilityDisplay
from .samples import LearningCurveDisplay
from .scores import RegularizationPathDisplay
from .verdict import VerdictDisplay

if TYPE_CHECKING:
    from .confusion import ConfusionMatrixDisplay

__all__ = [
    "ConfusionMatrixDisplay",
    "GainsDisplay",
    "HistoryDisplay",
    "ImportanceDisplay",
    "LearningCurveDisplay",
    "LossCurvesDisplay",
    "PartialDependenceDisplay",
    "RegularizationPathDisplay",
    "ReliabilityDisplay",
    "VerdictDisplay",
    "image_shape",
    "plot_images",
    "plot_weights",
]


def __getattr__(name: str) -> Any:
    # Its base class is scikit-learn's, which takes a second to import.
    if name == "ConfusionMatrixDisplay":
        from .confusion import ConfusionMatrixDisplay

        globals()[name] = ConfusionMatrixDisplay
        return ConfusionMatrixDisplay
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
