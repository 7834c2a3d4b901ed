"""The ratios that are reported, and their limits."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from . import candidates as c


class Row(NamedTuple):
    """A ratio of two candidates, with its limit for some sizes of the mini-batches."""

    over: str
    under: str
    limits: Mapping[int, float] = MappingProxyType({})

    def __str__(self) -> str:
        return f"{self.over} / {self.under}"


EPOCH = (
    Row(c.XL2, c.FLOOR, {64: 1.3, 256: 1.2}),
    Row(c.XL2, c.JAX, {64: 0.75, 256: 0.7}),
    Row(c.XL2, c.SKLEARN, {64: 0.35, 256: 0.4}),
    Row(c.XL2, c.TORCH, {64: 0.3, 256: 0.5}),
    Row(c.XL2, c.KERAS, {64: 0.6, 256: 0.6}),
    Row(c.XL2, c.THINC),
    Row(c.XL2, c.NO_LAMBDA, {64: 1.02, 256: 1.02}),
    Row(c.XL2, c.IN_ORDER, {64: 1.15, 256: 1.15}),
    Row(c.XL2_JAX, c.JAX, {64: 1.1, 256: 1.1}),
    Row(c.XL2_TORCH, c.TORCH, {64: 1.0, 256: 1.0}),
    Row(c.XL2_MLP, c.MLP),
)
WIDE = tuple(Row(row.over, row.under) for row in EPOCH)  # without a limit
ORDER = (
    Row(c.COLUMNS, c.ROWS, {64: 1.1, 256: 1.1}),
    Row(c.MLP_COLUMNS, c.MLP_ROWS, {64: 1.1, 256: 1.1}),
    Row(c.TABLE, c.SKLEARN_TABLE, {64: 0.8, 256: 0.8}),
)
PATH = (
    Row(c.PATH, c.VMAP, {64: 0.6, 256: 0.65}),
    Row(c.PATH, c.BMM, {64: 0.6, 256: 0.65}),
    Row(c.PATH, c.BMM_AUTOGRAD),
    Row(c.PATH, c.ONE, {64: 5.5}),
    Row(c.STACK, c.ONE, {64: 5.5}),
    Row(c.PATH, c.JAX_WIDE),
    Row(c.PATH, c.PATH_FLOOR),
)
ON_DIGITS = (
    Row(c.DECISION, c.GRID_SEARCH, {64: 0.08}),
    Row(c.DECISION_JAX, c.DECISION, {64: 1.2}),
)
ON_IMAGES = (
    Row(c.DECISION, c.VMAP, {64: 0.6}),
    Row(c.DECISION, c.JAX_WIDE, {64: 0.6}),
    Row(c.NO_REFIT, c.JAX_WIDE),
)

FORWARD = Row(c.FORWARD, c.FORWARD_FLOOR, {64: 1.15})
MEMORY = 64.0  # MiB above the data, at the peak of a fit
OVERHEAD = 2.0  # ms per epoch of 100 rows
EFFICIENCY = 0.9  # of all cores, beside one
GROWTH = 1.2  # at eight times the smallest: samples beyond the cache cost more per row
