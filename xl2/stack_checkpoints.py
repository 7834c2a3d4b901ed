"""The checkpoints of a path: a folder with its plan and a file for each of its stacks."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .checkpoints import Checkpoint, always, check_every
from .errors import FileFormatError, InputError
from .identity import Identity, check_same, own_version
from .sealed import Header, Spec, read_sealed, write_sealed
from .writing import check_writable, sweep

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
        It is made where it is not there.
    every, resume
        As in `Checkpoint`.
    troubles : list
        What kept any of them from being written.

    Raises
    ------
    InputError
        If there is something that would be lost.
    """

    path: Path
    every: float = 1
    resume: bool = False
    troubles: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        path = self.path
        if path.exists() and not path.is_dir():
            raise InputError(
                f"The checkpoint of a path is a folder, and {str(path)!r} is a file. Give another "
                f"name."
            )
        check_every(self.every)
        if not path.absolute().parent.is_dir():
            check_writable(path)
        if not self.resume and path.exists() and any(path.iterdir()):
            raise InputError(
                f"There is something in the folder {str(path)!r} already. To go on from it, give "
                f"resume=True, or --resume; to begin anew, remove it or give another name."
            )

    def planned(self, stacks: list[Stack], identity: Identity) -> list[Stack]:
        """Return the plan that a path was begun with, or begin it with this one.

        Parameters
        ----------
        stacks : list of Stack
            What `members.plan` says now: the same members.
        identity : dict of str to str
            What the path is of, its stacks apart.

        Raises
        ------
        InputError
            If the folder is that of another path.
        FileFormatError
            If the plan is damaged, or none.
        """
        identity = {"version of xl2": own_version(), **identity}
        file = self.path / PLAN
        if file.exists():
            header, _ = read_sealed(file, FORMAT, lambda *said: self._checked(identity, *said))
            return _stacks(file, header["stacks"], stacks)
        try:
            self.path.mkdir(exist_ok=True)
            sweep(file)
            header = {"run": identity, "stacks": [[s.groups, s.places] for s in stacks]}
            write_sealed(file, FORMAT, header, {})
        except (InputError, OSError) as error:
            self._tell(str(error))
        return stacks

    def of(self, job: Job, wanted: Callable[[], bool] = always) -> Checkpoint | None:
        """Return the checkpoint of a stack; None, said once, where the folder is gone."""
        if not self.path.is_dir():
            self._tell(f"The folder {str(self.path)!r} is not there any more.")
            return None
        return Checkpoint(
            self._file(job), self.every, resume=True, wanted=wanted, troubles=self.troubles
        )

    def _tell(self, trouble: str) -> None:
        self.troubles.append(trouble)
        if len(self.troubles) == 1:
            warnings.warn(
                f"No checkpoints can be written: {trouble} Training goes on without them.",
                UserWarning,
                stacklevel=4,
            )

    def has(self, job: Job) -> bool:
        """Tell whether there is a checkpoint of a stack, as a whole."""
        return self._file(job).exists()

    def pieces(self, job: Job) -> list[Job]:
        """Return a stack, or what it was halved to when the memory did not hold it."""
        if self.has(job) or not any(self.path.glob(f"{self._file(job).name}-*")):
            return [job]
        return [piece for half in job.halves() for piece in self.pieces(half)] or [job]

    def _file(self, job: Job) -> Path:
        return self.path / f"stack-{job.name}"

    def inside(self, name: str) -> Folder | None:
        """Return a folder in this one, to go on from; None where this is not there."""
        if not self.path.is_dir():
            return None
        return Folder(self.path / name, self.every, resume=True, troubles=self.troubles)

    def _checked(self, identity: Identity, header: Header, _: Any) -> dict[str, Spec]:
        file = f"{str(self.path)!r} has the checkpoints of another path"
        check_same(header["run"], identity, file, "folder")
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
