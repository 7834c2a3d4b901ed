"""scikit-learn's faces: estimators that train on any backend.

The arguments of an estimator become a few small objects (`arguments`), its samples go to
where it computes (`data`), and the same network, optimizers and training loop as
everywhere else do the rest (`base`, `cv`).
"""

from .classifier import MLPClassifier
from .cv import MLPClassifierCV, MLPRegressorCV
from .regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPClassifierCV", "MLPRegressor", "MLPRegressorCV"]
