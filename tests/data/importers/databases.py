"""The messy shop's tables as a database holds them, and how its import is compared with that of the files."""

from __future__ import annotations

import csv
from pathlib import Path

from gigs.data.catalogue import Catalogue
from gigs.data.importers.shop import ShopSettings
from tests.helpers.command_line import Outcome, gigs

SECRET = "s3cr/t p@ss"
QUOTED = "s3cr%2Ft%20p%40ss"
ITEMS = 'SELECT sku AS item_id, title, category, gender, color, style AS "style id", photo FROM items ORDER BY place'
EVENTS = "SELECT customer AS user_id, sku AS item_id, action, at AS time FROM events ORDER BY place;"
SETTINGS = ShopSettings(image_size=32, hold_out=3)


def rows_of(path: Path, width: int) -> list[list[str | None]]:
    """A CSV's rows as a database would hold them: numbered, NULL for blank."""
    with path.open(newline="", encoding="utf-8-sig") as handle:
        rows = [row for row in list(csv.reader(handle))[1:] if len(row) == width]
    return [[place, *(cell or None for cell in row)] for place, row in enumerate(rows)]


TABLES = {
    "items": "place integer, sku text, title text, category text, gender text, color text, style text, photo text, "
    "price text, class text",
    "events": "place integer, customer text, sku text, action text, at text",
}
WIDTHS = {"items": 9, "events": 4}


def same(catalogue: Catalogue, expected: Catalogue) -> None:
    assert catalogue.items["item_id"].tolist() == expected.items["item_id"].tolist()
    assert catalogue.users["user_id"].tolist() == expected.users["user_id"].tolist()
    assert catalogue.interactions.equals(expected.interactions)
    assert (catalogue.images(32) == expected.images(32)).all()


def command(url: str, items: str, shop: Path, out: Path) -> Outcome:
    options = {"--images": shop / "photos", "--items": items, "--interactions": EVENTS, "--out": out}
    return gigs("data", "import", "sql", url, *(part for option in options.items() for part in option))


def parts(text: str) -> list[str]:
    """Which forms of the secret are in a text."""
    return [form for form in (SECRET, QUOTED, SECRET.replace(" ", "+"), "s3cr") if form in text]
