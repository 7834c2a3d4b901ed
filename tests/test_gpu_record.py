"""The record of a GPU in one go: no part costs another its time or its results."""

from __future__ import annotations

import asyncio
import gc
import importlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from xl2.cli.bench import _module

HOME = _module("suite").__package__
record = importlib.import_module(f"{HOME}.record")
SCRIPT = Path(__file__).parent.parent / "benchmarks" / "gpu_record.sh"

pytestmark = [
    pytest.mark.host,
    pytest.mark.skipif(os.name != "posix", reason="the record needs process groups of POSIX"),
]


def python(code):
    return sys.executable, "-c", code


SLEEPER = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
STUBBORN = f"""
import signal, subprocess, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", {SLEEPER!r}])
time.sleep(60)
"""
FAILS = "print('[gw0] [ 50%] FAILED tests/nn/test_x.py::test_y[a b]'); raise SystemExit(3)"


def ended(pid):
    """Tell whether a process has ended, or does so now."""
    for _ in range(100):
        try:
            os.kill(pid, 0)
            state = Path(f"/proc/{pid}/stat")
            # A process that nobody waits for stays as an entry.
            if state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def test_a_part_that_fails_or_hangs_stops_no_other(tmp_path):
    parts = [
        record.Part("fails", 60.0, (python(FAILS), python("print('second')"))),
        record.Part("hangs", 3.0, (python(STUBBORN),), 0.5),
        record.Part("absent", 60.0, (("/nonexistent/program",),)),
        record.Part("interrupted", 1.0, (python("import time; time.sleep(60)"),)),
    ]
    last = [record.Part("last", 60.0, (python("print('{folder} {seconds}')"),))]
    asyncio.run(record.Record(tmp_path, trial=True).run([parts, last]))
    summary = (tmp_path / "summary.md").read_text()
    told = {text.split("\n")[0]: text for text in summary.split("## ")[1:]}
    assert set(told) == {"fails", "hangs", "absent", "interrupted", "last"}
    assert "exit code 3" in told["fails"]
    assert "`second`" in told["fails"]
    assert "- failed: `tests/nn/test_x.py::test_y[a b]`" in told["fails"]
    assert "exit code killed (cut off)" in told["hangs"]
    assert "exit code none" in told["absent"]
    assert "(cut off)" in told["interrupted"]
    # What the first phase had left of its 160 s is added: its longest part has two commands.
    assert f"`{tmp_path} " in told["last"]
    assert 60 < float(told["last"].split()[-1].strip("`")) < 60 + 160 - record.MARGIN
    assert ended(int((tmp_path / "hangs.log").read_text().split()[-1]))


def test_a_process_that_is_killed_is_waited_for(tmp_path):
    parts = [record.Part("hangs", 1.0, (python(STUBBORN),), 0.5)]
    asyncio.run(record.Record(tmp_path, trial=True).run([parts]))
    gc.collect()  # which warns of a process that nobody has waited for
    assert "killed" in (tmp_path / "summary.md").read_text()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_what_stops_the_record_costs_the_part_that_runs(tmp_path, how):
    folder = tmp_path / "out"
    code = f"""
import asyncio, importlib
record = importlib.import_module({record.__name__!r})
python = {sys.executable!r}, "-c"
record.phases = lambda *_: [
    [record.Part("first", 60.0, ((*python, "print('done')"),))],
    [record.Part("second", 60.0, ((*python, {SLEEPER!r}),))],
]
raise SystemExit(asyncio.run(record.main([{str(folder)!r}])))
"""
    path = os.pathsep.join(folder for folder in sys.path if folder)
    # Not here, where Python would find the sources instead of what is installed.
    process = subprocess.Popen(python(code), cwd=tmp_path, env={**os.environ, "PYTHONPATH": path})
    log, pid = folder / "second.log", 0
    try:
        while not (log.exists() and len(lines := log.read_text().split("\n")) > 2):
            assert process.poll() is None
            time.sleep(0.05)
        pid = int(lines[-2])
        process.send_signal(how)
        assert process.wait() == (1 if how == signal.SIGTERM else -signal.SIGKILL)
        summary = (folder / "summary.md").read_text()
        assert "## first\n\n- exit code 0" in summary
        assert "## second" not in summary
        if how == signal.SIGTERM:
            assert "Stopped by a signal" in summary
            assert ended(pid)
    finally:
        process.kill()
        process.wait()
        if pid and how == signal.SIGKILL:
            os.killpg(pid, signal.SIGKILL)


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.skipif(not SCRIPT.is_file(), reason="no checkout, from which the record is made")
def test_the_script_leaves_a_file_of_each_part_that_it_cuts_off(tmp_path):
    """In a twentieth of the time, in which hardly anything ends."""
    arguments = ["--stand-ins", "--scale", "0.05", "--workers", "0"]
    done = subprocess.run(
        ["bash", str(SCRIPT), str(tmp_path / "out"), *arguments],
        env={**os.environ, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=True,
    )
    names = [part.name for phase in record.phases(True, 1) for part in phase]
    assert names == ["tests", "torch", "jax", "figures", "digits", "speed"]
    summary = (tmp_path / "out" / "summary.md").read_text()
    assert done.stdout == summary
    assert summary.startswith("# A trial on stand-ins, without a GPU: no record\n")
    assert [name for name in names if f"\n## {name}\n\n- exit code " not in summary] == []
    assert summary.endswith("All parts have ended.\n")
    files = {file.name for file in (tmp_path / "out").iterdir()}
    assert files == {"summary.md", "gpu.md", *(f"{name}.log" for name in names)}
    page = (tmp_path / "out" / "gpu.md").read_text()
    assert page.startswith("# A trial without a GPU")


def test_everything_fits_into_ten_minutes():
    for trial in (True, False):
        longest = (max(part.longest() for part in phase) for phase in record.phases(trial, 8))
        assert sum(longest) <= 570


def test_what_is_missing_is_said_first(tmp_path, monkeypatch):
    monkeypatch.setattr(record, "found", lambda name: name not in {"xdist", "typer"})
    monkeypatch.setenv("XL2_DATA", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    begun = record.Record(tmp_path, trial=False)
    record.begin(begun, record.phases(False, 8), trial=False)
    words = " ".join((tmp_path / "summary.md").read_text().split())
    assert "missing xdist (tests side by side), typer (digits), the notebook's MNIST" in words
    assert "card unknown (FileNotFoundError)" in words
    assert "parts tests, torch, jax, figures, digits; then speed" in words
    assert "at most 175 + 385 = 560 s" in words
    # Then the tests run without it.
    assert "-n" not in record.suite("cupy", 8, record.TESTS)


def test_parts_can_be_chosen(tmp_path, capsys):
    with pytest.raises(SystemExit):
        asyncio.run(record.main([str(tmp_path), "speeds"]))
    assert "there are no parts ['speeds']" in capsys.readouterr().err


def test_failed_tests_are_found_with_or_without_a_summary():
    printed = """
[gw3] [ 12%] PASSED tests/nn/test_a.py::test_one[cupy]
[gw3] [ 12%] FAILED tests/nn/test_a.py::test_two[cupy-x y]
tests/nn/test_b.py::test_three ERROR                     [ 50%]
tests/nn/test_b.py::test_four[1] FAILED                  [100%]
FAILED tests/nn/test_a.py::test_two[cupy-x y] - AssertionError: no - really
ERROR tests/nn/test_c.py::test_five - ValueError
ERROR tests/nn/test_d.py
E   FAILED is no test
"""
    assert record.failures(printed.split("\n")) == [
        "tests/nn/test_a.py::test_two[cupy-x y]",
        "tests/nn/test_b.py::test_three",
        "tests/nn/test_b.py::test_four[1]",
        "tests/nn/test_c.py::test_five",
        "tests/nn/test_d.py",
    ]


def test_each_failure_is_printed_at_once(tmp_path):
    """With pytest's summary, those of a run that is cut off would be lost."""
    (tmp_path / "tests").mkdir()
    shutil.copy(Path(__file__).with_name("conftest.py"), tmp_path / "tests")
    first = "def test_first(backend):\n    assert not backend, 'because'\n\n"
    (tmp_path / "tests" / "test_two.py").write_text(f"{first}def test_then(backend): pass\n")
    path = os.pathsep.join(folder for folder in sys.path if folder)
    command = record.suite("numpy", 0, ["tests"])
    environment = {**os.environ, "PYTHONPATH": path, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 1, done.stdout + done.stderr
    name, words, then = (
        done.stdout.index(text)
        for text in ("::test_first[numpy] FAILED", "AssertionError: because", "::test_then[numpy]")
    )
    assert name < words < then
    failed = ["tests/test_two.py::test_first[numpy]"]
    assert record.failures(done.stdout.splitlines()) == failed
