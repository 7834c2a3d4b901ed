"""The comparison of libraries that read tables compares what it says."""

from __future__ import annotations

import importlib

import pytest

from xl2.cli.bench import _module

HOME = _module("suite").__package__
kinds, readers = (importlib.import_module(f"{HOME}.{name}") for name in ("reader_kinds", "readers"))

pytestmark = pytest.mark.host


@pytest.mark.parametrize("kind", kinds.KINDS, ids=lambda kind: kind.title.replace(" ", "-"))
def test_xl2_reads_every_kind(kind, tmp_path):
    assert kinds.is_right(kind, "xl2", tmp_path) == "yes"


@pytest.mark.parametrize(
    ("title", "mark"),
    [("plain", "yes"), ("tabs", "yes"), ("labels such as 007", "-"), ("UTF-16", "error")],
)
def test_what_pandas_reads_is_compared(title, mark, tmp_path):
    (kind,) = (kind for kind in kinds.KINDS if kind.title == title)
    assert kinds.is_right(kind, "pandas", tmp_path) == mark


@pytest.mark.parametrize("name", ["pandas", "xl2's source", "xl2"])
def test_a_measurement_has_three_numbers(name, tmp_path, capsys):
    readers.write_table(tmp_path / "t.csv", 50, 3)
    readers.measure_here(name, str(tmp_path / "t.csv"))
    seconds, used, memory = map(float, capsys.readouterr().out.split())
    assert seconds > 0
    assert used >= 0
    assert memory >= 0
