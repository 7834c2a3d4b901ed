"""A program that is one process of distributed fits, and functions that start some and wait.

``python distributed_cases.py BACKEND FOLDER CASE...`` runs the cases, in the same order in all
processes, and writes their results to ``FOLDER/RANK.json``. A case is a function of the backend, a
scratch folder and the rank, and returns what JSON can hold.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np

from xl2 import Adam, Network, XL2Error, fit
from xl2.array.rows import LazyRows
from xl2.training import fingerprint
from xl2.training.loop import Keep

RNG = np.random.default_rng(0)
X = RNG.normal(size=(103, 7))
LABELS = (X[:, 0] + X[:, 1] ** 2 > 1).astype(int)
VALUES = np.column_stack([2 * X[:, 0] + X[:, 1], X[:, 2]])
WEIGHTS = RNG.uniform(0, 2, size=103)
WEIGHTS[5:9] = 0
GROUPS = np.stack([np.arange(60), np.arange(40, 100)])

# Settings of fits that must not depend on the number of processes. 103 samples make mini-batches
# of 15 and 14.
SETTINGS = {
    "sgd": {"validation": (X[:9], LABELS[:9])},
    "adam": {"optimizer": "adam", "dropout": 0.3, "penalty": 0.5, "sample_weight": WEIGHTS},
    "short": {
        "optimizer": "momentum",
        "batch_size": 10,
        "even_batches": False,
        "schedule": "cosine",
        "label_smoothing": 0.2,
    },
    # Fewer samples than processes, in mini-batches and for validation.
    "few": {
        "rows": np.arange(21),
        "batch_size": 2,
        "sample_weight": WEIGHTS,
        "dropout": 0.2,
        "validation": (X[:1], LABELS[:1]),
    },
    "in order": {"shuffle": False, "penalty": 0.1, "rows": np.arange(90)},
    "stack": {
        "stack": 3,
        "penalty": [0, 0.1, 1],
        "optimizer": Adam(scale_rate=6.0),
        "dropout": 0.3,
        "sample_weight": WEIGHTS,
    },
    "groups": {
        "stack": (2, 2),
        "penalty": [0, 0.1],
        "rows": GROUPS,
        "seed": [1, 2],
        "sample_weight": WEIGHTS,
        "dropout": 0.3,
        "validation": (X, LABELS),
        "batch_size": 7,
        "schedule": "one_cycle",
        "label_smoothing": 0.2,
    },
    "values": {
        "y": VALUES,
        "optimizer": "nesterov",
        "batch_size": 25,
        "even_batches": False,
        "validation": (X[:30], VALUES[:30]),
    },
    # Of one size each, for JAX: more than its devices, and fewer.
    "even": {
        "rows": np.arange(100),
        "batch_size": 25,
        "optimizer": "adam",
        "dropout": 0.3,
        "sample_weight": WEIGHTS,
        "penalty": 0.5,
    },
    "even few": {"rows": np.arange(12), "batch_size": 3, "stack": 2, "penalty": [0, 1]},
}


def make(backend, y=LABELS, stack=None):
    kind = "identity" if y is VALUES else "softmax"
    where = {"backend": backend} if isinstance(backend, str) else backend
    layers = ["tanh", "relu", kind]
    return Network([7, 6, 5, 2], layers, stack=stack, dtype="float64", seed=3, **where)


def trained(name, backend, x=X, **more):
    """Return parameters and curves of a fit, as lists."""
    settings = {"epochs": 2, "batch_size": 16, "learning_rate": 0.05, **SETTINGS[name], **more}
    y, stack = settings.pop("y", LABELS), settings.pop("stack", None)
    network = make(backend, y, stack)
    return told(network, fit(network, x, y, **settings))


def told(network, history):
    curves = {
        name: [np.asarray(value).tolist() for value in values]
        for name, values in vars(history).items()
        if name not in ("seconds", "diverged")
    }
    parameters = [array.tolist() for layer in network.host_parameters() for array in layer]
    return {"parameters": parameters, "curves": curves}


def refused(backend, **settings):
    """Return the error of a fit, and whether the network was left as it was."""
    network = make(backend, settings.get("y", LABELS))
    before = network.host_parameters()
    data = settings.pop("X", X), settings.pop("y", LABELS)
    try:
        fit(network, *data, **{"epochs": 3, "distributed": True, **settings})
    except (XL2Error, RuntimeError, KeyboardInterrupt) as error:
        after = network.host_parameters()
        same = all(
            np.array_equal(p, q)
            for one, other in zip(before, after, strict=True)
            for p, q in zip(one, other, strict=True)
        )
        return type(error).__name__, str(error), same
    return None


def equal(backend, folder, rank, names):
    return {name: trained(name, backend, distributed=True) for name in names}


def two_seeds(backend, folder, rank):
    return refused(backend, seed=rank)


def two_sets(backend, folder, rank):
    return refused(backend, X=X + rank, epochs=3 + rank)


def two_checkpoints(backend, folder, rank):
    """Process 1 does not see the file of process 0."""
    path = folder / f"own_{rank}"
    settings = {**SETTINGS["sgd"], "epochs": 2, "checkpoint": path}
    if rank == 0:
        fit(make(backend), X, LABELS, **settings)
    return refused(backend, resume=True, **settings)


def bad_argument(backend, folder, rank):
    return refused(backend, y=LABELS if rank else LABELS[:-1])


def bad_row(backend, folder, rank):
    """A row in the last process's part of a mini-batch is not a number."""
    path, damaged = folder / f"x_{rank}.npy", X.copy()
    damaged[100] = np.nan
    np.save(path, damaged)
    before = fingerprint.BLOCK
    fingerprint.BLOCK = X[0].nbytes  # of a large file it does not read all
    try:
        return refused(backend, X=np.load(path, mmap_mode="r"), shuffle=False)
    finally:
        fingerprint.BLOCK = before


def diverging(backend, folder, rank):
    return refused(backend, y=VALUES, learning_rate=1e3, loss="squared_error")


def failing_callback(backend, folder, rank):
    def call(network, history):
        if rank == 1:
            raise RuntimeError("no space left")

    return refused(backend, callbacks=[call])


class Failing:
    """A callback that fails in one of its methods, at the first call or the second."""

    def __init__(self, where, call=1):
        self.where, self.left = where, call

    def _fail(self, where):
        self.left -= where == self.where
        if not self.left:
            raise RuntimeError("no space left")

    def watch(self, watched):
        self._fail("watch")
        return contextlib.nullcontext()

    def state_dict(self):
        self._fail("state")
        return {}

    def load_state_dict(self, state):
        pass

    def __call__(self, network, history):
        return Keep(self) if self.where == "answer" else None

    def __iter__(self):
        self._fail("answer")
        return iter([])


def failing(backend, folder, rank, places):
    """In process 0, which alone writes the checkpoint, something fails that is no sample."""
    found = {}
    for place in places:
        options = {"learning_rate": -1} if place == "setting" else {}
        options |= {"penalty": -1} if place == "penalty" else {}
        callback = Failing(place, 2 if place == "state" else 1) if rank == 0 else Failing("")
        found[place] = refused(
            backend,
            callbacks=[callback],
            checkpoint=folder / f"failing {place}",
            **options if rank == 0 else {},
        )
    return found


def two_places(backend, folder, rank):
    """Equal samples, in the memory of one process and in a file of the other."""
    path = folder / "x.npy"
    if rank == 0:
        np.save(path, X)
    return refused(backend, X=X if rank else np.load(path, mmap_mode="r"))


def own_gpu(backend, folder, rank):
    """Return the device of a second fit in a group that xl2 made, as if there were GPUs."""
    import torch

    from xl2_torch_distributed import processes

    peers = processes(torch.device("cuda", 0), "")
    return str(peers.place(make(backend).backend).device)


def failing_sum(backend, folder, rank):
    """An array to be summed cannot be computed: no other process is lost."""
    import torch

    from xl2_torch_distributed import processes

    def arrays():
        yield torch.zeros(3)
        raise RuntimeError("not enough memory")

    try:
        processes(None, "").all_sum(arrays())
    except RuntimeError as error:
        return type(error).__name__, str(error)


def answers(backend, folder, rank):
    """Process 0 ends the training after two epochs, process 1 would after one."""
    return trained(
        "sgd",
        backend,
        epochs=4,
        callbacks=[lambda network, history: len(history) > 1 - rank],
        distributed=True,
    )


def fewer_members(backend, folder, rank):
    return trained(
        "stack",
        backend,
        callbacks=[lambda network, history: Keep([0, 2]) if len(history) == 1 else None],
        distributed=True,
    )


class Recorded(LazyRows):
    """Rows that note which of them were read, and call a function before the n-th read."""

    def __init__(self, number=None, call=None):
        super().__init__(X.shape, X.dtype)
        self.read, self.number, self.call, self.reads = [], number, call, 0

    def _between(self, start, stop):
        return X[start:stop]

    def _numbered(self, rows):
        self.reads += 1
        if self.reads == self.number:
            self.call()
        self.read += rows.tolist()
        return X[rows]


def interrupted(backend, folder, rank):
    """Process 1 alone gets Ctrl-C, within the second epoch; all stop, and go on."""
    options = {"epochs": 3, "checkpoint": folder / "saved", "distributed": True}
    # An epoch is two reads, of the larger mini-batches and of the others.
    rows = Recorded(3, lambda: rank == 1 and signal.raise_signal(signal.SIGINT))
    try:
        trained("adam", backend, x=rows, **options)
    except KeyboardInterrupt:
        stopped_at = rows.reads
    return {**trained("adam", backend, resume=True, **options), "stopped at": stopped_at}


def rows_on_disk(backend, folder, rank):
    """Return also the rows that were read in the second epoch."""
    rows = Recorded()
    found = trained(
        "adam",
        backend,
        x=rows,
        callbacks=[lambda network, history: rows.read.clear() if len(history) == 1 else None],
        distributed=True,
    )
    return {**found, "read": rows.read}


def progress(backend, folder, rank):
    return trained("sgd", backend, progress=True, distributed=True)


def iterable(backend, folder, rank):
    return refused(backend, X=[(X, LABELS)], y=None)


def divided(backend, folder, rank):
    """Return on how many devices JAX trains, the rows of each, and whether it sums gradients."""
    import jax

    import xl2_jax

    texts, places, scan = [], [], xl2_jax._scan

    def recording(step, size):
        program = scan(step, size)

        def run(*arguments):
            texts.append(program.lower(*arguments).compile().as_text())
            return program(*arguments)

        return run

    xl2_jax._scan = recording
    try:
        trained(
            "even",
            backend,
            callbacks=[lambda network, history: places.append(network.parameters[0].weight)],
            distributed=True,
        )
    finally:
        xl2_jax._scan = scan
    # 25 rows of a mini-batch are 4 on each of 8 devices, the last with padding.
    rows = "f64[4,7]" in texts[0]
    return len(places[0].sharding.device_set), len(jax.devices()), rows, "all-reduce" in texts[0]


def killed(backend, folder, rank):
    """Train slowly, with a checkpoint; tell when the second epoch is done."""

    def call(network, history):
        if len(history) == 2:
            (folder / f"begun_{rank}").touch()

    options = {"epochs": 40, "callbacks": [call], "checkpoint": folder / "saved", "resume": True}
    try:
        return trained("adam", backend, distributed=True, **options)
    except XL2Error as error:
        return type(error).__name__, str(error)


def main():
    backend, folder, *names = sys.argv[1:]
    rank = int(os.environ["RANK"])
    if where := os.environ.get("XL2_TEST_RENDEZVOUS"):
        import torch.distributed as dist

        dist.init_process_group(
            "gloo", f"file://{where}", rank=rank, world_size=int(os.environ["WORLD_SIZE"])
        )
    if backend == "jax" and int(os.environ["WORLD_SIZE"]) > 1:
        import jax

        address = f"localhost:{os.environ['MASTER_PORT']}"
        jax.distributed.initialize(address, int(os.environ["WORLD_SIZE"]), rank)
    functions, found = globals(), {}
    for name in names:
        case, _, own = name.partition(":")
        more = [own.split(",")] if own else []
        found[case] = functions[case](backend, Path(folder), rank, *more)
        (Path(folder) / f"{rank}.json").write_text(json.dumps(found))
    if where:
        dist.destroy_process_group()  # else gloo's threads may abort the process


def command(backend, folder, *names):
    return [sys.executable, __file__, backend, str(folder), *names]


def environment(rank, count, **more):
    """Return the environment of a process, with the path of this one."""
    path = os.pathsep.join(folder for folder in sys.path if folder)
    given = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": count, "MASTER_ADDR": "localhost"}
    own = {name: str(value) for name, value in {**given, **more}.items()}
    return {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", **own}


def free_port():
    with socket.socket() as found:
        found.bind(("localhost", 0))
        return found.getsockname()[1]


@contextlib.contextmanager
def started(count, backend, folder, *names, **more):
    """Start processes; end those that are left."""
    more = {"MASTER_PORT": free_port(), **more}
    pipe = subprocess.PIPE
    processes = [
        subprocess.Popen(
            command(backend, folder, *names),
            env=environment(rank, count, **more),
            stdout=pipe,
            stderr=pipe,
            text=True,
        )
        for rank in range(count)
    ]
    try:
        yield processes
    finally:
        for one in processes:
            one.kill()
            one.communicate()


def results(count, backend, folder, *names, **more):
    """Run cases in several processes; return their results and what they wrote, by rank."""
    with started(count, backend, folder, *names, **more) as processes:
        written = [one.communicate(timeout=300) for one in processes]
    for one, (_, errors) in zip(processes, written, strict=True):
        assert one.returncode == 0, errors
    found = [json.loads((folder / f"{rank}.json").read_text()) for rank in range(count)]
    return found, [errors for _, errors in written]


if __name__ == "__main__":
    main()
