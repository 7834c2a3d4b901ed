"""Model files: safetensors, with everything except the numbers in the header.

Nothing in such a file can execute code, and the header is checked before anything of the size
that it declares is allocated.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

from ..array.switch import resolve
from ..errors import FileFormatError, InputError, on_command_line
from ..nn.model import Model
from ..nn.network import Network
from ..nn.scaling import Scaling
from .model_header import read_settings, read_table
from .opening import check_file, reading
from .preprocessing_header import described, numbers_of, restored, width_of
from .safetensors_file import safetensors_bytes
from .tried_values import is_tried
from .writing import write_whole

FORMAT = "xl2-model-1"
# Bytes; enough for the names of a million features. A header is read whole before it can be
# checked, and then takes up to thirty times as much memory.
MAX_HEADER = 2**24
# What a file may lack: arrays of digests and medians, and what a path tried.
ROWS, MEDIANS, TRIED = "trained_rows", "medians", "tried"


def save(model: Any, path: str | Path) -> None:
    """Write a model file, completely or not at all.

    Parameters
    ----------
    model : Model, Network or estimator of xl2
        A single network, not a stack. An estimator has to be fitted.
    path : path-like
        Replaced if it exists.
    """
    model = Model.of(model)
    network = model.network
    if network.stack:
        raise InputError("A stack cannot be saved. Save one of its members: network.member(k).")
    tensors: dict[str, Any] = {}
    for i, (weight, bias) in enumerate(network.host_parameters(), start=1):
        tensors[f"weight_{i}"], tensors[f"bias_{i}"] = weight, bias
    for name, scaling in (("input", model.input_scaling), ("output", model.output_scaling)):
        if scaling is not None:
            tensors[f"{name}_mean"], tensors[f"{name}_scale"] = scaling.mean, scaling.scale
    preprocessing = described(model.preprocessing, model.features)
    if preprocessing is not None:
        tensors[MEDIANS] = model.preprocessing.medians
    if model.trained_rows is not None:
        tensors[ROWS] = model.trained_rows
    classes = None if model.classes is None else [_plain(label) for label in model.classes]
    header = {
        "format": FORMAT,
        "sizes": json.dumps(network.sizes),
        "activations": json.dumps(network.activations),
        "dtype": network.dtype,
        "task": network.task,
        "standardisation": json.dumps(
            {"input": model.input_scaling is not None, "output": model.output_scaling is not None}
        ),
        "classes": json.dumps(classes),
        "features": json.dumps(model.features),
        "table": json.dumps(None if model.table is None else asdict(model.table)),
    }
    if preprocessing is not None:
        header["preprocessing"] = json.dumps(preprocessing)
    if model.temperature != 1.0:
        header["temperature"] = json.dumps(float(model.temperature))
    # The model is worth more than what was tried: what `load` would refuse is left out.
    known = model.tried is not None and is_tried(model.tried)
    tried = {TRIED: json.dumps(model.tried)} if known else {}
    head, numbers = safetensors_bytes(tensors, header | tried)
    if len(head) - 8 > MAX_HEADER:
        head, numbers = safetensors_bytes(tensors, header)
    if len(head) - 8 > MAX_HEADER:
        raise InputError(
            f"The names of features and classes take more than the {MAX_HEADER} bytes that a model "
            "file can have for them. Shorten them, or leave out the names of the features."
        )
    write_whole(path, head, numbers)


def load(path: str | Path, *, backend: str | None = None, device: Any = None) -> Model:
    """Read a model file, without running code from it.

    Parameters
    ----------
    path : path-like
        The file.
    backend, device : optional
        Where the network computes; see `xl2.use_backend`.
    """
    path = Path(path)
    writer = "`xl2 train --out`" if on_command_line() else "xl2.save"
    check_file(path, f"Pass a model file, as {writer} writes it.")
    with reading(path, "a safetensors model file"):
        try:
            settings, tensors = _read(path)
        except FileFormatError as error:
            raise FileFormatError(f"{path}: {error}") from None
    # Errors of the array library below are not turned into a FileFormatError.
    return _model(settings, tensors, path, backend, device)


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
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
        if header.get("format") != FORMAT:
            raise FileFormatError(
                f"it is not a model file of this version: its format is {header.get('format')!r}. "
                f"Expected {FORMAT!r}."
            )
        settings = read_settings(header)
        slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
        _check_shapes(settings, {n: part.get_shape() for n, part in slices.items() if n != ROWS})
        if ROWS in slices:
            _check_rows(slices[ROWS].get_shape(), slices[ROWS].get_dtype())
        tensors = {name: file.get_tensor(name) for name in slices}
    _check_values(settings, tensors)
    return settings, tensors


def _check_shapes(settings: dict[str, Any], shapes: dict[str, list[int]]) -> None:
    """Check that the arrays of a file are those that its header describes."""
    sizes = settings["sizes"]
    if len(sizes) > len(shapes):
        raise FileFormatError(f"it declares {len(sizes)} layers but has {len(shapes)} arrays.")
    expected: dict[str, list[int]] = {}
    for i, (inputs, outputs) in enumerate(pairwise(sizes), start=1):
        expected[f"weight_{i}"], expected[f"bias_{i}"] = [inputs, outputs], [outputs]
    for name, columns in (("input", sizes[0]), ("output", sizes[-1])):
        if settings["standardisation"][name]:
            expected[f"{name}_mean"] = expected[f"{name}_scale"] = [columns]
    preprocessing = settings["preprocessing"]
    if preprocessing is not None:
        expected[MEDIANS] = [numbers_of(preprocessing)]
    if shapes != expected:
        other = next(n for n in {**expected, **shapes} if expected.get(n) != shapes.get(n))
        raise FileFormatError(
            f"its arrays do not match its header: {other!r} has shape {shapes.get(other)}. "
            f"Expected: {expected.get(other)}."
        )
    if settings["temperature"] != 1.0 and settings["task"] == "regression":
        raise FileFormatError("it has a temperature, which is for probabilities, and a regression.")
    classes, features, columns = settings["classes"], settings["features"], sizes[0]
    if preprocessing is not None:
        columns = preprocessing["columns"]
        if width_of(preprocessing) != sizes[0]:
            raise FileFormatError(
                f"its columns have {width_of(preprocessing)} inputs. Expected: {sizes[0]}."
            )
    count = max(2, sizes[-1])
    if classes is not None and len(classes) != count:
        raise FileFormatError(f"it names {len(classes)} classes. Expected: {count}.")
    if features and len(features) != columns:
        raise FileFormatError(f"it names {len(features)} features and has {columns} inputs.")


def _check_rows(shape: list[int], dtype: str) -> None:
    """Check that an array can be the digests of training rows."""
    if dtype != "U64" or len(shape) != 1 or shape[0] == 0:
        raise FileFormatError(
            f"its array {ROWS!r} is {dtype} of shape {shape}. Expected: U64 of one dimension."
        )


def _check_values(settings: dict[str, Any], tensors: dict[str, Any]) -> None:
    """Check that numbers are finite in the network's dtype, scales positive, digests sorted."""
    import numpy as np

    for name, tensor in tensors.items():
        if name == ROWS:
            if (tensor[:-1] > tensor[1:]).any():
                raise FileFormatError(f"its array {name!r} is not sorted.")
            continue
        kind = settings["dtype"] if name.startswith(("weight", "bias")) else "float64"
        with np.errstate(over="ignore"):
            usable = tensor.dtype.kind == "f" and np.isfinite(tensor.astype(kind)).all()
        if not usable:
            raise FileFormatError(f"its array {name!r} has values that are not finite numbers.")
        if name.endswith("scale") and not (tensor > 0).all():
            raise FileFormatError(f"its array {name!r} has a scale that is not above 0.")


def _model(
    settings: dict[str, Any], tensors: dict[str, Any], path: Path, backend: Any, device: Any
) -> Model:
    # A dtype that the backend lacks is not an error of the file.
    resolve(backend, device).dtype(settings["dtype"])
    try:
        network = Network(
            settings["sizes"],
            settings["activations"],
            "zeros",
            dtype=settings["dtype"],
            backend=backend,
            device=device,
        )
    except InputError as error:
        raise FileFormatError(f"{path}: {error}") from None
    layers = range(1, len(settings["sizes"]))
    network.set_parameters([(tensors[f"weight_{i}"], tensors[f"bias_{i}"]) for i in layers])
    network.task = settings["task"]
    scalings = {
        name: Scaling(tensors[f"{name}_mean"], tensors[f"{name}_scale"])
        for name in ("input", "output")
        if settings["standardisation"][name]
    }
    classes, preprocessing = settings["classes"], settings["preprocessing"]
    if preprocessing is not None:
        preprocessing = restored(preprocessing, settings["features"], tensors[MEDIANS])
    return Model(
        network,
        scalings.get("input"),
        scalings.get("output"),
        None if classes is None else tuple(classes),
        tuple(settings["features"]),
        tensors.get(ROWS),
        settings[TRIED],
        preprocessing,
        read_table(settings["table"]),
        float(settings["temperature"]),
    )


def _plain(label: Any) -> Any:
    """Return a NumPy scalar as a Python value, for JSON."""
    return label.item() if hasattr(label, "item") else label
