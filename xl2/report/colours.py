"""The colours of pictures as variables of the page, with a counterpart on a dark page."""

from __future__ import annotations

import colorsys
from collections.abc import Iterable

LIGHT, DARK = "#ffffff", "#1b2126"  # what pictures stand on; `--card` in style.css
OF_TEXT, OF_LINES = 4.5, 3.0  # contrasts that WCAG 2.2 asks for at level AA
NAMED = {
    "#000000": "text",
    "#ffffff": "card",
    "#767676": "faint",
}


def variable(colour: str, text: bool = False) -> str:
    """Return the name of the variable of a colour, or of its darker variant for text."""
    colour = colour.lower()
    if colour in NAMED:
        return f"--{NAMED[colour]}"
    return f"--{'t' if text else 'c'}{colour.removeprefix('#')}"


def declared(names: Iterable[str]) -> tuple[str, str]:
    """Return the declarations of variables on a light page, and those on a dark one."""
    light, dark = [], []
    for name in sorted({*names}):
        kind, colour = name.removeprefix("--")[0], f"#{name.removeprefix('--')[1:]}"
        if kind == "t":
            light.append(f"{name}: {readable(colour, LIGHT, OF_TEXT)};")
            dark.append(f"{name}: {readable(colour, DARK, OF_TEXT)};")
        else:
            light.append(f"{name}: {colour};")
            dark.append(f"{name}: {_on_dark(colour)};")
    return " ".join(light), " ".join(dark)


def contrast(a: str, b: str) -> float:
    """Return the contrast of two colours, from 1 to 21, as WCAG 2.2 defines it."""
    high, low = sorted((_luminance(a), _luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def readable(colour: str, on: str, least: float) -> str:
    """Return a colour of the same hue with a contrast of `least` on another colour."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*_parts(colour))
    step = 0.02 if _luminance(on) < 0.2 else -0.02
    while contrast(colour, on) < least and 0.0 <= lightness <= 1.0:
        lightness += step
        colour = _text(colorsys.hls_to_rgb(hue, min(1.0, max(0.0, lightness)), saturation))
    return colour


def _on_dark(colour: str) -> str:
    """Return what stands for a colour of a line, an area or a mark on a dark page.

    A faint colour, such as that of a grid, stays faint.
    """
    if contrast(colour, LIGHT) >= OF_LINES:
        return readable(colour, DARK, OF_TEXT)  # thin lines on dark need more than OF_LINES
    hue, lightness, saturation = colorsys.rgb_to_hls(*_parts(colour))
    if saturation > 0.3 and lightness < 0.8:
        return colour
    _, darkest, _ = colorsys.rgb_to_hls(*_parts(DARK))
    mirrored = darkest + (1.0 - lightness) * (1.0 - darkest)
    return _text(colorsys.hls_to_rgb(hue, mirrored, saturation))


def _parts(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[k : k + 2], 16) / 255.0 for k in (1, 3, 5))
    return red, green, blue


def _text(parts: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(255.0 * part):02x}" for part in parts)


def _luminance(colour: str) -> float:
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in _parts(colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
