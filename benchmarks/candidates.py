"""The candidates that are timed: for an epoch, a path, and outputs without training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .peers import OWN
from .problem import LAMBDAS


@dataclass(frozen=True, eq=False)  # compared by identity
class Candidate:
    """Something to be timed.

    Attributes
    ----------
    name : str
    peer : str
        The library, one of `peers.PEERS`.
    factory : str
        Its class, as "module:name".
    options : mapping
        Arguments of the class, besides the problem.
    work : str or None
        Candidates with the same work must reach the same weights.
    epochs : int
        Epochs in a call, by which its seconds are divided.
    threads : {"tried", "one", "all"}
        "tried" continues with the faster of one thread and one per core. xl2 on NumPy always has
        all and chooses for itself.
    """

    name: str
    peer: str
    factory: str
    options: Mapping[str, Any] = field(default_factory=dict)
    work: str | None = None
    epochs: int = 1
    threads: Literal["tried", "one", "all"] = "tried"


XL2 = "xl2 on NumPy"
NO_LAMBDA, IN_ORDER = "xl2, lambda 0", "xl2, not shuffled"
FLOOR = "floor: products alone"
JAX, XL2_JAX = "JAX by hand, jit and scan", "xl2 on JAX"
TORCH, XL2_TORCH = "torch eager", "xl2 on torch"
SKLEARN, KERAS, THINC = "scikit-learn", "Keras on JAX", "Thinc"
MLP, XL2_MLP = "sklearn's MLPClassifier", "xl2.MLPClassifier"

_FIT, _MLP = ".peers.own:Fit", ".peers.sklearn_mlp:Estimator"
EPOCH = (
    Candidate(XL2, OWN, _FIT, work="epoch"),
    Candidate(NO_LAMBDA, OWN, _FIT, {"lam": 0.0}),
    Candidate(IN_ORDER, OWN, _FIT, {"shuffle": False}),
    Candidate(FLOOR, "floor", ".peers.floor:Products"),
    Candidate(JAX, "jax", ".peers.jax_by_hand:ByHand", work="epoch"),
    Candidate(XL2_JAX, "jax", _FIT, {"backend": "jax"}, "epoch"),
    Candidate(TORCH, "torch", ".peers.torch_by_hand:Eager", work="epoch"),
    Candidate(XL2_TORCH, "torch", _FIT, {"backend": "torch"}, "epoch"),
    Candidate(SKLEARN, "sklearn", ".peers.sklearn_mlp:Mlp", work="epoch"),
    Candidate(KERAS, "keras", ".peers.keras_fit:KerasFit", work="epoch"),
    Candidate(THINC, "thinc", ".peers.thinc_loop:Loop", work="epoch"),
    Candidate(XL2_MLP, OWN, _MLP, {"library": "xl2"}, "estimator"),
    Candidate(MLP, "sklearn", _MLP, {"library": "sklearn"}, "estimator"),
)

ROWS, COLUMNS = "xl2, rows", "xl2, columns"
MLP_ROWS, MLP_COLUMNS = "MLPClassifier, rows", "MLPClassifier, columns"
TABLE, SKLEARN_TABLE = "table, xl2", "table, scikit-learn"
TABLE_EPOCHS = 3

_TABLE = ".peers.sklearn_mlp:FromTable"
IN_ORDERS = (
    Candidate(ROWS, OWN, _FIT, work="epoch"),
    Candidate(COLUMNS, OWN, _FIT, {"order": "F"}, "epoch"),
    Candidate(MLP_ROWS, OWN, _MLP, {"library": "xl2"}, "estimator"),
    Candidate(MLP_COLUMNS, OWN, _MLP, {"library": "xl2", "order": "F"}, "estimator"),
    Candidate(TABLE, OWN, _TABLE, {"library": "xl2", "epochs": TABLE_EPOCHS}, None, TABLE_EPOCHS),
    Candidate(
        SKLEARN_TABLE,
        "sklearn",
        _TABLE,
        {"library": "sklearn", "epochs": TABLE_EPOCHS},
        None,
        TABLE_EPOCHS,
    ),
)

_K = len(LAMBDAS)
PATH, STACK, ONE = f"path of {_K}", f"stack of {_K}", "one network"
PATH_FLOOR = f"floor: products of {_K}"
VMAP, JAX_WIDE = "JAX by hand, vmap and scan", "JAX by hand, members wide"
BMM, BMM_AUTOGRAD = "torch bmm by hand", "torch bmm, autograd"
# A call of a path scores its networks on all samples once, whatever its epochs.
PATH_EPOCHS = 5

_BY_HAND, _BATCHED = ".peers.jax_by_hand:ByHand", ".peers.torch_by_hand:Batched"
OF_PATH = (
    Candidate(PATH, OWN, ".peers.own:OfPath", {"epochs": PATH_EPOCHS}, "path", PATH_EPOCHS),
    Candidate(STACK, OWN, _FIT, {"lam": LAMBDAS}, "path"),
    Candidate(ONE, OWN, _FIT),
    Candidate(PATH_FLOOR, "floor", ".peers.floor:Products", {"members": _K}),
    Candidate(VMAP, "jax", _BY_HAND, {"lam": LAMBDAS}, "path"),
    Candidate(JAX_WIDE, "jax", _BY_HAND, {"lam": LAMBDAS, "axis": 1}, "path"),
    Candidate(BMM, "torch", _BATCHED, work="path"),
    Candidate(BMM_AUTOGRAD, "torch", _BATCHED, {"autograd": True}, "path"),
)

FORWARD, FORWARD_FLOOR = "Network.forward", "its products alone"
OF_FORWARD = (
    Candidate(FORWARD, OWN, ".peers.own:Forward"),
    Candidate(FORWARD_FLOOR, "floor", ".peers.floor:ForwardProducts"),
)

DECISION, NO_REFIT, DECISION_JAX = "path of 8 x 5", "its folds alone", "path of 8 x 5 on JAX"
GRID_SEARCH = "sklearn's GridSearchCV"
_FOLDS, _JAX_FOLDS = ".peers.own:OfFolds", ".peers.jax_folds:OfFolds"
ON_DIGITS = (
    Candidate(DECISION, OWN, _FOLDS, {"epochs": 100}, "decision"),
    Candidate(DECISION_JAX, "jax", _FOLDS, {"epochs": 100, "backend": "jax"}, "decision", 1, "all"),
    # joblib gives each process a thread, unless the environment says otherwise.
    Candidate(GRID_SEARCH, "sklearn", ".peers.sklearn_mlp:Search", {"epochs": 100}, threads="one"),
)
ON_IMAGES = (
    Candidate(DECISION, OWN, _FOLDS, {"epochs": 10}, "decision"),
    Candidate(NO_REFIT, OWN, _FOLDS, {"epochs": 10, "refit": False}),
    Candidate(VMAP, "jax", _JAX_FOLDS, {"epochs": 10}, "decision", 1, "all"),
    Candidate(JAX_WIDE, "jax", _JAX_FOLDS, {"epochs": 10, "axis": 1}, "decision", 1, "all"),
)
# The same work on one core and on all.
ON_CORES = (
    Candidate(PATH, OWN, ".peers.own:OfPath", {"epochs": PATH_EPOCHS}),
    Candidate(DECISION, OWN, _FOLDS, {"epochs": 20}),
    Candidate(PATH_FLOOR, "floor", ".peers.floor:Products", {"members": _K}),
)
