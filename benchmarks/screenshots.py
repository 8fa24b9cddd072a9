"""The pictures of the documents, taken anew: the studio at two widths, its tab of colours, the report and its slider.

    python -m benchmarks.screenshots [--out docs/images] [--number 0]

Everything is made from an example of the bundled pack, which its generator drew: no photo is shown. Needs Chromium and
the packages of `gigs[dev]`.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

import gigs
from gigs.packs import load_pack
from gigs.service.engine import Engine
from gigs.studio import texts
from tests.helpers.browser import CHROMIUM, FLAGS
from tests.studio.serving import serving
from tests.studio.test_browser import SIZES

WAIT = 300_000  # milliseconds
WIDTH = 1000


def main() -> None:
    """Parse options, start the studio, press its buttons."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    parser.add_argument("--number", type=int, default=0, help="which example")
    options = parser.parse_args()
    if CHROMIUM is None:
        raise SystemExit("error: no Chromium here; Debian's package chromium is enough")
    engine = Engine()
    engine.warm()
    with serving(engine) as studio, sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        for name, (width, height) in SIZES.items():
            page = browser.new_page(viewport={"width": width, "height": height})
            page.goto(studio.url)
            _redesign(page, options.number)
            if name == "phone":
                page.locator("#gigs-results").scroll_into_view_if_needed()
            page.screenshot(path=options.out / f"studio-{name}.png", full_page=name == "desktop")
            if name == "desktop":
                _colours(page)
                page.screenshot(path=options.out / "studio-colours.png", full_page=True)
        _report(browser.new_page(viewport={"width": WIDTH, "height": 1400}), options)
        browser.close()


def _redesign(page: Page, number: int) -> None:
    page.locator("#gigs-examples button").nth(number).click(timeout=WAIT)
    _says(page, "quick draft")
    page.locator("#gigs-go").click()
    _says(page, "Done in")


def _colours(page: Page) -> None:
    page.get_by_role("tab", name=texts.COLOURS).click()
    page.locator("#gigs-colour-names input, #gigs-colour-names textarea").first.fill("navy, #7a1f2b")
    page.locator("#gigs-colour-go").click()
    page.locator("#gigs-colours img").first.wait_for(timeout=WAIT)
    page.wait_for_timeout(1000)


def _says(page: Page, text: str) -> None:
    page.locator("#gigs-status").get_by_text(text).wait_for(timeout=WAIT)


def _report(page: Any, options: argparse.Namespace) -> None:
    """The report's first screen, and the contact sheet."""
    folder = options.out / "made"
    gigs.suggest(load_pack().examples()[options.number], audience="women").save(folder)
    page.goto((folder / "report.html").resolve().as_uri())
    page.screenshot(path=options.out / "report.png")
    page.goto((folder / "compare.html").resolve().as_uri())
    page.screenshot(path=options.out / "compare.png")
    shutil.move(folder / "contact-sheet.png", options.out / "example.png")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
