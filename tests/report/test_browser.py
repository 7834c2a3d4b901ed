"""The report in a browser: narrow, wide and dark."""

from __future__ import annotations

import importlib

import browser
import numpy as np
import pandas as pd
import pytest
from report_tools import OF_PIXELS, SCRIPT, Reader, Run

import xl2

pytestmark = [
    pytest.mark.host,
    pytest.mark.skipif(
        browser.find() is None, reason=f"no browser on the path: {', '.join(browser.NAMES)}"
    ),
]

pytest.importorskip("matplotlib", reason="the pictures are drawn by matplotlib")
pytest.importorskip("jinja2", reason="the page is a template of jinja2")


def test_the_browser_reports_errors_and_overflow(tmp_path):
    page = tmp_path / "bad.html"
    page.write_text(
        """<!DOCTYPE html><meta http-equiv="Content-Security-Policy" content="img-src data:">
        <p style="width: 900px">wide</p><img src="cat.png">
        <script>console.error("said so"); throw new Error("thrown")</script>"""
    )
    width, opened = browser.look_into(page, "page.documentElement.scrollWidth", [360])
    assert width[0] >= 900
    for words in ("said so", "thrown", "Content Security Policy"):
        assert any(words in line for line in opened.console)


@pytest.fixture(scope="module")
def file(tmp_path_factory, nasty_page):
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(nasty_page, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def opened(file):
    """The report in a narrow and in a wide window, and the console."""
    return look_into(file)


def look_into(file):
    expression = """{
        dom: page.documentElement.outerHTML,
        width: page.documentElement.scrollWidth,
        images: [...page.images].map(image => image.naturalWidth),
        beyond: [...page.querySelectorAll("section, picture")].map(
            part => part.scrollWidth - part.clientWidth),
        colour: getComputedStyle(page.body).backgroundColor,
    }"""
    return browser.look_into(file, f"({expression})", [360, 1280])


def test_a_report_opens_without_an_error(opened):
    (phone, _), page = opened
    assert page.console == []
    found = Reader(phone["dom"])
    assert found.texts("h2") == OF_PIXELS
    assert not found.all("script")
    assert SCRIPT in found.texts("td")
    assert found.texts("h1")[0].startswith(SCRIPT)


def test_a_report_fits_a_phone_and_a_desktop(opened):
    (phone, desk), _ = opened
    assert (phone["width"], desk["width"]) == (360, 1280)
    assert not any(phone["beyond"] + desk["beyond"])
    # Each has the pictures of its layout.
    assert len(phone["images"]) == len(desk["images"]) == 4
    assert all(0 < a < b for a, b in zip(phone["images"], desk["images"], strict=True))


def test_what_matters_fits_a_phone_and_a_desktop(tmp_path):
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
    (phone, desk), page = look_into(file)
    assert page.console == []
    assert "What matters" in Reader(phone["dom"]).texts("h2")
    assert SCRIPT in Reader(phone["dom"]).texts("th")
    assert (phone["width"], desk["width"]) == (360, 1280)
    assert not any(phone["beyond"] + desk["beyond"])
    assert len(phone["images"]) == len(desk["images"]) == 6


def test_a_report_follows_the_preference_for_dark(file, opened, tmp_path):
    assert opened[0][0]["colour"] == "rgb(246, 247, 248)"
    out = tmp_path / "dark.png"
    browser.take_picture(file, out, 500, 2500, browser.DARK)
    image = importlib.import_module("matplotlib.image").imread(out)[..., :3]
    assert image[2, 2].max() < 0.2
    assert 0.1 < (image == 1.0).all(axis=2).mean() < 0.6  # the pictures are on white
