"""The inputs of an ONNX graph: what a `Preprocessing` does to columns, as nodes."""

from __future__ import annotations

from typing import Any

from ..errors import InputError
from ..nn.model import Model
from ..nn.preprocessing import Preprocessing
from .onnx_graph import Graph

OUTPUTS = ("label", "probabilities", "variable")


def add_inputs(graph: Graph, model: Model) -> tuple[list[Any], str]:
    """Add what makes a network's inputs of samples; return the declared inputs and the last node.

    It is not standardised yet, but in float64 if it will be, as in the library: a large mean
    leaves few digits in float32.
    """
    from onnx import TensorProto

    scaled, learnt = model.input_scaling is not None, model.preprocessing
    kind = TensorProto.DOUBLE if scaled else graph.float
    if learnt is None:
        declared = [graph.declare("X", graph.float, model.network.sizes[0])]
        return declared, graph.cast("X", kind) if scaled else "X"
    if not isinstance(learnt, Preprocessing):
        raise InputError(
            f"The {type(learnt).__name__} before this network cannot be exported. Export it with "
            f"skl2onnx, and the network alone: to_onnx(model.network)."
        )
    if not learnt.categories:
        declared = [graph.declare("X", graph.float, len(learnt.columns))]
        return declared, _joined(graph, _numbers(graph, learnt, "X", kind))
    declared = [_declared(graph, learnt, k) for k in range(len(learnt.columns))]
    parts = list[str]()
    if learnt.numbers:
        cells = [declared[k].name for k in learnt.numbers]
        parts = _numbers(graph, learnt, _joined(graph, cells), kind)
    for position, k in enumerate(learnt.categories):
        parts += _category(graph, learnt, position, declared[k].name, kind)
    return declared, _joined(graph, parts)


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
        parts.append(graph.cast(graph.add("Gather", missing, at, axis=1), kind))
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
    rows = np.eye(len(own) + 1, width, dtype=helper.tensor_dtype_to_np_dtype(kind))
    row = graph.add(
        "LabelEncoder",
        cells,
        domain="ai.onnx.ml",
        keys_strings=[texts[code] for code in own] or ["\0"],
        values_int64s=list(range(len(own))) or [0],
        default_int64=len(own),
    )
    found = graph.add("Gather", rows, row, axis=0)
    return [graph.add("Squeeze", found, np.array([1]))]


def _joined(graph: Graph, parts: list[str]) -> str:
    """Add a concatenation of columns, if there are several."""
    return parts[0] if len(parts) == 1 else graph.add("Concat", *parts, axis=1)
