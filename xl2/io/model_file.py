"""Model files: safetensors, with everything but the numbers in the header.

Nothing in such a file can execute code. A file is checked against its own header
before anything of the size it declares is made.
"""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

from ..array.switch import resolve
from ..errors import FileFormatError, InputError
from ..nn.model import Model
from ..nn.network import Network
from ..nn.scaling import Scaling
from .header import read_settings
from .opening import check_file, reading
from .safetensors_file import safetensors_bytes
from .writing import write_whole

FORMAT = "xl2-model-1"
# Bytes of a header: the names of a million features. It is read whole before it can be checked,
# and takes up to thirty times as many then.
HEADER = 2**24


def save(model: Any, path: str | Path) -> None:
    """Write a model file, whole or not at all.

    Parameters
    ----------
    model : Model, Network or estimator of xl2
        A single network, not a stack; an estimator that was fitted.
    path : path-like
        Replaced if it exists.

    Raises
    ------
    InputError
        If the network is a stack, or its names and labels take more than `HEADER` bytes, or
        the file cannot be written.
    """
    model = Model.of(model)
    network = model.network
    if network.stack:
        raise InputError("A model file holds one network: save stack.member(k).")
    tensors: dict[str, Any] = {}
    for i, (weight, bias) in enumerate(network.host_parameters(), start=1):
        tensors[f"weight_{i}"], tensors[f"bias_{i}"] = weight, bias
    for name, scaling in (("input", model.inputs), ("output", model.outputs)):
        if scaling is not None:
            tensors[f"{name}_mean"], tensors[f"{name}_scale"] = scaling.mean, scaling.scale
    classes = None if model.classes is None else [_plain(label) for label in model.classes]
    header = {
        "format": FORMAT,
        "sizes": json.dumps(network.sizes),
        "activations": json.dumps(network.activations),
        "dtype": network.dtype,
        "task": network.task,
        "standardisation": json.dumps(
            {"input": model.inputs is not None, "output": model.outputs is not None}
        ),
        "classes": json.dumps(classes),
        "features": json.dumps(model.features),
        "split": json.dumps(model.split),
    }
    head, numbers = safetensors_bytes(tensors, header)
    if len(head) - 8 > HEADER:
        raise InputError(
            f"The names of features and classes take more than the {HEADER} bytes that a model "
            "file has for them. Shorten them, or leave out the features' names."
        )
    write_whole(path, head, numbers)


def load(path: str | Path, *, backend: str | None = None, device: Any = None) -> Model:
    """Read a model file.

    Parameters
    ----------
    path : path-like
        The file.
    backend, device : optional
        Where the network is to compute; see `xl2.array.switch`.

    Returns
    -------
    Model

    Raises
    ------
    InputError
        If there is no such file.
    FileFormatError
        If it is no model file of this version, or contradicts itself.
    """
    check_file(Path(path), "Give a model file; `xl2 train --out` writes one.")
    with reading(Path(path), "a safetensors model file"):
        try:
            settings, tensors = _read(Path(path))
        except FileFormatError as error:
            raise FileFormatError(f"{path}: {error}") from None
    # What an array library raises from here on is no fault of the file.
    return _model(settings, tensors, path, backend, device)


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a file's header says, checked, and the arrays that it asks for."""
    from safetensors import safe_open

    _check_length(path)
    with safe_open(str(path), framework="numpy") as file:
        header = file.metadata() or {}
        if header.get("format") != FORMAT:
            raise FileFormatError(
                f"it is no model file of this version: its header says "
                f"format={header.get('format')!r}, expected {FORMAT!r}."
            )
        settings = read_settings(header)
        shapes = {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118
        _check_shapes(settings, shapes)
        tensors = {name: file.get_tensor(name) for name in shapes}
    _check_values(settings, tensors)
    return settings, tensors


def _check_length(path: Path) -> None:
    """Compare the length that a header declares with the file's, before it is read."""
    with path.open("rb") as file:
        declared = int.from_bytes(file.read(8), "little")
    if declared > min(HEADER, path.stat().st_size):
        raise FileFormatError(
            f"it declares a header of {declared} bytes, and has {path.stat().st_size} bytes; a "
            f"header has {HEADER} at most."
        )


def _check_shapes(settings: dict[str, Any], shapes: dict[str, list[int]]) -> None:
    """Compare the arrays a header asks for with those the file has."""
    sizes = settings["sizes"]
    if len(sizes) > len(shapes):
        raise FileFormatError(f"it names {len(sizes)} layers and has {len(shapes)} arrays.")
    expected: dict[str, list[int]] = {}
    for i, (inputs, outputs) in enumerate(pairwise(sizes), start=1):
        expected[f"weight_{i}"], expected[f"bias_{i}"] = [inputs, outputs], [outputs]
    for name, columns in (("input", sizes[0]), ("output", sizes[-1])):
        if settings["standardisation"][name]:
            expected[f"{name}_mean"] = expected[f"{name}_scale"] = [columns]
    if shapes != expected:
        other = next(n for n in {**expected, **shapes} if expected.get(n) != shapes.get(n))
        raise FileFormatError(
            f"its header asks for arrays other than it has: {other!r} of shape "
            f"{expected.get(other)}, and it has {shapes.get(other)}."
        )
    classes, features = settings["classes"], settings["features"]
    count = max(2, sizes[-1])
    if classes is not None and len(classes) != count:
        raise FileFormatError(f"it names {len(classes)} classes for {count}.")
    if features and len(features) != sizes[0]:
        raise FileFormatError(f"it names {len(features)} features for {sizes[0]} inputs.")


def _check_values(settings: dict[str, Any], tensors: dict[str, Any]) -> None:
    """Refuse arrays of anything but numbers that are finite in the network's dtype."""
    import numpy as np

    for name, tensor in tensors.items():
        kind = settings["dtype"] if name.startswith(("weight", "bias")) else "float64"
        with np.errstate(over="ignore"):
            usable = tensor.dtype.kind == "f" and np.isfinite(tensor.astype(kind)).all()
        if not usable:
            raise FileFormatError(f"its array {name!r} holds something other than finite numbers.")
        if name.endswith("scale") and not (tensor > 0).all():
            raise FileFormatError(f"its array {name!r} holds a scale that is not above 0.")


def _model(
    settings: dict[str, Any], tensors: dict[str, Any], path: Any, backend: Any, device: Any
) -> Model:
    resolve(backend, device).dtype(settings["dtype"])  # the machine's matter, not the file's
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
    classes = settings["classes"]
    return Model(
        network,
        scalings.get("input"),
        scalings.get("output"),
        None if classes is None else tuple(classes),
        tuple(settings["features"]),
        settings["split"],
    )


def _plain(label: Any) -> Any:
    """Return a NumPy scalar as the Python value that JSON writes."""
    return label.item() if hasattr(label, "item") else label
