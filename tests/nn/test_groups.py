"""A stack of groups: each group has its own samples and its own order."""

import numpy as np
import pytest

from xl2 import L2, Adam, Network, fit
from xl2.errors import InputError
from xl2.training.loop import Keep

RNG = np.random.default_rng(8)
X, LABELS, Y = RNG.normal(size=(13, 3)), RNG.integers(0, 2, 13), RNG.normal(size=(13, 2))
ROWS = [[0, 2, 4, 6, 8, 10, 12, 1, 3], [12, 11, 10, 9, 8, 7, 6, 5, 4], [3, 1, 4, 12, 5, 9, 2, 6, 0]]
HELD = [(X[:4], LABELS[:4]), (X[4:9], LABELS[4:9]), (X[:4], LABELS[:4])]
SEEDS, LAMS = [3, 1, 2], [0.0, 0.4]
OPTIONS = {"epochs": 3, "batch_size": 4, "learning_rate": 0.1}
CURVES = ("loss", "score", "penalty", "validation_loss", "validation_score")


@pytest.fixture
def rtol(backend):
    return 1e-12 if backend.name in ("numpy", "array_api_strict") else 1e-9


def new(where, sizes=(3, 4, 2), activations="tanh", **options):
    return Network(sizes, activations, "gaussian", dtype="float64", **options, **where)


def assert_members(stack, g, m, alone, rtol):
    for actual, expected in zip(
        stack.member(g, m).host_parameters(), alone.host_parameters(), strict=True
    ):
        for one, other in zip(actual, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=rtol, atol=1e-14)


@pytest.mark.one_on_jax
@pytest.mark.parametrize(
    ("optimizer", "per"),
    [("adam", "dataset"), ("nesterov", "batch"), (Adam(scale_rate=6.0), "dataset")],
)
def test_each_member_equals_the_network_trained_alone_on_its_groups_samples(
    where, rtol, optimizer, per
):
    lams = [L2(lam, per) for lam in LAMS]
    options = {**OPTIONS, "optimizer": optimizer}
    stack = new(where, stack=(3, 2), seed=SEEDS)
    history = fit(stack, X, LABELS, rows=ROWS, seed=SEEDS, penalty=lams, validation=HELD, **options)
    for g, seed in enumerate(SEEDS):
        for m, lam in enumerate(lams):
            alone = new(where, seed=seed)
            separate = fit(
                alone,
                X[ROWS[g]],
                LABELS[ROWS[g]],
                seed=seed,
                penalty=lam,
                validation=HELD[g],
                **options,
            )
            assert_members(stack, g, m, alone, rtol)
            for name in CURVES:
                actual = [values[g, m] for values in getattr(history, name)]
                np.testing.assert_allclose(
                    actual, getattr(separate, name), rtol=rtol, atol=1e-13, err_msg=name
                )


@pytest.mark.parametrize(
    ("sizes", "activations", "y", "shuffle"),
    [
        ([3, 2], ["softmax"], LABELS, True),
        ([3, 4, 1], ["relu", "sigmoid"], LABELS, False),
        ([3, 4, 3, 2], ["sigmoid", "tanh", "identity"], Y, True),
    ],
)
def test_members_equal_single_networks_for_all_tasks(where, rtol, sizes, activations, y, shuffle):
    options = {**OPTIONS, "shuffle": shuffle}
    stack = new(where, sizes, activations, stack=(3, 1), seed=SEEDS)
    history = fit(stack, X, y, rows=ROWS, seed=SEEDS, validation=(X, y), **options)
    for g, seed in enumerate(SEEDS):
        alone = new(where, sizes, activations, seed=seed)
        separate = fit(alone, X[ROWS[g]], y[ROWS[g]], seed=seed, validation=(X, y), **options)
        assert_members(stack, g, 0, alone, rtol)
        for name in ("score", "validation_score"):
            actual = [values[g, 0] for values in getattr(history, name)]
            np.testing.assert_allclose(actual, getattr(separate, name), rtol=rtol, atol=1e-13)


def test_without_rows_every_group_uses_all_samples(where, rtol):
    stack = new(where, stack=(2, 2), seed=[5, 6])
    fit(stack, X, LABELS, seed=[5, 6], penalty=LAMS, **OPTIONS)
    for g, seed in enumerate([5, 6]):
        alone = new(where, seed=seed)
        fit(alone, X, LABELS, seed=seed, penalty=LAMS[1], **OPTIONS)
        assert_members(stack, g, 1, alone, rtol)


@pytest.mark.one_on_jax
@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("stack", [None, 2])
def test_a_network_or_a_stack_can_be_trained_on_selected_rows(where, host, rtol, stack, shuffle):
    options = {**OPTIONS, "shuffle": shuffle}
    one, other = new(where, stack=stack), new(where, stack=stack)
    fit(one, X, LABELS, rows=np.asarray(ROWS[1]), **options)
    fit(other, X[ROWS[1]], LABELS[ROWS[1]], **options)
    for actual, expected in zip(one.weights, other.weights, strict=True):
        np.testing.assert_allclose(host(actual), host(expected), rtol=rtol)


def test_forward_predict_and_score_have_the_axes_of_the_stack(where, host):
    stack = new(where, stack=(3, 2), seed=SEEDS)
    outputs, found, score = stack.forward(X), stack.predict(X), stack.score(X, LABELS)
    assert (outputs.shape, found.shape, score.shape) == ((3, 2, 13, 2), (3, 2, 13), (3, 2))
    for g in range(3):
        member = stack.member(g, 1)
        np.testing.assert_allclose(host(outputs)[g, 1], host(member.forward(X)), rtol=1e-12)
        assert score[g, 1] == member.score(X, LABELS)


def test_a_diverged_member_does_not_affect_other_members(where, rtol):
    activations = ["tanh", "identity"]
    stack = new(where, activations=activations, stack=(2, 2), seed=[1, 2])
    options = {**OPTIONS, "epochs": 5}
    history = fit(stack, X, Y, rows=ROWS[:2], seed=[1, 2], penalty=[0.4, 1e30], **options)
    assert (history.diverged > 0).tolist() == [[False, True], [False, True]]
    for g, seed in enumerate([1, 2]):
        alone = new(where, activations=activations, seed=seed)
        fit(alone, X[ROWS[g]], Y[ROWS[g]], seed=seed, penalty=0.4, **options)
        assert_members(stack, g, 0, alone, rtol)


def test_training_continues_with_selected_members_of_every_group(where, rtol):
    stack = new(where, stack=(2, 3), seed=[1, 2])
    history = fit(
        stack,
        X,
        LABELS,
        rows=ROWS[:2],
        seed=[1, 2],
        penalty=[0.0, 0.1, 0.4],
        callbacks=[lambda network, history: Keep([2, 0]) if len(history) == 1 else None],
        **OPTIONS,
    )
    assert stack.stack == history.diverged.shape == (2, 2)
    for g, seed in enumerate([1, 2]):
        alone = new(where, seed=seed)
        fit(alone, X[ROWS[g]], LABELS[ROWS[g]], seed=seed, penalty=0.4, **OPTIONS)
        assert_members(stack, g, 0, alone, rtol)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rows": ROWS[:2]}, r"shape \(3, n\).*Received: int64 of shape \(2, 9\)"),
        ({"rows": [[0, 1], [2, 3], [4, 13]]}, "0 to 12. Received: 0 to 13"),
        ({"rows": [[0, 1], [2, 3], [4, -1]]}, "Received: -1 to 4"),
        ({"rows": [[], [], []]}, "rows must be indices of samples"),
        ({"rows": [[0.0, 1.0]] * 3}, "float64"),
        ({"seed": [1, 2]}, "one for each of the 3 groups"),
        (
            {"penalty": [0.1, 0.2, 0.3]},
            "penalty must be one, or 2, for a stack of 3 groups of 2 networks",
        ),
        ({"validation": HELD[:2]}, "a list of 3, one for each group. Received: a list of 2"),
    ],
)
def test_arguments_that_do_not_fit_the_groups_are_refused(where, options, message):
    with pytest.raises(InputError, match=message):
        fit(new(where, stack=(3, 2)), X, LABELS, **options)


def test_each_group_has_its_own_seed(where):
    with pytest.raises(InputError, match="one for each of the 3 groups"):
        new(where, stack=(3, 2), seed=[1, 2])
    stack = new(where, stack=(2, 2), seed=[1, 2])
    first = stack.host_parameters()[0][0]
    np.testing.assert_array_equal(first[:, :, 0], first[:, :, 1])
    assert (first[0] != first[1]).any()


@pytest.mark.parametrize("stack", [(2,) * 3, (2, 0), (0, 2), (2, 1.5), "ab"])
def test_a_wrong_shape_of_a_stack_is_refused(where, stack):
    with pytest.raises(InputError, match=r"groups, networks in each"):
        new(where, stack=stack)
