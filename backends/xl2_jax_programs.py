"""JAX's compiled programs on disk, so that the next process does not compile them again."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from pathlib import Path

MOST = 4096  # programs; those of a path are about 50, of 10 kB each
# Intel's CPUs with this bug ("gather data sampling"): JAX refuses the programs that it has written
# on one of them, with lines of errors: https://github.com/jax-ml/jax/issues/38445
REFUSED = "gds"


def keep_programs() -> None:
    """Let JAX keep compiled programs in the user's cache folder, unless the user chose another.

    Nothing is kept where the folder cannot be written, and on systems without ``/proc/cpuinfo``:
    a program is good for one kind of CPU only, and JAX does not check which it was compiled for.
    """
    import jax

    config = jax.config
    if config.jax_compilation_cache_dir is not None or not config.jax_enable_compilation_cache:
        return
    try:
        cpu = _cpu(Path("/proc/cpuinfo").read_text(errors="replace"))
        if cpu is None:
            return
        folder = _user_folder() / f"jax-{jax.version.__version__}-{cpu}"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_own(folder):
            return
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"1")
        _make_room(folder)
    except (OSError, RuntimeError):  # RuntimeError: there is no home
        return
    config.update("jax_compilation_cache_dir", str(folder))
    # By default only what took a second: most programs of a fit take less, and are many.
    if "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS" not in os.environ:
        config.update("jax_persistent_cache_min_compile_time_secs", 0)


def _cpu(described: str) -> str | None:
    """Return a hash of the first CPU of ``/proc/cpuinfo``; None if its programs are refused."""
    pairs = [line.partition(":") for line in described.partition("\n\n")[0].splitlines()]
    known = {name.strip(): text.strip() for name, _, text in pairs}
    if REFUSED in known.get("bugs", "").split():
        return None
    kind = [known.get(name, "") for name in ("model name", "CPU part", "flags", "Features")]
    return hashlib.sha256("\n".join(kind).encode()).hexdigest()[:8]


def _user_folder() -> Path:
    """Return xl2's part of the user's cache folder, by the XDG Base Directory Specification."""
    chosen = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (chosen if chosen.is_absolute() else Path.home() / ".cache") / "xl2"


def _is_own(folder: Path) -> bool:
    """Tell whether only this user writes to a folder: JAX runs whatever program it finds there."""
    if sys.platform == "win32":
        return True
    status = folder.stat()
    return status.st_uid == os.getuid() and not status.st_mode & 0o022


def _make_room(folder: Path) -> None:
    """Delete the older half of the programs if there are too many."""
    names = os.listdir(folder)
    if len(names) <= MOST:
        return
    files = sorted((folder / name for name in names), key=_age)
    for file in files[: len(files) // 2]:
        file.unlink(missing_ok=True)


def _age(file: Path) -> float:
    """Return when a file was written; 0 if another process has just deleted it."""
    try:
        return file.stat().st_mtime
    except FileNotFoundError:
        return 0.0
