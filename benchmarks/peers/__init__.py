"""The candidates: a module for each library, and one for xl2.

A candidate is made from a problem and options. A call trains an epoch and continues from
the last one; `weights` returns its weights, members first. If the timed call draws its own
order, or trains more epochs, `once` is an epoch in the common order, for the comparison of
weights. A candidate that takes long has a shorter `warm` for what it does the first time only.

Libraries are imported when they are needed: a module's library may not be installed.
"""

from __future__ import annotations

import importlib.util
from typing import NamedTuple


class Peer(NamedTuple):
    """A library that xl2 is compared with: the modules it needs, and what has a version."""

    modules: tuple[str, ...] = ()
    distributions: tuple[str, ...] = ()


OWN = "xl2"  # xl2 on NumPy, which chooses its number of threads
PEERS = {
    OWN: Peer(distributions=("numpy", "scipy")),
    "floor": Peer(),
    "sklearn": Peer(("sklearn",), ("scikit-learn",)),
    "torch": Peer(("torch",), ("torch",)),
    "jax": Peer(("jax",), ("jax", "jaxlib")),
    "keras": Peer(("keras", "jax"), ("keras",)),
    "thinc": Peer(("thinc",), ("thinc",)),
}
ON_GPU = {"cupy": Peer(("cupy",))}  # only in the table of a GPU


def absent(peer: str) -> list[str]:
    """Return the modules of a peer that are not installed."""
    return [
        name for name in (PEERS | ON_GPU)[peer].modules if importlib.util.find_spec(name) is None
    ]
