"""The command line uses no network: it works if no socket can be opened."""

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.host

# An audit hook sees the sockets of all libraries. It cannot be removed, hence the subprocess.
OFFLINE = """
import json
import sys

def refuse(event, arguments):
    if event.startswith("socket.") or event == "urllib.Request":
        seen.append((event, arguments))
        raise PermissionError(f"the network was used: {event} {arguments}")

seen = []
sys.addaudithook(refuse)
from xl2 import cli
steps = json.loads(sys.argv[1])
try:
    for step in steps:
        print("running", *step, file=sys.stderr)
        sys.argv = ["xl2", *step]
        try:
            cli.main()
        except SystemExit as ended:
            if ended.code:
                raise
finally:
    if seen:
        print("network:", seen, file=sys.stderr)
"""
STEPS = [
    ("train", "digits", "--epochs", "2", "--hidden", "8", "--out", "m.safetensors"),
    ("predict", "m.safetensors", "digits", "--out", "p.csv"),
    ("diagnose", "m.safetensors", "digits"),
    ("path", "digits", "--lambdas", "0,1", "--epochs", "2", "--hidden", "8", "--report", "r.html"),
    ("export", "m.safetensors", "--onnx", "m.onnx"),
    ("backends",),
]


def run(folder, program, steps):
    (folder / "offline.py").write_text(program)
    path = os.pathsep.join(filter(None, sys.path))
    return subprocess.run(
        [sys.executable, "offline.py", json.dumps(steps)],
        env={**os.environ, "PYTHONPATH": path},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_the_command_line_works_offline(tmp_path):
    for module in ("matplotlib", "onnx"):
        pytest.importorskip(module, reason="the report and the export need it")
    done = run(tmp_path, OFFLINE, STEPS)
    assert (done.returncode, "network:" in done.stderr) == (0, False), done.stderr
    assert done.stderr.count("running") == len(STEPS)
    assert (tmp_path / "r.html").stat().st_size > 10_000


def test_the_test_detects_a_socket(tmp_path):
    program = OFFLINE.replace("from xl2 import cli", "import socket; socket.socket()")
    done = run(tmp_path, program, [])
    assert done.returncode != 0
    assert "the network was used: socket.__new__" in done.stderr
