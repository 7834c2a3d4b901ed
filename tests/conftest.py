"""The fixture `backend`, which runs a test on every array library, and shared fixtures.

``--backend NAME`` or ``NAME:DEVICE``, may be repeated, chooses the libraries; by default those
that are installed, array-api-strict also on a device that refuses NumPy.
"""

from __future__ import annotations

import csv
import os
import re
import signal
import subprocess
import sys
import traceback
from pathlib import Path

# JAX must be asked for 64-bit numbers before its first use.
os.environ.setdefault("JAX_ENABLE_X64", "1")
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
# Compiled programs stay out of the user's folder.
os.environ.setdefault(
    "JAX_COMPILATION_CACHE_DIR", str(Path(__file__).parent.parent / ".pytest_cache" / "jax")
)
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
# scipy decides at import whether scikit-learn's array API checks can run.
os.environ.setdefault("SCIPY_ARRAY_API", "1")
for variable in ("XL2_BACKEND", "XL2_DEVICE"):
    os.environ.pop(variable, None)
# A job in the background ignores Ctrl-C, and so would the tests that send it.
signal.signal(signal.SIGINT, signal.default_int_handler)

import numpy as np
import pytest
from hypothesis import settings

from xl2.array.backend import Backend, connect
from xl2.array.libraries import is_installed
from xl2.errors import BackendError

EVERY = ("numpy", "array_api_strict", "array_api_strict:device1", "torch", "jax", "cupy", "dpnp")
ROOT = Path(__file__).parent.parent
# They begin first, or one of two processes would wait for the other's last file.
LONG_FILES = {
    *("test_notebook", "test_resume", "test_distributed", "test_determinism", "test_experiments"),
    "test_examples",
    *("test_checks", "test_parity", "test_fit", "test_streams", "test_stored", "test_stack"),
    "test_docs_code",
}

settings.register_profile("xl2", deadline=None, derandomize=True, max_examples=20)
# JAX compiles every operation for every shape: 20 shapes take minutes.
settings.register_profile("few", settings.get_profile("xl2"), max_examples=3)
settings.load_profile("xl2")


def pytest_addoption(parser):
    parser.addoption("--backend", action="append", help="NAME or NAME:DEVICE; may be repeated")
    words = "in the order of the arguments, each failure at once: for a run that may be cut off"
    parser.addoption("--in-order", action="store_true", help=words)


def pytest_configure(config):
    if all(name.startswith("jax") for name in config.getoption("--backend") or ["numpy"]):
        settings.load_profile("few")
    if config.getoption("--in-order") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(AtOnce(config))


class AtOnce:
    """Prints each failure when it happens; pytest does so at the end."""

    def __init__(self, config):
        self.config = config

    def pytest_runtest_logreport(self, report):
        if report.failed:
            terminal = self.config.pluginmanager.getplugin("terminalreporter")
            terminal.write_line(f"\n{report.nodeid}\n{report.longreprtext}")


def pytest_collection_modifyitems(config, items):
    """Order files; deselect tests of the host without NumPy, and cases of `one_on_jax` tests."""
    if not config.getoption("--in-order"):
        items.sort(key=lambda item: item.path.stem not in LONG_FILES)
    chosen = config.getoption("--backend") or _installed()
    left_out = [] if "numpy" in chosen else list(filter(_of_the_host, items))
    if all(name.startswith("jax") for name in chosen):
        left_out += _all_but_one([i for i in items if i.get_closest_marker("one_on_jax")])
    dropped = set(left_out)
    items[:] = [item for item in items if item not in dropped]
    config.hook.pytest_deselected(items=left_out)


def _of_the_host(item):
    """Tell whether a test has nothing to do with array libraries."""
    own = "backend" in item.fixturenames or item.get_closest_marker("installed")
    return item.get_closest_marker("host") or not own


def _all_but_one(items):
    """Return the cases of each test except its first."""
    seen = set()
    # `add` returns None: an item stays if its test was seen before.
    return [i for i in items if i.function in seen or seen.add(i.function)]


def pytest_generate_tests(metafunc):
    if "backend" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("--backend") or _installed()
        metafunc.parametrize("backend", chosen, indirect=True)


def _installed():
    return [name for name in EVERY if is_installed(name.partition(":")[0])]


def _connected(name):
    name, _, device = name.partition(":")
    return connect(name, device or None)


def _has_float64(backend):
    info = backend.xp.__array_namespace_info__()
    return "float64" in info.dtypes(device=backend.device, kind="real floating")


def _needs_float64(backend):
    if not _has_float64(backend):
        pytest.skip(f"{backend} has no float64 here")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Skip a test that asks for float64, or uses argmax of array-api-strict, on a device without.

    Only xl2's own refusal counts: an error of the library is a failure.
    """
    report = yield
    name = getattr(getattr(item, "callspec", None), "params", {}).get("backend")
    if not report.failed or not isinstance(name, str):
        return report  # also a skip, whose backend may not work
    if (reason := _reason(call.excinfo.value)) and not _has_float64(_connected(name)):
        path, line, _ = item.location
        report.outcome, report.longrepr = "skipped", (path, line or 0, f"Skipped: {reason}")
    return report


# Code of others that makes int64 on a device without it.
INT64 = {
    "array_api_strict/_searching_functions.py": "array-api-strict's argmax",
    "sklearn/utils/estimator_checks.py": "scikit-learn's check",
}


def _reason(error):
    """Return why an error, or its cause, is a refusal of the device; "" if it is not."""
    if isinstance(error, BaseExceptionGroup):  # hypothesis found several
        reasons = [_reason(one) for one in error.exceptions]
        return reasons[0] if all(reasons) else ""
    if error is None:
        return ""
    return _refused(error) or _reason(error.__context__)


def _refused(error):
    """Return what a device without float64 refused; "" if nothing."""
    if "does not support float64, only" in str(error):
        return "the test asks for float64, which the device lacks"
    if "does not support dtype=array_api_strict.complex128" in str(error):
        return "the test asks for complex128, which the device lacks"
    if "does not support dtype=array_api_strict.int64" not in str(error):
        return ""
    frames = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    for name, who in INT64.items():
        if any(file.endswith(name) for file in frames):
            return f"{who} makes int64, which the device lacks"
    return ""


@pytest.fixture
def backend(request) -> Backend:
    """The backend under test; a skip with its reason if it does not work."""
    try:
        return _connected(request.param)
    except BackendError as error:
        pytest.skip(str(error))


@pytest.fixture
def xp(backend):
    return backend.xp


@pytest.fixture
def where(backend):
    """Keyword arguments that put a network on the backend under test."""
    return {"backend": backend.name, "device": backend.device}


@pytest.fixture
def compiled_code():
    """Skip where NumPy has no compiled code."""
    import xl2_numpy_compiled

    if reason := xl2_numpy_compiled.missing():
        pytest.skip(reason)


@pytest.fixture
def float64(backend):
    """Skip on a device without float64, before hypothesis looks for the smallest refused case."""
    _needs_float64(backend)


@pytest.fixture
def to(backend):
    """Move an array_like to the backend under test, without a change of dtype."""

    def move(x, dtype=None):
        array = np.asarray(x, dtype=dtype)
        if array.dtype.name == "float64":
            _needs_float64(backend)
        return backend.library.from_host(backend.xp, array.copy(), backend.device)

    return move


@pytest.fixture
def host(backend):
    """Move an array of the backend under test to NumPy."""
    return backend.to_numpy


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def data_file():
    """Return the path of a real data set, or skip the test."""
    folder = Path(os.environ.get("XL2_DATA", ROOT.parent / "shared" / "data"))

    def find(name):
        if not (folder / name).is_file():
            pytest.skip(f"no {name} in {folder}; XL2_DATA names the folder of the real data")
        return folder / name

    return find


@pytest.fixture
def python():
    """Run a program in a new interpreter with the same path; return its output."""

    def run(code):
        path = [folder for folder in sys.path if folder]
        program = f"import sys; sys.path[:0] = {path!r}\n{code}"
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    return run


@pytest.fixture
def xl2(monkeypatch, capsys):
    """Run a command of xl2; return its exit code, output and errors."""
    from xl2 import cli

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["xl2", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "80")
        with pytest.raises(SystemExit) as caught:
            cli.main()
        out, err = capsys.readouterr()
        # Messages name options, not Python's arguments; those in capitals are of the environment.
        assert not re.search(r"(?<![-\w])[a-z_]+=", err), err
        return caught.value.code or 0, out, err

    return run


@pytest.fixture
def flowers(tmp_path):
    """Write a table with named columns and text labels that depend on one column."""
    rng = np.random.default_rng(0)
    path = tmp_path / "flowers.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["length", "width", "kind"])
        for i in range(90):
            kind = ("rose", "iris", "tulipe")[i % 3]
            writer.writerow([f"{i % 3 * 4 + rng.normal():.3f}", f"{rng.normal():.3f}", kind])
    return path
