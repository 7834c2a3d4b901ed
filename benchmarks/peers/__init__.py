"""The candidates: a module for each library, and xl2 itself.

A candidate is made from a problem and options. Called, it trains an epoch, and goes
on from where the last one ended; `weights` returns what it arrived at, members first.
Where the call that is timed draws an order of its own, `once` is the same epoch in the
order of the others, for their weights to be compared.

Nothing is imported before it is needed: a module's library may be absent.
"""

from __future__ import annotations

import importlib.util
from typing import NamedTuple


class Peer(NamedTuple):
    """A library beside which xl2 is measured.

    Attributes
    ----------
    modules : tuple of str
        What has to be importable.
    distributions : tuple of str
        Whose versions belong to the result.
    """

    modules: tuple[str, ...] = ()
    distributions: tuple[str, ...] = ()


OWN = "xl2"  # xl2 on NumPy, which chooses its threads by itself
PEERS = {
    OWN: Peer(distributions=("numpy", "scipy")),
    "floor": Peer(),
    "sklearn": Peer(("sklearn",), ("scikit-learn",)),
    "torch": Peer(("torch",), ("torch",)),
    "jax": Peer(("jax",), ("jax", "jaxlib")),
    "keras": Peer(("keras", "jax"), ("keras",)),
    "thinc": Peer(("thinc",), ("thinc",)),
}
ON_GPU = {"cupy": Peer(("cupy",))}  # no peer of `xl2 bench`, but of the table of a GPU


def absent(peer: str) -> list[str]:
    """Return the modules that a peer needs and that are not installed."""
    return [
        name for name in (PEERS | ON_GPU)[peer].modules if importlib.util.find_spec(name) is None
    ]
