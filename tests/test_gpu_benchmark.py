"""The table of a GPU: what it says without one, and how it is written with one."""

from __future__ import annotations

import importlib
from itertools import pairwise

import numpy as np
import pytest

from xl2.backend import connect
from xl2.cli.bench import _module
from xl2.errors import BackendError, XL2Error
from xl2.operations import PORTABLE

HOME = _module("suite").__package__
gpu, measure, problem = (
    importlib.import_module(f"{HOME}.{name}") for name in ("gpu", "measure", "problem")
)

pytestmark = pytest.mark.host


def no_device():
    try:
        connect("cupy")
    except BackendError:
        return True
    return False


@pytest.mark.skipif(not no_device(), reason="there is a CUDA device")
def test_without_a_device_it_says_so_in_a_line_and_writes_nothing(tmp_path, capsys):
    file = tmp_path / "gpu.md"
    assert gpu.main([str(file)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("Nothing is measured: ")
    assert len(err.splitlines()) == 1
    assert not file.exists()


@pytest.fixture
def device(monkeypatch):
    """Have a device described and measured that is not there; return what is changed of it."""
    seconds = {name: [2.0] * 5 for name in (gpu.TORCH, gpu.GRAPHED, gpu.SCAN, gpu.ONE)}
    seconds |= {gpu.GRAPHS: [0.05] * 5, gpu.PATH: [3.0] * 5}

    class Worker:
        def ask(self, method, key, *_):
            return {"rate": 5e13, "looks": [("two fits", "the same")]}[key]

    class Team:
        def __init__(self, accelerated=False):
            assert accelerated

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def worker(self, *_):
            return Worker()

    def measured(among, problem, rounds, accelerated):
        assert accelerated
        taken = {one.name: seconds[one.name] for one in among if one.name in seconds}
        threads, absent = dict.fromkeys(taken, "1"), {gpu.XL2_JAX: "jax"}
        return measure.Measured(taken, threads, absent, {gpu.COMPILED: "no Triton"}, [0.0, 0.0])

    class Found:
        xp = None

        class library:  # noqa: N801
            accelerators = staticmethod(lambda xp: ["cuda:0"])

    monkeypatch.setattr(gpu, "connect", lambda name: Found)
    monkeypatch.setattr(gpu, "described", lambda: ["GPU        made up"])
    monkeypatch.setattr(gpu, "Team", Team)
    monkeypatch.setattr(gpu, "measure", measured)
    return seconds


def test_the_table_is_written_with_the_aims_beside_the_figures(device, tmp_path):
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
    assert max(map(len, text.splitlines())) <= 100


def test_what_fails_is_a_line_and_the_rest_is_measured(device, tmp_path, monkeypatch):
    def fails(*_):
        raise XL2Error("they do not do the same work")

    monkeypatch.setattr(gpu, "path", fails)
    gpu.main([str(tmp_path / "gpu.md")])
    text = (tmp_path / "gpu.md").read_text()
    assert "64 lambdas: failed: they do not do the same work" in text
    assert "a product of 8192" in text


def test_what_there_is_no_time_for_is_a_line(device, tmp_path, monkeypatch):
    monkeypatch.setattr(gpu, "MINUTES", 0.0)
    gpu.main([str(tmp_path / "gpu.md")])
    assert (tmp_path / "gpu.md").read_text().count("not measured, for want of time") == 6


def test_the_products_of_a_step_are_those_that_the_operations_take(monkeypatch):
    """Of a step by hand: each product of (m, k) and (k, n) is 2 m k n."""
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
    for one in (*gpu.EPOCH, *gpu.OF_PATH):
        module, _, name = one.factory.partition(":")
        assert hasattr(importlib.import_module(module, HOME), name)


def test_a_torch_of_the_processor_does_the_same_by_its_device():
    pytest.importorskip("torch", reason='no PyTorch: pip install "xl2[torch]"')
    module = importlib.import_module(f"{HOME}.peers.torch_by_hand")
    few = problem.Problem((5, 4, 4, 3), 20, 8)
    one, two = module.Eager(few), module.Eager(few, "cpu")
    one()
    two()
    for mine, its in zip(one.weights(), two.weights(), strict=True):
        np.testing.assert_array_equal(mine, its)
    assert np.abs(one.weights()[0] - few.start()[0]).max() > 0
