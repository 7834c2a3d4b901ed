"""A search on joblib's backends: the scores of one process, and no more threads than cores."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from clusters import client_of

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SEARCH = """
import os, sys, warnings
import joblib, numpy as np, threadpoolctl
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from xl2 import MLPClassifier

def look(estimator):
    used = [p["num_threads"] for p in threadpoolctl.threadpool_info() if p["user_api"] == "blas"]
    estimator.threads_ = max(used)

SCORING = {
    "loss": "neg_log_loss",
    "threads": lambda estimator, X, y: estimator.threads_,
    "process": lambda estimator, X, y: os.getpid(),
}

def search():
    X = np.random.default_rng(0).normal(size=(120, 4))
    network = MLPClassifier((30,), max_iter=8, random_state=0, backend="numpy", callbacks=look)
    grid = {"alpha": [0, 0.01, 1]}
    found = GridSearchCV(network, grid, cv=3, scoring=SCORING, refit="loss").fit(X, X[:, 0] > 0)
    def of(name):
        return np.array([found.cv_results_[f"split{k}_test_{name}"] for k in range(3)])
    return of("loss"), of("threads"), of("process"), found.best_estimator_.coefs_
"""

PROCESSES = """
if __name__ == "__main__":
    warnings.simplefilter("ignore", ConvergenceWarning)
    os.environ["PYTHONWARNINGS"] = "ignore"  # of the workers
    alone = search()
    name, *size = sys.argv[1:]
    if name == "loky":
        with joblib.parallel_config("loky", n_jobs=2):
            found = search()
    else:
        from distributed import Client, LocalCluster
        workers, threads = map(int, size)
        with LocalCluster(
            n_workers=workers, threads_per_worker=threads, dashboard_address=":0"
        ) as cluster, Client(cluster) as client:
            with joblib.parallel_config("dask"):
                found = search()
            # What a fit may use of its worker, for all threads of the worker together.
            may = client.run(lambda: __import__("xl2_numpy").workers())
        assert set(may.values()) == {1}, may
    assert np.array_equal(found[0], alone[0])
    assert all(np.array_equal(a, b) for a, b in zip(found[3], alone[3]))
    assert found[1].max() == 1, found[1]
    assert os.getpid() not in found[2]
    print("same")
"""


@pytest.mark.slow
@pytest.mark.parametrize("engine", [["loky"], ["dask", "2", "1"], ["dask", "1", "2"]], ids=" ".join)
def test_a_search_in_processes_uses_its_cores_once(tmp_path, engine):
    """Each worker's BLAS has one thread in a fit, and a fit on Dask no thread of its own."""
    pytest.importorskip("distributed", reason='needs pip install "xl2[dask]"')
    (tmp_path / "main.py").write_text(SEARCH + PROCESSES)
    # The environment does not limit the threads: joblib, Dask and the fit do.
    unset = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    done = subprocess.run(
        [sys.executable, tmp_path / "main.py", *engine],
        env={**unset, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "same"), done.stderr


@pytest.mark.parametrize("engine", ["threading", "dask"])
def test_a_search_in_threads_shares_the_cores_of_the_process(engine):
    import joblib

    names = {}
    exec(SEARCH, names)
    alone = names["search"]()
    if engine == "dask":
        with client_of(1, threads=2), joblib.parallel_config("dask"):
            found = names["search"]()
    else:
        with joblib.parallel_config("threading", n_jobs=2):
            found = names["search"]()
    np.testing.assert_array_equal(found[0], alone[0])
    for a, b in zip(found[3], alone[3], strict=True):
        np.testing.assert_array_equal(a, b)
    assert found[1].max() == alone[1].max() == 1
    assert (found[2] == os.getpid()).all()


def test_fits_side_by_side_divide_the_cores(monkeypatch):
    """What compiled runs are given, while one to four of them compute on four cores."""
    import xl2_numpy

    limit = xl2_numpy._Limit()
    monkeypatch.setattr(xl2_numpy, "workers", lambda: 4)
    given = []
    with limit, limit.share() as first, limit.share() as second, limit.share() as third:
        given += [first, second, third]
        with limit.share() as fourth:
            given.append(fourth)
    assert given == [4, 2, 1, 1]
