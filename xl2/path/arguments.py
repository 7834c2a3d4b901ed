"""The arguments of `regularization_path`, checked."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

from ..array.activations import ACTIVATIONS, OUTPUTS
from ..errors import InputError, unknown
from ..nn.initializers import INITIALIZERS, default_initializer
from ..nn.targets import Targets
from ..nn.tasks import task_of


def check_seeds(seed: int | Sequence[int]) -> list[int]:
    """Return the seeds as a list."""
    given = [seed] if isinstance(seed, Integral) and not isinstance(seed, bool) else seed
    try:
        found = [int(one) for one in given]  # type: ignore[union-attr]
        whole = found == list(given) and min(found, default=-1) >= 0  # type: ignore[arg-type]
    except (TypeError, ValueError):
        whole = False
    if not whole or len(set(found)) < len(found):
        raise InputError(
            f"seed is a whole number, 0 or more, or a list of different ones. Received: {seed!r}."
        )
    return found


def check_hidden(hidden: Sequence[int]) -> tuple[int, ...]:
    """Return the units of the hidden layers as a tuple."""
    try:
        return tuple(hidden)
    except TypeError:
        raise InputError(
            f"hidden is the units of the hidden layers, as in (50, 25), or () for none. "
            f"Received: {hidden!r}."
        ) from None


def check_output(output: str, outputs: int, targets: Targets, task: str) -> None:
    """Refuse an output layer that cannot learn such targets."""
    if output not in (*ACTIVATIONS, *OUTPUTS):
        return  # the error of `Network` lists the available ones
    values = task_of(output, outputs) == "regression"
    if values and not targets.regression:
        raise InputError(
            f"Labels need the output 'sigmoid' or 'softmax'. Received: output={output!r}. Leave "
            f"it out, or to predict numbers pass task='regression'."
        )
    if task == "regression" and not values:
        raise InputError(
            f"The output {output!r} is for classes, and task='regression' is for values. Leave "
            f"one of the two out."
        )


def check_initializer(given: Any, activation: str) -> Any:
    """Return one initializer, or one for each layer as a tuple."""
    if given is None:
        return default_initializer(activation)
    if isinstance(given, str) or callable(given):
        return given
    try:
        return tuple(given)
    except TypeError:
        raise InputError(unknown("initializer", given, INITIALIZERS)) from None


def check_refit(refit: Any, lambdas: Any) -> None:
    """Refuse a `refit` that is neither True, False, "best", "1se" nor lambdas of the path."""
    if isinstance(refit, bool) or refit in ("best", "1se"):
        return
    known = lambdas.tolist()
    if not isinstance(refit, Sequence | type(lambdas)) or not set(refit) <= set(known):
        raise InputError(
            f"refit is True, False, 'best', '1se', or a list of lambdas of the path, which are "
            f"{', '.join(f'{lam:g}' for lam in known)}. Received: refit={refit!r}."
        )
