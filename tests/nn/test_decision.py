"""Classes, amounts, indicators: what targets are taken for, and the sentence that says so."""

from __future__ import annotations

import numpy as np
import pytest

from xl2.errors import Face, InputError, facing
from xl2.nn.decision import decide
from xl2.nn.targets import read_targets

pytestmark = pytest.mark.host

RNG = np.random.default_rng(0)
COMMAND = Face({"task": "--task"}, command_line=True)


def repeated(values, times):
    return np.repeat(values, times)


CERTAIN = {
    "two classes": np.array([0, 1, 1, 0]),
    "minus and plus": np.array([-1, 1, 1]),
    "two codes": np.array([3, 8, 8, 3]),
    "from 0": np.arange(30) % 3,
    "from 1": np.arange(30) % 3 + 1.0,
    "digits": RNG.integers(0, 10, 500),
    "uneven few": repeated(np.arange(10), [500, *[1] * 9]),
    "twenty": np.arange(400) % 20,
    "small and even": np.arange(36) % 12,
    "text": np.array(["1", "30", "7"] * 9),
    "bools": np.array([True, False]),
    "values": RNG.normal(size=90),
}


@pytest.mark.parametrize("name", CERTAIN)
def test_what_is_certain_is_not_said(name):
    found = decide(CERTAIN[name])
    assert found.note == ""
    assert found.task == ("regression" if name == "values" else "classification")
    np.testing.assert_array_equal(found.labels, CERTAIN[name])


CLASSES = {
    "qualities": (RNG.integers(3, 9, 200), "6 different whole numbers from 3 to 8"),
    "few codes": (np.array([1001, 2045, 3000] * 5), "3 different whole numbers from 1001 to 3000"),
    "a gap": (np.array([0, 1, 3] * 5), "3 different whole numbers from 0 to 3"),
    "negative": (np.array([-2, -1, 0] * 5), "3 different whole numbers from -2 to 0"),
    "counts": (
        repeated(np.arange(13), [90, 80, 70, 60, 50, 40, 30, 20, 9, 5, 3, 2, 1]),
        "13 different whole numbers from 0 to 12",
    ),
    "letters": (np.arange(26 * 8) % 26, "26 different whole numbers from 0 to 25"),
    "letters from 1": (np.arange(26 * 8) % 26 + 1.0, "26 different whole numbers from 1 to 26"),
}
AMOUNTS = {
    "ages": (RNG.integers(18, 90, 400), "from 18 to 89"),
    "rings": (np.clip(RNG.normal(10, 3.5, 4000).round(), 1, 29), "from 1 to "),
    "counts": (RNG.poisson(12, 3000), "whole numbers from "),
    "prices": (RNG.integers(50, 350, 5000).astype(float), "300 different"),
    "each once": (np.arange(60), "60 different whole numbers from 0 to 59"),
    "negative": (RNG.integers(-40, 40, 800), "80 different whole numbers from -40 to 39"),
}
CODES = {
    "post codes": RNG.choice(RNG.integers(1000, 99999, 40), 800),
    "ids": RNG.integers(0, 10**9, 50),
    "house prices": RNG.integers(50, 900, 200) * 1000.0,
}


@pytest.mark.parametrize("name", CLASSES)
def test_classes_that_could_be_amounts_are_said(name):
    y, described = CLASSES[name]
    found = decide(y)
    assert (found.task, found.note) == (
        "classification",
        f"The target has {described}, taken as classes; for amounts pass task='regression'.",
    )
    with facing(COMMAND):
        assert decide(y).note.endswith("for amounts pass --task regression.")
    assert decide(y, "classification").note == decide(y, "regression").note == ""


@pytest.mark.parametrize("name", AMOUNTS)
def test_many_dense_numbers_are_amounts_and_said(name):
    y, described = AMOUNTS[name]
    found = decide(y)
    assert found.task == "regression"
    assert described in found.note
    assert found.note.endswith(
        "taken as amounts: a regression; for classes pass task='classification'."
    )
    assert read_targets(y).output == "identity"
    assert read_targets(y).note == found.note


@pytest.mark.parametrize("name", CODES)
def test_many_sparse_numbers_are_refused_until_the_task_is_given(name):
    message = "codes of classes, or amounts. Pass task='classification', or for amounts pass task="
    with pytest.raises(InputError, match=message):
        decide(CODES[name])
    assert decide(CODES[name], "classification").task == "classification"
    assert decide(CODES[name], "regression").task == "regression"


@pytest.mark.parametrize("kind", [int, float, bool, np.uint8])
def test_rows_with_a_single_1_are_classes(kind):
    numbers = np.array([2, 0, 1, 2, 0])
    y = np.eye(3)[numbers].astype(kind)
    found = decide(y, names=("red", "green", "blue"))
    assert found.labels.tolist() == numbers.tolist()
    assert found.note == (
        "Each row of the target has a single 1 in its 3 columns ('red', 'green', 'blue'), taken as "
        "classes 0 to 2; for values pass task='regression'."
    )
    targets = read_targets(y, "classification")
    assert (targets.classes, targets.output, targets.note) == ((0, 1, 2), "softmax", "")
    np.testing.assert_array_equal(targets.number(y[:2]), [2, 0])
    np.testing.assert_array_equal(targets.number(numbers), numbers)
    assert read_targets(y, "multilabel").output == "sigmoid"
    assert read_targets(y, "regression").values.shape == (5, 3)


@pytest.mark.parametrize(
    "y", [[[1, 1], [0, 1]], [[0, 0], [0, 1]], [[1.0, 1, 1], [1, 0, 0], [0, 1, 0]]], ids=str
)
def test_other_rows_of_0_and_1_are_labels(y):
    y = np.array(y)
    found = decide(y)
    assert found.task == "multilabel"
    assert f"{y.shape[1]} labels that a sample has or has not" in found.note
    assert f"The target has {y.shape[1]} columns of 0 and 1, not a single 1" in found.note
    for task in ("auto", "classification", "multilabel"):
        targets = read_targets(y, task)
        assert (targets.classes, targets.output) == (None, "sigmoid")
        assert not targets.regression
        np.testing.assert_array_equal(targets.number(y[:1]), y[:1])
    assert read_targets(y, "regression").regression


def test_several_labels_need_several_columns():
    with pytest.raises(InputError, match=r"a column of 0 and 1 for each label\. Received: one"):
        decide(np.array([0, 1]), "multilabel")
    with pytest.raises(InputError, match=r"or columns of 0 and 1\. Received: 2 columns"):
        decide(np.array([[0, 2], [1, 1]]), "multilabel")
