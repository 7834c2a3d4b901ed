"""A run that stops at any moment goes on as if it had not."""

import contextlib
import itertools
import os
import pkgutil
import signal
import subprocess
import threading
from dataclasses import dataclass
from typing import Any

import killed
import numpy as np
import pytest

import xl2.training.run
from xl2 import L2, DivergenceError, FileFormatError, InputError, Network, fit
from xl2.array.interrupts import Interrupts
from xl2.io.safetensors_file import read_with_digest
from xl2.nn.losses import Loss, find_loss
from xl2.nn.optimizers import SGD, Adam, Momentum, sgd_update
from xl2.training.checkpoints import FORMAT, Checkpoint, CheckpointSaver
from xl2.training.run import Keep

RNG = np.random.default_rng(3)
X = RNG.normal(size=(45, 3))
LABELS = (X[:, 0] > 0).astype(int)
TARGETS = X @ RNG.normal(size=(3, 2))
STACKS = [None, 3, (2, 2)]


class DiedError(Exception):
    """What ends a training here, where a process would be killed."""


@pytest.fixture
def die(monkeypatch):
    """Let a training end as soon as it was written for the n-th time."""
    moments = {"left": 10**9}
    look = CheckpointSaver.look

    def watched(self, run):
        before = self._written
        look(self, run)
        moments["left"] -= self._written != before
        if moments["left"] == 0:
            raise DiedError

    def at(n):
        moments["left"] = n

    monkeypatch.setattr(CheckpointSaver, "look", watched)
    # Three mini-batches at a time: an epoch of 45 has four pieces.
    monkeypatch.setattr(xl2.training.run, "RUN", 12)
    return at


def network(where, stack=None, output="softmax", **options):
    return Network([3, 4, 2], ["tanh", output], stack=stack, **options, **where)


def settings(**more):
    return {"epochs": 3, "batch_size": 4, "learning_rate": 0.05, "every": 0.01, **more}


def same(one, other):
    """Tell whether two runs ended with the same bytes."""
    (a, mine), (b, its) = one, other
    for p, q in zip(a.host_parameters(), b.host_parameters(), strict=True):
        for left, right in zip(p, q, strict=True):
            assert left.dtype == right.dtype
            np.testing.assert_array_equal(left, right)
    for name, values in vars(mine).items():
        others = getattr(its, name)
        if name == "seconds":
            assert len(values) == len(others)
        elif name == "diverged":
            np.testing.assert_array_equal(values, others)
        else:
            assert len(values) == len(others)
            for left, right in zip(values, others, strict=True):
                assert type(left) is type(right)
                assert np.asarray(left).dtype == np.asarray(right).dtype
                np.testing.assert_array_equal(left, right)


def survive(die, train, path, *steps):
    """Train, dying each time it was written so often, until it is through; return how often."""
    for deaths, n in zip(range(100), itertools.cycle(steps or [1]), strict=False):
        die(n)
        try:
            return train(checkpoint=path, resume=True), deaths
        except DiedError:
            assert path.exists()
    raise AssertionError("never through")


def trainer(make, x, y, **options):
    def train(**keeping):
        one = make()
        extra = {k: v for k, v in options.items() if keeping or k != "every"}
        return one, fit(one, x, y, **extra, **keeping)

    return train


@pytest.mark.one_on_jax
@pytest.mark.parametrize(
    ("stack", "optimizer"),
    [
        ((2, 2), "adam"),
        (None, "sgd"),
        (None, "momentum"),
        (None, "adam"),
        (3, "sgd"),
        (3, "momentum"),
        (3, "adam"),
        ((2, 2), "sgd"),
        ((2, 2), "momentum"),
        ((2, 2), "nesterov"),
    ],
)
def test_it_goes_on_bit_for_bit_from_every_moment(where, tmp_path, die, stack, optimizer):
    several = {} if stack is None else {"penalty": [0.1] * (3 if stack == 3 else 2)}
    train = trainer(
        lambda: network(where, stack),
        X,
        LABELS,
        **settings(optimizer=optimizer, dropout=0.3, validation=(X[:9], LABELS[:9]), **several),
    )
    result, deaths = survive(die, train, tmp_path / "c")
    assert deaths == 3 * 4  # behind three of four pieces, and behind the epoch
    same(result, train())


def plain(where):
    return lambda: network(where)


def weighted(where, stack):
    return trainer(
        lambda: network(where, stack), X, LABELS, **settings(sample_weight=np.arange(45.0))
    )


@pytest.mark.one_on_jax
@pytest.mark.parametrize("stack", [(2, 2), None, 3])
def test_with_weights(where, tmp_path, die, stack):
    train = weighted(where, stack)
    result, _ = survive(die, train, tmp_path / "c", 1, 2)
    same(result, train())


@pytest.mark.one_on_jax
@pytest.mark.parametrize("stack", [(2, 2), None, 3])
def test_with_values_in_float64(where, tmp_path, die, stack):
    rows = np.arange(40) if stack != (2, 2) else np.stack([np.arange(30), np.arange(15, 45)])
    train = trainer(
        lambda: network(where, stack, "identity", dtype="float64"),
        X,
        TARGETS,
        **settings(rows=rows, seed=5, penalty=L2(0.1)),
    )
    result, _ = survive(die, train, tmp_path / "c", 1, 3)
    same(result, train())


@pytest.mark.one_on_jax
@pytest.mark.parametrize("rows", [None, np.arange(10, 40)])
def test_without_shuffling(where, tmp_path, die, rows):
    train = trainer(plain(where), X, LABELS, **settings(shuffle=False, rows=rows))
    result, _ = survive(die, train, tmp_path / "c", 2)
    same(result, train())


@pytest.mark.one_on_jax
@pytest.mark.parametrize("kind", ["memmap", "sparse", "hdf5"])
def test_samples_that_stay_on_the_host(where, tmp_path, die, kind, monkeypatch):
    import scipy.sparse

    for module in ("rows", "sparse"):  # windows of a few mini-batches
        monkeypatch.setattr(f"xl2.array.{module}.PIECE", 200)
    np.save(tmp_path / "x.npy", X)
    if kind == "sparse":
        x = scipy.sparse.csr_array(X)
    elif kind == "memmap":
        x = np.load(tmp_path / "x.npy", mmap_mode="r")
    else:
        h5py = pytest.importorskip("h5py")
        file = h5py.File(tmp_path / "x.h5", "w")
        x = file.create_dataset("x", data=X, chunks=(5, 3))
    train = trainer(plain(where), x, LABELS, **settings())
    result, deaths = survive(die, train, tmp_path / "c")
    assert deaths > 6
    same(result, train())


@pytest.mark.one_on_jax
@pytest.mark.parametrize("stack", [(2, 2), None, 3])
@pytest.mark.parametrize("homeward", [False, True])
def test_another_backend_goes_on_from_the_same_numbers(where, tmp_path, die, stack, homeward):
    """Within an epoch, from NumPy and to NumPy; as near as one library is to another."""
    places = [where, {"backend": "numpy"}] if homeward else [{"backend": "numpy"}, where]
    options = settings(optimizer="adam", dropout=0.3, penalty=0.1, validation=(X[:9], LABELS[:9]))
    first, then = (
        trainer(lambda place=place: network(place, stack), X, LABELS, **options) for place in places
    )
    die(6)
    with pytest.raises(DiedError):
        first(checkpoint=tmp_path / "c")
    header, _ = read_with_digest(tmp_path / "c", FORMAT, lambda header, found: found)
    assert (header["epochs"], header["under_way"]["done"]) == (1, 24)
    die(10**9)
    one, history = then(checkpoint=tmp_path / "c", resume=True)
    assert one.backend.name == places[1]["backend"]
    whole, its = trainer(lambda: network({"backend": "numpy"}, stack), X, LABELS, **options)()
    for p, q in zip(one.host_parameters(), whole.host_parameters(), strict=True):
        for left, right in zip(p, q, strict=True):
            np.testing.assert_allclose(left, right, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(history.loss, its.loss, rtol=1e-5)
    np.testing.assert_allclose(history.validation_loss, its.validation_loss, rtol=1e-5)


def held(kind, folder):
    """Return the samples as float32, in memory, on the disk, or sparse."""
    import scipy.sparse

    x = X.astype(np.float32)
    if kind == "sparse":
        return scipy.sparse.csr_array(x)
    if kind == "memmap":
        np.save(folder / "x.npy", x)
        return np.load(folder / "x.npy", mmap_mode="r")
    if kind == "hdf5":
        h5py = pytest.importorskip("h5py")
        return h5py.File(folder / "x.h5", "w").create_dataset("x", data=x, chunks=(5, 3))
    return x


@pytest.mark.one_on_jax
@pytest.mark.parametrize("stack", [(2, 2), None])
@pytest.mark.parametrize(
    "kinds",
    list(itertools.combinations(["memory", "memmap", "sparse", "hdf5"], 2)),
    ids="-".join,
)
def test_the_samples_may_be_held_another_way(where, tmp_path, die, kinds, stack, monkeypatch):
    """By turns, so that each goes on from where the other has no piece that begins."""
    # In HDF5 an epoch has an order of its own.
    options = settings(optimizer="momentum", shuffle="hdf5" not in kinds)
    make, moments = lambda: network(where, stack), []
    # Windows of three mini-batches and of two, or of fewer in groups; runs are of three.
    turns = itertools.cycle([(held(kinds[0], tmp_path), 250), (held(kinds[1], tmp_path), 100)])

    def train(**keeping):
        one = make()
        x, piece = next(turns)
        for module in ("rows", "sparse"):
            monkeypatch.setattr(f"xl2.array.{module}.PIECE", piece)
        return one, fit(one, x, LABELS, **options, **keeping)

    look = CheckpointSaver.look

    def watched(self, run):
        moments.append(run.under_way.done if run.under_way else 0)
        look(self, run)

    monkeypatch.setattr(CheckpointSaver, "look", watched)
    (one, history), _ = survive(die, train, tmp_path / "c")
    del options["every"]
    whole = make()
    its = fit(whole, X, LABELS, **options)
    # Some of what is done ends within a window, and some within a run.
    assert any(done % 12 for done in moments)
    assert any(done % 8 for done in moments)
    for p, q in zip(one.host_parameters(), whole.host_parameters(), strict=True):
        for left, right in zip(p, q, strict=True):
            np.testing.assert_allclose(left, right, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(history.loss, its.loss, rtol=1e-5)
    np.testing.assert_array_equal(history.score, its.score)


def test_of_a_stream_epochs_are_whole(where, tmp_path, die):
    pairs = [(X[:20], LABELS[:20]), (X[20:], LABELS[20:])]
    train = trainer(plain(where), pairs, None, **settings(every=1))
    die(1)
    with pytest.raises(DiedError):
        train(checkpoint=tmp_path / "c")
    die(10**9)
    same(train(checkpoint=tmp_path / "c", resume=True), train())


@pytest.mark.host
def test_a_stream_that_cannot_be_gone_on_with_is_refused(tmp_path):
    pairs = [(X, LABELS)]
    with pytest.raises(InputError, match="can be gone through once"):
        fit(Network([3, 2]), iter(pairs), checkpoint=tmp_path / "c")
    with pytest.raises(InputError, match="Within an epoch"):
        fit(Network([3, 2]), pairs, checkpoint=tmp_path / "c", every=0.5)
    assert not (tmp_path / "c").exists()


def drop(network, history):
    """Drop the second of three, and later the first of two."""
    return {2: Keep([0, 2]), 3: Keep([1])}.get(len(history))


@pytest.mark.one_on_jax
@pytest.mark.parametrize("stack", [3, (2, 3)])
def test_a_stack_whose_members_were_dropped(where, tmp_path, die, stack):
    train = trainer(
        lambda: network(where, stack),
        X,
        LABELS,
        **settings(epochs=4, callbacks=[drop], penalty=[0.1, 0.2, 0.3], optimizer="adam"),
    )
    result, _ = survive(die, train, tmp_path / "c", 3, 4)
    assert result[0].stack[-1] == 1
    same(result, train())


@pytest.mark.one_on_jax
@pytest.mark.parametrize("stack", [3, (2, 3)])
def test_members_that_diverged_stay_where_they_were(where, tmp_path, die, stack):
    train = trainer(
        lambda: network(where, stack, "identity"),
        X,
        TARGETS,
        **settings(penalty=[0.0, 1e4, 0.1], learning_rate=0.02),
    )
    result, _ = survive(die, train, tmp_path / "c", 2)
    assert (result[1].diverged > 0).sum() == (1 if stack == 3 else 2)
    same(result, train())


def test_a_divergence_is_the_same_one_the_second_time(where, tmp_path, die):
    train = trainer(
        lambda: network(where, None, "identity"),
        1e3 * X,
        1e3 * TARGETS,
        **settings(learning_rate=10.0),
    )
    with pytest.raises(DivergenceError) as whole:
        train()
    die(1)
    with pytest.raises(DiedError):
        train(checkpoint=tmp_path / "c")
    die(10**9)
    with pytest.raises(DivergenceError) as resumed:
        train(checkpoint=tmp_path / "c", resume=True)
    assert (resumed.value.epoch, resumed.value.step) == (whole.value.epoch, whole.value.step)


@pytest.mark.one_on_jax
@pytest.mark.parametrize("every", [1, 100])
@pytest.mark.parametrize("stack", [3, (2, 3)])
def test_a_stack_that_diverged_as_a_whole_is_not_trained_again(
    where, tmp_path, monkeypatch, stack, every
):
    def train(**keeping):
        one = network(where, stack, "identity")
        with pytest.raises(DivergenceError) as caught:
            fit(one, X, TARGETS, penalty=[3e4, 1e5, 1e6], learning_rate=0.02, epochs=30, **keeping)
        return one, caught.value

    (first, whole), (_, kept) = train(), train(checkpoint=tmp_path / "c", every=every)
    assert len(whole.history) > 0
    monkeypatch.setattr("xl2.training.run.Run.epoch", None)
    again, resumed = train(checkpoint=tmp_path / "c", every=every, resume=True)
    for error in (kept, resumed):
        assert str(error) == str(whole)
        assert (error.epoch, error.step) == (whole.epoch, whole.step)
    same((again, resumed.history), (first, whole.history))


class Patience:
    """Ends a training after a number of epochs that it counts itself."""

    def __init__(self, epochs):
        self.left, self.seen = epochs, np.zeros(0)

    def __call__(self, network, history):
        self.left -= 1
        self.seen = np.append(self.seen, history.loss[-1])
        return self.left == 0

    def state_dict(self):
        return {"left": self.left, "seen": self.seen, "nested": [{"a": (1, None)}]}

    def load_state_dict(self, state):
        assert state["nested"] == [{"a": [1, None]}]
        self.left, self.seen = state["left"], state["seen"]


def test_a_callback_with_a_state_goes_on_with_it(where, tmp_path, die):
    calls = []

    def train(**keeping):
        calls.append(Patience(3))
        train = trainer(plain(where), X, LABELS, **settings(epochs=9, callbacks=[calls[-1]]))
        return train(**keeping)

    result, _ = survive(die, train, tmp_path / "c", 3)
    assert len(result[1]) == 3
    assert calls[-1].seen.tolist() == result[1].loss
    same(result, train())
    # It was over, and stays so.
    again = trainer(plain(where), X, LABELS, **settings(epochs=20, callbacks=[Patience(1)]))
    with pytest.warns(
        UserWarning, match="No epoch is trained: a callback ended .* after 3 of 9 epochs"
    ):
        same(again(checkpoint=tmp_path / "c", resume=True), result)
    with pytest.raises(InputError, match="callbacks with a state was Patience and is now none"):
        fit(network(where), X, LABELS, checkpoint=tmp_path / "c", resume=True, **settings())


class Holding:
    """A callback whose state is what it is given."""

    def __init__(self, it=None):
        self.it = it

    def __call__(self, network, history):
        return None

    def state_dict(self):
        return {"it": self.it}

    def load_state_dict(self, state):
        self.it = state["it"]


@pytest.mark.host
@pytest.mark.parametrize(
    ("it", "said"),
    [
        (object(), "object"),
        ({1}, "set"),
        (b"bytes", "bytes"),
        (1j, "complex"),
        (np.array(["text"]), "an array of <U4"),
        (np.array([None]), "an array of object"),
        (np.array([1j]), "an array of complex128"),
        (np.array(["2020"], dtype="M8[D]"), r"an array of datetime64\[D\]"),
        (np.zeros(2, dtype=[("a", "f4")]), "an array of .*'a'"),
        (np.ma.array([1, 2], mask=[0, 1]), "MaskedArray"),
        (np.bytes_(b"bytes"), "bytes_"),
        (np.datetime64("2020"), "datetime64"),
        (np.complex64(1), "complex64"),
        (np.zeros(1, dtype=[("a", "f4")])[0], "void"),
        ({(1, 2): 3}, "a dict with a tuple as key"),
        *(
            [(np.zeros(2, np.longdouble), "an array of"), (np.longdouble(1), "longdouble")]
            if np.dtype(np.longdouble).itemsize > 8
            else []
        ),
    ],
)
def test_a_state_that_cannot_be_kept_is_refused_before_anything_is_trained(tmp_path, it, said):
    seen = []
    calls = [Holding(it), lambda *_: seen.append(1)]
    with pytest.raises(InputError, match=f"numbers of at most 64 bits. Received: {said}"):
        fit(Network([3, 2]), X, LABELS, callbacks=calls, checkpoint=tmp_path / "c", epochs=2)
    assert seen == list(tmp_path.iterdir()) == []


@pytest.mark.host
@pytest.mark.parametrize("dtype", ["?", "i1", "u2", "i4", "u8", "f2", "f4", "f8", ">f8", ">i2"])
def test_arrays_and_numbers_of_numpy_come_back(tmp_path, dtype):
    given = {"array": np.arange(3).astype(dtype), "number": np.arange(2).astype(dtype)[1],
             "nan": np.float32("nan"), "text": np.str_("a"), 2: {None: [True, 2**300]}}  # fmt: skip
    fit(Network([3, 2]), X, LABELS, callbacks=[Holding(given)], checkpoint=tmp_path / "c", epochs=1)
    again = Holding()
    fit(Network([3, 2]), X, LABELS, callbacks=[again], checkpoint=tmp_path / "c", epochs=1,
        resume=True)  # fmt: skip
    found = again.it
    assert found["array"].dtype == np.dtype(dtype).newbyteorder("=")
    np.testing.assert_array_equal(found["array"], given["array"])
    assert (found["number"], found["text"], found[2]) == (1, "a", {None: [True, 2**300]})
    assert found["nan"] != found["nan"]


@pytest.mark.host
def test_a_callback_with_half_of_a_state_is_refused(tmp_path):
    def call(network, history):
        raise AssertionError("it was trained")

    call.state_dict = dict
    with pytest.raises(InputError, match=r"function has state_dict\(\) but no load_state_dict"):
        fit(Network([3, 2]), X, LABELS, callbacks=[call], checkpoint=tmp_path / "c")


@pytest.mark.host
@pytest.mark.parametrize("error", [KeyError, TypeError, ValueError])
def test_what_a_callback_raises_itself_comes_through(tmp_path, error):
    class Wrong(Holding):
        def load_state_dict(self, state):
            raise error("its own")

    options = {"callbacks": [Wrong()], "checkpoint": tmp_path / "c"}
    fit(Network([3, 2]), X, LABELS, epochs=1, **options)
    one = Network([3, 2], seed=7)
    before = one.host_parameters()
    with pytest.raises(error, match="its own") as caught:
        fit(one, X, LABELS, epochs=2, resume=True, **options)
    assert type(caught.value) is error
    np.testing.assert_array_equal(one.host_parameters()[0][0], before[0][0])


@pytest.mark.host
@pytest.mark.parametrize(
    "it", [object(), list(range(10_000)), 10**5000], ids=["object", "long", "digits"]
)
def test_a_state_that_comes_to_be_unwritable_costs_one_warning(tmp_path, monkeypatch, it):
    monkeypatch.setattr("xl2.io.safetensors_file.MAX_HEADER", 8000)
    call = Holding()

    def spoil(network, history):
        call.it = it if len(history) == 2 else call.it

    said = "state of a callback may contain|would have a header of|cannot be written"
    with pytest.warns(UserWarning, match=f"({said}).*previous one is intact") as caught:
        _, history = trained(tmp_path, callbacks=[spoil, call])
    assert len(caught) == 1
    assert len(history) == 4
    header, _ = read_with_digest(tmp_path / "c", FORMAT, lambda header, found: found)
    assert header["epochs"] == 1


@pytest.mark.host
def test_more_epochs_go_on_from_the_end(tmp_path):
    def train(epochs, **keeping):
        one = Network([3, 4, 2], seed=1, backend="numpy")
        return one, fit(one, X, LABELS, epochs=epochs, optimizer="adam", **keeping)

    train(2, checkpoint=tmp_path / "c")
    written = (tmp_path / "c").stat().st_mtime_ns
    train(2, checkpoint=tmp_path / "c", resume=True)
    assert (tmp_path / "c").stat().st_mtime_ns == written
    same(train(5, checkpoint=tmp_path / "c", resume=True), train(5))


@pytest.mark.host
def test_it_stays_where_it_is_though_a_callback_goes_elsewhere(tmp_path, monkeypatch):
    for folder in ("here", "elsewhere"):
        (tmp_path / folder).mkdir()
    monkeypatch.chdir(tmp_path / "here")

    def go(network, history):
        if len(history) == 2:
            os.chdir(tmp_path / "elsewhere")

    fit(Network([3, 2]), X, LABELS, epochs=4, checkpoint="c", callbacks=[go])
    header, _ = read_with_digest(tmp_path / "here" / "c", FORMAT, lambda header, found: found)
    assert header["epochs"] == 4
    assert list((tmp_path / "elsewhere").iterdir()) == []
    os.chdir("../here")
    with pytest.raises(InputError, match="The file 'c' already exists"):
        fit(Network([3, 2]), X, LABELS, checkpoint="c")
    with pytest.raises(InputError, match="'c' is a checkpoint after epoch 4"):
        fit(Network([3, 2]), X, LABELS, checkpoint="c", resume=True, epochs=3)


@pytest.mark.host
def test_a_link_is_replaced_by_a_file(tmp_path):
    (tmp_path / "c").symlink_to(tmp_path / "real")
    trained(tmp_path)
    assert not (tmp_path / "c").is_symlink()
    assert not (tmp_path / "real").exists()


@pytest.mark.host
def test_a_run_that_a_callback_ended_says_that_it_stays_so(tmp_path):
    def train(epochs, **keeping):
        fit(Network([3, 2]), X, LABELS, epochs=epochs, checkpoint=tmp_path / "c", **keeping)

    train(10, callbacks=[lambda network, history: len(history) == 3])
    train(10, resume=True)  # as before
    with pytest.warns(UserWarning, match="epochs=20 does not restart it") as said:
        train(20, resume=True)
    assert [warning.filename for warning in said] == [__file__]


@pytest.mark.parametrize(("written", "has"), [(5, 2), (8, 2), (9, 3)])
def test_fewer_epochs_than_there_are_is_refused(where, tmp_path, die, written, has):
    """In the midst of the second epoch, behind it, and in the midst of the third."""
    train = trainer(plain(where), X, LABELS, **settings())
    die(written)
    with pytest.raises(DiedError):
        train(checkpoint=tmp_path / "c")
    die(10**9)
    before, one = (tmp_path / "c").read_bytes(), network(where)
    kept = one.parameters
    fewer = settings(epochs=has - 1)
    with pytest.raises(InputError, match=rf"epoch {has}, and epochs={has - 1} .*{has} or more"):
        fit(one, X, LABELS, checkpoint=tmp_path / "c", resume=True, **fewer)
    assert one.parameters is kept
    assert (tmp_path / "c").read_bytes() == before
    options = settings(epochs=has)
    same(
        trainer(plain(where), X, LABELS, **options)(checkpoint=tmp_path / "c", resume=True),
        trainer(plain(where), X, LABELS, **options)(),
    )


@pytest.mark.host
@pytest.mark.parametrize(("every", "epochs"), [(1, [1, 2, 3, 4, 5]), (2, [2, 4, 5]), (9, [5])])
def test_it_is_written_every_so_many_epochs_and_at_the_end(tmp_path, monkeypatch, every, epochs):
    written = []
    monkeypatch.setattr(
        "xl2.training.checkpoints.write_with_digest",
        lambda path, form, header, arrays: written.append(header["epochs"]),
    )
    fit(Network([3, 2]), X, LABELS, epochs=5, checkpoint=tmp_path / "c", every=every)
    assert written == epochs


@pytest.mark.host
def test_within_an_epoch_it_is_written_where_a_part_is_over(tmp_path, monkeypatch):
    monkeypatch.setattr(xl2.training.run, "RUN", 4)
    written = []
    monkeypatch.setattr(
        "xl2.training.checkpoints.write_with_digest",
        lambda path, form, header, arrays: written.append(header["under_way"]),
    )
    fit(Network([3, 2]), X[:40], LABELS[:40], epochs=1, batch_size=4, every=0.3,
        checkpoint=tmp_path / "c")  # fmt: skip
    assert [now and now["done"] for now in written] == [12, 24, 36, None]


@pytest.mark.host
@pytest.mark.parametrize("every", [0, -1, float("nan"), float("inf"), "1", True])
def test_every_is_a_number_above_0(tmp_path, every):
    with pytest.raises(InputError, match="every is the number of epochs"):
        fit(Network([3, 2]), X, LABELS, checkpoint=tmp_path / "c", every=every)


@pytest.mark.host
def test_what_needs_a_checkpoint_says_so(tmp_path):
    for wrong in ({"resume": True}, {"every": 2}):
        with pytest.raises(InputError, match=r"Pass checkpoint= \(--checkpoint\)"):
            fit(Network([3, 2]), X, LABELS, **wrong)
    with pytest.raises(InputError, match="does not exist; make it first"):
        fit(Network([3, 2]), X, LABELS, checkpoint=tmp_path / "no" / "c")
    with pytest.raises(InputError, match="is a folder"):
        fit(Network([3, 2]), X, LABELS, checkpoint=tmp_path)


@pytest.mark.host
def test_a_file_that_is_there_is_not_written_over(tmp_path):
    (tmp_path / "c").write_bytes(b"precious")
    with pytest.raises(InputError, match="To resume from it, pass resume=True"):
        fit(Network([3, 2]), X, LABELS, checkpoint=tmp_path / "c")
    with pytest.raises(FileFormatError, match="not a valid xl2-checkpoint-1 file"):
        fit(Network([3, 2]), X, LABELS, checkpoint=tmp_path / "c", resume=True)
    assert (tmp_path / "c").read_bytes() == b"precious"


def test_nothing_is_written_where_nobody_asked(where, tmp_path, monkeypatch):
    def never(*arguments, **options):
        raise AssertionError("it cost something")

    monkeypatch.setattr("xl2.training.fit.fingerprint_of", never)
    monkeypatch.setattr("xl2.training.checkpoints.write_with_digest", never)
    monkeypatch.setattr("signal.signal", never)
    monkeypatch.chdir(tmp_path)
    fit(network(where), X, LABELS, epochs=2)
    assert list(tmp_path.iterdir()) == []


# Another run's checkpoint.

BASE = {"epochs": 2, "batch_size": 4, "learning_rate": 0.05}
CHANGED = [
    ({"optimizer": "adam"}, r"optimizer was SGD\(\) and is now Adam"),
    ({"optimizer": Momentum(0.8)}, r"optimizer was SGD\(\) and is now Momentum\(.*0.8"),
    ({"penalty": 0.5}, "penalty was lambda 0.0, per batch and is now lambda 0.5"),
    ({"penalty": L2(0.0, "dataset")}, "penalty was .*per dataset"),
    ({"batch_size": 5}, "batch size was 4 and is now 5"),
    ({"learning_rate": 0.1}, "learning rate was 0.05 and is now 0.1"),
    ({"seed": 7}, "seed was 0 and is now 7"),
    ({"shuffle": False}, "shuffle was True"),
    ({"dropout": 0.5}, "dropout was 0 and is now 0.5"),
    ({"loss": "squared_error"}, "loss was the default"),
    ({"sample_weight": np.ones(45)}, "sample_weight was none"),
    ({"rows": np.arange(40)}, "rows was all"),
    ({"validation": (X, LABELS)}, "validation was none and is now 45 x 3 of float32"),
    ({"optimizer": "adam", "seed": 1}, "optimizer was.*; its seed was"),
]


def begun(tmp_path, **options):
    one = Network([3, 4, 2], ["tanh", "sigmoid"], backend="numpy", **options)
    fit(one, X, LABELS, checkpoint=tmp_path / "c", **BASE)
    return tmp_path / "c"


@pytest.mark.host
@pytest.mark.parametrize(("changed", "message"), CHANGED)
def test_other_settings_are_refused_with_the_difference(tmp_path, changed, message):
    path = begun(tmp_path)
    before = path.read_bytes()
    one = Network([3, 4, 2], ["tanh", "sigmoid"], seed=9, backend="numpy")
    parameters = one.host_parameters()
    with pytest.raises(InputError, match=f"is a checkpoint of another run: .*{message}"):
        fit(one, X, LABELS, checkpoint=path, resume=True, **{**BASE, **changed})
    assert path.read_bytes() == before
    assert all(a is b for p, q in zip(parameters, one.host_parameters(), strict=True)
               for a, b in zip(p, q, strict=True))  # fmt: skip


class Scaled:
    """A user's optimizer, with a constant and no repr of its own."""

    update = staticmethod(sgd_update)

    def __init__(self, factor=1.0):
        self.factor = factor

    def init(self, parameter):
        return ()

    def rate(self, learning_rate, step):
        return learning_rate * self.factor

    def scale(self, rate):
        return rate


@dataclass(frozen=True)
class Scheduled(SGD):
    """A dataclass with a function for a field, whose repr has an address."""

    schedule: Any = None

    def rate(self, learning_rate, step):
        return self.schedule(learning_rate)


def constant():
    """Return a new function at another address, of the same name."""
    return lambda rate: rate


def custom_loss():
    """Return a loss of new functions at other addresses, of the same names."""
    natural = find_loss(None, "identity")
    return Loss(lambda z, y: natural.value(z, y), lambda z, y: natural.delta(z, y))


@pytest.mark.host
@pytest.mark.parametrize(
    "make",
    [
        lambda: {"rows": np.arange(40, dtype=np.int32)},
        lambda: {"optimizer": Adam(0.8)},
        lambda: {"optimizer": Scaled()},
        lambda: {"optimizer": Scheduled(constant())},
        lambda: {"loss": custom_loss()},
    ],
)
def test_settings_equal_but_not_identical_are_accepted(tmp_path, make):
    for epochs in (1, 2):
        one = Network([3, 2], ["identity"])
        history = fit(one, X, TARGETS, checkpoint=tmp_path / "c", resume=True, epochs=epochs,
                      **make())  # fmt: skip
        assert len(history) == epochs


@pytest.mark.host
@pytest.mark.parametrize(
    ("one", "other", "message"),
    [
        ({"optimizer": Adam(0.8)}, {"optimizer": Adam()}, r"Adam\(.*0.8.* is now Adam\(.*0.9"),
        ({"optimizer": Scaled()}, {}, r"optimizer was .*Scaled and is now SGD\(\)"),
        ({"optimizer": Scheduled(constant())}, {}, r"optimizer was .*Scheduled and is now"),
        ({"loss": custom_loss()}, {}, r"loss was .*custom_loss.* and is now the default"),
    ],
)
def test_another_optimizer_or_loss_is_refused_by_its_repr_or_name(tmp_path, one, other, message):
    fit(Network([3, 2], ["identity"]), X, TARGETS, checkpoint=tmp_path / "c", epochs=1, **one)
    with pytest.raises(InputError, match=message):
        fit(Network([3, 2], ["identity"]), X, TARGETS, checkpoint=tmp_path / "c", resume=True,
            **other)  # fmt: skip


@pytest.mark.host
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Network([3, 5, 2], ["tanh", "sigmoid"]), "network was 3-4-2, .*is now 3-5-2"),
        (lambda: Network([3, 4, 2], ["relu", "sigmoid"]), "network was 3-4-2, tanh"),
        (lambda: Network([3, 4, 2], ["tanh", "sigmoid"], dtype="float64"), "dtype was float32"),
        (lambda: Network([3, 4, 2], ["tanh", "sigmoid"], stack=2), "stack was a single network"),
    ],
)
def test_another_network_is_refused_with_the_difference(tmp_path, make, message):
    with pytest.raises(InputError, match=f"is a checkpoint of another run: .*{message}"):
        fit(make(), X, LABELS, checkpoint=begun(tmp_path), resume=True, **BASE)


@pytest.mark.host
def test_other_samples_are_refused_with_the_difference(tmp_path):
    path, nudged, other = begun(tmp_path), X.copy(), 1 - LABELS
    nudged[30, 1] += 1e-3
    for x, y, message in ((nudged, LABELS, "X was 45 x 3 of float32"), (X, other, "y was 45 x 2")):
        one = Network([3, 4, 2], ["tanh", "sigmoid"])
        with pytest.raises(InputError, match=f"another run: its {message} .* digest"):
            fit(one, x, y, checkpoint=path, resume=True, **BASE)


@pytest.mark.host
def test_another_version_is_refused_with_the_difference(tmp_path, monkeypatch):
    path = begun(tmp_path)
    monkeypatch.setattr("xl2.training.fingerprint.own_version", lambda: "9.9")
    one = Network([3, 4, 2], ["tanh", "sigmoid"])
    with pytest.raises(InputError, match=r"version of xl2 was .* and is now 9\.9"):
        fit(one, X, LABELS, checkpoint=path, resume=True, **BASE)
    monkeypatch.undo()
    monkeypatch.setattr("xl2.training.checkpoints.FORMAT", "xl2-checkpoint-2")
    with pytest.raises(FileFormatError, match="format is 'xl2-checkpoint-1', not"):
        fit(one, X, LABELS, checkpoint=path, resume=True, **BASE)


@pytest.mark.host
@pytest.mark.parametrize("kind", ["memmap", "sparse", "array"])
def test_of_large_data_evenly_spread_blocks_are_digested(tmp_path, monkeypatch, kind):
    """A change in the first row, the last, or the number of rows is always seen."""
    import scipy.sparse

    from xl2.array.backend import connect
    from xl2.nn.inputs import samples
    from xl2.training import fingerprint

    monkeypatch.setattr(fingerprint, "BLOCK", 60)
    monkeypatch.setattr(fingerprint, "WHOLE", 1000)
    read, rows = [], fingerprint._rows

    def counted(x, start, stop, backend):
        read.append(stop - start)
        return rows(x, start, stop, backend)

    monkeypatch.setattr(fingerprint, "_rows", counted)

    def digest(x):
        if kind == "memmap":
            np.save(tmp_path / "x.npy", x)
            x = np.load(tmp_path / "x.npy", mmap_mode="r")
        given = scipy.sparse.csr_array(x) if kind == "sparse" else x
        backend = connect("numpy")
        return fingerprint.digest_of(samples(given, 3, backend, "float32"), backend)

    x = RNG.normal(size=(500, 3))
    first, last = x.copy(), x.copy()
    first[0, 0] += 1
    last[-1, -1] += 1
    assert digest(x) == digest(x.copy())
    read.clear()
    assert len({digest(x), digest(first), digest(last), digest(x[:-1])}) == 4
    assert sum(read) <= 4 * 8 * 5 + 4


# What stops it.


def interrupted(network, history):
    if len(history) == 2:
        signal.raise_signal(signal.SIGINT)


@pytest.mark.one_on_jax
@pytest.mark.parametrize("stack", STACKS)
def test_ctrl_c_comes_through_after_it_is_written(where, tmp_path, stack):
    keep = {} if stack is None else {"callbacks": [drop], "penalty": [0.1] * 3}
    stack = (2, 3) if stack == (2, 2) else stack

    def train(*first, **keeping):
        one = network(where, stack)
        callbacks = [*first, *keep.get("callbacks", [])]
        options = {**settings(epochs=4), **keep, "callbacks": callbacks, "every": 100}
        if not keeping:
            del options["every"]
        try:
            return one, fit(one, X, LABELS, **options, **keeping)
        except KeyboardInterrupt:
            assert np.isfinite(np.asarray(one.score(X, LABELS))).all()
            return None

    assert train(interrupted, checkpoint=tmp_path / "c") is None
    # What the others said of that epoch is not lost.
    same(train(checkpoint=tmp_path / "c", resume=True), train())


@pytest.mark.host
def test_ctrl_c_waits_for_the_steps_and_the_second_does_not(tmp_path, die):
    """The signal itself: between two pieces of an epoch it is answered, and nothing is lost."""

    def send(network, history):
        if len(history) == 1:
            os.kill(os.getpid(), signal.SIGINT)

    one = Network([3, 4, 2], backend="numpy")
    with pytest.raises(KeyboardInterrupt):
        fit(one, X, LABELS, epochs=3, callbacks=[send], checkpoint=tmp_path / "c", every=9)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    header, _ = read_with_digest(tmp_path / "c", FORMAT, lambda header, found: found)
    assert header["epochs"] == 1

    def twice(network, history):
        send(network, history)
        send(network, history)
        raise AssertionError("the second was held back")

    with pytest.raises(KeyboardInterrupt):
        fit(one, X, LABELS, epochs=3, callbacks=[twice], checkpoint=tmp_path / "d", every=9)
    assert not (tmp_path / "d").exists()


def raising(number, frame):
    """Handle Ctrl-C as somebody does who does not wait either."""
    raise KeyboardInterrupt


@pytest.fixture(params=["the second", "somebody else's"])
def at_once(request):
    """Press Ctrl-C so that nothing holds it back."""
    second = request.param == "the second"

    def press():
        for _ in range(2 if second else 1):
            signal.raise_signal(signal.SIGINT)
        raise AssertionError("it was held back")

    before = signal.getsignal(signal.SIGINT)
    if not second:
        signal.signal(signal.SIGINT, raising)
    yield press
    signal.signal(signal.SIGINT, before)


def pressing(monkeypatch, press, path, name, calls, when):
    """Let Ctrl-C come before a call of a function or behind it; return what was in the file."""
    owner, _, last = name.rpartition(".")
    real, seen, found = getattr(pkgutil.resolve_name(owner), last), [], []

    def called(*arguments, **options):
        seen.append(1)
        result = real(*arguments, **options) if when == "behind" else None
        if len(seen) == calls:
            found.append(path.read_bytes() if path.exists() else None)
            press()
        return result if when == "behind" else real(*arguments, **options)

    monkeypatch.setattr(name, called)
    return found


@pytest.mark.host
@pytest.mark.parametrize("when", ["before", "behind"])
@pytest.mark.parametrize("every", [1, 5])
@pytest.mark.parametrize(
    ("name", "calls"),
    [
        ("xl2.training.run.Run._read", 3),
        ("xl2.training.divergence.mark", 3),
        ("xl2.training.run.Run._measure", 3),
        ("xl2.training.history.History.add", 3),
        ("xl2.training.run.Run.tell", 3),
        ("xl2.training.run.Run.keep", 2),
        ("xl2.training.run.copy_carry", 4),
    ],
)
def test_what_does_not_wait_leaves_the_file_of_before(
    tmp_path, monkeypatch, at_once, name, calls, every, when
):
    """At each moment between the steps of the third epoch and those of the fourth."""
    path = tmp_path / "c"

    def train(**keeping):
        one, seen = Network([3, 4, 2], ["tanh", "softmax"], stack=3, backend="numpy"), Patience(9)
        options = settings(
            epochs=5, validation=(X[:9], LABELS[:9]), penalty=[0.1, 0.2, 0.3], every=every
        )
        extra = {k: v for k, v in options.items() if keeping or k != "every"}
        try:
            return one, fit(one, X, LABELS, callbacks=[seen, drop], **extra, **keeping), seen
        except KeyboardInterrupt:
            assert np.isfinite(np.asarray(one.score(X, LABELS))).all()
            return None

    with monkeypatch.context() as patched:
        found = pressing(patched, at_once, path, name, calls, when)
        assert train(checkpoint=path) is None
    assert found == [path.read_bytes() if path.exists() else None]
    assert path.exists() == (every == 1)
    one, history, seen = train(checkpoint=path, resume=True)
    whole = train()
    same((one, history), whole[:2])
    assert seen.left == whole[2].left
    for mine, its in zip(seen.seen, whole[2].seen, strict=True):
        np.testing.assert_array_equal(mine, its)


@pytest.mark.host
@pytest.mark.parametrize("every", [1, 1000])
@pytest.mark.parametrize("name", ["finite", "find_the_step"])
def test_what_does_not_wait_while_a_divergence_is_looked_for_writes_nothing(
    tmp_path, monkeypatch, at_once, name, every
):
    path = tmp_path / "c"

    def train(**keeping):
        one = Network([3, 4, 2], ["tanh", "identity"], backend="numpy", dtype="float64")
        extra = {"every": every} if keeping else {}
        try:
            fit(one, X, TARGETS, epochs=99, batch_size=4, learning_rate=3, **keeping, **extra)
        except KeyboardInterrupt:
            assert np.isfinite(one.forward(X)).all()
        except DivergenceError as error:
            return error.epoch, error.step
        return None

    with monkeypatch.context() as patched:
        calls = 3 if name == "finite" else 1
        found = pressing(patched, at_once, path, f"xl2.training.divergence.{name}", calls, "before")
        assert train(checkpoint=path) is None
    assert found == [path.read_bytes() if path.exists() else None]
    epoch, step = train()
    assert epoch > 1
    assert step > 3
    assert train(checkpoint=path, resume=True) == (epoch, step)


@pytest.mark.host
def test_a_callback_is_not_told_twice_of_an_epoch(tmp_path, at_once):
    """Ctrl-C comes in the second, when the first has counted already."""
    counts = []

    def train(*others, **keeping):
        counts.append(Patience(9))
        one = Network([3, 4, 2], backend="numpy")
        return fit(one, X, LABELS, epochs=5, callbacks=[counts[-1], *others],
                   checkpoint=tmp_path / "c", **keeping)  # fmt: skip

    def pressed(network, history):
        if len(history) == 3:
            at_once()

    with pytest.raises(KeyboardInterrupt):
        train(pressed)
    history = train(resume=True)
    assert counts[-1].left == 4
    assert counts[-1].seen.tolist() == history.loss


@pytest.mark.host
def test_an_interrupt_within_an_epoch_loses_no_step(tmp_path, monkeypatch):
    monkeypatch.setattr(xl2.training.run, "RUN", 12)
    seen = []
    learn = xl2.training.run.Run.learn

    def watched(self, *arguments):
        learn(self, *arguments)
        seen.append(1)
        if len(seen) == 6:
            os.kill(os.getpid(), signal.SIGINT)

    def train(**keeping):
        one = Network([3, 4, 2], backend="numpy")
        return one, fit(one, X, LABELS, epochs=3, batch_size=4, **keeping)

    whole = train()
    monkeypatch.setattr(xl2.training.run.Run, "learn", watched)
    with pytest.raises(KeyboardInterrupt):
        train(checkpoint=tmp_path / "c")
    header, _ = read_with_digest(tmp_path / "c", FORMAT, lambda header, found: found)
    assert (header["epochs"], header["under_way"]["done"]) == (1, 24)
    same(train(checkpoint=tmp_path / "c", resume=True), whole)


@pytest.mark.host
def test_an_interrupt_in_the_midst_of_a_step_leaves_a_sound_network(tmp_path, monkeypatch):
    """As the second Ctrl-C, or one that somebody else handles."""
    learn, seen = xl2.training.run.Run.learn, []

    def torn(self, *arguments):
        seen.append(1)
        if len(seen) == 3:
            for layer in self.carry.parameters:
                layer.weight[...] = np.nan  # half of a step
            raise KeyboardInterrupt
        learn(self, *arguments)

    monkeypatch.setattr(xl2.training.run.Run, "learn", torn)
    one = Network([3, 4, 2], backend="numpy")
    with pytest.raises(KeyboardInterrupt):
        fit(one, X, LABELS, epochs=5, checkpoint=tmp_path / "c")
    assert np.isfinite(one.forward(X)).all()
    header, _ = read_with_digest(tmp_path / "c", FORMAT, lambda header, found: found)
    assert (header["epochs"], header["under_way"]) == (2, None)


@pytest.mark.host
def test_somebody_elses_handler_is_left_alone(tmp_path):
    seen = []
    before = signal.signal(signal.SIGINT, lambda *_: seen.append(1))
    try:
        fit(Network([3, 2]), X, LABELS, epochs=2, checkpoint=tmp_path / "c",
            callbacks=[lambda *_: os.kill(os.getpid(), signal.SIGINT)])  # fmt: skip
    finally:
        signal.signal(signal.SIGINT, before)
    assert len(seen) == 2


@pytest.mark.host
def test_a_handler_that_was_installed_meanwhile_stays(tmp_path):
    mine = lambda *_: None  # noqa: E731

    def install(network, history):
        signal.signal(signal.SIGINT, mine)

    try:
        fit(Network([3, 2]), X, LABELS, epochs=2, checkpoint=tmp_path / "c", callbacks=[install])
        assert signal.getsignal(signal.SIGINT) is mine
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.mark.host
@pytest.mark.parametrize("error", [ValueError, DivergenceError])
def test_ctrl_c_is_not_lost_in_an_error(tmp_path, monkeypatch, error):
    def fails(*arguments):
        signal.raise_signal(signal.SIGINT)
        raise (
            ValueError
            if error is ValueError
            else DivergenceError("it", epoch=1, step=1, loss=1.0, history=None)
        )

    monkeypatch.setattr("xl2.training.run.Run.tell", fails)
    with pytest.raises(KeyboardInterrupt) as said:
        fit(Network([3, 2]), X, LABELS, epochs=2, checkpoint=tmp_path / "c")
    assert type(said.value.__context__) is error
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.host
def test_ctrl_c_is_not_lost_at_the_very_end(tmp_path, monkeypatch):
    leave = Interrupts.__exit__

    def pressed(self, *exception):
        signal.raise_signal(signal.SIGINT)
        leave(self, *exception)

    monkeypatch.setattr(Interrupts, "__exit__", pressed)
    with pytest.raises(KeyboardInterrupt):
        fit(Network([3, 2]), X, LABELS, epochs=2, checkpoint=tmp_path / "c")


@pytest.mark.host
def test_in_a_thread_of_its_own_it_is_written_too(tmp_path):
    thread = threading.Thread(
        target=fit, args=(Network([3, 2]), X, LABELS), kwargs={"checkpoint": tmp_path / "c"}
    )
    thread.start()
    thread.join()
    assert (tmp_path / "c").exists()


# What keeps it from being written.


def trained(tmp_path, **options):
    one = Network([3, 4, 2], backend="numpy")
    return one, fit(one, X, LABELS, epochs=4, checkpoint=tmp_path / "c", **options)


@pytest.mark.host
@pytest.mark.parametrize("call", ["os.fsync", "pathlib.Path.replace", "pathlib.Path.open"])
def test_a_full_disk_costs_one_warning_and_leaves_the_one_before(tmp_path, monkeypatch, call):
    calls, real = [], {"os.fsync": os.fsync}.get(call)
    from pathlib import Path

    real = real or getattr(Path, call.rpartition(".")[2])

    def fail(*arguments, **options):
        if call == "pathlib.Path.open" and "x" not in str(arguments[1:]):
            return real(*arguments, **options)
        calls.append(1)
        # Of one epoch it is written: with its folder that is twice.
        if len(calls) <= (2 if call == "os.fsync" else 1):
            return real(*arguments, **options)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(call, fail)
    with pytest.warns(
        UserWarning, match="could not be written: .*No space left.*is intact"
    ) as said:
        one, history = trained(tmp_path)
    assert [warning.filename for warning in said] == [__file__]
    assert len(history) == 4
    monkeypatch.undo()
    assert [file.name for file in tmp_path.iterdir()] == ["c"]
    header, _ = read_with_digest(tmp_path / "c", FORMAT, lambda header, found: found)
    assert header["epochs"] == 1
    same((one, history), trained(tmp_path, resume=True))


@pytest.mark.host
def test_of_runs_that_fail_at_the_same_moment_one_says_so(tmp_path, monkeypatch):
    """Each waits at each line for the other."""
    said, shared, together = [], Checkpoint(tmp_path / "c"), threading.Barrier(2)
    monkeypatch.setattr("warnings.warn", lambda *_, **__: said.append(1))

    def step(frame, event, argument):
        if frame.f_code is CheckpointSaver._warn.__code__:
            with contextlib.suppress(threading.BrokenBarrierError):
                together.wait(0.2)
            return step
        return None

    threading.settrace(step)
    try:
        threads = [
            threading.Thread(target=CheckpointSaver(shared, {}, [])._warn, args=["it is full."])
            for _ in range(2)
        ]
        for thread in threads:
            thread.start()
    finally:
        threading.settrace(None)
    for thread in threads:
        thread.join()
    assert said == [1]


def mounted(folder, *options):
    done = subprocess.run(
        ["mount", "-t", "tmpfs", *options, "tmpfs", str(folder)], capture_output=True, check=False
    )
    return done.returncode == 0


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 KiB; where one cannot be mounted, the test is skipped."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("only root can mount a small file system to fill")
    if not mounted(folder, "-o", "size=64k"):
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.host
def test_a_real_disk_that_fills_up(small_disk):
    def fill(network, history):
        if len(history) == 2:
            with contextlib.suppress(OSError), (small_disk / "f").open("wb", 0) as file:
                while True:
                    file.write(bytes(4096))

    with pytest.warns(UserWarning, match="No space left on device") as said:
        one, history = trained(small_disk, callbacks=[fill])
    assert len(said) == 1
    assert sorted(file.name for file in small_disk.iterdir()) == ["c", "f"]
    header, _ = read_with_digest(small_disk / "c", FORMAT, lambda header, found: found)
    assert header["epochs"] == 1
    (small_disk / "f").unlink()
    same((one, history), trained(small_disk, resume=True))


@pytest.mark.host
def test_a_real_folder_that_becomes_read_only(small_disk):
    def close(network, history):
        if len(history) == 2:
            subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)

    with pytest.warns(UserWarning, match="cannot be written") as said:
        _, history = trained(small_disk, callbacks=[close])
    assert len(said) == 1
    assert len(history) == 4
    assert [file.name for file in small_disk.iterdir()] == ["c"]
    header, _ = read_with_digest(small_disk / "c", FORMAT, lambda header, found: found)
    assert header["epochs"] == 1


@pytest.mark.host
def test_what_a_killed_process_left_is_removed(tmp_path):
    left, other = tmp_path / ".c.0123abcd.tmp", tmp_path / ".d.0123abcd.tmp"
    left.write_bytes(b"half")
    other.write_bytes(b"another's")
    trained(tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == [other.name, "c"]


# Killed.


@pytest.mark.one_on_jax
@pytest.mark.parametrize(("optimizer", "stack"), [("sgd", None), ("momentum", 3), ("adam", [2, 2])])
def test_a_process_that_is_killed_goes_on_bit_for_bit(backend, tmp_path, optimizer, stack):
    if backend.device is not None or backend.name == "array_api_strict":
        pytest.skip("processes are killed on what people train with, and take the default device")
    settings = {"backend": backend.name, "optimizer": optimizer, "stack": stack}
    with killed.in_pieces():
        whole = killed.train(None, **settings)
    assert killed.results(tmp_path, settings, 2, optimizer) == {whole}
    # Of a process that was killed while it wrote, nothing is left either.
    assert {file.name for file in tmp_path.iterdir()} <= {"0", "1", "2"}


@pytest.mark.slow
@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
def test_a_hundred_kills(backend, tmp_path, optimizer, stack):
    """Twelve for each of nine ways to train, at moments drawn anew."""
    if backend.device is not None and str(backend.device).endswith("device1"):
        pytest.skip("a made-up device has no process of its own to kill")
    stack = list(stack) if isinstance(stack, tuple) else stack
    settings = {"backend": backend.name, "optimizer": optimizer, "stack": stack}
    with killed.in_pieces():
        whole = killed.train(None, **settings)
    assert killed.results(tmp_path, settings, 12, f"{optimizer}{stack}") == {whole}
