"""A path on a Dask cluster of processes: killed workers, a dead scheduler, other versions."""

import os
import random
import re
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from plain_paths import plain_path

from xl2 import load_data
from xl2.errors import ClusterError

distributed = pytest.importorskip("distributed", reason='no Dask: pip install "xl2[dask]"')
pytestmark = [
    pytest.mark.host,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:Training has not finished"),
]

DIGITS = load_data("digits")
OPTIONS = {"standardize": True, "epochs": 60, "refit": "best", "progress": False}


def train(client=None, **more):
    return plain_path(DIGITS.X, DIGITS.y, client=client, **{**OPTIONS, **more})


def numbers(path):
    networks = [model.network for model in path.models_.values()]
    weights = [w for network in networks for layer in network.host_parameters() for w in layer]
    found = [*path.curves_.values(), path.validation_scores_by_seed_, *weights]
    return [np.asarray(array).tobytes() for array in found]


@pytest.fixture
def whole(compiled_code):
    return numbers(train())


class Program:
    """A program of Dask, such as ``dask scheduler``, that ends with the test."""

    def __init__(self, *arguments, env=None):
        self.reader = None
        self.process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, **(env or {})},
        )

    def wait_for(self, pattern):
        """Return what a line of the output has in the group of a pattern."""
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if found := re.search(pattern, line):
                self.reader = threading.Thread(target=self.process.stdout.read)
                self.reader.start()  # else a full pipe would stop the program
                return found.group(1)
        raise AssertionError("".join(lines))

    def kill(self):
        self.process.kill()
        self.process.wait()
        if self.reader is not None:
            self.reader.join()
        self.process.stdout.close()


@pytest.fixture
def dask_program():
    begun = []

    def begin(*arguments, **options):
        begun.append(Program(*arguments, **options))
        return begun[-1]

    yield begin
    for program in begun:
        program.kill()


@pytest.fixture
def scheduler(dask_program):
    program = dask_program(
        "distributed.cli.dask_scheduler", "--port", "0", "--no-dashboard", "--host", "127.0.0.1"
    )
    program.address = program.wait_for(r"Scheduler at: +(tcp://\S+)")
    return program


def worker(dask_program, scheduler, *more, **options):
    program = dask_program(
        "distributed.cli.dask_worker",
        scheduler.address,
        "--nthreads=1",
        "--no-nanny",
        "--no-dashboard",
        *more,
        **options,
    )
    program.wait_for(r"(Registered to)")
    return program


@pytest.mark.parametrize("saved", [True, False])
def test_workers_are_killed_ten_times(tmp_path, whole, saved):
    rng, kills = random.Random(4), 0
    with (
        distributed.LocalCluster(
            n_workers=3, threads_per_worker=1, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        attempt = 0
        while kills < 10:
            attempt += 1
            done = threading.Event()

            def kill(done=done):
                nonlocal kills
                while not done.wait(rng.uniform(0.5, 2.0)):
                    alive = [n.process for n in cluster.workers.values() if n.process is not None]
                    pids = [one.pid for one in alive if one.pid]
                    if pids and kills < 10:
                        os.kill(rng.choice(pids), signal.SIGKILL)
                        kills += 1

            killer = threading.Thread(target=kill)
            killer.start()
            try:
                checkpoint = {"checkpoint": tmp_path / f"{attempt}", "every": 10} if saved else {}
                found = numbers(train(client, epochs=60, **checkpoint))
            finally:
                done.set()
                killer.join()
            assert found == whole


def test_a_scheduler_that_dies_costs_what_came_after_the_checkpoints(
    scheduler, dask_program, tmp_path, compiled_code
):
    worker(dask_program, scheduler)
    options = {"checkpoint": tmp_path / "p", "epochs": 600, "every": 5, "refit": False}
    killer = threading.Timer(6.0, scheduler.kill)
    with distributed.Client(scheduler.address, set_as_default=False) as client:
        killer.start()
        with pytest.raises(ClusterError, match=r"does not answer any more.*resume=True"):
            train(client, **options)
    assert list((tmp_path / "p").glob("stack-*"))
    assert numbers(train(resume=True, **options)) == numbers(train(epochs=600, refit=False))


def test_a_worker_with_another_version_is_named(scheduler, dask_program, tmp_path):
    (tmp_path / "older.py").write_text(
        "import xl2.training.fingerprint as f\nf.own_version = lambda: '0.0.1'\n"
    )
    worker(dask_program, scheduler)
    worker(dask_program, scheduler, "--preload", str(tmp_path / "older.py"))
    with distributed.Client(scheduler.address, set_as_default=False) as client:
        client.wait_for_workers(2)
        with pytest.raises(ClusterError, match=r"worker tcp://\S+ has another xl2: version 0.0.1"):
            train(client)


def test_the_command_line_on_a_cluster_and_ctrl_c(tmp_path, scheduler, dask_program):
    for _ in range(2):
        worker(dask_program, scheduler)
    command = [
        sys.executable,
        "-c",
        "from xl2.cli import main; main()",
        "path",
        "digits",
        "--epochs",
        "60",
        "--json",
    ]
    command += ["--no-experiments", "--backend", "numpy"]

    def run(*more):
        return subprocess.run(
            [*command, *more], cwd=tmp_path, capture_output=True, text=True, check=False
        )

    def parts_of(text):
        """Return the words and the numbers of an output."""
        text = re.sub(r'"seconds": [\d.]+', "", text)
        number = r"-?\d+\.\d+(?:e-?\d+)?"
        return re.split(number, text), [float(one) for one in re.findall(number, text)]

    here = run()
    assert here.returncode == 0, here.stderr
    there = run("--dask", scheduler.address)
    assert there.returncode == 0, there.stderr
    (words, found), (own_words, own) = parts_of(there.stdout), parts_of(here.stdout)
    assert words == own_words
    # Without compiled code the sums of a stack depend on its size.
    np.testing.assert_allclose(found, own, rtol=1e-5)
    longer = ["--epochs", "1500", "--checkpoint", "p", "--every", "1000"]
    begun = subprocess.Popen(
        [*command, *longer, "--dask", "local:2"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    for _ in range(600):
        time.sleep(0.1)
        if (tmp_path / "p" / "plan").exists():
            break
    time.sleep(5.0)  # stacks have been sent, and are trained for much longer
    os.killpg(begun.pid, signal.SIGINT)  # as a terminal does, to the workers too
    _, errors = begun.communicate(timeout=60)
    assert begun.returncode == 130, errors
    assert "To continue: xl2 path digits" in errors
    saved = list((tmp_path / "p").glob("stack-*"))
    assert saved
    assert run(*longer, "--resume", "--dask", scheduler.address).returncode == 0
