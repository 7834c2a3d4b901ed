"""The advice as the command to run next: the user's own, with the options that it changes."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace

from ..diagnosis.limits import first_advice
from ..diagnosis.verdict import Diagnosis
from ..errors import offers, option


def with_next_command(diagnosis: Diagnosis, arguments: Sequence[str]) -> Diagnosis:
    """Return a diagnosis whose next step is a command; `arguments` are those of this one.

    No command trains an ensemble, so that its line of Python stays.
    """
    found = first_advice(diagnosis.actions, samples=False)
    if not diagnosis.next_step or found is None or found.kind == "ensemble":
        return diagnosis
    changed = [*arguments]
    for name, value in (found.arguments or {}).items():
        if not offers(name):
            return diagnosis
        changed = _with_option(changed, *shlex.split(option(name, value)))
    # A checkpoint belongs to the settings that it was made with.
    command = shlex.join(["xl2", *(one for one in changed if one != "--resume")])
    return replace(diagnosis, next_step=command)


def _with_option(arguments: Sequence[str], name: str, value: str) -> list[str]:
    """Return arguments with an option replaced where it is, or added."""
    kept, k = list[str](), 0
    while k < len(arguments):
        if arguments[k] == name:
            k += 2
        elif arguments[k].startswith(f"{name}="):
            k += 1
        else:
            kept.append(arguments[k])
            k += 1
            continue
        if name not in kept:
            kept += [name, value]
    return kept if name in kept else [*kept, name, value]
