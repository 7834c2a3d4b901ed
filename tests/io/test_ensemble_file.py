"""Saving and loading of ensembles, and errors of damaged files."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
from model_files import changed, ensemble, tried, with_preprocessing

import xl2
from xl2 import Ensemble, FileFormatError, InputError, Model, Network
from xl2.io.model_header import header_of

HEADER = header_of(ensemble().models[0], ensemble())
MEMBERS = json.loads(HEADER["members"])
RESIDUALS = json.loads(HEADER["residuals"])
X = np.random.default_rng(1).normal(size=(5, 3))


def altered(number=1, **values):
    """Return what networks have of their own, with other values of one."""
    found = json.loads(HEADER["members"])
    found[number] |= values
    return {"members": json.dumps(found)}


def errors(**values):
    return {"residuals": json.dumps({**RESIDUALS, **values})}


def test_save_and_load(where, tmp_path):
    made = ensemble()
    xl2.save(made, tmp_path / "m")
    read = xl2.load(tmp_path / "m", **where)
    assert isinstance(read, Ensemble)
    np.testing.assert_allclose(read.forward(X), made.forward(X), rtol=1e-5)
    for mine, its in zip(read.interval(X, 0.6), made.interval(X, 0.6), strict=True):
        np.testing.assert_allclose(mine, its, rtol=1e-5)
    assert read.weights == made.weights == (0.5, 0.25, 0.25)
    assert read.residuals.folds == (0, 1, 1)
    assert (read.features, read.classes) == (("a", "b", "c"), None)
    assert read.trained_rows.tolist() == [1, 2**40, 2**63]
    assert read.tried == tried()
    assert read.table == made.table
    # A file of such an ensemble never is another one.
    xl2.save(read, tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "m").read_bytes()


def test_what_is_absent_is_not_there_when_loaded(tmp_path):
    networks = [Network([3, 2], ["softmax"], seed=s) for s in range(2)]
    xl2.save(Ensemble(networks), tmp_path / "m")
    read = xl2.load(tmp_path / "m")
    absent = (read.weights, read.residuals, read.trained_rows, read.tried, read.table)
    assert absent == (None,) * 5
    np.testing.assert_array_equal(read.forward(X), Ensemble(networks).forward(X))


def test_each_network_has_its_columns_and_its_temperature(tmp_path):
    made = [
        dataclasses.replace(with_preprocessing(), temperature=t, classes=("no", "yes"))
        for t in (1.0, 1.5)
    ]
    learnt = dataclasses.replace(made[1].preprocessing, medians=np.array([1.0, 2.0, 0.0, 7.0]))
    made[1] = dataclasses.replace(made[1], preprocessing=learnt)
    xl2.save(Ensemble(made), tmp_path / "m")
    read = xl2.load(tmp_path / "m")
    assert [one.temperature for one in read.models] == [1.0, 1.5]
    frame = pd.DataFrame(
        {
            "age": [None, 3.0],
            "colour": ["red", "green"],
            "share": ["7 %", None],
            "married": [True, None],
            "born": ["1.2.2020", None],
            "town": ["b", "a"],
        }
    )
    np.testing.assert_array_equal(read.forward(frame), Ensemble(made).forward(frame))
    assert read.predict(frame).tolist() == Ensemble(made).predict(frame).tolist()


def test_what_folds_did_not_see_stays_silent(tmp_path):
    """An input that a fold had no samples for is 0 in its network, whatever new samples have."""
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"age": rng.normal(size=60), "town": ["a", "b", "c"] * 20})
    frame.loc[:4, "age"], frame.loc[:6, "town"] = np.nan, "d"
    folds = [(np.arange(20, 60), np.arange(20)), (np.arange(40), np.arange(40, 60))]
    y = rng.integers(0, 2, 60)
    options = {"hidden": (3,), "epochs": 2, "progress": False, "backend": "numpy"}
    path = xl2.regularization_path(frame, y, [1], cv=folds, standardize=True, **options)
    of_folds = path.ensemble(1.0)
    first, second = (one.preprocessing for one in of_folds.models)
    assert first.silent == (1, 5)
    assert second.silent == ()
    xl2.save(of_folds, tmp_path / "m")
    read = xl2.load(tmp_path / "m")
    assert [one.preprocessing.silent for one in read.models] == [(1, 5), ()]
    np.testing.assert_array_equal(read.forward(frame), of_folds.forward(frame))
    xl2.save(path.best_model_, tmp_path / "one")
    assert b"silent" not in (tmp_path / "one").read_bytes()


def test_a_transformer_is_not_saved(tmp_path):
    from sklearn.preprocessing import StandardScaler

    model = Model(Network([3, 1]), preprocessing=StandardScaler().fit(X))
    with pytest.raises(
        InputError, match=r"cannot hold the StandardScaler that each .* joblib\.dump"
    ):
        xl2.save(Ensemble([model]), tmp_path / "m")
    assert list(tmp_path.iterdir()) == []


def test_too_many_networks_are_not_saved(tmp_path, monkeypatch):
    monkeypatch.setattr("xl2.io.model_file.MOST_NETWORKS", 2)
    with pytest.raises(InputError, match="holds at most 2 networks"):
        xl2.save(ensemble(), tmp_path / "m")


@pytest.mark.parametrize(
    ("header", "arrays", "words"),
    [
        ({"format": "xl2-ensemble-9"}, {}, "Expected 'xl2-model-1' or 'xl2-ensemble-1'"),
        ({"format": "xl2-model-1"}, {}, "its header lacks sizes"),
        ({"members": "[]"}, {}, "value of members is invalid"),
        ({"members": "nonsense"}, {}, "members cannot be read"),
        ({"members": json.dumps(MEMBERS[:2])}, {}, "'3.bias_1' belongs to none of its 2 networks"),
        ({"members": json.dumps([*MEMBERS, MEMBERS[0]])}, {}, "declares 3 layers but has 0 arrays"),
        ({"members": json.dumps([*MEMBERS[:2], 3])}, {}, "value of members is invalid"),
        (altered(more=1), {}, "value of members is invalid"),
        (altered(sizes=[3, -4, 2]), {}, "value of members is invalid"),
        (altered(sizes=[3, 5, 2]), {}, "'weight_1' has shape"),
        (altered(activations=["tanh", "evil"]), {}, "output activations are"),
        (altered(temperature=0), {}, "value of members is invalid"),
        (altered(temperature=2.0), {}, "a temperature, which is for probabilities"),
        (altered(preprocessing=[]), {}, "value of members is invalid"),
        (altered(standardisation={"input": True, "output": False}), {}, "'output_mean'"),
        (altered(activations=["tanh", "softmax"]), {}, None),
        ({"weights": "[0.5, 0.5]"}, {}, "weights must be 3 numbers"),
        ({"weights": "[0.5, 0.5, 0.5]"}, {}, "weights must be 3 numbers"),
        ({"weights": "[2, -1, 0]"}, {}, "value of weights is invalid"),
        ({"weights": "[NaN, 0.5, 0.5]"}, {}, "value of weights is invalid"),
        ({"weights": "{}"}, {}, "value of weights is invalid"),
        ({"residuals": "null"}, {}, r"'residuals' has shape \[4, 2\]. Expected: None"),
        ({"residuals": "[]"}, {}, "value of residuals is invalid"),
        (errors(counts=[3, 2]), {}, r"'residuals' has shape \[4, 2\]. Expected: \[5, 2\]"),
        (errors(counts=[4, 0]), {}, "Residuals need for each fold"),
        (errors(folds=[0, 0, 0]), {}, "Residuals need for each fold"),
        (errors(folds=[0, 1]), {}, "Residuals need for each fold"),
        (errors(folds=[0, 1, 2]), {}, "Residuals need for each fold"),
        (errors(folds=[0, 1, True]), {}, "value of residuals is invalid"),
        ({}, {"residuals": np.full((4, 2), -1.0)}, "Residuals need for each fold"),
        ({}, {"residuals": np.full((4, 2), np.nan)}, "'residuals' .* not finite"),
        ({}, {"residuals": np.zeros((4, 2), int)}, "'residuals' .* not finite"),
        ({}, {"residuals": np.zeros((2, 4))}, r"shape \[2, 4\]. Expected: \[4, 2\]"),
        ({}, {"2.input_scale": np.zeros(3)}, "'input_scale' has a scale that is not above 0"),
        ({}, {"2.weight_1": np.full((3, 4), np.inf, np.float32)}, "'weight_1' .* not finite"),
        ({}, {"2.extra": np.zeros(2)}, "'extra' has shape"),
        ({}, {"extra": np.zeros(2)}, "'extra' belongs to none"),
        ({}, {"0.weight_1": np.zeros(2)}, "belongs to none"),
        ({}, {"trained_rows": np.array([2, 1], np.uint64)}, "'trained_rows' is not sorted"),
    ],
)
def test_an_inconsistent_file_is_refused(tmp_path, header, arrays, words):
    path = changed(tmp_path / "m", header, ensemble(), **arrays)
    if words is None:  # the task of a header is that of all networks
        assert xl2.load(path).task == "regression"
        return
    with pytest.raises(FileFormatError, match=f"(?s)m: .*{words}"):
        xl2.load(path)


def test_networks_of_two_kinds_are_refused(tmp_path):
    xl2.save(Ensemble([Network([3, 2], ["softmax"]), Network([3, 2], ["softmax"])]), tmp_path / "m")
    header = [{"sizes": [3, 2], "activations": ["softmax"]}, {"sizes": [3, 3]}]
    header[1] |= {"activations": ["softmax"]}
    for own in header:
        own["standardisation"] = {"input": False, "output": False}
    arrays = {"2.weight_1": np.zeros((3, 3), "float32"), "2.bias_1": np.zeros(3, "float32")}
    made = Ensemble([Network([3, 2], ["softmax"])] * 2)
    path = changed(tmp_path / "m", {"members": json.dumps(header)}, made, **arrays)
    with pytest.raises(FileFormatError, match="Model 2 differs from the first"):
        xl2.load(path)
