"""Long sums of products are taken in parts on Apple's GPUs; here on the CPU, which needs none."""

from __future__ import annotations

import numpy as np
import pytest

import xl2_torch
from xl2.array.activations import ACTIVATIONS
from xl2.array.operations import Operations

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
pytestmark = pytest.mark.installed

PART = 4
TERMS = [1, PART, PART + 1, 3 * PART]


@pytest.fixture
def products(monkeypatch):
    """Take sums in parts, and record how many terms each product has."""
    seen, addmm, baddbmm = [], torch.addmm, torch.baddbmm

    class Watched(torch.Tensor):
        def __matmul__(self, other):
            seen.append(self.shape[-1])
            return super().__matmul__(other)

    def counted(function):
        def call(bias, x, weight):
            seen.append(x.shape[-1])
            return function(bias, x, weight)

        return call

    monkeypatch.setattr(torch, "addmm", counted(addmm))
    monkeypatch.setattr(torch, "baddbmm", counted(baddbmm))
    monkeypatch.setattr(xl2_torch, "_LONGEST", PART)
    monkeypatch.setattr(xl2_torch, "_SHORT_SUMS", ("cpu",))
    seen.append(Watched)
    return seen


def drawn(kind, *shapes):
    rng = np.random.default_rng(0)
    arrays = [rng.integers(-4, 5, size=shape).astype(np.float32) for shape in shapes]
    return arrays, [torch.from_numpy(x.copy()).as_subclass(kind) for x in arrays]


@pytest.mark.parametrize("terms", TERMS)
@pytest.mark.parametrize("lead", [(), (2,), (2, 3)])
@pytest.mark.parametrize(
    "name", ["affine", "affine_shared", "gradient", "gradient_shared", "backpropagate"]
)
def test_sums_in_parts_are_the_same(products, name, lead, terms):
    kind = products.pop()
    n, i, o = {"gradient": (terms, 2, 3), "gradient_shared": (terms, 2, 3)}.get(name, (5, terms, 3))
    rest = ()
    if name == "affine":
        arrays, moved = drawn(kind, (*lead, n, i), (*lead, i, o), (*lead, o))
        right = arrays[0] @ arrays[1] + arrays[2][..., None, :]
    elif name == "affine_shared":
        arrays, moved = drawn(kind, (*lead, n, i), (*lead, i, 2, o), (*lead, 2, o))
        right = np.einsum("...ni,...iko->...kno", *arrays[:2]) + arrays[2][..., None, :]
    elif name == "gradient":
        arrays, moved = drawn(kind, (*lead, n, i), (*lead, n, o))
        right = arrays[0].mT @ arrays[1]
    elif name == "gradient_shared":
        arrays, moved = drawn(kind, (*lead, n, i), (*lead, 2, n, o))
        right = np.einsum("...ni,...kno->...iko", *arrays)
    else:
        arrays, moved = drawn(kind, (*lead, n, terms), (*lead, 3, terms), (*lead, n, 3))
        rest = (ACTIVATIONS["relu"],)
        right = arrays[0] @ arrays[1].mT * (arrays[2] > 0)
    before = [x.clone() for x in moved]
    found = getattr(Operations.of(xl2_torch), name)(*moved, *rest)
    np.testing.assert_array_equal(np.asarray(found), right)
    for x, same in zip(moved, before, strict=True):
        assert torch.equal(x, same)
    assert max(products) <= PART
    assert sum(products) == terms


def test_sums_are_taken_at_once_elsewhere():
    assert xl2_torch._parts(torch.zeros(1), 10**6) == []
    assert xl2_torch._SHORT_SUMS == ("mps",)
    assert xl2_torch._LONGEST < 32767
