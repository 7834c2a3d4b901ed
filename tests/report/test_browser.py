"""The report in a browser: narrow, wide and dark."""

from __future__ import annotations

import browser
import numpy as np
import pandas as pd
import pytest
from report_tools import OF_PIXELS, SCRIPT, Reader, Run

import xl2

pytestmark = [
    pytest.mark.host,
    pytest.mark.skipif(bool(browser.missing()), reason=browser.missing()),
]

pytest.importorskip("matplotlib", reason="the pictures are drawn by matplotlib")
pytest.importorskip("jinja2", reason="the page is a template of jinja2")

WIDTHS = 360, 1200
LOOK = """() => ({
    widths: [...document.images].map(image => image.naturalWidth),
    beyond: [...document.querySelectorAll("section, picture")].map(
        part => part.scrollWidth - part.clientWidth),
})"""


@pytest.fixture(scope="module")
def chromium():
    with browser.started() as started:
        yield started


@pytest.fixture(scope="module")
def file(tmp_path_factory, nasty_page):
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(nasty_page, encoding="utf-8")
    return path


def test_the_browser_reports_errors_requests_overflow_and_violations(chromium, tmp_path):
    page = tmp_path / "bad.html"
    page.write_text(
        """<!DOCTYPE html><meta http-equiv="Content-Security-Policy" content="img-src http:">
        <p style="width: 900px">wide</p><img src="cat.png"><img src="http://example.org/cat.png">
        <p style="width: 90px; overflow: hidden"><span style="padding: 80px">cut</span></p>
        <script>console.error("said so"); throw new Error("thrown")</script>"""
    )
    with chromium.opened(page, 360) as seen:
        for words in ("said so", "thrown", "Content Security Policy"):
            assert any(words in line for line in seen.errors)
        assert seen.outside == ["http://example.org/cat.png"]
        assert [line.partition(" cuts")[0] for line in seen.cut()][1:] == ["P."]
        assert "px too wide" in seen.cut()[0]
        assert any(line.startswith("image-alt: <img") for line in seen.violations())
        assert not any("image-alt" in line for line in seen.violations(leave_out=("image-alt",)))


def test_a_report_opens_without_an_error(chromium, file):
    with chromium.opened(file) as seen:
        found = Reader(seen.page.content())
        assert seen.errors == []
        assert seen.requests[0] == file.as_uri()
        assert all(address.startswith("data:") for address in seen.requests[1:])
    assert found.texts("h2") == OF_PIXELS
    assert not found.all("script")
    assert SCRIPT in found.texts("td")
    assert found.texts("h1")[0].startswith(SCRIPT)


def look_into(chromium, file):
    """Return what a report is like in a narrow and in a wide window."""
    found = []
    for width in WIDTHS:
        with chromium.opened(file, width) as seen:
            assert seen.cut() == seen.errors == []
            found.append(seen.page.evaluate(LOOK))
    return found


def test_a_report_fits_a_phone_and_a_desktop(chromium, file):
    phone, desk = look_into(chromium, file)
    assert not any(phone["beyond"] + desk["beyond"])
    # Each has the pictures of its layout.
    assert len(phone["widths"]) == len(desk["widths"]) == 4
    assert all(0 < a < b for a, b in zip(phone["widths"], desk["widths"], strict=True))


def test_what_matters_fits_a_phone_and_a_desktop(chromium, tmp_path):
    """With names as long as a table may have them, and a category."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(200, 18)), columns=[f"{'W' * 60} {k}" for k in range(18)])
    frame[SCRIPT] = np.where(rng.random(200) < 0.5, "\u732b" * 9, "x" * 90)
    y = (frame.iloc[:, 0] + (frame[SCRIPT] == "x" * 90) > 0.5).to_numpy().astype(int)
    a, b = slice(120), slice(120, None)
    path = xl2.regularization_path(
        frame[a], y[a], [0.0, 1.0], cv=3, hidden=(6,), learning_rate=0.02, standardize=True,
        experiments=["importance"], budget=1000, progress=False, backend="numpy",
    )  # fmt: skip
    model = path.best_model_
    diagnosis = xl2.diagnose(path, frame[a], y[a], frame[b], y[b])
    found = Run(path=path, diagnosis=diagnosis, model=model, X=model.raw(frame[b]), y=y[b])
    file = tmp_path / "report.html"
    file.write_text(found.page(), encoding="utf-8")
    phone, desk = look_into(chromium, file)
    assert "What matters" in Reader(found.page()).texts("h2")
    assert SCRIPT in Reader(found.page()).texts("th")
    assert not any(phone["beyond"] + desk["beyond"])
    assert len(phone["widths"]) == len(desk["widths"]) == 6


def test_a_report_follows_the_preference_for_dark(chromium, file):
    colour = "() => getComputedStyle(document.body).backgroundColor"
    for dark, expected in ((False, "rgb(246, 247, 248)"), (True, "rgb(18, 22, 26)")):
        with chromium.opened(file, dark=dark) as seen:
            assert seen.page.evaluate(colour) == expected
