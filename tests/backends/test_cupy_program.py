"""Training by graphs, on a twin of the device that computes with NumPy."""

import weakref
from collections import deque

import numpy as np
import pytest
from cupy_fits import OPTIMIZERS, SCALED, Watched, assert_same, trained, use_graphs
from cupy_twin import backend_of
from hypothesis import given
from hypothesis import strategies as st

from xl2 import L2, Network, fit
from xl2.errors import DivergenceError
from xl2.nn import step
from xl2.nn.optimizers import SGD, Momentum, find_optimizer
from xl2.nn.step import Constants
from xl2_cupy_runs import SWITCH

pytestmark = pytest.mark.host

LAST = {"sigmoid": None, "softmax": None, "identity": None, "exp": "poisson"}


@given(
    sizes=st.lists(st.sampled_from([1, 2, 5]), min_size=2, max_size=4),
    hidden=st.sampled_from(["identity", "sigmoid", "tanh", "relu"]),
    last=st.sampled_from(sorted(LAST)),
    stack=st.sampled_from([None, 1, 3, (1, 2), (2, 1), (2, 3)]),
    rows=st.integers(3, 40),
    batch=st.sampled_from([1, 3, 4]),
    optimizer=st.sampled_from(OPTIMIZERS),
    per=st.sampled_from(["batch", "dataset"]),
    shuffle=st.booleans(),
)
def test_a_fit_by_graphs_equals_the_fit_by_the_portable_code(
    sizes, hidden, last, stack, rows, batch, optimizer, per, shuffle
):
    lam = L2(0.3, per) if stack is None else 0.3
    options = {"sizes": sizes, "hidden": hidden, "last": last, "stack": stack, "rows": rows,
               "batch": batch, "optimizer": optimizer, "lam": lam, "shuffle": shuffle,
               "rate": 0.01}  # fmt: skip
    runner = Watched()
    found = trained(runner.run, **options)
    assert_same(found, trained(None, **options))
    assert runner.launches
    assert not runner._refused


@pytest.mark.parametrize("stack", [None, 3])
def test_float32_stays_float32(stack):
    options = {"dtype": "float32", "stack": stack}
    runner = Watched()
    assert_same(trained(runner.run, **options), trained(None, **options), rtol=1e-4)
    assert runner.launches


def test_a_penalty_per_layer_and_another_momentum():
    options = {"lam": L2([0.5, 0.0]), "optimizer": Momentum(0.5)}
    runner = Watched()
    assert_same(trained(runner.run, **options), trained(None, **options))
    assert runner.launches


def test_a_sequence_of_batches_takes_the_fewest_graphs_each_captured_once():
    """100 rows in batches of 4 are 25 steps: graphs of 16, 8 and 1."""
    runner = Watched()
    trained(runner.run, rows=100, epochs=3)
    (twin,) = runner.twins
    assert [calls / twin.captures[-1] for calls in twin.captures] == [16, 8, 1]
    assert twin.launches == 3 * 3


def test_graphs_transfer_nothing_to_the_host():
    runner = Watched()
    trained(runner.run, rows=100, epochs=5)
    assert runner.launches
    assert runner.twins[0].fetched == 0


@pytest.mark.parametrize(("optimizer", "launches"), [("sgd", 14), ("adam", 17), (SCALED, 17)])
def test_the_launches_of_a_step(optimizer, launches):
    """Three layers: 3 + 2 + 3 products, 2 activations, 1 loss, 3 updates of biases.

    Adam does not update weights by products.
    """
    runner = Watched()
    trained(runner.run, sizes=(5, 4, 3, 2), optimizer=optimizer, rows=4)
    assert runner.twins[0].captures == [launches]


def test_each_kind_of_fit_has_its_own_program():
    runner = Watched()
    for options in ({}, {"lam": 3.0}, {"rate": 0.01}, {"hidden": "tanh"}, {"batch": 5}, {}):
        assert_same(trained(runner.run, **options), trained(None, **options))
    assert not runner._refused


@pytest.mark.parametrize(
    "options",
    [
        {"dropout": 0.5},
        {"sample_weight": np.arange(23.0), "stack": (2, 3)},
        {"loss": "squared_error"},
        {"optimizer": type("Own", (Momentum,), {})(0.5)},
    ],
    ids=str,
)
def test_unsupported_fits_use_the_portable_code(options):
    runner = Watched()
    assert_same(trained(runner.run, **options), trained(None, **options), rtol=1e-15)
    assert not runner.twins


def test_graphs_take_samples_on_the_host_and_pairs():
    from scipy import sparse

    x = np.random.default_rng(2).normal(size=(40, 5))
    y = x[:, :3] ** 2
    pairs = [(x[start : start + 20], y[start : start + 20]) for start in (0, 20)]
    for data, batch in (
        ((sparse.csr_array(x), y), 20),
        ((pairs,), 10),
        ((pairs,), 20),
        ((pairs,), 15),
        ((pairs,), 40),
    ):
        networks, runner = [], Watched()
        for run_batches in (runner.run, None):
            network = Network([5, 4, 3], ["tanh", "identity"], seed=1, backend="numpy")
            network.backend = backend_of(run_batches)
            how = {"epochs": 2, "batch_size": batch, "learning_rate": 0.1, "progress": False}
            networks.append((network, fit(network, *data, **how)))
        assert_same(*networks, rtol=1e-4)
        assert runner.launches


@pytest.mark.parametrize("rows", [(40, 40), (40, 35), (40, 23)])
def test_the_programs_of_all_sizes_of_a_fit_are_kept(rows):
    """Mini-batches of 10; of 10, 9 and 8; of 10 and 8: no graph is captured in a later epoch."""
    captured = []
    for epochs in (1, 4):
        runner, network = Watched(), Network([5, 4, 3], ["tanh", "softmax"], backend="numpy")
        network.backend = backend_of(runner.run)
        pairs = [(np.ones((n, 5)), np.arange(n) % 3) for n in rows]
        fit(network, pairs, epochs=epochs, batch_size=10, progress=False)
        captured.append(sum(len(twin.captures) for twin in runner.twins))
    assert captured[0] == captured[1] > 0


def test_of_more_sizes_the_first_programs_are_kept():
    """Mini-batches of 32 and a rest of another size in each fit."""
    runner, network, captured = Watched(), Network([5, 4, 3], backend="numpy"), []
    network.backend = backend_of(runner.run)
    for rest in range(1, 8):
        data = np.ones((64 + rest, 5)), np.ones((64 + rest, 3))
        fit(network, *data, epochs=1, batch_size=32, even_batches=False, progress=False)
        captured.append(len(runner.twins[0].captures))
    assert captured == [2, 3, 4, 5, 6, 7, 8]  # one graph for each rest
    assert len(runner._own.programs) == 4


def test_one_device_is_held_at_a_time():
    """Each stream and dtype has its own, with a handle of cuBLAS and its workspace."""
    runner, alive = Watched(), weakref.WeakSet()
    runner.broken, runner.twins = alive.add, deque(maxlen=1)
    for stream in range(3):
        runner._current = lambda stream=stream: stream
        for dtype in ("float64", "float32"):
            runner._tried.add((stream, dtype))
            trained(runner.run, dtype=dtype, epochs=1)
            assert len(alive) == 1


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("per", ["batch", "dataset"])
@pytest.mark.parametrize("stack", [None, 3])
def test_graphs_take_weights_of_samples(optimizer, per, stack, monkeypatch):
    """The first mini-batch has none at all."""
    weight = np.maximum(np.arange(23.0) - 4.0, 0.0)
    lam = L2(0.3, per) if stack is None else [L2(0.1 * k, per) for k in range(3)]
    options = {"optimizer": optimizer, "rate": 0.01, "sample_weight": weight, "shuffle": False,
               "lam": lam, "stack": stack}  # fmt: skip
    expected = trained(None, **options)
    monkeypatch.setattr(step, "run_batches", refused)
    assert_same(trained(Watched().run, **options), expected)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_graphs_take_the_short_last_batch(optimizer, monkeypatch):
    options = {"even_batches": False, "optimizer": optimizer, "lam": L2(0.3, "batch"), "rate": 0.01}
    expected = trained(None, **options)
    monkeypatch.setattr(step, "run_batches", refused)
    runner = Watched()
    assert_same(trained(runner.run, **options), expected)
    assert sorted(plan.batch for _, plan in runner._own.programs) == [3, 4]


def refused(*_):
    raise AssertionError("the portable code took steps")


@pytest.mark.parametrize("stack", [None, 2, (2, 2)])
def test_graphs_take_a_batch_larger_than_the_data(stack):
    fits = []
    for batch in (23, 99):
        runner = Watched()
        fits.append(trained(runner.run, batch=batch, stack=stack, shuffle=False))
        assert runner.launches
    assert_same(*fits, rtol=0)


def test_the_environment_disables_graphs(monkeypatch):
    monkeypatch.setenv(SWITCH, "0")
    runner = Watched()
    assert_same(trained(runner.run), trained(None), rtol=1e-15)
    assert not runner.twins


def refuses(error, method="captured"):
    def broken(twin):
        def raises(*_):
            raise error

        setattr(twin, method, raises)

    return broken


BROKEN = {
    "capture": (refuses(NotImplementedError("calling cuBLAS")), "NotImplementedError: calling"),
    "status": (refuses(RuntimeError("cublasSgemm_v2 returned status 13"), "multiply"), "status 13"),
}


@pytest.mark.parametrize("kind", BROKEN)
@pytest.mark.parametrize("optimizer", ["sgd", "adam", SCALED])
def test_a_failure_warns_once_and_changes_nothing(kind, optimizer):
    broken, message = BROKEN[kind]
    runner = Watched(broken)
    with pytest.warns(UserWarning, match=message) as caught:
        found = trained(runner.run, optimizer=optimizer)
    assert len(caught) == 1
    assert SWITCH in str(caught[0].message)
    expected = trained(None, optimizer=optimizer)
    assert_same(found, expected, rtol=1e-15)
    # The device is not tried again.
    assert_same(trained(runner.run, optimizer=optimizer), expected, rtol=1e-15)
    trained(runner.run, optimizer=optimizer, batch=5)
    assert len(runner.twins) == 1


def test_a_later_failure_keeps_what_was_learnt_before():
    runner = Watched()
    trained(runner.run, rows=64)
    (program,) = runner._own.programs.values()
    runs = iter(range(3))

    def once_more(count, capture=program._capture):
        if next(runs, None) is None:
            raise RuntimeError("the driver failed")
        return capture(count)

    program._capture = once_more
    with pytest.warns(UserWarning, match="the driver failed"):
        found = trained(runner.run, rows=64, epochs=5)
    assert_same(found, trained(None, rows=64, epochs=5))


def test_an_interrupt_in_a_replay_keeps_the_parameters_from_before():
    runner = Watched()
    network, _ = trained(runner.run, rows=64, epochs=1)
    (program,), before = runner._own.programs.values(), network.host_parameters()
    before = [tuple(np.array(p) for p in layer) for layer in before]
    twin = runner.twins[0]

    def interrupted():
        twin.launches += 1
        program._weights[0][...] = np.nan
        raise KeyboardInterrupt

    program._graphs = dict.fromkeys(program._graphs, interrupted)
    x, y = np.ones((64, 5)), np.ones((64, 3))
    with pytest.raises(KeyboardInterrupt):
        fit(network, x, y, epochs=1, batch_size=4, learning_rate=0.1, penalty=0.3, progress=False)
    for mine, its in zip(network.host_parameters(), before, strict=True):
        for a, b in zip(mine, its, strict=True):
            np.testing.assert_array_equal(a, b)
    network.predict(x)


def test_an_interrupt_while_a_program_is_stored_does_no_harm():
    class Kept(dict):
        def __setitem__(self, key, value):
            super().__setitem__(key, value)
            raise KeyboardInterrupt

    runner = Watched()
    runner._own.programs = Kept()
    with pytest.raises(KeyboardInterrupt):
        trained(runner.run)
    runner._own.programs = dict(runner._own.programs)
    launches = runner.launches
    assert_same(trained(runner.run), trained(None))
    assert runner.launches > launches


# Lack of memory.


@pytest.mark.parametrize("stack", [None, 3, (2, 3)])
def test_without_room_for_its_program_one_fit_is_trained_by_the_portable_code(stack, monkeypatch):
    free, asked = [], []

    def full(twin):
        zeros = twin.zeros

        def tight(shape):
            asked.append(shape)
            if not free:
                raise MemoryError("out of memory allocating 8 bytes")
            return zeros(shape)

        twin.zeros = tight

    runner = Watched(full)
    options = {"rows": 9000, "batch": 30, "epochs": 2, "stack": stack, "rate": 0.01}
    expected = trained(None, **options)
    with pytest.warns(UserWarning, match="out of memory allocating") as caught:
        found = trained(runner.run, **options)
    assert len(caught) == 1
    assert_same(found, expected, rtol=1e-15)
    assert len(asked) == 1  # not once for each of four sequences in two epochs
    with pytest.warns(UserWarning, match="out of memory allocating"):
        trained(runner.run, **options)
    free.append(True)
    with monkeypatch.context() as context:
        context.setattr(step, "run_batches", refused)
        assert_same(trained(runner.run, **options), expected)


def tight(twin):
    """Leave room for the programs of two members with four units in the first layer."""
    zeros = twin.zeros

    def of_two(shape):
        if len(shape) == 3 and shape[0] == 1 and shape[2] > 2 * 4:
            raise MemoryError("out of memory")
        return zeros(shape)

    twin.zeros = of_two


def path_of_four(epochs, **options):
    from plain_paths import plain_path

    rng = np.random.default_rng(3)
    x = rng.normal(size=(64, 5))
    y = (x[:, 0] > 0).astype(int)
    return plain_path(x, y, [0, 0.1, 1, 2], hidden=(4,), epochs=epochs, batch_size=16,
                      dtype="float64", optimizer="sgd", validation=(x[:9], y[:9]),
                      progress=False, backend="numpy", **options)  # fmt: skip


def test_a_stack_whose_program_does_not_fit_is_halved(monkeypatch):
    """The halves use graphs."""
    expected, runner = path_of_four(2), Watched(tight)
    use_graphs(monkeypatch, runner)
    with pytest.warns(UserWarning, match="enough memory for 4 networks at once"):
        found = path_of_four(2)
    assert not runner._refused
    assert runner.launches
    np.testing.assert_allclose(found.curves_["loss"], expected.curves_["loss"], rtol=1e-9)


def test_a_stack_with_a_checkpoint_goes_on_without_a_program_that_does_not_fit(
    monkeypatch, tmp_path
):
    """It is never halved."""
    expected, runner = path_of_four(3), Watched(tight)
    use_graphs(monkeypatch, runner)
    monkeypatch.setenv(SWITCH, "0")
    path_of_four(1, checkpoint=tmp_path)
    monkeypatch.delenv(SWITCH)
    with pytest.warns(UserWarning, match="CUDA graphs are not used.*MemoryError"):
        found = path_of_four(3, checkpoint=tmp_path, resume=True)
    np.testing.assert_allclose(found.curves_["loss"], expected.curves_["loss"], rtol=1e-9)


@pytest.mark.parametrize("stack", [None, 7, (5, 1), (2, 3)])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_extra_bytes_are_the_memory_of_both_programs(stack, optimizer, dtype, monkeypatch):
    import xl2_cupy

    made = []

    def counted(twin):
        zeros = twin.zeros
        twin.zeros = lambda shape: made.append(zeros(shape)) or made[-1]

    runner, sizes, batch = Watched(counted), (90, 60, 50, 40), 8
    trained(runner.run, sizes=sizes, stack=stack, dtype=dtype, optimizer=optimizer, batch=batch,
            rows=300)  # fmt: skip
    larger, smaller = runner._own.programs.values()
    assert (larger.plan.batch, smaller.plan.batch) == (8, 7)
    taken = sum(x.nbytes for x in made)
    members, states = np.prod(stack or 1), len(find_optimizer(optimizer).init(np.zeros(1)))
    counts = [xl2_cupy.extra_bytes(n, sizes, states, batch, dtype) for n in (1, members)]
    assert taken <= 1.02 * counts[1]
    assert counts[1] <= members * counts[0]
    if stack == (5, 1):  # each member has its own group
        assert taken >= 0.95 * counts[1]
    monkeypatch.setenv(SWITCH, "0")
    assert xl2_cupy.extra_bytes(1, sizes, states, batch, dtype) == 0


def test_the_buffer_of_samples_is_limited():
    import xl2_cupy

    one, many = (xl2_cupy.extra_bytes(n, (784, 50, 10), 2, 64, "float32") for n in (1, 1000))
    assert many < 0.5 * 1000 * one


def test_a_program_can_be_released():
    runner = Watched()
    assert not runner.release()
    expected = trained(runner.run)
    assert runner.release()
    assert not runner.release()
    assert_same(trained(runner.run), expected)
    assert len(runner.twins) == 2


def test_divergence_is_detected():
    for run_batches in (Watched().run, None):
        with pytest.raises(DivergenceError, match="epoch 1"):
            trained(run_batches, rate=1e200, last="identity", hidden="identity", rows=64)


@pytest.mark.parametrize("lam", [1e37, 1e39])
def test_a_member_that_diverges_at_once_leaves_the_others(lam):
    """The last of three members has `lam`, the others have 0 and half of it."""
    options = {"dtype": "float32", "stack": 3, "rows": 40, "lam": lam / 2}
    runner = Watched()
    found, expected = trained(runner.run, **options), trained(None, **options)
    assert runner.launches
    assert expected[1].diverged[-1]
    np.testing.assert_array_equal(found[1].diverged, expected[1].diverged)
    mine, its = (network.member(0).host_parameters() for network, _ in (found, expected))
    for one, other in zip(mine, its, strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-6)


def test_a_decay_beyond_float32_is_infinite_without_a_warning():
    runner = Watched()
    trained(runner.run, dtype="float32", rows=20)
    (program,) = runner._own.programs.values()
    program._send(Constants((1e45, None), 20), [0.1], SGD())
    assert program._numbers[0, 3] == -np.inf


def test_arrays_that_a_callback_holds_do_not_change():
    runner, seen = Watched(), []

    def look(network, history):
        seen.append((network.weights[0], np.array(network.weights[0])))

    trained(runner.run, epochs=4, callbacks=[look])
    for held, copy in seen:
        np.testing.assert_array_equal(held, copy)
    assert len({id(held) for held, _ in seen}) == 4


def test_each_thread_has_its_own_programs():
    from concurrent.futures import ThreadPoolExecutor

    runner = Watched()
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda seed: trained(runner.run, seed=seed, epochs=8), range(6)))
    for seed, one in enumerate(found):
        assert_same(one, trained(None, seed=seed, epochs=8))
