"""Callbacks that watch a whole run: they are told how it begins and ends."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..nn.penalties import penalties_of
from .assemble import Settings
from .fingerprint import settings_of
from .run import Run


@dataclass(frozen=True)
class Watched:
    """What a callback with a method `watch` is told before training."""

    parameters: dict[str, str]  # the network and how it is trained
    names: Callable[[], list[str]]  # of the members that are still trained; [""] without a stack
    done: Callable[[], int]  # epochs; more than 0 before training if the run is resumed


def watching(
    callbacks: Sequence[Any], run: Run, settings: Settings, epochs: int
) -> contextlib.AbstractContextManager[None]:
    """Return the contexts of the callbacks that have a method `watch`, as one.

    Call it before a checkpoint is restored, which may leave some members of the stack only.
    """
    watchers = [call for call in callbacks if hasattr(call, "watch")]
    if not watchers:
        return contextlib.nullcontext()
    parameters = {
        **settings_of(run, settings),
        "epochs": str(epochs),
        "samples": str(run.feed.rows or "a stream"),
        "backend": str(run.network.backend),
    }
    watched = Watched(parameters, _namer(run, settings), lambda: len(run.history))
    return _entered(watchers, watched)


@contextlib.contextmanager
def _entered(watchers: Sequence[Any], watched: Watched) -> Iterator[None]:
    with contextlib.ExitStack() as contexts:
        for call in watchers:
            contexts.enter_context(call.watch(watched))
        yield


def name_of(lam: Any) -> str:
    """Return the name of a member with a lambda, or with one for each layer."""
    several = lam if isinstance(lam, Sequence) else (lam,)
    return f"lambda {' '.join(f'{one:g}' for one in several)}".replace("+", "")


def _namer(run: Run, settings: Settings) -> Callable[[], list[str]]:
    """Return a function that names the members which are still trained.

    The name is the lambda; members with the same one are numbered, and so are groups.
    """
    stack = run.network.stack
    if not stack:
        return lambda: [""]
    lams = [name_of(one.lam) for one in penalties_of(settings.penalty, stack)]
    numbered = [f"{lam} member {m + 1}" for m, lam in enumerate(lams)]
    names = [each if lams.count(lam) > 1 else lam for lam, each in zip(lams, numbered, strict=True)]
    groups = [f" group {g + 1}" for g in range(stack[0])] if len(stack) > 1 else [""]
    return lambda: [names[m] + group for group in groups for m in run.members]
