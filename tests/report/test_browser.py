"""The report in a real browser, in every language: axe-core finds nothing serious, and a keyboard is enough."""

from __future__ import annotations

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="Python's playwright is not installed")

from gigs.languages import known  # noqa: E402
from gigs.report.results_page import render_results  # noqa: E402
from gigs.result import Result  # noqa: E402
from tests.helpers.browser import CHROMIUM, FLAGS, NEEDS_CHROMIUM, focused, grave_findings  # noqa: E402
from tests.report.finished_result import write_finished  # noqa: E402
from tests.report.test_results_page import PANEL, found  # noqa: E402

pytestmark = NEEDS_CHROMIUM


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A result with its pages in every language, and the page of a test's results beside them."""
    root = tmp_path_factory.mktemp("pages")
    result = write_finished(root / "made")
    for code in known():
        result.save(root / code, language=code)
    findings = found(result, root, {name: count for name, count in PANEL.items() if name != "redesign 4"})
    (root / "en" / "results.html").write_text(render_results(Result.read(root / "en"), findings))
    return root


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser, folder, scheme):
    page = browser.new_page(color_scheme=scheme, reduced_motion="reduce")
    for name in ("en/report.html", "de/report.html", "es/report.html", "en/compare.html", "en/results.html"):
        page.goto((folder / name).as_uri())
        assert page.evaluate("document.documentElement.lang") == name[:2]
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert grave_findings(page) == [], name
    page.close()


@pytest.mark.parametrize("code", known())
def test_no_page_is_wider_than_a_phone(browser, folder, code):
    page = browser.new_page(viewport={"width": 360, "height": 800})
    for name in ("report.html", "compare.html"):
        page.goto((folder / code / name).as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.close()


def test_a_keyboard_is_enough(browser, folder):
    """Tab reaches everything in the order of the page, the focus is seen, arrows move sliders, Enter opens details."""
    page = browser.new_page()
    page.goto((folder / "de" / "report.html").as_uri())
    stops = []
    for _ in range(60):
        page.keyboard.press("Tab")
        now = focused(page)
        if now["tag"] == "body":
            break
        assert now["visible"], now
        stops.append(now)
        if now["type"] == "range":
            page.keyboard.press("ArrowRight")
        if now["tag"] == "summary":
            page.keyboard.press("Enter")
        if now["type"] == "radio":
            page.keyboard.press("ArrowDown")  # compare with the redrawn product
    kinds = [one["type"] or one["tag"] for one in stops]
    assert kinds[0] == "radio" and kinds[1:7] == ["range", "a"] * 3 and "summary" in kinds
    sliders = page.locator(".cut")
    assert sliders.evaluate_all("all => all.map(one => one.value)") == ["51"] * 3
    said = sliders.first.get_attribute("aria-valuetext")
    assert said.startswith("49") and "%" in said and "Vom Computer nachgezeichnet" in said
    assert page.locator(".pair").first.evaluate("one => one.style.getPropertyValue('--at')") == "51%"
    assert page.locator("details").get_attribute("open") is not None
    assert kinds[kinds.index("summary") + 1 :] == ["div", "div"]  # wide tables scroll by keyboard too
    page.close()
