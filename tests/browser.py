"""Open a file in a headless Chromium and inspect the page."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--enable-logging=stderr",
    "--virtual-time-budget=3000",
    # Lets the page read the documents in its frames.
    "--allow-file-access-from-files",
)
DARK = "--blink-settings=preferredColorScheme=0"

# A window is at least 500 pixels wide. A frame in it can have any width.
FRAMES = """<!DOCTYPE html>
<meta charset="utf-8">
<body style="margin: 0">
{frames}
<script>
addEventListener("load", () => {{
  const look = page => {expression};
  const seen = [...document.querySelectorAll("iframe")].map(f => look(f.contentDocument));
  document.title = JSON.stringify(seen);
}});
</script>"""


@dataclass(frozen=True)
class Page:
    """The document after loading, and the lines of the console.

    The console has errors, and what the content policy refused.
    """

    dom: str
    console: list[str]


def find() -> str | None:
    """Return the path of a browser, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def open_page(file: Path, *flags: str) -> Page:
    """Open a file in a browser with a new profile."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [str(find()), *FLAGS, *flags, f"--user-data-dir={profile}", "--dump-dom"]
        command.append(file.absolute().as_uri())
        done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60)
    assert "<html" in done.stdout, f"the browser opened nothing: {done.stderr}"
    return Page(done.stdout, re.findall(r":CONSOLE\b.*", done.stderr))


def look_into(file: Path, expression: str, widths: list[int], *flags: str) -> tuple[list, Page]:
    """Open a file in frames of some widths in pixels, and evaluate an expression in each.

    The expression is JavaScript of a document `page`. Returns its values, and the page with
    the frames, which is written beside the file.
    """
    around = _frames(file, expression, [(width, 800) for width in widths])
    page = open_page(around, *flags)
    title = re.search(r"<title>(.*?)</title>", page.dom)
    assert title is not None, f"the expression has no value: {page.console}"
    return json.loads(html.unescape(title[1])), page


def take_picture(file: Path, out: Path, width: int, height: int, *flags: str) -> None:
    """Write a PNG of the first `height` pixels of a page that is `width` pixels wide."""
    around = _frames(file, "null", [(width, height)])
    open_page(around, f"--screenshot={out}", f"--window-size={max(500, width)},{height}", *flags)


def _frames(file: Path, expression: str, sizes: list[tuple[int, int]]) -> Path:
    frames = [
        f'<iframe src="{html.escape(file.name)}" width="{width}" height="{height}" '
        f'style="border: 0"></iframe>'
        for width, height in sizes
    ]
    around = file.with_name("frames.html")
    text = FRAMES.format(frames="\n".join(frames), expression=expression)
    around.write_text(text, encoding="utf-8")
    return around
