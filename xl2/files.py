"""Model files: safetensors, with everything but the numbers in the header.

Nothing in such a file can execute code. A file is checked against its own header
before anything of the size it declares is made.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import secrets
from itertools import pairwise
from pathlib import Path
from typing import Any

from .errors import FileFormatError, InputError, XL2Error
from .model import Model, Scaling
from .network import Network

FORMAT = "xl2-model-1"


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
        If the network is a stack, or the file cannot be written.
    """
    import numpy as np
    from safetensors.numpy import save as to_bytes

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
    # safetensors writes the memory as it lies: a strided view would be garbled.
    contiguous = {name: np.ascontiguousarray(x) for name, x in tensors.items()}
    write_whole(path, to_bytes(contiguous, metadata=header))


def load(path: str | Path, *, backend: str | None = None, device: Any = None) -> Model:
    """Read a model file.

    Parameters
    ----------
    path : path-like
        The file.
    backend, device : optional
        Where the network is to compute; see `xl2.switch`.

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
    from safetensors import SafetensorError, safe_open

    if not Path(path).is_file():
        raise InputError(f"There is no model file {str(path)!r}. `xl2 train --out` writes one.")
    try:
        with safe_open(str(path), framework="numpy") as file:
            header = file.metadata() or {}
            shapes = {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118
            if header.get("format") != FORMAT:
                raise FileFormatError(
                    f"{path} is no model file of this version: its header says "
                    f"format={header.get('format')!r}, expected {FORMAT!r}."
                )
            settings = _settings(header)
            _check_shapes(settings, shapes)
            tensors = {name: file.get_tensor(name) for name in shapes}
        return _model(settings, tensors, backend, device)
    except FileFormatError as error:
        raise FileFormatError(f"{path}: {error}") from None
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, XL2Error):
            raise
        raise FileFormatError(f"{path} is no safetensors model file: {error}") from None


def _settings(header: dict[str, str]) -> dict[str, Any]:
    settings: dict[str, Any] = {"dtype": header["dtype"], "task": header["task"]}
    for name in ("sizes", "activations", "standardisation", "classes", "features"):
        settings[name] = json.loads(header[name])
    settings["split"] = _split(json.loads(header.get("split", "null")))
    return settings


def _split(said: Any) -> tuple[float, int] | None:
    """Check the part that was held out and its seed."""
    if said is None:
        return None
    fraction, seed = said
    if not (isinstance(seed, int) and 0 <= seed < 2**32 and 0.0 < float(fraction) < 1.0):
        raise FileFormatError(f"it says {said!r} of the samples held out.")
    return float(fraction), seed


def _check_shapes(settings: dict[str, Any], shapes: dict[str, list[int]]) -> None:
    """Compare the arrays a header asks for with those the file has."""
    from .tasks import TASKS

    sizes = settings["sizes"]
    expected: dict[str, list[int]] = {}
    for i, (inputs, outputs) in enumerate(pairwise(sizes), start=1):
        expected[f"weight_{i}"], expected[f"bias_{i}"] = [inputs, outputs], [outputs]
    for name, columns in (("input", sizes[0]), ("output", sizes[-1])):
        if settings["standardisation"][name]:
            expected[f"{name}_mean"] = expected[f"{name}_scale"] = [columns]
    if shapes != expected:
        raise FileFormatError(f"its header asks for arrays {expected}, and it has {shapes}.")
    if settings["task"] not in TASKS:
        raise FileFormatError(f"its task is {settings['task']!r}, not one of {', '.join(TASKS)}.")
    classes, features = settings["classes"], settings["features"]
    count = max(2, sizes[-1])
    if classes is not None and len(classes) != count:
        raise FileFormatError(f"it names {len(classes)} classes for {count}.")
    if features and len(features) != sizes[0]:
        raise FileFormatError(f"it names {len(features)} features for {sizes[0]} inputs.")


def _model(settings: dict[str, Any], tensors: dict[str, Any], backend: Any, device: Any) -> Model:
    import numpy as np

    for name, tensor in tensors.items():
        if tensor.dtype.kind != "f" or not np.isfinite(tensor).all():
            raise FileFormatError(f"its array {name!r} holds something other than finite numbers.")
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
        # A dtype this backend does not have is the machine's matter, not the file's.
        if settings["dtype"] in ("float32", "float64") and "dtype" in str(error):
            raise
        raise FileFormatError(str(error)) from None
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


def check_writable(path: str | Path) -> None:
    """Raise before any work is done if a file could not be written at its end.

    Raises
    ------
    InputError
        If the folder is missing or closed, or the path is a folder.
    """
    target = Path(path)
    if target.is_dir():
        raise InputError(f"{str(path)!r} is a folder; give the name of a file in it.")
    if not target.absolute().parent.is_dir():
        raise InputError(f"The folder of {str(path)!r} does not exist; make it first.")
    if not os.access(target.absolute().parent, os.W_OK):
        raise InputError(f"The folder of {str(path)!r} cannot be written to.")


def write_whole(path: str | Path, *parts: bytes | memoryview) -> None:
    """Write a file whole or leave what was there, even if the machine fails meanwhile.

    Parameters
    ----------
    path : path-like
        Replaced if it exists.
    *parts : bytes
        Its content.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    check_writable(path)
    target = Path(path).absolute()
    before, after = _temporary(target)
    temporary = target.with_name(f"{before}{secrets.token_hex(4)}{after}")
    try:
        with temporary.open("xb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
        _sync(target.parent)
    except OSError as error:
        raise InputError(f"{str(path)!r} cannot be written: {error.strerror}.") from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def sweep(path: str | Path) -> None:
    """Remove what a process that was killed while it wrote a file has left beside it."""
    target = Path(path).absolute()
    before, after = _temporary(target)
    left = re.compile(rf"{re.escape(before)}[0-9a-f]{{8}}{re.escape(after)}")
    with contextlib.suppress(OSError):
        for file in target.parent.iterdir():
            if left.fullmatch(file.name):
                file.unlink()


def _temporary(target: Path) -> tuple[str, str]:
    """Return how the names of a file's temporary ones begin and end."""
    return f".{target.name[:200]}.", ".tmp"


def _sync(folder: Path) -> None:
    """Write a folder's entries to the disk; only then is a file in it safe under its name."""
    if os.name == "nt":
        return  # has no such thing
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a file system that cannot
            raise
    finally:
        os.close(opened)
