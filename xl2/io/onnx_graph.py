"""A graph of ONNX in the making."""

from __future__ import annotations

from typing import Any


class Graph:
    """The nodes and constants of a graph, with unique names; `dtype` is the network's."""

    def __init__(self, dtype: str):
        from onnx import TensorProto

        self.float = TensorProto.FLOAT if dtype == "float32" else TensorProto.DOUBLE
        self.taken: set[str] = set()  # names of inputs
        self.of_ml = False  # whether it needs the operators of ai.onnx.ml
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def add(self, operator: str, *inputs: Any, name: str = "", **attributes: Any) -> str:
        """Add a node and return its name; an input is the name of a node, or an array."""
        from onnx import helper

        name = name or self.unused(f"{operator.lower()}_{len(self.nodes)}")
        names = [one if isinstance(one, str) else self.constant(one) for one in inputs]
        self.of_ml = self.of_ml or bool(attributes.get("domain"))
        self.nodes.append(helper.make_node(operator, names, [name], name, **attributes))
        return name

    def constant(self, value: Any) -> str:
        """Add an array and return its name."""
        from onnx import numpy_helper

        name = self.unused(f"constant_{len(self.constants)}")
        self.constants.append(numpy_helper.from_array(value, name))
        return name

    def number(self, value: float) -> Any:
        """Return a number in the network's dtype, as an input of a node."""
        import numpy as np
        from onnx import helper

        return np.array(value, dtype=helper.tensor_dtype_to_np_dtype(self.float))

    def unused(self, name: str) -> str:
        """Return a name that no input has: this one, or with low lines at its end."""
        return name if name not in self.taken else self.unused(f"{name}_")

    def cast(self, last: str, kind: int) -> str:
        """Add a conversion to another dtype."""
        return self.add("Cast", last, to=kind)

    def declare(self, name: str, kind: int, *sizes: int) -> Any:
        """Declare an input or an output (n, *sizes)."""
        from onnx import helper

        return helper.make_tensor_value_info(name, kind, ["n", *sizes])
