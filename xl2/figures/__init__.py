"""Pictures of what was trained: axes in, axes out.

Each function draws into the axes it is given, or into a new figure of
`matplotlib.pyplot`, which a notebook shows by itself. None calls ``show`` or
changes a setting of matplotlib. Two curves never differ by colour alone.
"""

from __future__ import annotations

from .confusion import plot_confusion
from .curves import plot_curves, plot_history
from .images import image_shape, plot_images, plot_weights
from .scores import plot_path
from .style import (
    BLACK,
    BLUE,
    GREEN,
    MEMBERS,
    ORANGE,
    PENALTY,
    PURPLE,
    SKY,
    TRAINING,
    VALIDATION,
    VERMILLION,
)

__all__ = [
    "BLACK",
    "BLUE",
    "GREEN",
    "MEMBERS",
    "ORANGE",
    "PENALTY",
    "PURPLE",
    "SKY",
    "TRAINING",
    "VALIDATION",
    "VERMILLION",
    "image_shape",
    "plot_confusion",
    "plot_curves",
    "plot_history",
    "plot_images",
    "plot_path",
    "plot_weights",
]
