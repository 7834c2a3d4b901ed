"""Networks and models as a notebook shows them: a table of layers, and what belongs to them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from ..errors import counted, printable
from ..markup import output, paragraphs, table

MOST = 10  # names of classes or columns that are shown


def network_html(network: Any) -> str:
    """Return a `Network` with its layers and the number of parameters."""
    return output(_layers(network, "Network"))


def trained_text(trained: Any) -> str:
    """Return a `Model` or an `Ensemble` in a line, without its numbers."""
    models = getattr(trained, "models", None)
    if models is not None:
        return f"Ensemble({counted(len(models), 'model')}, of each {models[0]!r})"
    parts = [repr(trained.network)]
    if trained.classes is not None:
        parts.append(f"classes: {_names(trained.classes)}")
    if trained.features:
        parts.append(f"columns: {_names(trained.features)}")
    if trained.is_calibrated:
        parts.append(f"temperature: {trained.temperature:.2f}")
    return f"Model({'; '.join(parts)})"


def trained_html(trained: Any) -> str:
    """Return a `Model` or an `Ensemble`: its layers, and what it takes and returns."""
    models = getattr(trained, "models", None)
    what = "Model" if models is None else f"Ensemble of {counted(len(models), 'model')}, of each"
    first = trained if models is None else models[0]
    notes = []
    if trained.classes is not None:
        notes.append(f"Classes: {_names(trained.classes)}.")
    if trained.features:
        notes.append(f"Columns: {_names(trained.features)}.")
    scaled = [
        name
        for name, scaling in (("inputs", first.input_scaling), ("targets", first.output_scaling))
        if scaling is not None
    ]
    if scaled:
        notes.append(f"Standardised: {' and '.join(scaled)}.")
    if first.preprocessing is not None:
        notes.append(f"Its inputs are made by {type(first.preprocessing).__name__}.")
    if models is None and trained.is_calibrated:
        notes.append(f"Probabilities are at the temperature {trained.temperature:.2f}.")
    return output(_layers(first.network, what), paragraphs(notes))


def _layers(network: Any, what: str) -> str:
    """Return the table of the layers of a network, or of one network of a stack."""
    rows, total = [], 0
    layers = zip(pairwise(network.sizes), network.activations, strict=True)
    for number, ((inputs, units), activation) in enumerate(layers, start=1):
        parameters = (inputs + 1) * units
        total += parameters
        rows.append((str(number), f"{inputs:,}", f"{units:,}", activation, f"{parameters:,}"))
    if network.stack:
        what += f", a stack of {' x '.join(map(str, network.stack))}; of each"
    caption = f"{what}: {total:,} parameters, {network.dtype}, {network.backend}"
    head = ("layer", "inputs", "units", "activation", "parameters")
    return table(head, rows, caption=caption, left=(0, 3))


def _names(names: Any) -> str:
    shown = ", ".join(printable(str(name)) for name in names[:MOST])
    return shown if len(names) <= MOST else f"{shown} and {len(names) - MOST} more"
