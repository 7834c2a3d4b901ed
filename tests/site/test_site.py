"""The site that `tox -e docs` built: its links, and its pages in a browser."""

from __future__ import annotations

import os
import re
import threading
from functools import cache, partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import browser
import pytest

SITE = Path(os.environ.get("XL2_SITE", "no site"))
pytestmark = [
    pytest.mark.host,
    pytest.mark.skipif(not SITE.is_dir(), reason="XL2_SITE names no site: tox -e docs builds one"),
]
opens_pages = pytest.mark.skipif(bool(browser.missing()), reason=browser.missing())

FOUND = (page.relative_to(SITE).as_posix() for page in SITE.rglob("*.html"))
PAGES = sorted(page for page in FOUND if not page.startswith("_static/"))
# A page of each kind is looked at by axe-core, in both colours.
KINDS = [
    "index.html",
    "user_guide.html",
    "choosing_lambda.html",
    "verdict.html",
    "scaling.html",
    "changelog.html",
    "api/index.html",
    "api/paths.html",
    "api/names.html",
    "api/generated/xl2.regularization_path.html",
    "api/generated/xl2.MLPClassifierCV.html",
    "gallery/index.html",
    "gallery/sklearn_dropin.html",
    "search.html",
    "digits_report.html",
]
# docutils gives the references of a docstring the roles of an older standard.
OF_REFERENCES = re.compile(r'^aria-[\w-]+: <\w+ [^>]*(role="doc-|class="citation-list)')
# Texts for screen readers, one pixel wide, and the last part of a path are meant to be cut off.
MEANT = re.compile(r"SPAN\.ellipsis|cuts off from 1 px on")


class Links(HTMLParser):
    """The links and the anchors of a page, and what it loads."""

    def __init__(self, text: str):
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.loaded: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.anchors.update(found[name] for name in ("id", "name") if found.get(name))
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        if tag == "link" and found.get("rel") not in ("canonical", "next", "prev", "index"):
            self.loaded.append(found["href"])
        if found.get("src"):
            self.loaded.append(found["src"])


@cache
def read(page: str) -> Links:
    return Links((SITE / page).read_text())


@pytest.fixture(scope="module")
def chromium():
    with browser.started() as started:
        yield started


def test_the_site_has_pages_of_all_kinds():
    assert len(PAGES) > 80
    assert set(KINDS) <= set(PAGES)


def test_every_link_leads_to_a_page_and_an_anchor():
    broken = []
    for page in PAGES:
        for link in read(page).links:
            parts = urlsplit(link)
            if parts.scheme:
                continue
            target = (SITE / page).parent / unquote(parts.path) if parts.path else SITE / page
            if not target.is_file():
                broken.append((page, link))
            elif target.suffix == ".html" and parts.fragment:
                anchors = read(target.resolve().relative_to(SITE.resolve()).as_posix()).anchors
                if unquote(parts.fragment) not in anchors:
                    broken.append((page, link))
    assert broken == []


def test_a_page_loads_files_of_the_site_only():
    for page in PAGES:
        for file in read(page).loaded:
            assert not urlsplit(file).scheme or file.startswith("data:"), (page, file)


def test_names_link_to_the_api_and_to_other_libraries():
    assert (
        "api/generated/xl2.regularization_path.html#xl2.regularization_path"
        in read("choosing_lambda.html").links
    )
    links = read("api/generated/xl2.MLPClassifier.html").links
    for url in (
        "https://numpy.org/doc/stable/reference/typing.html#numpy.typing.ArrayLike",
        "https://scikit-learn.org/stable/modules/generated/"
        "sklearn.neural_network.MLPClassifier.html#sklearn.neural_network.MLPClassifier",
    ):
        assert url in links


def test_the_home_page_shows_a_report():
    assert "digits_report.html" in read("index.html").links


def test_every_term_of_the_glossary_has_an_anchor():
    page = read("glossary.html")
    assert {"bias", "gap", "lambda", "out-of-fold-prediction", "fingerprint"} <= page.anchors
    assert "#bias" in page.links


@opens_pages
def test_every_page_opens_without_errors_and_fits_a_telephone(chromium):
    found = []
    with chromium.opened(SITE / PAGES[0], 360) as seen:
        for page in PAGES:
            seen.errors.clear()
            seen.requests.clear()
            seen.page.goto((SITE / page).absolute().as_uri())
            cut = [one for one in seen.cut() if not MEANT.search(one)]
            if seen.errors or seen.outside or cut:
                found.append((page, *seen.errors, *seen.outside, *cut))
    assert found == []


@opens_pages
def test_what_examples_print_fits_beside_the_navigation(chromium):
    wide = "all => all.filter(one => one.scrollWidth > one.clientWidth).map(one => one.innerText)"
    outputs = 0
    with chromium.opened(SITE / PAGES[0], 1200) as seen:
        for page in (page for page in PAGES if page.startswith("gallery/")):
            seen.page.goto((SITE / page).absolute().as_uri())
            printed = seen.page.locator(".sphx-glr-script-out pre")
            outputs += printed.count()
            assert printed.evaluate_all(wide) == [], page
    assert outputs > 20


@opens_pages
@pytest.mark.parametrize("page", KINDS)
def test_axe_finds_no_violation(chromium, page):
    for width, dark in ((1280, True), (360, False)):
        with chromium.opened(SITE / page, width, dark=dark) as seen:
            assert [one for one in seen.violations() if not OF_REFERENCES.search(one)] == []


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    def handle_error(self, *_):
        pass  # a browser that closes does not wait for what it has asked for


@pytest.fixture
def address():
    """The address of a server of the site: the search fetches pages, which no file may."""
    with Server(("127.0.0.1", 0), partial(Quiet, directory=SITE)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@opens_pages
@pytest.mark.parametrize(
    ("words", "page"),
    [("lambda", "choosing_lambda.html"), ("regularization_path", "xl2.regularization_path.html")],
)
def test_the_search_finds(chromium, address, words, page):
    with chromium.opened(SITE / "search.html") as seen:
        seen.page.context.unroute_all()
        seen.page.goto(f"{address}search.html?q={words}")
        seen.page.wait_for_selector(f"#search-results a[href*='{page}']")
        assert seen.errors == []
        assert [url for url in seen.outside if not url.startswith(address)] == []


@opens_pages
def test_a_name_in_the_guide_leads_to_its_entry_in_the_api(chromium):
    with chromium.opened(SITE / "models.html") as seen:
        seen.page.click("article a[href*='#xl2.to_onnx'] >> nth=0")
        seen.page.wait_for_load_state()
        assert seen.page.url.endswith("api/generated/xl2.to_onnx.html#xl2.to_onnx")
        assert seen.page.locator("#xl2\\.to_onnx").is_visible()


@opens_pages
def test_a_formula_is_shown_without_a_script(chromium):
    with chromium.opened(SITE / "mathematics.html", 360, script=False) as seen:
        assert seen.page.locator("math").count() > 5
        assert seen.page.locator("math >> nth=0").bounding_box()["height"] > 5
