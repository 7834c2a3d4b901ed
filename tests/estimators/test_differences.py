"""Where MLPClassifier and MLPRegressor deliberately differ from scikit-learn."""

import math
import warnings

import numpy as np
import pytest
from parity_tools import assert_same_weights, either, pair
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from versions import SCIKIT_LEARN_1_9

pytestmark = [
    SCIKIT_LEARN_1_9,
    pytest.mark.host,
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


@either
def test_a_divergence_is_the_same_error_but_raised_at_once(name, x, y):
    theirs, ours = pair(name, solver="sgd", learning_rate_init=1e300)
    for estimator in (theirs, ours):
        with np.errstate(all="ignore"), pytest.raises(ValueError, match="non-finite parameter"):
            estimator.fit(x, y)
    assert ours.n_iter_ < theirs.n_iter_
    with pytest.raises(NotFittedError):
        ours.predict(x)


@either
def test_a_second_fit_that_diverges_keeps_the_weights_of_the_first(name, x, y):
    ours = pair(name, solver="sgd", warm_start=True)[1].fit(x, y)
    before = ours.predict(x)
    with pytest.raises(ValueError, match="non-finite parameter"):
        ours.set_params(learning_rate_init=1e300).fit(x, y)
    np.testing.assert_array_equal(ours.predict(x), before)


@either
def test_a_short_last_mini_batch_is_said_and_can_be_avoided(name, x, y):
    """21 samples in batches of 20 and of 16: the last has 1, and 5, more than a quarter."""
    x, y = x[:21], y[:21]
    theirs, ours = pair(name, batch_size=20)
    with pytest.warns(UserWarning, match="has 1 of 20 samples.* Pass even_batches=True"):
        ours.fit(x, y)
    assert_same_weights(theirs.fit(x, y), ours)
    theirs, ours = pair(name, batch_size=16)
    assert_same_weights(theirs.fit(x, y), ours.fit(x, y))
    even = pair(name, batch_size=20)[1].set_params(even_batches=True).fit(x, y)
    halves = pair(name, batch_size=11)[0].fit(x, y)
    assert_same_weights(halves, even)


def test_early_stopping_keeps_the_best_weights_before_a_divergence(x):
    y = 1e3 * x[:, 0]
    theirs, ours = pair(
        "MLPRegressor", solver="sgd", learning_rate_init=0.02, early_stopping=True, max_iter=50
    )
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs.fit(x, y)
    with pytest.warns(ConvergenceWarning, match="Training diverged in epoch"):
        ours.fit(x, y)
    assert not np.isfinite(theirs.loss_curve_).all()
    assert ours.n_iter_ < theirs.n_iter_
    assert ours.best_validation_score_ == pytest.approx(theirs.best_validation_score_)
    assert_same_weights(theirs, ours)


def test_a_second_fit_without_an_improvement_keeps_the_best_weights(x):
    # scikit-learn trains the best weights of the first fit in place and so loses them, but
    # `best_validation_score_` is still theirs.
    y, found = x[:, 0], []
    arguments = {"solver": "sgd", "warm_start": True, "learning_rate_init": 0.05}
    for estimator in pair("MLPRegressor", early_stopping=True, **arguments):
        estimator.fit(x, y)
        score, before = estimator.best_validation_score_, estimator.predict(x)
        estimator.set_params(learning_rate_init=1.0).fit(x, y)
        assert estimator.best_validation_score_ == score
        found.append(np.array_equal(estimator.predict(x), before))
    assert found == [False, True]


def test_a_mini_batch_without_weight_changes_nothing(x):
    y, weight = x[:, 0], np.repeat([1.0, 0.0], [10, 20])
    arguments = {"solver": "sgd", "momentum": 0, "batch_size": 10, "shuffle": False, "alpha": 1.0}
    theirs, ours = pair("MLPRegressor", **arguments)
    with pytest.raises(ZeroDivisionError):
        theirs.fit(x, y, weight)
    assert_same_weights(theirs.fit(x[:10], y[:10]), ours.fit(x, y, weight))


@either
def test_a_negative_weight_is_refused(name, x, y):
    theirs, ours = pair(name)
    weight = np.linspace(-0.1, 3, 30)
    theirs.fit(x, y, weight)
    with pytest.raises(ValueError, match="Negative values in data passed to `sample_weight`"):
        ours.fit(x, y, weight)


def test_a_negative_count_is_refused(x):
    theirs, ours = pair("MLPRegressor", loss="poisson")
    y = np.arange(30.0) - 1
    with np.errstate(all="ignore"):
        assert np.isnan(theirs.fit(x, y).loss_)
    with pytest.raises(ValueError, match="loss='poisson' needs values of 0 or more"):
        ours.fit(x, y)


def test_a_poisson_loss_is_finite_if_an_output_underflows():
    x, y = np.full((4, 1), 1e4), np.full(4, 2.0)
    theirs, ours = pair(
        "MLPRegressor", loss="poisson", hidden_layer_sizes=(), max_iter=1, random_state=1, alpha=0
    )
    with np.errstate(all="ignore"):
        assert theirs.fit(x, y).loss_ == math.inf
    random = np.random.RandomState(1)
    z = 1e4 * random.uniform(-math.sqrt(3), math.sqrt(3)) + random.uniform(
        -math.sqrt(3), math.sqrt(3)
    )
    assert math.exp(z) == 0
    assert ours.fit(x, y).loss_ == pytest.approx(2 * math.log(2) - 2 - 2 * z)


@either
def test_float32_stays_float32(name, x, y):
    x32 = x.astype("float32")
    theirs, ours = pair(name, solver="lbfgs", max_iter=2)
    assert_same_weights(theirs.fit(x32, y), ours.fit(x32, y), rtol=1e-4)
    assert theirs.coefs_[0].dtype == "float64"
    assert ours.coefs_[0].dtype == "float32"
    if name == "MLPRegressor":
        assert theirs.predict(x32).dtype == "float64"
        assert ours.predict(x).dtype == "float32"


def test_a_second_fit_with_another_depth_is_refused_by_a_clear_error(x):
    theirs, ours = pair("MLPRegressor", warm_start=True)
    for estimator, error, words in (
        (theirs, TypeError, "unsupported operand"),
        (ours, ValueError, r"hidden layers are \(4,\), but hidden_layer_sizes is \(4, 2\)"),
    ):
        estimator.fit(x, x[:, 0]).set_params(hidden_layer_sizes=(4, 2))
        with pytest.raises(error, match=words):
            estimator.fit(x, x[:, 0])
