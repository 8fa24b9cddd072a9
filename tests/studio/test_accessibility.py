"""The studio in a real browser, in every language: axe-core finds nothing serious, and a keyboard is enough."""

from __future__ import annotations

import pytest

pytest.importorskip("gradio")
pytest.importorskip("playwright.sync_api", reason="Python's playwright is not installed")

from gigs.languages import known, language
from gigs.studio import texts
from tests.helpers.browser import NEEDS_CHROMIUM, WAIT, focused, grave_findings
from tests.studio.serving import says

DROP = {"en": "Drop File Here", "de": "Datei hier ablegen", "es": "Coloque el archivo aquí"}  # Gradio's own words

pytestmark = NEEDS_CHROMIUM


def opened(browser, address: str, **options):
    context = browser.new_context(**options)
    context.set_default_timeout(WAIT)
    page = context.new_page()
    page.on("filechooser", lambda chooser: None)  # the browser opens no window of its own, from the start
    page.goto(address)
    page.locator("#gigs-go").wait_for()
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser, studio, scheme):
    """At the start, with every choice open, while nothing and when something is found, and in the tab of colours."""
    page = opened(browser, studio.url, color_scheme=scheme, reduced_motion="reduce")
    assert page.evaluate("document.documentElement.lang") == "en"
    page.get_by_role("button", name=texts.OPTIONS).click()
    page.locator("#gigs-count").wait_for()
    assert grave_findings(page) == []
    page.locator("#gigs-examples button").first.click()
    says(page, "quick draft")
    page.locator("#gigs-go").click()
    says(page, "Done in")
    assert grave_findings(page) == []
    page.get_by_role("tab", name=texts.COLOURS).click()
    page.locator("#gigs-colour-go").click()
    says(page, texts.COLOURED)
    page.locator("#gigs-colours img").first.wait_for()
    assert grave_findings(page) == []
    page.context.close()


@pytest.mark.parametrize("code", known())
def test_each_language_has_its_page_and_the_switch_leads_to_it(browser, studio, code):
    page = opened(browser, studio.url, locale=code, viewport={"width": 360, "height": 800})
    assert page.evaluate("document.documentElement.lang") == code  # by the browser's own wish
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert grave_findings(page) == []
    other = known()[known().index(code) - 1]
    page.get_by_role("link", name=language(other).name).click()
    page.locator("#gigs-go").get_by_text(language(other)(texts.GO)).wait_for()
    assert page.evaluate("document.documentElement.lang") == other
    assert DROP[other] in page.locator("#gigs-upload").inner_text()
    page.context.close()


def tab_to(page, selector: str, most: int = 40) -> None:
    """Press Tab until the focus is within an element; wherever it stops on the way, it can be seen."""
    for _ in range(most):
        page.keyboard.press("Tab")
        now = focused(page)
        assert now["tag"] == "body" or now["visible"], now
        if page.evaluate("selector => document.activeElement.closest(selector) !== null", selector):
            return
    raise AssertionError(f"Tab does not reach {selector}")


def test_from_a_photo_to_the_report_by_keyboard_alone(browser, studio):
    say = language("de")
    page = opened(browser, f"{studio.url}/de/")
    tab_to(page, "#gigs-upload")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(studio.engine.pack.examples()[0])
    says(page, "Vorschau für alle Käufer")
    page.locator("h1").evaluate("one => { one.tabIndex = -1; one.focus(); }")  # from the top again
    tab_to(page, "#gigs-examples button")
    page.keyboard.press("Enter")
    says(page, "Vorschau für alle Käufer")
    tab_to(page, "#gigs-audience")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")  # closes the list and changes nothing
    page.locator("#gigs-audience [role=listbox]").wait_for(state="detached")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    says(page, "Vorschau für a few")
    tab_to(page, "#gigs-change input[type=range]")
    page.keyboard.press("ArrowRight")
    assert page.locator("#gigs-change input[type=range]").input_value() == "55"
    tab_to(page, "#gigs-go")
    page.keyboard.press("Enter")
    says(page, "Fertig in")
    assert studio.engine.wishes[-1].audience == "few" and studio.engine.wishes[-1].change == 0.55
    tab_to(page, ".gigs-main")
    with page.expect_popup() as popup:
        page.keyboard.press("Enter")
    report = popup.value
    report.wait_for_load_state()
    assert report.evaluate("document.documentElement.lang") == "de"
    assert say("Redesigns, best first") in report.locator("body").inner_text()
    tab_to(report, ".cut")
    report.keyboard.press("ArrowLeft")
    assert report.locator(".cut").first.input_value() == "49"
    page.context.close()
