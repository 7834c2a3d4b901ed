"""The arguments of `regularization_path`, checked and converted."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

from ..array.activations import ACTIVATIONS, OUTPUTS
from ..array.numbers import unmasked
from ..array.sparse import is_sparse
from ..array.switch import to_numpy
from ..errors import InputError, on_command_line, option, unknown, warn_caller
from ..nn.initializers import INITIALIZERS, default_initializer
from ..nn.label_arrays import names_of_columns, read_labels
from ..nn.targets import Targets, read_targets
from ..nn.tasks import task_of

# How lambda may be chosen, and the attribute of a path that has it.
RULES = {"best": "best_lambda_", "top": "top_lambda_", "1se": "lambda_1se_"}


def check_lambdas(lambdas: int | Sequence[float]) -> Any:
    """Return the lambdas in ascending order, (L,) in float64, or the length of the default grid.

    That each is finite, and 0 or more, is checked by `L2`.
    """
    import numpy as np

    if isinstance(lambdas, Integral) and not isinstance(lambdas, bool):
        if lambdas < 1:
            raise InputError(
                f"{option('lambdas')} must be {_list_or_length()}. Received: {lambdas!r}."
            )
        return int(lambdas)
    try:
        given = np.asarray(lambdas)
        # Asked for floats, NumPy would read text and drop imaginary parts.
        values = given.astype(np.float64) if given.dtype.kind in "iufO" else np.empty((0, 0))
    except (TypeError, ValueError, OverflowError):
        values = np.empty((0, 0))
    if values.ndim != 1:
        raise InputError(f"{option('lambdas')} must be {_list_or_length()}. Received: {lambdas!r}.")
    if not len(values):
        raise InputError(f"{option('lambdas')} is empty. Pass at least one; 0 is no penalty.")
    found, counts = np.unique(values, return_counts=True)
    if (counts > 1).any():
        twice = ", ".join(f"{value:g}" for value in found[counts > 1])
        raise InputError(f"The lambdas must be distinct. Received more than once: {twice}.")
    return found + 0.0  # so that -0.0 is printed as 0


def _list_or_length() -> str:
    length = "grid:N with N of 1 or more" if on_command_line() else "the length of the default grid"
    return f"{length}, or a list of numbers"


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
            f"{option('seed')} must be a whole number, 0 or more, or a list of distinct ones. "
            f"Received: {seed!r}."
        )
    return found


def check_hidden(hidden: Sequence[int]) -> tuple[int, ...]:
    """Return the units of the hidden layers as a tuple."""
    try:
        found = tuple(hidden)
        good = all(isinstance(units, Integral) and units >= 1 for units in found)
    except TypeError:
        good = False
    if not good:
        raise InputError(
            f"{option('hidden')} must be the units of each hidden layer, whole numbers of 1 or "
            f"more, such as {option('hidden', (50, 25))}, or for none {option('hidden', ())}. "
            f"Received: {hidden!r}."
        )
    return found


def targets_of_path(y: Any, task: str, output: str | None) -> Targets:
    """Return the targets of a path; warn of what they may be taken for wrongly.

    An output layer that is given says what several columns are.
    """
    labels = read_labels(y, "y")
    if task == "auto" and labels.ndim == 2 and output and task_of(output, 1) == "regression":
        task = "regression"
    targets = read_targets(labels, task, names_of_columns(y))
    if targets.note and output is None:
        warn_caller(targets.note)
    return targets


def check_validation(validation: Any, cv: Any, groups: Any) -> None:
    """Refuse samples for validation beside what divides the others into folds."""
    if validation is not None and cv is not None:
        raise InputError(f"Pass either {option('validation')} or {option('cv')}, not both.")
    if validation is not None and groups is not None:
        raise InputError("groups divide the samples into folds: leave them out with validation.")


def check_output(output: str, outputs: int, targets: Targets, task: str) -> None:
    """Refuse an output layer that cannot learn such targets."""
    if output not in (*ACTIVATIONS, *OUTPUTS):
        return  # the error of `Network` lists the available ones
    values = task_of(output, outputs) == "regression"
    if values and not targets.regression:
        raise InputError(
            f"Class labels need {option('output', 'sigmoid')} or 'softmax'. Received: "
            f"{option('output', output)}. Leave it out, or pass {option('task', 'regression')} to "
            f"predict numbers."
        )
    if task == "regression" and not values:
        raise InputError(
            f"The output {output!r} is for classes, but {option('task', 'regression')} is for "
            f"values. Leave one of the two out."
        )


def check_calibrate(calibrate: Any, task: str) -> None:
    """Refuse to calibrate what has no probabilities."""
    if not isinstance(calibrate, bool):
        raise InputError(f"{option('calibrate')} must be True or False. Received: {calibrate!r}.")
    if calibrate and task == "regression":
        raise InputError(
            f"{option('calibrate', True)} makes probabilities agree with how often the answers are "
            f"right, but a regression has none. Leave it out."
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
    """Refuse a `refit` that is neither True, False, the name of a rule nor lambdas of the path."""
    if isinstance(refit, bool) or (isinstance(refit, str) and refit in RULES):
        return
    known = lambdas.tolist()
    if not isinstance(refit, Sequence | type(lambdas)) or not set(refit) <= set(known):
        raise InputError(
            f"{option('refit')} must be True, False, 'best', 'top', '1se', or a list of lambdas of "
            f"the path ({', '.join(f'{lam:g}' for lam in known)}). Received: "
            f"{option('refit', refit)}."
        )


def on_host(x: Any, what: str) -> Any:
    """Return an array of any library, or lists, as a NumPy array."""
    if is_sparse(x):
        raise InputError(
            f"{what} is a sparse matrix, and a path needs dense samples. Pass {what}.toarray(), "
            f"or train one lambda at a time with xl2.fit, which makes a few rows dense at a time."
        )
    try:
        return to_numpy(unmasked(x, what))
    except InputError:
        raise
    except ValueError as error:
        raise InputError(f"{what} must be an array: {str(error).rstrip('.')}.") from None
