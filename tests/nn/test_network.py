import re

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xl2 import Network
from xl2.array.libraries import is_installed
from xl2.errors import BackendError, InputError

X = np.random.default_rng(0).normal(size=(7, 3))
on_backend = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def through(where, output, outputs=None, **options):
    """Return a network whose logits are its inputs."""
    outputs = outputs or 3
    options = {"dtype": "float64", **options}
    return Network([outputs, outputs], [output], lambda i, o, rng: np.eye(i, o), **options, **where)


# Construction.


@pytest.mark.parametrize(
    "sizes", [[], [3], [3, 0], [3, -1, 2], [3, 2.5], ["a", "b"], 5, None, [[3, 2], [1, 1]]]
)
def test_wrong_sizes_are_refused(sizes):
    with pytest.raises(InputError, match="sizes must be two or more whole numbers, each 1 or more"):
        Network(sizes)


@pytest.mark.parametrize("sizes", [(3, 2), np.array([3, 2]), [np.int64(3), 2]])
def test_sizes_can_be_any_sequence_of_whole_numbers(sizes):
    assert Network(sizes).sizes == (3, 2)


def test_a_single_activation_is_for_hidden_layers_and_the_output_is_a_sigmoid():
    assert Network([4, 3, 2, 1], "tanh").activations == ("tanh", "tanh", "sigmoid")


@pytest.mark.parametrize("activations", [["tanh"], ["tanh"] * 3, []])
def test_a_wrong_number_of_activations_is_refused(activations):
    with pytest.raises(InputError, match=f"each of the 2 layers. Received {len(activations)}: "):
        Network([4, 3, 2], activations)


@pytest.mark.parametrize("activations", ["swish", ["swish", "sigmoid"], ["tanh", "swish"]])
def test_an_unknown_activation_is_refused_with_the_names(activations):
    with pytest.raises(InputError, match="swish") as caught:
        Network([4, 3, 2], activations)
    assert all(name in str(caught.value) for name in ("identity", "sigmoid", "tanh", "relu"))


@pytest.mark.parametrize("activations", ["softmax", ["softmax", "softmax"]])
def test_softmax_is_for_the_output_only(activations):
    with pytest.raises(InputError, match="'softmax' is for the output only"):
        Network([4, 3, 2], activations)


@pytest.mark.parametrize(
    ("seed", "stack"),
    [
        ([1, 2], None),
        ([1], 2),
        ([1, 2, 3], 2),
        ([], 2),
        (-1, None),
        (1.5, None),
        ("a", None),
        (None, None),
        ([0, -1], 2),
    ],
)
def test_a_wrong_seed_or_number_of_seeds_is_refused(seed, stack):
    expected = "0 or more, or one for each of the 2 networks" if stack else "0 or more"
    message = f"seed must be a whole number, {expected}. Received: {seed!r}."
    with pytest.raises(InputError, match=re.escape(message)):
        Network([4, 2], seed=seed, stack=stack)


@pytest.mark.parametrize("stack", [0, -1, 1.5, "2"])
def test_a_wrong_stack_is_refused(stack):
    with pytest.raises(InputError, match="stack must be a number of networks"):
        Network([4, 2], stack=stack)


@pytest.mark.parametrize("dtype", ["float16", "int64", "double", None])
def test_an_unknown_dtype_is_refused_with_the_names(dtype):
    with pytest.raises(InputError, match="float32, float64"):
        Network([4, 2], dtype=dtype)


def test_an_unknown_backend_is_refused():
    with pytest.raises(BackendError, match="no_such_library"):
        Network([4, 2], backend="no_such_library")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("stack", [None, 1, 3])
def test_parameters_have_the_right_shapes_dtype_and_device(backend, where, dtype, stack):
    network = Network([4, 3, 2], dtype=dtype, stack=stack, **where)
    k = () if stack is None else (stack,)
    assert [tuple(w.shape) for w in network.weights] == [(4, *k, 3), (*k, 3, 2)]
    assert [tuple(b.shape) for b in network.biases] == [(*k, 3), (*k, 2)]
    assert network.stack == (() if stack is None else (stack,))
    assert network.backend == backend
    for layer in network.parameters:
        assert [p.dtype for p in layer] == [backend.dtype(dtype)] * 2


def test_repr_shows_sizes_activations_dtype_stack_and_backend(backend, where):
    text = repr(Network([4, 3, 2], "tanh", dtype="float64", stack=5, **where))
    for part in ("[4, 3, 2]", "['tanh', 'sigmoid']", "'float64'", "stack=5", str(backend)):
        assert part in text


# Forward.


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("stack", [None, 2])
@pytest.mark.parametrize("activations", [["identity"], ["tanh", "softmax"], ["relu", "sigmoid"]])
def test_forward_matches_the_formula(where, host, activations, stack, dtype):
    sizes = [3, 4, 2][-len(activations) - 1 :] if len(activations) == 2 else [3, 2]
    network = Network(sizes, activations, stack=stack, dtype=dtype, **where)
    found = host(network.forward(X))
    assert found.shape == (7, 2) if stack is None else (stack, 7, 2)
    assert found.dtype == dtype
    for k in range(stack or 1):
        a = X
        one = network.member(k) if stack else network
        for (weight, bias), name in zip(one.host_parameters(), activations, strict=True):
            z = a @ weight + bias
            a = {
                "identity": z,
                "tanh": np.tanh(z),
                "relu": np.maximum(z, 0),
                "sigmoid": 1 / (1 + np.exp(-z)),
                "softmax": np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True),
            }[name]
        actual = found[k] if stack else found
        np.testing.assert_allclose(actual, a, rtol=1e-4 if dtype == "float32" else 1e-12)


@pytest.mark.parametrize("stack", [None, 2])
@pytest.mark.parametrize("chunk", [1, 3, 7, 8])
def test_forward_in_chunks_equals_forward_at_once(monkeypatch, where, host, chunk, stack):
    network = Network([3, 4, 2], stack=stack, dtype="float64", **where)
    whole = host(network.forward(X))
    monkeypatch.setattr(network.backend.library, "CHUNK", chunk)
    pieces = host(network.forward(X))
    assert pieces.shape == whole.shape
    np.testing.assert_allclose(pieces, whole, rtol=1e-12)


def test_one_sample_gives_one_row(where, host):
    network = Network([3, 4, 2], dtype="float64", **where)
    row = host(network.forward(X[2:3]))
    assert row.shape == (1, 2)
    np.testing.assert_allclose(row[0], host(network.forward(X))[2], rtol=1e-12)


def test_forward_does_not_change_the_samples(where, to, host):
    given_X = to(X)
    Network([3, 4, 2], dtype="float64", **where).forward(given_X)
    np.testing.assert_array_equal(host(given_X), X)


# Predictions and scores.


def test_binary(where, host):
    network = through(where, "sigmoid", 1)
    logits = [[-1.0], [0.1], [-0.1], [2.0]]
    assert network.task == "binary"
    assert host(network.predict(logits)).tolist() == [0, 1, 0, 1]
    assert network.score(logits, [0, 1, 1, 1]) == 0.75
    assert network.score(logits, [[0], [1], [1], [1]]) == 0.75


@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
def test_classes_by_number_and_one_hot(where, host, output):
    network = through(where, output)
    logits, y = np.eye(3)[[2, 0, 1, 1]], np.array([2, 0, 1, 0])
    assert network.task == "classes"
    assert host(network.predict(logits)).tolist() == [2, 0, 1, 1]
    for targets in (y, y[:, None], np.eye(3)[y], y.astype("float32"), y.tolist()):
        assert network.score(logits, targets) == 0.75


def test_multilabel_counts_rows_with_all_labels_correct(where, host):
    network = through(where, "sigmoid")
    network.task = "multilabel"
    logits = 0.1 * np.array([[1, -1, 1], [-1, -1, -1], [1, 1, 1], [1, 1, -1]])
    labels = (logits > 0).astype(int)
    assert host(network.predict(logits)).tolist() == labels.tolist()
    labels[3, 0] = 0
    assert network.score(logits, labels) == 0.75


@pytest.mark.parametrize("outputs", [1, 3])
@on_backend
@given(seed=st.integers(0, 2**32 - 1))
def test_the_score_of_a_regression_is_r2_as_in_scikit_learn(where, host, outputs, seed):
    metrics = pytest.importorskip("sklearn.metrics", reason="r2_score is the oracle")
    rng = np.random.default_rng(seed)
    network = through(where, "identity", outputs)
    z, y = rng.normal(size=(6, outputs)), rng.normal(5, 2, size=(6, outputs))
    assert network.task == "regression"
    np.testing.assert_allclose(network.score(z, y), metrics.r2_score(y, z), rtol=1e-10)
    assert host(network.predict(z)).shape == ((6,) if outputs == 1 else (6, outputs))
    np.testing.assert_allclose(host(network.predict(z)), z[:, 0] if outputs == 1 else z)


def test_r2_of_constant_targets_is_finite(where):
    assert through(where, "identity", 1).score([[1.0], [2.0]], [1.0, 1.0]) == 0.0


def test_a_stack_predicts_and_scores_for_each_member(where, host):
    stack = Network([3, 4, 2], "tanh", stack=3, seed=[0, 1, 2], dtype="float64", **where)
    y = [0, 1, 0, 1, 0, 1, 1]
    scores = stack.score(X, y)
    assert isinstance(scores, np.ndarray)
    assert scores.tolist() == [stack.member(k).score(X, y) for k in range(3)]
    for k, labels in enumerate(host(stack.predict(X))):
        assert labels.tolist() == host(stack.member(k).predict(X)).tolist()


# Wrong targets.


@pytest.mark.parametrize("y", [[0, 3], [-1, 0], [0.5, 0.0]])
def test_class_numbers_outside_the_network_are_refused_with_the_range(where, y):
    with pytest.raises(InputError, match="whole numbers from 0 to 2"):
        through(where, "softmax").score(np.eye(3)[:2], y)


@pytest.mark.parametrize("task", ["binary", "multilabel"])
def test_targets_outside_0_to_1_are_refused(where, task):
    network = through(where, "sigmoid", 1 if task == "binary" else 3)
    network.task = task
    y = np.full((2, network.sizes[-1]), 2.0)
    with pytest.raises(InputError, match=f"{task} network must be between 0 and 1"):
        network.score(np.ones_like(y), y)


@pytest.mark.parametrize("shape", [(2, 2), (2, 3, 1)])
def test_targets_of_a_wrong_width_are_refused(where, shape):
    with pytest.raises(InputError, match="a network of 3 outputs expects"):
        through(where, "identity").score(np.eye(3)[:2], np.ones(shape))


@pytest.mark.parametrize("y", [[0, 1], 1, [0] * 8])
def test_x_and_y_of_different_lengths_are_refused(where, y):
    with pytest.raises(InputError, match="X has 7 samples but y has"):
        Network([3, 2], **where).score(X, y)


# Wrong samples, for every method.


@pytest.fixture(params=["forward", "predict", "score", "gradients"])
def enter(request, where):
    network = Network([3, 4, 2], **where)
    method = getattr(network, request.param)
    if request.param in ("forward", "predict"):
        return method
    return lambda X: method(X, np.zeros(len(X)))


@pytest.mark.parametrize("features", [0, 2, 4])
def test_a_wrong_number_of_features_is_refused(enter, features):
    with pytest.raises(InputError, match=f"{features} features.*expects 3"):
        enter(np.ones((5, features)))


@pytest.mark.parametrize("shape", [(3,), (5, 3, 1)])
def test_samples_without_two_axes_are_refused(enter, shape):
    with pytest.raises(InputError, match="has shape"):
        enter(np.ones(shape))


def test_an_empty_set_is_refused(enter):
    with pytest.raises(InputError, match="X is empty"):
        enter(np.ones((0, 3)))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_are_refused_with_their_row(enter, bad):
    dirty = np.ones((5, 3))
    dirty[2:4, 1] = bad
    with pytest.raises(InputError, match=r"X holds a NaN or an infinity, first in row 3[.]"):
        enter(dirty)


def test_targets_that_are_not_finite_are_refused_with_their_row(where):
    with pytest.raises(InputError, match=r"y holds a NaN or an infinity, first in row 7[.]"):
        Network([3, 1], **where).score(X, [0, 1, 0, 1, 0, 1, np.nan])


def test_large_numbers_that_only_overflow_the_sum_are_accepted(where, host):
    network = Network([3, 2], ["identity"], "zeros", **where)
    assert host(network.forward(np.full((4, 3), 3e38, "float32"))).tolist() == [[0.0, 0.0]] * 4


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (np.ones((2, 3), complex), "complex128"),
        ([["a", "b", "c"]], "real numbers"),
        (np.array([[1, "b", None]], dtype=object), "must be an array of real numbers"),
        ([[1, 2, 3], [4, 5]], "must be an array of real numbers"),
        (np.array([["2020-01-01"] * 3], dtype="datetime64[D]"), "datetime64"),
    ],
)
def test_samples_that_are_not_real_numbers_are_refused(where, wrong, message):
    with pytest.raises(InputError, match=message):
        Network([3, 2], **where).forward(wrong)


def test_complex_numbers_of_the_library_are_refused(where, to):
    with pytest.raises(InputError, match="complex"):
        Network([3, 2], **where).forward(to(np.ones((2, 3), "complex64")))


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int32", "int64", "float32", "float64"])
def test_real_numbers_of_any_dtype_are_accepted(where, to, host, dtype):
    network = Network([3, 2], dtype="float64", **where)
    numbers = np.array([[1, 0, 1], [0, 1, 1]])
    expected = host(network.forward(numbers))
    np.testing.assert_array_equal(host(network.forward(to(numbers, dtype))), expected)
    np.testing.assert_array_equal(host(network.forward(numbers.astype(dtype))), expected)


def test_an_array_of_another_library_is_refused(backend, where):
    other = next(
        (
            name
            for name in ("torch", "array_api_strict", "jax")
            if name != backend.name and is_installed(name)
        ),
        None,
    )
    if other is None:
        pytest.skip("no second array library is installed")
    foreign = Network([3, 2], backend=other).weights[0]
    with pytest.raises(InputError, match=f"array of {other}.*{backend.name}"):
        Network([2, 2], **where).forward(foreign)


# Copies and moves.


def test_a_member_is_a_copy(where, host):
    stack = Network([3, 4, 2], stack=2, dtype="float64", **where)
    before = [[p.copy() for p in pair] for pair in stack.host_parameters()]
    member = stack.member(1)
    assert member.stack == ()
    np.testing.assert_allclose(
        host(member.forward(X)), host(stack.forward(X))[1], rtol=1e-12, atol=1e-14
    )
    member.set_parameters([(w * 0, b + 1) for w, b in member.host_parameters()])
    for pair, kept in zip(stack.host_parameters(), before, strict=True):
        for actual, expected in zip(pair, kept, strict=True):
            np.testing.assert_array_equal(actual, expected)


def test_a_negative_member_counts_from_the_end(where, host):
    stack = Network([3, 2], stack=3, seed=[1, 2, 3], **where)
    np.testing.assert_array_equal(host(stack.member(-1).weights[0]), host(stack.weights[0])[:, 2])


@pytest.mark.parametrize(("stack", "k"), [(2, 2), (2, -3), (None, 0)])
def test_an_unknown_member_is_refused(where, stack, k):
    with pytest.raises(InputError, match=f"no member {k}"):
        Network([3, 2], stack=stack, **where).member(k)


def test_set_parameters_copies(where, to, host):
    network = Network([2, 2], **where)
    weight, bias = np.ones((2, 2), "float32"), np.ones(2, "float32")
    given_weight = to(weight)
    network.set_parameters([(given_weight, bias)])
    bias[:] = 7.0
    network.set_parameters([(host(w) * 2, b) for w, b in network.parameters])
    assert host(given_weight).tolist() == [[1, 1], [1, 1]]
    assert host(network.weights[0]).tolist() == [[2, 2], [2, 2]]
    assert host(network.biases[0]).tolist() == [1, 1]


def test_set_parameters_converts_to_the_dtype_of_the_network(backend, where):
    network = Network([2, 2], dtype="float32", **where)
    network.set_parameters([(np.ones((2, 2)), np.ones(2))])
    assert [p.dtype for p in network.parameters[0]] == [backend.dtype("float32")] * 2


@pytest.mark.parametrize(
    "shapes",
    [
        [],
        [((3, 4), (4,))],
        [((3, 4), (4,)), ((2, 4), (2,))],
        [((3, 4), (4, 1)), ((4, 2), (2,))],
        [((3, 4), (4,)), ((4, 2), (2,)), ((2, 1), (1,))],
    ],
)
def test_set_parameters_refuses_wrong_shapes_and_changes_nothing(where, host, shapes):
    network = Network([3, 4, 2], **where)
    before = host(network.weights[0]).copy()
    with pytest.raises(InputError, match="must have shapes"):
        network.set_parameters([tuple(np.zeros(shape) for shape in pair) for pair in shapes])
    np.testing.assert_array_equal(host(network.weights[0]), before)


def test_to_is_a_copy_on_another_backend(backend, where):
    network = Network([3, 4, 2], dtype="float64", stack=2, backend="numpy")
    moved = network.to(**where)
    assert moved.backend == backend
    assert network.backend.name == "numpy"
    moved.set_parameters([(w * 0, b) for w, b in moved.host_parameters()])
    assert np.abs(network.weights[0]).sum() > 0


def test_to_there_and_back_keeps_the_bits(where):
    network = Network([3, 4, 2], dtype="float64", backend="numpy")
    back = network.to(**where).to("numpy")
    for actual, expected in zip(network.weights, back.weights, strict=True):
        np.testing.assert_array_equal(actual, expected)


def test_to_another_dtype(backend, where, host):
    network = Network([3, 4, 2], dtype="float64", **where)
    single = network.to(dtype="float32")
    assert single.dtype == "float32"
    assert network.dtype == "float64"
    assert single.backend == backend
    assert single.weights[0].dtype == backend.dtype("float32")
    np.testing.assert_array_equal(
        host(single.weights[0]), host(network.weights[0]).astype("float32")
    )
