"""Bring the arrays of a file to shape (samples, features) and to usable dtypes."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from ..errors import FileFormatError, InputError, counted, option


def orient(X: Any, y: Any, features_first: bool, path: Path) -> tuple[Any, Any]:
    """Return X as (samples, features) and y as (samples,) or (samples, outputs)."""
    import numpy as np

    if features_first:
        if X.ndim != 2:
            raise InputError(
                f"{path}: X has shape {X.shape}. With "
                f"{option('features_first', True)} it must be (features, samples)."
            )
        X = np.ascontiguousarray(X.T)
        y = y if y is None else y.T
    elif y is not None and X.ndim == 2 and X.shape[1] == y.size != X.shape[0]:
        raise InputError(
            f"{path} looks features-first: X has shape {X.shape} and y has "
            f"{counted(y.size, 'label')}, one for each column. Pass "
            f"{option('features_first', True)}."
        )
    return as_features(X, path), y if y is None else as_labels(y, path)


def as_features(X: Any, path: Path) -> Any:
    """Return X (samples, ...) as (samples, features), with booleans as 0 and 1."""
    if X.ndim < 2:
        raise InputError(
            f"{path}: X has shape {X.shape}. Expected (samples, features), or (samples, height, "
            "width) for images. Reshape it; a single feature is (samples, 1)."
        )
    X = X.view("u1") if X.dtype.kind == "b" else X
    return native(X).reshape(len(X), math.prod(X.shape[1:]))


def as_labels(y: Any, path: Path) -> Any:
    """Return labels as (samples,), or as (samples, outputs) if there are several outputs."""
    import numpy as np

    if y.dtype.kind == "S":
        try:
            y = np.char.decode(y, "utf-8")
        except UnicodeDecodeError as error:
            message = f"{path}: the labels are not UTF-8 text: {error}. Save them as UTF-8."
            raise FileFormatError(message) from error
    elif y.dtype.kind == "U" and not is_unicode(y):
        raise FileFormatError(f"{path}: the labels are not valid Unicode. Save them as UTF-8.")
    y = y.astype(np.int64) if y.dtype.kind == "b" else y
    if y.dtype.kind not in "uifU":
        raise InputError(
            f"{path}: y has dtype {y.dtype}. Expected integers, real numbers or text. "
            "Convert it before saving."
        )
    if y.ndim not in {1, 2} or y.shape[1:] == (0,):
        raise InputError(
            f"{path}: y has shape {y.shape}. Expected (samples,) or (samples, outputs). Reshape it."
        )
    return native(y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y)


def is_unicode(array: Any) -> bool:
    """Return whether a text array holds valid code points only, and no surrogates."""
    codes = native(array).reshape(-1).view("u4")
    return not ((codes > 0x10FFFF) | ((codes >= 0xD800) & (codes < 0xE000))).any()


def native(array: Any) -> Any:
    """Return an array in the machine's byte order, without a copy if it already is."""
    return array.astype(array.dtype.newbyteorder("="), copy=False)
