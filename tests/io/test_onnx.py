"""ONNX Runtime gives the same predictions as the model."""

import importlib.util
import sys

import numpy as np
import pandas as pd
import pytest
from plain_paths import plain_path

from xl2 import (
    Ensemble,
    InputError,
    Model,
    Network,
    fit,
    load_data,
    save,
    to_onnx,
)
from xl2.cli.workflows import train
from xl2.nn.scaling import Scaling

pytest.importorskip("onnx", reason="the graphs are made by onnx")
onnxruntime = pytest.importorskip("onnxruntime", reason="the graphs are run by ONNX Runtime")

RNG = np.random.default_rng(2)
X = 100.0 + 7.0 * RNG.normal(size=(40, 3))
TOLERANCE = {"float32": 1e-5, "float64": 1e-12}


def dtype_of(model):
    """Return the dtype of a model, or of those of an ensemble."""
    return getattr(model, "models", [model])[0].network.dtype


def run(model, X):
    """Run the graph of a model on samples; return {name: output}."""
    made = to_onnx(model).SerializeToString()
    session = onnxruntime.InferenceSession(made, providers=["CPUExecutionProvider"])
    found = session.run(None, {"X": np.asarray(X, dtype=dtype_of(model))})
    return dict(zip([output.name for output in session.get_outputs()], found, strict=True))


def model(where, sizes, activations, dtype="float32", classes=None, outputs=None, y=None):
    network = Network(sizes, activations, "he", seed=3, dtype=dtype, **where)
    made = Model(network, Scaling.learn(X), outputs, classes)
    if y is not None:
        fit(network, made.prepare(X), y, epochs=1, learning_rate=0.1)
    return made


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("hidden", ["identity", "sigmoid", "tanh", "relu"])
def test_classes_with_every_activation(where, dtype, hidden):
    names = ("ça", "a", "b", "c")
    made = model(where, [3, 5, 4], [hidden, "softmax"], dtype, names)
    found = run(made, X)
    np.testing.assert_allclose(found["probabilities"], made.forward(X), atol=TOLERANCE[dtype])
    assert found["label"].tolist() == made.predict(X).tolist()
    assert set(found["label"]) <= set(names)


@pytest.mark.parametrize("classes", [("no", "yes"), (3, 7), (0.5, 1.5), (False, True), None])
def test_two_classes_with_labels_of_any_type(where, classes):
    made = model(where, [3, 4, 1], ["tanh", "sigmoid"], classes=classes)
    found = run(made, X)
    yes = made.forward(X)[:, 0]
    np.testing.assert_allclose(found["probabilities"], np.stack([1 - yes, yes], 1), atol=1e-5)
    assert found["label"].tolist() == made.predict(X).tolist()


def test_counts_are_the_exponential(where):
    made = model(where, [3, 4, 1], ["tanh", "exp"])
    np.testing.assert_allclose(run(made, X)["variable"][:, 0], made.predict(X), rtol=1e-5)


def test_several_labels_at_once(where):
    y = RNG.integers(0, 2, size=(40, 3))
    y[0] = 1
    made = model(where, [3, 3], ["sigmoid"], y=y)
    assert made.network.task == "multilabel"
    found = run(made, X)
    np.testing.assert_allclose(found["probabilities"], made.forward(X), atol=1e-5)
    np.testing.assert_array_equal(found["label"], made.predict(X))


@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_regression_in_the_targets_units(where, outputs, dtype):
    units = Scaling(np.array([1000.0, -3.0][:outputs]), np.array([50.0, 0.1][:outputs]))
    made = model(where, [3, 5, outputs], ["relu", "identity"], dtype, outputs=units)
    found = run(made, X)["variable"]
    assert found.shape == (40, outputs)
    np.testing.assert_allclose(found, made.forward(X), rtol=TOLERANCE[dtype])


def test_a_trained_model_of_the_digits():
    digits = load_data("digits")
    made = train(digits, epochs=3, backend="numpy").model
    found = run(made, digits.X)
    np.testing.assert_allclose(found["probabilities"], made.forward(digits.X), atol=1e-5)
    assert (found["label"] == made.predict(digits.X)).all()
    one = run(made, digits.X[:1])
    np.testing.assert_allclose(one["probabilities"], found["probabilities"][:1], atol=1e-6)


def test_a_network_alone_and_a_stack(where):
    network = Network([3, 2], ["softmax"], **where)
    found = run(Model(network), X / 100)
    np.testing.assert_allclose(
        found["probabilities"], network.backend.to_numpy(network.forward(X / 100)), atol=1e-5
    )
    assert to_onnx(network) == to_onnx(Model(network))
    with pytest.raises(InputError, match="A stack cannot be exported"):
        to_onnx(Network([3, 2], stack=2, **where))


def test_without_onnx_the_error_names_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(InputError, match=r'pip install "xl2\[onnx\]"'):
        to_onnx(Network([3, 2]))


def test_the_command_writes_a_file_that_runs(xl2, flowers, tmp_path):
    saved, out = tmp_path / "m", tmp_path / "m.onnx"
    xl2("train", flowers, "--epochs", 3, "--out", saved)
    code, words, _ = xl2("export", saved, "--onnx", out)
    assert code == 0
    assert "m.onnx" in words.replace("\n", "")
    session = onnxruntime.InferenceSession(out, providers=["CPUExecutionProvider"])
    labels, _ = session.run(None, {"X": np.array([[4.0, 0.0]], "float32")})
    assert labels[0] in ("rose", "iris", "tulipe")
    first = out.read_bytes()
    xl2("export", saved, "--onnx", out)
    assert out.read_bytes() == first


@pytest.mark.parametrize("out", ["no/such/m.onnx", "."])
def test_a_file_that_cannot_be_written(xl2, tmp_path, monkeypatch, out):
    monkeypatch.chdir(tmp_path)
    save(Network([3, 2]), "m")
    code, _, err = xl2("export", "m", "--onnx", out)
    assert code == 2
    assert "folder" in err


def test_the_model_file_is_not_overwritten(xl2, tmp_path):
    save(Network([3, 2]), tmp_path / "m")
    before = (tmp_path / "m").read_bytes()
    code, _, err = xl2("export", tmp_path / "m", "--onnx", tmp_path / "m")
    assert code == 2
    assert "is also an input file" in err
    assert (tmp_path / "m").read_bytes() == before


def test_onnx_is_imported_only_when_needed(python):
    assert importlib.util.find_spec("onnx")
    assert python("import sys, xl2; xl2.to_onnx; print('onnx' in sys.modules)") == "False"


CELLS = pd.DataFrame(
    {
        "age": [30.0, np.nan, 50.0, 41.5, 28.0] * 6,
        "colour": ["red", "blue", None, "red", "gr\u00fcn"] * 5 + ["pink"] * 2 + ["blue"] * 3,
        "label": [True, False, True, True, False] * 6,
        "constant_0": ["a", "b"] * 15,
        "height": np.linspace(1.5e5, 2.5e5, 30),
    }
)
NEW_CELLS = pd.DataFrame(
    {
        "age": [np.nan, 33.25, 60.0, 20.0],
        "colour": ["red", "violet", None, "pink"],
        "label": [True, None, False, True],
        "constant_0": ["b", "c", None, "a"],
        "height": [1.7e5, np.nan, 2.0e5, 1.0e5],
    }
)
KINDS = {"colour": str, "constant_0": str}


def fed(made, frame):
    """Run the graph of a model on a frame, each column as an input of its own."""
    graph = to_onnx(made).SerializeToString()
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_inputs()]
    feed = {}
    for name, column in zip(names, made.features, strict=True):
        if column in KINDS:
            feed[name] = frame[column].fillna("").to_numpy(dtype=object)[:, None]
        else:
            feed[name] = frame[column].to_numpy(dtype=dtype_of(made), na_value=np.nan)[:, None]
    found = session.run(None, feed)
    return names, dict(zip([one.name for one in session.get_outputs()], found, strict=True))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("numbers", [True, False], ids=["with numbers", "categories only"])
def test_columns_are_inputs_of_their_names(dtype, standardize, numbers):
    frame = CELLS if numbers else CELLS[["colour", "constant_0"]]
    if not standardize and numbers:
        frame = frame.drop(columns="height")
    y = np.arange(30) % 2
    options = {"hidden": (3,), "epochs": 2, "validation": (frame, y), "progress": False}
    path = plain_path(frame, y, [1], dtype=dtype, standardize=standardize, **options)
    made = path.best_model_
    for cells in (frame, NEW_CELLS):
        names, found = fed(made, cells)
        yes = made.forward(cells)[:, 0]
        np.testing.assert_allclose(found["probabilities"][:, 1], yes, atol=TOLERANCE[dtype])
        assert found["label"].tolist() == made.predict(cells).tolist()
    # The output is called so as well.
    assert names == [name if name != "label" else "label_" for name in frame]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("standardize", [False, True])
def test_numbers_with_missing_ones_are_one_input(dtype, standardize):
    frame = CELLS[["age", "height"]] / [1.0, 1e5]
    y = np.arange(30) % 2
    options = {"hidden": (3,), "epochs": 2, "validation": (frame, y), "progress": False}
    path = plain_path(frame, y, [1], dtype=dtype, standardize=standardize, **options)
    made, cells = path.best_model_, NEW_CELLS[["age", "height"]]
    for table in (frame, cells):
        found = run(made, table)
        yes = made.forward(table)[:, 0]
        np.testing.assert_allclose(found["probabilities"][:, 1], yes, atol=TOLERANCE[dtype])


def test_a_transformer_is_not_exported():
    from sklearn.preprocessing import StandardScaler

    made = Model(Network([3, 1]), preprocessing=StandardScaler().fit(X))
    with pytest.raises(InputError, match="The StandardScaler before this network cannot be"):
        to_onnx(made)


# Ensembles.


@pytest.mark.parametrize("weights", [None, (0.5, 0.3, 0.2)])
@pytest.mark.parametrize(
    ("activations", "outputs"),
    [(["tanh", "softmax"], 4), (["tanh", "sigmoid"], 1), (["tanh", "sigmoid"], 3)],
)
def test_an_ensemble_is_a_single_graph(where, activations, outputs, weights):
    names = ("a", "b", "c", "d")[: max(2, outputs)]
    made = []
    for seed in range(3):
        network = Network([3, 5, outputs], activations, "he", seed=seed, **where)
        scaling = Scaling(np.full(3, 90.0 + seed), np.full(3, 5.0 + seed))
        made.append(Model(network, scaling, None, names, temperature=1.0 + seed))
    ensemble = Ensemble(made, weights)
    found = run(ensemble, X)
    single = np.array([run(one, X)["probabilities"] for one in made])
    mean = np.average(single, axis=0, weights=weights)
    np.testing.assert_allclose(found["probabilities"], mean, atol=1e-6)
    own = ensemble.forward(X)
    np.testing.assert_allclose(found["probabilities"][:, -1], own[:, -1], atol=1e-5)
    assert found["label"].tolist() == ensemble.predict(X).tolist()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_values_of_an_ensemble_are_in_the_targets_units(where, dtype):
    made = []
    for seed in range(3):
        units = Scaling(np.array([1e6 + seed]), np.array([50.0 + seed]))
        network = Network([3, 5, 1], ["relu", "identity"], seed=seed, dtype=dtype, **where)
        made.append(Model(network, Scaling.learn(X), units))
    found = run(Ensemble(made), X)["variable"]
    np.testing.assert_allclose(found, Ensemble(made).forward(X), rtol=TOLERANCE[dtype])


def test_the_ensemble_of_a_path_has_one_input_for_each_column():
    y = np.arange(30) % 2
    options = {"hidden": (3,), "epochs": 2, "cv": 3, "progress": False, "standardize": True}
    path = plain_path(CELLS, y, [1], backend="numpy", refit=False, **options)
    made = path.ensemble_
    for cells in (CELLS, NEW_CELLS):
        _, found = fed(made, cells)
        yes = made.forward(cells)[:, 0]
        np.testing.assert_allclose(found["probabilities"][:, 1], yes, atol=1e-5)
        assert found["label"].tolist() == made.predict(cells).tolist()


def test_an_ensemble_with_a_transformer_is_not_exported():
    from sklearn.preprocessing import StandardScaler

    made = [Model(Network([3, 1])), Model(Network([3, 1]), preprocessing=StandardScaler().fit(X))]
    with pytest.raises(InputError, match="The StandardScaler before this network cannot be"):
        to_onnx(Ensemble(made))
