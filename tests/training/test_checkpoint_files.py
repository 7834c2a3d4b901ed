"""When and where a checkpoint is written, and failed writes."""

import contextlib
import os
import pkgutil
import subprocess
import threading

import pytest
from checkpointing import LABELS, X, assert_same, header_of, network, trained

import xl2.training.loop
import xl2.training.run
from xl2 import FileFormatError, InputError, Network, fit
from xl2.training.checkpoints import Checkpoint, CheckpointSaver


@pytest.mark.host
@pytest.mark.parametrize(("every", "epochs"), [(1, [1, 2, 3, 4, 5]), (2, [2, 4, 5]), (9, [5])])
def test_a_checkpoint_is_written_as_every_specifies_and_at_the_end(
    tmp_path, monkeypatch, every, epochs
):
    written = []
    monkeypatch.setattr(
        "xl2.training.checkpoints.write_with_digest",
        lambda path, form, header, arrays: written.append(header["epochs"]),
    )
    fit(Network([3, 2]), X, LABELS, epochs=5, checkpoint=tmp_path / "c", every=every)
    assert written == epochs


@pytest.mark.host
def test_a_checkpoint_is_written_within_an_epoch(tmp_path, monkeypatch):
    monkeypatch.setattr(xl2.training.loop, "BLOCK", 4)
    written = []
    monkeypatch.setattr(
        "xl2.training.checkpoints.write_with_digest",
        lambda path, form, header, arrays: written.append(header["unfinished_epoch"]),
    )
    fit(Network([3, 2]), X[:40], LABELS[:40], epochs=1, batch_size=4, every=0.3,
        checkpoint=tmp_path / "c")  # fmt: skip
    assert [now and now["done"] for now in written] == [12, 24, 36, None]


def test_without_a_checkpoint_nothing_is_written_or_hashed(where, tmp_path, monkeypatch):
    def never(*arguments, **options):
        raise AssertionError("it should not be called")

    monkeypatch.setattr("xl2.training.fit.fingerprint_of", never)
    monkeypatch.setattr("xl2.training.checkpoints.write_with_digest", never)
    monkeypatch.setattr("signal.signal", never)
    monkeypatch.chdir(tmp_path)
    fit(network(where), X, LABELS, epochs=2)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.host
@pytest.mark.parametrize("every", [0, -1, float("nan"), float("inf"), "1", True])
def test_every_must_be_a_number_above_0(tmp_path, every):
    with pytest.raises(InputError, match=r"every, .* must be a finite number greater than 0"):
        fit(Network([3, 2]), X, LABELS, checkpoint=tmp_path / "c", every=every)


@pytest.mark.host
def test_errors_in_arguments(tmp_path):
    for wrong in ({"resume": True}, {"every": 2}):
        with pytest.raises(InputError, match="Pass checkpoint too"):
            fit(Network([3, 2]), X, LABELS, **wrong)
    with pytest.raises(InputError, match=r"does not exist\. Create it first"):
        fit(Network([3, 2]), X, LABELS, checkpoint=tmp_path / "no" / "c")
    with pytest.raises(InputError, match="is a folder"):
        fit(Network([3, 2]), X, LABELS, checkpoint=tmp_path)


@pytest.mark.host
def test_an_existing_file_is_not_overwritten(tmp_path):
    (tmp_path / "c").write_bytes(b"precious")
    with pytest.raises(InputError, match="To resume from it, pass resume=True"):
        fit(Network([3, 2]), X, LABELS, checkpoint=tmp_path / "c")
    with pytest.raises(FileFormatError, match="not a valid xl2-checkpoint-1 file"):
        fit(Network([3, 2]), X, LABELS, checkpoint=tmp_path / "c", resume=True)
    assert (tmp_path / "c").read_bytes() == b"precious"


@pytest.mark.host
def test_the_file_does_not_move_with_the_working_directory(tmp_path, monkeypatch):
    for folder in ("here", "elsewhere"):
        (tmp_path / folder).mkdir()
    monkeypatch.chdir(tmp_path / "here")

    def go(network, history):
        if len(history) == 2:
            os.chdir(tmp_path / "elsewhere")

    fit(Network([3, 2]), X, LABELS, epochs=4, checkpoint="c", callbacks=[go])
    assert header_of(tmp_path / "here" / "c")["epochs"] == 4
    assert list((tmp_path / "elsewhere").iterdir()) == []
    os.chdir("../here")
    with pytest.raises(InputError, match="The file 'c' already exists"):
        fit(Network([3, 2]), X, LABELS, checkpoint="c")
    with pytest.raises(InputError, match="'c' has already reached epoch 4"):
        fit(Network([3, 2]), X, LABELS, checkpoint="c", resume=True, epochs=3)


@pytest.mark.host
def test_a_link_is_replaced_by_a_file(tmp_path):
    (tmp_path / "c").symlink_to(tmp_path / "real")
    trained(tmp_path)
    assert not (tmp_path / "c").is_symlink()
    assert not (tmp_path / "real").exists()


@pytest.mark.host
def test_a_run_in_a_thread_is_saved(tmp_path):
    thread = threading.Thread(
        target=fit, args=(Network([3, 2]), X, LABELS), kwargs={"checkpoint": tmp_path / "c"}
    )
    thread.start()
    thread.join()
    assert (tmp_path / "c").exists()


@pytest.mark.host
@pytest.mark.parametrize("call", ["os.fsync", "pathlib.Path.replace", "pathlib.Path.open"])
def test_a_full_disk_warns_once_and_leaves_the_previous_file(tmp_path, monkeypatch, call):
    calls, real = [], pkgutil.resolve_name(call)

    def fail(*arguments, **options):
        if call == "pathlib.Path.open" and "x" not in str(arguments[1:]):
            return real(*arguments, **options)
        calls.append(1)
        # The first epoch is written: the file and its folder are flushed.
        if len(calls) <= (2 if call == "os.fsync" else 1):
            return real(*arguments, **options)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(call, fail)
    with pytest.warns(
        UserWarning, match="could not be written .checkpoint.: .*No space left.*is intact"
    ) as caught:
        one, history = trained(tmp_path)
    assert [warning.filename for warning in caught] == [trained.__code__.co_filename]
    assert len(history) == 4
    monkeypatch.undo()
    assert [file.name for file in tmp_path.iterdir()] == ["c"]
    assert header_of(tmp_path / "c")["epochs"] == 1
    assert_same((one, history), trained(tmp_path, resume=True))


@pytest.mark.host
def test_of_two_runs_whose_writes_fail_at_once_one_warns(tmp_path, monkeypatch):
    """The threads run `_warn` line by line, in step."""
    warned, shared, together = [], Checkpoint(tmp_path / "c"), threading.Barrier(2)
    monkeypatch.setattr("warnings.warn_explicit", lambda *_, **__: warned.append(1))

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
    assert warned == [1]


def mounted(folder, *options):
    done = subprocess.run(
        ["mount", "-t", "tmpfs", *options, "tmpfs", str(folder)], capture_output=True, check=False
    )
    return done.returncode == 0


@pytest.fixture
def small_disk(tmp_path):
    """Mount a file system of 64 KiB, or skip the test."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    if not mounted(folder, "-o", "size=64k"):
        pytest.skip("the system cannot mount a file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.host
def test_a_real_disk_that_fills_up(small_disk):
    def fill(network, history):
        if len(history) == 2:
            with contextlib.suppress(OSError), (small_disk / "f").open("wb", 0) as file:
                while True:
                    file.write(bytes(4096))

    with pytest.warns(UserWarning, match="No space left on device") as caught:
        one, history = trained(small_disk, callbacks=[fill])
    assert len(caught) == 1
    assert sorted(file.name for file in small_disk.iterdir()) == ["c", "f"]
    assert header_of(small_disk / "c")["epochs"] == 1
    (small_disk / "f").unlink()
    assert_same((one, history), trained(small_disk, resume=True))


@pytest.mark.host
def test_a_real_folder_that_becomes_read_only(small_disk):
    def close(network, history):
        if len(history) == 2:
            subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)

    with pytest.warns(UserWarning, match="cannot be written") as caught:
        _, history = trained(small_disk, callbacks=[close])
    assert len(caught) == 1
    assert len(history) == 4
    assert [file.name for file in small_disk.iterdir()] == ["c"]
    assert header_of(small_disk / "c")["epochs"] == 1


@pytest.mark.host
def test_temporary_files_of_a_killed_process_are_removed(tmp_path):
    left, other = tmp_path / ".c.0123abcd.tmp", tmp_path / ".d.0123abcd.tmp"
    left.write_bytes(b"half")
    other.write_bytes(b"another's")
    trained(tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == [other.name, "c"]
