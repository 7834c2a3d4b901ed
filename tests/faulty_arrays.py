"""NumPy arrays that compute wrongly in one of the ways in which GPUs have."""

from __future__ import annotations

import numpy as np

PAGE = 16384


def root_of(x):
    """Return the array that owns the memory of a view."""
    while isinstance(x.base, np.ndarray):
        x = x.base
    return x


def transposed(x):
    return min(x.shape) > 1 and x.strides[-2] < x.strides[-1]


def begins_inside(x):
    address = [one.__array_interface__["data"][0] for one in (x, root_of(x))]
    return address[0] != address[1]


def with_zeros(a, b):
    out = np.matmul(a, b)
    out.reshape(-1)[PAGE // out.itemsize :] = 0
    return out


def never(a, b):
    return False


# When a product is wrong, and what it is instead.
PRODUCTS = {
    "sound": (never, np.matmul),
    "first transposed": (lambda a, b: transposed(a), lambda a, b: np.matmul(a, b) + 1),
    "second transposed": (lambda a, b: transposed(b), lambda a, b: -np.matmul(a, b)),
    "both transposed": (lambda a, b: transposed(a) and transposed(b), lambda a, b: 0 * (a @ b)),
    "batched": (lambda a, b: a.ndim > 2, lambda a, b: np.matmul(a[:1], b)),
    "batched and transposed": (
        lambda a, b: a.ndim > 2 and transposed(b),
        lambda a, b: np.matmul(a, b)[::-1],
    ),
    "inside another": (
        lambda a, b: begins_inside(a) or begins_inside(b),
        lambda a, b: np.matmul(a[..., ::-1, :], b),
    ),
    "square": (lambda a, b: a.shape == b.shape, lambda a, b: np.matmul(a, b.mT)),
    "past a page": (lambda a, b: a.shape[-1] == 1, with_zeros),
}


class Faulty(np.ndarray):
    """An array whose products, changes in place or sums have one of the faults."""

    fault = "sound"

    def __matmul__(self, other):
        a, b = np.asarray(self), np.asarray(other)
        wrong, instead = PRODUCTS.get(self.fault, PRODUCTS["sound"])
        return (instead if wrong(self, other) else np.matmul)(a, b).view(type(self))

    def __isub__(self, other):
        if self.fault == "in place" and not self.flags.c_contiguous:
            return self
        return super().__isub__(other)

    def sum(self, *arguments, **options):
        found = super().sum(*arguments, **options)
        return found + 1 if self.fault == "sum" and self.ndim > 2 else found


FAULTS = [*list(PRODUCTS)[1:], "in place", "sum", "copy"]


def to_host(fault):
    def copy(x):
        if fault == "copy" and x.ndim > 1:
            return root_of(x).reshape(x.shape)
        return np.asarray(x)

    return copy
