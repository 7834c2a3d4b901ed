"""The arrays of one network in a model file, and the checks of them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from ..array.switch import resolve
from ..errors import FileFormatError, InputError
from ..nn.model import Model
from ..nn.network import Network
from ..nn.scaling import Scaling
from .preprocessing_header import numbers_of, restored, width_of

MEDIANS = "medians"


def arrays_of(model: Model) -> dict[str, Any]:
    """Return the arrays of a model's network, scalings and preprocessing, by their names."""
    arrays: dict[str, Any] = {}
    for i, (weight, bias) in enumerate(model.network.host_parameters(), start=1):
        arrays[f"weight_{i}"], arrays[f"bias_{i}"] = weight, bias
    for name, scaling in (("input", model.input_scaling), ("output", model.output_scaling)):
        if scaling is not None:
            arrays[f"{name}_mean"], arrays[f"{name}_scale"] = scaling.mean, scaling.scale
    if model.preprocessing is not None:
        arrays[MEDIANS] = model.preprocessing.medians
    return arrays


def check_shapes(settings: dict[str, Any], shapes: dict[str, list[int]]) -> None:
    """Check that the arrays of a network are those that its header describes."""
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


def check_values(settings: dict[str, Any], arrays: dict[str, Any]) -> None:
    """Check that numbers are finite in the network's dtype, and scales positive."""
    for name, array in arrays.items():
        check_finite(
            name, array, settings["dtype"] if name.startswith(("weight", "bias")) else "float64"
        )
        if name.endswith("scale") and not (array > 0).all():
            raise FileFormatError(f"its array {name!r} has a scale that is not above 0.")


def check_finite(name: str, array: Any, dtype: str) -> None:
    """Check that an array has floating-point numbers that are finite in a dtype."""
    import numpy as np

    with np.errstate(over="ignore"):
        usable = array.dtype.kind == "f" and np.isfinite(array.astype(dtype)).all()
    if not usable:
        raise FileFormatError(f"its array {name!r} has values that are not finite numbers.")


def model_of(
    settings: dict[str, Any], arrays: dict[str, Any], backend: Any, device: Any, **more: Any
) -> Model:
    """Return a model; `more` are the attributes that belong to no network.

    Raise `FileFormatError` if the settings describe no network.
    """
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
        raise FileFormatError(str(error)) from None
    layers = range(1, len(settings["sizes"]))
    network.set_parameters([(arrays[f"weight_{i}"], arrays[f"bias_{i}"]) for i in layers])
    network.task = settings["task"]
    scalings = {
        name: Scaling(arrays[f"{name}_mean"], arrays[f"{name}_scale"])
        for name in ("input", "output")
        if settings["standardisation"][name]
    }
    classes, preprocessing = settings["classes"], settings["preprocessing"]
    if preprocessing is not None:
        preprocessing = restored(preprocessing, settings["features"], arrays[MEDIANS])
    return Model(
        network,
        scalings.get("input"),
        scalings.get("output"),
        None if classes is None else tuple(classes),
        tuple(settings["features"]),
        preprocessing=preprocessing,
        temperature=float(settings["temperature"]),
        **more,
    )
