"""Multilayer perceptrons with an L2 penalty, on any array library.

A name is imported when it is first used: ``import xl2`` imports no library, not even NumPy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import data, figures, notebook, tracking
    from .array.switch import BackendInfo, backends, get_backend, set_backend, to_numpy, use_backend
    from .data import Dataset, load_data
    from .diagnosis.calibration import calibration_error
    from .diagnosis.diagnose import diagnose
    from .diagnosis.verdict import Diagnosis
    from .errors import (
        BackendError,
        DivergenceError,
        FileFormatError,
        InputError,
        OutOfMemoryError,
        PeerError,
        XL2Error,
    )
    from .estimators import MLPClassifier, MLPClassifierCV, MLPRegressor, MLPRegressorCV
    from .io.model_file import load, save
    from .io.onnx import to_onnx
    from .nn.ensemble import Ensemble
    from .nn.model import Model
    from .nn.network import Network
    from .nn.optimizers import SGD, Adam, Momentum, Nesterov
    from .nn.penalties import L2
    from .nn.scaling import Scaling
    from .path.regularization import regularization_path
    from .path.result import RegularizationPath
    from .path.search_result import Search
    from .path.tuning import tune
    from .training.fit import fit
    from .training.history import History

_SUBPACKAGES = ("data", "figures", "notebook", "tracking")
_NAMES = {
    "array.switch": "BackendInfo backends get_backend set_backend to_numpy use_backend",
    "data": "Dataset load_data",
    "diagnosis.calibration": "calibration_error",
    "diagnosis.diagnose": "diagnose",
    "diagnosis.verdict": "Diagnosis",
    "errors": "BackendError DivergenceError FileFormatError InputError OutOfMemoryError PeerError "
    "XL2Error",
    "estimators": "MLPClassifier MLPClassifierCV MLPRegressor MLPRegressorCV",
    "io.model_file": "load save",
    "io.onnx": "to_onnx",
    "nn.ensemble": "Ensemble",
    "nn.model": "Model",
    "nn.network": "Network",
    "nn.optimizers": "SGD Adam Momentum Nesterov",
    "nn.penalties": "L2",
    "nn.scaling": "Scaling",
    "path.regularization": "regularization_path",
    "path.result": "RegularizationPath",
    "path.search_result": "Search",
    "path.tuning": "tune",
    "training.fit": "fit",
    "training.history": "History",
}
_MODULES = {name: module for module, names in _NAMES.items() for name in names.split()}

__all__ = [
    "L2",
    "SGD",
    "Adam",
    "BackendError",
    "BackendInfo",
    "Dataset",
    "Diagnosis",
    "DivergenceError",
    "Ensemble",
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
    "OutOfMemoryError",
    "PeerError",
    "RegularizationPath",
    "Scaling",
    "Search",
    "XL2Error",
    "backends",
    "calibration_error",
    "data",
    "diagnose",
    "figures",
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
    "tracking",
    "tune",
    "use_backend",
]


def __getattr__(name: str) -> Any:
    if name in _SUBPACKAGES:
        return importlib.import_module(f".{name}", __name__)
    if name == "__version__":
        from importlib.metadata import version

        return version("xl2")
    if name not in _MODULES:
        raise AttributeError(f"module 'xl2' has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_MODULES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
