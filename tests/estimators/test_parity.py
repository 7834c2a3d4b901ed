"""MLPClassifier and MLPRegressor give scikit-learn's numbers, warnings, errors and output.

Both libraries are fitted on arguments and data that hypothesis draws. Deliberate differences
are left out of the draws, see `test_differences.py`.
"""

from __future__ import annotations

import math
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
from parity_tools import NAMES, assert_same_weights, classes_of, either, pair, targets
from versions import SCIKIT_LEARN_1_9

import xl2

pd = pytest.importorskip("pandas", reason="samples are drawn as data frames too")

pytestmark = [
    SCIKIT_LEARN_1_9,
    pytest.mark.host,
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

# Tolerances; "atol" is relative to the largest number of an array. Both libraries add the same
# terms in a different order. A number near 0 can be the difference of large ones and has their
# rounding error, about 1e-16 of their size in each step.
CLOSE = {"rtol": 1e-7, "atol": 1e-11}
# Rounding errors are 1e-7 in float32, and lbfgs amplifies them from step to step.
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
        # Adam divides by the root of a running mean of squares. With beta_2=0 or a smaller
        # epsilon, the rounding error of a gradient of 0 becomes a full step.
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
    """An estimator, its data and the calls of its methods, as hypothesis prints them."""

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
        # A slightly different loss may end training in another epoch.
        arguments["n_iter_no_change"] = math.inf
    elif "part" not in calls and draw(st.booleans()):
        fraction = draw(st.sampled_from([0.1, 0.25, 0.5]))
        arguments |= {"early_stopping": True, "validation_fraction": fraction}
    return finished(draw, name, arguments, kind, form, calls)


@st.composite
def cases_of_lbfgs(draw, name):
    # A line search that ends one step later changes all that follows: a few iterations only,
    # and not in float32, because scikit-learn computes partly in float64.
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
        # With more than 200 samples "auto" makes more than one mini-batch.
        draw(st.integers(12, 40) if "batch_size" in arguments else st.sampled_from([20, 230])),
        calls,
        draw(st.integers(0, 2**16)),
        draw(st.booleans()),
    )


# Running a case, and comparing the results.


@dataclass
class Outcome:
    """The results of a case in one library."""

    estimator: Any
    warned: list[tuple[type, str]]
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
    # Without NumPy's warnings about overflows, which xl2 silences. The warning of lbfgs has
    # the same first line only. Of a short last mini-batch, only xl2 warns.
    warned = [
        (w.category, str(w.message).split("\n")[0])
        for w in caught
        if w.category is not RuntimeWarning and "last mini-batch" not in str(w.message)
    ]
    state = random.get_state(legacy=False)["state"] if case.shared_state else {}
    return Outcome(estimator, warned, error, scores, state)


def make(estimator, call, number, case):
    if call == "fit":
        return estimator.fit(case.X, case.y, case.weight)
    # Parts of different sizes; lists and data frames are not cut.
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
    # The logarithm of a probability near 1 is small and has the probability's error.
    size = np.abs(expected[np.isfinite(expected)]).max(initial=1e-3)
    close = close | {"atol": close["atol"] * size}
    np.testing.assert_allclose(found, expected, **close, err_msg=what)


def assert_same(ours, theirs, case):
    assert type(ours.error) in (type(theirs.error), xl2.InputError), (ours.error, theirs.error)
    assert str(ours.error) == str(theirs.error)
    assert ours.warned == theirs.warned
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
    # A mini-batch whose weights sum to 0: `test_a_mini_batch_without_weight_...`.
    assume(not isinstance(theirs.error, ZeroDivisionError))
    # `test_a_poisson_loss_...`
    assume(case.kind != "counts" or np.isfinite(losses).all())
    if "non-finite" in str(theirs.error):
        # xl2 stops at once, without the warnings of scikit-learn's remaining epochs.
        assert str(run(xl2, case).error) == str(theirs.error)
        return
    # A divergence that early stopping hides: `test_early_stopping_keeps_...`.
    assume(np.isfinite(losses).all())
    if case.arguments.get("early_stopping") and len(case.calls) == 2:
        # `test_a_second_fit_without_an_improvement_...`
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


# What the drawn cases do not cover.


@either
def test_adam_without_running_means_is_the_same_while_gradients_are_large(name, x, y):
    assert_same_weights(*(e.fit(x, y) for e in pair(name, beta_1=0, beta_2=0, max_iter=2)))


@pytest.mark.parametrize("kind", ["numbers", "binary", "several labels"])
def test_an_infinite_loss_is_clipped_at_the_same_height(kind, x):
    y = targets(np.random.default_rng(0), kind, x)
    theirs, ours = pair("MLPClassifier", hidden_layer_sizes=(), learning_rate_init=1e-9, alpha=0)
    expected, found = (e.fit(1e4 * x, y).loss_ for e in (theirs, ours))
    assert expected > 10
    assert found == pytest.approx(expected, rel=1e-9)


@either
def test_without_a_seed_numpys_global_state_draws(name, x, y):
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
def test_arguments_that_change_between_two_calls_of_partial_fit(name, x, y, before, after):
    found = pair(name, **before)
    for estimator in found:
        for changed in ({}, {}, after, {}):
            estimator.set_params(**changed)
            estimator.partial_fit(x, y, **classes_of(name))
    assert_same_weights(*found)


@either
def test_a_fitted_network_predicts_after_its_arguments_change(name, x, y):
    changed = {"hidden_layer_sizes": (9, 9), "activation": "tanh"}
    expected, found = (e.fit(x, y).set_params(**changed).predict(x) for e in pair(name))
    np.testing.assert_allclose(found, expected)


@either
def test_arguments_are_not_checked_if_scikit_learn_is_set_to_skip_it(name, x, y):
    with sklearn.config_context(skip_parameter_validation=True):
        assert_same_weights(*(e.fit(x, y) for e in pair(name, tol=-1.0)))


@either
def test_an_interruption_is_a_warning_and_keeps_the_weights(name, x, y, monkeypatch):
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


# The lines printed.


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
        # An equal score is not worse with tol=0.
        {"early_stopping": True, "tol": 0, "n_iter_no_change": 1, "learning_rate_init": 1e-7},
    ],
)
def test_a_fit_prints_the_same_lines(name, verbose, arguments, x, y, capsys):
    printed = []
    for e in pair(name, **{"verbose": verbose, "max_iter": 30, "n_iter_no_change": 3} | arguments):
        e.fit(x, y)
        printed.append(capsys.readouterr().out)
    assert printed[1] == printed[0]
    assert len(printed[0].splitlines()) > 3


@either
def test_partial_fit_prints_the_same_lines_and_only_if_verbose(name, x, y, capsys):
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
