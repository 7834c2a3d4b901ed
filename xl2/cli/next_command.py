"""The advice as the command to run next: that of the path, with the options that it changes."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..diagnosis.limits import first_advice
from ..diagnosis.verdict import Diagnosis
from ..errors import facing, offers, option
from ..nn.trained import Trained
from ..path.presets import PRESETS, choices_of
from .options import face_of

ENSEMBLE, NO_ENSEMBLE = "--ensemble", "--no-ensemble"
# Options of `xl2 path` that do not change what is trained. They are left out of a model file, and
# of what is read from one: it may be given to others, or written by others, and some name files.
ELSEWHERE = (
    "--test",
    "--labels",
    "--target-score",
    "--new-labels",
    "--checkpoint",
    "--dask",
    "--every",
    "--resume",
    "--picture",
    "--report",
    "--out",
    "--mlflow",
    "--tensorboard",
    "--json",
    "--quiet",
    "-q",
)


def settings_among(arguments: Sequence[str], command: Any) -> list[str]:
    """Return the options of `command` among arguments that say what is trained, as given."""
    valued, flags = set[str](), set[str]()
    for parameter in command.params:
        if parameter.param_type_name == "option":
            own = flags if parameter.is_flag else valued
            own.update(parameter.opts, parameter.secondary_opts)
    kept, words = list[str](), iter(arguments)
    for word in words:
        name, equals, _ = word.partition("=")
        found = [word] if word in flags or (equals and name in valued) else []
        if word in valued:
            found = [word, next(words, "")]
        # A value that looks like an option could become one when another is replaced.
        if name not in ELSEWHERE and not any(one.startswith("--") for one in found[1:]):
            kept += found
    return kept


def with_command_of_path(
    diagnosis: Diagnosis, model: Trained, data: str, given: Mapping[str, Any], path: Any
) -> Diagnosis:
    """Return the diagnosis of a model with the next step of `path`, the command that trained it.

    `data` and the options `given` are those of the command that runs; None and False are not.
    """
    options = None if model.tried is None else model.tried["options"]
    if options is None:
        return diagnosis
    arguments = ["path", data, *settings_among(options, path)]
    for name, value in given.items():
        if value is True:
            arguments.append(name)
        elif value is not None and value is not False:
            arguments = _with_option(arguments, name, str(value))
    return with_next_command(diagnosis, arguments, path)


def with_next_command(diagnosis: Diagnosis, arguments: Sequence[str], command: Any) -> Diagnosis:
    """Return a diagnosis whose next step is `command`; `arguments` are those that it had."""
    with facing(face_of(command)):
        return _with_next_command(diagnosis, arguments)


def _with_next_command(diagnosis: Diagnosis, arguments: Sequence[str]) -> Diagnosis:
    found = first_advice(diagnosis.actions, samples=False)
    if not diagnosis.next_step or found is None:
        return diagnosis
    changed = [*arguments]
    if found.kind == "ensemble":
        preset = _value_of(arguments, "--preset")
        if preset not in PRESETS or choices_of(preset, 1, False).refit_seeds == 1:
            return diagnosis  # no option averages networks that saw all samples
        if ENSEMBLE in arguments or (preset == "best" and NO_ENSEMBLE not in arguments):
            return replace(diagnosis, next_step="")  # it has been done
        changed = [*(one for one in arguments if one != NO_ENSEMBLE), ENSEMBLE]
    else:
        for name, value in (found.arguments or {}).items():
            if not offers(name):
                return diagnosis
            changed = _with_option(changed, *shlex.split(option(name, value)))
    # A checkpoint belongs to the settings that it was made with.
    command = shlex.join(["xl2", *(one for one in changed if one != "--resume")])
    return replace(diagnosis, next_step=command)


def _value_of(arguments: Sequence[str], name: str) -> str:
    """Return the last value of an option; "default" without one, as of `--preset`."""
    found = "default"
    for word, following in zip(arguments, [*arguments[1:], ""], strict=True):
        if word == name:
            found = following
        elif word.startswith(f"{name}="):
            found = word.partition("=")[2]
    return found


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
