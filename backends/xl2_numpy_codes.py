"""The numbers of the functions that are compiled, as functions.h has them."""

from __future__ import annotations

from typing import Any

# In the order of the enums in functions.h.
ACTIVATIONS = ("identity", "sigmoid", "tanh", "relu")
LOSSES = (
    "binary_cross_entropy_delta",
    "categorical_cross_entropy_delta",
    "poisson_delta",
    "squared_error_delta",
    *(f"squared_error_after_{name}_delta" for name in ACTIVATIONS[1:]),
)
# With the names of their constants; and the number of states that a parameter has.
OPTIMIZERS: dict[str, tuple[str, ...]] = {
    "sgd_update": (),
    "momentum_update": ("momentum",),
    "nesterov_update": ("momentum",),
    "adam_update": ("beta_1", "beta_2", "epsilon"),
}
STATES = {"sgd_update": 0, "momentum_update": 1, "nesterov_update": 1, "adam_update": 2}
OWN = {
    *("xl2.array.activations", "xl2.array.operations", "xl2.nn.losses", "xl2.nn.optimizers"),
    "xl2_numpy",
}


def codes_of(step: Any) -> tuple[list[int], int, int] | None:
    """Return the numbers of a step's functions, or None if one is not among those compiled."""
    functions = [f for pair in step.hidden for f in pair]
    functions += [*step.operations, step.loss.delta, step.update]
    if not is_own(*functions):
        return None
    try:
        hidden = [ACTIVATIONS.index(pair.function.__name__) for pair in step.hidden]
        loss = LOSSES.index(step.loss.delta.__name__)
        return hidden, loss, list(OPTIMIZERS).index(step.update.__name__)
    except ValueError:
        return None


def is_own(*functions: Any) -> bool:
    """Tell whether functions are those of xl2, and not a user's with the same names."""
    return all(getattr(function, "__module__", None) in OWN for function in functions)
