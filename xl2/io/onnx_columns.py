"""The inputs of an ONNX graph: what a `Preprocessing` does to columns, as nodes."""

from __future__ import annotations

from typing import Any

from ..errors import InputError
from ..nn.model import Model
from ..nn.preprocessing import Preprocessing
from .onnx_graph import Graph

OUTPUTS = ("label", "probabilities", "variable")


def declared_inputs(graph: Graph, model: Model) -> list[Any]:
    """Return the inputs of a graph, which all models of an ensemble have in common."""
    learnt = model.preprocessing
    if isinstance(learnt, Preprocessing) and learnt.categories:
        return [_declared(graph, learnt, k) for k in range(len(learnt.columns))]
    return [graph.declare("X", graph.float, model.width)]


def add_inputs(graph: Graph, model: Model, declared: list[Any]) -> str:
    """Add what makes a network's inputs of the declared ones; return the last node.

    It is not standardised yet, but in float64 if it will be, as in the library: a large mean
    leaves few digits in float32.
    """
    from onnx import TensorProto

    scaled, learnt = model.input_scaling is not None, model.preprocessing
    kind = TensorProto.DOUBLE if scaled else graph.float
    if learnt is None:
        return graph.cast("X", kind) if scaled else "X"
    if not isinstance(learnt, Preprocessing):
        raise InputError(
            f"The {type(learnt).__name__} before this network cannot be exported. Export it with "
            f"skl2onnx, and the network alone: to_onnx(model.network)."
        )
    if not learnt.categories:
        return _joined(graph, _numbers(graph, learnt, "X", kind))
    parts = list[str]()
    if learnt.numbers:
        cells = [declared[k].name for k in learnt.numbers]
        parts = _numbers(graph, learnt, _joined(graph, cells), kind)
    for position, k in enumerate(learnt.categories):
        parts += _category(graph, learnt, position, declared[k].name, kind)
    return _joined(graph, parts)


def _declared(graph: Graph, learnt: Preprocessing, k: int) -> Any:
    """Return the input of a column (n, 1), of its name unless another part has it."""
    from onnx import TensorProto

    graph.taken.update(OUTPUTS)
    name = graph.unused(learnt.label(k))
    graph.taken.add(name)
    text = learnt.columns[k].kind == "category"
    return graph.declare(name, TensorProto.STRING if text else graph.float, 1)


def _numbers(graph: Graph, learnt: Preprocessing, cells: str, kind: int) -> list[str]:
    """Add the medians in place of missing numbers, and the indicators."""
    import numpy as np
    from onnx import helper

    missing = graph.add("IsNaN", cells)
    medians = learnt.medians.reshape(1, -1).astype(helper.tensor_dtype_to_np_dtype(kind))
    parts = [graph.add("Where", missing, medians, graph.cast(cells, kind))]
    if learnt.indicators:
        at = np.searchsorted(learnt.numbers, learnt.indicators)
        told = graph.cast(graph.add("Gather", missing, at, axis=1), kind)
        heard = learnt.indicator_of[at] >= 0  # the others are always 0, as in their fold
        parts.append(told if heard.all() else graph.add("Mul", told, heard.astype(medians.dtype)))
    return parts


def _category(
    graph: Graph, learnt: Preprocessing, position: int, cells: str, kind: int
) -> list[str]:
    """Add the inputs of 0 and 1 of a category; none if it has no input."""
    import numpy as np
    from onnx import helper

    own, other = learnt.values[position], learnt.others[position]
    texts = (*learnt.columns[learnt.categories[position]].categories, "")
    width = len(own) + other
    if not width:
        return []
    # Each text has a row of a table; the last one is that of texts without an input of their own.
    rows = np.zeros((len(own) + 1, width), dtype=helper.tensor_dtype_to_np_dtype(kind))
    known, before = learnt.tables[position][1], zip(learnt.values, learnt.others, strict=True)
    first = len(learnt.numbers) + len(learnt.indicators)
    first += sum(len(texts) + rest for texts, rest in list(before)[:position])
    for row, code in enumerate((*own, -1)):
        if known[code] >= 0:
            rows[row, known[code] - first] = 1.0
    number = graph.add(
        "LabelEncoder",
        cells,
        domain="ai.onnx.ml",
        keys_strings=[texts[code] for code in own] or ["\0"],
        values_int64s=list(range(len(own))) or [0],
        default_int64=len(own),
    )
    found = graph.add("Gather", rows, number, axis=0)
    return [graph.add("Squeeze", found, np.array([1]))]


def _joined(graph: Graph, parts: list[str]) -> str:
    """Add a concatenation of columns, if there are several."""
    return parts[0] if len(parts) == 1 else graph.add("Concat", *parts, axis=1)
