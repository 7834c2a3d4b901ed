"""The report in a browser: narrow and wide, light and dark, on paper, and what its script adds."""

from __future__ import annotations

import dataclasses

import browser
import numpy as np
import pandas as pd
import pytest
from report_tools import OF_PIXELS, SCRIPT, Reader, Run, clouds, plain, run

import xl2

pytestmark = [
    pytest.mark.host,
    pytest.mark.skipif(bool(browser.missing()), reason=browser.missing()),
]

pytest.importorskip("matplotlib", reason="the pictures are drawn by matplotlib")
pytest.importorskip("jinja2", reason="the page is a template of jinja2")

WIDTHS = 360, 1200
# The texts of a picture that are not inside it.
OUTSIDE = """() => [...document.querySelectorAll("svg")].flatMap(svg => {
    const around = svg.getBoundingClientRect();
    return [...svg.querySelectorAll("text")].filter(text => {
        const at = text.getBoundingClientRect();
        return around.width && (at.left < around.left - 1 || at.right > around.right + 1 ||
            at.top < around.top - 1 || at.bottom > around.bottom + 1);
    }).map(text => text.textContent);
})"""
OPEN = "() => document.querySelectorAll('details').forEach(one => { one.open = true; })"


@pytest.fixture(scope="module")
def chromium():
    with browser.started() as started:
        yield started


@pytest.fixture(scope="module")
def digits_file(tmp_path_factory, digits):
    return written(tmp_path_factory.mktemp("report"), digits.page())


def written(folder, page):
    path = folder / "report.html"
    path.write_text(page, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def file(tmp_path_factory, nasty_page):
    return written(tmp_path_factory.mktemp("report"), nasty_page)


@pytest.fixture(scope="module")
def of_columns(tmp_path_factory):
    """A report with names as long as a table may have them, and a category."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(200, 18)), columns=[f"{'W' * 60} {k}" for k in range(18)])
    frame[SCRIPT] = np.where(rng.random(200) < 0.5, "\u732b" * 9, "x" * 90)
    y = (frame.iloc[:, 0] + (frame[SCRIPT] == "x" * 90) > 0.5).to_numpy().astype(int)
    a, b = slice(120), slice(120, None)
    path = xl2.regularization_path(
        frame[a], y[a], [0.0, 1.0, 7.0], cv=3, hidden=(6,), learning_rate=0.02, standardize=True,
        experiments=["importance", "curve"], budget=1000, progress=False, backend="numpy",
    )  # fmt: skip
    model = path.best_model_
    diagnosis = xl2.diagnose(path, frame[a], y[a], frame[b], y[b])
    diagnosis = dataclasses.replace(diagnosis, next_step="xl2 path table.csv --ensemble")
    found = Run(path=path, diagnosis=diagnosis, model=model, X=model.raw(frame[b]), y=y[b])
    return written(tmp_path_factory.mktemp("report"), found.page())


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
    assert found.headings() == OF_PIXELS
    assert len(found.all("script")) == 1
    assert SCRIPT in found.texts("td")
    assert found.texts("h1")[0].startswith(SCRIPT)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_reports_fit_and_are_accessible(chromium, file, of_columns, digits_file, width, dark):
    for report in (file, of_columns, digits_file):
        with chromium.opened(report, width, dark=dark) as seen:
            seen.page.evaluate(OPEN)
            assert seen.cut() == seen.errors == []
            assert seen.page.evaluate(OUTSIDE) == []
            assert seen.violations() == []


def test_a_report_is_complete_without_its_script(chromium, of_columns):
    with chromium.opened(of_columns, script=False) as seen:
        assert seen.page.locator("button, input").count() == 0
        assert seen.page.locator("svg[role=img]").count() == seen.page.locator("svg").count() > 10
        assert seen.page.locator("table:visible").count() >= 6


def test_a_report_follows_the_preference_for_dark(chromium, file):
    colours = """() => [document.body, document.querySelector("svg text")].map(
        one => getComputedStyle(one))"""
    for dark, expected in ((False, ["rgb(244, 245, 247)", "rgb(27, 32, 38)"]),
                           (True, ["rgb(18, 22, 26)", "rgb(228, 232, 235)"])):  # fmt: skip
        with chromium.opened(file, dark=dark) as seen:
            found = seen.page.evaluate(f"() => {{ const [body, text] = ({colours})(); "
                                       "return [body.backgroundColor, text.fill]; }")  # fmt: skip
            assert found == expected


def texts(locator):
    return [plain(text) for text in locator.all_text_contents()]


def test_tables_are_sorted_by_a_column(chromium, file):
    with chromium.opened(file) as seen:
        table = seen.page.locator(".samples")
        cells, rows = table.locator("tbody th"), table.locator("tbody tr")
        before = texts(rows)
        head = table.locator("thead th").first
        assert head.get_attribute("aria-sort") is None
        head.get_by_role("button").press("Enter")
        assert head.get_attribute("aria-sort") == "ascending"
        numbers = [int(text) for text in texts(cells)]
        assert numbers == sorted(numbers)
        head.get_by_role("button").click()
        assert head.get_attribute("aria-sort") == "descending"
        assert [int(text) for text in texts(cells)] == numbers[::-1]
        probability = table.locator("thead th").last
        probability.get_by_role("button").click()
        assert probability.get_attribute("aria-sort") == "descending"
        assert head.get_attribute("aria-sort") is None
        assert texts(rows) == before
        words = table.locator("thead th").nth(1)
        words.get_by_role("button").click()
        names = texts(table.locator("tbody td:nth-child(2)"))
        assert len(set(names)) == 4
        assert len([k for k in range(1, len(names)) if names[k] != names[k - 1]]) == 3


def test_names_are_sorted_as_words_also_if_each_has_a_number(chromium, tmp_path, undrawn):
    X, numbers = clouds(3, 90, apart=0.2)
    page = run(X, np.array(["b1", "a10", "a9"])[numbers], epochs=2).page()
    with chromium.opened(written(tmp_path, page)) as seen:
        table = seen.page.locator(".samples")
        table.locator("thead th").nth(1).get_by_role("button").click()
        names = texts(table.locator("tbody td:nth-child(2)"))
        assert list(dict.fromkeys(names)) == ["a9", "a10", "b1"]


def test_a_sorted_matrix_keeps_its_right_answers_on_the_diagonal(chromium, digits_file):
    with chromium.opened(digits_file) as seen:
        matrix = seen.page.locator(".matrix")

        def read():
            rows = [texts(row.locator("th, td")) for row in matrix.locator("tr").all()]
            return {(row[0], name): cell for row in rows[1:]
                    for name, cell in zip(rows[0][1:], row[1:], strict=True)}, rows  # fmt: skip

        cells, rows = read()
        matrix.locator("thead th").nth(11).get_by_role("button").click()
        after, ordered = read()
        assert after == cells
        recalls = [float(row[11]) for row in ordered[1:-1]]
        assert recalls == sorted(recalls)
        assert recalls != [float(row[11]) for row in rows[1:-1]]
        assert ordered[0][1:11] == [row[0] for row in ordered[1:-1]]
        matrix.locator("thead th").first.get_by_role("button").click()
        assert read()[1] == rows


def test_a_lambda_is_chosen_with_the_pointer_and_with_keys(chromium, of_columns):
    with chromium.opened(of_columns) as seen:
        page = seen.page
        says, rows = page.get_by_role("status"), page.locator("tr[data-lambda]")
        best = page.locator("tr.best").get_attribute("data-lambda")
        assert says.text_content() == rows.nth(int(best)).get_attribute("data-says")
        assert page.locator("input:checked").get_attribute("value") == best
        page.get_by_role("radio").nth(0).click()
        page.keyboard.press("ArrowRight")
        assert page.locator("input:checked").get_attribute("value") == "1"
        assert says.text_content() == rows.nth(1).get_attribute("data-says")
        assert page.locator("tr.picked").get_attribute("data-lambda") == "1"
        picked = page.locator("#lambda ~ .card svg.wide .picked, #losses svg.wide .picked")
        parts = [one.get_attribute("data-part") for one in picked.all()]
        assert parts == ["training-1", "validation-1"] * 2
        rows.nth(2).click()
        assert says.text_content() == rows.nth(2).get_attribute("data-says")
        page.locator("#lambda ~ .card svg.wide [data-part=validation-0]").click(force=True)
        assert page.locator("input:checked").get_attribute("value") == "0"
        assert seen.errors == []


def test_values_are_shown_at_the_pointer_and_at_the_focus(chromium, of_columns):
    with chromium.opened(of_columns) as seen:
        page = seen.page
        tip = page.locator(".tip")
        assert tip.is_hidden()
        picture = page.locator("#learning svg.wide")
        points = picture.locator("[data-tip]")
        points.nth(1).hover(force=True)
        assert tip.text_content() == points.nth(1).get_attribute("data-tip")
        page.mouse.move(1, 1)
        assert tip.is_hidden()
        # One stop of the tab key for a picture, and arrows within it.
        assert picture.locator("[tabindex='0']").count() == 1
        assert picture.locator("text:not([aria-hidden])").count() == 0
        points.first.focus()
        for k in (1, 2):
            page.keyboard.press("ArrowRight")
            assert tip.text_content() == points.nth(k).get_attribute("data-tip")
        page.keyboard.press("Home")
        assert tip.text_content() == points.first.get_attribute("data-tip")
        page.keyboard.press("Escape")
        assert tip.is_hidden()
        page.keyboard.press("Tab")
        inside = "e => e.contains(document.activeElement)"
        assert not picture.evaluate(inside)
        assert seen.violations() == []


def test_all_that_can_be_used_is_reached_by_the_tab_key(chromium, of_columns):
    with chromium.opened(of_columns) as seen:
        reached = set()
        for _ in range(200):
            seen.page.keyboard.press("Tab")
            name = seen.page.evaluate(
                "() => { const at = document.activeElement; at.dataset.seen = 1; "
                "return at.tagName.toLowerCase(); }"
            )
            if name == "body":
                break
            reached.add(name)
        assert {"a", "button", "input", "summary", "use"} <= reached
        left = seen.page.locator(":is(button, summary, a):visible:not([data-seen])")
        assert left.count() == 0


def test_only_tables_that_do_not_fit_are_stops_of_the_tab_key(chromium, digits_file):
    stops = []
    for width in (360, 1200):
        with chromium.opened(digits_file, width) as seen:
            found = seen.page.locator(".scroll:visible")
            wide = [box.evaluate("e => e.scrollWidth > e.clientWidth") for box in found.all()]
            assert [box.get_attribute("tabindex") == "0" for box in found.all()] == wide
            stops.append(sum(wide))
    assert stops[0] > 0 == stops[1]


def test_the_command_is_copied(chromium, of_columns):
    allowed = {"permissions": ["clipboard-read", "clipboard-write"]}
    with chromium.opened(of_columns, **allowed) as seen:
        seen.page.get_by_role("button", name="Copy").click()
        seen.page.get_by_role("button", name="Copied").wait_for()
        copied = seen.page.evaluate("() => navigator.clipboard.readText()")
        assert copied == "xl2 path table.csv --ensemble"


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_all_is_printed_on_a4(chromium, of_columns, tmp_path, script):
    """On 180 mm between the margins, with what is folded on the screen."""
    out = tmp_path / "report.pdf"
    with chromium.opened(of_columns, 680, dark=True, script=script) as seen:
        seen.page.pdf(path=out, format="A4")
        closed = seen.page.locator("details:not([open])").count()
        assert closed >= 2  # as before
        seen.page.emulate_media(media="print")
        assert seen.cut() == []
        assert seen.page.locator("nav, .copy, .lambdas").filter(visible=True).count() == 0
        for text in ("Settings of the run", "xl2 path cats.csv"):
            assert seen.page.get_by_text(text).first.is_visible()
        colour = seen.page.evaluate("() => getComputedStyle(document.body).backgroundColor")
        assert colour == "rgb(255, 255, 255)"
        wide = seen.page.evaluate(
            """() => [...document.querySelectorAll("table")].map(
                one => one.scrollWidth - one.closest("details, .card").clientWidth)"""
        )
        assert max(wide) <= 0
    assert out.read_bytes().startswith(b"%PDF")
