"""How an estimator is pickled: as NumPy arrays, and the name of where they were."""

from __future__ import annotations

from typing import Any

from . import data

# The attributes that are arrays, or nested lists of them.
ARRAYS = ("coefs_", "intercepts_")


class Portable:
    """An estimator whose pickle opens on a machine without its array library or device."""

    def __getstate__(self) -> dict[str, Any]:
        """Return the state with every array as NumPy's."""
        state = dict(super().__getstate__())  # type: ignore[misc] # scikit-learn's
        if "coefs_" not in state:
            return state
        home = data.home_of(state["coefs_"][0])
        if home.name == "numpy":
            return state
        for name in ARRAYS:
            state[name] = _nested(state[name], home.to_numpy)
        optimizer = state.get("_optimizer")
        if optimizer is not None:
            state["_optimizer"] = optimizer.having(_nested(optimizer.states, home.to_numpy))
        return state | {"_pickled_on": home}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Put the arrays back to where they were, or with a warning on NumPy."""
        state = dict(state)
        home = state.pop("_pickled_on", None)
        if home is not None and home.name != "numpy":

            def there(x: Any) -> Any:
                return home.library.from_host(home.xp, x, home.device)

            for name in ARRAYS:
                state[name] = _nested(state[name], there)
            optimizer = state.get("_optimizer")
            if optimizer is not None:
                state["_optimizer"] = optimizer.having(_nested(optimizer.states, there))
        super().__setstate__(state)  # type: ignore[misc]


def _nested(x: Any, function: Any) -> Any:
    """Apply a function to the arrays of nested lists."""
    if x is None:
        return None
    return [_nested(one, function) for one in x] if isinstance(x, list) else function(x)
