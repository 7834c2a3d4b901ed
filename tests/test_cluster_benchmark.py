"""The model and the simulation of docs/scaling.md."""

from __future__ import annotations

import importlib

import pytest

from xl2.cli.bench import _module

HOME = _module("suite").__package__  # the checkout's, or that of the wheel
cluster, model = (
    importlib.import_module(f"{HOME}.{name}") for name in ("cluster", "cluster_model")
)


def test_operations_are_those_of_the_products_and_of_adam():
    one = model.Problem(80, (3, 5, 2))  # 64 training rows: one step an epoch
    forward = 2 * 64 * (3 * 5 + 5 * 2)
    gradients, backward = forward, 2 * 64 * 5 * 2
    assert one.parameters() == 3 * 5 + 5 + 5 * 2 + 2
    assert one.flops(1) == forward + gradients + backward + 12 * 32
    assert one.bytes_of_X() == 80 * 3 * 4


def test_each_turn_doubles_the_workers_that_have_the_samples():
    for workers, turns in ((1, 1), (2, 2), (3, 3), (4, 3), (256, 9)):
        assert model.broadcast(1000, workers, 100.0) == turns * 10


def test_a_worker_that_is_free_takes_the_next_stack():
    stacks = [cluster.Sleep(seconds, 0) for seconds in (5.0, 4.0, 3.0, 3.0)]
    assert cluster.longest(stacks, 2) == 8.0
    assert cluster.longest(stacks, 1) == 15.0


@pytest.mark.parametrize("workers", [1, 7, 64])
def test_the_stacks_of_a_path_have_all_members(workers):
    costs = model.Costs(0.0, 0.0, 1.0)  # a second a member
    stacks = cluster.stacks_of(costs, 3, workers)
    assert sum(stack.seconds for stack in stacks) == 8 * 5 * 3
    assert sum(stack.size for stack in stacks) == 120 * model.PROBLEMS["digits"].result()


@pytest.mark.slow
def test_sleeping_workers_take_the_time_of_their_tasks():
    pytest.importorskip("distributed", reason='needs pip install "xl2[dask]"')
    with cluster.sleepers(3) as do:
        found = do([cluster.Sleep(0.5, 1000)] * 6)
    assert 1.0 <= found.seconds < 3.0  # two each, side by side
    assert 0.0 < found.scheduler < found.seconds
