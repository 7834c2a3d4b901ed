"""Multilayer perceptrons with an L2 penalty, on any array library.

The names are imported when they are first used, so that ``import xl2`` costs
little more than NumPy's own import.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import notebook
    from .array.switch import BackendInfo, backends, get_backend, set_backend, to_numpy, use_backend
    from .data import Dataset, load_data
    from .diagnosis.diagnose import Diagnosis, diagnose
    from .errors import BackendError, DivergenceError, FileFormatError, InputError, XL2Error
    from .estimators import MLPClassifier, MLPClassifierCV, MLPRegressor, MLPRegressorCV
    from .io.model_file import load, save
    from .io.onnx import to_onnx
    from .nn.model import Model
    from .nn.network import Network
    from .nn.optimizers import SGD, Adam, Momentum, Nesterov
    from .nn.penalties import L2
    from .path.regularization import regularization_path
    from .path.result import Path
    from .training.fit import fit
    from .training.history import History

_HOME = {
    "Dataset": "data",
    "load_data": "data",
    "Diagnosis": "diagnosis.diagnose",
    "diagnose": "diagnosis.diagnose",
    "BackendError": "errors",
    "DivergenceError": "errors",
    "FileFormatError": "errors",
    "InputError": "errors",
    "XL2Error": "errors",
    "load": "io.model_file",
    "save": "io.model_file",
    "MLPClassifier": "estimators",
    "MLPClassifierCV": "estimators",
    "MLPRegressor": "estimators",
    "MLPRegressorCV": "estimators",
    "History": "training.history",
    "Model": "nn.model",
    "Network": "nn.network",
    "SGD": "nn.optimizers",
    "Adam": "nn.optimizers",
    "Momentum": "nn.optimizers",
    "Nesterov": "nn.optimizers",
    "to_onnx": "io.onnx",
    "Path": "path.result",
    "L2": "nn.penalties",
    "regularization_path": "path.regularization",
    "BackendInfo": "array.switch",
    "backends": "array.switch",
    "get_backend": "array.switch",
    "set_backend": "array.switch",
    "to_numpy": "array.switch",
    "use_backend": "array.switch",
    "fit": "training.fit",
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
