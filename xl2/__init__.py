"""Multilayer perceptrons with an L2 penalty, on any array library.

The names are imported when they are first used, so that ``import xl2`` costs
little more than NumPy's own import.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import notebook as notebook
    from .data import Dataset, load_data
    from .diagnosis import Diagnosis, diagnose
    from .errors import (
        BackendError,
        DivergenceError,
        FileFormatError,
        InputError,
        XL2Error,
    )
    from .estimators import MLPClassifier, MLPClassifierCV, MLPRegressor, MLPRegressorCV
    from .files import load, save
    from .history import History
    from .model import Model
    from .network import Network
    from .onnx_graph import to_onnx
    from .optimizers import SGD, Adam, Momentum, Nesterov
    from .path import Path
    from .penalties import L2
    from .regularization import regularization_path
    from .switch import (
        BackendInfo,
        backends,
        get_backend,
        set_backend,
        to_numpy,
        use_backend,
    )
    from .training import fit

_HOME = {
    "Dataset": "data",
    "load_data": "data",
    "Diagnosis": "diagnosis",
    "diagnose": "diagnosis",
    "BackendError": "errors",
    "DivergenceError": "errors",
    "FileFormatError": "errors",
    "InputError": "errors",
    "XL2Error": "errors",
    "load": "files",
    "save": "files",
    "MLPClassifier": "estimators",
    "MLPClassifierCV": "estimators",
    "MLPRegressor": "estimators",
    "MLPRegressorCV": "estimators",
    "History": "history",
    "Model": "model",
    "Network": "network",
    "SGD": "optimizers",
    "Adam": "optimizers",
    "Momentum": "optimizers",
    "Nesterov": "optimizers",
    "to_onnx": "onnx_graph",
    "Path": "path",
    "L2": "penalties",
    "regularization_path": "regularization",
    "BackendInfo": "switch",
    "backends": "switch",
    "get_backend": "switch",
    "set_backend": "switch",
    "to_numpy": "switch",
    "use_backend": "switch",
    "fit": "training",
}

__all__ = [
    "L2",
    "SGD",
    "Adam",
    "BackendError",
    "BackendInfo",
    "Dataset",
    "Diagnosis",
    "DivergenceError",
    "FileFormatError",
    "History",
    "InputError",
    "MLPClassifier",
    "MLPClassifierCV",
    "MLPRegressor",
    "MLPRegressorCV",
    "Model",
    "Momentum",
    "Nesterov",
    "Network",
    "Path",
    "XL2Error",
    "backends",
    "diagnose",
    "fit",
    "get_backend",
    "load",
    "load_data",
    "notebook",
    "regularization_path",
    "save",
    "set_backend",
    "to_numpy",
    "to_onnx",
    "use_backend",
]


def __getattr__(name: str) -> Any:
    if name == "notebook":
        return importlib.import_module(".notebook", __name__)
    if name == "__version__":
        from importlib.metadata import version

        return version("xl2")
    if name not in _HOME:
        raise AttributeError(f"module 'xl2' has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
