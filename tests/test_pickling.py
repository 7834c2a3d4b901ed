"""Pickles and copies of networks, models, histories and paths equal the originals."""

import copy
import io
import pickle
import types

import numpy as np
import pytest
from plain_paths import plain_path

import xl2
from xl2 import InputError, Model, Network, fit
from xl2.array.backend import Backend, connect, reconnect
from xl2.errors import BackendError
from xl2.nn.columns import Table
from xl2.nn.scaling import Scaling
from xl2.training.history import History

RNG = np.random.default_rng(8)
X = RNG.normal(size=(40, 3))
LABELS = (X[:, 0] + 0.4 * RNG.normal(size=40) > 0).astype(int)
HELD, HELD_LABELS = X[30:], LABELS[30:]
SMALL = {"hidden": (4,), "epochs": 2, "batch_size": 10, "learning_rate": 0.05, "progress": False}
KEEP = {**SMALL, "return_members": True}


def repickled(thing):
    return pickle.loads(pickle.dumps(thing))


@pytest.fixture
def network(where):
    network = Network([3, 4, 2], ["tanh", "softmax"], seed=3, **where)
    fit(network, X, LABELS, epochs=2, progress=False)
    return network


@pytest.fixture
def elsewhere(backend, monkeypatch):
    """Return a function that makes the tested library fail, as on a machine without a GPU."""
    if backend.name == "numpy":
        pytest.skip("NumPy is the fallback for libraries that do not work")
    load = xl2.array.backend.load

    def refuse(name):
        if name == backend.name:
            raise BackendError(f"The backend {name!r} does not work: no GPU.", "no GPU.")
        return load(name)

    def begin():
        monkeypatch.setattr(xl2.array.backend, "load", refuse)

    return begin


def assert_equal(one, other):
    for mine, its in zip(one.host_parameters(), other.host_parameters(), strict=True):
        for a, b in zip(mine, its, strict=True):
            assert a.dtype == b.dtype
            np.testing.assert_array_equal(a, b)


# Networks.


def test_a_pickled_network_is_restored(backend, network, host):
    back = repickled(network)
    assert_equal(back, network)
    np.testing.assert_array_equal(host(back.forward(X)), host(network.forward(X)))
    assert repr(back) == repr(network)
    assert (back.task, back.dtype, back.on_chosen_device) == (
        network.task,
        "float32",
        network.on_chosen_device,
    )
    assert back.backend == network.backend
    assert str(back.weights[0].device) == str(network.weights[0].device)
    fit(back, X, LABELS, epochs=1, progress=False)


@pytest.mark.parametrize("stack", [3, (2, 3)])
def test_a_pickled_stack_is_restored(where, stack):
    network = Network([3, 4, 1], "tanh", stack=stack, dtype="float64", **where)
    back = repickled(network)
    assert_equal(back, network)
    assert back.stack == network.stack
    assert repr(back) == repr(network)


def test_a_restored_network_without_a_backend_moves_to_the_data(backend, to):
    back = repickled(Network([3, 1]))
    assert not back.on_chosen_device
    fit(back, to(X), to(LABELS), epochs=1, progress=False)
    assert back.backend.name == backend.name


def test_a_pickle_refers_to_no_array_library_except_numpy(network):
    """Other libraries are stored by name, because the reader may not have them."""
    found = set()

    class Recorder(pickle.Unpickler):
        def find_class(self, module, name):
            found.add(module.partition(".")[0])
            return super().find_class(module, name)

    path = plain_path(
        X, LABELS, [0.3], cv=2, **SMALL, backend=network.backend.name, device=network.backend.device
    )
    for thing in (network, Model(network), path):
        Recorder(io.BytesIO(pickle.dumps(thing))).load()
    assert {"numpy", "xl2"} <= found <= {"numpy", "xl2", "builtins", "functools"}


def test_another_process_reads_a_pickle(network, host, tmp_path, python):
    (tmp_path / "network.pickle").write_bytes(pickle.dumps(network))
    code = (
        "import pickle, pathlib\n"
        f"back = pickle.loads(pathlib.Path({str(tmp_path / 'network.pickle')!r}).read_bytes())\n"
        f"print(back, back.backend.to_numpy(back.predict({X[:9].tolist()})).tolist(), sep='; ')"
    )
    assert python(code) == f"{network}; {host(network.predict(X[:9])).tolist()}"


def test_a_deep_copy_has_its_own_arrays(backend, network):
    before = [[p.copy() for p in layer] for layer in network.host_parameters()]
    twin = copy.deepcopy(network)
    assert_equal(twin, network)
    assert twin.backend == network.backend
    assert (repr(twin), twin.task, twin.on_chosen_device) == (
        repr(network),
        network.task,
        network.on_chosen_device,
    )
    for parameter in (*twin.weights, *twin.biases):
        parameter += 1.0
    fit(twin, X, LABELS, epochs=1, progress=False)
    for layer, old in zip(network.host_parameters(), before, strict=True):
        for a, b in zip(layer, old, strict=True):
            np.testing.assert_array_equal(a, b)


def test_copies_are_made_on_the_device(network, monkeypatch):
    def refuse(self):
        raise AssertionError("on the host")

    monkeypatch.setattr(Network, "host_parameters", refuse)
    deep, shallow = copy.deepcopy(network), copy.copy(network)
    assert str(deep.weights[0].device) == str(network.weights[0].device)
    assert shallow.parameters is network.parameters
    assert vars(shallow) == vars(network)
    assert vars(shallow) is not vars(network)


def test_two_references_to_a_network_remain_one_network(network):
    for twins in (repickled([network, network]), copy.deepcopy([network, network])):
        assert twins[0] is twins[1]
        assert twins[0] is not network


def test_a_subclass_keeps_its_attributes(where):
    network = Marked([3, 1], **where)
    network.marks = [network]
    for twin in (repickled(network), copy.deepcopy(network), copy.copy(network)):
        assert type(twin) is Marked
        assert type(twin.marks[0]) is Marked
    for twin in (repickled(network), copy.deepcopy(network)):
        assert twin.marks[0] is twin


class Marked(Network):
    """A user's subclass."""


# Without the backend.


def test_without_its_backend_it_computes_with_numpy_and_warns(backend, network, elsewhere, host):
    expected, written = host(network.forward(X)), pickle.dumps(Model(network))
    elsewhere()
    with pytest.warns(UserWarning, match="The pickled object") as caught:
        model = pickle.loads(written)
    (warning,) = caught
    assert str(warning.message) == (
        f"The pickled object computed with {_described(backend)}, which does not work here: no "
        f"GPU. It computes with NumPy now."
    )
    assert model.network.backend.name == "numpy"
    assert all(type(weight) is np.ndarray for weight in model.network.weights)
    np.testing.assert_allclose(model.forward(X), expected, rtol=1e-5)
    fit(model.network, X, LABELS, epochs=1, progress=False)


def test_a_path_warns_once(where, elsewhere):
    path = plain_path(X, LABELS, [0.0, 0.3], cv=2, **KEEP, **where)
    models, member = path.models_, path.member(0.3, 1)
    written = pickle.dumps(path)
    elsewhere()
    with pytest.warns(UserWarning, match="It computes with NumPy now") as caught:
        back = pickle.loads(written)
    assert len(caught) == 1
    assert str(back) == str(path)
    for lam, model in back.models_.items():
        assert model.network.backend.name == "numpy"
        assert_equal(model.network, models[lam].network)
    assert_equal(back.member(0.3, 1), member)


def _described(backend):
    return backend.name if backend.device is None else f"{backend.name} on {backend.device_name()}"


@pytest.mark.host
def test_an_unknown_library_or_device():
    with pytest.warns(UserWarning, match="with nolibrary on cuda:1, .* Available backends"):
        assert reconnect("nolibrary", "cuda:1").name == "numpy"
    with pytest.warns(UserWarning, match="numpy on cuda:0, .* Available devices are cpu"):
        assert reconnect("numpy", "cuda:0") == connect("numpy")


# Devices.


def test_each_device_is_found_by_its_name(backend):
    assert connect(backend.name).device_name() is None
    for name in backend.library.devices(backend.xp):
        there = connect(backend.name, name)
        assert there.device_name() == name
        assert repickled(there) == there
        assert copy.deepcopy(there) is there


def test_the_device_of_an_array_has_a_name(backend, to):
    found = xl2.array.switch.resolve(data=to(X))
    assert found.device_name() in backend.library.devices(backend.xp)
    assert repickled(found) == found


@pytest.mark.host
def test_a_device_with_two_names():
    """As in PyTorch, arrays moved to "gpu" are on "gpu:0", which equals no listed device."""
    actual = {"cpu": "cpu", "gpu": "gpu:0", "gpu:0": "gpu:0", "other": "other"}
    used = []

    def from_host(xp, array, device):
        used.append(device)
        return types.SimpleNamespace(device=actual[device])

    library = types.SimpleNamespace(
        devices=lambda xp: ["cpu", "gpu"], find_device=lambda xp, name: name, from_host=from_host
    )
    assert Backend("made_up", np, "gpu", library).device_name() == "gpu"
    assert not used  # no array is moved to find the name of a listed device
    names = [Backend("made_up", np, device, library).device_name() for device in actual]
    assert names == ["cpu", "gpu", "gpu", "other"]


# Models and histories.


@pytest.mark.parametrize("mmap_mode", [None, "r"])
def test_joblib_writes_and_reads_a_model(network, tmp_path, mmap_mode):
    joblib = pytest.importorskip("joblib")
    rows = np.array([1, 2], dtype=np.uint64)
    table = Table(5, (0, 1, 2), target="y", groups="who")
    known = {"trained_rows": rows, "table": table}
    model = Model(network, Scaling.learn(X), None, ("no", "yes"), ("a", "b", "c"), **known)
    joblib.dump(model, tmp_path / "model.joblib")
    back = joblib.load(tmp_path / "model.joblib", mmap_mode=mmap_mode)
    assert back.predict(X).tolist() == model.predict(X).tolist()
    assert (back.classes, back.features, back.table) == (("no", "yes"), ("a", "b", "c"), table)
    assert back.trained_rows.tolist() == [1, 2]
    # The network can be trained even when the file was memory-mapped.
    fit(back.network, X, LABELS, epochs=1, progress=False)


@pytest.mark.parametrize("stack", [None, 2])
def test_a_history(where, stack):
    network = Network([3, 1], stack=stack, **where)
    history = fit(network, X, LABELS, epochs=2, validation=(HELD, HELD_LABELS), progress=False)
    for back in (repickled(history), copy.deepcopy(history)):
        assert type(back) is History
        assert len(back) == 2
        for name, values in vars(history).items():
            np.testing.assert_array_equal(getattr(back, name), values)


# Paths.


@pytest.mark.parametrize("copied", [repickled, copy.deepcopy])
def test_a_path_with_validation_samples_is_restored(where, to, copied):
    held = (to(HELD), HELD_LABELS)
    path = plain_path(
        X[:30],
        LABELS[:30],
        [0.0, 0.3],
        validation=held,
        seed=[0, 1],
        standardize=True,
        **KEEP,
        **where,
    )
    back = copied(path)
    assert _plain(back) == _plain(path)
    assert_equal(back.member(0.3, 0, 1), path.member(0.3, 0, 1))
    for lam, other in path.models_.items():
        one = back.model(lam)
        assert_equal(one.network, other.network)
        np.testing.assert_array_equal(one.forward(X), other.forward(X))
    assert back.selected_on(HELD)
    assert not back.selected_on(X[:10])


def _plain(path):
    """Return the public attributes and the representations of a path, as text."""
    values = {name: value for name, value in vars(path).items() if not name.startswith("_")}
    return str(values), str(path), repr(path), path._repr_html_()


@pytest.mark.host
def test_a_restored_path_has_the_same_table_figures_and_diagnosis():
    pytest.importorskip("matplotlib", reason="pictures need matplotlib").use("agg")
    pytest.importorskip("pandas", reason="a data frame needs pandas")
    path = plain_path(
        X[:20], LABELS[:20], [0.0, 0.3, 2.0], validation=(X[20:30], LABELS[20:30]), **SMALL
    )
    back = repickled(path)
    assert back.to_pandas().equals(path.to_pandas())
    lines = [[line.get_xydata().tolist() for line in p.plot().ax_.lines] for p in (path, back)]
    assert str(lines[0]) == str(lines[1])
    samples = (X[:20], LABELS[:20], HELD, HELD_LABELS)
    assert str(xl2.diagnose(back, *samples)) == str(xl2.diagnose(path, *samples))
    seen = (X[:20], LABELS[:20], X[20:30], LABELS[20:30])
    assert str(xl2.diagnose(back, *seen)) == str(xl2.diagnose(path, *seen))
    assert xl2.diagnose(back, *seen).cautions != xl2.diagnose(back, *samples).cautions


def test_after_a_cross_validation_it_has_the_same_models(where):
    path = plain_path(X, LABELS, [0.0, 0.3, 2.0], cv=2, refit=[0.3], **KEEP, **where)
    back = repickled(path)
    assert _plain(back) == _plain(path)
    assert_equal(back.member(0.0, 1), path.member(0.0, 1))
    assert_equal(back.model(0.3).network, path.model(0.3).network)
    assert not back.selected_on(X)
    with pytest.raises(InputError, match=r"for lambda 2[.] .* model: 0[.]3[.] Pass refit=\[2\]"):
        back.model(2.0)


def test_a_deep_copy_of_a_path_has_its_own_arrays(where):
    path = plain_path(X, LABELS, [0.0, 0.3], cv=2, **SMALL, **where)
    twin = copy.deepcopy(path)
    assert_equal(twin.best_model_.network, path.best_model_.network)
    twin.train_scores_[:] = 0.0
    assert path.train_scores_.any()


@pytest.mark.host
@pytest.mark.parametrize("kind", ["cv", "validation"])
def test_a_pickled_path_has_a_few_numbers_for_each_sample(kind):
    def size(rows):
        x = np.random.default_rng(0).normal(size=(rows, 3))
        y = (x[:, 0] > 0).astype(int)
        validated = {"cv": 2} if kind == "cv" else {"validation": (x[1:], y[1:])}
        return len(pickle.dumps(plain_path(x, y, [0.3], **validated, **SMALL)))

    # The accuracy and the loss, the fold, the weight, and the null model's score: 4 bytes each;
    # and two probabilities of 8.
    assert (size(2000) - size(40)) / 1960 < 40


# The samples that lambda was selected on.


@pytest.mark.host
def test_samples_changed_later_are_not_recognized():
    held = HELD.copy()
    path = plain_path(X[:30], LABELS[:30], [0], validation=(held, HELD_LABELS), **SMALL)
    held += 1.0
    assert path.selected_on(HELD)
    assert not path.selected_on(held)
    assert not path.selected_on([["a"]])
    assert not path.selected_on([[1.0], [1.0, 2.0]])
