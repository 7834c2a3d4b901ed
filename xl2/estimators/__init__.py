"""scikit-learn-compatible estimators that train on any backend."""

from .classifier import MLPClassifier, MLPClassifierCV
from .regressor import MLPRegressor, MLPRegressorCV

__all__ = ["MLPClassifier", "MLPClassifierCV", "MLPRegressor", "MLPRegressorCV"]
