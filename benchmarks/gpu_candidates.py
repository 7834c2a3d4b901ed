"""The candidates of a GPU, and what stands in for them on a CPU to try the measurement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from .candidates import PATH_EPOCHS, Candidate
from .limits import Row
from .problem import WIDE

LAMS = tuple(10.0 ** (k / 16 - 3) for k in range(64))

GRAPHS, KERNELS, EAGER = "xl2 on CuPy", "xl2, the same uncaptured", "xl2, portable text"
TORCH, COMPILED, GRAPHED = "torch eager", "torch.compile", "torch with CUDA graphs"
SCAN, XL2_TORCH, XL2_JAX = "JAX by hand, jit and scan", "xl2 on torch", "xl2 on JAX"
PATH, ONE = f"path of {len(LAMS)}", "one network"

ROWS = (
    Row(GRAPHS, TORCH, {64: 0.25}),
    Row(GRAPHS, COMPILED),
    Row(GRAPHS, GRAPHED, {64: 0.9}),
    Row(GRAPHS, SCAN, {64: 0.9}),
    Row(GRAPHS, KERNELS),
    Row(GRAPHS, EAGER),
)
OF_ALL_LAMBDAS = (Row(PATH, ONE, {64: 2.0}),)
WITH_GOALS = (GRAPHS, TORCH, GRAPHED, SCAN)


class Place(NamedTuple):
    """Where the candidates run, and how much they do.

    Attributes
    ----------
    backend : str
        xl2's, as CuPy.
    kernels : str
        The class of a device, as "module:name".
    peer : str
        The library that the backend needs, of `peers.PEERS`.
    device, platform : str
        PyTorch's name of the device, and JAX's.
    rows, rounds : int
        Samples of an epoch, and timings.
    wide : tuple of int
        Sizes of a wide network.
    size : int
        Of a large product.
    """

    backend: str
    kernels: str
    peer: str
    device: str
    platform: str
    rows: int
    rounds: int
    wide: tuple[int, ...]
    size: int

    @property
    def trial(self) -> bool:
        """Whether stand-ins run on a CPU."""
        return self.device == "cpu"


CUDA = Place("cupy", "xl2_cupy_device:Cuda", "cupy", "cuda", "gpu", 60000, 5, WIDE, 8192)
# The tests' twin of `Cuda` computes with NumPy.
STAND_INS = Place("numpy", "cupy_twin:Twin", "floor", "cpu", "cpu", 2600, 2, (784, 64, 64, 10), 512)

_TIER, _FIT = ".peers.on_cupy:Tier", ".peers.own:Fit"


def of_epoch(place: Place, names: Sequence[str] = ()) -> list[Candidate]:
    """Return the candidates that train an epoch, of some names or all."""
    device = {"device": place.device}

    def tier(name: str, tier: str) -> Candidate:
        options = {"tier": tier, "backend": place.backend, "kernels": place.kernels}
        return Candidate(name, place.peer, _TIER, options, "epoch")

    def on_cuda(name: str, peer: str, factory: str) -> Candidate:
        home = ".peers.on_cupy:OnlyOnCuda" if place.trial else factory
        return Candidate(name, peer, home, work="epoch")

    found = (
        tier(GRAPHS, "graphs"),
        tier(KERNELS, "kernels"),
        tier(EAGER, "eager"),
        Candidate(TORCH, "torch", ".peers.torch_by_hand:Eager", device, "epoch"),
        on_cuda(COMPILED, "torch", ".peers.torch_on_cuda:Compiled"),
        on_cuda(GRAPHED, "torch", ".peers.torch_on_cuda:Graphed"),
        Candidate(XL2_TORCH, "torch", _FIT, {"backend": "torch", **device}, "epoch"),
        Candidate(SCAN, "jax", ".peers.jax_by_hand:ByHand", {"platform": place.platform}, "epoch"),
        Candidate(XL2_JAX, "jax", _FIT, {"backend": "jax", **device}, "epoch"),
    )
    return [one for one in found if not names or one.name in names]


def of_path(place: Place) -> list[Candidate]:
    """Return a path of many lambdas, and the network that it is compared with."""
    options: dict[str, Any] = {"epochs": PATH_EPOCHS, "backend": place.backend, "lams": LAMS}
    (one,) = of_epoch(place, [GRAPHS])
    return [
        Candidate(PATH, place.peer, ".peers.own:OfPath", options, None, PATH_EPOCHS),
        Candidate(ONE, place.peer, one.factory, one.options),
    ]
