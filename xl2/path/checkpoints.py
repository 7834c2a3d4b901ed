"""The checkpoints of a path: a folder with its plan and a file for each of its stacks."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import FileFormatError, InputError, warn_caller
from ..io.safetensors_file import Header, Spec, read_with_digest, write_with_digest
from ..io.writing import check_writable, sweep
from ..training.checkpoints import Checkpoint, always, check_epochs, check_every
from ..training.fingerprint import Fingerprint, check_same, own_version

if TYPE_CHECKING:
    from .jobs import Job
    from .planning import Stack

FORMAT, PLAN = "xl2-path-1", "plan"


@dataclass(frozen=True)
class Folder:
    """Where the stacks of a path are kept.

    A stack that is through is there to the end, and is not trained again. Which members are
    trained together depends on the machine: on another one a path goes on by the plan that it
    was begun with.

    Parameters
    ----------
    path : pathlib.Path
        As messages call it. It is made where it is not there.
    every, resume
        As in `Checkpoint`.
    troubles : iterator of int
        Counts what kept any of them from being written.

    Attributes
    ----------
    home : pathlib.Path
        Where it is, from whatever folder it is asked for a network later.

    Raises
    ------
    InputError
        If there is something that would be lost.
    """

    path: Path
    every: float = 1
    resume: bool = False
    troubles: Iterator[int] = field(default_factory=itertools.count)
    home: Path = field(init=False)

    def __post_init__(self) -> None:
        path = self.path
        object.__setattr__(self, "home", path.absolute())
        if path.exists() and not path.is_dir():
            raise InputError(
                f"The checkpoint of a path is a folder, and {str(path)!r} is a file. Give another "
                f"name."
            )
        check_every(self.every)
        if not self.home.parent.is_dir():
            check_writable(path)
        if not self.resume and path.exists() and any(path.iterdir()):
            raise InputError(
                f"There is something in the folder {str(path)!r} already. To go on from it say so, "
                f"resume=True (--resume); to begin anew, remove it or give another name."
            )

    def planned(self, stacks: list[Stack], fingerprint: Fingerprint, epochs: int) -> list[Stack]:
        """Return the plan that a path was begun with, or begin it with this one.

        Parameters
        ----------
        stacks : list of Stack
            What `members.plan` says now: the same members.
        fingerprint : dict of str to str
            Of the path, without the data: each stack's file has its own.
        epochs : int
            How many each stack is to have in all.

        Raises
        ------
        InputError
            If the folder is that of another path, or a stack has more epochs already.
        FileFormatError
            If the plan is damaged, or none, or the file of a stack is.
        """
        fingerprint = {"version of xl2": own_version(), **fingerprint}
        file = self.home / PLAN
        if file.exists():
            header, _ = read_with_digest(
                file, FORMAT, lambda *said: self._checked(fingerprint, *said)
            )
            found = _stacks(file, header["stacks"], stacks)
            # All of them before one is trained: what is refused is left as it was.
            for number in range(1, len(found) + 1):
                for one in self._files(f"{number}"):
                    check_epochs(one, epochs)
            return found
        try:
            self.home.mkdir(exist_ok=True)
            sweep(file)
            header = {"run": fingerprint, "stacks": [[s.groups, s.places] for s in stacks]}
            write_with_digest(file, FORMAT, header, {})
        except (InputError, OSError) as error:
            next(self.troubles)
            warn_caller(f"No checkpoints can be written: {error} Training goes on without them.")
        return stacks

    def of(self, job: Job, wanted: Callable[[], bool] = always) -> Checkpoint | None:
        """Return the checkpoint of a stack; None where there is no folder."""
        if not self.home.is_dir():
            if not next(self.troubles):
                warn_caller(f"The folder {str(self.path)!r} is gone. Training goes on without it.")
            return None
        file = self._file(job.name)
        return Checkpoint(file, self.every, resume=True, wanted=wanted, troubles=self.troubles)

    def has(self, job: Job) -> bool:
        """Tell whether there is a checkpoint of a stack, as a whole."""
        return self._file(job.name).exists()

    def pieces(self, job: Job) -> list[Job]:
        """Return a stack, or what it was halved to when the memory did not hold it."""
        if self.has(job) or len(self._files(job.name)) < 2:
            return [job]
        return [piece for half in job.halves() for piece in self.pieces(half)] or [job]

    def inside(self, name: str) -> Folder | None:
        """Return a folder in this one, to go on from; None where this is not there."""
        if not self.home.is_dir():
            return None
        return Folder(self.home / name, self.every, resume=True, troubles=self.troubles)

    def _file(self, name: str) -> Path:
        return self.home / f"stack-{name}"

    def _files(self, name: str) -> list[Path]:
        """Return where a stack is kept, and where its halves are that were trained instead."""
        return [self._file(name), *self.home.glob(f"stack-{name}-*")]

    def _checked(self, fingerprint: Fingerprint, header: Header, _: Any) -> dict[str, Spec]:
        of = f"{str(self.path)!r} has the checkpoints of another path"
        check_same(header["run"], fingerprint, of, "another folder")
        return {}


def _stacks(file: Path, said: Any, stacks: Sequence[Stack]) -> list[Stack]:
    """Return the stacks that a file names, if they have the members of those that are planned."""
    from .planning import Stack

    try:
        found = [
            Stack([(int(f), int(s)) for f, s in groups], [int(place) for place in places])
            for groups, places in said
        ]
    except (TypeError, ValueError):
        found = []
    if sorted(_members(found)) != sorted(_members(stacks)):
        raise FileFormatError(f"{str(file)!r} is no plan of this path: it has other members.")
    return found


def _members(stacks: Sequence[Stack]) -> list[tuple[int, int, int]]:
    return [(*group, place) for stack in stacks for group in stack.groups for place in stack.places]
