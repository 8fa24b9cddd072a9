"""Two windows of a real browser at a time, at desktop and phone width."""

from __future__ import annotations

import pytest

pytest.importorskip("gradio")
pytest.importorskip("playwright.sync_api", reason="Python's playwright is not installed")

from tests.helpers.browser import NEEDS_CHROMIUM, WAIT
from tests.studio.serving import says

pytestmark = NEEDS_CHROMIUM


def test_two_windows_and_the_history(page, studio, browser):
    context = browser.new_context()
    context.set_default_timeout(WAIT)
    other = context.new_page()
    other.goto(studio.url)
    for window, number in ((page, 0), (other, 2)):
        window.locator("#gigs-examples button").nth(number).click()
    for window in (page, other):
        says(window, "A quick draft")
    for window in (page, other):
        window.locator("#gigs-go").click()
    for window in (page, other):
        says(window, "Done in")
    links = [
        set(window.locator(".gigs-link").evaluate_all("all => all.map(one => one.href)")) for window in (page, other)
    ]
    assert len(links[0]) == len(links[1]) == 2 and not links[0] & links[1]
    page.locator("#gigs-change input[type=range]").press("ArrowRight")
    page.locator("#gigs-go").click()
    page.locator(".gigs-history li").wait_for()
    assert page.locator(".gigs-history li").count() == 1 and other.locator(".gigs-history li").count() == 0
    page.shot("5-history")
    other.context.close()
