"""Whatever scikit-learn's two estimators do, ours do: numbers, warnings, errors and lines.

Both are fitted side by side, on arguments and data that hypothesis draws. Where we differ
on purpose the drawn cases leave it out, and a test below says what we do instead.
"""

from __future__ import annotations

import inspect
import math
import re
import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import scipy.sparse
import sklearn
import sklearn.neural_network
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from versions import SCIKIT_LEARN_1_9

import xl2

pd = pytest.importorskip("pandas", reason="samples are drawn as data frames too")

pytestmark = [
    SCIKIT_LEARN_1_9,
    pytest.mark.host,
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

NAMES = ("MLPClassifier", "MLPRegressor")
LIBRARIES = (sklearn.neural_network, xl2)
either = pytest.mark.parametrize("name", NAMES)

# What may differ: a part of each number, and a part of the largest number of its array. Both
# libraries add the same terms in another order, and a parameter or a loss near 0 is what
# larger ones leave of each other: it has their error, about 1e-16 of them a step, and no
# fixed number would be right for losses of 1e-3 and of 1e6 alike.
CLOSE = {"rtol": 1e-7, "atol": 1e-11}
# In float32 an error is 1e-7, and lbfgs makes small ones larger from step to step.
LOOSE = {"rtol": 1e-3, "atol": 1e-5}


# The cases.

SHARED = {
    "activation": st.sampled_from(["identity", "logistic", "tanh", "relu"]),
    "alpha": st.sampled_from([0, 0.0, 1e-4, 0.1, 3.0]),
    "hidden_layer_sizes": st.one_of(
        st.integers(1, 6),
        st.lists(st.integers(1, 6), max_size=3).map(tuple),
        st.lists(st.integers(1, 6), min_size=1, max_size=2).map(np.array),
    ),
}
STOCHASTIC = {
    "batch_size": st.just("auto") | st.integers(1, 50),
    "shuffle": st.booleans(),
    "tol": st.sampled_from([0, 1e-4, 1e-3, 0.05, 0.5]),
    "n_iter_no_change": st.sampled_from([1, 2, 4, math.inf]),
    "learning_rate_init": st.sampled_from([1e-6, 1e-3, 0.01, 0.05]),
}
SOLVER = {
    "sgd": {
        "momentum": st.sampled_from([0, 0.3, 0.9, 1, 1.0]),
        "nesterovs_momentum": st.booleans(),
        "learning_rate": st.sampled_from(["constant", "invscaling", "adaptive"]),
        "power_t": st.sampled_from([0, 0.1, 0.5, 1.0]),
    },
    "adam": {
        "beta_1": st.sampled_from([0, 0.5, 0.9]),
        # Adam divides by the root of a mean square. Where that remembers nothing, or epsilon
        # is smaller, what rounding left of a gradient of 0 becomes a step of full length.
        "beta_2": st.sampled_from([0.8, 0.9, 0.999]),
        "epsilon": st.sampled_from([1e-8, 1e-4, 0.1]),
    },
}
LBFGS = {"tol": st.sampled_from([1e-4, 0.05, 0.5]), "max_fun": st.integers(1, 4)}
KINDS = {
    "MLPClassifier": ("numbers", "binary", "text", "column", "several labels", "one label"),
    "MLPRegressor": ("values", "column", "several values", "counts"),
}
FORMS = {
    "array": lambda x: x,
    "list": np.ndarray.tolist,
    "float32": lambda x: x.astype("float32"),
    "integers": lambda x: (3 * x).astype(int),
    "frame": lambda x: pd.DataFrame(x, columns=[f"column {i}" for i in range(x.shape[1])]),
    "csr": scipy.sparse.csr_matrix,
    "csc": scipy.sparse.csc_array,
}


@dataclass
class Case:
    """An estimator, its data, and how often it is fitted; read what hypothesis prints."""

    name: str
    arguments: dict[str, Any]
    kind: str
    form: str
    weighted: str
    samples: int
    calls: tuple[str, ...]
    seed: int
    shared_state: bool
    X: Any = field(repr=False, default=None)
    y: Any = field(repr=False, default=None)
    weight: Any = field(repr=False, default=None)

    def __post_init__(self):
        rng = np.random.default_rng(self.seed)
        x = rng.normal(size=(self.samples, 1 + self.seed % 4)).round(3)
        self.X = FORMS[self.form](x)
        self.y = targets(rng, self.kind, x)
        self.weight = {
            "not": None,
            "whole": rng.integers(0, 4, self.samples),
            "floats": rng.uniform(0.1, 3, self.samples),
        }[self.weighted]

    @property
    def close(self):
        return LOOSE if self.form == "float32" or self.arguments["solver"] == "lbfgs" else CLOSE


def targets(rng, kind, x):
    """Return targets that have something to do with the samples."""
    n = len(x)
    values = x[:, 0] + 0.5 * rng.normal(size=n)
    number = np.digitize(values, [-0.5, 0.5])
    return {
        "numbers": lambda: number * 3 - 1,
        "binary": lambda: values > 0,
        "column": lambda: number[:, None],
        "text": lambda: np.array(["low", "middle", "high"])[number],
        "several labels": lambda: (values[:, None] + rng.normal(size=(n, 3)) > 0).astype(int),
        "one label": lambda: np.full(n, "only"),
        "values": lambda: values,
        "several values": lambda: np.stack([values, 2 - values**2], axis=1),
        "counts": lambda: rng.poisson(np.exp(values.clip(-2, 1))),
    }[kind]()


CALLS = (("fit",), ("fit", "fit"), ("part", "part", "part"), ("fit", "part", "part"))


@st.composite
def cases(draw, name):
    solver = draw(st.sampled_from(sorted(SOLVER)))
    kind = draw(st.sampled_from(KINDS[name]))
    form = draw(st.sampled_from(sorted(FORMS)))
    calls = draw(st.sampled_from(CALLS))
    arguments = draw(st.fixed_dictionaries({}, optional=SHARED | STOCHASTIC | SOLVER[solver]))
    arguments |= {"solver": solver, "max_iter": draw(st.integers(1, 9))}
    if form == "float32":
        # A loss that is a little different may end training elsewhere.
        arguments["n_iter_no_change"] = math.inf
    elif "part" not in calls and draw(st.booleans()):
        fraction = draw(st.sampled_from([0.1, 0.25, 0.5]))
        arguments |= {"early_stopping": True, "validation_fraction": fraction}
    return finished(draw, name, arguments, kind, form, calls)


@st.composite
def cases_of_lbfgs(draw, name):
    # A line search that ends a step later makes another path of it: a few iterations only,
    # and not in float32, in which scikit-learn computes but half of it.
    arguments = draw(st.fixed_dictionaries({}, optional=SHARED | LBFGS))
    arguments |= {"solver": "lbfgs", "max_iter": draw(st.integers(1, 3))}
    kind = draw(st.sampled_from(KINDS[name]))
    form = draw(st.sampled_from(sorted(set(FORMS) - {"float32"})))
    return finished(draw, name, arguments, kind, form, draw(st.sampled_from(CALLS[:2])))


def finished(draw, name, arguments, kind, form, calls):
    if kind == "counts":
        arguments["loss"] = "poisson"
    if calls == ("fit", "fit"):
        arguments["warm_start"] = True
    return Case(
        name,
        arguments,
        kind,
        form,
        draw(st.sampled_from(["not", "whole", "floats"])),
        # With more than 200 samples the batches of "auto" are several.
        draw(st.integers(12, 40) if "batch_size" in arguments else st.sampled_from([20, 230])),
        calls,
        draw(st.integers(0, 2**16)),
        draw(st.booleans()),
    )


# Running a case, and comparing what came of it.


@dataclass
class Outcome:
    """What a library made of a case."""

    estimator: Any
    said: list[tuple[type, str]]
    error: Exception | None
    scores: list[float]
    state: Any


def run(library, case):
    random = np.random.RandomState(case.seed) if case.shared_state else case.seed
    estimator = getattr(library, case.name)(**case.arguments, random_state=random)
    error, scores = None, []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            for number, call in enumerate(case.calls):
                make(estimator, call, number, case)
                scores.append(getattr(estimator, "best_validation_score_", None))
        except Exception as raised:
            error = raised
    # NumPy's about overflows: we silence them, and look at the numbers instead.
    # Of lbfgs's the first line is the same; then comes how to go on, in words of our own.
    said = [
        (w.category, str(w.message).split("\n")[0])
        for w in caught
        if w.category is not RuntimeWarning
    ]
    state = random.get_state(legacy=False)["state"] if case.shared_state else {}
    return Outcome(estimator, said, error, scores, state)


def make(estimator, call, number, case):
    if call == "fit":
        return estimator.fit(case.X, case.y, case.weight)
    # Parts of the samples, of different sizes; a list and a frame are taken whole.
    if isinstance(case.X, list | pd.DataFrame) or number == 2:
        rows = slice(None)
    else:
        rows = slice(number, case.samples // 2 + number)
    weight = None if case.weight is None else case.weight[rows]
    classes = {}
    if case.name == "MLPClassifier":
        several = case.kind == "several labels"
        classes["classes"] = np.arange(3) if several else np.unique(case.y)
    return estimator.partial_fit(case.X[rows], case.y[rows], weight, **classes)


def assert_close(found, expected, close, what):
    """Compare two arrays as `CLOSE` says."""
    found, expected = np.asarray(found, float), np.asarray(expected, float)
    assert found.shape == expected.shape, what
    # The logarithm of a probability near 1 is small, and has the error of that probability.
    size = np.abs(expected[np.isfinite(expected)]).max(initial=1e-3)
    close = close | {"atol": close["atol"] * size}
    np.testing.assert_allclose(found, expected, **close, err_msg=what)


def assert_same(ours, theirs, case):
    assert type(ours.error) in (type(theirs.error), xl2.InputError), (ours.error, theirs.error)
    assert str(ours.error) == str(theirs.error)
    assert ours.said == theirs.said
    if ours.error is None:
        assert_fitted_alike(ours.estimator, theirs.estimator, case)
    np.testing.assert_equal(ours.state, theirs.state)


EXACT = ("n_iter_", "t_", "out_activation_", "n_layers_", "n_outputs_", "n_features_in_")
LISTS = ("coefs_", "intercepts_")
NUMBERS = ("loss_", "best_loss_", "best_validation_score_", "loss_curve_", "validation_scores_")


def assert_fitted_alike(ours, theirs, case):
    for name in EXACT:
        assert getattr(ours, name) == getattr(theirs, name), name
    for name in ("classes_", "feature_names_in_"):
        np.testing.assert_equal(getattr(ours, name, None), getattr(theirs, name, None), name)
    for name in LISTS:
        for found, expected in zip(getattr(ours, name), getattr(theirs, name), strict=True):
            assert found.dtype == expected.dtype
            assert_close(found, expected, case.close, name)
    for name in NUMBERS:
        found, expected = getattr(ours, name, None), getattr(theirs, name, None)
        assert (found is None) == (expected is None), name
        if found is not None:
            assert_close(found, expected, case.close, name)
    assert_predict_alike(ours, theirs, case)


def assert_predict_alike(ours, theirs, case):
    found, expected = ours.predict(case.X), theirs.predict(case.X)
    assert found.dtype == expected.dtype
    if case.name == "MLPRegressor":
        assert_close(found, expected, case.close, "predict")
        return
    if case.form != "float32":
        np.testing.assert_array_equal(found, expected)
    for method in ("predict_proba", "predict_log_proba"):
        with np.errstate(divide="ignore"):
            found, expected = getattr(ours, method)(case.X), getattr(theirs, method)(case.X)
        assert found.dtype == expected.dtype
        assert_close(found, expected, case.close, method)


def check(case):
    theirs = run(sklearn.neural_network, case)
    losses = getattr(theirs.estimator, "loss_curve_", [])
    # A mini-batch whose weights sum to 0; see `test_a_mini_batch_without_weight_...`.
    assume(not isinstance(theirs.error, ZeroDivisionError))
    # See `test_a_poisson_loss_...`.
    assume(case.kind != "counts" or np.isfinite(losses).all())
    if "non-finite" in str(theirs.error):
        # We stop at once, before the warnings that scikit-learn's last epochs may bring.
        assert str(run(xl2, case).error) == str(theirs.error)
        return
    # A divergence that its early stopping hides; see `test_early_stopping_keeps_...`.
    assume(np.isfinite(losses).all())
    if case.arguments.get("early_stopping") and len(case.calls) == 2:
        # See `test_a_second_fit_without_an_improvement_...`.
        assume(len(set(theirs.scores)) == len(theirs.scores))
    assert_same(run(xl2, case), theirs, case)


many = settings(
    max_examples=300, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
few = settings(many, max_examples=50)


@many
@given(cases("MLPClassifier"))
def test_classifiers_are_the_same(case):
    check(case)


@many
@given(cases("MLPRegressor"))
def test_regressors_are_the_same(case):
    check(case)


@few
@given(st.sampled_from(NAMES).flatmap(cases_of_lbfgs))
def test_the_first_iterations_of_lbfgs_are_the_same(case):
    check(case)


# What a drawn case does not reach.


@pytest.fixture
def x():
    return np.random.default_rng(0).normal(size=(30, 3))


@pytest.fixture
def y(name, x):
    return np.arange(30) % 3 if name == "MLPClassifier" else x[:, 0] + x[:, 1] ** 2


def pair(name, **arguments):
    """Return the two estimators, scikit-learn's first."""
    arguments = {"hidden_layer_sizes": (4,), "random_state": 0, "max_iter": 4} | arguments
    return [getattr(library, name)(**arguments) for library in LIBRARIES]


def classes_of(name):
    """Return what `partial_fit` is told beside samples and `y`."""
    return {"classes": [0, 1, 2]} if name == "MLPClassifier" else {}


def assert_same_weights(theirs, ours, rtol=1e-9):
    pairs = zip(theirs.coefs_ + theirs.intercepts_, ours.coefs_ + ours.intercepts_, strict=True)
    for expected, found in pairs:
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=rtol / 1000)


@either
def test_adam_without_a_memory_is_the_same_while_gradients_are_large(name, x, y):
    assert_same_weights(*(e.fit(x, y) for e in pair(name, beta_1=0, beta_2=0, max_iter=2)))


@pytest.mark.parametrize("kind", ["numbers", "binary", "several labels"])
def test_a_loss_without_end_is_cut_at_the_same_height(kind, x):
    y = targets(np.random.default_rng(0), kind, x)
    theirs, ours = pair("MLPClassifier", hidden_layer_sizes=(), learning_rate_init=1e-9, alpha=0)
    expected, found = (e.fit(1e4 * x, y).loss_ for e in (theirs, ours))
    assert expected > 10
    assert found == pytest.approx(expected, rel=1e-9)


@either
def test_without_a_seed_the_draws_are_from_numpys_global_state(name, x, y):
    found = pair(name, random_state=None)
    for estimator in found:
        np.random.seed(7)
        estimator.fit(x, y)
    assert_same_weights(*found)


@either
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"solver": "sgd"}, {"solver": "adam"}),
        ({"solver": "adam"}, {"solver": "sgd"}),
        ({"solver": "sgd", "momentum": 0}, {"momentum": 0.9, "learning_rate_init": 0.1}),
        ({"solver": "sgd"}, {"momentum": 0.1, "nesterovs_momentum": False}),
        ({"solver": "sgd", "learning_rate": "invscaling"}, {"learning_rate_init": 0.1}),
        ({"solver": "adam"}, {"beta_1": 0.1, "epsilon": 0.1}),
        ({"solver": "sgd"}, {"alpha": 2.0, "batch_size": 7, "shuffle": False}),
    ],
)
def test_arguments_that_change_between_two_parts(name, x, y, before, after):
    found = pair(name, **before)
    for estimator in found:
        for changed in ({}, {}, after, {}):
            estimator.set_params(**changed)
            estimator.partial_fit(x, y, **classes_of(name))
    assert_same_weights(*found)


@either
def test_a_fitted_network_predicts_whatever_its_arguments_become(name, x, y):
    changed = {"hidden_layer_sizes": (9, 9), "activation": "tanh"}
    expected, found = (e.fit(x, y).set_params(**changed).predict(x) for e in pair(name))
    np.testing.assert_allclose(found, expected)


@either
def test_arguments_are_not_checked_where_scikit_learn_is_told_not_to(name, x, y):
    with sklearn.config_context(skip_parameter_validation=True):
        assert_same_weights(*(e.fit(x, y) for e in pair(name, tol=-1.0)))


@either
def test_an_interruption_is_a_warning_and_what_was_learnt_stays(name, x, y, monkeypatch):
    def interrupt(line):
        if line.startswith("Iteration 3"):
            raise KeyboardInterrupt

    monkeypatch.setattr("builtins.print", interrupt)
    found = pair(name, verbose=True)
    for estimator in found:
        with pytest.warns(UserWarning, match=r"Training interrupted by user\."):
            estimator.fit(x, y)
        assert estimator.n_iter_ == 3
    assert_same_weights(*found)


# Where we differ on purpose.


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


def test_early_stopping_keeps_the_best_weights_of_before_a_divergence(x):
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
    # Those of scikit-learn's first fit are trained on in place and lost, while
    # `best_validation_score_` still speaks of them.
    y, found = x[:, 0], []
    arguments = {"solver": "sgd", "warm_start": True, "learning_rate_init": 0.05}
    for estimator in pair("MLPRegressor", early_stopping=True, **arguments):
        estimator.fit(x, y)
        score, before = estimator.best_validation_score_, estimator.predict(x)
        estimator.set_params(learning_rate_init=1.0).fit(x, y)
        assert estimator.best_validation_score_ == score
        found.append(np.array_equal(estimator.predict(x), before))
    assert found == [False, True]


def test_a_mini_batch_without_weight_teaches_nothing(x):
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


def test_a_poisson_loss_is_finite_where_an_output_vanishes():
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


def test_a_second_fit_of_another_depth_is_refused_in_plain_words(x):
    theirs, ours = pair("MLPRegressor", warm_start=True)
    for estimator, error, words in (
        (theirs, TypeError, "unsupported operand"),
        (ours, ValueError, r"hidden layers are \(4,\), but hidden_layer_sizes is \(4, 2\)"),
    ):
        estimator.fit(x, x[:, 0]).set_params(hidden_layer_sizes=(4, 2))
        with pytest.raises(error, match=words):
            estimator.fit(x, x[:, 0])


# Errors.

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
    """Return the words of a message, sorted: what is allowed is listed in any order."""
    return sorted(re.findall(r"[^\s,{}]+", str(error)))


def assert_same_error(function, theirs, ours, wording=True):
    """Let both raise; ours may be a kind of theirs."""
    errors = []
    for estimator in (theirs, ours):
        with pytest.raises(Exception) as caught:  # noqa: PT011 - which one is what is compared
            function(estimator)
        errors.append(caught.value)
    assert isinstance(errors[1], type(errors[0])), errors
    if wording:
        assert words_of(errors[1]) == words_of(errors[0])


@either
def test_every_bad_argument_is_the_same_error(name, x, y):
    defaults = pair(name)[0].get_params()
    assert set(defaults) - {"loss"} == set(BAD) - {"loss"}
    for parameter in defaults:
        for value in BAD[parameter]:
            assert_same_error(lambda e: e.fit(x, y), *pair(name, **{parameter: value}))


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
def test_data_that_cannot_be_used_are_the_same_error(name, what, x, y):
    function = (DATA | (OF_CLASSIFIERS if name == "MLPClassifier" else OF_REGRESSORS))[what]
    assert_same_error(lambda e: function(e, x, y), *pair(name))


@pytest.mark.parametrize(
    "function",
    [
        lambda e, x: e.fit(x, x[:, 0]).partial_fit(x, x),
        lambda e, x: e.set_params(early_stopping=True, validation_fraction=0).fit(x, x),
    ],
)
def test_an_error_that_scikit_learn_leaves_to_others_has_its_type(function, x):
    assert_same_error(lambda e: function(e, x), *pair("MLPRegressor"), wording=False)


def test_words_as_values_are_an_error_about_y(x):
    theirs, ours = pair("MLPRegressor")
    y = np.full(30, "many")
    with pytest.raises(TypeError):
        theirs.fit(x, y)
    with pytest.raises(ValueError, match="y is not an array of real numbers"):
        ours.fit(x, y)


@either
def test_lbfgs_has_no_partial_fit(name):
    assert [hasattr(e, "partial_fit") for e in pair(name)] == [True, True]
    theirs, ours = (hasattr(e, "partial_fit") for e in pair(name, solver="lbfgs"))
    assert not ours
    # Its regressor asks for the check and not for the answer, and runs lbfgs anew.
    assert theirs == (name == "MLPRegressor")


# The face.


def parameters(function):
    return list(inspect.signature(function).parameters.values())


@either
def test_the_arguments_are_scikit_learns_and_then_ours(name):
    theirs, ours = (parameters(getattr(library, name)) for library in LIBRARIES)
    described = [[(p.name, p.default, p.kind) for p in of] for of in (theirs, ours)]
    assert described[1][: len(theirs)] == described[0]
    assert all(p.kind is p.KEYWORD_ONLY for p in ours[len(theirs) :])


@either
def test_every_public_method_is_there_with_the_same_arguments(name):
    theirs, ours = (getattr(library, name) for library in LIBRARIES)
    methods = [method for method in dir(theirs) if not method.startswith("_")]
    assert {"fit", "partial_fit", "predict", "score", "get_metadata_routing"} <= set(methods)
    for method in methods:
        assert hasattr(ours, method), method
    for method in ("fit", "partial_fit", "predict", "score"):
        expected, found = (parameters(getattr(c, method)) for c in (theirs, ours))
        described = [[(p.name, p.default, p.kind) for p in of] for of in (expected, found)]
        assert described[1][: len(expected)] == described[0]
        assert all(p.kind is p.KEYWORD_ONLY for p in found[len(expected) :])


@either
@pytest.mark.parametrize("solver", ["lbfgs", "sgd", "adam"])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_the_fitted_attributes_are_the_same(name, solver, early_stopping, x, y):
    theirs, ours = (
        e.fit(pd.DataFrame(x, columns=list("abc")), y)
        for e in pair(name, solver=solver, early_stopping=early_stopping)
    )
    expected = {key for key in vars(theirs) if key.endswith("_")}
    assert "feature_names_in_" in expected
    assert {key for key in vars(ours) if key.endswith("_")} == expected


@either
def test_parameters_and_repr_agree(name):
    theirs, ours = (getattr(library, name)() for library in LIBRARIES)
    assert repr(ours) == repr(theirs)
    assert ours.get_params().items() >= theirs.get_params().items()
    for e in (theirs, ours):
        e.set_params(alpha=1, hidden_layer_sizes=(3, 2), solver="sgd", max_iter=7)
    assert repr(ours) == repr(theirs)
    assert repr(sklearn.base.clone(ours)) == repr(theirs)


# The lines.


@either
@pytest.mark.parametrize("verbose", [True, 2])
@pytest.mark.parametrize(
    "arguments",
    [
        {"solver": "adam"},
        {"solver": "adam", "early_stopping": True, "n_iter_no_change": 1, "tol": 0.5},
        {"solver": "sgd", "n_iter_no_change": 2, "tol": 10},
        {"solver": "sgd", "learning_rate": "adaptive", "n_iter_no_change": 1, "tol": 10},
        {"solver": "sgd", "learning_rate": "adaptive", "early_stopping": True, "tol": 10},
        {"solver": "sgd", "learning_rate": "invscaling"},
        # A score that stays what it was is no worse by 0.
        {"early_stopping": True, "tol": 0, "n_iter_no_change": 1, "learning_rate_init": 1e-7},
    ],
)
def test_the_lines_of_a_fit_are_the_same(name, verbose, arguments, x, y, capsys):
    printed = []
    for e in pair(name, **{"verbose": verbose, "max_iter": 30, "n_iter_no_change": 3} | arguments):
        e.fit(x, y)
        printed.append(capsys.readouterr().out)
    assert printed[1] == printed[0]
    assert len(printed[0].splitlines()) > 3


@either
def test_the_lines_of_parts_are_the_same_and_silence_is_silent(name, x, y, capsys):
    printed = []
    for e in pair(name, solver="sgd", learning_rate="adaptive", tol=10, n_iter_no_change=1):
        e.fit(x, y)
        assert capsys.readouterr().out == ""
        e.set_params(verbose=True)
        for _ in range(4):
            e.partial_fit(x, y, **classes_of(name))
        printed.append(capsys.readouterr().out)
    assert printed[1] == printed[0]
    assert "Setting learning rate to" in printed[0]
