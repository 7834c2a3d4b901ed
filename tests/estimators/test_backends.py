"""Estimators give the same numbers on every library, in arrays like those of the samples."""

import importlib
import re

import array_api_compat
import numpy as np
import pytest
import scipy.sparse
from sklearn import config_context
from sklearn.model_selection import GridSearchCV
from sklearn.utils import estimator_checks
from versions import SCIKIT_LEARN_1_9

import xl2
from xl2 import InputError, MLPClassifier, MLPRegressor, Network
from xl2.array.api import library_of
from xl2.array.backend import connect
from xl2.array.libraries import is_installed

pytestmark = [
    pytest.mark.one_on_jax,
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

RNG = np.random.default_rng(0)
X = RNG.normal(size=(24, 3))
CLASSES = np.arange(24) % 3
WEIGHT = RNG.uniform(0.5, 2.0, size=24)
SMALL = {"hidden_layer_sizes": (4,), "max_iter": 3, "batch_size": 6, "random_state": 0}
SMALL |= {"learning_rate_init": 0.05}
WAYS = {
    "adam": {},
    "sgd": {"solver": "sgd", "activation": "logistic"},
    "lbfgs": {"solver": "lbfgs", "activation": "tanh"},
    "early stopping": {"early_stopping": True, "validation_fraction": 0.25},
    "class weights": {"class_weight": {0: 1.0, 1: 3.0, 2: 0.5}},
    "a penalty a layer": {"alpha": (0.5, 2.0)},
    "dropout": {"dropout": 0.4},
    "initializer": {"initializer": "he"},
}
LABELS = {
    "text": np.array(["no", "perhaps", "yes"])[CLASSES],
    "two": np.array([-1, 5])[CLASSES // 2],
    "truth": CLASSES > 0,
    "unsigned": (CLASSES + 7).astype("uint16"),
    "floats": CLASSES - 1.0,
    "several": np.stack([CLASSES > 0, X[:, 0] > 0], axis=1).astype(int),
}
VALUES = {
    "one": X[:, 0] * X[:, 1],
    "two": X[:, :2] ** 2,
    "counts": CLASSES.astype(float),
}
TOLERANCE = {
    "float64": {"rtol": 1e-9, "atol": 1e-12},
    "float32": {"rtol": 1e-4, "atol": 1e-5},
}
solvers = pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
both_dtypes = pytest.mark.parametrize("dtype", ["float64", "float32"])


def classifier(**more):
    return MLPClassifier(**SMALL | more)


def regressor(**more):
    return MLPRegressor(**SMALL | more)


def outputs(model, x):
    """Return all predictions, and the parameters."""
    methods = ("predict", "predict_proba", "predict_log_proba")
    found = [getattr(model, name)(x) for name in methods if hasattr(model, name)]
    return [*found, *model.coefs_, *model.intercepts_]


def assert_equal(arrays, expected):
    """Compare NumPy arrays with their types and dtypes."""
    for mine, its in zip(arrays, expected, strict=True):
        assert (type(mine), mine.dtype) == (np.ndarray, its.dtype)
        if its.dtype.kind == "U":
            assert mine.tolist() == its.tolist()
        else:
            np.testing.assert_allclose(mine, its, **TOLERANCE.get(its.dtype.name, {}))


@pytest.fixture
def assert_same(host):
    """Compare an estimator fitted on arrays like `x` with one fitted on NumPy's."""

    def compare(model, its, x):
        found, expected = outputs(model, x), outputs(its, host(x))
        assert_equal([xl2.to_numpy(array) for array in found], expected)
        for array in found[expected[0].dtype.kind == "U" :]:  # text is in NumPy arrays
            assert library_of(array) == library_of(x)
            assert array_api_compat.device(array) == array_api_compat.device(x)
        tolerance = TOLERANCE[its.coefs_[0].dtype.name]
        np.testing.assert_allclose(model.loss_, its.loss_, **tolerance)
        assert (model.n_iter_, model.n_features_in_) == (its.n_iter_, its.n_features_in_)
        if hasattr(its, "loss_curve_"):
            np.testing.assert_allclose(model.loss_curve_, its.loss_curve_, **tolerance)
            assert model.validation_scores_ == its.validation_scores_

    return compare


# Samples of the library under test.


@both_dtypes
@pytest.mark.parametrize("way", WAYS)
def test_training_gives_the_numbers_of_numpy(to, assert_same, way, dtype):
    x = to(X, dtype)
    model = classifier(**WAYS[way]).fit(x, to(CLASSES))
    assert_same(model, classifier(**WAYS[way]).fit(X.astype(dtype), CLASSES), x)
    assert model.coefs_[0].dtype == x.dtype


@pytest.mark.host
def test_the_ways_of_training_differ():
    found = {classifier(**options).fit(X, CLASSES).coefs_[0][0, 0] for options in WAYS.values()}
    assert len(found) == len(WAYS)


@pytest.mark.parametrize("kind", LABELS)
def test_labels(to, assert_same, kind):
    x, y = to(X), LABELS[kind]
    model, its = classifier().fit(x, y), classifier().fit(X, y)
    assert_same(model, its, x)
    assert model.classes_.tolist() == its.classes_.tolist()
    assert model.score(x, y) == its.score(X, y)


def test_labels_with_a_dtype_that_the_library_lacks(to, host):
    y = CLASSES.astype("float16")  # array-api-strict returns them in float32
    found, expected = (classifier().fit(x, y).predict(x) for x in (to(X), X))
    assert host(found).tolist() == expected.tolist()


@both_dtypes
@pytest.mark.parametrize("kind", VALUES)
@solvers
def test_values(to, assert_same, kind, solver, dtype):
    x, y = to(X, dtype), VALUES[kind]
    options = {"solver": solver, "loss": "poisson" if kind == "counts" else "squared_error"}
    model, its = regressor(**options).fit(x, to(y)), regressor(**options).fit(X.astype(dtype), y)
    assert_same(model, its, x)
    scores = model.score(x, to(y), to(WEIGHT)), its.score(X.astype(dtype), y, WEIGHT)
    assert scores[0] == pytest.approx(scores[1], rel=TOLERANCE[dtype]["rtol"])


@pytest.fixture
def moved(backend, to):
    """Return functions that move numbers to a library, by name."""
    libraries = [name for name in ("array_api_strict", "torch") if name != backend.name]
    found = [name for name in libraries if is_installed(name)]

    def other(x):
        if not found:
            pytest.skip("needs array-api-strict or torch besides the library under test")
        return connect(found[0]).asarray(x, "float64")

    return {"the library": to, "NumPy": np.array, "lists": np.ndarray.tolist, "another": other}


@solvers
@pytest.mark.parametrize("origin", ["the library", "NumPy", "lists", "another"])
def test_targets_and_weights_of_any_library(to, moved, assert_same, origin, solver):
    x, y, weight = to(X), moved[origin](CLASSES), moved[origin](WEIGHT)
    model = classifier(solver=solver).fit(x, y, sample_weight=weight)
    its = classifier(solver=solver).fit(X, CLASSES.astype(model.classes_.dtype), WEIGHT)
    assert_same(model, its, x)
    assert model.score(x, y, weight) == its.score(X, CLASSES, WEIGHT)
    without = classifier(solver=solver).fit(X, CLASSES).coefs_[0]
    assert abs(its.coefs_[0] - without).max() > 1e-4  # the weights have an effect


def test_validation_samples_of_any_library(to, moved, assert_same):
    held = {"X_val": X[:6], "y_val": CLASSES[:6], "sample_weight_val": WEIGHT[:6]}
    its = classifier(early_stopping=True).fit(X, CLASSES, **held)
    for origin in ("the library", "NumPy", "lists"):
        there = {name: moved[origin](value) for name, value in held.items()}
        model = classifier(early_stopping=True).fit(to(X), CLASSES, **there)
        assert_same(model, its, to(X))


@both_dtypes
@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_partial_fit(to, assert_same, solver, dtype):
    mine, its = classifier(solver=solver), classifier(solver=solver)
    for rows in (slice(0, 12), slice(12, 24), slice(0, 12)):
        x, y, weight = X[rows].astype(dtype), CLASSES[rows], WEIGHT[rows]
        mine.partial_fit(to(x), to(y), to(weight), classes=[0, 1, 2])
        its.partial_fit(x, y, weight, classes=[0, 1, 2])
        assert_same(mine, its, to(x))


def test_classes_as_an_array_of_the_library(to, assert_same):
    x, y = X[:12], CLASSES[:12]
    model = classifier().partial_fit(to(x), to(y), classes=to([0, 1, 2]))
    assert_same(model, classifier().partial_fit(x, y, classes=[0, 1, 2]), to(x))


@solvers
def test_a_warm_start(to, assert_same, solver):
    mine, its = (classifier(solver=solver, warm_start=True) for _ in range(2))
    for x in (X, X[::-1]):
        assert_same(mine.fit(to(x), to(CLASSES)), its.fit(x, CLASSES), to(x))


@pytest.mark.parametrize("dtype", ["int64", "uint8", "bool"])
def test_integers_and_booleans_are_computed_in_float64(to, assert_same, dtype):
    to(X, "float64")  # skips devices without float64
    x = np.abs(4 * X).astype(dtype)
    model = classifier().fit(to(x), CLASSES)
    assert_same(model, classifier().fit(x.astype(float), CLASSES), to(x))


def test_a_chosen_dtype(to, assert_same):
    model = classifier(dtype="float32").fit(to(X), CLASSES)
    assert_same(model, classifier(dtype="float32").fit(X, CLASSES), to(X))
    assert model.coefs_[0].dtype == to(X, "float32").dtype


def test_a_callback_sees_arrays_of_the_library(to, host):
    seen = []
    model = classifier(callbacks=lambda model: seen.append(model.predict_proba(to(X[:3]))))
    model.fit(to(X), CLASSES)
    assert [library_of(found) for found in seen] == [library_of(to(X))] * 3
    np.testing.assert_array_equal(host(seen[-1]), host(model.predict_proba(to(X[:3]))))


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        (X[:, 0], CLASSES, "Expected 2D array, got 1D array instead"),
        (X[:0], CLASSES[:0], "0 sample"),
        (X[:, :0], CLASSES, "0 feature"),
        (np.where(X > 1, np.nan, X), CLASSES, "NaN"),
        (np.where(X > 1, np.inf, X), CLASSES, "infinity"),
        (X + 1j, CLASSES, "must be an array of real numbers|Complex data not supported"),
        (X, None, "requires y to be passed, but the target y is None"),
        (X, CLASSES[:5], r"\b24\b.*\b5\b"),
    ],
)
def test_bad_data_are_refused(to, x, y, words):
    with pytest.raises(ValueError, match=words):
        classifier().fit(to(x), y)


def test_other_features_are_refused(to):
    model = classifier().fit(to(X), CLASSES)
    for method, *y in ((model.predict,), (model.partial_fit, CLASSES)):
        with pytest.raises(ValueError, match="X has 2 features, but MLPClassifier is expecting 3"):
            method(to(X[:, :2]), *y)


# Computing on another library than that of the samples.


@pytest.fixture
def computed(monkeypatch):
    """Record the backends on which networks train and predict."""
    seen = set()

    def noted(method):
        def call(self, *args):
            seen.add(str(self.backend))
            return method(self, *args)

        return call

    for name in ("set_parameters", "logits_of"):
        monkeypatch.setattr(Network, name, noted(getattr(Network, name)))
    return seen


@pytest.mark.parametrize("chosen_by", ["arguments", "use_backend"])
@pytest.mark.parametrize("way", ["adam", "early stopping", "lbfgs"])
@pytest.mark.parametrize("form", [np.array, scipy.sparse.csr_array, scipy.sparse.csc_matrix])
def test_numpy_samples_give_numpy_results(where, backend, computed, form, way, chosen_by):
    x = np.where(X > 0, X, 0.0)
    expected = outputs(classifier(**WAYS[way]).fit(x, CLASSES), x)
    computed.clear()
    if chosen_by == "arguments":
        found = outputs(classifier(**WAYS[way], **where).fit(form(x), CLASSES), form(x))
    else:
        with xl2.use_backend(**where):
            found = outputs(classifier(**WAYS[way]).fit(form(x), CLASSES), form(x))
    assert computed == {str(backend)}
    assert_equal(found, expected)


def test_numpy_samples_give_numpy_results_with_partial_fit(where):
    mine, its = classifier(**where), classifier()
    for rows in (slice(0, 12), slice(12, 24)):
        for model in (mine, its):
            model.partial_fit(X[rows], CLASSES[rows], classes=[0, 1, 2])
    assert_equal(outputs(mine, X), outputs(its, X))


def test_samples_of_the_library_computed_on_numpy_give_results_of_the_library(
    to, assert_same, computed
):
    mine, its, x = classifier(backend="numpy"), classifier(), to(X)
    assert_same(mine.fit(x, to(CLASSES)), its.fit(X, CLASSES), x)
    assert_same(mine.partial_fit(x, to(CLASSES)), its.partial_fit(X, CLASSES), x)
    assert {place.partition(" ")[0] for place in computed} == {"numpy"}


# Samples of another library or device than those of the fit.


@pytest.mark.parametrize("fitted_on", ["the library", "NumPy"])
@pytest.mark.parametrize(
    "method", ["predict", "predict_proba", "predict_log_proba", "score", "fit", "partial_fit"]
)
def test_samples_of_another_library_are_refused_with_a_fix(backend, to, method, fitted_on):
    if backend.name == "numpy":
        pytest.skip("NumPy has one device")
    place = str(xl2.array.switch.resolve_like(to(X)))
    first, then, x, given = place, "numpy", to(X), X
    if fitted_on == "NumPy":
        first, then, x, given = then, first, given, x
    model = classifier(warm_start=True).fit(x, CLASSES)
    use = getattr(model, method)
    y = [] if method.startswith("predict") else [CLASSES]
    with pytest.raises(InputError) as caught:
        use(given, *y)
    message = str(caught.value)
    named = "predict" if method == "score" else method
    assert f"passed to MLPClassifier.{named}() must use the same namespace" in message
    assert f"It was fitted with {first}, and X is of {then}: " in message
    # The fix is code that runs.
    fix = re.search(r"(?:move X by|pass) (.*?\))(, where model is the estimator|\.$)", message)[1]
    module = importlib.import_module(fix.partition("(")[0].rpartition(".")[0])
    top = importlib.import_module(module.__name__.partition(".")[0])
    use(eval(fix, {top.__name__: top, "X": given, "model": model}), *y)


@pytest.mark.parametrize("form", ["frame", "sparse", "list"])
def test_the_fix_for_samples_that_are_not_arrays(backend, to, form):
    if backend.name == "numpy":
        pytest.skip("NumPy has one device")
    pd = pytest.importorskip("pandas", reason="a data frame is refused")
    given = {"frame": pd.DataFrame, "sparse": scipy.sparse.csr_array, "list": np.ndarray.tolist}
    x, model = given[form](X), classifier().fit(to(X), CLASSES)
    with pytest.raises(InputError) as caught:
        model.predict(x)
    fix = re.search(r"move X by (.*), where model is the estimator", str(caught.value))[1]
    module = importlib.import_module(fix.partition("(")[0].rpartition(".")[0])
    top = importlib.import_module(module.__name__.partition(".")[0])
    found = model.predict(eval(fix, {top.__name__: top, "X": x, "numpy": np, "model": model}))
    assert xl2.to_numpy(found).tolist() == xl2.to_numpy(model.predict(to(X))).tolist()


def test_samples_on_another_device_are_refused(backend, to):
    places = [connect(backend.name, name) for name in backend.library.devices(backend.xp)]
    away = [place.asarray(X, "float32") for place in places]
    away = [x for x in away if x.device != to(X).device]
    if not away:
        pytest.skip("needs a library with two devices")
    model = classifier().fit(to(X), CLASSES)
    with pytest.raises(InputError, match=r"move X by .*asarray\(xl2.to_numpy\(X\), device="):
        model.predict(away[0])


# scikit-learn's own checks.


def run_check(check, backend, estimator, **options):
    name = backend.device_name()
    estimator_checks.__dict__[f"check_array_api_{check}"](
        type(estimator).__name__,
        estimator,
        backend.xp.__name__.removeprefix("array_api_compat."),
        device_name=None if name == "cpu" else name,
        **options,
    )


every_estimator = pytest.mark.parametrize("estimator", [classifier(), regressor()])
choosing = [kind([0.1, 1.0], cv=3, **SMALL) for kind in (xl2.MLPClassifierCV, xl2.MLPRegressorCV)]


@SCIKIT_LEARN_1_9
@every_estimator
@both_dtypes
@pytest.mark.parametrize("weights", [False, True])
@pytest.mark.parametrize("check", ["input", "input_and_values"])
def test_scikit_learns_checks_of_arrays(backend, estimator, check, weights, dtype):
    run_check(check, backend, estimator, check_sample_weight=weights, dtype_name=dtype)


@SCIKIT_LEARN_1_9
@pytest.mark.parametrize("estimator", choosing, ids=["classifier", "regressor"])
@pytest.mark.parametrize("weights", [False, True])
def test_scikit_learns_checks_of_arrays_with_the_estimators_that_choose_alpha(
    backend, estimator, weights
):
    run_check("input_and_values", backend, estimator, check_sample_weight=weights)


@SCIKIT_LEARN_1_9
@every_estimator
def test_scikit_learns_check_of_samples_of_another_library(backend, estimator):
    if backend.name == "numpy":
        pytest.skip("its samples to predict are NumPy arrays")
    run_check("same_namespace", backend, estimator)


@SCIKIT_LEARN_1_9
@pytest.mark.parametrize("dispatched", [True, False])
def test_a_grid_search_gives_the_results_of_numpy(backend, to, dispatched):
    if not dispatched and backend.name == "array_api_strict":
        pytest.skip("scikit-learn indexes it by NumPy arrays, which it refuses")
    grid = {"alpha": [0.0, 9.0], "learning_rate_init": [0.1, 0.3]}
    mine, its = (GridSearchCV(classifier(), grid, cv=2) for _ in range(2))
    with config_context(array_api_dispatch=dispatched):
        found = mine.fit(to(X), to(CLASSES)).predict(to(X))
    expected = its.fit(X, CLASSES).predict(X)
    np.testing.assert_allclose(
        mine.cv_results_["mean_test_score"], its.cv_results_["mean_test_score"]
    )
    assert_equal([xl2.to_numpy(found)], [expected])


@pytest.mark.installed
def test_the_environment_variable_of_scipy_is_not_needed(python):
    name = "array_api_strict" if is_installed("array_api_strict") else "numpy"
    code = f"""
import os
os.environ.pop("SCIPY_ARRAY_API")
import xl2
from xl2.array.backend import connect
x = connect({name!r}).asarray({X.tolist()}, "float64")
model = xl2.MLPClassifier({SMALL["hidden_layer_sizes"]}, solver="lbfgs", random_state=0, tol=0.1)
print(xl2.to_numpy(model.fit(x, {CLASSES.tolist()}).predict(x)).tolist())
"""
    model = MLPClassifier((4,), solver="lbfgs", random_state=0, tol=0.1).fit(X, CLASSES)
    assert python(code) == str(model.predict(X).tolist())
