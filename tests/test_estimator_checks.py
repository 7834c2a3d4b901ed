"""scikit-learn's own checks of an estimator: none is expected to fail."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from xl2 import MLPClassifier, MLPRegressor

pytestmark = [
    pytest.mark.host,
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


@parametrize_with_checks(
    [
        MLPClassifier(max_iter=100),
        MLPRegressor(max_iter=100),
    ]
)
def test_scikit_learns_check(estimator, check):
    check(estimator)
