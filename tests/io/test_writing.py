"""Atomic writes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import xl2
from xl2 import InputError, Network
from xl2.io.writing import check_writable, sweep, write_whole


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "m"
    path.write_bytes(b"old")

    def fail(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(InputError, match="cannot be written: No space left"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_check_writable(tmp_path):
    with pytest.raises(InputError, match="is a folder"):
        check_writable(tmp_path)
    with pytest.raises(InputError, match="does not exist"):
        check_writable(tmp_path / "no" / "m")
    if os.geteuid() == 0:
        return
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="cannot be written to"):
        check_writable(tmp_path / "m")


@pytest.mark.parametrize("path", ["a" * 300, "a\0b", 5, None, b"c", "\ud800"])
def test_an_impossible_path_is_an_error(path):
    for use in (check_writable, lambda path: xl2.save(Network([2, 1]), path)):
        with pytest.raises(InputError, match="cannot be used as a path") as caught:
            use(path)
        assert len(str(caught.value)) < 150


@pytest.mark.parametrize("name", ["字" * 84, "é" * 127, "a" * 255])
def test_a_name_of_maximal_length_is_written(tmp_path, name):
    write_whole(tmp_path / name, b"new")
    (tmp_path / f".{name[:60]}.0123abcd.tmp").write_bytes(b"another's")
    sweep(tmp_path / name)
    assert sorted(tmp_path.iterdir()) == sorted(
        [tmp_path / name, tmp_path / f".{name[:60]}.0123abcd.tmp"]
    )


def test_a_folder_that_can_be_written_to_but_not_read(tmp_path, monkeypatch):
    opened = os.open

    def refused(path, flags, *rest):
        if Path(path) == tmp_path:
            raise PermissionError(13, "Permission denied")
        return opened(path, flags, *rest)

    monkeypatch.setattr(os, "open", refused)
    write_whole(tmp_path / "m", b"new")
    assert (tmp_path / "m").read_bytes() == b"new"
