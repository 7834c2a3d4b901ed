"""A path that is interrupted and resumed equals one that was not, and trains nothing twice."""

import os
import pickle
import shutil
import signal
import threading

import killed
import numpy as np
import pytest
from checkpointing import DiedError, dying, header_of
from plain_paths import plain_path

import xl2.path.refit
import xl2.path.train_stacks
import xl2.training.divergence
from xl2 import FileFormatError, InputError
from xl2.errors import OutOfMemoryError
from xl2.io.safetensors_file import read_with_digest, write_with_digest
from xl2.path.checkpoints import FORMAT
from xl2.path.settings import PathSettings
from xl2.path.train_stacks import SharedProgress
from xl2.training.checkpoints import CheckpointSaver

RNG = np.random.default_rng(3)
X = RNG.normal(size=(60, 3))
LABELS = (X[:, 0] > 0).astype(int)
SMALL = {"hidden": (4,), "epochs": 4, "batch_size": 8, "learning_rate": 0.05, "progress": False}
SMALL |= {"return_members": True, "refit": False}


@pytest.fixture
def die(monkeypatch):
    """Return ``die(n)``: training ends right after the n-th checkpoint is written."""
    return dying(monkeypatch)


@pytest.fixture
def small_stacks(monkeypatch):
    """Limit a stack to the lambdas of a single fold."""
    monkeypatch.setattr(PathSettings, "members_at_once", lambda self: 3)
    monkeypatch.setattr(PathSettings, "workers", lambda self: 1)


def train(where, **more):
    options = {"cv": 3, "standardize": True, **SMALL, **more, **where}
    return plain_path(X, LABELS, [0, 0.1, 30], **options)


def train_and_die(die, writes, folder):
    """Train on NumPy until a number of checkpoints has been written, and die."""
    die(writes)
    with pytest.raises(DiedError):
        train({"backend": "numpy"}, checkpoint=folder)
    die(10**9)


def same(one, other):
    for name, values in one.curves_.items():
        np.testing.assert_array_equal(values, other.curves_[name])
    np.testing.assert_array_equal(one.epochs_, other.epochs_)
    np.testing.assert_array_equal(one.diverged_, other.diverged_)
    np.testing.assert_array_equal(one.train_scores_by_seed_, other.train_scores_by_seed_)
    np.testing.assert_array_equal(one.validation_scores_by_seed_, other.validation_scores_by_seed_)
    for lam in one.lambdas_:
        for fold in range(one.n_folds_):
            pair = (path.member(lam, fold).host_parameters() for path in (one, other))
            for mine, its in zip(*pair, strict=True):
                for left, right in zip(mine, its, strict=True):
                    np.testing.assert_array_equal(left, right)
    np.testing.assert_array_equal(one.ensemble_.forward(X), other.ensemble_.forward(X))


@pytest.mark.one_on_jax
@pytest.mark.parametrize(
    "options", [{}, {"patience": 1, "epochs": 6}, {"seed": [0, 1], "dropout": 0.2, "every": 0.3}]
)
def test_it_resumes_bit_for_bit_after_every_write(where, tmp_path, die, small_stacks, options):
    for deaths in range(100):
        die(2 + deaths % 3)
        try:
            path = train(where, checkpoint=tmp_path / "p", resume=True, **options)
            break
        except DiedError:
            pass
    assert deaths > 2
    die(10**9)
    options.pop("every", None)
    whole = train(where, **options)
    same(path, whole)
    if "patience" in options:
        assert (path.epochs_ < 6).any()


@pytest.mark.host
def test_finished_stacks_are_skipped(tmp_path, small_stacks, monkeypatch):
    options = {"backend": "numpy", "refit": True}
    whole = train(options, checkpoint=tmp_path / "p")
    model = whole.best_model_

    monkeypatch.setattr("xl2.training.loop.train_epoch", None)
    again = train(options, checkpoint=tmp_path / "p", resume=True)
    same(again, whole)
    # The stack of the models, trained on all samples, is skipped too.
    for mine, its in zip(
        again.best_model_.network.host_parameters(), model.network.host_parameters(), strict=True
    ):
        for left, right in zip(mine, its, strict=True):
            np.testing.assert_array_equal(left, right)
    files = sorted(file.name for file in (tmp_path / "p").iterdir())
    assert [name.partition("-")[0] for name in files] == ["plan", "refit", *["stack"] * 3]


@pytest.mark.host
@pytest.mark.parametrize("options", [{}, {"patience": 1}])
def test_a_stack_that_diverged_is_finished(tmp_path, monkeypatch, options):
    monkeypatch.setattr(PathSettings, "members_at_once", lambda self: 1)
    monkeypatch.setattr(PathSettings, "workers", lambda self: 1)

    def path(**saving):
        return plain_path(
            X, LABELS, [0, 1e5], cv=2, **{**SMALL, "epochs": 9}, optimizer="sgd",
            backend="numpy", **options, **saving,
        )  # fmt: skip

    whole = path()
    assert ((whole.epochs_ > 0) & (whole.epochs_ < 9)).any()
    same(path(checkpoint=tmp_path / "p", every=100), whole)
    monkeypatch.setattr("xl2.training.loop.train_epoch", None)
    same(path(checkpoint=tmp_path / "p", every=100, resume=True), whole)


@pytest.mark.host
def test_models_of_close_or_many_lambdas_have_different_folders(tmp_path):
    def names():
        return sorted(file.name for file in (tmp_path / "p").iterdir() if file.is_dir())

    many = np.logspace(-3, 1, 60).tolist()
    for count, refit in enumerate(([0.1], [0.1000000001], many[:29], many[29:59]), 1):
        plain_path(
            X, LABELS, [0.1, 0.1000000001, *many], cv=2, backend="numpy",
            checkpoint=tmp_path / "p", resume=True, **{**SMALL, "refit": refit},
        )  # fmt: skip
        assert len(names()) == count
    assert all(len(name) < 30 for name in names())


@pytest.mark.host
def test_two_stacks_in_parallel(tmp_path, monkeypatch, small_stacks):
    """When one dies, the other is saved and stopped."""
    monkeypatch.setattr(PathSettings, "members_at_once", lambda self: 6)
    monkeypatch.setattr(PathSettings, "workers", lambda self: 2)
    whole = train({"backend": "numpy"}, epochs=200)
    look, seen, lock = CheckpointSaver.look, [], threading.Lock()

    def watched(self, run):
        look(self, run)
        with lock:
            seen.append(self)
            if len(seen) == 60:
                raise DiedError

    monkeypatch.setattr(CheckpointSaver, "look", watched)
    with pytest.raises(DiedError):
        train({"backend": "numpy"}, epochs=200, checkpoint=tmp_path / "p")
    # A third stack may have started before it was cancelled.
    assert len(set(seen)) in (2, 3)
    assert len(seen) < 350
    same(train({"backend": "numpy"}, epochs=200, checkpoint=tmp_path / "p", resume=True), whole)


@pytest.mark.host
@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_saves_every_stack_in_training(tmp_path, monkeypatch, small_stacks, workers):
    monkeypatch.setattr(PathSettings, "workers", lambda self: workers)
    monkeypatch.setattr(PathSettings, "members_at_once", lambda self: 3 * workers)
    epoch, seen = xl2.training.loop.train_epoch, []

    def watched(self, *arguments):
        epoch(self, *arguments)
        seen.append(1)
        if len(seen) == 20:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr("xl2.training.loop.train_epoch", watched)
    with pytest.raises(KeyboardInterrupt):
        train({"backend": "numpy"}, epochs=3000, checkpoint=tmp_path / "p", every=5000)
    files = [file.name for file in (tmp_path / "p").iterdir()]
    assert len(files) >= 1 + workers  # with the plan
    monkeypatch.setattr("xl2.training.loop.train_epoch", epoch)
    options = {"epochs": 3000, "every": 5000}
    most = max(header_of(tmp_path / "p" / name)["epochs"] + 1 for name in files if name != "plan")
    monkeypatch.setattr(
        "xl2.path.train_stacks.train_network", until(xl2.path.train_stacks.train_network, most + 10)
    )
    path = train({"backend": "numpy"}, checkpoint=tmp_path / "p", resume=True, **options)
    assert (path.epochs_ > 0).all()


@pytest.mark.host
def test_a_second_ctrl_c_while_a_lambda_is_dropped_leaves_the_previous_file(tmp_path, monkeypatch):
    """The pruner no longer has the lambda then, but the network still has it."""
    options = {"backend": "numpy", "patience": 1, "epochs": 6, "scoring": "accuracy"}
    whole, keep = train({}, **options), xl2.training.run.Run.keep

    def pressed(self, members):
        for _ in range(2):
            signal.raise_signal(signal.SIGINT)
        keep(self, members)

    with monkeypatch.context() as patched:
        patched.setattr("xl2.training.run.Run.keep", pressed)
        with pytest.raises(KeyboardInterrupt):
            train({}, checkpoint=tmp_path / "p", **options)
    same(train({}, checkpoint=tmp_path / "p", resume=True, **options), whole)
    assert (whole.epochs_ < 6).any()


@pytest.mark.host
def test_ctrl_c_ends_a_path_while_a_whole_stack_diverges(tmp_path, small_stacks, monkeypatch):
    monkeypatch.setattr(PathSettings, "members_at_once", lambda self: 1)
    mark, pressed = xl2.training.divergence.mark, []

    def watched(run, sound, before):
        if not sound.any():
            pressed.append(1)
            signal.raise_signal(signal.SIGINT)
        mark(run, sound, before)

    monkeypatch.setattr("xl2.training.divergence.mark", watched)
    y = X @ np.ones(3)
    options = {"cv": 2, "optimizer": "sgd", "backend": "numpy", **SMALL}
    with pytest.raises(KeyboardInterrupt):
        plain_path(X, y, [0, 0.1, 1e9], checkpoint=tmp_path / "p", **options)
    assert len(pressed) == 1


def until(fit, epochs):
    """Return a function that trains for fewer epochs."""
    return lambda network, data, settings, all_epochs, **options: fit(
        network, data, settings, min(epochs, all_epochs), **options
    )


@pytest.mark.host
def test_another_machine_resumes_with_the_saved_plan(tmp_path, die, small_stacks, monkeypatch):
    train_and_die(die, 5, tmp_path / "p")
    monkeypatch.setattr(PathSettings, "members_at_once", lambda self: 100)
    assert train({"backend": "numpy"}, checkpoint=tmp_path / "p", resume=True).n_folds_ == 3
    assert {file.name for file in (tmp_path / "p").iterdir()} == {
        "plan", "stack-1", "stack-2", "stack-3"
    }  # fmt: skip


def limit_memory(monkeypatch, networks):
    """Limit the memory to a number of networks; return a list of the sizes of trained stacks."""
    trained, fit = [], xl2.path.train_stacks.train_network

    def limited(network, *arguments, **options):
        count = int(np.prod(network.stack))
        if count > networks:
            raise MemoryError("cannot allocate")
        trained.append(count)
        return fit(network, *arguments, **options)

    monkeypatch.setattr("xl2.path.train_stacks.train_network", limited)
    return trained


@pytest.mark.host
def test_stacks_split_for_lack_of_memory_resume_as_parts(tmp_path, die, monkeypatch):
    options = {"backend": "numpy"}
    monkeypatch.setattr(PathSettings, "workers", lambda self: 1)
    trained = limit_memory(monkeypatch, 2)
    with pytest.warns(UserWarning, match="enough memory for 9 networks at once"):
        whole = train(options)
    assert sorted(trained) == [1, 1, 1, 2, 2, 2]
    die(6)
    with pytest.warns(UserWarning, match="enough memory for 9"), pytest.raises(DiedError):
        train(options, checkpoint=tmp_path / "p")
    died = {file.name for file in (tmp_path / "p").iterdir()}
    assert died == {"plan", "stack-1-1-1", "stack-1-1-2"}
    die(10**9)
    # Finished and unfinished parts are resumed; nothing larger is tried.
    trained.clear()
    with pytest.warns(UserWarning, match="enough memory for 9"):
        same(train(options, checkpoint=tmp_path / "p", resume=True), whole)
    assert sorted(trained) == [1, 1, 1, 2, 2, 2]
    limit_memory(monkeypatch, 2)
    monkeypatch.setattr("xl2.training.loop.train_epoch", None)  # nothing is left to train
    same(train(options, checkpoint=tmp_path / "p", resume=True), whole)


@pytest.mark.host
def test_a_stack_without_a_checkpoint_obeys_max_memory(tmp_path, die, monkeypatch, small_stacks):
    train_and_die(die, 4, tmp_path / "p")
    monkeypatch.setattr(PathSettings, "members_at_once", lambda self: 2)
    train({"backend": "numpy"}, checkpoint=tmp_path / "p", resume=True)
    assert {file.name for file in (tmp_path / "p").iterdir()} == {
        "plan", "stack-1", "stack-2-1", "stack-2-2", "stack-3-1", "stack-3-2"
    }  # fmt: skip


@pytest.mark.host
def test_a_stack_with_a_checkpoint_is_not_split(tmp_path, die, monkeypatch, small_stacks):
    train_and_die(die, 2, tmp_path / "p")
    limit_memory(monkeypatch, 2)
    with pytest.raises(OutOfMemoryError, match=r"is never split.* in another folder"):
        train({"backend": "numpy"}, checkpoint=tmp_path / "p", resume=True)


@pytest.mark.host
@pytest.mark.parametrize("halved", [False, True])
def test_the_progress_bar_of_a_path_resumes(tmp_path, die, monkeypatch, capsys, halved):
    monkeypatch.setattr(PathSettings, "members_at_once", lambda self: 3)
    monkeypatch.setattr(PathSettings, "workers", lambda self: 1)
    train_and_die(die, 6, tmp_path / "p")
    shown, reach = [], SharedProgress.reach

    def watched(self, part, epochs, earlier=False):
        reach(self, part, epochs, earlier)
        shown.append((self.epochs, earlier))

    monkeypatch.setattr(SharedProgress, "reach", watched)
    monkeypatch.setattr(PathSettings, "members_at_once", lambda self: 2 if halved else 100)
    capsys.readouterr()
    train({"backend": "numpy"}, checkpoint=tmp_path / "p", resume=True, progress=True)
    # The first is finished, the second resumes after two epochs, the third starts.
    assert shown[:5] == [(4, True), (2, True), (3, False), (4, False), (4, False)]
    assert "Path epoch 4/4, " in capsys.readouterr().err


@pytest.mark.host
@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"cv": 2}, 'folds was "40, 40, 40" and is now "30, 30'),
        ({"seed": [0, 1]}, 'seeds was "0" and is now "0, 1'),
        ({"patience": 2}, 'patience was "None" and is now "2'),
        ({"initializer": "xavier"}, 'initializer was "he" and is now "xavier'),
        ({"bias_initializer": "gaussian"}, 'biases was "zeros" and is now "gaussian'),
        ({"schedule": "cosine"}, 'epochs was "unknown" and is now "[0-9]+ of the schedule cosine'),
        ({"optimizer": "sgd"}, 'optimizer was "Adam.*is now "SGD'),
        ({"hidden": (5,)}, 'network was "3-4-1, .*is now "3-5-1'),
        ({"standardize": False}, 'validation was "20 x 3 .*X was "180 x 3'),
    ],
)
def test_the_checkpoints_of_another_path_are_rejected_with_the_difference(
    tmp_path, changed, message
):
    train({"backend": "numpy"}, checkpoint=tmp_path / "p")
    with pytest.raises(InputError, match=f"another (regularisation path|run): .*{message}"):
        train({"backend": "numpy"}, checkpoint=tmp_path / "p", resume=True, **changed)


@pytest.mark.host
def test_more_epochs_of_a_schedule_are_refused_before_anything_is_trained(tmp_path, small_stacks):
    options = {"backend": "numpy", "schedule": "cosine", "checkpoint": tmp_path / "p"}
    train(options)
    (tmp_path / "p" / "stack-1").unlink()
    before = contents(tmp_path)
    with pytest.raises(InputError, match='epochs was "4 of the schedule cosine" and is now "6 of'):
        train(options, resume=True, epochs=6)
    assert contents(tmp_path) == before


def contents(folder):
    return {file.name: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.host
@pytest.mark.parametrize("moment", [2, 6, 12])
def test_fewer_epochs_than_a_stack_has_are_an_error(tmp_path, die, small_stacks, moment):
    """Even if other stacks have fewer, or none: nothing is trained and no file changes."""
    train_and_die(die, moment, tmp_path / "p")
    before = contents(tmp_path)
    with pytest.raises(InputError, match=r"stack-.' has already reached epoch .*epochs=1 is less"):
        train({"backend": "numpy"}, checkpoint=tmp_path / "p", resume=True, epochs=1)
    assert contents(tmp_path) == before
    more = train({"backend": "numpy"}, checkpoint=tmp_path / "p", resume=True, epochs=6)
    same(more, train({"backend": "numpy"}, epochs=6))


@pytest.mark.host
def test_the_last_stack_is_checked_before_the_first_is_trained(tmp_path, small_stacks):
    train({"backend": "numpy"}, checkpoint=tmp_path / "p")
    (tmp_path / "p" / "stack-1").unlink()
    (tmp_path / "p" / "stack-2").unlink()
    before = contents(tmp_path)
    with pytest.raises(InputError, match="stack-3"):
        train({"backend": "numpy"}, checkpoint=tmp_path / "p", resume=True, epochs=3)
    assert contents(tmp_path) == before


@pytest.mark.host
def test_errors_in_arguments(tmp_path):
    train({"backend": "numpy"}, checkpoint=tmp_path / "p")
    with pytest.raises(InputError, match="is not empty"):
        train({"backend": "numpy"}, checkpoint=tmp_path / "p")
    (tmp_path / "f").write_bytes(b"")
    for resume in (True, False):
        with pytest.raises(InputError, match=r"is a folder, but .* is a file"):
            train({"backend": "numpy"}, checkpoint=tmp_path / "f", resume=resume)
    with pytest.raises(InputError, match="does not exist"):
        train({"backend": "numpy"}, checkpoint=tmp_path / "no" / "p")
    with pytest.raises(InputError, match="Pass checkpoint too"):
        train({"backend": "numpy"}, resume=True)
    with pytest.raises(InputError, match=r"every, .* must be"):
        train({"backend": "numpy"}, checkpoint=tmp_path / "q", every=0)


@pytest.mark.host
@pytest.mark.parametrize(
    "stacks",
    [[], "plan", [[[[0, 0]], [0, 1]]], [[[[0, 0], [1, 0], [2, 0]], [0, 1, 1]]], [[1, 2]], {"a": 1}],
)
def test_a_plan_with_other_members_is_an_error(tmp_path, stacks):
    train({"backend": "numpy"}, checkpoint=tmp_path / "p")
    header, _ = read_with_digest(tmp_path / "p" / "plan", FORMAT, lambda header, found: found)
    write_with_digest(tmp_path / "p" / "plan", FORMAT, {**header, "stacks": stacks}, {})
    with pytest.raises(FileFormatError, match="not a plan of this path"):
        train({"backend": "numpy"}, checkpoint=tmp_path / "p", resume=True)


@pytest.mark.host
def test_a_failed_write_warns_once(tmp_path, monkeypatch, small_stacks):
    whole = train({"backend": "numpy"})

    def full(*arguments):
        raise InputError("'it' cannot be written: No space left on device.")

    monkeypatch.setattr("xl2.io.safetensors_file.write_whole", full)
    with pytest.warns(UserWarning, match="No space left") as caught:
        same(train({"backend": "numpy"}, checkpoint=tmp_path / "p"), whole)
    assert len(caught) == 1
    monkeypatch.setattr("pathlib.Path.mkdir", lambda *a, **k: (_ for _ in ()).throw(OSError("no")))
    with pytest.warns(UserWarning, match="continues without checkpoints") as caught:
        same(train({"backend": "numpy"}, checkpoint=tmp_path / "q"), whole)
    assert [warning.filename for warning in caught] == [__file__]


@pytest.mark.host
def test_the_folder_does_not_move_with_the_working_directory(tmp_path, monkeypatch):
    for folder in ("here", "elsewhere"):
        (tmp_path / folder).mkdir()
    monkeypatch.chdir(tmp_path / "here")
    moved = False

    def leave(self, *arguments, train_stacks=xl2.path.refit.train_stacks, **options):
        nonlocal moved
        os.chdir(tmp_path / "elsewhere")
        moved = True
        return train_stacks(self, *arguments, **options)

    monkeypatch.setattr("xl2.path.refit.train_stacks", leave)
    train({"backend": "numpy"}, checkpoint="p", refit=True)
    assert moved
    assert list((tmp_path / "here" / "p").glob("refit-*/stack-1"))
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.host
def test_a_folder_removed_during_training_warns_once(tmp_path, monkeypatch, small_stacks):
    whole, write = train({"backend": "numpy"}), CheckpointSaver._save

    def removed(self, run):
        write(self, run)
        shutil.rmtree(tmp_path / "p", ignore_errors=True)

    monkeypatch.setattr(CheckpointSaver, "_save", removed)
    monkeypatch.chdir(tmp_path)
    with pytest.warns(UserWarning, match="'p' has been removed") as caught:
        same(train({"backend": "numpy"}, checkpoint="p", every=10), whole)
    assert len(caught) == 1


@pytest.mark.host
def test_a_pickle_does_not_contain_the_folder(tmp_path):
    path = train({"backend": "numpy"}, checkpoint=tmp_path / "p", refit=True)
    assert str(tmp_path).encode() not in pickle.dumps(path)


@pytest.mark.slow
@pytest.mark.parametrize("patience", [None, 2])
def test_a_path_that_is_killed(backend, tmp_path, patience):
    if str(backend.device).endswith("device1"):
        pytest.skip("the killed processes use the default device")
    settings = {"backend": backend.name, "patience": patience}
    with killed.small_blocks():
        whole = killed.train_path(None, **settings)
    assert killed.results(tmp_path, {**settings, "path": True}, 10, str(patience)) == {whole}
