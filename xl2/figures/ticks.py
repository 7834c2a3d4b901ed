"""Ticks of axes that leave room for texts, or are logarithmic; this module imports matplotlib."""

from __future__ import annotations

from typing import Any

from matplotlib import ticker


class TicksWithin(ticker.MaxNLocator):
    """Round numbers, but none where there is room for texts only."""

    def __init__(self, low: float, high: float, **options: Any):
        super().__init__(**{"nbins": "auto", "steps": [1, 2, 2.5, 5, 10], **options})
        self.low, self.high = low, high

    def tick_values(self, vmin: float, vmax: float) -> Any:
        """Return the ticks of a view that lie within the limits."""
        ticks: Any = super().tick_values(vmin, vmax)
        slack = 1e-9 * (self.high - self.low)
        return ticks[(self.low - slack <= ticks) & (ticks <= self.high + slack)]


def set_log_ticks(axis: Any) -> None:
    """Give a logarithmic axis a few ticks, with numbers that are written out: 0.05 and not 5e-2."""
    low, high = axis.get_view_interval()
    decades = high / low
    if decades < 8.0:
        locator: Any = ticker.MaxNLocator(6, steps=[1, 2, 2.5, 5, 10])
    elif decades < 1e3:
        locator = ticker.LogLocator(subs=(1.0, 2.0, 5.0), numticks=20)
    else:
        locator = ticker.LogLocator(numticks=8)
    axis.set_major_locator(locator)
    axis.set_major_formatter(ticker.StrMethodFormatter("{x:.6g}"))
    axis.set_minor_locator(ticker.NullLocator())
