"""NumPy on several cores gives the same bits on any number of them."""

import multiprocessing

import numpy as np
import pytest

import xl2_numpy
from xl2 import InputError, Network

pytestmark = pytest.mark.host

RNG = np.random.default_rng(0)


@pytest.fixture
def cores(monkeypatch):
    """Return a function that sets the number of cores and lists the jobs of other threads."""
    from concurrent.futures import ThreadPoolExecutor

    submitted = []

    class Counted(ThreadPoolExecutor):
        def submit(self, function, *arguments):
            submitted.append(function)
            return super().submit(function, *arguments)

    with Counted(2) as pool:
        monkeypatch.setattr(xl2_numpy, "_others", lambda: pool)

        def pretend(count):
            monkeypatch.setattr(xl2_numpy._limit, "free_cores", lambda: count)
            submitted.clear()
            return submitted

        yield pretend


@pytest.fixture
def small_is_large(monkeypatch):
    for name, value in {"LARGE": 64, "PART": 16}.items():
        monkeypatch.setattr(xl2_numpy, name, value)


@pytest.mark.parametrize("shape", [(4, 5, 30), (30, 5, 4), (3, 40, 3), (9, 9, 9)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_product_in_parts_equals_the_product(small_is_large, cores, shape, dtype):
    n, i, o = shape
    a, b = RNG.normal(size=(n, i)).astype(dtype), RNG.normal(size=(i, o)).astype(dtype)
    found = []
    for count in (1, 3):
        submitted = cores(count)
        found.append([xl2_numpy._product(a, b), xl2_numpy._product(b.mT, a.mT).mT])
        assert bool(submitted) == (count > 1)
    for product in found[0]:
        assert product.dtype == dtype
        np.testing.assert_allclose(product, a.astype("f8") @ b, rtol=1e-4, atol=1e-5)
    assert [p.tobytes() for p in found[0]] == [p.tobytes() for p in found[1]]


def test_overflow_in_another_thread_does_not_warn(small_is_large, cores):
    assert cores(3) == []
    huge = np.full((4, 5), 1e38, "float32")
    with xl2_numpy.scope(None):
        assert np.isinf(xl2_numpy._product(huge, huge.mT.copy() @ np.eye(4, 30, dtype="f"))).any()


def test_fits_side_by_side_have_one_core_each(monkeypatch):
    monkeypatch.setattr(xl2_numpy, "workers", lambda: 4)
    limit = xl2_numpy._Limit()
    assert limit.free_cores() == 1
    with limit:
        assert limit.free_cores() == 4
        with limit:
            assert limit.free_cores() == 1


def test_runs_that_compute_at_the_same_time_share_the_cores(monkeypatch):
    monkeypatch.setattr(xl2_numpy, "workers", lambda: 4)
    limit = xl2_numpy._Limit()
    with limit, limit:  # fits side by side, and the path around them
        with limit.share() as alone, limit.share() as beside, limit.share() as third:
            assert (alone, beside, third) == (4, 2, 1)
        with limit.share() as again:
            assert again == 4


def _ask_another_thread(pipe):
    with xl2_numpy._limit.share() as cores:
        pipe.send((xl2_numpy._others().submit(sum, (1, 2)).result(), cores))


@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="this system cannot fork"
)
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:os.fork.. was called:RuntimeWarning")  # where JAX is imported
def test_a_forked_process_has_its_own_threads_and_cores(monkeypatch):
    monkeypatch.setattr(xl2_numpy._limit, "_cores", 2)
    assert xl2_numpy._others().submit(sum, (1, 2)).result() == 3
    ours, theirs = multiprocessing.Pipe()
    child = multiprocessing.get_context("fork").Process(target=_ask_another_thread, args=(theirs,))
    # As if another thread began a run at this moment.
    with xl2_numpy._limit.share(), xl2_numpy._limit._lock:
        child.start()
    try:
        assert ours.poll(60), "the child waits for threads that a fork does not copy"
        assert ours.recv() == (3, 2)
    finally:
        child.kill()
        child.join()


@pytest.mark.parametrize("stack", [None, 2])
def test_outputs_are_the_same_on_any_number_of_cores(monkeypatch, stack):
    x, found = RNG.normal(size=(135, 3)), []
    network = Network([3, 4, 2], stack=stack, dtype="float64", backend="numpy")
    monkeypatch.setattr(network.backend.library, "CHUNK", 4)
    for count in (1, 2, 3):
        monkeypatch.setattr(network.backend.library, "workers", lambda count=count: count)
        found.append(network.forward(x))
    assert found[0].tobytes() == found[1].tobytes() == found[2].tobytes()
    monkeypatch.setattr(network.backend.library, "CHUNK", 200)
    np.testing.assert_allclose(found[0], network.forward(x), rtol=1e-12)


@pytest.mark.parametrize("stack", [3, (2, 3)])
def test_large_outputs_of_groups_are_those_of_their_members(small_is_large, stack):
    network = Network([20, 9, 4], ["relu", "softmax"], stack=stack, dtype="float64")
    x = RNG.normal(size=(30, 20))
    outputs = network.forward(x)
    for index in np.ndindex(network.stack):
        np.testing.assert_allclose(outputs[index], network.member(*index).forward(x), rtol=1e-12)


@pytest.mark.parametrize("cores", [1, 2])
def test_a_nan_among_many_samples_is_reported_with_its_row(monkeypatch, cores):
    network = Network([3, 4, 2], dtype="float64", backend="numpy")
    monkeypatch.setattr(network.backend.library, "CHUNK", 4)
    monkeypatch.setattr(network.backend.library, "workers", lambda: cores)
    x = RNG.normal(size=(135, 3))
    x[77, 1], x[101, 0] = -np.inf, np.nan
    with pytest.raises(InputError, match=r"first in row 78[.]"):
        network.forward(x)
