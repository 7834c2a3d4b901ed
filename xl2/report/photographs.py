"""Samples that are images, as small embedded PNG."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import Any

from .svg import needed

SMALLEST = 8  # pixels of an image's side; a table may well have 4, 9 or 25 columns
# A table may also have 64, 100 or 300 columns. By how much neighbours differ, of how much any two
# pixels do: 0.2 to 0.65 in photographs and digits, 0.75 in standardised digits, 1 in tables.
ALIKE = 0.85
LOOKED_AT = 100  # samples by which that is measured


def as_images(X: Any) -> Any:
    """Return samples (n, features) as images (n, height, width[, 3]); None if they are none."""
    from ..figures import image_shape

    shape = image_shape(X.shape[1])
    if shape is None or min(shape[:2]) < SMALLEST:
        return None
    images = X.reshape(-1, *shape)
    return images if _neighbours_are_alike(images[:LOOKED_AT]) else None


def _neighbours_are_alike(images: Any) -> bool:
    """Tell whether neighbours differ less than pixels that are far from one another."""
    import numpy as np

    values = np.where(np.isfinite(images), images, 0.0).astype("float64")
    near = np.mean([np.abs(np.diff(values, axis=axis)).mean() for axis in (1, 2)])
    pixels = values.reshape(len(values), values.shape[1] * values.shape[2], -1)
    others = np.random.default_rng(0).permutation(pixels.shape[1])
    return bool(near <= ALIKE * np.abs(pixels - pixels[:, others]).mean())


def photographs(images: Any, texts: Sequence[str]) -> list[dict[str, str]]:
    """Return images (n, height, width[, 3]) as data URLs, with a text for each.

    The smallest of all values is black, the largest white.
    """
    import numpy as np

    values = np.asarray(images, dtype="float64")
    known = np.isfinite(values)
    low, high = (values[known].min(), values[known].max()) if known.any() else (0.0, 0.0)
    shades = (np.where(known, values, low) - low) / (high - low or 1.0)
    whole = np.round(255.0 * shades).astype("uint8")
    return [{"data": _png(one), "alt": text} for one, text in zip(whole, texts, strict=True)]


def _png(image: Any) -> str:
    file = io.BytesIO()
    needed("PIL.Image").fromarray(image).save(file, "png", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode('ascii')}"
