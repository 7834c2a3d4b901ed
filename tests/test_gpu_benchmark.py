"""The table of a GPU, without a GPU and with a made-up one."""

from __future__ import annotations

import dataclasses
import importlib
import os
import re
import signal
import sys
import warnings
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from xl2.array.backend import connect
from xl2.array.operations import PORTABLE
from xl2.cli.bench import _module
from xl2.errors import BackendError, XL2Error

HOME = _module("suite").__package__
NAMES = (
    "gpu",
    "gpu_candidates",
    "machine",
    "measure",
    "peers",
    "problem",
    "team",
    "timing",
    "worker",
)
gpu, among, machine, measure, peers, problem, team, timing, worker = (
    importlib.import_module(f"{HOME}.{name}") for name in NAMES
)
on_cupy = importlib.import_module(f"{HOME}.peers.on_cupy")

pytestmark = pytest.mark.host


def no_device():
    try:
        connect("cupy")
    except BackendError:
        return True
    return False


@pytest.mark.skipif(not no_device(), reason="there is a CUDA device")
def test_without_a_device_one_line_is_printed_and_nothing_written(tmp_path, capsys):
    file = tmp_path / "gpu.md"
    assert gpu.main([str(file)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("Nothing is measured: ")
    assert len(err.splitlines()) == 1
    assert not file.exists()


@pytest.fixture
def device(monkeypatch):
    """Describe and measure a made-up device; return its seconds, to be changed."""
    names = among.TORCH, among.GRAPHED, among.SCAN, among.ONE
    seconds = {name: [2.0] * 5 for name in names}
    seconds |= {among.GRAPHS: [0.05] * 5, among.PATH: [3.0] * 5}

    class Worker:
        def ask(self, method, key, *_):
            return {"rate": 5e13, "checks": "the same"}[key]

    class Team:
        def __init__(self, accelerated=False, tf32=False, limit=None, note=None):
            assert accelerated
            assert limit

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def worker(self, *_):
            return Worker()

    def measured(candidates, problem, rounds, team):
        taken = {one.name: seconds[one.name] for one in candidates if one.name in seconds}
        threads, absent = dict.fromkeys(taken, "1"), {among.XL2_JAX: "jax"}
        failed = {among.COMPILED: "no Triton"}
        return measure.Measured(taken, threads, absent, failed, [0.0, 0.0])

    class Found:
        xp = None

        class library:  # noqa: N801
            accelerators = staticmethod(lambda xp: ["cuda:0"])

    monkeypatch.setattr(gpu, "connect", lambda name: Found)
    monkeypatch.setattr(gpu, "described", lambda place: ["GPU        made up"])
    monkeypatch.setattr(gpu, "Team", Team)
    monkeypatch.setattr(gpu, "measure", measured)
    return seconds


def test_the_table_has_the_goals_beside_the_results(device, tmp_path):
    file = tmp_path / "gpu.md"
    assert gpu.main([str(file)]) == 0
    text = file.read_text()
    lines = [line.split() for line in text.splitlines()]
    assert "GPU        made up" in text
    assert "two fits: the same" in text
    step = next(line for line in lines if line[:3] == ["microseconds", "a", "step,"])
    # 0.05 s are 938 steps of 64 samples.
    assert float(step[6]) == pytest.approx(1e6 * 0.05 / 938, abs=1e-3)
    assert step[-2:] == ["60", "met"]
    for words, ratio, limit in (
        ("xl2 on CuPy / torch eager", "0.025", "0.25"),
        ("path of 64 / one network", "1.500", "2"),
    ):
        line = next(line for line in lines if line[: len(words.split())] == words.split())
        assert ratio in line
        assert limit in line
    assert "not installed: jax" in text
    assert "failed: no Triton" in text
    assert gpu.CUT not in text
    assert max(map(len, text.splitlines())) <= 100


def test_sections_can_be_chosen_by_their_titles(device, tmp_path):
    file = tmp_path / "gpu.md"
    assert gpu.main([str(file), "checks", "64 lambdas"]) == 0
    text = file.read_text()
    assert "two fits: the same" in text
    assert "path of 64 / one network" in text
    assert "microseconds a step" not in text
    with pytest.raises(SystemExit, match=r"no sections \['check'\]"):
        gpu.main([str(file), "check"])


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (XL2Error("they do not do the same work"), "they do not do the same work"),
        (OSError("no pipe\nnor any other"), "OSError: no pipe"),
    ],
)
def test_a_section_that_fails_is_a_line_and_the_rest_is_measured(
    device, tmp_path, monkeypatch, error, message
):
    def fails(*_):
        raise error

    monkeypatch.setattr(gpu.Gpu, "path", fails)
    gpu.main([str(tmp_path / "gpu.md")])
    text = (tmp_path / "gpu.md").read_text()
    assert f"64 lambdas: failed: {message}\n" in text
    assert "TF32 off: a product of 8192" in text
    assert "TF32 on, for all: a product of 8192" in text


def test_each_section_is_written_before_the_next(device, tmp_path, monkeypatch):
    file = tmp_path / "gpu.md"

    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(gpu.Gpu, "path", stopped)
    with pytest.raises(KeyboardInterrupt):
        gpu.main([str(file)])
    assert "microseconds a step" in file.read_text()
    assert gpu.CUT in file.read_text()


def test_unknown_versions_are_reported(monkeypatch):
    def fails():
        raise RuntimeError("cudaErrorInsufficientDriver")

    assert machine.answer(lambda: 13) == "13"
    assert machine.answer(fails) == "unknown (RuntimeError)"


def test_the_gpu_and_its_libraries_are_described(monkeypatch, tmp_path):
    cuda = SimpleNamespace(
        Device=lambda: SimpleNamespace(id=0, mem_info=(2**30, 2**37), compute_capability="90"),
        device=SimpleNamespace(get_cublas_handle=lambda: 1),
        nvrtc=SimpleNamespace(getVersion=lambda: (13, 5)),
        cublas=SimpleNamespace(getVersion=lambda handle: 130200),
        runtime=SimpleNamespace(
            getDeviceProperties=lambda i: {"name": b"made up"},
            getDeviceCount=lambda: 2,
            driverGetVersion=lambda: 13020,
            runtimeGetVersion=lambda: 13010,
        ),
    )
    monkeypatch.setitem(sys.modules, "cupy", SimpleNamespace(cuda=cuda))
    smi = tmp_path / "nvidia-smi"
    smi.write_text("#!/bin/sh\necho made up, 580.1, 1980 MHz, 1980 MHz, 2619 MHz, 700.00 W\n")
    smi.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    text = " ".join(" ".join(gpu.described(among.CUDA)).split())
    assert "GPU made up, 128 GiB, of 2" in text
    assert "driver 13020, runtime 13010, NVRTC 13.5, cuBLAS 130200, compute capability 90" in text
    assert "driver 580.1, SM now 1980 MHz, SM at most 1980 MHz" in text
    assert "cupy-cuda13x" in text
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    assert "clocks unknown (FileNotFoundError)" in " ".join(
        " ".join(gpu.described(among.CUDA)).split()
    )


def test_tf32_is_the_same_for_all_libraries():
    for tf32, expected in ((False, ("0", "0", "highest")), (True, ("1", "1", "tensorfloat32"))):
        found = team.environment(1, accelerated=True, tf32=tf32)
        names = "CUPY_TF32", "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "JAX_DEFAULT_MATMUL_PRECISION"
        assert tuple(found[name] for name in names) == expected
    assert "CUPY_TF32" not in team.environment(1) or "CUPY_TF32" in os.environ


def test_one_number_of_threads_needs_no_timing_to_choose_it(monkeypatch):
    asked = []
    fit = {"name": "fit", "peer": "floor", "factory": ".peers.floor:Products"}
    few = problem.Problem((5, 4, 4, 3), 40, 8)

    class Crew(measure.Crew):
        def ask(self, runner, method, *arguments):
            asked.append((runner.candidate.name, method))
            return 1.0 if method == "time" else None

    monkeypatch.setattr(measure, "Crew", Crew)
    monkeypatch.setattr(measure, "cores", lambda: 16)
    names = ("one", "two")
    with team.Team(accelerated=True) as crew:
        measure.measure([measure.Candidate(**fit | {"name": n}) for n in names], few, 3, crew)
    for name in names:
        methods = [method for who, method in asked if who == name]
        assert methods == ["make", "make", "warm", "time", "time", "time"]


def test_on_a_gpu_the_distance_is_an_error_after_few_rows_only():
    work = importlib.import_module(f"{HOME}.work")
    start, far = [np.zeros((1, 2, 2))], [np.ones((1, 2, 2))]
    found = {"one": (start, far), "other": (start, [2.0 * far[0]])}
    with pytest.raises(XL2Error, match="does not do the work"):
        work.check(found)
    assert work.check(found, strict=False) == pytest.approx(1.0)
    found["lost"] = start, [np.nan * far[0]]
    assert np.isnan(work.check(dict(reversed(found.items())), strict=False))


@pytest.mark.parametrize("tier", ["graphs", "kernels", "eager"])
def test_tiers_stay_separate_in_one_process(tier):
    from cupy_twin import Twin, backend_of

    made = []

    class Counted(Twin):
        def __init__(self, dtype):
            super().__init__(dtype)
            self.multiplied = 0
            made.append(self)

        def multiply(self, *arguments):
            self.multiplied += 1
            super().multiply(*arguments)

    few = problem.Problem((5, 4, 4, 3), 40, 8)
    for one in ("graphs", tier):
        made.clear()
        fit = importlib.import_module(f"{HOME}.peers.own").Fit(few)
        library = on_cupy.of_tier(backend_of().library, one, Counted)
        fit.network.backend = dataclasses.replace(backend_of(), library=library)
        fit()
    launches = sum(twin.launches for twin in made)
    assert bool(made) == (tier != "eager")
    assert bool(launches) == (tier == "graphs")
    if tier == "kernels":  # 8 products in each of five steps, and those of the trial
        assert made[0].multiplied >= 8 * 5


def test_the_test_samples_are_mnists_if_installed_else_the_digits(monkeypatch, tmp_path):
    monkeypatch.delenv("XL2_DATA", raising=False)
    name, folds = on_cupy.held_out()
    assert name == "the digits"
    assert sum(len(truth) for *_, truth in folds) == 1797
    assert all(len(X) + len(truth) == 1797 for X, _, _, truth in folds)
    X, y = np.arange(12).reshape(3, 2, 2), np.array([0, 1, 2])
    np.savez(tmp_path / "mnist.npz", x_train=X, y_train=y, x_test=X[:2], y_test=y[:2])
    monkeypatch.setenv("XL2_DATA", str(tmp_path))
    name, [(_, known, unseen, truth)] = on_cupy.held_out()
    assert (name, len(known), len(truth)) == ("MNIST", 3, 2)
    np.testing.assert_allclose(unseen[1], np.arange(4, 8) / 255)
    assert 0.9 < on_cupy.scored("numpy", *folds[0]) < 1.0


def test_a_section_without_time_is_a_line(device, tmp_path, monkeypatch):
    gpu.main([str(tmp_path / "gpu.md"), "--seconds", "-1"])
    assert (tmp_path / "gpu.md").read_text().count("not measured, no time left") == 10


def test_the_count_of_products_is_that_of_the_operations(monkeypatch):
    """In a step by hand; each product of (m, k) and (k, n) counts 2 m k n."""
    done = []

    class Counted(np.ndarray):
        def __matmul__(self, other):
            done.append(2 * self.shape[0] * self.shape[1] * other.shape[1])
            return (np.asarray(self) @ np.asarray(other)).view(Counted)

    rows, sizes = 6, (5, 4, 3, 2)
    layers = list(pairwise(sizes))
    weights = [np.ones(pair).view(Counted) for pair in layers]
    a = [np.ones((rows, sizes[0])).view(Counted)]
    for weight in weights:
        a.append(PORTABLE.affine(a[-1], weight, np.zeros(weight.shape[1])))
    delta = a[-1]
    for i in reversed(range(len(weights))):
        PORTABLE.gradient(a[i], delta)
        delta = delta @ weights[i].T if i else None
    assert gpu.products(sizes) * rows == sum(done)


def test_every_candidate_can_be_found():
    for place in (among.CUDA, among.STAND_INS):
        for one in (*among.of_epoch(place), *among.of_path(place)):
            module, _, name = one.factory.partition(":")
            assert hasattr(importlib.import_module(module, HOME), name)
        assert {one.work for one in among.of_epoch(place)} == {"epoch"}


@pytest.fixture
def in_process(monkeypatch):
    """Answer in this process, without another import."""

    class Here(worker.Desk):
        def ask(self, method, *arguments):
            try:
                return getattr(self, method)(*arguments)
            except Exception as error:
                raise team.WorkerError(f"{type(error).__name__}: {error}") from None

    desk = Here()
    monkeypatch.setattr(team.Team, "worker", lambda self, *_: desk)
    monkeypatch.setattr(timing, "PAUSE", 0.0)


@pytest.mark.filterwarnings("ignore:Training has not finished")
def test_stand_ins_go_through_every_section(tmp_path, monkeypatch, in_process):
    for peer in ("torch", "jax"):
        monkeypatch.setitem(peers.PEERS, peer, peers.Peer(("no_such_library",)))
    few = among.STAND_INS._replace(rows=200, rounds=1, wide=(784, 8, 8, 10), size=8)
    monkeypatch.setattr(gpu, "STAND_INS", few)
    monkeypatch.setattr(among, "PATH_EPOCHS", 1)
    monkeypatch.setattr(on_cupy, "scored", lambda *_: 0.5)
    monkeypatch.setenv("XL2_DATA", str(tmp_path))
    file = tmp_path / "page.md"
    assert gpu.main([str(file), "--stand-ins"]) == 0
    head, lines, end = file.read_text().split("```\n")
    assert head == gpu.HEAD_OF_TRIAL + "\n"
    assert end == ""
    assert all(line.startswith(gpu.TRIAL.strip()) for line in lines.splitlines())
    # Each candidate was timed, or has no stand-in, or lacks its library.
    for name in (among.GRAPHS, among.KERNELS, among.EAGER):
        assert len(re.findall(rf"\| {name} +\d", lines)) == (8 if name == among.GRAPHS else 6)
    told = [line.removeprefix(gpu.TRIAL) for line in lines.splitlines() if "failed" in line]
    assert [line for line in told if on_cupy.NO_STAND_IN not in line and "/" not in line] == [
        "CuPy, PyTorch and JAX in one process: failed: ModuleNotFoundError: No module named 'jax'"
    ]
    assert "two fits: the same to the bit" in lines
    assert lines.count("of that rate") == 2
    assert "not measured" not in lines


def test_a_trial_never_replaces_the_page_of_a_gpu(capsys):
    with pytest.raises(SystemExit):
        gpu.main(["--stand-ins"])
    assert "a trial needs a FILE" in capsys.readouterr().err


def crew_of(**methods):
    """Return a crew on a GPU whose candidates answer as given."""

    class Crew(measure.Crew):
        def ask(self, runner, method, *arguments):
            return methods.get(method, lambda name: None)(runner.candidate.name)

    return Crew


FEW = problem.Problem((5, 4, 4, 3), 40, 8)
THREE = [measure.Candidate(name, "floor", "", work="epoch") for name in ("one", "two", "three")]


def measured_by(crew, monkeypatch):
    monkeypatch.setattr(measure, "Crew", crew)
    with team.Team(accelerated=True) as workers:
        return measure.measure(THREE, FEW, 2, workers)


def test_on_a_gpu_a_candidate_that_does_other_work_is_a_failure(monkeypatch):
    monkeypatch.setattr(timing, "PAUSE", 0.0)
    start, end, far = ([np.full((1, 2, 2), value)] for value in (0.0, 1.0, 2.0))
    work = {"one": (start, end), "two": (start, far), "three": (start, end)}
    found = measured_by(crew_of(work=work.get, time=lambda name: 1.0), monkeypatch)
    assert set(found.seconds) == {"one", "three"}
    assert "two (" in found.failed["two"]
    assert "does not do the work of one" in found.failed["two"]


def test_a_candidate_that_fails_while_it_is_timed_leaves_the_others(monkeypatch):
    monkeypatch.setattr(timing, "PAUSE", 0.0)

    def time(name):
        if name == "two":
            raise team.WorkerError("illegal address")
        return 1.0

    work = [np.zeros((1, 2, 2))], [np.ones((1, 2, 2))]
    found = measured_by(crew_of(work=lambda name: work, time=time), monkeypatch)
    assert found.seconds == {"one": [1.0, 1.0], "three": [1.0, 1.0]}
    assert found.failed == {"two": "illegal address"}


def test_a_process_that_does_not_answer_is_ended_and_not_asked_again():
    said = []
    with team.Team(accelerated=True, limit=0.5, note=said.append) as workers:
        crew = measure.Crew(workers)
        slow, quick = (
            measure.Runner(measure.Candidate(name, "floor", ""), 1) for name in ("slow", "quick")
        )
        workers.worker("slow", 1).limit = 60.0
        for runner in (slow, quick):
            crew.ask(runner, "make", "time:sleep", 0.0, {})
        workers.worker("slow", 1).limit = 0.2
        assert crew.attempt(slow, "make", "time:sleep", 60.0, {}) is None
        assert crew.failed == {"slow": "no answer within 0.2 s"}
        workers.drop(crew.failed)
        with pytest.raises(team.WorkerError, match="in an earlier section"):
            workers.worker("slow", 1)
        assert workers.worker("quick", 1).process.poll() is None
    (line,) = (line for line in said if "failed" in line)
    assert line.startswith("slow: make failed: no answer within 0.2 s")
    assert not hasattr(signal, "SIGUSR1") or " in make\n" in line


def test_the_traceback_of_a_process_is_noted():
    said = []
    with team.Team(accelerated=True, note=said.append) as workers:
        crew = measure.Crew(workers)
        for key, ends in (("one", "raise SystemExit"), ("two", "1 / 0")):
            runner = measure.Runner(measure.Candidate(key, "floor", ""), 1)
            crew.attempt(runner, "make", "builtins:exec", f"print('said', flush=True); {ends}", {})
    assert crew.failed == {"one": "said", "two": "ZeroDivisionError: division by zero"}
    assert said[0] == "one: make failed: said\nsaid"
    assert "division by zero\nTraceback (most recent call last):\n" in said[1]


def test_graphs_that_are_not_used_are_an_error(monkeypatch):
    """The portable code would be measured under their name."""
    from cupy_twin import Twin

    class Broken(Twin):
        def multiply(self, *arguments):
            raise RuntimeError("no cuBLAS")

    action, message = team.ON_GPU["PYTHONWARNINGS"].split(":")
    monkeypatch.setitem(sys.modules, "broken_device", SimpleNamespace(Broken=Broken))
    fit = on_cupy.Tier(FEW, backend="numpy", kernels="broken_device:Broken")
    with warnings.catch_warnings():
        warnings.filterwarnings(action, message)
        with pytest.raises(UserWarning, match="no cuBLAS"):
            fit()


def test_a_plan_that_no_graph_can_take_is_an_error(monkeypatch):
    monkeypatch.setenv("XL2_CUPY_GRAPHS", "0")
    fit = on_cupy.Tier(FEW, backend="numpy", kernels="cupy_twin:Twin")
    with pytest.raises(XL2Error, match="no graph was captured"):
        fit()
    monkeypatch.delenv("XL2_CUPY_GRAPHS")
    fit()


def test_torch_on_the_cpu_does_the_same_with_and_without_its_device():
    pytest.importorskip("torch", reason='no PyTorch: pip install "xl2[torch]"')
    module = importlib.import_module(f"{HOME}.peers.torch_by_hand")
    few = problem.Problem((5, 4, 4, 3), 20, 8)
    one, two = module.Eager(few), module.Eager(few, "cpu")
    one()
    two()
    for mine, its in zip(one.weights(), two.weights(), strict=True):
        np.testing.assert_array_equal(mine, its)
    assert np.abs(one.weights()[0] - few.start()[0]).max() > 0
