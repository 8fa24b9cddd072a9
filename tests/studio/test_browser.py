"""The studio in a real browser: upload, audience, run, stop, download, a bad file, at desktop and phone width."""

from __future__ import annotations

import re
import shutil
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("gradio")
pytest.importorskip("playwright.sync_api", reason="Python's playwright is not installed")

from gigs.service.engine import Engine
from gigs.studio import texts
from tests.helpers.browser import NEEDS_CHROMIUM
from tests.studio.serving import says, serving

pytestmark = [pytest.mark.slow, pytest.mark.weights, NEEDS_CHROMIUM]


@pytest.fixture(scope="module")
def studio():
    engine = Engine(steps=4)  # the real pack, with few steps
    engine.warm()
    with serving(engine) as studio:
        yield studio


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
    page.locator("#gigs-status progress").wait_for()
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
