"""A path on a cluster of Dask: what is measured on this machine, and a simulation of larger ones.

``python -m benchmarks.cluster`` prints the tables of docs/scaling.md; ``--only stacks,workers``
chooses parts. Run it on an idle machine.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from .cluster_model import BANDWIDTH, PROBLEMS, Costs, broadcast, model_table
from .cluster_processes import sleep

WORKERS = (1, 4, 16, 64, 256)
LAMBDAS, FOLDS = 8, 5
SEEDS = (3, 25, 250)  # 120, 1000 and 10000 members
LONGEST = 8.0  # seconds that a simulated path may take: its sleeps are cut to that
ROUNDS = 3
EMPTY = 1000  # tasks that measure the overhead


class Sleep(NamedTuple):
    """A task of the simulation: a stack that takes some seconds and returns some bytes."""

    seconds: float
    size: int


def main() -> None:
    """Print the tables."""
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
    parts: dict[str, Callable[[], None]] = {
        "model": lambda: print(model_table()),
        "stacks": lambda: print_stacks(),
        "workers": lambda: print_workers(),
        "overhead": lambda: print_overhead(),
        "paths": lambda: print_paths(),
    }
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default=",".join(parts), help="parts, such as stacks,workers")
    for name in parser.parse_args().only.split(","):
        print(f"\n## {name}\n", flush=True)
        parts[name]()


def stack_seconds(groups: int, lambdas: int, epochs: int = 10) -> float:
    """Return the measured seconds of a stack of digits' path, for 100 epochs."""
    import numpy as np
    from sklearn.datasets import load_digits

    from xl2 import Network, fit

    X, y = load_digits(return_X_y=True)
    X = (X / 16).astype("float32")
    order = np.arange(len(X))
    rows = np.stack([order[order % 5 != g % 5][:1437] for g in range(groups)])
    network = Network(
        PROBLEMS["digits"].sizes,
        ["relu", "relu", "softmax"],
        seed=list(range(groups)),
        stack=(groups, lambdas),
        dtype="float32",
        backend="numpy",
    )
    began = time.perf_counter()
    fit(
        network,
        X,
        y,
        rows=rows,
        seed=list(range(groups)),
        epochs=epochs,
        optimizer="adam",
        learning_rate=0.001,
        penalty=np.geomspace(0.01, 100, lambdas).tolist(),
        validation=[(X[g % 5 :: 5], y[g % 5 :: 5]) for g in range(groups)],
        progress=False,
    )
    return (time.perf_counter() - began) * 100 / epochs


def measured_costs() -> tuple[Costs, list[tuple[int, int, float]]]:
    """Return seconds per stack, group and member, fitted to measured stacks, and these."""
    import numpy as np

    shapes = [(1, 1), (1, 4), (1, 8), (2, 8), (5, 8), (10, 8)]
    stack_seconds(1, 8, 2)  # loads what the first fit loads
    found: dict[tuple[int, int], list[float]] = {shape: [] for shape in shapes}
    for _ in range(3):
        for shape in shapes:
            found[shape].append(stack_seconds(*shape))
    measured = [(g, m, statistics.median(found[g, m])) for g, m in shapes]
    parts = np.array([[1, g, g * m] for g, m, _ in measured], float)
    seconds = np.array([s for *_, s in measured])
    # Relative errors count: a large stack must not hide the others.
    solved = np.linalg.lstsq(parts / seconds[:, None], np.ones(len(seconds)), rcond=None)[0]
    return Costs(*np.maximum(solved, 0.0).tolist()), measured


def print_stacks() -> None:
    """Print measured stacks, and the model that is fitted to them."""
    costs, measured = measured_costs()
    problem = PROBLEMS["digits"]
    print("groups  lambdas  measured s  model s  Gflop/s")
    for groups, lambdas, seconds in measured:
        flops = groups * lambdas * problem.flops(100)
        model = costs.of(groups, lambdas)
        rate = flops / seconds / 1e9
        print(f"{groups:6}  {lambdas:7}  {seconds:10.2f}  {model:7.2f}  {rate:7.1f}")
    print(f"model: {costs}")


def print_workers() -> None:
    """Print the seconds of two paths on one and two workers, beside the local run, by turns."""
    import numpy as np
    from distributed import Client, LocalCluster
    from sklearn.datasets import load_digits

    from xl2 import regularization_path

    X, y = load_digits(return_X_y=True)
    random = np.random.default_rng(0)
    wide = random.normal(size=(12000, 200)).astype("float32")
    sets = {
        "digits, 120 members": ((X / 16).astype("float32"), y, 3, 40),
        "12000 x 200, 40 members": (wide, (wide[:, :5].sum(1) > 0).astype(int), 1, 40),
    }
    options = {"threads_per_worker": 1, "dashboard_address": ":0"}
    with (
        LocalCluster(n_workers=1, **options) as one,
        LocalCluster(n_workers=2, **options) as two,
        Client(one, set_as_default=False) as single,
        Client(two, set_as_default=False) as pair,
    ):
        places = {"here": None, "1 worker": single, "2 workers": pair}
        for name, (x, labels, seeds, epochs) in sets.items():
            seconds: dict[str, list[float]] = {place: [] for place in places}
            scores = []
            for _ in range(ROUNDS):
                for place, client in places.items():
                    path = regularization_path(
                        x, labels, np.geomspace(0.01, 100, LAMBDAS), seed=list(range(seeds)),
                        preset="plain",
                        epochs=epochs, refit=False, progress=False, client=client,
                    )  # fmt: skip
                    seconds[place].append(path.fit_time_)
                    scores.append(path.validation_scores_.tobytes())
            assert len(set(scores)) == 1, "the results differ"
            medians = {place: statistics.median(values) for place, values in seconds.items()}
            ratios = [a / b for a, b in zip(seconds["1 worker"], seconds["2 workers"], strict=True)]
            times = ", ".join(f"{place} {value:.2f} s" for place, value in medians.items())
            print(f"{name}: {times}; 1 worker over 2: {statistics.median(ratios):.2f}", flush=True)


class Simulated(NamedTuple):
    """What tasks took on sleeping workers."""

    seconds: float
    scheduler: float  # seconds of a core that the scheduler used


@contextlib.contextmanager
def sleepers(workers: int) -> Iterator[Callable[[Sequence[Sleep]], Simulated]]:
    """Yield a function that does tasks on sleeping workers, with Dask's own scheduler.

    The scheduler is a process of its own; all workers share one, and speak TCP. What they compute
    beside their sleeps takes turns on one core, which on a real cluster is spread over machines.
    """
    from distributed import Client

    begin = [sys.executable, "-m", f"{__package__}.cluster_processes"]
    with contextlib.ExitStack() as stack:
        scheduler = stack.enter_context(_process([*begin, "scheduler"]))
        address = scheduler.stdout.readline().decode().strip()
        stack.enter_context(_process([*begin, "workers", address, str(workers)]))
        client = stack.enter_context(Client(address, set_as_default=False))
        client.wait_for_workers(workers, timeout=300)

        def do(tasks: Sequence[Sleep]) -> Simulated:
            used, began = client.run_on_scheduler(time.process_time), time.perf_counter()
            futures = [client.submit(sleep, *task, k, pure=False) for k, task in enumerate(tasks)]
            client.gather(futures)
            taken = time.perf_counter() - began
            return Simulated(taken, client.run_on_scheduler(time.process_time) - used)

        do([Sleep(0.0, 1)] * workers)  # opens the connections
        yield do


@contextlib.contextmanager
def _process(command: list[str]) -> Iterator[Any]:
    # The folder it is started in may have another xl2, without the benchmarks.
    paths = os.pathsep.join(filter(None, sys.path))
    quiet = {**os.environ, "DASK_LOGGING__DISTRIBUTED": "critical"}
    quiet |= {"PYTHONPATH": paths, "PYTHONSAFEPATH": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=quiet) as process:
        try:
            yield process
        finally:
            process.terminate()


def print_overhead() -> None:
    """Print the scheduler's time per task, and how busy tasks of some length keep the workers."""
    print("workers  ms per empty task  of the scheduler  efficiency of tasks of 0.3 s  1 s  3 s")
    for workers in WORKERS[1:]:
        with sleepers(workers) as do:
            empty = do([Sleep(0.0, 1)] * EMPTY)
            cells = []
            for seconds in (0.3, 1.0, 3.0):
                found = do([Sleep(seconds, 20_000)] * (4 * workers))
                cells.append(f"{4 * seconds / found.seconds:.0%}")
        each = [f"{1000 * value / EMPTY:.2f}" for value in empty]
        print(f"{workers:7}  {'  '.join([*each, *cells])}", flush=True)


def stacks_of(costs: Costs, seeds: int, workers: int) -> list[Sleep]:
    """Return the stacks that a path of digits is planned as, the largest first."""
    from xl2.path.planning import plan
    from xl2.path.train_stacks import MOST_ON_CLUSTER

    problem = PROBLEMS["digits"]
    most = 2**31 // problem.memory()  # 2 GiB for each worker
    if workers > 1:
        most = min(most, MOST_ON_CLUSTER)
    planned = plan([1437] * FOLDS, LAMBDAS, seeds, most * workers, workers)
    return [
        Sleep(
            costs.of(len(stack.groups), len(stack.lambdas)),
            stack.size() * PROBLEMS["digits"].result(),
        )
        for stack in planned
    ]


def print_paths() -> None:
    """Print the simulated efficiency of digits' paths, against one worker with its own plan."""
    costs, _ = measured_costs()
    print(f"costs: {costs}")
    print("members  workers  stacks  seconds, of these planned, Dask, X  efficiency")
    for seeds in SEEDS:
        alone = sum(stack.seconds for stack in stacks_of(costs, seeds, 1))
        for workers in WORKERS:
            stacks = stacks_of(costs, seeds, workers)
            planned = longest(stacks, workers)
            cut = min(1.0, LONGEST / planned)
            with sleepers(workers) as do:
                taken = do([Sleep(cut * s.seconds, s.size) for s in stacks]).seconds
            dask = max(0.0, taken - cut * planned)
            sent = broadcast(PROBLEMS["digits"].bytes_of_X(), workers, BANDWIDTH)
            total = planned + dask + sent
            members = seeds * LAMBDAS * FOLDS
            print(
                f"{members:7}  {workers:7}  {len(stacks):6}  {total:8.1f} = {planned:8.1f} + "
                f"{dask:.2f} + {sent:.3f}  {alone / workers / total:.0%}",
                flush=True,
            )


def longest(stacks: Sequence[Sleep], workers: int) -> float:
    """Return the seconds of the worker with most to do, if each takes the next free stack."""
    import heapq

    busy = [0.0] * workers
    for stack in stacks:
        heapq.heapreplace(busy, busy[0] + stack.seconds)
    return max(busy)


if __name__ == "__main__":
    main()
