"""Checkpoints of a path: a folder with the plan of its stacks, and a file for each stack."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import ClusterError, FileFormatError, InputError, option, warn_caller
from ..io.safetensors_file import Header, Spec, read_with_digest, write_with_digest
from ..io.writing import as_path, check_writable, sweep
from ..training.checkpoints import Checkpoint, as_checkpoint, check_epochs, check_every
from ..training.fingerprint import Fingerprint, check_same, release
from .planning import PlannedStack

FORMAT, PLAN = "xl2-path-1", "plan"


@dataclass
class Folder:
    """Where the stacks of a path are saved, and how often: see `Checkpoint`.

    The plan is saved because it depends on the machine: another machine resumes the path with
    the same stacks.
    """

    path: Path  # as messages name it; it is created if it does not exist
    every: float = 1
    resume: bool = False
    failures: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        path = self.path
        self._home = path.absolute()  # the working directory may change
        if path.exists() and not path.is_dir():
            raise InputError(
                f"The checkpoint of a path is a folder, but {str(path)!r} is a file. Use another "
                f"name."
            )
        check_every(self.every)
        if not self._home.parent.is_dir():
            check_writable(path, option("checkpoint"))
        if not self.resume and path.exists() and any(path.iterdir()):
            raise InputError(
                f"The folder {str(path)!r} is not empty. To resume from it, pass "
                f"{option('resume', True)}. To start over, remove it or use another name."
            )

    def of_workers(self) -> tuple[str, float] | None:
        """Return what `on_worker` makes this folder of again; None if it could not be written."""
        return (str(self._home), self.every) if (self._home / PLAN).exists() else None

    @classmethod
    def on_worker(cls, path: str, every: float, worker: str) -> Folder:
        """Return the folder on another machine, which has to see the same files."""
        if not (Path(path) / PLAN).exists():
            raise ClusterError(
                f"The worker {worker} does not have the folder {path!r}. Checkpoints of a cluster "
                f"have to be on storage that all machines mount under the same name. Pass "
                f"{option('checkpoint')} such a folder."
            )
        return cls(Path(path), every, resume=True)

    def planned(
        self,
        stacks: list[PlannedStack],
        fingerprint: Fingerprint,
        epochs: int,
        placed: list[float] | None = None,
    ) -> list[PlannedStack]:
        """Return the stacks of the saved plan; without one, save `stacks` and return them.

        The fingerprint leaves out the data: each stack's file has its own. `epochs` is the total,
        and `placed` are the lambdas if they are a default grid; see `placed_lambdas`.
        Raises `InputError` if the folder is another path's, or a stack has more epochs.
        """
        fingerprint = {"version of xl2": release(), **fingerprint}
        file = self._home / PLAN
        if file.exists():

            def check(header: Header, found: Any) -> dict[str, Spec]:
                prefix = f"{str(self.path)!r} contains checkpoints of another regularisation path"
                check_same(header["run"], fingerprint, prefix, "another folder")
                return {}

            header, _ = read_with_digest(file, FORMAT, check)
            saved = _read_stacks(file, header["stacks"], stacks)
            # Check all stacks before any is trained, so that a rejected folder is left unchanged.
            for stack in saved:
                for one in self._files(stack):
                    check_epochs(one, epochs)
            return saved
        try:
            self._home.mkdir(exist_ok=True)
            sweep(file)
            header = {
                "run": fingerprint,
                "stacks": [[s.groups, s.lambdas] for s in stacks],
                "placed": placed,
            }
            write_with_digest(file, FORMAT, header, {})
        except (InputError, OSError) as error:
            next(self.failures)
            named = option("checkpoint", str(self.path))
            warn_caller(f"Training continues without checkpoints ({named}): {error}")
        return stacks

    def placed_lambdas(self, count: int) -> list[float] | None:
        """Return the default grid of the saved plan; None without one of `count` lambdas."""
        file = self._home / PLAN
        if not file.exists():
            return None
        header, _ = read_with_digest(file, FORMAT, lambda header, found: {})
        try:
            saved = [float(lam) for lam in header["placed"]]
        except (KeyError, TypeError, ValueError):
            return None
        return saved if len(saved) == count else None

    def checkpoint(self, stack: PlannedStack, wanted: Callable[[], bool]) -> Checkpoint | None:
        """Return the checkpoint of a stack; None if the folder has been removed."""
        if not self._home.is_dir():
            if not next(self.failures):
                warn_caller(
                    f"The folder {str(self.path)!r} has been removed. Training continues without "
                    f"checkpoints."
                )
            return None
        return Checkpoint(
            self._file(stack), self.every, resume=True, wanted=wanted, failures=self.failures
        )

    def has(self, stack: PlannedStack) -> bool:
        """Tell whether a whole stack, not its halves, has a checkpoint."""
        return self._file(stack).exists()

    def split(self, stack: PlannedStack) -> list[PlannedStack]:
        """Return a stack, or the parts that have been trained instead to save memory."""
        if self.has(stack) or len(self._files(stack)) < 2:
            return [stack]
        return [part for half in stack.halves() for part in self.split(half)] or [stack]

    def subfolder(self, name: str) -> Folder | None:
        """Return a folder in this one, to be resumed; None if this one has been removed."""
        if not self._home.is_dir():
            return None
        return Folder(self._home / name, self.every, resume=True, failures=self.failures)

    def _file(self, stack: PlannedStack) -> Path:
        return self._home / f"stack-{stack.name}"

    def _files(self, stack: PlannedStack) -> list[Path]:
        """Return the file of a stack, and the existing files of its parts."""
        return [self._file(stack), *self._home.glob(f"stack-{stack.name}-*")]


def folder_of(checkpoint: Any, every: float, resume: bool) -> Folder | None:
    """Return the folder that the arguments of a path describe, checked; None without one."""
    if checkpoint is None:
        as_checkpoint(None, every, resume)  # refuses `every` and `resume` without a checkpoint
        return None
    return Folder(as_path(checkpoint), every, resume)


def _read_stacks(file: Path, saved: Any, planned: Sequence[PlannedStack]) -> list[PlannedStack]:
    """Return the stacks saved in a file, if they have the same members as those planned."""
    try:
        found = [
            PlannedStack([(int(f), int(s)) for f, s in groups], list(map(int, lambdas)), f"{k}")
            for k, (groups, lambdas) in enumerate(saved, 1)
        ]
    except (TypeError, ValueError):
        found = []
    if _members(found) != _members(planned):
        raise FileFormatError(
            f"{str(file)!r} is not a plan of this path: its members differ. Use another folder."
        )
    return found


def _members(stacks: Sequence[PlannedStack]) -> list[tuple[int, int, int]]:
    return sorted(
        (*group, lam) for stack in stacks for group in stack.groups for lam in stack.lambdas
    )
