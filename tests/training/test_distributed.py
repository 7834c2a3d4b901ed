"""A fit of several processes or devices equals the fit of one; if it cannot go on, all say so."""

import functools
import operator
import os
import random
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import distributed_cases as cases
import numpy as np
import pytest

from xl2 import BackendError, DivergenceError, InputError, fit
from xl2.array.operations import choose
from xl2.array.peers import Peers
from xl2.nn.step import run_batches

FAULTS = [
    *("two_seeds", "two_sets", "two_checkpoints", "bad_argument", "bad_row", "diverging"),
    *("failing_callback", "answers", "fewer_members", "interrupted", "rows_on_disk"),
    *("progress", "iterable", "two_places", "own_gpu", "failing_sum"),
    "failing:setting,penalty,watch,answer,state",
]
EIGHT = {"XLA_FLAGS": f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count=8"}


@pytest.fixture
def torch(backend):
    if backend.name != "torch":
        pytest.skip("about processes of PyTorch")


@pytest.fixture
def jax(backend):
    if backend.name != "jax":
        pytest.skip("about devices of JAX")


@pytest.fixture(scope="module")
def of_torch(tmp_path_factory):
    """Return the results of all cases of PyTorch in two processes, and what these wrote."""
    names = ",".join(cases.SETTINGS)
    folder = tmp_path_factory.mktemp("two")
    return cases.results(2, "torch", folder, f"equal:{names}", *FAULTS)


@pytest.fixture
def two(torch, request):
    """Return `of_torch`, if PyTorch is the backend under test."""
    return request.getfixturevalue("of_torch")


@pytest.fixture
def found(two):
    """Return the results of a case by rank, as a function of its name."""
    return lambda name: [one[name] for one in two[0]]


class Threads(Peers):
    """Threads of one process as peers."""

    def __init__(self, rank, count, meeting, passed):
        self.rank, self.count, self.parts = rank, count, count
        self.meeting, self.passed = meeting, passed

    def gather(self, value):
        self.meeting.wait(60)
        self.passed[self.rank] = value
        self.meeting.wait(60)
        return list(self.passed)

    def all_sum(self, arrays):
        every = self.gather(list(arrays))
        return [functools.reduce(operator.add, parts) for parts in zip(*every, strict=True)]


def in_threads(monkeypatch, count, train):
    """Return the results of a distributed fit in some threads."""
    own, meeting, passed = threading.local(), threading.Barrier(count), [None] * count
    monkeypatch.setattr("xl2.training.fit.peers_of", lambda *_: own.peers)

    def run(rank):
        own.peers = Threads(rank, count, meeting, passed)
        return train()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def assert_close(one, other):
    for p, q in zip(one["parameters"], other["parameters"], strict=True):
        np.testing.assert_allclose(p, q, rtol=0, atol=1e-10)
    assert one["curves"].keys() == other["curves"].keys()
    for name, values in one["curves"].items():
        for value, wanted in zip(values, other["curves"][name], strict=True):
            np.testing.assert_allclose(value, wanted, rtol=0, atol=1e-10)


def assert_equal_to_one_process(found, names):
    """On NumPy, in one process."""
    for name in names:
        wanted = cases.trained(name, "numpy")
        for one in found:
            assert one["equal"][name] == found[0]["equal"][name]  # every bit of them
            assert_close(one["equal"][name], wanted)


@pytest.mark.parametrize("name", ["few", "groups", "values"])
def test_the_portable_parts_of_a_step_sum_to_the_whole(backend, where, monkeypatch, name):
    if choose(backend.library, run_batches) is not run_batches or backend.name == "torch":
        pytest.skip("the backend takes whole batches, or has processes of its own")
    found = in_threads(monkeypatch, 3, lambda: cases.trained(name, where, distributed=True))
    wanted = cases.trained(name, "numpy")
    for one in found:
        assert_close(one, wanted)


def test_two_processes_equal_one(two):
    assert_equal_to_one_process(two[0], cases.SETTINGS)


@pytest.mark.slow
def test_three_processes_equal_one(torch, tmp_path):
    """In a process group that the program made."""
    names = ["adam", "few", "groups"]
    where = {"XL2_TEST_RENDEZVOUS": tmp_path / "meeting"}
    found, _ = cases.results(3, "torch", tmp_path, f"equal:{','.join(names)}", **where)
    assert_equal_to_one_process(found, names)


def test_different_settings_are_named_in_all_processes(found):
    for kind, text, same in found("two_seeds"):
        assert kind == "PeerError"
        assert 'seed is "0" in process 0 and "1" in process 1' in text
        assert same
    for kind, text, _ in found("two_sets"):
        assert kind == "PeerError"
        assert 'number of epochs is "3" in process 0 and "4" in process 1' in text
        assert "X is " in text
        assert " y is " not in text


def test_a_checkpoint_that_only_one_process_sees_is_an_error(found):
    for kind, text, _ in found("two_checkpoints"):
        assert kind == "PeerError"
        assert 'epochs resumed is "2" in process 0 and "0" in process 1' in text


def test_what_fails_in_one_process_stops_the_others(found):
    (kind, text, _), (other, its, _) = found("bad_argument")
    assert (kind, other) == ("InputError", "PeerError")
    assert its == f"Process 0 of 2 failed, so this one stops too. InputError: {text}"
    (kind, text, _), (other, its, _) = found("failing_callback")
    assert (kind, other) == ("PeerError", "RuntimeError")
    assert text == f"Process 1 of 2 failed, so this one stops too. RuntimeError: {its}"


def test_whatever_fails_in_the_first_process_stops_the_others(found):
    first, second = found("failing")
    for place, (kind, text, _) in first.items():
        own = "InputError" if place in ("setting", "penalty") else "RuntimeError"
        assert kind == own, place
        wanted = f"Process 0 of 2 failed, so this one stops too. {own}: {text}"
        assert second[place][:2] == ["PeerError", wanted]


def test_samples_in_memory_and_in_a_file_are_told_apart(found):
    for kind, text, same in found("two_places"):
        assert kind == "PeerError"
        assert 'samples is "read when needed" in process 0 and "in memory" in process 1' in text
        assert same


def test_each_process_keeps_its_own_gpu(found):
    assert found("own_gpu") == ["cuda:0", "cuda:1"]


def test_an_error_of_this_process_is_not_blamed_on_another(found):
    assert found("failing_sum") == [["RuntimeError", "not enough memory"]] * 2


def test_a_bad_row_on_disk_is_found_by_the_process_that_reads_it(found):
    (kind, text, same), (other, its, unchanged) = found("bad_row")
    assert (kind, other) == ("PeerError", "InputError")
    assert "first in row 101." in its
    assert its in text
    assert same
    assert unchanged


def test_all_processes_diverge_together(found):
    with pytest.raises(DivergenceError) as error:
        fit(cases.make("numpy", cases.VALUES), cases.X, cases.VALUES, epochs=3, learning_rate=1e3)
    for kind, text, _ in found("diverging"):
        assert kind == "DivergenceError"
        assert text.partition("with loss")[0] == str(error.value).partition("with loss")[0]


def test_the_first_process_decides_what_callbacks_answered(found):
    wanted = cases.trained("sgd", "numpy")
    for one in found("answers"):
        assert_close(one, wanted)


def test_members_are_dropped_in_all_processes(found):
    first, second = found("fewer_members")
    assert first == second
    assert [len(values) for values in first["curves"]["loss"]] == [3, 2]
    kept = cases.trained(
        "stack",
        "numpy",
        callbacks=[lambda network, history: cases.Keep([0, 2]) if len(history) == 1 else None],
    )
    assert_close(first, kept)


def test_ctrl_c_in_one_process_saves_the_run_of_all(found):
    wanted = cases.trained("adam", "numpy", epochs=3)
    for one in found("interrupted"):
        assert one["stopped at"] == 3
        assert_close(one, wanted)


def test_rows_on_disk_are_read_once_by_one_process(found):
    first, second = found("rows_on_disk")
    assert sorted([*first["read"], *second["read"]]) == list(range(103))
    assert len(first["read"]) == 5 * 7 + 2 * 7  # of five mini-batches of 15 and two of 14
    wanted = cases.trained("adam", "numpy")
    assert_close(first, wanted)
    assert_close(second, wanted)


def test_the_first_process_shows_progress(two):
    assert ["Epoch" in errors for errors in two[1]] == [True, False]


def test_an_iterable_is_refused(found):
    for kind, text, _ in found("iterable"):
        assert kind == "InputError"
        assert "distributed=True cannot be used with an iterable of batches" in text


def test_without_processes_it_says_how_to_start_them(backend, where, monkeypatch):
    for name in ("RANK", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    network = cases.Network([7, 3, 2], ["tanh", "softmax"], **where)
    before = network.backend
    if backend.name == "jax":
        pytest.skip("JAX's devices are found without a start")
    kind = InputError if backend.name == "torch" else BackendError
    with pytest.raises(kind, match="run `torchrun --nproc-per-node 2"):
        fit(network, cases.X, cases.LABELS, distributed=True)
    assert network.backend == before


def test_eight_devices_of_jax_equal_one(jax, tmp_path):
    names = ["even", "even few"]
    found, _ = cases.results(1, "jax", tmp_path, f"equal:{','.join(names)}", "divided", **EIGHT)
    assert_equal_to_one_process(found, names)
    assert found[0]["divided"] == [8, 8, True, True]


@pytest.mark.slow
def test_all_cases_on_eight_devices_of_jax(jax, tmp_path):
    names = ",".join(cases.SETTINGS)
    own = ["rows_on_disk", "diverging", "fewer_members", "iterable"]
    found, _ = cases.results(1, "jax", tmp_path, f"equal:{names}", *own, **EIGHT)
    assert_equal_to_one_process(found, cases.SETTINGS)
    assert_close(found[0]["rows_on_disk"], cases.trained("adam", "numpy"))
    assert found[0]["diverging"][0] == "DivergenceError"
    assert found[0]["iterable"][0] == "InputError"


@pytest.mark.slow
def test_two_processes_of_jax_equal_one(jax, tmp_path):
    names = ["even", "stack"]
    faults = ["two_seeds", "bad_argument", "answers"]
    found, _ = cases.results(2, "jax", tmp_path, f"equal:{','.join(names)}", *faults)
    assert_equal_to_one_process(found, names)
    assert [one["two_seeds"][0] for one in found] == ["PeerError"] * 2
    assert [one["bad_argument"][0] for one in found] == ["InputError", "PeerError"]
    assert_close(found[1]["answers"], cases.trained("sgd", "numpy"))


@pytest.mark.slow
def test_torchrun_starts_a_fit(torch, tmp_path):
    run = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    subprocess.run(
        [sys.executable, *run, *cases.command("torch", tmp_path, "equal:adam")[1:]],
        env=cases.environment(0, 2),
        check=True,
        timeout=120,
    )
    found = [cases.json.loads((tmp_path / f"{rank}.json").read_text()) for rank in range(2)]
    assert_equal_to_one_process(found, ["adam"])


@pytest.mark.slow
@pytest.mark.parametrize("victim", [0, 1])
def test_a_killed_process_stops_the_others_and_all_can_go_on(torch, tmp_path, victim):
    calm = tmp_path / "calm"
    calm.mkdir()
    wanted, _ = cases.results(2, "torch", calm, "killed")
    moments = random.Random(victim)
    with cases.started(2, "torch", tmp_path, "killed") as processes:
        while not (tmp_path / f"begun_{victim}").exists():
            assert all(one.poll() is None for one in processes)
            time.sleep(0.01)
        time.sleep(moments.uniform(0, 0.2))
        processes[victim].send_signal(signal.SIGKILL)
        began = time.monotonic()
        _, errors = processes[1 - victim].communicate(timeout=60)
    assert time.monotonic() - began < 30
    assert processes[1 - victim].returncode == 0, errors
    survivor = cases.json.loads((tmp_path / f"{1 - victim}.json").read_text())["killed"]
    assert survivor[0] == "PeerError"
    assert f"Process {1 - victim} of 2 has lost another one" in survivor[1]
    assert "resume=True" in survivor[1]
    found, _ = cases.results(2, "torch", tmp_path, "killed")
    assert found == wanted
