"""scikit-learn's faces: estimators that train on any backend.

The arguments of an estimator become a few small objects (`arguments`), its samples go to
where it computes (`data`), and the same network, optimizers and training loop as
everywhere else do the rest (`base`).
"""

from .classifier import MLPClassifier
from .regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
