"""What is assumed of a device, on a CuPy made up on the host; see docs/backends.md."""

import gc
import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from conftest import ROOT
from cupy_fits import SCALED, assert_same, trained
from cupy_on_host import Array, replace_cupy

import xl2_cupy
import xl2_cupy_plan
from xl2.array.backend import connect
from xl2_cupy_check import try_device
from xl2_cupy_device import Cuda

pytestmark = pytest.mark.host
DTYPES = ["float32", "float64"]
FITS = [
    {},
    {"optimizer": "adam", "hidden": "tanh", "last": "softmax"},
    {"stack": (2, 3), "optimizer": SCALED},
    {"stack": 3, "batch": 5, "optimizer": "nesterov"},
]


@pytest.fixture
def made_up(monkeypatch):
    """Return a function that replaces CuPy and cuBLAS by a machine."""
    return lambda **options: replace_cupy(monkeypatch, **options)


def fit(**options):
    """Return a network and its history, trained on CuPy."""
    found = trained(None, backend="cupy", **options)
    assert not xl2_cupy._runner()._refused
    return found


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_trial_passes(made_up, dtype):
    machine = made_up()
    try_device(Cuda(dtype), machine.namespace)
    assert "graph" in {kind for kind, *_ in machine.launched}


@pytest.mark.parametrize("options", FITS, ids=str)
def test_a_fit_is_that_of_the_portable_code(made_up, options):
    made_up()
    assert_same(fit(**options), trained(None, **options))


def test_a_capture_has_only_kernels_and_products(made_up):
    """The machine raises for anything else, so the fit would not use graphs."""
    machine = made_up()
    fit()
    (*_, last) = (graph() for graph in machine.graphs if graph() is not None)
    kinds = {kind for kind, *_ in last.calls}
    assert kinds == {"bias_activation", "output_delta", "bias_step", "cublasDgemm_v2"}


def test_everything_that_a_graph_refers_to_stays(made_up):
    """Freed memory is overwritten, and the machine looks up each address at each launch."""
    made_up()
    expected = [trained(None, **options) for options in FITS]
    for _ in range(2):
        for options, one in zip(FITS, expected, strict=True):
            assert_same(fit(**options), one)
            gc.collect()


def test_a_release_leaves_nothing_and_needs_no_collector(made_up):
    machine = made_up()
    fit()
    fit(optimizer="adam")
    assert machine.used() > 2**25
    gc.disable()
    try:
        assert xl2_cupy.release()
        kinds = "graphs", "streams", "handles"
        assert (machine.used(), *map(machine.alive, kinds)) == (0, 0, 0, 0)
    finally:
        gc.enable()


def test_the_collector_destroys_nothing_during_a_capture(made_up):
    """A graph or a handle that is destroyed ends the captures of its device."""
    machine = made_up()
    device = Cuda("float32")

    def work():
        if gc.isenabled():  # it may run at any time
            gc.collect()

    def discard():
        """Leave a graph and a handle to the collector."""
        other = Cuda("float32")
        kept = [other, other.captured(lambda: None)]
        kept.append(kept)

    gc.disable()
    discard()
    gc.enable()
    assert (machine.alive("graphs"), machine.alive("handles")) == (1, 2)
    device.captured(work)
    gc.collect()
    assert (machine.alive("graphs"), machine.alive("handles")) == (0, 1)
    with pytest.raises(RuntimeError, match="Invalidated"):
        device.captured(lambda: machine.disturb())


@pytest.mark.parametrize("options", FITS, ids=str)
@pytest.mark.parametrize("sizes", [(5, 4, 3), (7, 3, 1), (16, 8, 8)], ids=str)
def test_what_a_graph_multiplies_was_multiplied_before_at_the_same_alignment(
    made_up, options, sizes
):
    """By which cuBLAS chooses a kernel, which must be loaded before a capture."""
    machine = made_up()

    def aligned(calls):
        calls = [(kind, [at % 256 for at in places]) for kind, _, _, places, *_ in calls]
        return {(kind, *places) for kind, places in calls if "gemm" in kind}

    fit(sizes=sizes, rows=200, **options)
    graphs = [graph() for graph in machine.graphs if graph() is not None]
    captured = set().union(*(aligned(graph.calls) for graph in graphs))
    assert captured
    assert captured <= aligned(machine.launched)


def test_everything_is_on_the_stream_of_the_fit(made_up):
    """CuPy's pool knows no other order than that of the stream that the memory belongs to."""
    machine = made_up()
    expected = trained(None)
    with machine.module.cuda.Stream(non_blocking=True) as stream:
        assert_same(fit(), expected)
    assert {used for _, _, used, _ in machine.launched} == {stream.ptr}
    machine.launched.clear()
    assert_same(fit(), expected)
    assert {used for _, _, used, _ in machine.launched} == {0}


def test_another_device_than_the_first(made_up):
    """Threads begin on the first one."""
    machine = made_up(devices=2)

    def work():
        with machine.on(1):
            assert_same(fit(stack=3), trained(None, stack=3))
            xl2_cupy.release()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(work).result()
    assert {device for _, device, *_ in machine.launched} == {1}
    fit()
    with machine.on(1):
        fit()  # of the same thread, by another program
    assert {device for _, device, *_ in machine.launched} == {0, 1}


@pytest.mark.parametrize("devices", [1, 2])
def test_threads_share_neither_handles_nor_memory(made_up, devices):
    """On one device they take turns, because one could end the other's captures."""
    machine = made_up(devices=devices)

    def work(number):
        with machine.on(number % devices):
            options = {"seed": number, "epochs": 5}
            assert_same(fit(**options), trained(None, **options))
            if number > 1:
                xl2_cupy.release()

    threads = [ThreadPoolExecutor(1) for _ in range(2)]
    begun = []
    for number in range(4):
        begun.append(threads[number % 2].submit(work, number))
        if devices == 1:
            begun[-1].result()
    for one in begun:
        one.result()
    for thread in threads:
        thread.shutdown()
    assert {device for _, device, *_ in machine.launched} == set(range(devices))


def test_a_memory_limit_is_obeyed_and_nothing_is_left_behind(made_up):
    machine = made_up(limit=2**25 + 2**17)  # the workspace, and a little
    options = {"sizes": (90, 60, 3), "dtype": "float32"}
    expected = trained(None, **options)
    with pytest.warns(UserWarning, match="out of memory allocating"):
        found = fit(**options)
    assert_same(found, expected, rtol=1e-15)
    assert machine.used() == 0
    machine.limit = 2**26
    assert_same(fit(**options), expected, rtol=1e-4)
    assert "graph" in {kind for kind, *_ in machine.launched}


def test_too_many_networks_are_trained_by_the_portable_code(made_up, monkeypatch):
    machine = made_up()
    assert xl2_cupy_plan.MOST_BATCHED == 65535  # blocks of a grid's second axis
    monkeypatch.setattr(xl2_cupy_plan, "MOST_BATCHED", 6)
    for networks, graphs in ((7, False), ((2, 4), False), (6, True)):
        assert_same(fit(stack=networks), trained(None, stack=networks))
        assert bool(machine.launched) == graphs


# Samples.

ORDERS = {
    "other byte order": lambda x: x.astype(x.dtype.newbyteorder()),
    "columns": np.asfortranarray,
    "gaps": lambda x: np.repeat(x, 2, axis=1)[:, ::2],
    "backwards": lambda x: x[::-1].copy()[::-1],
    "integers": lambda x: np.rint(x).astype(np.int16),
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_samples_arrive_in_rows_of_the_dtype(made_up, order, dtype):
    given = ORDERS[order](np.random.default_rng(0).normal(size=(6, 4)))
    made_up()
    found = connect("cupy").asarray(given, dtype, rows=True)
    assert isinstance(found, Array)
    assert found.dtype == np.dtype(dtype)
    assert found.flags.c_contiguous
    np.testing.assert_array_equal(found.get(), given.astype(dtype))


@pytest.mark.parametrize("rows", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
def test_an_array_of_another_device_is_copied_before_it_is_changed(made_up, rows, dtype):
    """Not all devices may read each other's memory, and CuPy warns where they do."""
    machine = made_up(devices=2)
    given = machine.asarray(np.asfortranarray(np.random.default_rng(0).normal(size=(6, 4))))
    found = connect("cupy", "cuda:1").asarray(given, dtype, rows=rows)
    assert (found.device.id, found.dtype) == (1, np.dtype(dtype))
    np.testing.assert_array_equal(xl2_cupy.to_host(found), xl2_cupy.to_host(given).astype(dtype))


def test_each_assumption_has_a_test_or_needs_a_device():
    """In the tables of the documentation."""
    text = (ROOT / "docs" / "backends.md").read_text()
    section = text.partition("\n## What is assumed of a device\n")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")]
    rows = [row for row in rows if not row.startswith("| assumed ")]
    assert len(rows) > 20
    for row in rows:
        _, _, _, shown, _ = row.split("|")
        named = re.findall(r"`(test_\w+\.py)::(\w+)`", shown)
        assert named or "only on a device" in shown or "the same test" in shown, row
        for file, name in named:
            text = (ROOT / "tests" / "backends" / file).read_text()
            assert re.search(rf"^(def|class) {name}\b", text, re.M), (file, name)
