"""Export of a model as an ONNX graph."""

from __future__ import annotations

from typing import Any

from ..errors import InputError
from ..nn.model import Model
from ..nn.temperature import takes_roots
from .onnx_columns import add_inputs
from .onnx_graph import Graph
from .opening import needed

# Old enough for runtimes that are some years old.
OPSET, ML_OPSET, IR_VERSION = 13, 2, 8

# Our activations by their ONNX operators. The identity needs none.
NAMES = {"sigmoid": "Sigmoid", "tanh": "Tanh", "relu": "Relu", "exp": "Exp"}


def to_onnx(model: Any) -> Any:
    """Return a model as an ONNX graph, including its standardisation and labels.

    The input is ``X`` (n, features), not standardised, in the network's dtype; a missing number
    is NaN. With categories each column of the model is an input (n, 1) of its name: a text for a
    category, empty if it is missing, and a number for others, as they are coded. The outputs of
    a classifier are ``label`` (n,) and ``probabilities`` (n, classes). With several labels per
    sample both are (n, outputs), and labels are 0 or 1. The output of a regression is
    ``variable`` (n, outputs), in the units of the targets.

    Parameters
    ----------
    model : Model, Network or estimator of xl2
        A single network, not a stack. An estimator has to be fitted.

    Returns
    -------
    onnx.ModelProto
    """
    onnx, model = needed("onnx", "An ONNX graph", "onnx"), Model.of(model)
    network = model.network
    if network.stack:
        raise InputError(
            "A stack cannot be exported. Export one of its members: network.member(k)."
        )
    graph = Graph(network.dtype)
    inputs, last = add_inputs(graph, model)
    last = add_network(graph, model, last)
    if network.task == "regression":
        outputs = add_values(graph, model, last)
    elif network.task == "multilabel":
        outputs = add_multilabel(graph, network.sizes[-1], last)
    else:
        outputs = add_classes(graph, model, last)
    versions = {"": OPSET} | ({"ai.onnx.ml": ML_OPSET} if graph.of_ml else {})
    made = onnx.helper.make_model(
        onnx.helper.make_graph(graph.nodes, "xl2", inputs, outputs, graph.constants),
        opset_imports=[onnx.helper.make_opsetid(*each) for each in versions.items()],
        ir_version=IR_VERSION,
        producer_name="xl2",
    )
    onnx.checker.check_model(made, full_check=True)
    return made


def add_network(graph: Graph, model: Model, last: str) -> str:
    """Add the standardisation, the layers and the temperature; return the name of the last node."""
    network, temperature, roots = model.network, model.temperature, takes_roots(model.network)
    if model.input_scaling is not None:
        last = graph.add("Sub", last, model.input_scaling.mean)
        last = graph.add("Div", last, model.input_scaling.scale)
        last = graph.cast(last, graph.float)
    layers = zip(network.host_parameters(), network.activations, strict=True)
    for number, ((weight, bias), name) in enumerate(layers, 1):
        last = graph.add("Gemm", last, weight.copy(), bias.copy())
        is_output = number == len(network.activations)
        if is_output and temperature != 1.0 and not roots:
            last = graph.add("Div", last, graph.number(temperature))
        if name == "softmax":
            last = graph.add("Softmax", last, axis=-1)
        elif name in NAMES:
            last = graph.add(NAMES[name], last)
    if temperature != 1.0 and roots:
        last = graph.add("Pow", last, graph.number(1.0 / temperature))
    return last


def add_values(graph: Graph, model: Model, last: str) -> list[Any]:
    """Add the conversion to the units of the targets; return the outputs."""
    from onnx import TensorProto

    if model.output_scaling is not None:
        last = graph.cast(last, TensorProto.DOUBLE)
        last = graph.add("Mul", last, model.output_scaling.scale)
        last = graph.add("Add", last, model.output_scaling.mean)
        last = graph.cast(last, graph.float)
    graph.add("Identity", last, name="variable")
    return [graph.declare("variable", graph.float, model.network.sizes[-1])]


def add_multilabel(graph: Graph, outputs: int, last: str) -> list[Any]:
    """Add labels of 0 or 1 and their probabilities; return the outputs."""
    from onnx import TensorProto

    chosen = graph.add("Greater", last, graph.number(0.5))
    graph.add("Cast", chosen, to=TensorProto.INT64, name="label")
    graph.add("Identity", last, name="probabilities")
    return [
        graph.declare("label", TensorProto.INT64, outputs),
        graph.declare("probabilities", graph.float, outputs),
    ]


def add_classes(graph: Graph, model: Model, last: str) -> list[Any]:
    """Add the most probable label and the probability of each; return the outputs."""
    import numpy as np
    from onnx import TensorProto

    count = max(2, model.network.sizes[-1])
    if model.network.sizes[-1] == 1:
        last = graph.add("Concat", graph.add("Sub", graph.number(1.0), last), last, axis=1)
    graph.add("Identity", last, name="probabilities")
    number = graph.add("ArgMax", last, axis=1, keepdims=0)
    labels = np.asarray(range(count) if model.classes is None else model.classes)
    if labels.dtype.kind in "OU":
        labels, kind = labels.astype(object), TensorProto.STRING
    elif labels.dtype.kind in "iub":
        labels, kind = labels.astype(np.int64), TensorProto.INT64
    else:
        labels, kind = labels.astype(np.float64), TensorProto.DOUBLE
    graph.add("Gather", labels, number, axis=0, name="label")
    return [
        graph.declare("label", kind),
        graph.declare("probabilities", graph.float, count),
    ]
