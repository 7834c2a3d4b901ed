"""Model files: safetensors, with everything except the numbers in the header.

Nothing in such a file can execute code, and the header is checked before anything of the size
that it declares is allocated. The file of an ensemble has the arrays of each network with its
number before the name, and what belongs to each network in a list of the header.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import FileFormatError, InputError, on_command_line
from ..nn.ensemble import Ensemble, as_trained
from ..nn.model import Model
from ..nn.prediction_intervals import Residuals
from ..nn.preprocessing import Preprocessing
from .model_arrays import arrays_of, check_finite, check_shapes, check_values, model_of
from .model_header import (
    MOST_NETWORKS,
    header_of,
    read_residuals,
    read_settings,
    read_table,
    read_weights,
)
from .opening import check_file, reading
from .safetensors_file import safetensors_bytes
from .tried_values import is_tried
from .writing import write_whole

FORMAT, ENSEMBLE = "xl2-model-1", "xl2-ensemble-1"
# Bytes; enough for the names of a million features. A header is read whole before it can be
# checked, and then takes up to thirty times as much memory.
MAX_HEADER = 2**24
# What a file may lack: arrays of digests and of an ensemble's errors, and what a path tried.
ROWS, RESIDUALS, TRIED = "trained_rows", "residuals", "tried"


class Content(NamedTuple):
    """What a file has, checked: the settings and arrays of each network, and arrays of all."""

    networks: list[tuple[dict[str, Any], dict[str, Any]]]
    common: dict[str, Any]
    weights: list[float] | None = None
    residuals: dict[str, list[int]] | None = None
    is_ensemble: bool = False


def save(model: Any, path: str | Path) -> None:
    """Write a model file, completely or not at all.

    Parameters
    ----------
    model : Model, Ensemble, Network or estimator of xl2
        A single network, not a stack. An estimator has to be fitted.
    path : path-like
        Replaced if it exists.
    """
    import numpy as np

    model = as_trained(model)
    if isinstance(model, Model) and model.network.stack:
        raise InputError("A stack cannot be saved. Save one of its members: network.member(k).")
    arrays: dict[str, Any] = {}
    if isinstance(model, Ensemble):
        _check_preprocessing(model)
        if len(model.models) > MOST_NETWORKS:
            raise InputError(
                f"A model file holds at most {MOST_NETWORKS} networks. Received: "
                f"{len(model.models)}. Save a part of them: Ensemble(ensemble.models[:100])."
            )
        header = {"format": ENSEMBLE, **header_of(model.models[0], model)}
        for number, one in enumerate(model.models, start=1):
            arrays |= {f"{number}.{name}": array for name, array in arrays_of(one).items()}
        if model.residuals is not None:
            arrays[RESIDUALS] = np.concatenate(model.residuals.values)
    else:
        header, arrays = {"format": FORMAT, **header_of(model)}, arrays_of(model)
    if model.trained_rows is not None:
        arrays[ROWS] = model.trained_rows
    header["table"] = json.dumps(None if model.table is None else asdict(model.table))
    # The model is worth more than what was tried: what `load` would refuse is left out.
    known = model.tried is not None and is_tried(model.tried)
    tried = {TRIED: json.dumps(model.tried)} if known else {}
    head, numbers = safetensors_bytes(arrays, header | tried)
    if len(head) - 8 > MAX_HEADER:
        head, numbers = safetensors_bytes(arrays, header)
    if len(head) - 8 > MAX_HEADER:
        raise InputError(
            f"The names of features and classes take more than the {MAX_HEADER} bytes that a model "
            "file can have for them. Shorten them, or leave out the names of the features."
        )
    write_whole(path, head, numbers)


def _check_preprocessing(ensemble: Ensemble) -> None:
    """Refuse an ensemble whose networks have transformers, each its own."""
    for model in ensemble.models:
        if not isinstance(model.preprocessing, Preprocessing | None):
            kind = type(model.preprocessing).__name__
            raise InputError(
                f"A model file holds no code, so it cannot hold the {kind} that each network of "
                f"this ensemble has. Pickle the ensemble: joblib.dump(ensemble, 'ensemble.joblib')."
            )


def load(path: str | Path, *, backend: str | None = None, device: Any = None) -> Model | Ensemble:
    """Read a model file, without running code from it.

    Parameters
    ----------
    path : path-like
        The file.
    backend, device : optional
        Where the network computes; see `xl2.use_backend`.

    Returns
    -------
    Model or Ensemble
        Whichever was saved.
    """
    path = Path(path)
    writer = "`xl2 train --out`" if on_command_line() else "xl2.save"
    check_file(path, f"Pass a model file, as {writer} writes it.")
    with reading(path, "a safetensors model file"):
        try:
            content = _read(path)
        except FileFormatError as error:
            raise FileFormatError(f"{path}: {error}") from None
    # Errors of the array library below are not turned into a FileFormatError.
    try:
        return _trained(content, backend, device)
    except FileFormatError as error:
        raise FileFormatError(f"{path}: {error}") from None


def _read(path: Path) -> Content:
    """Return the checked settings and arrays of a file."""
    from safetensors import safe_open

    with path.open("rb") as stream:
        declared, size = int.from_bytes(stream.read(8), "little"), path.stat().st_size
    if declared > min(MAX_HEADER, size):
        raise FileFormatError(
            f"it declares a header of {declared} bytes. The file has {size} bytes, and a header "
            f"at most {MAX_HEADER}."
        )
    with safe_open(str(path), framework="numpy") as file:
        header = file.metadata() or {}
        if header.get("format") not in (FORMAT, ENSEMBLE):
            raise FileFormatError(
                f"it is not a model file of this version: its format is {header.get('format')!r}. "
                f"Expected {FORMAT!r} or {ENSEMBLE!r}."
            )
        several = header["format"] == ENSEMBLE
        settings = read_settings(header, several)
        slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
        parts = _parts(slices, len(settings), several)
        for own, part in zip(settings, parts, strict=True):
            check_shapes(own, {name: one.get_shape() for name, one in part.items()})
        weights = read_weights(header) if several else None
        residuals = read_residuals(header) if several else None
        shape = None
        if residuals is not None:
            shape = [sum(residuals["counts"]), settings[0]["sizes"][-1]]
        _check_common(slices, shape)
        common = {n: file.get_tensor(n) for n in (ROWS, RESIDUALS) if n in slices}
        networks = list[tuple[dict[str, Any], dict[str, Any]]]()
        for number, (own, part) in enumerate(zip(settings, parts, strict=True), start=1):
            prefix = f"{number}." if several else ""
            arrays = {name: file.get_tensor(f"{prefix}{name}") for name in part}
            check_values(own, arrays)
            networks.append((own, arrays))
    if ROWS in common and (common[ROWS][:-1] > common[ROWS][1:]).any():
        raise FileFormatError(f"its array {ROWS!r} is not sorted.")
    if RESIDUALS in common:
        check_finite(RESIDUALS, common[RESIDUALS], "float64")
    return Content(networks, common, weights, residuals, several)


def _parts(slices: dict[str, Any], count: int, several: bool) -> list[dict[str, Any]]:
    """Return the arrays of each network, by their names without the network's number."""
    common = (ROWS, RESIDUALS) if several else (ROWS,)
    own = {name: one for name, one in slices.items() if name not in common}
    if not several:
        return [own]
    parts: list[dict[str, Any]] = [{} for _ in range(count)]
    numbers = {str(k): part for k, part in enumerate(parts, start=1)}
    for name, one in own.items():
        number, _, rest = name.partition(".")
        if number not in numbers:
            raise FileFormatError(f"its array {name!r} belongs to none of its {count} networks.")
        numbers[number][rest] = one
    return parts


def _check_common(slices: dict[str, Any], residuals: list[int] | None) -> None:
    """Check that arrays can be the digests of training rows, and errors of a shape."""
    if ROWS in slices:
        shape, dtype = slices[ROWS].get_shape(), slices[ROWS].get_dtype()
        if dtype != "U64" or len(shape) != 1 or shape[0] == 0:
            raise FileFormatError(
                f"its array {ROWS!r} is {dtype} of shape {shape}. Expected: U64 of one dimension."
            )
    found = slices[RESIDUALS].get_shape() if RESIDUALS in slices else None
    if found != residuals:
        raise FileFormatError(
            f"its arrays do not match its header: {RESIDUALS!r} has shape {found}. Expected: "
            f"{residuals}."
        )


def _trained(content: Content, backend: Any, device: Any) -> Model | Ensemble:
    """Return what a file has."""
    import numpy as np

    first = content.networks[0][0]
    known = {
        "trained_rows": content.common.get(ROWS),
        "tried": first[TRIED],
        "table": read_table(first["table"]),
    }
    if not content.is_ensemble:
        return model_of(*content.networks[0], backend, device, **known)
    models = [model_of(*one, backend, device) for one in content.networks]
    residuals = None
    if content.residuals is not None:
        ends = np.cumsum(content.residuals["counts"])[:-1]
        values = np.split(content.common[RESIDUALS].astype("float64"), ends)
        residuals = Residuals(tuple(values), tuple(content.residuals["folds"]))
    try:
        return Ensemble(models, content.weights, residuals, **known)
    except InputError as error:
        raise FileFormatError(str(error)) from None
