"""Model files for the tests."""

import numpy as np
from safetensors.numpy import load_file, save_file

import xl2
from xl2 import Model, Network
from xl2.nn.columns import Column
from xl2.nn.preprocessing import Preprocessing


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


def preprocessing():
    """Return what a table of each kind of column may have taught: ten inputs."""
    columns = (
        Column("age"),
        Column("colour", "category", ("blue", "caf\u00e9", "red")),
        Column("share", unit="%"),
        Column("married", "boolean"),
        Column("born", "date", unit="%d.%m.%Y"),
        Column("town", "category", ("a",)),
    )
    medians = np.array([40.5, 0.25, 1.0, 7000.0])
    return Preprocessing(columns, medians, (0, 3), ((0, 3), (0,)), (True, False))


def with_preprocessing(**more):
    """Return a model of `preprocessing`."""
    learnt = preprocessing()
    names = tuple(one.name for one in learnt.columns)
    network = Network([learnt.width, 3, 2], ["tanh", "softmax"], seed=1)
    return Model(network, features=names, preprocessing=learnt, **more)


def changed(path, header=None, model=None, **arrays):
    """Write a model file with some header values or arrays replaced."""
    from safetensors import safe_open

    xl2.save(model or Network([3, 2], ["softmax"]), path)
    with safe_open(path, framework="numpy") as file:
        old = file.metadata()
    save_file({**load_file(path), **arrays}, path, metadata={**old, **(header or {})})
    return path
