"""Figures of networks, fits and regularisation paths.

Each function draws into the matplotlib axes that it is given, or into a new figure of
`matplotlib.pyplot`, and returns the axes. None calls ``show`` or changes a setting of
matplotlib, which is imported at the first figure. No two curves differ by colour alone.
"""

from __future__ import annotations

from .confusion import plot_confusion
from .curves import plot_curves, plot_history
from .dependence import plot_partial_dependence
from .images import image_shape, plot_images, plot_weights
from .importance import plot_importance
from .reliability import plot_reliability
from .samples import plot_learning_curve
from .scores import plot_path

__all__ = [
    "image_shape",
    "plot_confusion",
    "plot_curves",
    "plot_history",
    "plot_images",
    "plot_importance",
    "plot_learning_curve",
    "plot_partial_dependence",
    "plot_path",
    "plot_reliability",
    "plot_weights",
]
