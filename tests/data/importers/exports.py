"""Exports of shop systems as they write them: 20 products in three sizes, and orders of two lines."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from tests.helpers.tiny import KINDS, draw_garment, item_colour

SIZES = ("S", "M", "L")
PRODUCTS, BUYERS = 20, 24


def write_shopify(folder: Path) -> Path:
    """`items.csv` with title, type and photo in each product's first row; `orders.csv` with a buyer in its first."""
    header = ("Handle", "Title", "Vendor", "Product Category", "Type", "Option1 Name", "Option1 Value", "Option2 Name",
              "Option2 Value", "Variant SKU", "Variant Price", "Image Src", "Image Position",
              "Variant Image")  # fmt: skip
    rows: list[tuple] = []
    for number in range(PRODUCTS):
        handle, kind = f"thing-{number}", KINDS[number % 3]
        category = f"Apparel & Accessories > Clothing > {kind}"
        for place, size in enumerate(SIZES):
            told = (f"Thing {number}", "Acme", category, "" if number % 2 else kind) if place == 0 else ("",) * 4
            names, photo = ("Size", "Color") if place == 0 else ("", ""), _url(handle) if place == 0 else ""
            own = _url("special") if (number, size) == (3, "L") else ""
            rows.append((handle, *told, names[0], size, names[1], "Red" if number % 2 == 0 else "Blue",
                         f"{handle}/{size}", "19.90", photo, "1" if photo else "", own))  # fmt: skip
        rows.append((handle, *[""] * 10, _url(f"{handle}-back"), "2", ""))  # a further photo, no variant
    _write(folder / "items.csv", header, rows)
    _photos(folder / "photos", [f"thing-{number}" for number in range(PRODUCTS)])
    draw_garment("Dress", (9, 99, 9), np.random.default_rng(5)).save(folder / "photos" / "special.jpg")
    header = ("Name", "Email", "Financial Status", "Created at", "Lineitem quantity", "Lineitem name", "Lineitem sku")
    orders = [
        (f"#{1000 + number}", f"{buyer}@example.org" if line == 0 else "", "paid" if line == 0 else "",
         f"2024-01-{1 + number % 28:02d} 10:00:00 +0100" if line == 0 else "", "1", "Thing", f"thing-{item}/{size}")
        for number, buyer, line, item, size in _lines()
    ]  # fmt: skip
    _write(folder / "orders.csv", header, orders)
    return folder


def write_woocommerce(folder: Path) -> Path:
    """Variations that name a parent by its code, or by number where it has none, and leave what it says blank."""
    header = ("ID", "Type", "SKU", "Name", "Published", "Categories", "Images", "Parent", "Attribute 1 name",
              "Attribute 1 value(s)", "Attribute 2 name", "Attribute 2 value(s)")  # fmt: skip
    rows: list[tuple] = []
    for number in range(PRODUCTS):
        parent, code = str(100 + number), "" if number % 2 else f"P{number}"
        colour = "Red" if number % 2 == 0 else "Blue"
        rows.append((parent, "variable", code, f"Thing {number}", "1", f"Clothing > {KINDS[number % 3]}, Sale",
                     _url(f"thing-{number}"), "", "Size", ", ".join(SIZES), "Color", colour))  # fmt: skip
        rows += [
            (str(1000 + 3 * number + place), "variation", f"P{number}-{size}", f"Thing {number} - {size}", "1", "", "",
             code or f"id:{parent}", "Size", size, "Color", colour)
            for place, size in enumerate(SIZES)
        ]  # fmt: skip
    _write(folder / "items.csv", header, rows)
    _photos(folder / "photos", [f"thing-{number}" for number in range(PRODUCTS)])
    header = ("Order Number", "Order Status", "Order Date", "Email (Billing)", "SKU", "Item Name", "Quantity")
    orders = [
        (str(number), "completed", f"2024-01-{1 + number % 28:02d} 10:00", f"{buyer}@example.org", f"P{item}-{size}",
         "Thing", "1")
        for number, buyer, _, item, size in _lines()
    ]  # fmt: skip
    _write(folder / "orders.csv", header, orders)
    return folder


def _lines() -> list[tuple[int, str, int, int, str]]:
    """Order, buyer, line, product, size: six purchases of each buyer, even buyers of even products."""
    found = []
    for buyer in range(BUYERS):
        for place in range(6):
            item = (buyer + 2 * place) % PRODUCTS
            found.append((10 * buyer + place // 2, f"b{buyer}", place % 2, item, SIZES[(buyer + place) % 3]))
    return found


def _url(name: str) -> str:
    return f"https://cdn.example/files/{name}.jpg?v=17"


def _photos(folder: Path, names: list[str]) -> None:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number, name in enumerate(names):
        draw_garment(KINDS[number % 3], item_colour(number, rng), rng).save(folder / f"{name}.jpg", quality=95)


def _write(path: Path, header: tuple, rows: list[tuple]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as handle:
        csv.writer(handle).writerows([header, *rows])
