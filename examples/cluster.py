"""
A path on a cluster, with a worker that dies
============================================

A path is many networks that do not depend on one another, and Dask distributes them over the
processes of a cluster. Here the cluster is a scheduler and two workers on this machine, one of
which is killed while it trains. The results are those of one machine without a cluster: byte by
byte with xl2's compiled code, and without it but for rounding.

It needs ``pip install "xl2[dask]"``.
"""

# %%
# A small cluster
# ---------------
#
# On a real one, ``dask scheduler`` runs on one machine and ``dask worker tcp://HOST:8786`` on each
# of the others. ``xl2.regularization_path`` takes the client of any of them.

import importlib.util
import subprocess
import sys
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import numpy as np

import xl2

if importlib.util.find_spec("distributed") is None:
    raise SystemExit('This example needs pip install "xl2[dask]".')
from distributed import Client, get_task_stream

folder = TemporaryDirectory()
address = str(Path(folder.name) / "scheduler.json")
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder.name}


def start(kind, *options):
    """Start a scheduler or a worker of Dask as a process."""
    command = [sys.executable, "-m", "dask", kind, "--scheduler-file", address, "--no-dashboard"]
    return subprocess.Popen([*command, *options], **QUIET)


processes = [start("scheduler", "--port", "0")]
processes += [start("worker", "--nthreads", "1", "--no-nanny", "--name", name) for name in "ab"]
client = Client(scheduler_file=address, timeout=60)
client.wait_for_workers(2, timeout=60)
names = {at: info["name"] for at, info in client.scheduler_info()["workers"].items()}
print("workers:", *sorted(names.values()))

# %%
# The path, here and there
# ------------------------
#
# Forty networks: four lambdas, five folds and two seeds. First without the cluster.

digits = xl2.load_data("digits")
SETTINGS = {"lambdas": [0, 1, 10, 50], "seed": range(2), "hidden": (50, 25), "epochs": 80}


def train(**where):
    """Train the path, without a progress bar."""
    return xl2.regularization_path(digits.X, digits.y, **SETTINGS, **where, progress=False)


here = train()
print(here)

# %%
# Then with it. As soon as worker b has begun to train, it has a quarter of a second to live.

victim = next(at for at, name in names.items() if name == "b")
moments = {}


def kill_worker():
    """Wait until the worker trains, and kill its process a little later."""
    while not client.processing()[victim]:
        time.sleep(0.02)
    moments["begun"] = time.time()
    time.sleep(0.25)
    moments["stacks lost"] = len(client.processing()[victim])
    processes[2].kill()
    moments["killed"] = time.time()


with get_task_stream(client, plot=False) as stream:
    thread = threading.Thread(target=kill_worker)
    thread.start()
    began = time.time()
    there = train(client=client)
    seconds = time.time() - began
    thread.join()
print(f"worker b was killed with {moments['stacks lost']} of the stacks of networks to train")
print("workers left:", *(info["name"] for info in client.scheduler_info()["workers"].values()))

# %%
# The same bytes
# --------------
#
# Scores, curves and the weights of the model that is trained on all samples:

same = {
    "validation scores": np.array_equal(
        here.validation_scores_by_seed_, there.validation_scores_by_seed_
    ),
    "curves": all(
        np.array_equal(here.curves_[name], there.curves_[name], equal_nan=True)
        for name in here.curves_
    ),
    "weights": all(
        p.tobytes() == q.tobytes()
        for one, other in zip(
            here.best_model_.network.host_parameters(),
            there.best_model_.network.host_parameters(),
            strict=True,
        )
        for p, q in zip(one, other, strict=True)
    ),
}
for name, equal in same.items():
    print(f"{name} are equal: {equal}")
client.shutdown()
client.close()
for process in processes:
    process.wait(timeout=60)
folder.cleanup()

# %%
# When the workers trained which stack of networks. What worker b had begun was lost, and trained
# again by worker a: from its last checkpoint, if the path has a ``checkpoint=``.

figure, ax = plt.subplots(figsize=(8, 2.6), layout="constrained")
for task in stream.data:
    for part in task["startstops"]:
        if part["action"] == "compute":
            row = {"a": 1, "b": 0}[names[task["worker"]]]
            begin, end = part["start"] - began, part["stop"] - began
            ax.barh(row, end - begin, left=begin, height=0.5, color="#0072B2", edgecolor="white")
begin, end = moments["begun"] - began, moments["killed"] - began
ax.barh(0, end - begin, left=begin, height=0.5, color="#E69F00", hatch="//", edgecolor="white")
ax.plot(end, 0, "X", color="#D55E00", markersize=12)
ax.annotate("killed", (end, 0), xytext=(12, 0), textcoords="offset points", va="center")
ax.set_yticks([1, 0], ["worker a", "worker b"])
ax.set(xlabel="seconds since the path began", ylim=(-0.6, 1.6), xlim=(0, seconds))
plt.show()
