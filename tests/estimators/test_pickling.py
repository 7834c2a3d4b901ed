"""Fitted estimators are pickled and copied, with arrays of any library."""

import copy
import io
import pickle

import array_api_compat
import joblib
import numpy as np
import pytest
from sklearn.base import clone

import xl2
from xl2 import MLPClassifier, MLPRegressor, Model
from xl2.array.api import library_of
from xl2.errors import BackendError

pytestmark = [
    pytest.mark.one_on_jax,
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

RNG = np.random.default_rng(0)
X = RNG.normal(size=(24, 3))
TARGETS = {
    "text": np.array(["no", "perhaps", "yes"])[np.arange(24) % 3],
    "two": np.arange(24) % 2 + 4,
    "several": np.stack([X[:, 1] > 0, X[:, 0] > 0], axis=1).astype(int),
    "values": X[:, 0] * X[:, 1],
    "pairs": X[:, :2] ** 2,
}
SMALL = {"hidden_layer_sizes": (4,), "max_iter": 3, "batch_size": 6, "random_state": 0}
solvers = pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
every_target = pytest.mark.parametrize("kind", TARGETS)


def unfitted(kind, **more):
    return (MLPRegressor if kind in ("values", "pairs") else MLPClassifier)(**SMALL | more)


@pytest.fixture
def fitted(to):
    """Fit an estimator on arrays of the library, or on those that `move` returns."""

    def fit(kind="text", dtype="float64", move=to, **more):
        return unfitted(kind, **more).fit(move(X, dtype), TARGETS[kind])

    return fit


@pytest.fixture
def without_library(backend, monkeypatch):
    """Return a function that makes the library fail, as on a machine without a GPU."""
    if backend.name == "numpy":
        pytest.skip("NumPy always works")
    load = xl2.array.backend.load

    def refuse(name):
        if name == backend.name:
            raise BackendError(f"The backend {name!r} does not work: no GPU.", "no GPU.")
        return load(name)

    return lambda: monkeypatch.setattr(xl2.array.backend, "load", refuse)


def pickled(model, folder=None):
    return pickle.loads(pickle.dumps(model))


def deep_copied(model, folder):
    return copy.deepcopy(model)


def through_joblib(model, folder, mmap_mode=None):
    # A new file each time, because a mapped one must not be overwritten.
    path = folder / f"{len(list(folder.iterdir()))}.joblib"
    joblib.dump(model, path)
    return joblib.load(path, mmap_mode=mmap_mode)


def mapped_by_joblib(model, folder):
    return through_joblib(model, folder, "r")


every_copy = pytest.mark.parametrize(
    "copied", [pickled, deep_copied, through_joblib, mapped_by_joblib]
)


def outputs(model, x):
    """Return all predictions, and the parameters."""
    methods = ("predict", "predict_proba", "predict_log_proba")
    found = [getattr(model, name)(x) for name in methods if hasattr(model, name)]
    return [*found, *model.coefs_, *model.intercepts_]


def assert_equal(found, expected):
    """Compare arrays exactly, with their libraries and devices."""
    for mine, its in zip(found, expected, strict=True):
        assert library_of(mine) == library_of(its)
        assert array_api_compat.device(mine) == array_api_compat.device(its)
        assert mine.dtype == its.dtype
        np.testing.assert_array_equal(xl2.to_numpy(mine), xl2.to_numpy(its))


# Pickles and copies.


@every_copy
@every_target
def test_a_copy_predicts_the_same(to, fitted, copied, kind, tmp_path):
    model = fitted(kind)
    back = copied(model, tmp_path)
    assert_equal(outputs(back, to(X)), outputs(model, to(X)))
    assert back.get_params() == model.get_params()
    assert vars(back).keys() == vars(model).keys()
    assert back.loss_curve_ == model.loss_curve_


@every_copy
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_a_copy_continues_with_partial_fit(to, fitted, copied, solver, dtype, tmp_path):
    model, x, y = fitted(solver=solver, dtype=dtype), to(X[:12], dtype), TARGETS["text"][:12]
    back = copied(model.partial_fit(x, y), tmp_path)
    for _ in range(2):
        assert_equal(outputs(back.partial_fit(x, y), x), outputs(model.partial_fit(x, y), x))


@every_copy
def test_a_copy_continues_with_a_warm_start(to, fitted, copied, tmp_path):
    model = fitted("values", solver="lbfgs", warm_start=True)
    back = copied(model, tmp_path)
    for one in (model, back):
        one.fit(to(X), TARGETS["values"])
    assert_equal(outputs(back, to(X)), outputs(model, to(X)))


def test_a_deep_copy_has_arrays_of_its_own(to, host, fitted):
    model = fitted()
    before = [host(array).copy() for array in model.coefs_]
    twin = copy.deepcopy(model)
    for array in (*twin.coefs_, *twin.intercepts_):
        array += 1.0
    twin.partial_fit(to(X), TARGETS["text"])
    for array, old in zip(model.coefs_, before, strict=True):
        np.testing.assert_array_equal(host(array), old)


@solvers
def test_a_clone_is_unfitted(to, fitted, solver):
    model = fitted(solver=solver)
    twin = clone(model)
    assert not hasattr(twin, "coefs_")
    assert twin.get_params() == model.get_params()
    assert_equal(outputs(twin.fit(to(X), TARGETS["text"]), to(X)), outputs(model, to(X)))


def test_an_unfitted_estimator_is_pickled(where):
    model = unfitted("text", **where | {"device": None})
    assert pickled(model).get_params() == model.get_params()


@solvers
def test_a_pickle_needs_no_array_library_but_numpy(backend, fitted, solver):
    found = set()

    class Recorder(pickle.Unpickler):
        def find_class(self, module, name):
            found.add(module.partition(".")[0])
            return super().find_class(module, name)

    there = {"backend": backend.name, "device": backend.device_name()}
    for model in (fitted(solver=solver), fitted(solver=solver, move=np.array, **there)):
        Recorder(io.BytesIO(pickle.dumps(model))).load()
    assert {"numpy", "xl2", "sklearn"} <= found <= {"numpy", "xl2", "sklearn", "builtins"}


# Unpickled on a machine where the library does not work.


@solvers
@every_target
def test_without_its_library_it_uses_numpy_and_warns(
    backend, to, host, fitted, without_library, kind, solver
):
    model = fitted(kind, solver=solver)
    expected = [xl2.to_numpy(array) for array in outputs(model, to(X))]
    written, place = pickle.dumps(model), xl2.array.switch.resolve_like(to(X))
    device = place.device_name()
    without_library()
    with pytest.warns(UserWarning, match="The pickled object") as caught:
        back = pickle.loads(written)
    (warning,) = caught
    assert str(warning.message) == (
        f"The pickled object computed with {backend.name} on {device}, which does not work here: "
        f"no GPU. It computes with NumPy now."
    )
    assert {type(array) for array in outputs(back, X)} == {np.ndarray}
    for mine, its in zip(outputs(back, X), expected, strict=True):
        if its.dtype.kind == "U":
            assert mine.tolist() == its.tolist()
        else:
            np.testing.assert_allclose(mine, its, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_without_its_library_partial_fit_continues_on_numpy(
    to, host, fitted, without_library, solver
):
    model, y = fitted(solver=solver), TARGETS["text"]
    written = pickle.dumps(model)
    expected = [host(array) for array in model.partial_fit(to(X), y).coefs_]
    without_library()
    with pytest.warns(UserWarning, match="It computes with NumPy now"):
        back = pickle.loads(written)
    for mine, its in zip(back.partial_fit(X, y).coefs_, expected, strict=True):
        np.testing.assert_allclose(mine, its, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("samples", ["NumPy's", "the library's"])
def test_arguments_that_name_the_missing_library_become_none(
    backend, to, fitted, without_library, samples
):
    options = {"backend": backend.name, "device": backend.device_name()}
    model = fitted(move=np.array if samples == "NumPy's" else to, **options)
    assert pickled(model).get_params() == model.get_params()
    expected = xl2.to_numpy(model.predict_proba(X if samples == "NumPy's" else to(X)))
    written = pickle.dumps(model)
    without_library()
    with pytest.warns(UserWarning, match="which does not work here: no GPU") as caught:
        back = pickle.loads(written)
    assert len(caught) == 1
    assert (back.backend, back.device) == (None, None)
    np.testing.assert_allclose(back.predict_proba(X), expected, rtol=1e-9)


@pytest.mark.host
def test_arguments_that_name_no_library_are_pickled():
    model = unfitted("text").fit(X, TARGETS["text"]).set_params(backend="no_such_library")
    assert pickled(model).backend == "no_such_library"


# Models.


def onnx_outputs(model):
    """Return the outputs of ONNX Runtime by name."""
    pytest.importorskip("onnx", reason="onnx writes the graphs")
    runtime = pytest.importorskip("onnxruntime", reason="ONNX Runtime runs the graphs")
    made = xl2.to_onnx(model).SerializeToString()
    session = runtime.InferenceSession(made, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    found = session.run(None, {"X": X.astype(model.network.dtype)})
    return dict(zip(names, found, strict=True))


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@every_target
def test_a_model_and_its_onnx_graph_predict_the_same(to, host, fitted, kind, solver):
    estimator = fitted(kind, solver=solver)
    model = estimator.to_model()
    assert type(model) is Model
    assert library_of(model.network.weights[0]) == library_of(to(X))
    assert array_api_compat.device(model.network.weights[0]) == array_api_compat.device(to(X))
    predicted, found = xl2.to_numpy(estimator.predict(to(X))), onnx_outputs(model)
    if kind in ("values", "pairs"):
        expected = predicted.reshape(24, -1)
        np.testing.assert_allclose(model.predict(X), predicted, rtol=1e-9)
        np.testing.assert_allclose(found["variable"], expected, rtol=1e-5)
    else:
        probabilities = host(estimator.predict_proba(to(X)))
        expected = probabilities[:, 1:] if kind == "two" else probabilities
        assert model.predict(X).tolist() == found["label"].tolist() == predicted.tolist()
        np.testing.assert_allclose(found["probabilities"], probabilities, atol=1e-5)
    np.testing.assert_allclose(model.forward(X), expected, rtol=1e-9)


def test_a_poisson_model_and_its_onnx_graph_predict_the_same(to, host, fitted):
    estimator = MLPRegressor(loss="poisson", **SMALL).fit(to(X, "float32"), np.arange(24) % 3)
    model, predicted = estimator.to_model(), host(estimator.predict(to(X, "float32")))
    np.testing.assert_allclose(model.predict(X.astype("float32")), predicted, rtol=1e-5)
    np.testing.assert_allclose(onnx_outputs(model)["variable"][:, 0], predicted, rtol=1e-5)


def test_a_model_has_the_names_of_the_features(where):
    pandas = pytest.importorskip("pandas", reason="named columns need pandas")
    frame = pandas.DataFrame(X, columns=["length", "width", "height"])
    estimator = unfitted("text", **where).fit(frame, TARGETS["text"])
    model = estimator.to_model()
    assert model.features == ("length", "width", "height")
    assert model.predict(frame).tolist() == estimator.predict(frame).tolist()
    assert onnx_outputs(model)["label"].tolist() == estimator.predict(frame).tolist()


def test_a_fit_on_an_array_forgets_the_names_of_an_earlier_fit(to):
    pandas = pytest.importorskip("pandas", reason="named columns need pandas")
    estimator = unfitted("text").fit(pandas.DataFrame(X, columns=["a", "b", "c"]), TARGETS["text"])
    assert estimator.fit(to(X), TARGETS["text"]).to_model().features == ()


def test_a_single_label_is_predicted_for_every_sample(to, host):
    estimator = unfitted("two", max_iter=1).fit(to(X), np.full(24, 7))
    assert host(estimator.predict(to(X))).tolist() == [7] * 24
    assert estimator.to_model().predict(X).tolist() == [7] * 24
