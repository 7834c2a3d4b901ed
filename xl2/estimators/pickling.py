"""Pickle an estimator as NumPy arrays with the names of their library and device."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import Any

from ..array.backend import connect, reconnect
from ..array.switch import resolve
from ..errors import BackendError
from . import inputs

# The attributes that are arrays, or nested lists of arrays.
ARRAYS = ("coefs_", "intercepts_", "alphas_", "scores_", "mean_scores_", "standard_errors_")


class Portable:
    """An estimator whose pickle opens on a machine without its array library or device."""

    def __getstate__(self) -> dict[str, Any]:
        """Return the state with NumPy arrays only."""
        found: Any = super().__getstate__()
        state: dict[str, Any] = dict(found)
        if "coefs_" not in state:
            return state
        home = inputs.home_of(state["coefs_"][0])
        state["_pickled_with"] = _named_by_arguments(state)
        if home.name == "numpy":
            return state
        _replace_arrays(state, home.to_numpy)
        return state | {"_pickled_on": home}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Move the arrays back to their library and device, if these work here.

        Otherwise the arrays stay NumPy's. If the arguments `backend` and `device` name a
        library or device that does not work here, they become None. Both with a warning.
        """
        state = dict(state)
        home, named = state.pop("_pickled_on", None), state.pop("_pickled_with", None)
        lost = home is not None and home.name == "numpy"
        # The networks of a path have warned already.
        if named is not None and not _works(named, silent=lost or "path_" in state):
            state["backend"] = state["device"] = None
        if home is not None and not lost:
            _replace_arrays(state, home.from_numpy)
        super().__setstate__(state)  # type: ignore[misc]


def _named_by_arguments(state: dict[str, Any]) -> tuple[str, str | None] | None:
    """Return the library and device that the arguments name, if any."""
    backend, device = state["backend"], state["device"]
    if backend == "auto" or (backend, device) == (None, None):
        return None
    with contextlib.suppress(BackendError):
        found = resolve(backend, device, data=state["coefs_"][0])
        return found.name, found.device_name()
    return None


def _works(named: tuple[str, str | None], silent: bool) -> bool:
    """Return whether a library and device work here; warn if not, unless `silent`."""
    try:
        connect(*named)
    except BackendError:
        if not silent:
            reconnect(*named)
        return False
    return True


def _replace_arrays(state: dict[str, Any], function: Any) -> None:
    """Apply a function to the arrays of a state, including the optimizer's."""
    for name in state.keys() & set(ARRAYS):
        state[name] = _nested(state[name], function)
    optimizer = state.get("_optimizer")
    if optimizer is not None:
        states = _nested(optimizer.states, function)
        state["_optimizer"] = dataclasses.replace(optimizer, states=states)


def _nested(x: Any, function: Any) -> Any:
    """Apply a function to the arrays of nested lists."""
    if x is None:
        return None
    return [_nested(one, function) for one in x] if isinstance(x, list) else function(x)
