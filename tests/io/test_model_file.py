"""Model files: what comes back, and what is refused."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_files import changed

import xl2
from xl2 import FileFormatError, InputError, Model, Network
from xl2.io.writing import check_writable, sweep, write_whole
from xl2.nn.scaling import Scaling


@pytest.fixture
def model(where):
    network = Network([3, 4, 2], ["tanh", "softmax"], "he", seed=1, **where)
    inputs = Scaling(np.array([1.0, 2.0, 3.0]), np.array([1.0, 0.5, 2.0]))
    return Model(network, inputs, None, ("chat", "autre"), ("a", "b", "c"), (0.25, 7))


def test_a_model_comes_back_whole(model, where, tmp_path, rng):
    path = tmp_path / "m.safetensors"
    xl2.save(model, path)
    read = xl2.load(path, **where)
    X = rng.standard_normal((5, 3))
    assert read.predict(X).tolist() == model.predict(X).tolist()
    np.testing.assert_array_equal(read.forward(X), model.forward(X))
    assert read.classes == ("chat", "autre")
    assert read.features == ("a", "b", "c")
    assert read.split == (0.25, 7)
    assert read.network.sizes == (3, 4, 2)
    assert read.network.activations == ("tanh", "softmax")
    assert read.network.task == "classes"


def test_a_file_of_one_backend_opens_on_another(model, tmp_path, rng):
    xl2.save(model, tmp_path / "m")
    read = xl2.load(tmp_path / "m", backend="numpy")
    X = rng.standard_normal((5, 3))
    np.testing.assert_allclose(read.forward(X), model.forward(X), rtol=1e-5)


def test_the_header_says_what_the_network_is(tmp_path):
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


def test_a_stack_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"save stack.member\(k\)"):
        xl2.save(Network([2, 1], stack=3), tmp_path / "m")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("header", "arrays", "said"),
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
        ({"split": "[1.5, 0]"}, {}, "value of split is invalid"),
        ({"split": "[0.2, -1]"}, {}, "value of split is invalid"),
        ({"split": '[0.2, "0"]'}, {}, "value of split is invalid"),
        ({"split": "[0.2]"}, {}, "value of split is invalid"),
        ({"split": "[NaN, 0]"}, {}, "value of split is invalid"),
        ({}, {"weight_1": np.full((3, 2), np.nan, np.float32)}, "'weight_1' .* finite"),
        ({}, {"weight_1": np.zeros((3, 2), np.int32)}, "'weight_1' .* finite"),
        ({}, {"extra": np.zeros(2, np.float32)}, "arrays do not match its header"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(tmp_path, header, arrays, said):
    path = changed(tmp_path / "m", header, **arrays)
    with pytest.raises(FileFormatError, match=f"(?s){said}"):
        xl2.load(path)


def test_a_missing_file_says_how_one_is_made(tmp_path):
    with pytest.raises(InputError, match="xl2 train --out"):
        xl2.load(tmp_path / "none")


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_as_a_format_error(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("m") / "m"
    path.write_bytes(content)
    with pytest.raises(FileFormatError):
        xl2.load(path)


@given(st.integers(0, 10_000), st.integers(0, 255))
def test_a_changed_byte_loads_or_is_a_format_error(tmp_path_factory, place, byte):
    path = tmp_path_factory.mktemp("m") / "m"
    xl2.save(Network([3, 2], ["softmax"]), path)
    content = bytearray(path.read_bytes())
    content[place % len(content)] = byte
    path.write_bytes(content)
    try:
        read = xl2.load(path)
    except FileFormatError:
        return
    assert np.isfinite(read.forward(np.ones((1, 3)))).all()


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "m"
    path.write_bytes(b"old")

    def fail(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(InputError, match="cannot be written: No space left"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_path_that_cannot_be_written_is_told_before(tmp_path):
    with pytest.raises(InputError, match="is a folder"):
        check_writable(tmp_path)
    with pytest.raises(InputError, match="does not exist"):
        check_writable(tmp_path / "no" / "m")
    if os.geteuid() == 0:
        return
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="cannot be written to"):
        check_writable(tmp_path / "m")


@pytest.mark.parametrize("path", ["a" * 300, "a\0b", 5, None, b"c", "\ud800"])
def test_what_no_system_takes_as_a_path_is_told(path):
    for use in (check_writable, lambda path: xl2.save(Network([2, 1]), path)):
        with pytest.raises(InputError, match="cannot be used as a path") as told:
            use(path)
        assert len(str(told.value)) < 150


@pytest.mark.parametrize("name", ["字" * 84, "é" * 127, "a" * 255])
def test_a_name_as_long_as_names_may_be_is_written(tmp_path, name):
    write_whole(tmp_path / name, b"new")
    (tmp_path / f".{name[:60]}.0123abcd.tmp").write_bytes(b"another's")
    sweep(tmp_path / name)
    assert sorted(tmp_path.iterdir()) == sorted(
        [tmp_path / name, tmp_path / f".{name[:60]}.0123abcd.tmp"]
    )


def test_a_folder_that_may_be_written_to_and_not_read_is_enough(tmp_path, monkeypatch):
    opened = os.open

    def refused(path, flags, *rest):
        if Path(path) == tmp_path:
            raise PermissionError(13, "Permission denied")
        return opened(path, flags, *rest)

    monkeypatch.setattr(os, "open", refused)
    write_whole(tmp_path / "m", b"new")
    assert (tmp_path / "m").read_bytes() == b"new"
