"""Stacks side by side: the same results, one BLAS thread each, and a clean end."""

import signal
import threading
import time

import numpy as np
import pytest
from plain_paths import plain_path

from xl2 import Network, fit
from xl2.array.libraries import Library, file_of
from xl2.array.workers import side_by_side
from xl2.path.planning import PlannedStack, plan
from xl2.path.settings import PathSettings

RNG = np.random.default_rng(6)
X = RNG.normal(size=(60, 3))
LABELS = (X[:, 0] > 0).astype(int)
SMALL = {"hidden": (4,), "epochs": 3, "dtype": "float64", "progress": False, "backend": "numpy"}
KEEP = {**SMALL, "return_members": True}


def test_jobs_run_at_the_same_time():
    together = threading.Barrier(2, timeout=30)
    done = []

    def work(device, job, wanted):
        together.wait()
        assert wanted()
        done.append(job)

    side_by_side(Library(), 2, work, ["a", "b"], [0])
    assert sorted(done) == ["a", "b"]


@pytest.mark.parametrize(("workers", "jobs"), [(1, 3), (4, 1)])
def test_a_single_job_or_worker_needs_no_thread(workers, jobs):
    seen = []
    side_by_side(
        Library(),
        workers,
        lambda device, job, wanted: seen.append(threading.get_ident()),
        [0] * jobs,
        [0],
    )
    assert seen == [threading.get_ident()] * jobs


@pytest.mark.parametrize("workers", [1, 2])
def test_each_device_runs_as_many_jobs_as_workers_at_a_time(workers):
    inside, seen, lock = dict.fromkeys("ab", 0), set(), threading.Lock()
    together = threading.Barrier(2 * workers, timeout=30)

    def work(device, job, wanted):
        with lock:
            inside[device] += 1
            seen.add((device, inside[device]))
        together.wait()
        with lock:
            inside[device] -= 1
        together.wait()

    side_by_side(Library(), workers, work, range(4 * workers), list("ab"))
    assert seen == {(device, n) for device in "ab" for n in range(1, workers + 1)}


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_stops_the_others(error):
    began, stopped, started = threading.Event(), threading.Event(), []

    def work(device, job, wanted):
        started.append(job)
        if job == 1:
            began.wait(30)
            raise error("it failed")
        began.set()
        while wanted():
            pass
        stopped.set()

    with pytest.raises(error, match="it failed"):
        side_by_side(Library(), 2, work, [0, 1, 2, 3, 4], [0])
    assert stopped.is_set()
    assert len(started) < 5


def test_ctrl_c_while_threads_start_stops_them_all(monkeypatch):
    """The jobs that have begun end before the interrupt is raised."""
    began, ended, starts = [], [], []
    start = threading.Thread.start

    def pressed(self):
        start(self)
        starts.append(self)
        if len(starts) == 2:
            signal.raise_signal(signal.SIGINT)

    def work(device, job, wanted):
        began.append(job)
        limit = time.monotonic() + 5
        while wanted() and time.monotonic() < limit:
            time.sleep(0.01)
        ended.append(wanted())

    monkeypatch.setattr(threading.Thread, "start", pressed)
    with pytest.raises(KeyboardInterrupt):
        side_by_side(Library(), 2, work, [0, 1, 2], [0])
    assert not any(thread.is_alive() for thread in starts)
    assert len(began) == len(ended)
    assert not any(ended)


def test_the_blas_has_one_thread_meanwhile_and_as_many_as_before_afterwards():
    library = file_of("numpy")
    before, during = library.workers(), []
    side_by_side(library, 2, lambda *_: during.append(library.workers()), [0, 1], [0])
    assert during == [1, 1]
    assert library.workers() == before


def test_a_fit_uses_one_thread_of_the_blas():
    library, during = file_of("numpy"), []
    before = library.workers()
    network = Network([64, 1], ["identity"], backend="numpy")
    look = [lambda network, history: during.append(library.workers())]
    fit(network, np.ones((20, 64)), np.ones(20), epochs=1, callbacks=look)
    assert during == [1]
    assert library.workers() == before


def test_the_threads_of_the_blas_are_restored_whichever_fit_ends_first():
    library = file_of("numpy")
    before, first, second = library.workers(), library.threads(), library.threads()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert library.workers() == 1
    second.__exit__(None, None, None)
    assert library.workers() == before


@pytest.mark.parametrize("samples", [{"cv": 4}, {"validation": (X[40:], LABELS[40:])}])
def test_a_path_is_the_same_with_two_workers(monkeypatch, samples):
    one = plain_path(X, LABELS, [0, 0.1, 1], seed=[0, 1], **samples, **KEEP)
    monkeypatch.setattr(PathSettings, "workers", lambda self: 2)
    two = plain_path(X, LABELS, [0, 0.1, 1], seed=[0, 1], **samples, **KEEP)
    np.testing.assert_array_equal(two.validation_scores_, one.validation_scores_)
    for name, values in one.curves_.items():
        np.testing.assert_allclose(two.curves_[name], values, rtol=1e-12)
    for mine, its in zip(two.member(1).weights, one.member(1).weights, strict=True):
        np.testing.assert_allclose(mine, its, rtol=1e-12)


def every_member(stacks):
    return sorted(
        (*group, lam) for stack in stacks for group in stack.groups for lam in stack.lambdas
    )


@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("most", [3, 7, 16, 100])
def test_a_plan_has_every_member_once_and_respects_the_memory(workers, most):
    rows = [20, 21, 20]
    stacks = plan(rows, 8, 2, most, workers)
    assert every_member(stacks) == [(f, s, m) for f in range(3) for s in range(2) for m in range(8)]
    for stack in stacks:
        assert len(stack.groups) * len(stack.lambdas) <= most // workers
        assert len({rows[f] for f, _ in stack.groups}) == 1


def test_a_plan_keeps_lambdas_together_if_possible():
    rows = [20] * 4
    whole = PlannedStack([(f, 0) for f in range(4)], list(range(8)), "1")
    assert plan(rows, 8, 1, 100) == [whole]
    assert {len(stack.lambdas) for stack in plan(rows, 8, 1, 17)} == {8}
    assert {len(stack.lambdas) for stack in plan(rows, 8, 1, 100, workers=2)} == {8}
    assert {len(stack.lambdas) for stack in plan(rows[:1], 8, 1, 100, workers=2)} == {4}


@pytest.mark.parametrize("rows", [[20] * 5, [20, 20, 21, 21, 21], [20] * 3, [20]])
@pytest.mark.parametrize("workers", [2, 4])
def test_a_plan_gives_all_workers_the_same_to_do(rows, workers):
    shares = [0] * workers
    for stack in plan(rows, 8, 1, 1000, workers):
        shares[shares.index(min(shares))] += stack.size()
    assert max(shares) - min(shares) <= 0.1 * sum(shares) / workers


def test_training_takes_no_more_memory_than_estimated():
    """The peak of a path, measured by tracemalloc, stays below max_memory."""
    import tracemalloc

    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(300, 200)).astype("float32"), rng.integers(0, 2, 300)
    options = {"validation": (x[:50], y[:50]), "hidden": (100, 50), "batch_size": 32}
    options |= {"epochs": 2, "progress": False, "backend": "numpy", "return_members": True}
    each = plain_path(x, y, [0], **options)._settings.memory_of(1)
    finished = 4 * (200 * 100 + 100 * 50 + 50 + 151)
    for most in (2, 8):
        tracemalloc.start()
        plain_path(x, y, 8, max_memory=most * each, **options)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        # Finished members and a few arrays as large as the samples come in addition.
        assert peak < most * each + 8 * finished + 4 * x.nbytes
        assert peak > 0.3 * most * each
