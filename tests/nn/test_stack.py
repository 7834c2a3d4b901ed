"""The members of a stack equal networks trained alone."""

import numpy as np
import pytest

from xl2 import L2, Adam, DivergenceError, Network, fit
from xl2.training.loop import Keep

RNG = np.random.default_rng(4)
X, LABELS, Y = RNG.normal(size=(11, 3)), RNG.integers(0, 2, 11), RNG.normal(size=(11, 2))
HELD = (RNG.normal(size=(4, 3)), RNG.integers(0, 2, 4))
SEEDS, LAMS = [3, 1, 2], [0.1, 0.4, 2.0]
every_optimizer = pytest.mark.parametrize(
    "optimizer", ["sgd", "momentum", "nesterov", "adam", Adam(scale_rate=6.0)]
)


@pytest.fixture
def rtol(backend):
    # Libraries may sum batched products in another order.
    return 1e-12 if backend.name in ("numpy", "array_api_strict") else 1e-9


@pytest.fixture
def assert_same(host, rtol):
    def check(stack, histories, alone):
        together, separate = histories
        for k, network in enumerate(alone):
            member = stack.member(k)
            for layer, own in zip(member.parameters, network.parameters, strict=True):
                for actual, expected in zip(layer, own, strict=True):
                    np.testing.assert_allclose(host(actual), host(expected), rtol=rtol, atol=1e-14)
            assert len(together) == len(separate[k])
            for name in ("loss", "score", "penalty", "validation_loss", "validation_score"):
                actual = [values[k] for values in getattr(together, name)]
                expected = getattr(separate[k], name)
                assert len(actual) == len(expected)
                np.testing.assert_allclose(actual, expected, rtol=rtol, atol=1e-13, err_msg=name)

    return check


def train_both(where, sizes, activations, X, y, seeds=SEEDS, lams=LAMS, **options):
    """Fit a stack, and its members as single networks."""
    options = {"epochs": 3, "batch_size": 4, "learning_rate": 0.1, **options}

    def new(**more):
        return Network(sizes, activations, "gaussian", dtype="float64", **more, **where)

    stack = new(stack=len(seeds), seed=seeds)
    together = fit(stack, X, y, penalty=lams, **options)
    alone = [new(seed=seed) for seed in seeds]
    separate = [
        fit(network, X, y, penalty=lam, **options) for network, lam in zip(alone, lams, strict=True)
    ]
    return stack, (together, separate), alone


@pytest.mark.one_on_jax
@pytest.mark.parametrize("shuffle", [True, False])
@every_optimizer
def test_each_member_equals_the_network_trained_alone(where, assert_same, optimizer, shuffle):
    """Eleven samples in mini-batches of four; the last has three."""
    assert_same(
        *train_both(
            where,
            [3, 4, 2],
            "tanh",
            X,
            LABELS,
            optimizer=optimizer,
            shuffle=shuffle,
            validation=HELD,
        )
    )


@pytest.mark.parametrize(
    ("sizes", "activations", "y"),
    [
        ([3, 2], ["softmax"], LABELS),
        ([3, 4, 1], ["relu", "sigmoid"], LABELS),
        ([3, 4, 3, 2], ["sigmoid", "tanh", "identity"], Y),
    ],
)
def test_members_equal_single_networks_for_all_tasks(where, assert_same, sizes, activations, y):
    assert_same(*train_both(where, sizes, activations, X, y))


@pytest.mark.parametrize("per", ["batch", "dataset"])
def test_members_can_have_no_penalty_or_one_lambda_for_each_layer(where, assert_same, per):
    lams = [L2(lam, per=per) for lam in (0.0, [2.0, 0.0], [0.4, 1.0])]
    assert_same(*train_both(where, [3, 4, 2], "tanh", X, LABELS, lams=lams))


@pytest.mark.one_on_jax
@every_optimizer
def test_a_stack_of_one_equals_a_single_network(where, assert_same, optimizer):
    problem = train_both(
        where, [3, 4, 2], "tanh", X, LABELS, seeds=[5], lams=[0.4], optimizer=optimizer
    )
    assert_same(*problem)


def test_one_seed_and_one_lambda_make_equal_members(where, host):
    stack = Network([3, 4, 2], "tanh", stack=3, seed=7, dtype="float64", **where)
    history = fit(stack, X, LABELS, epochs=2, penalty=0.4)
    for values in (history.loss[-1], history.penalty[-1], history.score[-1]):
        assert values.shape == (3,)
        np.testing.assert_allclose(values, values[0], rtol=1e-12)
    for k in (1, 2):
        np.testing.assert_allclose(
            host(stack.member(k).weights[0]), host(stack.member(0).weights[0]), rtol=1e-12
        )


def test_the_lambda_of_a_member_affects_only_this_member(where, host):
    def trained(lams):
        stack = Network([3, 4, 2], "tanh", stack=2, seed=[1, 2], dtype="float64", **where)
        fit(stack, X, LABELS, epochs=2, penalty=lams)
        return [host(stack.member(k).weights[0]) for k in range(2)]

    plain, penalised = trained([0.0, 0.0]), trained([0.0, 5.0])
    np.testing.assert_allclose(penalised[0], plain[0], rtol=1e-12)
    assert (np.abs(penalised[1] - plain[1]) > 1e-6).all()


def test_the_curves_of_a_stack_are_numpy_arrays(where):
    stack = Network([3, 4, 2], "tanh", stack=2, **where)
    history = fit(stack, X, LABELS, epochs=2, validation=HELD)
    curves = [history.loss, history.score, history.penalty]
    curves += [history.validation_loss, history.validation_score]
    for values in curves:
        assert [type(value) for value in values] == [np.ndarray] * 2
        assert [value.shape for value in values] == [(2,)] * 2


# A member that diverges.


@every_optimizer
def test_a_diverged_member_is_marked_and_does_not_affect_others(where, assert_same, optimizer):
    """Adam divides by the size of the gradient, so a large lambda does not diverge."""
    if optimizer == "adam" or isinstance(optimizer, Adam):
        pytest.skip("Adam's steps do not grow with lambda")
    options = {"learning_rate": 0.1, "batch_size": 4, "epochs": 5, "optimizer": optimizer}
    options["validation"] = (X[:4], Y[:4])

    def new(**more):
        activations = ["tanh", "identity"]
        return Network([3, 4, 2], activations, "gaussian", dtype="float64", **more, **where)

    stack = new(stack=3, seed=SEEDS)
    with pytest.raises(DivergenceError):
        fit(new(seed=1), X, Y, penalty=1e30, **options)
    history = fit(stack, X, Y, penalty=[0.1, 1e30, 2.0], **options)
    assert history.diverged.shape == (3,)
    assert history.diverged[1] > 0
    assert history.diverged[0] == history.diverged[2] == 0
    for name in ("loss", "score", "penalty", "validation_loss", "validation_score"):
        values = np.stack(getattr(history, name))
        assert np.isnan(values[history.diverged[1] - 1 :, 1]).all()
        assert not np.isnan(values[: history.diverged[1] - 1, 1]).any()
        assert np.isfinite(values[:, [0, 2]]).all()
    for k, lam in ((0, 0.1), (2, 2.0)):
        alone = new(seed=SEEDS[k])
        separate = fit(alone, X, Y, penalty=lam, **options)
        np.testing.assert_allclose([v[k] for v in history.loss], separate.loss, rtol=1e-9)
        for actual, expected in zip(stack.member(k).weights, alone.weights, strict=True):
            np.testing.assert_allclose(
                stack.backend.to_numpy(actual), alone.backend.to_numpy(expected), rtol=1e-9
            )


@pytest.mark.parametrize("optimizer", ["adam", Adam(scale_rate=6.0)])
def test_adam_trains_the_members_beside_one_that_overflows(where, optimizer):
    """Its states are put back with the parameters, those of the inputs' scales included."""
    options = {"epochs": 4, "batch_size": 4, "optimizer": optimizer, "progress": False}

    def new(**more):
        return Network([3, 4, 2], ["tanh", "identity"], dtype="float64", **more, **where)

    stack = new(stack=3, seed=SEEDS)
    start = [(np.array(weight), np.array(bias)) for weight, bias in stack.host_parameters()]
    start[1][0][1] = 1e300
    stack.set_parameters(start)
    history = fit(stack, X, Y, **options)
    assert history.diverged.tolist() == [0, 1, 0]
    np.testing.assert_array_equal(stack.member(1).host_parameters()[0][0], start[0][0][:, 1])
    for k in (0, 2):
        alone = new(seed=SEEDS[k])
        fit(alone, X, Y, **options)
        pairs = zip(stack.member(k).host_parameters(), alone.host_parameters(), strict=True)
        for layer, expected in pairs:
            for found, its in zip(layer, expected, strict=True):
                np.testing.assert_allclose(found, its, rtol=1e-9)


@every_optimizer
def test_a_diverged_member_keeps_its_parameters_from_before_that_epoch(where, host, optimizer):
    if optimizer == "adam" or isinstance(optimizer, Adam):
        pytest.skip("Adam's steps do not grow with lambda")
    stack = Network([3, 2], ["identity"], "gaussian", stack=2, dtype="float64", **where)
    seen = [stack.host_parameters()]
    seen[0] = [(w.copy(), b.copy()) for w, b in seen[0]]

    def look(network, history):
        seen.append([(w.copy(), b.copy()) for w, b in network.host_parameters()])

    # lambda 1e4 at rate 0.1 and batch 4 multiplies the weights by about -250 a step.
    history = fit(
        stack,
        X,
        Y,
        epochs=60,
        batch_size=4,
        learning_rate=0.1,
        penalty=[0.0, 1e4],
        optimizer=optimizer,
        callbacks=[look],
    )
    epoch = history.diverged[1]
    assert 1 < epoch < 60
    for later in seen[epoch - 1 :]:
        for (w, b), (old_w, old_b) in zip(later, seen[epoch - 1], strict=True):
            np.testing.assert_array_equal(w[:, 1], old_w[:, 1])
            np.testing.assert_array_equal(b[1], old_b[1])
            assert np.isfinite(w).all()


def test_an_error_is_raised_if_all_members_diverge(where):
    stack = Network([3, 2], ["identity"], "gaussian", stack=2, dtype="float64", **where)
    with pytest.raises(DivergenceError, match="All 2 networks of the stack diverged") as caught:
        fit(stack, X, Y, epochs=60, batch_size=4, learning_rate=0.1, penalty=[1e6, 1e30])
    error = caught.value
    assert error.step is None
    assert error.epoch == error.history.diverged.max() == len(error.history) + 1
    assert error.history.diverged.min() > 0
    assert all(np.isfinite(p).all() for layer in stack.host_parameters() for p in layer)


# Continuing with some members only.


@pytest.mark.one_on_jax
@every_optimizer
def test_a_stack_that_keeps_some_members_trains_them_unchanged(where, host, optimizer):
    def new(**more):
        return Network([3, 4, 2], "tanh", dtype="float64", **more, **where)

    def drop_the_second(network, history):
        return Keep([0, 2]) if len(history) == 2 else None

    options = {"epochs": 5, "batch_size": 4, "learning_rate": 0.1, "optimizer": optimizer}
    stack = new(stack=3, seed=SEEDS)
    history = fit(stack, X, LABELS, penalty=LAMS, callbacks=[drop_the_second], **options)
    assert stack.stack == (2,)
    assert [values.shape for values in history.loss] == [(3,)] * 2 + [(2,)] * 3
    for i, k in enumerate((0, 2)):
        alone = new(seed=SEEDS[k])
        fit(alone, X, LABELS, penalty=LAMS[k], **options)
        for actual, expected in zip(stack.member(i).weights, alone.weights, strict=True):
            np.testing.assert_allclose(host(actual), host(expected), rtol=1e-9)
