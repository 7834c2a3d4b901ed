"""Model files for the tests."""

import numpy as np
from safetensors.numpy import load_file, save_file

import xl2
from xl2 import Ensemble, Model, Network
from xl2.nn.columns import Column, Table
from xl2.nn.prediction_intervals import Residuals
from xl2.nn.preprocessing import Preprocessing
from xl2.nn.scaling import Scaling


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
        "importance": {
            "columns": [
                {"name": "caf\u00e9", "column": 2, "loss": 0.2, "error": 0.01, "p_value": 0.001},
                {"name": "column 1", "column": 0, "loss": -0.01, "error": 0.02, "p_value": 1.0},
            ],
            "rows": 100,
            "folds": 5,
            "repeats": 5,
            "correlated": [["caf\u00e9", "column 1", -0.95]],
        },
        "validation": "0123456789abcdef" * 4,
        "options": ["--epochs", "100", "--scoring=accuracy"],
        "averaged": 10,
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


def ensemble(networks=3, **more):
    """Return an ensemble for a regression, with everything that a file can hold."""
    names, made = ("a", "b", "c"), []
    for seed in range(networks):
        network = Network([3, 4, 2], ["tanh", "identity"], seed=seed)
        inputs = Scaling(np.full(3, float(seed)), np.array([1.0, 0.5, 2.0]))
        units = Scaling(np.array([10.0, -3.0]), np.array([2.0, 1.0 + seed]))
        made.append(Model(network, inputs, units, features=names))
    values = (np.array([[0.5, 1.0], [0.25, 0.0], [3.0, 1.5]]), np.array([[1.0, 2.0]]))
    known = {
        "weights": [0.5, 0.25, 0.25][:networks],
        "residuals": Residuals(values, (0, 1, 1)[:networks]),
        "trained_rows": np.array([1, 2**40, 2**63], dtype=np.uint64),
        "tried": tried(),
        "table": Table(5, (1, 3, 2), "label", "who", None, ("id",)),
    }
    return Ensemble(made, **{**known, **more})


def changed(path, header=None, model=None, **arrays):
    """Write a model file with some header values or arrays replaced."""
    from safetensors import safe_open

    xl2.save(model or Network([3, 2], ["softmax"]), path)
    with safe_open(path, framework="numpy") as file:
        old = file.metadata()
    save_file({**load_file(path), **arrays}, path, metadata={**old, **(header or {})})
    return path
