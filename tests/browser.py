"""Open files in a headless Chromium through Playwright, and look at the pages.

    with browser.started() as chromium:  # once for the tests of a file: it takes a second
        with chromium.opened(file, 360, dark=True) as seen:
            assert seen.errors == seen.outside == seen.violations() == []

`seen.page` is Playwright's page. While a browser is started, its thread has a running event loop.
"""

from __future__ import annotations

import contextlib
import importlib.util
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
]
MODULES = ("playwright", "axe_playwright_python")
HERE = ("file:", "data:", "blob:")  # what can be loaded without a network

OVERFLOW = """() => {
  const found = [];
  const beyond = document.documentElement.scrollWidth - window.innerWidth;
  if (beyond > 0) found.push(`the page is ${beyond} px too wide`);
  for (const one of document.querySelectorAll("body *")) {
    const style = getComputedStyle(one);
    const cuts = ["hidden", "clip"].includes(style.overflowX) && style.clipPath === "none";
    if (cuts && one.clientWidth && one.scrollWidth > one.clientWidth + 1)
      found.push(`${one.tagName}.${one.className} cuts off from ${one.clientWidth} px on`);
  }
  return found;
}"""


def find() -> str | None:
    """Return the path of a browser, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def missing() -> str:
    """Return the reason why no page can be opened; "" if one can."""
    for module in MODULES:
        if importlib.util.find_spec(module) is None:
            return f"{module} is not installed: see the dependency group `browser`"
    return "" if find() else f"no browser on the path: {', '.join(NAMES)}"


@dataclass
class Seen:
    """A page that is open, and what it has done so far."""

    page: Any  # of playwright.sync_api
    errors: list[str] = field(default_factory=list)  # thrown, logged, or refused by the policy
    requests: list[str] = field(default_factory=list)  # of addresses, the page's own is the first

    @property
    def outside(self) -> list[str]:
        """The requests that need a network. All were refused."""
        return [address for address in self.requests if not address.startswith(HERE)]

    def violations(self, within: str | None = None, leave_out: tuple[str, ...] = ()) -> list[str]:
        """Return where axe-core finds its rules violated, one text for each element.

        `within` is a selector, `leave_out` are names of rules.
        """
        axe = importlib.import_module("axe_playwright_python.sync_playwright").Axe()
        rules = {name: {"enabled": False} for name in leave_out}
        options = {"resultTypes": ["violations"], "rules": rules}
        found = axe.run(self.page, context=within, options=options).response["violations"]
        return [
            f"{rule['id']}: {node['html'][:200]} {node.get('failureSummary', '')}"
            for rule in found
            for node in rule["nodes"]
        ]

    def cut(self) -> list[str]:
        """Return what is wider than its place: the page, and elements that hide the rest."""
        found: list[str] = self.page.evaluate(OVERFLOW)
        return found


@dataclass
class Chromium:
    """A started browser."""

    browser: Any  # of playwright.sync_api

    @contextlib.contextmanager
    def opened(
        self, file: Path, width: int = 1280, height: int = 800, *, dark: bool = False,
        script: bool = True, **more: Any,
    ) -> Iterator[Seen]:  # fmt: skip
        """Open a file in a window of its own; `more` is for Playwright's new_context."""
        context = self.browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            java_script_enabled=script,
            **more,
        )
        try:
            seen = Seen(context.new_page())
            seen.page.on("console", lambda said: _note(seen, said))
            seen.page.on("pageerror", lambda error: seen.errors.append(str(error)))
            seen.page.on("request", lambda request: seen.requests.append(request.url))
            context.route(lambda address: not address.startswith(HERE), lambda one: one.abort())
            seen.page.goto(file.absolute().as_uri(), wait_until="load")
            yield seen
        finally:
            context.close()


def _note(seen: Seen, said: Any) -> None:
    if said.type in ("error", "warning"):
        seen.errors.append(said.text)


@contextlib.contextmanager
def started() -> Iterator[Chromium]:
    """Start a browser; see `missing`."""
    playwright = importlib.import_module("playwright.sync_api")
    with playwright.sync_playwright() as run:
        browser = run.chromium.launch(executable_path=find(), args=FLAGS)
        try:
            yield Chromium(browser)
        finally:
            browser.close()
