"""The page in a real browser: ten thousand products, and only the pictures that are looked at."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="Python's playwright is not installed")

from gigs.farm.report.summary import summarised  # noqa: E402
from gigs.farm.report.write import write_page  # noqa: E402
from gigs.farm.store import Store  # noqa: E402
from tests.farm.report.made_up import ABOUT, made_up  # noqa: E402

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
PRODUCTS, PAGE = 10_000, 50

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here; Debian's package chromium is enough")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("report")
    write_page(Store.open(str(root)), summarised(made_up(PRODUCTS)), ABOUT, failed=0)
    return root / "report"


def test_it_opens_filters_and_sorts_and_reads_few_pictures(folder: Path) -> None:
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        pictures, faults = [], []
        page.on("request", lambda one: pictures.append(one.url) if one.url.endswith(".webp") else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(folder.joinpath("index.html").as_uri())
        page.locator("#rows tr").first.wait_for()
        assert page.locator("#rows tr").count() == PAGE
        assert f"1 to {PAGE} of {2 * PRODUCTS}" in page.locator("#count").inner_text()
        assert len(pictures) <= 2 * PAGE
        shares = [float(text.split()[0]) for text in page.locator("#rows td:nth-child(6)").all_inner_texts()]
        assert shares == sorted(shares, reverse=True)

        page.select_option("#category", label="Shoes")
        page.select_option("#audience", label="women")
        page.select_option("#change", label="length")
        rows = page.locator("#rows tr").all_inner_texts()
        assert all("Shoes" in row and "women" in row for row in rows)
        assert f"of {2 * PRODUCTS}" not in page.locator("#count").inner_text()

        page.fill("#text", "product 42")
        assert all("Product 42" in row for row in page.locator("#rows tr").all_inner_texts())
        page.locator("#controls button[type=reset]").click()
        page.locator("th[data-key=name] button").focus()
        page.keyboard.press("Enter")
        page.locator("th[data-key=name][aria-sort=ascending]").wait_for()
        page.locator("#next").click()
        assert f"{PAGE + 1} to {2 * PAGE}" in page.locator("#count").inner_text()
        assert len(pictures) < 500 and not faults
        assert page.locator("#rows img").first.get_attribute("alt").startswith("The photo of Product")
        browser.close()
