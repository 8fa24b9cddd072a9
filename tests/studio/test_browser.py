"""The studio in a real browser: upload, audience, run, stop, download, a bad file, at desktop and phone width.

Screenshots go to `GIGS_SHOTS`, or to pytest's folder; look at them after changing the page.
"""

from __future__ import annotations

import os
import re
import shutil
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("gradio")
playwright = pytest.importorskip("playwright.sync_api", reason="Python's playwright is not installed")

from gigs.service.engine import Engine  # noqa: E402
from gigs.studio import texts  # noqa: E402
from tests.helpers.browser import CHROMIUM, FLAGS, NEEDS_CHROMIUM  # noqa: E402
from tests.studio.serving import serving  # noqa: E402

SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
TERMS = re.compile(
    r"\b(lpips|latent|gans?|inversion|auc|epsilon|eps|encoder|generator|embedding|neural|gradient|tensor|pixel loss|"
    r"hyperparameter|vector|score|z-score|percentile|checkpoint|preset|model|models)\b",
    re.I,
)
WAIT = 60_000

pytestmark = [pytest.mark.weights, NEEDS_CHROMIUM]


@pytest.fixture(scope="module")
def studio():
    engine = Engine(steps=4)  # the real pack, with few steps
    engine.warm()
    with serving(engine) as studio:
        yield studio


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield opened
        opened.close()


@pytest.fixture(params=SIZES)
def page(request, studio, browser, tmp_path):
    """The open page; whatever it asked others for, or complained of, fails the test at its end."""
    width, height = SIZES[request.param]
    context = browser.new_context(viewport={"width": width, "height": height}, accept_downloads=True)
    page = context.new_page()
    complaints: list[str] = []
    page.on(
        "request",
        lambda one: None if one.url.startswith((studio.url, "data:", "blob:")) else complaints.append(one.url),
    )
    page.on("console", lambda one: complaints.append(one.text) if one.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    folder = Path(os.environ.get("GIGS_SHOTS") or tmp_path)

    def shot(name: str) -> None:
        page.screenshot(path=folder / f"{request.param}-{name}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} is wider than the screen"
        assert not TERMS.findall(page.locator("body").inner_text())

    page.shot = shot
    page.goto(studio.url)
    page.locator("#gigs-go").wait_for(timeout=WAIT)
    yield page
    context.close()
    assert complaints == []


def says(page, text: str) -> None:
    page.locator("#gigs-status").get_by_text(text).wait_for(timeout=WAIT)


def upload(page, path: Path) -> None:
    page.locator("#gigs-upload input[type=file]").set_input_files(path)


def test_from_a_photo_to_a_report(page, studio, tmp_path):
    bad = tmp_path / "holiday.png"
    bad.write_text("dear diary")
    upload(page, bad)
    says(page, "Your photo: this is text, not a picture")
    page.shot("1-bad-file")
    page.get_by_label("Clear").first.click()
    photo = tmp_path / "..shirt & <b>trousers.png"
    shutil.copyfile(studio.engine.pack.examples()[2], photo)  # nobody asks what trousers are
    upload(page, photo)
    says(page, "A quick draft for all buyers")
    page.locator("#gigs-audience input").click()
    page.get_by_role("option", name="women's buyers").click()
    says(page, "A quick draft for women's buyers")
    assert 1 <= page.locator(".gigs-card .gigs-stamp").count() <= 4  # fewer where two would look alike
    page.shot("2-draft")

    studio.engine._steps = 4000
    page.locator("#gigs-go").click()
    page.locator("#gigs-status progress").wait_for(timeout=WAIT)
    page.locator("#gigs-stop").click()
    says(page, texts.STOPPED)
    assert studio.desk.jobs._line[-1].done.wait(10)  # nothing computes any more
    page.shot("3-stopped")

    studio.engine._steps = 4
    page.locator("#gigs-go").click()
    says(page, "Done in")
    assert page.locator("#gigs-stop").is_hidden() and page.locator("#gigs-go").is_enabled()
    cards = page.locator(".gigs-card")
    concepts = page.locator(".gigs-card .gigs-stamp").count()
    assert 2 <= concepts <= 6 and cards.count() == concepts + 1  # fewer where two would look alike
    headlines = page.locator(".gigs-verdict").all_inner_texts()
    assert len(headlines) == concepts and all(re.fullmatch(r"\d+ of 100 \[\d+, \d+\]", one) for one in headlines)
    assert all(page.locator(".gigs-card img").evaluate_all("all => all.map(one => one.naturalWidth > 0)"))
    page.shot("4-done")
    with page.expect_popup() as opened:
        page.get_by_role("link", name=texts.OPEN_REPORT).first.click()
    report = opened.value
    report.wait_for_load_state()
    assert "concept" in report.locator("body").inner_text()
    report.close()
    with page.expect_download() as saved:
        page.get_by_role("link", name=texts.SAVE_ALL).first.click()
    assert saved.value.suggested_filename == "gigs-redesigns.zip"
    with zipfile.ZipFile(saved.value.path()) as packed:
        assert {"gigs-redesigns/report.html", f"gigs-redesigns/suggestion-{concepts}.png"} <= set(packed.namelist())


def test_two_windows_and_the_history(page, studio, browser):
    other = browser.new_context().new_page()
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
    page.locator(".gigs-history li").wait_for(timeout=WAIT)
    assert page.locator(".gigs-history li").count() == 1 and other.locator(".gigs-history li").count() == 0
    page.shot("5-history")
    other.context.close()
