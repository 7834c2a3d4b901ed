"""How an estimator is pickled: as NumPy arrays, and the name of where they were."""

from __future__ import annotations

import contextlib
from typing import Any

from ..array.backend import connect, reconnect
from ..array.switch import resolve
from ..errors import BackendError
from . import inputs

# The attributes that are arrays, or nested lists of them; the last are those of a path.
ARRAYS = ("coefs_", "intercepts_", "alphas_", "scores_", "mean_scores_", "standard_errors_")


class Portable:
    """An estimator whose pickle opens on a machine without its array library or device."""

    def __getstate__(self) -> dict[str, Any]:
        """Return the state with every array as NumPy's."""
        found: Any = super().__getstate__()
        state: dict[str, Any] = dict(found)
        if "coefs_" not in state:
            return state
        home = inputs.home_of(state["coefs_"][0])
        state["_pickled_with"] = _named(state)
        if home.name == "numpy":
            return state
        _replace_arrays(state, home.to_numpy)
        return state | {"_pickled_on": home}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Put the arrays back to where they were, or with a warning on NumPy.

        Where the arguments `backend` and `device` name what cannot be had here, they
        become None, with a warning too.
        """
        state = dict(state)
        home, named = state.pop("_pickled_on", None), state.pop("_pickled_with", None)
        lost = home is not None and home.name == "numpy"
        # A path has networks that computed there, and has warned already.
        if named is not None and not _can_be_had(named, silent=lost or "path_" in state):
            state["backend"] = state["device"] = None
        if home is not None and not lost:
            _replace_arrays(state, lambda x: home.library.from_host(home.xp, x, home.device))
        super().__setstate__(state)  # type: ignore[misc]


def _named(state: dict[str, Any]) -> tuple[str, str | None] | None:
    """Return the names of the library and the device that the arguments ask for, if any."""
    backend, device = state["backend"], state["device"]
    if backend == "auto" or (backend, device) == (None, None):
        return None
    with contextlib.suppress(BackendError):
        found = resolve(backend, device, data=state["coefs_"][0])
        return found.name, found.device_name()
    return None


def _can_be_had(named: tuple[str, str | None], silent: bool) -> bool:
    """Tell whether a library and a device work here; warn if not, once for an estimator."""
    try:
        connect(*named)
    except BackendError:
        if not silent:
            reconnect(*named)
        return False
    return True


def _replace_arrays(state: dict[str, Any], function: Any) -> None:
    """Replace the arrays of a state, the optimizer's among them, by what a function returns."""
    for name in state.keys() & set(ARRAYS):
        state[name] = _nested(state[name], function)
    optimizer = state.get("_optimizer")
    if optimizer is not None:
        state["_optimizer"] = optimizer.having(_nested(optimizer.states, function))


def _nested(x: Any, function: Any) -> Any:
    """Apply a function to the arrays of nested lists."""
    if x is None:
        return None
    return [_nested(one, function) for one in x] if isinstance(x, list) else function(x)
