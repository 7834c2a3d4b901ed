"""Fitted estimators as model files, ONNX graphs and PyTorch modules."""

import numpy as np
import pytest

import xl2
from xl2 import MLPClassifier, MLPClassifierCV, MLPRegressor

pytestmark = [
    pytest.mark.host,
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4))
SMALL = {"hidden_layer_sizes": (6,), "max_iter": 8, "random_state": 0, "learning_rate_init": 0.02}
TARGETS = {
    "three": np.array(["a", "b", "c"])[np.digitize(X[:, 0], [-0.5, 0.5])],
    "two": np.where(X[:, 0] > 0, "yes", "no"),
    "numbers": np.where(X[:, 0] > 0, 7, -2),
    "several": (X[:, :3] > 0).astype(int),
    "values": X[:, 0] * X[:, 1],
    "two values": X[:, :2] ** 2,
}


def fitted(kind, **more):
    """Return an estimator fitted on one of the targets."""
    cls = MLPRegressor if "values" in kind else MLPClassifier
    return cls(**SMALL, **more).fit(X, TARGETS[kind])


every_kind = pytest.mark.parametrize("kind", TARGETS)


@every_kind
def test_a_model_file_predicts_the_same(kind, tmp_path):
    model = fitted(kind)
    xl2.save(model, tmp_path / "model.safetensors")
    found = xl2.load(tmp_path / "model.safetensors").predict(X)
    if "values" in kind:
        np.testing.assert_allclose(found, model.predict(X), rtol=1e-12)
    else:
        assert found.tolist() == model.predict(X).tolist()


@every_kind
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_onnx_runtime_predicts_the_same(kind, dtype):
    pytest.importorskip("onnx", reason="onnx writes the graphs")
    onnxruntime = pytest.importorskip("onnxruntime", reason="ONNX Runtime runs the graphs")
    model = fitted(kind, dtype=dtype)
    session = onnxruntime.InferenceSession(xl2.to_onnx(model).SerializeToString())
    found = session.run(None, {"X": X.astype(dtype)})
    if "values" in kind:
        expected = model.predict(X).reshape(len(X), -1)
        np.testing.assert_allclose(found[0], expected, rtol=1e-5, atol=1e-5)
        return
    assert found[0].tolist() == model.predict(X).tolist()
    np.testing.assert_allclose(found[1], model.predict_proba(X), atol=1e-5)


@every_kind
def test_a_torch_module_has_the_same_outputs(kind):
    torch = pytest.importorskip("torch", reason="the module is PyTorch's")
    model = fitted(kind)
    found = model.to_torch()(torch.from_numpy(X)).detach().numpy()
    if "values" in kind:
        expected = model.predict(X).reshape(len(X), -1)
    else:
        expected = model.predict_proba(X)[:, -found.shape[1] :]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_model_file_of_mlpclassifiercv_predicts_the_same(tmp_path):
    options = {"cv": 3, "hidden_layer_sizes": (4,), "max_iter": 3, "random_state": 0}
    model = MLPClassifierCV([0.1, 1.0], **options).fit(X, TARGETS["three"])
    xl2.save(model, tmp_path / "model.safetensors")
    found = xl2.load(tmp_path / "model.safetensors").predict(X)
    assert found.tolist() == model.predict(X).tolist()


def test_the_model_is_a_copy():
    model = fitted("two")
    made = model.to_model()
    model.coefs_[0] *= 0.0
    assert np.abs(made.network.weights[0]).sum() > 0


@pytest.mark.parametrize("write", [xl2.to_onnx, lambda model: xl2.save(model, "model")])
def test_other_objects_are_refused(write):
    with pytest.raises(xl2.InputError, match=r"model must be a Network.*Received: ndarray"):
        write(X)
    with pytest.raises(ValueError, match="not fitted"):
        write(MLPClassifier())
