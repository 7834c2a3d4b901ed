"""Arguments and data that scikit-learn refuses are refused with the same errors."""

import re

import numpy as np
import pytest
import scipy.sparse
from parity_tools import NAMES, either, pair
from versions import SCIKIT_LEARN_1_9

pd = pytest.importorskip("pandas", reason="some of the data are data frames")

pytestmark = [
    SCIKIT_LEARN_1_9,
    pytest.mark.host,
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

BAD = {
    "loss": ["log_loss", None],
    "hidden_layer_sizes": [0, -1, 2.5, None, (3, 0), [-1], "many", (2.5,)],
    "activation": ["sigmoid", None],
    "solver": ["rmsprop", None],
    "alpha": [-1, "strong"],
    "batch_size": [0, 2.5, "all"],
    "learning_rate": ["falling", 0.1],
    "learning_rate_init": [0, -0.1, "fast"],
    "power_t": [-0.5, "half"],
    "max_iter": [0, 2.5],
    "shuffle": ["yes", 1],
    "random_state": [-1, "seed"],
    "tol": [-1e-4, None],
    "verbose": [-1, "loud"],
    "warm_start": ["yes", 1],
    "momentum": [-0.1, 1.1, "none"],
    "nesterovs_momentum": ["yes", 1],
    "early_stopping": ["yes", 1],
    "validation_fraction": [-0.1, 1, "some"],
    "beta_1": [-0.1, 1, None],
    "beta_2": [-0.1, 1, None],
    "epsilon": [0, -1, None],
    "n_iter_no_change": [0, 2.5],
    "max_fun": [0, 2.5],
}


def words_of(error):
    """Return the sorted words of a message, because allowed values come in any order."""
    return sorted(re.findall(r"[^\s,{}]+", str(error)))


def assert_same_error(function, theirs, ours, wording=True):
    """Check that both raise; the error of xl2 may be a subclass."""
    errors = []
    for estimator in (theirs, ours):
        with pytest.raises(Exception) as caught:  # noqa: PT011 - the type is compared below
            function(estimator)
        errors.append(caught.value)
    assert isinstance(errors[1], type(errors[0])), errors
    if wording:
        assert words_of(errors[1]) == words_of(errors[0])


@either
def test_a_bad_argument_is_the_same_error(name, x, y):
    defaults = pair(name)[0].get_params()
    assert set(defaults) - {"loss"} == set(BAD) - {"loss"}
    for parameter in defaults:
        for value in BAD[parameter]:
            # Of xl2, alpha may also be an array-like, and its message says so.
            wording = parameter != "alpha"
            assert_same_error(lambda e: e.fit(x, y), *pair(name, **{parameter: value}), wording)


def changed(x, row, value):
    x = x.copy()
    x[row] = value
    return x


DATA = {
    "a NaN in X": lambda e, x, y: e.fit(changed(x, 3, np.nan), y),
    "an infinity in X": lambda e, x, y: e.fit(changed(x, 3, np.inf), y),
    "a sparse NaN": lambda e, x, y: e.fit(scipy.sparse.csr_matrix(changed(x, 3, np.nan)), y),
    "one axis": lambda e, x, y: e.fit(x[:, 0], y),
    "three axes": lambda e, x, y: e.fit(x[:, :, None], y),
    "no samples": lambda e, x, y: e.fit(x[:0], y[:0]),
    "no features": lambda e, x, y: e.fit(x[:, :0], y),
    "words": lambda e, x, y: e.fit(x.astype(str) + "?", y),
    "complex": lambda e, x, y: e.fit(x + 1j, y),
    "too few y": lambda e, x, y: e.fit(x, y[:-1]),
    "no y": lambda e, x, y: e.fit(x, None),
    "y of three axes": lambda e, x, y: e.fit(x, y[:, None, None]),
    "a NaN in y": lambda e, x, y: e.fit(x, changed(y.astype(float), 3, np.nan)),
    "too few weights": lambda e, x, y: e.fit(x, y, np.ones(29)),
    "weights of two axes": lambda e, x, y: e.fit(x, y, np.ones((30, 1))),
    "a NaN weight": lambda e, x, y: e.fit(x, y, changed(np.ones(30), 3, np.nan)),
    "no weight": lambda e, x, y: e.fit(x, y, np.zeros(30)),
    "not fitted": lambda e, x, y: e.predict(x),
    "not fitted, score": lambda e, x, y: e.score(x, y),
    "other features": lambda e, x, y: e.fit(x, y).predict(x[:, :2]),
    "a NaN to predict": lambda e, x, y: e.fit(x, y).predict(changed(x, 3, np.nan)),
    "one axis to predict": lambda e, x, y: e.fit(x, y).predict(x[:, 0]),
    "other features in a part": lambda e, x, y: e.fit(x, y).partial_fit(x[:, :2], y),
    "other names": lambda e, x, y: e.fit(pd.DataFrame(x, columns=list("abc")), y).predict(
        pd.DataFrame(x, columns=list("xyz"))
    ),
    "few to validate": lambda e, x, y: e.set_params(
        early_stopping=True, validation_fraction=0.01
    ).fit(x, y > 0),
}
OF_CLASSIFIERS = {
    "values": lambda e, x, y: e.fit(x, x[:, 0]),
    "several classes": lambda e, x, y: e.fit(x, np.stack([y, y], axis=1)),
    "a part of lbfgs": lambda e, x, y: e.set_params(solver="lbfgs").partial_fit(x, y),
    "a part without classes": lambda e, x, y: e.partial_fit(x, y),
    "a part with too few classes": lambda e, x, y: e.partial_fit(x, y, classes=[0, 1]),
    "a part with other classes": lambda e, x, y: e.partial_fit(x, y, classes=[0, 1, 2]).partial_fit(
        x, y, classes=[0, 1]
    ),
    "a part with a class that is new": lambda e, x, y: e.fit(x, y).partial_fit(x, y + 1),
    "a second fit with other classes": lambda e, x, y: (
        e.set_params(warm_start=True).fit(x, y).fit(x, y + 1)
    ),
    "a second fit with fewer classes": lambda e, x, y: (
        e.set_params(warm_start=True).fit(x, y).fit(x, y > 0)
    ),
    "a class of one": lambda e, x, y: e.set_params(early_stopping=True).fit(x, np.arange(30) == 0),
    "a part, stopping early": lambda e, x, y: e.set_params(early_stopping=True).partial_fit(
        x, y, classes=[0, 1, 2]
    ),
    "not fitted, probabilities": lambda e, x, y: e.predict_proba(x),
    "not fitted, their logarithms": lambda e, x, y: e.predict_log_proba(x),
}
OF_REGRESSORS = {
    "a part, stopping early": lambda e, x, y: e.set_params(early_stopping=True).partial_fit(x, y),
}


@pytest.mark.parametrize(
    ("name", "what"),
    [(name, what) for name in NAMES for what in DATA]
    + [("MLPClassifier", what) for what in OF_CLASSIFIERS]
    + [("MLPRegressor", what) for what in OF_REGRESSORS],
)
def test_bad_data_are_the_same_error(name, what, x, y):
    function = (DATA | (OF_CLASSIFIERS if name == "MLPClassifier" else OF_REGRESSORS))[what]
    # scikit-learn names a rare class 'True', xl2 by its label.
    wording = what != "a class of one"
    assert_same_error(lambda e: function(e, x, y), *pair(name), wording)


@pytest.mark.parametrize(
    "function",
    [
        lambda e, x: e.fit(x, x[:, 0]).partial_fit(x, x),
        lambda e, x: e.set_params(early_stopping=True, validation_fraction=0).fit(x, x),
    ],
)
def test_an_error_from_numpy_in_scikit_learn_has_the_same_type(function, x):
    assert_same_error(lambda e: function(e, x), *pair("MLPRegressor"), wording=False)


def test_text_as_values_is_an_error_about_y(x):
    theirs, ours = pair("MLPRegressor")
    y = np.full(30, "many")
    with pytest.raises(TypeError):
        theirs.fit(x, y)
    with pytest.raises(ValueError, match="y must be an array of real numbers"):
        ours.fit(x, y)


@either
def test_lbfgs_has_no_partial_fit(name):
    assert [hasattr(e, "partial_fit") for e in pair(name)] == [True, True]
    theirs, ours = (hasattr(e, "partial_fit") for e in pair(name, solver="lbfgs"))
    assert not ours
    # scikit-learn's regressor has the method, and trains by lbfgs from the start.
    assert theirs == (name == "MLPRegressor")
