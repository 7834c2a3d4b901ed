"""JAX's compiled programs in the user's cache folder."""

import os
import stat
from pathlib import Path

import pytest

import xl2_jax_programs as programs

CPU = """\
processor\t: 0
model name\t: Some CPU
cpu MHz\t\t: {mhz}
flags\t\t: fpu sse {flag}
bugs\t\t: spectre_v1 {bug}

processor\t: 1
model name\t: Another CPU
"""
RUN = """
import logging, os, warnings
warnings.simplefilter("error")
for name in {names}:
    os.environ.pop(name, None)
os.environ |= {environment}
import jax
hits = []
jax.monitoring.register_event_listener(lambda name, **_: hits.append(name.endswith("cache_hits")))
import xl2
network = xl2.Network([2, 3, 1], backend="jax")
xl2.fit(network, [[0.0, 1.0], [1.0, 0.0]], [0, 1], epochs=1)
print(sum(hits))
"""


def described(mhz="2000", flag="avx2", bug="spectre_v2"):
    return CPU.format(mhz=mhz, flag=flag, bug=bug)


def fit(python, **environment):
    """Fit a small network in a new process; return how many programs came from the disk."""
    names = [name for name in os.environ if name.startswith("JAX_") and name != "JAX_ENABLE_X64"]
    return int(python(RUN.format(names=names, environment=environment)))


def files(folder):
    return sorted(file.name for file in folder.rglob("*") if file.is_file())


@pytest.fixture
def jax(backend):
    if backend.name != "jax":
        pytest.skip("about JAX's compiler")
    if programs._cpu(Path("/proc/cpuinfo").read_text()) is None:
        pytest.skip("JAX refuses its programs on this CPU")


def test_a_second_process_compiles_nothing(jax, python, tmp_path):
    assert fit(python, XDG_CACHE_HOME=str(tmp_path)) == 0
    kept = files(tmp_path)
    assert fit(python, XDG_CACHE_HOME=str(tmp_path)) == len(kept) > 10
    assert files(tmp_path) == kept
    (folder,) = (tmp_path / "xl2").iterdir()
    assert folder.name.startswith("jax-")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_what_the_user_chose_is_left_alone(jax, python, tmp_path):
    home, own = tmp_path / "home", tmp_path / "own"
    chosen = {
        "JAX_COMPILATION_CACHE_DIR": str(own),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }
    assert fit(python, XDG_CACHE_HOME=str(home), **chosen) == 0
    assert files(own)
    fit(python, XDG_CACHE_HOME=str(home), JAX_ENABLE_COMPILATION_CACHE="false")
    fit(python, XDG_CACHE_HOME=str(home), JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS="1000")
    assert not files(home)


def test_a_fit_works_where_nothing_can_be_written(jax, python, tmp_path):
    (tmp_path / "xl2").write_text("a file, not a folder")
    assert fit(python, XDG_CACHE_HOME=str(tmp_path)) == 0
    assert files(tmp_path) == ["xl2"]


def test_programs_are_kept_for_one_kind_of_cpu():
    assert programs._cpu(described()) == programs._cpu(described(mhz="3100"))
    assert programs._cpu(described()) != programs._cpu(described(flag="avx512f"))


def test_no_programs_are_kept_for_a_cpu_on_which_jax_refuses_them():
    assert programs._cpu(described(bug="gds")) is None
    assert programs._cpu(described(bug="gdsx"))


@pytest.mark.parametrize("chosen", [None, "", "relative/folder"])
def test_the_folder_is_in_the_home_unless_a_whole_path_is_given(chosen, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    if chosen is not None:
        monkeypatch.setenv("XDG_CACHE_HOME", chosen)
    assert programs._user_folder() == tmp_path / ".cache" / "xl2"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "other"))
    assert programs._user_folder() == tmp_path / "other" / "xl2"


def test_a_folder_that_others_write_to_is_not_used(tmp_path):
    tmp_path.chmod(0o755)
    assert programs._is_own(tmp_path)
    for mode in (0o775, 0o757):
        tmp_path.chmod(mode)
        assert not programs._is_own(tmp_path)


def test_the_older_half_goes_if_there_are_too_many(tmp_path, monkeypatch):
    monkeypatch.setattr(programs, "MOST", 4)
    for k in range(4):
        (tmp_path / f"{k}").touch()
        os.utime(tmp_path / f"{k}", (k, 10 - k))
    programs._make_room(tmp_path)
    assert len(files(tmp_path)) == 4
    (tmp_path / "4").touch()
    programs._make_room(tmp_path)
    assert files(tmp_path) == ["0", "1", "4"]
