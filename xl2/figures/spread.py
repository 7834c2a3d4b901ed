"""Move labels on a line apart."""

from __future__ import annotations

from collections.abc import Sequence


def spread(wanted: Sequence[float], sizes: Sequence[float], low: float, high: float) -> list[float]:
    """Return centres of labels that do not overlap, as close to those wanted as can be.

    `wanted` are centres, `sizes` the labels' lengths, and all labels lie from `low` to `high`; if
    they do not fit, they go beyond `high`. The sum of the squared moves is the smallest one:
    neighbours that would overlap are joined to a block, which lies at the mean of what they want.
    """
    order = sorted(range(len(wanted)), key=lambda k: (wanted[k], k))
    blocks: list[list[int]] = []
    starts: list[float] = []
    for k in order:
        blocks.append([k])
        starts.append(_start([k], wanted, sizes, low, high))
        while len(blocks) > 1 and starts[-2] + _length(blocks[-2], sizes) > starts[-1]:
            blocks[-2:], starts[-2:] = [blocks[-2] + blocks[-1]], [0.0]
            starts[-1] = _start(blocks[-1], wanted, sizes, low, high)
    centres = [0.0] * len(wanted)
    for block, start in zip(blocks, starts, strict=True):
        for k in block:
            centres[k] = start + sizes[k] / 2
            start += sizes[k]
    return centres


def _length(block: Sequence[int], sizes: Sequence[float]) -> float:
    return sum(sizes[k] for k in block)


def _start(
    block: Sequence[int], wanted: Sequence[float], sizes: Sequence[float], low: float, high: float
) -> float:
    """Return where a block begins, whose labels lie side by side."""
    total, before = 0.0, 0.0
    for k in block:
        total += wanted[k] - before - sizes[k] / 2
        before += sizes[k]
    return max(low, min(total / len(block), high - before))
