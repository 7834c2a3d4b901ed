"""HTML for notebooks: escaped, in one line, and in the colours of the page that shows it.

Text has no colour of its own, so that it can be read on any background. Rules that a notebook
strips, because it does not trust its output, only change how dense the tables are.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Sequence

# Twice the class: it has to outweigh what a notebook says of all tables.
BOX = ".xl2-out.xl2-out"
CELL = (
    "background:transparent;color:inherit;border:0;padding:.12em 1.2em .12em 0;text-align:right;"
    "vertical-align:middle;max-width:none;white-space:nowrap;font-weight:inherit"
)
RULES = (
    ("", "max-width:64em;line-height:1.45;overflow-x:auto"),
    ("p", "margin:.5em 0;overflow-wrap:anywhere"),
    ("table", "border-collapse:collapse;border:0;margin:.6em 0;width:auto;font-size:inherit"),
    ("table", "font-variant-numeric:tabular-nums"),
    ("caption", "text-align:left;caption-side:top;color:inherit;padding:0 0 .3em"),
    ("tr", "background:transparent;border:0"),
    ("th", CELL),
    ("td", CELL),
    ("thead>tr>*", "border-bottom:1px solid currentColor;font-weight:600"),
    (".xl2-chosen>*", "font-weight:600"),
    (".xl2-left", "text-align:left;white-space:normal;min-width:5em"),
    ("svg", "display:block;overflow:visible"),
    ("code", "color:inherit;background:transparent"),
    ("summary", "cursor:pointer;margin:.5em 0"),
)
# Characters of a table that a page of 320 pixels, or one enlarged fourfold, has room for. The box
# of a wider one is reached by the keyboard, so that it can be scrolled; others are no tab stop.
NARROW, PADDING, SIGN = 40, 2, 7  # and those of the gap behind a cell; pixels of a character
SCROLLED = ' role="group" aria-label="Tables that scroll" tabindex="0"'
STYLE = "".join(f"{BOX} {what}{{{rules}}}" for what, rules in RULES)


class Picture(str):
    """Markup that a cell shows as it is; a plain text is escaped."""

    width = 0  # pixels


def output(*parts: str) -> str:
    """Return the output of a cell that consists of these parts."""
    inside = "".join(parts)
    reached = SCROLLED if '<table class="xl2-wide">' in inside else ""
    return f'<div class="xl2-out"{reached}><style>{STYLE}</style>{inside}</div>'


def paragraph(text: str, code: str = "", strong: bool = False) -> str:
    """Return a paragraph, perhaps with code at its end."""
    shown = html.escape(text)
    shown = f"<strong>{shown}</strong>" if strong else shown
    return f"<p>{shown} <code>{html.escape(code)}</code></p>" if code else f"<p>{shown}</p>"


def paragraphs(texts: Iterable[str]) -> str:
    """Return a paragraph for each text."""
    return "".join(map(paragraph, texts))


def folded(summary: str, *parts: str) -> str:
    """Return what is shown after a click on its summary; nothing if the parts are empty."""
    inside = "".join(parts)
    if not inside:
        return ""
    return f"<details><summary>{html.escape(summary)}</summary>{inside}</details>"


def table(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    caption: str = "",
    left: Sequence[int] = (0,),
    chosen: int | None = None,
) -> str:
    """Return a table whose first cells name the rows.

    Parameters
    ----------
    head, rows : sequence of str
        The cells.
    caption : str, default ""
        What stands above the table.
    left : sequence of int, default (0,)
        Columns of text, which begin at the left; -1 is the last one. Figures end at the right.
    chosen : int, optional
        A row in bold.
    """
    at_left, rows = {k % len(head) for k in left}, list(rows)
    above = f"<caption>{html.escape(caption)}</caption>" if caption else ""
    column, line = 'th scope="col"', 'th scope="row"'
    names = _cells(head, at_left, column, column)
    body = []
    for k, row in enumerate(rows):
        mark = ' class="xl2-chosen"' if k == chosen else ""
        body.append(f"<tr{mark}>{_cells(row, at_left, line, 'td')}</tr>")
    kind = ' class="xl2-wide"' if _is_wide([head, *rows], at_left) else ""
    inside = f"{above}<thead><tr>{names}</tr></thead><tbody>{''.join(body)}</tbody>"
    return f"<table{kind}>{inside}</table>"


def _is_wide(rows: Sequence[Sequence[str]], at_left: set[int]) -> bool:
    """Tell whether a table is wider than a narrow page."""
    columns = enumerate(zip(*rows, strict=True))
    widths = [max(_least_width(cell, k in at_left) for cell in cells) for k, cells in columns]
    return sum(widths) + PADDING * len(widths) > NARROW


def _least_width(cell: str, is_text: bool) -> int:
    """Return how many characters a cell needs at least: only text has its lines broken."""
    if isinstance(cell, Picture):
        return cell.width // SIGN
    return max(map(len, cell.split()), default=0) if is_text else len(cell)


def _cells(cells: Sequence[str], at_left: set[int], first: str, others: str) -> str:
    shown = []
    for k, cell in enumerate(cells):
        tag = others if k else first
        if not cell:
            tag = "td"  # an empty cell is the head of nothing
        place = ' class="xl2-left"' if k in at_left else ""
        inside = cell if isinstance(cell, Picture) else html.escape(cell)
        shown.append(f"<{tag}{place}>{inside}</{tag.split()[0]}>")
    return "".join(shown)


def sparkline(values: Sequence[float], what: str, width: int = 150, height: int = 22) -> Picture:
    """Return a curve without axes; values that are not finite leave gaps."""
    finite = [value for value in values if math.isfinite(value)]
    if len(finite) < 2:
        return Picture("")
    low, high = min(finite), max(finite)
    span, middle = high - low, height / 2
    step = (width - 2) / (len(values) - 1)
    points, moves = [], True
    for k, value in enumerate(values):
        if math.isfinite(value):
            y = 1 + (height - 2) * (high - value) / span if span else middle
            points.append(f"{'M' if moves else 'L'}{1 + k * step:.1f} {y:.1f}")
        moves = not math.isfinite(value)
    line = (
        f'<path d="{"".join(points)}" fill="none" stroke="currentColor" stroke-width="1.5" '
        'stroke-linejoin="round"/>'
    )
    return _picture(line, what, width, height)


def span_mark(
    value: float,
    low: float,
    high: float,
    limits: tuple[float, float],
    zero: float | None = None,
    width: int = 150,
) -> Picture:
    """Return a dot with its interval, on a scale that the rows of a table share.

    Parameters
    ----------
    value, low, high : float
        Where the dot is, and where its line begins and ends.
    limits : (float, float)
        The ends of the scale. What is beyond them is not drawn.
    zero : float, optional
        Where a thin vertical line is.
    width : int, default 150
        In pixels.
    """
    begin, end = limits
    if not (math.isfinite(value) and begin <= value <= end and begin < end):
        return Picture("")

    def place(at: float) -> str:
        return f"{5 + (width - 10) * (min(max(at, begin), end) - begin) / (end - begin):.1f}"

    rule = ""
    if zero is not None:
        rule = (
            f'<path d="M{place(zero)} -4V20" fill="none" stroke="currentColor" '
            'stroke-width="1" opacity="0.5"/>'
        )
    line = f'<path d="M{place(low)} 8H{place(high)}" stroke="currentColor" stroke-width="2"/>'
    dot = f'<circle cx="{place(value)}" cy="8" r="3" fill="currentColor"/>'
    return _picture(rule + line + dot, "", width, 16)


def _picture(inside: str, what: str, width: int, height: int) -> Picture:
    """Return an SVG; without words for it, the cells beside it say the same."""
    words = f'role="img" aria-label="{html.escape(what)}"' if what else 'aria-hidden="true"'
    shown = Picture(
        f'<svg {words} width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
        f"{inside}</svg>"
    )
    shown.width = width
    return shown
