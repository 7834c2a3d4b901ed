"""scikit-learn's checks of any estimator; none is expected to fail."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks
from versions import is_at_least

from xl2 import BackendError, MLPClassifier, MLPClassifierCV, MLPRegressor, MLPRegressorCV
from xl2.array.backend import connect

pytestmark = [
    pytest.mark.host,
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    # Some checks have few values, so that those of a fold may be all equal.
    pytest.mark.filterwarnings("ignore:.*all validation values are equal"),
]


@parametrize_with_checks(
    [
        MLPClassifier(max_iter=100),
        MLPRegressor(max_iter=100),
        MLPClassifierCV([0.01, 1], cv=3, max_iter=50, learning_rate_init=0.02),
        MLPRegressorCV([0.01, 1], cv=3, max_iter=50, learning_rate_init=0.02),
        MLPClassifierCV([0.01, 1], cv=3, max_iter=50, learning_rate_init=0.02, ensemble=True),
        MLPRegressorCV([0.01, 1], cv=3, max_iter=50, learning_rate_init=0.02, ensemble=True),
    ]
)
def test_scikit_learns_check(estimator, check):
    # scikit-learn tests whether CuPy is installed, but not whether it works.
    if getattr(check, "keywords", {}).get("array_namespace") == "cupy":
        try:
            connect("cupy")
        except BackendError as error:
            pytest.skip(str(error))
    if "array_api" in str(check) and not is_at_least("scikit-learn", "1.9"):
        pytest.skip("these checks need scikit-learn 1.9: pip install -U scikit-learn")
    check(estimator)
