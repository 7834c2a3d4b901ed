"""Model files for the tests."""

from safetensors.numpy import load_file, save_file

import xl2
from xl2 import Network


def tried():
    """Return what a path may have tried, as plain values."""
    actions = [
        ("wider", "network", {"hidden": [200, 100], "initializer": ["he", "he", "zeros"]}),
        ("longer", "training", {"epochs": 300}),
        ("faster", "training", {"learning_rate": 0.003}),
        ("ensemble", "ensemble", {"seed": [0, 1, 2]}),
        ("without price", "features", {"columns": [0, 2]}),
        ("rows", "rows", None),
        ("penalty", "penalty", {"lambdas": [0.5]}),
    ]
    return {
        "lam": 0.5,
        "chosen_by": "log loss",
        "signal": 0.001,
        "actions": [
            {
                "key": key,
                "kind": kind,
                "what": f"{key}: caf\u00e9",
                "gain": 0.02,
                "interval": [-0.01, 0.05],
                "basis": "extrapolated" if kind == "rows" else "tried",
                "rows": 100 if kind == "rows" else 0,
                "seconds": 1.5,
                "arguments": arguments,
                "measured": None if kind == "rows" else 0.03,
            }
            for key, kind, arguments in actions
        ],
        "left_out": [["25 units for 50", "it diverged"]],
        "folds": 5,
        "all_samples": 0.04,
        "repeated": 3,
        "unavoidable": 0.01,
        "validation": "0123456789abcdef" * 4,
        "options": ["--epochs", "100", "--scoring=accuracy"],
    }


def changed(path, header=None, **arrays):
    """Write a model file with some header values or arrays replaced."""
    from safetensors import safe_open

    xl2.save(Network([3, 2], ["softmax"]), path)
    with safe_open(path, framework="numpy") as file:
        old = file.metadata()
    save_file({**load_file(path), **arrays}, path, metadata={**old, **(header or {})})
    return path
