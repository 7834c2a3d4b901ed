"""What `xl2.tune` searches: values of arguments of `regularization_path`, as Optuna wants them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import Any

from ..array.activations import ACTIVATIONS
from ..errors import InputError, listed, unknown
from ..nn.initializers import find_initializer
from ..training.assemble import Settings, check_positive
from ..training.fingerprint import described
from .arguments import check_hidden, check_initializer, check_lambdas
from .presets import choices_of

DEFAULT: dict[str, Any] = {
    "hidden": [(20,), (50,), (100,), (200,), (50, 25), (100, 50), (200, 100), (100, 50, 25)],
    "learning_rate": (1e-3, 5e-2),
    "activation": ["relu", "tanh"],
    "dropout": (0.0, 0.3),
}
WHOLE = ("batch_size", "epochs", "patience")
REAL = ("learning_rate", "dropout", "label_smoothing")
CHOSEN = (
    *("hidden", "activation", "initializer", "optimizer", "loss", "preprocessing", "standardize"),
    *("per", "shuffle", "even_batches", "lambdas", "preset", "schedule", "bias_initializer"),
)
SEARCHED = (*CHOSEN, *REAL, *WHOLE)
OF_TRAINING = ("batch_size", "learning_rate", "optimizer", "dropout", "schedule", "label_smoothing")


class SearchSpace:
    """Optuna's distribution for each searched argument, and what its choices stand for."""

    def __init__(self, space: Mapping[str, Any] | None, fixed: Mapping[str, Any]):
        if space is None:
            space = {name: given for name, given in DEFAULT.items() if name not in fixed}
        _check_names(space, fixed)
        # Optuna stores text and numbers only: a tuple of units is stored as its repr.
        self._choices: dict[str, dict[Any, Any]] = {}
        self.distributions = {name: self._read(name, given) for name, given in space.items()}

    def arguments(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return arguments of `regularization_path` for the parameters of a trial."""
        return {
            name: self._choices[name][params[name]] if name in self._choices else params[name]
            for name in self.distributions
            if name in params
        }

    def __str__(self) -> str:
        return ", ".join(f"{name} {one!r}" for name, one in self.distributions.items())

    def _read(self, name: str, given: Any) -> Any:
        from optuna import distributions

        if isinstance(given, list):
            self._choices[name] = _choices(name, given)
            return distributions.CategoricalDistribution(list(self._choices[name]))
        if isinstance(given, tuple):
            return _range(name, given)
        if isinstance(given, distributions.CategoricalDistribution):
            _choices(name, given.choices)
            return given
        if isinstance(given, distributions.IntDistribution | distributions.FloatDistribution):
            whole = isinstance(given, distributions.IntDistribution)
            if name not in WHOLE + REAL or (name in WHOLE and not whole):
                raise InputError(
                    f"The space of {name} cannot be {given!r}. Pass "
                    f"{'an IntDistribution' if name in WHOLE else 'a list of values'}."
                )
            _check_value(name, given.low)
            _check_value(name, given.high)
            return given
        raise InputError(
            f"The space of {name} must be a list of values, a pair (low, high) or a distribution "
            f"of optuna. Received: {given!r:.200}."
        )


def _check_names(space: Mapping[str, Any], fixed: Mapping[str, Any]) -> None:
    """Refuse names that are unknown, or fixed already, and an empty space."""
    if not isinstance(space, Mapping):
        raise InputError(
            f"space must be a mapping such as {{'activation': ['relu', 'tanh']}}. "
            f"Received: {space!r:.200}."
        )
    for name in space:
        if name not in SEARCHED:
            raise InputError(
                f"{name!r} cannot be searched. The arguments that can are {', '.join(SEARCHED)}."
            )
    if both := [name for name in space if name in fixed]:
        raise InputError(f"{listed(both)} is both in the space and fixed. Leave one of them out.")
    if not space:
        raise InputError("The space is empty. Name at least one argument to search.")


def _choices(name: str, given: Sequence[Any]) -> dict[Any, Any]:
    """Return the values of a list by what Optuna stores for them."""
    if not len(given):
        raise InputError(f"The space of {name} is an empty list. Pass at least one value.")
    found: dict[Any, Any] = {}
    for value in given:
        _check_value(name, value)
        plain = value is None or isinstance(value, str | int | float)
        text = repr(value)
        # The address of an object differs from one process to the next.
        label = value if plain else described(value) if " at 0x" in text else text
        if label in found:  # also True and 1
            raise InputError(f"The space of {name} has {label!r} twice.")
        found[label] = value
    return found


def _range(name: str, given: tuple[Any, ...]) -> Any:
    """Return the distribution of a pair: on a logarithmic scale for the learning rate."""
    from optuna.distributions import FloatDistribution, IntDistribution

    if name in CHOSEN:
        raise InputError(
            f"The space of {name} cannot be a range. Pass a list of its values, such as "
            f"[{DEFAULT.get(name, [given])[0]!r}]. Received: {given!r}."
        )
    kind, kinds = (Integral, "whole numbers") if name in WHOLE else (Real, "numbers")
    right = len(given) == 2 and all(isinstance(n, kind) and not isinstance(n, bool) for n in given)
    if not right or not given[0] < given[1]:
        raise InputError(
            f"The range of {name} must be two {kinds}, (low, high), the first one the smaller. "
            f"Received: {given!r}."
        )
    for bound in given:
        _check_value(name, bound)
    if name in WHOLE:
        return IntDistribution(int(given[0]), int(given[1]))
    return FloatDistribution(float(given[0]), float(given[1]), log=name == "learning_rate")


def _check_value(name: str, value: Any) -> None:
    """Refuse a value now that the path would refuse in the middle of the search."""
    if name == "hidden":
        check_hidden(value)
    elif name == "activation":
        if value not in ACTIVATIONS:
            raise InputError(unknown("activation", value, ACTIVATIONS))
    elif name == "lambdas":
        check_lambdas(value)
    elif name == "initializer":
        check_initializer(value, "relu")
    elif name == "preset":
        choices_of(value, 1, False)
    elif name == "bias_initializer":
        find_initializer(value, name)
    elif name in OF_TRAINING:
        Settings(**{name: value})
    elif name == "epochs" or (name == "patience" and value is not None):
        check_positive(**{name: value})
