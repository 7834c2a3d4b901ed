"""Labels and class numbers, and the output layer for them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import LabelEncoder

from xl2.errors import InputError
from xl2.nn.decision import decide
from xl2.nn.initializers import default_initializer
from xl2.nn.targets import number_classes, read_targets

pytestmark = pytest.mark.host

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=4)
LABELS = st.one_of(
    st.lists(TEXT, min_size=4, max_size=30),
    st.lists(st.integers(-(2**40), 2**40), min_size=4, max_size=30),
    st.lists(st.booleans(), min_size=4, max_size=30),
).filter(lambda labels: 2 <= len(set(labels)) <= 20)


@given(LABELS)
def test_class_numbers_map_back_to_labels(labels):
    targets = read_targets(np.array(labels))
    assert [targets.classes[number] for number in targets.values] == labels
    assert list(targets.classes) == sorted(set(labels))
    assert not targets.regression
    assert targets.number(np.array(labels)).tolist() == targets.values.tolist()


@given(LABELS, st.data())
def test_other_samples_get_the_same_class_numbers(labels, data):
    others = data.draw(st.lists(st.sampled_from(labels), min_size=1, max_size=10))
    found = read_targets(np.array(labels)).number(np.array(others))
    expected = LabelEncoder().fit(labels).transform(others)
    assert found.tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("labels", "kind"),
    [(["b", "a", "b"], str), ([3, 1, 3], int), ([3.0, 1.0, 3.0], float), ([True, False], bool)],
)
def test_classes_are_python_values(labels, kind):
    classes, _ = number_classes(np.array(labels))
    assert [type(label) for label in classes] == [kind, kind]


@pytest.mark.parametrize(
    ("labels", "outputs", "output"), [("abab", 1, "sigmoid"), ("abca", 3, "softmax")]
)
def test_two_classes_need_one_output_and_more_classes_one_each(labels, outputs, output):
    targets = read_targets(np.array(list(labels)))
    assert (targets.outputs, targets.output) == (outputs, output)


@pytest.mark.parametrize(
    ("values", "outputs"), [(np.linspace(0, 1, 5), 1), (np.arange(10).reshape(5, 2), 2)]
)
def test_values_become_a_matrix(values, outputs):
    targets = read_targets(values)
    assert (targets.classes, targets.outputs, targets.output) == (None, outputs, "identity")
    assert targets.regression
    assert targets.values.shape == (5, outputs)
    np.testing.assert_array_equal(targets.values.ravel(), values.ravel())
    np.testing.assert_array_equal(targets.number(values[1:]), targets.values[1:])


@pytest.mark.parametrize(
    ("y", "auto"),
    [
        (np.array(["a", "b"]), "classification"),
        (np.array([b"a", b"b"]), "classification"),
        (np.array([[" a"], ["b"]]), "classification"),
        (np.array([0, 1, 7]), "classification"),
        (np.array([-1, 1], dtype=np.int8), "classification"),
        (np.array([True, False]), "classification"),
        (np.array([0.0, 1.0, 2.0]), "classification"),
        (np.array([[1.0], [2.0]]), "classification"),
        (np.array([0.0, 1.5]), "regression"),
        (np.array([0.0, -0.25], dtype=np.float32), "regression"),
        (np.array([[0, 1.5], [1, 0]]), "regression"),
        (np.array([[0, 2], [1, 0]]), "regression"),
        (np.array([[0, 1], [1, 0]]), "classification"),
        (np.array([[False, True], [True, False]]), "classification"),
        (np.array([[1.0, 1.0], [1.0, 0.0]]), "multilabel"),
        (np.array([[0, 0, 0], [1, 0, 0]]), "multilabel"),
    ],
)
def test_the_task_follows_from_dtype_and_columns(y, auto):
    assert decide(y).task == auto
    if y.ndim == 1:
        assert decide(y, "classification") == ("classification", y, "")
    if y.dtype.kind not in "US":
        assert decide(y, "regression").task == "regression"


def test_the_task_can_be_given():
    assert read_targets(np.array([1, 2, 3]), "regression").values.tolist() == [[1], [2], [3]]
    assert read_targets(np.array([0.5, 1.5, 0.5]), "classification").values.tolist() == [0, 1, 0]


@pytest.mark.parametrize(("activation", "name"), [("relu", "he"), ("tanh", "glorot_uniform")])
def test_the_default_initializer_depends_on_the_activation(activation, name):
    assert default_initializer(activation) == name


# Bad input.


@pytest.mark.parametrize(
    ("known", "others", "unknown"),
    [
        (["a", "c"], ["a", "b", "d"], "'b'"),
        (["a", "c"], ["z"], "'z'"),
        (["a", "c"], ["c", "cc"], "'cc'"),
        (["a", "c"], [1, 2], "1"),
        ([1, 3], [3, 2, 4], "2"),
        ([1, 3], [0], "0"),
        ([1, 3], [1.0, 1.5], r"1\.5"),
        ([1, 3], ["1", "b"], "'b'"),
        (["1", "b"], [1, 3], "'3'"),
        ([False, True], [2], "2"),
    ],
)
def test_an_unknown_label_is_named(known, others, unknown):
    targets = read_targets(np.array(known * 3))
    with pytest.raises(InputError, match=f"test y has the label {unknown}, which no") as caught:
        targets.number(np.array(others), "test y")
    assert str(caught.value).endswith(f"Known labels: {known[0]!r}, {known[1]!r}.")


def test_an_error_names_at_most_twelve_known_labels():
    targets = read_targets(np.arange(15))
    with pytest.raises(InputError, match=r"Known labels: 0, 1, .*, 11, \.\.\.\.$"):
        targets.number(np.array([99]))


@pytest.mark.parametrize(
    ("known", "others", "message"),
    [
        (np.array([0, 1, 2]), np.array([[0, 1], [5, 1]]), "y has 2 columns, .* targets have 1"),
        (np.eye(3) / 2, np.ones(4) / 2, "y has 1 column, .* targets have 3"),
        (np.ones(3) / 2, np.ones((4, 2)), "y has 2 columns, .* targets have 1"),
        (np.ones(3) / 2, np.array(["a"]), "y must be numbers, as in training"),
    ],
)
def test_targets_of_another_kind_than_in_training_are_refused(known, others, message):
    with pytest.raises(InputError, match=message):
        read_targets(known).number(others)


@pytest.mark.parametrize(("labels", "named"), [(["a"] * 4, "'a'"), ([7, 7], "7"), ([0.0], r"0\.0")])
def test_one_class_is_refused(labels, named):
    with pytest.raises(InputError, match=f"only one class, {named}, so .* Check y\\."):
        read_targets(np.array(labels))


@pytest.mark.parametrize(("samples", "classes"), [(20, 20), (42, 21), (100, 50)])
def test_more_classes_than_twenty_and_half_the_samples_are_refused(samples, classes):
    read_targets(np.arange(samples) % classes, "classification")
    with pytest.raises(InputError, match=f"{samples + 1} samples have {classes + 1} classes, too"):
        read_targets(np.arange(samples + 1) % (classes + 1), "classification")


def test_several_columns_of_labels_are_refused():
    for y in (2 * np.eye(3), np.array([["a", "b", "c"]]), np.array([list("010"), list("100")])):
        with pytest.raises(InputError, match=r"one column, or columns of 0 and 1\. .* 3 columns"):
            read_targets(y, "classification")
    with pytest.raises(InputError, match=r"one column, or columns of 0 and 1\. .* 3 columns"):
        read_targets(np.array([["a", "b", "c"]]))


@pytest.mark.parametrize("task", ["Regression", "", None, "binary"])
def test_an_unknown_task_is_refused(task):
    with pytest.raises(
        InputError, match="Available tasks are auto, classification, multilabel, regression"
    ) as caught:
        read_targets(np.array([0, 1]), task)
    assert str(caught.value).startswith(f"Unknown task {task!r}.")


def test_a_regression_refuses_text():
    with pytest.raises(InputError, match=r"needs numbers as targets\. Received: text"):
        read_targets(np.array(["1", "2"]), "regression")
