"""A path on a Dask cluster has the bytes of one that is trained in this process."""

import re
import threading
import time

import numpy as np
import pytest
from clusters import client_of
from plain_paths import plain_path
from sklearn.exceptions import ConvergenceWarning

import xl2
from xl2 import InputError, diagnose
from xl2.array import rows
from xl2.cli import dask_client
from xl2.cli.dask_client import connected
from xl2.errors import ClusterError, Face, facing, warn_caller
from xl2.path import dask_checks, dask_cluster, dask_sender, dask_worker, train_stacks
from xl2.path.dask_data import packed, unpacked

distributed = pytest.importorskip("distributed", reason='no Dask: pip install "xl2[dask]"')
pytestmark = [
    pytest.mark.host,
    # Dask leaves sockets to the garbage collector when it looks for a free port.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

RNG = np.random.default_rng(3)
X = RNG.normal(size=(900, 5))
LABELS = (X[:, 0] + X[:, 1] ** 2 > 1).astype(int)
VALUES = X[:, 0] - np.abs(X[:, 1])
LAMBDAS = [0, 0.1, 1, 10]
SMALL = {"hidden": (4,), "epochs": 3, "cv": 3, "progress": False, "return_members": True}
SMALL |= {"learning_rate": 0.03, "batch_size": 32}


@pytest.fixture(scope="module")
def client():
    with client_of(3, set_as_default=False) as found:
        yield found


def train(client=None, y=LABELS, **more):
    return plain_path(X, y, LAMBDAS, client=client, **{**SMALL, **more})


def arrays_of(path):
    """Return all numbers of a path that do not depend on the clock."""
    found = [path.train_scores_by_seed_, path.validation_scores_by_seed_, path.epochs_]
    found += [*path.curves_.values(), path.diverged_, path.evidence_.signal.p_value]
    models = [model.network for model in path.models_.values()]
    models += [path.member(lam, fold) for lam in path.lambdas_ for fold in range(path.n_folds_)]
    models += [model.network for model in path.ensemble_.models]
    for network in models:
        for layer in network.host_parameters():
            found += [*layer]
    return [np.asarray(array) for array in found]


def assert_same(path, other):
    """Compare the bytes; without compiled code NumPy's sums depend on the size of a stack."""
    import xl2_numpy_compiled

    for mine, its in zip(arrays_of(path), arrays_of(other), strict=True):
        if xl2_numpy_compiled.missing():
            np.testing.assert_allclose(mine, its, rtol=1e-3, atol=1e-5)
        else:
            assert mine.tobytes() == its.tobytes()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"standardize": True, "seed": [0, 1], "dropout": 0.1},
        {"y": VALUES, "standardize": True, "sample_weight": np.arange(900.0)},
        {"cv": None, "validation": (X[:200], LABELS[:200]), "refit": False},
        {"patience": 1, "epochs": 8, "cv": 4, "batch_size": 128},
        {"scoring": lambda model, X, y: float((model.predict(X) == y).mean() - X[0, 0])},
    ],
    ids=["plain", "standardised", "values", "validation", "patience", "own-scorer"],
)
def test_the_results_are_those_of_this_process(client, options):
    assert_same(train(client, **options), train(**options))


@pytest.mark.parametrize("most", [1, 3, 64])
def test_they_do_not_depend_on_how_stacks_are_divided(client, monkeypatch, most):
    monkeypatch.setattr(train_stacks, "MOST_ON_CLUSTER", most)
    assert_same(train(client), train())


def test_arrays_are_sent_once(client, monkeypatch):
    sent, scatter = [], client.scatter

    def watched(arrays, **options):
        sent.extend(arrays)
        return scatter(arrays, **options)

    monkeypatch.setattr(client, "scatter", watched)
    train(client, standardize=True, experiments=["wider", "curve"], budget=100)
    inputs = sum(array.size for array in sent if array.ndim == 2 and array.shape[1] == 5)
    # Each of 3 folds has its own copy in training, and that of its validation samples; the refit
    # has one more. Experiments use those.
    assert inputs == (3 * 900 + 900 + 900) * 5


@pytest.mark.parametrize("standardize", [False, True])
def test_workers_forget_the_samples_of_an_experiment(client, monkeypatch, standardize):
    senders = []

    class Watched(dask_sender.Sender):
        def __init__(self, client):
            super().__init__(client)
            senders.append(self)

    monkeypatch.setattr(dask_cluster, "Sender", Watched)
    features = {"a": [0, 1], "b": [3]}
    path = train(client, standardize=standardize, without=features, budget=100)
    assert [one.what for one in path.evidence_.trials] == ["without a", "without b"]
    arrays = [array for array, _ in senders[0]._sent.values()]
    widths = {array.shape[1] for array in arrays if array.ndim == 2}
    assert 5 in widths
    assert not widths & {3, 4}
    assert not {made.shape[1] for _, made in senders[0]._made.values() if made.ndim == 2} & {3, 4}


def test_experiments_run_on_the_cluster(client):
    options = {"experiments": ["wider", "faster", "curve"], "budget": 100}
    here, there = train(**options).evidence_, train(client, **options).evidence_
    assert len(there.trials) == 2
    assert len(there.curve) == len(here.curve) > 0
    for one, other in zip([*here.trials, *here.curve], [*there.trials, *there.curve], strict=True):
        assert (one.key, one.what) == (other.key, other.what)
        np.testing.assert_array_equal(one.scores, other.scores)


def test_a_path_of_a_cluster_does_not_keep_it(client):
    import pickle

    path = train(client)
    again = pickle.loads(pickle.dumps(path))
    assert_same(again, path)
    assert "tie" in str(diagnose(again, X, LABELS, X[:99], LABELS[:99]))


def test_packing_keeps_shared_arrays_apart():
    large, small = np.arange(1000.0), np.arange(3)
    text, arrays = packed({"a": large, "b": [large, small], "c": lambda x: x + 1})
    assert len(text) < 2000
    assert [a is large for a in arrays] == [True]
    found = unpacked(text, [unaligned(large)])
    assert found["a"] is found["b"][0]
    np.testing.assert_array_equal(found["b"][0], large)
    np.testing.assert_array_equal(found["b"][1], small)
    assert found["a"].flags.aligned
    assert found["c"](1) == 2


def test_a_small_column_of_a_matrix_is_packed():
    """Its pickle has the class of arrays, which has their attributes."""
    column = np.arange(30.0).reshape(10, 3)[:, 0]
    text, arrays = packed(column)
    assert not arrays
    np.testing.assert_array_equal(unpacked(text, []), column)


def unaligned(array):
    """Return an array that begins one byte after where it should, as in a message of Dask."""
    store = np.zeros(array.nbytes + 1, np.uint8)
    odd = store[1:].view(array.dtype)
    odd[...] = array
    assert not odd.flags.aligned
    return odd


def test_a_worker_with_less_memory_trains_smaller_stacks(client, monkeypatch):
    sizes, fit = [], train_stacks.train_network

    def watched(network, *arguments, **options):
        sizes.append(int(np.prod(network.stack)))
        return fit(network, *arguments, **options)

    whole = train(refit=False)
    monkeypatch.setattr(train_stacks, "train_network", watched)
    train(client, refit=False)
    largest = max(sizes)
    sizes.clear()
    # Only the workers know: another one may have joined after the path was planned.
    monkeypatch.setattr(dask_worker, "memory_of_worker", lambda worker: 40_000)
    monkeypatch.setattr(dask_checks, "memory_of_worker", lambda worker: 2**31)
    assert_same(train(client, refit=False), whole)
    assert 0 < max(sizes) < largest


def test_a_stack_whose_worker_dies_is_sent_again_and_then_halved(client, monkeypatch):
    whole, once, tried = train(refit=False), dask_worker._train, []

    def dying(task, backend):
        tried.append((task.stack.name, task.stack.size()))
        if task.stack.name.startswith("1") and task.stack.size() > 1:
            raise OSError("the worker died")
        return once(task, backend)

    monkeypatch.setattr(dask_worker, "_train", dying)
    assert_same(train(client, refit=False), whole)
    own = [name for name, _ in tried if name.startswith("1")]
    assert own[:2] == ["1", "1"]
    assert any(size == 1 and name.startswith("1-") for name, size in tried)


def test_with_patience_a_stack_stays_whole_whatever_dies(client, monkeypatch):
    options = {"patience": 1, "epochs": 8, "cv": 4, "batch_size": 128, "refit": False}
    whole, once, tried = train(**options), dask_worker._train, []

    def dying(task, backend):
        tried.append(task.stack.name)
        if len(tried) < 4:
            raise OSError("the worker died")
        return once(task, backend)

    monkeypatch.setattr(dask_worker, "_train", dying)
    assert_same(train(client, **options), whole)
    assert not any("-" in name for name in tried)


@pytest.mark.parametrize("saved", [True, False])
def test_a_scheduler_that_cannot_be_asked_for_a_moment(client, monkeypatch, tmp_path, saved):
    checkpoint = {"checkpoint": tmp_path / "p", "every": 100} if saved else {}
    monkeypatch.setattr(dask_worker, "OFTEN", 0.0)
    asked, is_set = [], distributed.Event.is_set

    def busy(self):
        asked.append(self)
        if len(asked) in (7, 14, 21):
            raise OSError("busy")
        return is_set(self)

    monkeypatch.setattr(distributed.Event, "is_set", busy)
    whole = train(refit=False, epochs=9)
    assert_same(train(client, refit=False, epochs=9, **checkpoint), whole)
    assert len(asked) > 21


def test_a_stack_that_always_kills_its_worker_is_an_error(client, monkeypatch):
    def dying(task, backend):
        raise OSError("the worker died")

    monkeypatch.setattr(dask_worker, "_train", dying)
    with pytest.raises(
        ClusterError, match="1 network at once died each of 6 times: the worker died"
    ):
        train(client, refit=False)


def test_errors_and_warnings_of_a_worker_arrive(client, monkeypatch):
    def scorer(model, X, y):
        raise ValueError("no score today")

    with pytest.raises(InputError, match="no score today"):
        train(client, scoring=scorer)
    once = dask_worker._train

    def warning(task, backend):
        warn_caller("It is hot here.", ConvergenceWarning)
        return once(task, backend)

    monkeypatch.setattr(dask_worker, "_train", warning)
    with pytest.warns(ConvergenceWarning, match="It is hot here") as caught:
        train(client, refit=False)
    assert len(caught) == 1
    assert caught[0].filename == __file__


def test_messages_of_a_worker_name_the_options_of_the_command_line(client, tmp_path, monkeypatch):
    checkpoint = tmp_path / "p"

    def gone(path, every, worker):
        return real(str(tmp_path / "elsewhere"), every, worker)

    real = dask_worker.Folder.on_worker
    monkeypatch.setattr(dask_worker.Folder, "on_worker", gone)
    with (
        facing(Face({"checkpoint": "--checkpoint"}, command_line=True)),
        pytest.raises(ClusterError, match=r"inproc.*does not have the folder.*Pass --checkpoint"),
    ):
        train(client, checkpoint=checkpoint)


@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("kind", ["memmap", "dask"])
def test_samples_that_are_read_in_parts(client, tmp_path, monkeypatch, kind, standardize):
    monkeypatch.setattr(rows, "CHUNK_BYTES", 4096)
    sent, scatter = [], client.scatter

    def watched(arrays, **options):
        sent.extend(array.shape for array in arrays)
        return scatter(arrays, **options)

    monkeypatch.setattr(client, "scatter", watched)
    if kind == "dask":
        samples = pytest.importorskip("dask.array").from_array(X, chunks=(100, 5))
    else:
        np.save(tmp_path / "x.npy", X)
        samples = np.load(tmp_path / "x.npy", mmap_mode="r")
    more = {**SMALL, "standardize": standardize, "refit": False}
    here = plain_path(samples, LABELS, LAMBDAS, **more)
    there = plain_path(samples, LABELS, LAMBDAS, client=client, **more)
    for name in ("train_scores_by_seed_", "validation_scores_by_seed_"):
        np.testing.assert_array_equal(getattr(there, name), getattr(here, name))
    for name, curve in here.curves_.items():
        np.testing.assert_allclose(there.curves_[name], curve, rtol=1e-5)
    for lam in here.lambdas_:
        for one, other in zip(
            here.member(lam, 0).host_parameters(),
            there.member(lam, 0).host_parameters(),
            strict=True,
        ):
            np.testing.assert_array_equal(one[0], other[0])
    # Of Dask's array the graph is sent, which has these chunks; of a file only its name.
    assert sent.count((100, 5)) == (9 if kind == "dask" else 0)
    assert not any(shape[1:] == (5,) and shape[0] >= 300 for shape in sent)


def test_a_file_that_only_this_machine_has(client, tmp_path, monkeypatch):
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    monkeypatch.setattr(rows, "CHUNK_BYTES", 4096)
    (tmp_path / "x.npy").unlink()
    with pytest.raises(
        ClusterError, match=r"inproc\S+ cannot open a file.*No such file.*same name"
    ):
        plain_path(mapped, LABELS, LAMBDAS, client=client, **SMALL)


def test_progress_is_reported(client, monkeypatch):
    seen = []
    monkeypatch.setattr(dask_worker, "OFTEN", 0.0)

    def reached(self, stack, epochs, reached=dask_cluster._Training._reached):
        seen.append((threading.current_thread(), epochs))
        reached(self, stack, epochs)

    monkeypatch.setattr(dask_cluster._Training, "_reached", reached)
    train(client, refit=False, epochs=30)
    assert any(0 < epochs < 30 for _, epochs in seen)
    # Another thread would see stacks come and go while it looks for one.
    assert {thread for thread, _ in seen} == {threading.current_thread()}


@pytest.mark.filterwarnings("ignore:Training has not finished")
def test_ctrl_c_saves_what_workers_have_and_it_is_resumed(client, tmp_path, monkeypatch):
    options = {"epochs": 150, "refit": False, "checkpoint": tmp_path / "p", "every": 1000}
    monkeypatch.setattr(dask_worker, "OFTEN", 0.01)
    look, began = dask_cluster._Training._look, time.monotonic()

    def interrupted(self):
        look(self)
        if time.monotonic() > began + 0.3:
            raise KeyboardInterrupt

    monkeypatch.setattr(dask_cluster._Training, "_look", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train(client, **options)
    monkeypatch.undo()
    assert list((tmp_path / "p").glob("stack-*"))
    whole = train(epochs=150, refit=False)
    assert_same(train(client, resume=True, **options), whole)


def test_bad_clients(client):
    with pytest.raises(InputError, match=r"must be a dask.distributed.Client.*Received: 'tcp:"):
        train("tcp://127.0.0.1:8786")
    with client_of(0, set_as_default=False) as lonely, pytest.MonkeyPatch.context() as patch:
        patch.setattr(dask_checks, "PATIENCE", 0.2)
        with pytest.raises(ClusterError, match=r"has no workers. `dask worker inproc"):
            train(lonely)
    with pytest.raises(ClusterError, match="is closed, not connected"):
        train(lonely)


def test_an_address_that_nobody_answers(monkeypatch):
    monkeypatch.setattr(dask_client, "PATIENCE", 1.0)
    began = time.monotonic()
    with (
        pytest.raises(ClusterError, match=r"No scheduler of Dask answers at .*--dask local:4"),
        connected("tcp://127.0.0.1:1"),
    ):
        pass
    assert time.monotonic() - began < 10.0
    with pytest.raises(InputError, match="Received: 'local:two'"), connected("local:two"):
        pass


def test_workers_with_another_version_are_named(client, monkeypatch):
    monkeypatch.setattr(dask_checks, "own_version", lambda: "9.9")
    own = re.escape(xl2.training.fingerprint.own_version())
    expected = rf"The worker inproc://\S+ has another xl2: version {own}; here it is version 9.9"
    with pytest.raises(ClusterError, match=expected):
        train(client)


def test_a_worker_that_joins_later_with_another_version(client, monkeypatch):
    monkeypatch.setattr(dask_worker, "own_version", lambda: "9.9", raising=False)
    with pytest.raises(ClusterError, match=r"A worker that joined the cluster has version 9\.9"):
        train(client, refit=False)


def test_a_library_that_a_worker_lacks(client, monkeypatch):
    def lacking(library, device):
        raise xl2.errors.BackendError("The backend 'numpy' is not installed.")

    monkeypatch.setattr(dask_checks, "backend_of_worker", lacking)
    with pytest.raises(ClusterError, match="cannot compute: The backend 'numpy' is not"):
        train(client)
