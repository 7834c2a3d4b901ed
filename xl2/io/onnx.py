"""Export of a model as an ONNX graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import InputError
from ..nn.ensemble import Ensemble, as_trained
from ..nn.model import Model
from ..nn.temperature import takes_roots
from ..nn.trained import Trained
from .onnx_columns import add_inputs, declared_inputs
from .onnx_graph import Graph
from .opening import needed

# Old enough for runtimes that are some years old.
OPSET, ML_OPSET, IR_VERSION = 13, 2, 8

# Our activations by their ONNX operators. The identity needs none.
NAMES = {"sigmoid": "Sigmoid", "tanh": "Tanh", "relu": "Relu", "exp": "Exp"}


def to_onnx(model: Any) -> Any:
    """Return a model as an ONNX graph, including its standardisation and labels.

    The graph of an ensemble has all its networks, and averages their outputs.

    The input is ``X`` (n, features), not standardised, in the network's dtype; a missing number
    is NaN. With categories each column of the model is an input (n, 1) of its name: a text for a
    category, empty if it is missing, and a number for others, as they are coded. The outputs of
    a classifier are ``label`` (n,) and ``probabilities`` (n, classes). With several labels per
    sample both are (n, outputs), and labels are 0 or 1. The output of a regression is
    ``variable`` (n, outputs), in the units of the targets.

    Parameters
    ----------
    model : Model, Ensemble, Network or estimator of xl2
        A single network, not a stack. An estimator has to be fitted.

    Returns
    -------
    onnx.ModelProto
    """
    onnx, model = needed("onnx", "An ONNX graph", "onnx"), as_trained(model)
    models, weights = [model], None
    if isinstance(model, Ensemble):
        models, weights = [*model.models], model.weights
    if models[0].network.stack:
        raise InputError(
            "A stack cannot be exported. Export one of its members: network.member(k)."
        )
    graph = Graph(models[0].network.dtype)
    inputs = declared_inputs(graph, models[0])
    found = [add_network(graph, one, add_inputs(graph, one, inputs)) for one in models]
    last = add_mean(graph, found, weights)
    if model.task == "regression":
        outputs = add_values(graph, model, last)
    elif model.task == "multilabel":
        outputs = add_multilabel(graph, model.outputs, last)
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
    """Add the standardisation, the layers, the temperature and the units; return the last node.

    Values in the units of the targets are in float64.
    """
    from onnx import TensorProto

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
    if model.output_scaling is not None:
        last = graph.cast(last, TensorProto.DOUBLE)
        last = graph.add("Mul", last, model.output_scaling.scale)
        last = graph.add("Add", last, model.output_scaling.mean)
    return last


def add_mean(graph: Graph, parts: Sequence[str], weights: Sequence[float] | None) -> str:
    """Add the mean of the networks' outputs, by their weights if these are given.

    It is computed in float64, as in the library.
    """
    import numpy as np
    from onnx import TensorProto

    if len(parts) == 1:
        return parts[0]
    wide = [graph.cast(part, TensorProto.DOUBLE) for part in parts]
    total = float(len(wide))
    if weights is not None:
        wide = [graph.add("Mul", one, np.array(w)) for one, w in zip(wide, weights, strict=True)]
        total = sum(weights)
    return graph.cast(graph.add("Div", graph.add("Sum", *wide), np.array(total)), graph.float)


def add_values(graph: Graph, model: Trained, last: str) -> list[Any]:
    """Add the values of a regression; return the outputs."""
    graph.add("Cast", last, to=graph.float, name="variable")
    return [graph.declare("variable", graph.float, model.outputs)]


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


def add_classes(graph: Graph, model: Trained, last: str) -> list[Any]:
    """Add the most probable label and the probability of each; return the outputs."""
    import numpy as np
    from onnx import TensorProto

    count = max(2, model.outputs)
    if model.outputs == 1:
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
