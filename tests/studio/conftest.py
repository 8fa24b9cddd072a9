"""Fixtures of the studio's tests. `page` opens `studio`, which a module may have for itself.

Screenshots go to `GIGS_SHOTS`, or to pytest's folder; look at them after changing the page.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from gigs.packs import load_pack
from gigs.studio.desk import Desk
from gigs.studio.limits import Limits
from tests.helpers.browser import CHROMIUM, FLAGS, WAIT
from tests.studio.scripted import Scripted

SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
TERMS = re.compile(
    r"\b(lpips|latent|gans?|inversion|auc|epsilon|eps|encoder|generator|embedding|neural|gradient|tensor|pixel loss|"
    r"hyperparameter|vector|score|z-score|percentile|checkpoint|preset|model|models)\b",
    re.I,
)


@pytest.fixture
def engine(small_pack):
    return Scripted(small_pack)


@pytest.fixture
def desk(engine, tmp_path):
    (tmp_path / "uploads").mkdir()
    desk = Desk(engine, tmp_path / "visits", tmp_path / "uploads", Limits(waiting=2, seconds=20, history=2))
    yield desk
    engine.gate.set()
    desk.close()
    assert not (tmp_path / "visits").exists()


@pytest.fixture(scope="module")
def studio(small_pack):
    """A studio that answers at once: its engine has a script in place of networks."""
    from tests.studio.serving import serving  # needs gradio, which not all tests here do

    engine = Scripted(small_pack)
    engine.plain = False
    engine.pack = load_pack("hm-64")  # for its examples
    with serving(engine) as studio:
        yield studio


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="Python's playwright is not installed")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield opened
        opened.close()


@pytest.fixture(params=SIZES)
def page(request, studio, browser, tmp_path):
    """The open page; whatever it asked others for, or complained of, fails the test at its end."""
    width, height = SIZES[request.param]
    context = browser.new_context(viewport={"width": width, "height": height}, accept_downloads=True)
    context.set_default_timeout(WAIT)
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
    page.locator("#gigs-go").wait_for()
    yield page
    context.close()
    assert complaints == []
