"""Threads, tasks and processes do not affect each other's backends and results."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from plain_paths import plain_path

import xl2
from xl2 import Network, fit
from xl2.array.libraries import is_installed
from xl2.array.switch import resolve

THREADS = 16
STRICT = pytest.mark.skipif(
    not is_installed("array_api_strict"), reason="array-api-strict, a second library, is absent"
)
RNG = np.random.default_rng(0)
X = RNG.standard_normal((200, 6))
Y = (X[:, 0] * X[:, 1] > 0).astype(int)


def trained(seed, backend="numpy", device=None):
    """Return the bytes of the parameters and the losses of a fit."""
    network = Network(
        [6, 8, 2], ["tanh", "softmax"], "he", seed=seed, backend=backend, device=device
    )
    history = fit(
        network,
        X,
        Y,
        epochs=3,
        batch_size=16,
        optimizer="adam",
        dropout=0.2,
        penalty=0.1,
        seed=seed,
    )
    found = [network.backend.to_numpy(p) for layer in network.parameters for p in layer]
    return b"".join(p.tobytes() for p in [*found, np.array(history.loss)])


@STRICT
@pytest.mark.installed
def test_sixteen_threads_choose_backends_independently(monkeypatch):
    monkeypatch.delenv("XL2_BACKEND", raising=False)
    together, wrong = threading.Barrier(THREADS, timeout=60), []
    choices = [("numpy", None), ("array_api_strict", "device1"), ("array_api_strict", "device2")]

    def work(number):
        for turn in range(50):
            name, device = choices[(number + turn) % 3]
            together.wait()
            with xl2.use_backend(name, device):
                other, its = choices[(number + turn + 1) % 3]
                with xl2.use_backend(other, its):
                    seen = resolve()
                    if seen.name != other or (its or "") not in str(seen.device):
                        wrong.append((number, turn, str(seen)))
                seen = Network([2, 1], "relu").backend
                if seen != resolve(name, device):
                    wrong.append((number, turn, str(seen)))
            if resolve().name != "numpy":
                wrong.append((number, turn, "left behind"))

    with ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(work, number) for number in range(THREADS)]:
            done.result()
    assert wrong == []


@STRICT
@pytest.mark.installed
def test_the_backend_of_the_process_changes_atomically_for_all_threads():
    """While some threads set it, others see one of the choices, never a mixture."""
    wanted = {("numpy", "cpu"), ("array_api_strict", "device1")}
    wrong, ended = [], threading.Event()

    def look():
        while not ended.is_set():
            found = resolve()
            device = "device1" if "device1" in str(found.device) else "cpu"
            if (found.name, device) not in wanted:
                wrong.append(found)

    def choose():
        for _ in range(200):
            xl2.set_backend("array_api_strict", "device1")
            xl2.set_backend("numpy", "cpu")

    xl2.set_backend("numpy", "cpu")
    try:
        with ThreadPoolExecutor(THREADS) as pool:
            looking = [pool.submit(look) for _ in range(THREADS // 2)]
            choosing = [pool.submit(choose) for _ in range(THREADS // 2)]
            for done in choosing:
                done.result()
            ended.set()
            for done in looking:
                done.result()
    finally:
        ended.set()
        xl2.set_backend(None)
    assert wrong == []


@STRICT
@pytest.mark.installed
def test_a_hundred_tasks_choose_backends_independently(monkeypatch):
    monkeypatch.delenv("XL2_BACKEND", raising=False)

    async def work(number):
        name = ("numpy", "array_api_strict")[number % 2]
        seen = []
        with xl2.use_backend(name):
            for _ in range(20):
                await asyncio.sleep(0)
                seen.append(xl2.get_backend().name)
            # A thread that a task starts with asyncio has the task's backend.
            seen.append(await asyncio.to_thread(lambda: xl2.get_backend().name))
        assert seen == [name] * 21
        return xl2.get_backend().name

    async def all_of_them():
        return await asyncio.gather(*map(work, range(100)))

    assert asyncio.run(all_of_them()) == ["numpy"] * 100


def test_fits_in_threads_give_the_bytes_of_fits_alone(where):
    alone = [trained(seed, **where) for seed in range(4)]
    assert len(set(alone)) == 4
    together = threading.Barrier(4, timeout=60)

    def work(seed):
        together.wait()
        return trained(seed, **where)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(4))) == alone


@pytest.mark.host
def test_a_path_has_the_same_bytes_while_others_train():
    """Scores too, although the number of BLAS threads is that of the whole process."""
    options = {"cv": 3, "hidden": (8,), "epochs": 3, "progress": False, "backend": "numpy"}
    options |= {"return_members": True}

    def path():
        found = plain_path(X, Y, [0, 0.1, 1], **options)
        return found.validation_scores_.tobytes(), found.member(1).weights[0].tobytes()

    alone = path()
    with ThreadPoolExecutor(4) as pool:
        others = [pool.submit(trained, seed) for seed in range(20)]
        assert [pool.submit(path).result() for _ in range(3)] == [alone] * 3
        assert [other.result() for other in others] == [trained(seed) for seed in range(20)]


METHODS = [
    m for m in ("fork", "spawn", "forkserver") if m in multiprocessing.get_all_start_methods()
]
PROCESSES = """
import multiprocessing, sys
from concurrent.futures import ProcessPoolExecutor
import test_concurrency as t
if __name__ == "__main__":
    method = sys.argv[1]
    alone = [t.trained(seed) for seed in range(3)]
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(method)) as pool:
        assert list(pool.map(t.trained, range(3), timeout=100)) == alone
        chosen = pool.submit(t.chosen).result(100)
    print(chosen)
"""


def chosen():
    """Return the name of the backend in this process."""
    return xl2.get_backend().name


@pytest.mark.host
@pytest.mark.parametrize("method", METHODS)
def test_a_process_gives_the_bytes_of_its_parent(tmp_path, method):
    """Even after a fit in the parent, whose BLAS has threads that a fork does not have."""
    (tmp_path / "main.py").write_text(PROCESSES)
    path = os.pathsep.join([os.path.dirname(__file__), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", tmp_path / "main.py", method],
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "numpy"), done.stderr


LOKY = """
import joblib, sys, threadpoolctl, numpy as np, xl2

def work(seed):
    seen = []
    def look(network, history):
        seen.append(threads())
    network = xl2.Network([6, 8, 2], ["tanh", "softmax"], seed=seed)
    X = np.random.default_rng(seed).standard_normal((200, 6))
    before = threads()
    xl2.fit(network, X, (X[:, 0] > 0).astype(int), epochs=2, callbacks=[look])
    return before, max(seen), threads(), network.weights[0].tobytes()

def threads():
    return max(p["num_threads"] for p in threadpoolctl.threadpool_info() if p["user_api"] == "blas")

if __name__ == "__main__":
    alone = [work(seed)[3] for seed in range(4)]
    found = joblib.Parallel(n_jobs=2, backend="loky")(joblib.delayed(work)(s) for s in range(4))
    assert [f[3] for f in found] == alone
    print(max(f[0] for f in found), max(f[1] for f in found), max(f[2] for f in found))
"""


@pytest.mark.host
def test_workers_of_joblib_do_not_use_more_threads_than_cores(tmp_path):
    """Two workers with small products use one BLAS thread each while they train."""
    (tmp_path / "main.py").write_text(LOKY)
    # The environment does not limit the threads: joblib and the fit do.
    unset = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    done = subprocess.run(
        [sys.executable, tmp_path / "main.py"],
        env={**unset, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    before, during, after = map(int, done.stdout.split())
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert during == 1
    assert before == after == max(1, cores // 2)
