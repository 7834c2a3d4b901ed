"""A run that is interrupted and resumed equals one that was not, bit for bit."""

import itertools

import killed
import numpy as np
import pytest
from checkpointing import (
    LABELS,
    STACKS,
    TARGETS,
    DiedError,
    X,
    assert_same,
    drop,
    header_of,
    network,
    settings,
    survive,
    trainer,
)

from xl2 import L2, Adam, DivergenceError, InputError, Network, fit
from xl2.training.checkpoints import CheckpointSaver


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
        (None, Adam(scale_rate=6.0)),
        ((2, 2), Adam(scale_rate=6.0)),
    ],
)
def test_it_resumes_bit_for_bit_after_every_write(where, tmp_path, die, stack, optimizer):
    several = {} if stack is None else {"penalty": [0.1] * (3 if stack == 3 else 2)}
    train = trainer(
        lambda: network(where, stack),
        X,
        LABELS,
        **settings(optimizer=optimizer, dropout=0.3, validation=(X[:9], LABELS[:9]), **several),
    )
    result, deaths = survive(die, train, tmp_path / "c")
    assert deaths == 3 * 4  # after each of four blocks of an epoch
    assert_same(result, train())


@pytest.mark.one_on_jax
@pytest.mark.parametrize("stack", [(2, 2), None, 3])
def test_with_weights(where, tmp_path, die, stack):
    options = settings(sample_weight=np.arange(45.0))
    train = trainer(lambda: network(where, stack), X, LABELS, **options)
    result, _ = survive(die, train, tmp_path / "c", 1, 2)
    assert_same(result, train())


@pytest.mark.one_on_jax
@pytest.mark.parametrize("stack", [(2, 2), None, 3])
def test_with_float64(where, tmp_path, die, stack):
    rows = np.arange(40) if stack != (2, 2) else np.stack([np.arange(30), np.arange(15, 45)])
    train = trainer(
        lambda: network(where, stack, "identity", dtype="float64"),
        X,
        TARGETS,
        **settings(rows=rows, seed=5, penalty=L2(0.1)),
    )
    result, _ = survive(die, train, tmp_path / "c", 1, 3)
    assert_same(result, train())


@pytest.mark.one_on_jax
@pytest.mark.parametrize("rows", [None, np.arange(10, 40)])
def test_without_shuffling(where, tmp_path, die, rows):
    train = trainer(lambda: network(where), X, LABELS, **settings(shuffle=False, rows=rows))
    result, _ = survive(die, train, tmp_path / "c", 2)
    assert_same(result, train())


def stored(kind, folder):
    """Return the samples as float32: in memory, on disk, or sparse."""
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
@pytest.mark.parametrize("kind", ["memmap", "sparse", "hdf5"])
def test_samples_on_disk_or_sparse(where, tmp_path, die, kind, monkeypatch):
    for module in ("rows", "sparse"):  # windows of a few mini-batches
        monkeypatch.setattr(f"xl2.array.{module}.CHUNK_BYTES", 200)
    train = trainer(lambda: network(where), stored(kind, tmp_path), LABELS, **settings())
    result, deaths = survive(die, train, tmp_path / "c")
    assert deaths > 6
    assert_same(result, train())


@pytest.mark.one_on_jax
@pytest.mark.parametrize("stack", [(2, 2), None, 3])
@pytest.mark.parametrize("to_numpy", [False, True])
def test_another_backend_resumes_with_the_same_numbers(where, tmp_path, die, stack, to_numpy):
    """Within an epoch, from NumPy or to NumPy, up to rounding."""
    wheres = [where, {"backend": "numpy"}] if to_numpy else [{"backend": "numpy"}, where]
    options = settings(optimizer="adam", dropout=0.3, penalty=0.1, validation=(X[:9], LABELS[:9]))
    first, then = (
        trainer(lambda one=one: network(one, stack), X, LABELS, **options) for one in wheres
    )
    die(6)
    with pytest.raises(DiedError):
        first(checkpoint=tmp_path / "c")
    header = header_of(tmp_path / "c")
    assert (header["epochs"], header["unfinished_epoch"]["done"]) == (1, 24)
    die(10**9)
    one, history = then(checkpoint=tmp_path / "c", resume=True)
    assert one.backend.name == wheres[1]["backend"]
    whole, its = trainer(lambda: network({"backend": "numpy"}, stack), X, LABELS, **options)()
    for p, q in zip(one.host_parameters(), whole.host_parameters(), strict=True):
        for left, right in zip(p, q, strict=True):
            np.testing.assert_allclose(left, right, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(history.loss, its.loss, rtol=1e-5)
    np.testing.assert_allclose(history.validation_loss, its.validation_loss, rtol=1e-5)


@pytest.mark.one_on_jax
@pytest.mark.parametrize("stack", [(2, 2), None])
@pytest.mark.parametrize(
    "kinds",
    list(itertools.combinations(["memory", "memmap", "sparse", "hdf5"], 2)),
    ids="-".join,
)
def test_samples_may_be_stored_in_another_way(where, tmp_path, die, kinds, stack, monkeypatch):
    """The kinds take turns, so that each resumes in the middle of the other's windows."""
    # HDF5 is shuffled in another way.
    options = settings(optimizer="momentum", shuffle="hdf5" not in kinds)
    make, moments = lambda: network(where, stack), []
    # Windows of three and of two mini-batches, or fewer in groups; blocks of three.
    turns = itertools.cycle([(stored(kinds[0], tmp_path), 250), (stored(kinds[1], tmp_path), 100)])

    def train(**saving):
        one = make()
        x, size = next(turns)
        for module in ("rows", "sparse"):
            monkeypatch.setattr(f"xl2.array.{module}.CHUNK_BYTES", size)
        return one, fit(one, x, LABELS, **options, **saving)

    look = CheckpointSaver.look

    def watched(self, run):
        moments.append(run.epoch.done if run.epoch else 0)
        look(self, run)

    monkeypatch.setattr(CheckpointSaver, "look", watched)
    (one, history), _ = survive(die, train, tmp_path / "c")
    del options["every"]
    whole = make()
    its = fit(whole, X, LABELS, **options)
    # Some checkpoints are within a window, and some within a block.
    assert any(done % 12 for done in moments)
    assert any(done % 8 for done in moments)
    for p, q in zip(one.host_parameters(), whole.host_parameters(), strict=True):
        for left, right in zip(p, q, strict=True):
            np.testing.assert_allclose(left, right, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(history.loss, its.loss, rtol=1e-5)
    np.testing.assert_array_equal(history.score, its.score)


def test_a_stream_resumes_between_epochs(where, tmp_path, die):
    pairs = [(X[:20], LABELS[:20]), (X[20:], LABELS[20:])]
    train = trainer(lambda: network(where), pairs, None, **settings(every=1))
    die(1)
    with pytest.raises(DiedError):
        train(checkpoint=tmp_path / "c")
    die(10**9)
    assert_same(train(checkpoint=tmp_path / "c", resume=True), train())


@pytest.mark.host
def test_a_stream_that_cannot_be_resumed_is_an_error(tmp_path):
    pairs = [(X, LABELS)]
    with pytest.raises(InputError, match="can be iterated only once"):
        fit(Network([3, 2]), iter(pairs), checkpoint=tmp_path / "c")
    with pytest.raises(InputError, match="only between epochs"):
        fit(Network([3, 2]), pairs, checkpoint=tmp_path / "c", every=0.5)
    assert not (tmp_path / "c").exists()


@pytest.mark.one_on_jax
@pytest.mark.parametrize("stack", [3, (2, 3)])
def test_a_stack_whose_members_were_dropped(where, tmp_path, die, stack):
    train = trainer(
        lambda: network(where, stack),
        X,
        LABELS,
        **settings(
            epochs=4,
            callbacks=[drop],
            penalty=[0.1, 0.2, 0.3],
            optimizer=Adam(scale_rate=6.0),
        ),
    )
    result, _ = survive(die, train, tmp_path / "c", 3, 4)
    assert result[0].stack[-1] == 1
    assert_same(result, train())


@pytest.mark.one_on_jax
@pytest.mark.parametrize("stack", [3, (2, 3)])
def test_members_that_diverged_stay_frozen(where, tmp_path, die, stack):
    train = trainer(
        lambda: network(where, stack, "identity"),
        X,
        TARGETS,
        **settings(penalty=[0.0, 1e4, 0.1], learning_rate=0.02),
    )
    result, _ = survive(die, train, tmp_path / "c", 2)
    assert (result[1].diverged > 0).sum() == (1 if stack == 3 else 2)
    assert_same(result, train())


def test_a_resumed_run_diverges_at_the_same_step(where, tmp_path, die):
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
def test_a_stack_that_diverged_is_not_trained_again(where, tmp_path, monkeypatch, stack, every):
    def train(**saving):
        one = network(where, stack, "identity")
        with pytest.raises(DivergenceError) as caught:
            fit(one, X, TARGETS, penalty=[3e4, 1e5, 1e6], learning_rate=0.02, epochs=30, **saving)
        return one, caught.value

    (first, whole), (_, saved) = train(), train(checkpoint=tmp_path / "c", every=every)
    assert len(whole.history) > 0
    monkeypatch.setattr("xl2.training.loop.train_epoch", None)
    again, resumed = train(checkpoint=tmp_path / "c", every=every, resume=True)
    for error in (saved, resumed):
        assert str(error) == str(whole)
        assert (error.epoch, error.step) == (whole.epoch, whole.step)
    assert_same((again, resumed.history), (first, whole.history))


@pytest.mark.host
def test_more_epochs_resume_a_finished_run(tmp_path):
    def train(epochs, **saving):
        one = Network([3, 4, 2], seed=1, backend="numpy")
        return one, fit(one, X, LABELS, epochs=epochs, optimizer="adam", **saving)

    train(2, checkpoint=tmp_path / "c")
    written = (tmp_path / "c").stat().st_mtime_ns
    train(2, checkpoint=tmp_path / "c", resume=True)
    assert (tmp_path / "c").stat().st_mtime_ns == written
    assert_same(train(5, checkpoint=tmp_path / "c", resume=True), train(5))


@pytest.mark.host
def test_a_run_ended_by_a_callback_stays_ended(tmp_path):
    def train(epochs, **saving):
        fit(Network([3, 2]), X, LABELS, epochs=epochs, checkpoint=tmp_path / "c", **saving)

    train(10, callbacks=[lambda network, history: len(history) == 3])
    train(10, resume=True)  # no warning
    with pytest.warns(UserWarning, match="so it cannot be continued") as caught:
        train(20, resume=True)
    assert [warning.filename for warning in caught] == [__file__]


@pytest.mark.parametrize(("written", "has"), [(5, 2), (8, 2), (9, 3)])
def test_fewer_epochs_than_the_checkpoint_has_are_an_error(where, tmp_path, die, written, has):
    """Within the second epoch, after it, and within the third."""
    train = trainer(lambda: network(where), X, LABELS, **settings())
    die(written)
    with pytest.raises(DiedError):
        train(checkpoint=tmp_path / "c")
    die(10**9)
    before, one = (tmp_path / "c").read_bytes(), network(where)
    parameters = one.parameters
    fewer = settings(epochs=has - 1)
    with pytest.raises(InputError, match=rf"epoch {has}, but epochs={has - 1} .*{has} or more"):
        fit(one, X, LABELS, checkpoint=tmp_path / "c", resume=True, **fewer)
    assert one.parameters is parameters
    assert (tmp_path / "c").read_bytes() == before
    enough = trainer(lambda: network(where), X, LABELS, **settings(epochs=has))
    assert_same(enough(checkpoint=tmp_path / "c", resume=True), enough())


@pytest.mark.one_on_jax
@pytest.mark.parametrize(("optimizer", "stack"), [("sgd", None), ("momentum", 3), ("adam", [2, 2])])
def test_a_killed_process_resumes_bit_for_bit(backend, tmp_path, optimizer, stack):
    if backend.device is not None or backend.name == "array_api_strict":
        pytest.skip("the killed processes use the default device of NumPy, PyTorch or JAX")
    settings = {"backend": backend.name, "optimizer": optimizer, "stack": stack}
    with killed.small_blocks():
        whole = killed.train(None, **settings)
    assert killed.results(tmp_path, settings, 2, optimizer) == {whole}
    # A process killed while it wrote left no temporary file.
    assert {file.name for file in tmp_path.iterdir()} <= {"0", "1", "2"}


@pytest.mark.slow
@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
def test_a_hundred_kills(backend, tmp_path, optimizer, stack):
    """Twelve for each of nine ways to train, at random moments."""
    if backend.device is not None and str(backend.device).endswith("device1"):
        pytest.skip("the killed processes use the default device")
    stack = list(stack) if isinstance(stack, tuple) else stack
    settings = {"backend": backend.name, "optimizer": optimizer, "stack": stack}
    with killed.small_blocks():
        whole = killed.train(None, **settings)
    assert killed.results(tmp_path, settings, 12, f"{optimizer}{stack}") == {whole}
