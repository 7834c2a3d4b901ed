"""Saving and loading of model files, and errors of damaged ones."""

from __future__ import annotations

import dataclasses
import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_files import changed, tried, with_preprocessing

import xl2
from xl2 import FileFormatError, InputError, Model, Network
from xl2.io.model_file import MAX_HEADER
from xl2.nn.columns import Column, Table
from xl2.nn.preprocessing import Preprocessing
from xl2.nn.scaling import Scaling

TABLE = Table(6, (1, 3, 2), "label", "who", None, ("id",))


def altered_table(**values):
    return json.dumps({**dataclasses.asdict(TABLE), **values})


@pytest.fixture
def model(where):
    network = Network([3, 4, 2], ["tanh", "softmax"], "he", seed=1, **where)
    inputs = Scaling(np.array([1.0, 2.0, 3.0]), np.array([1.0, 0.5, 2.0]))
    rows = np.array([0, 7, 7, 2**64 - 1], dtype=np.uint64)
    names = ("a", "b", "c")
    return Model(network, inputs, None, ("chat", "autre"), names, rows, tried(), table=TABLE)


def test_save_and_load(model, where, tmp_path, rng):
    path = tmp_path / "m.safetensors"
    xl2.save(model, path)
    read = xl2.load(path, **where)
    X = rng.standard_normal((5, 3))
    assert read.predict(X).tolist() == model.predict(X).tolist()
    np.testing.assert_array_equal(read.forward(X), model.forward(X))
    assert read.classes == ("chat", "autre")
    assert read.features == ("a", "b", "c")
    assert read.table == TABLE
    assert (read.trained_rows.dtype, read.trained_rows.tolist()) == ("uint64", [0, 7, 7, 2**64 - 1])
    assert read.tried == tried()
    assert read.network.sizes == (3, 4, 2)
    assert read.network.activations == ("tanh", "softmax")
    assert read.network.task == "classes"


def test_a_model_can_be_loaded_on_another_backend(model, tmp_path, rng):
    xl2.save(model, tmp_path / "m")
    read = xl2.load(tmp_path / "m", backend="numpy")
    X = rng.standard_normal((5, 3))
    np.testing.assert_allclose(read.forward(X), model.forward(X), rtol=1e-5)


def test_the_header_describes_the_network(tmp_path):
    from safetensors import safe_open

    xl2.save(Network([3, 2], "relu"), tmp_path / "m")
    with safe_open(tmp_path / "m", framework="numpy") as file:
        header = file.metadata()
    assert json.loads(header["sizes"]) == [3, 2]
    assert json.loads(header["activations"]) == ["sigmoid"]
    assert json.loads(header["standardisation"]) == {"input": False, "output": False}


def test_a_model_has_the_same_bytes_each_time(tmp_path):
    model = Model(Network([2, 3, 3]), classes=("é", '"b"', "\n"), features=("x", "\u2028"))
    found = set()
    for i in range(8):
        xl2.save(model, tmp_path / f"{i}")
        found.add((tmp_path / f"{i}").read_bytes())
    assert len(found) == 1
    assert xl2.load(tmp_path / "0").classes == model.classes
    length = int.from_bytes(found.pop()[:8], "little")
    assert length % 8 == 0


def test_a_file_without_the_digests_of_training_rows_is_read(tmp_path):
    """Files of earlier versions said how the data set was split instead."""
    assert xl2.load(changed(tmp_path / "m", {"split": "[0.2, 0]"})).trained_rows is None


def test_a_file_without_what_a_path_tried_is_read(tmp_path):
    assert xl2.load(changed(tmp_path / "m")).tried is None
    assert xl2.load(changed(tmp_path / "m", {"tried": "null"})).tried is None


@pytest.mark.parametrize(
    "values",
    [
        {"actions": [{**tried()["actions"][0], "what": "a" * 10_001}]},
        {"signal": float("nan")},
        {"chosen_by": "\x1b[2J"},
    ],
)
def test_a_model_is_saved_without_what_could_not_be_read(tmp_path, values):
    xl2.save(Model(Network([3, 2], ["softmax"]), tried={**tried(), **values}), tmp_path / "m")
    assert xl2.load(tmp_path / "m").tried is None


def test_names_have_the_room_in_a_file_that_what_was_tried_would_take(tmp_path):
    names = ("a" * (MAX_HEADER - 700), "b", "c")
    xl2.save(Model(Network([3, 2], ["softmax"]), features=names, tried=tried()), tmp_path / "m")
    read = xl2.load(tmp_path / "m")
    assert (read.features, read.tried) == (names, None)
    short = ("a" * (MAX_HEADER - 4000), "b", "c")
    xl2.save(Model(Network([3, 2], ["softmax"]), features=short, tried=tried()), tmp_path / "m")
    assert xl2.load(tmp_path / "m").tried == tried()


def test_a_stack_is_refused(tmp_path):
    with pytest.raises(InputError, match="A stack cannot be saved"):
        xl2.save(Network([2, 1], stack=3), tmp_path / "m")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("header", "arrays", "words"),
    [
        ({"format": "xl2-model-9"}, {}, "not a model file of this version.*'xl2-model-9'"),
        ({"sizes": "[3, 3]"}, {}, "arrays do not match its header"),
        ({"sizes": "[1000000000, 1000000000]"}, {}, "arrays do not match its header"),
        ({"sizes": "nonsense"}, {}, "sizes cannot be read"),
        ({"activations": '["evil"]'}, {}, "output activations are"),
        ({"activations": '["dtype"]'}, {}, "output activations are"),
        ({"task": "mining"}, {}, "task is 'mining'"),
        ({"classes": '["one"]'}, {}, "names 1 classes. Expected: 2"),
        ({"features": '["one"]'}, {}, "names 1 features and has 3 inputs"),
        ({"features": r'["a", "b", "\ud800"]'}, {}, "value of features is invalid"),
        ({"classes": r'["a", "\ud800"]'}, {}, "value of classes is invalid"),
        ({"table": "[0.2]"}, {}, "value of table is invalid"),
        ({"table": altered_table(width=-1)}, {}, "value of table is invalid"),
        ({"table": altered_table(features=[0, 0, 1])}, {}, "value of table is invalid"),
        ({"table": altered_table(features=[0, 1, 6])}, {}, "value of table is invalid"),
        ({"table": altered_table(target=3)}, {}, "value of table is invalid"),
        ({"table": altered_table(ids="id")}, {}, "value of table is invalid"),
        ({}, {"trained_rows": np.zeros(2, np.int64)}, "'trained_rows' is I64 .*Expected: U64"),
        ({}, {"trained_rows": np.zeros(2)}, "'trained_rows' is F64 .*Expected: U64"),
        (
            {},
            {"trained_rows": np.zeros((2, 1), np.uint64)},
            r"shape \[2, 1\]. Expected: .* one dim",
        ),
        ({}, {"trained_rows": np.array(0, np.uint64)}, r"shape \[\]. Expected: .* one dim"),
        ({}, {"trained_rows": np.zeros(0, np.uint64)}, r"shape \[0\]. Expected: .* one dim"),
        ({}, {"trained_rows": np.array([2, 1], np.uint64)}, "'trained_rows' is not sorted"),
        ({}, {"weight_1": np.full((3, 2), np.nan, np.float32)}, "'weight_1' .* finite"),
        ({}, {"weight_1": np.zeros((3, 2), np.int32)}, "'weight_1' .* finite"),
        ({}, {"extra": np.zeros(2, np.float32)}, "arrays do not match its header"),
    ],
)
def test_an_inconsistent_file_is_refused(tmp_path, header, arrays, words):
    path = changed(tmp_path / "m", header, **arrays)
    with pytest.raises(FileFormatError, match=f"(?s){words}"):
        xl2.load(path)


def test_the_error_of_a_missing_file(tmp_path):
    with pytest.raises(InputError, match=r"as xl2\.save writes it"):
        xl2.load(tmp_path / "none")


@given(st.binary(max_size=300))
def test_random_bytes_are_refused(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("m") / "m"
    path.write_bytes(content)
    with pytest.raises(FileFormatError):
        xl2.load(path)


@given(st.integers(0, 10_000), st.integers(0, 255))
def test_a_file_with_a_changed_byte_is_read_or_refused(tmp_path_factory, place, byte):
    path = tmp_path_factory.mktemp("m") / "m"
    xl2.save(Model(Network([3, 2], ["softmax"]), trained_rows=np.array([1, 2], np.uint64)), path)
    content = bytearray(path.read_bytes())
    content[place % len(content)] = byte
    path.write_bytes(content)
    try:
        read = xl2.load(path)
    except FileFormatError:
        return
    assert np.isfinite(read.forward(np.ones((1, 3)))).all()


def test_what_was_learnt_of_columns_is_saved(tmp_path):
    import pandas as pd

    model = with_preprocessing()
    xl2.save(model, tmp_path / "m")
    read = xl2.load(tmp_path / "m")
    learnt = read.preprocessing
    assert learnt.columns == model.preprocessing.columns
    assert learnt.names == model.preprocessing.names
    np.testing.assert_array_equal(learnt.medians, model.preprocessing.medians)
    frame = pd.DataFrame(
        {
            "born": ["1.2.2020", None],
            "colour": ["red", "green"],
            "town": ["b", "a"],
            "share": ["7 %", "0.5%"],
            "married": [True, None],
            "age": [None, 3],
        }
    )
    np.testing.assert_array_equal(read.forward(frame), model.forward(frame))
    # A file of such a model never is another one.
    xl2.save(read, tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "m").read_bytes()


def test_columns_without_names_and_without_numbers_are_saved(tmp_path):
    columns = (Column("", "category", ("a", "b")),)
    learnt = Preprocessing.learn(columns, np.array([[0.0]] * 5 + [[1.0]] * 6))
    xl2.save(Model(Network([2, 1]), preprocessing=learnt), tmp_path / "m")
    assert xl2.load(tmp_path / "m").preprocessing.names == ("column 1=a", "column 1=b")


def test_a_transformer_is_not_saved_and_the_way_out_works(tmp_path):
    from sklearn.preprocessing import StandardScaler

    X = np.arange(8.0).reshape(4, 2)
    network = Network([2, 1], ["sigmoid"], seed=0)
    model = Model(network, features=("a", "b"), preprocessing=StandardScaler().fit(X))
    with pytest.raises(InputError, match="cannot hold the StandardScaler of this model") as raised:
        xl2.save(model, tmp_path / "m")
    assert list(tmp_path.iterdir()) == []
    line = re.search(r"xl2\.save\(.*, path\)", str(raised.value)).group()
    eval(line, {"xl2": xl2, "dataclasses": dataclasses, "model": model, "path": tmp_path / "m"})
    prepared = model.preprocessing.transform(X)
    np.testing.assert_array_equal(xl2.load(tmp_path / "m").forward(prepared), model.forward(X))


def test_features_are_the_names_of_the_columns(tmp_path):
    model = dataclasses.replace(with_preprocessing(), features=())
    with pytest.raises(InputError, match="have to be the names of its columns"):
        xl2.save(model, tmp_path / "m")


@pytest.mark.parametrize(
    ("header", "arrays", "words"),
    [
        ({"preprocessing": "null"}, {}, "arrays do not match its header: 'medians'"),
        ({"preprocessing": "[]"}, {}, "value of preprocessing is invalid"),
        ({}, {"medians": np.zeros(3)}, r"'medians' has shape \[3\]. Expected: \[4\]"),
        ({}, {"medians": np.full(4, np.nan)}, "'medians' has values that are not finite"),
        ({"features": '["a"]'}, {}, "names 1 features and has 6 inputs"),
    ],
)
def test_inconsistent_columns_are_refused(tmp_path, header, arrays, words):
    path = changed(tmp_path / "m", header, with_preprocessing(), **arrays)
    with pytest.raises(FileFormatError, match=words):
        xl2.load(path)
