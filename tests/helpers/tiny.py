"""A very small shop in the layout of the H&M data, with a taste that is known: even users buy red, odd users blue."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

KINDS = ("T-shirt", "Trousers", "Dress")
OUTLINES = {
    "T-shirt": ((20, 22), (44, 22), (58, 36), (50, 44), (46, 40), (46, 78), (18, 78), (18, 40), (14, 44), (6, 36)),
    "Trousers": ((20, 14), (44, 14), (50, 84), (37, 84), (32, 36), (27, 84), (14, 84)),
    "Dress": ((24, 12), (40, 12), (42, 38), (54, 86), (10, 86), (22, 38)),
}
FIRST_DAY = date(2020, 1, 1)


def write_tiny_kaggle(folder: Path, items: int = 60, users: int = 12, seed: int = 0) -> Path:
    """Write `articles.csv`, `customers.csv`, `transactions_train.csv` and `images/`; same arguments, same bytes.

    Items alternate between red-ish (even) and blue-ish (odd); two neighbours are colour variants of one product.
    Each user buys 8 distinct items of the liked colour on 8 different days, and one of them a second time.
    """
    rng = np.random.default_rng(seed)
    ids = [f"0{700000 + item // 2:06d}{item % 2 + 1:03d}" for item in range(items)]
    for item, item_id in enumerate(ids):
        path = folder / "images" / item_id[:3] / f"{item_id}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        draw_garment(KINDS[item // 2 % 3], item_colour(item, rng), rng).save(path, quality=92)
    _write_articles(folder / "articles.csv", ids)
    names = [f"{user:02d}" + "c0ffee" * 10 for user in range(users)]
    rows = [(name, "ACTIVE", "NONE", "" if user == 3 else 20 + user) for user, name in enumerate(names)]
    _write(folder / "customers.csv", ("customer_id", "club_member_status", "fashion_news_frequency", "age"), rows)
    bought = []
    for user, name in enumerate(names):
        liked = rng.choice(np.arange(user % 2, items, 2), size=8, replace=False)
        days = np.sort(rng.choice(60, size=8, replace=False))
        bought += [(day, name, ids[item]) for day, item in zip(days, liked, strict=True)]
        bought.append((days[-1], name, ids[liked[0]]))
    rows = [(FIRST_DAY + timedelta(int(day)), name, item_id, "0.0169", 2) for day, name, item_id in sorted(bought)]
    _write(folder / "transactions_train.csv", ("t_dat", "customer_id", "article_id", "price", "sales_channel_id"), rows)
    return folder


def item_colour(item: int, rng: np.random.Generator) -> tuple[int, int, int]:
    """Red-ish for an even item, blue-ish for an odd one, no two alike."""
    strong, weak = int(rng.integers(170, 235)), int(rng.integers(15, 60))
    middle = int(rng.integers(20, 80))
    return (strong, middle, weak) if item % 2 == 0 else (weak, middle, strong)


def draw_garment(kind: str, colour: tuple[int, int, int], rng: np.random.Generator) -> Image.Image:
    """A garment of one colour, 64 x 96, on a light even background."""
    picture = Image.new("RGB", (64, 96), (int(rng.integers(236, 246)),) * 3)
    shift = rng.integers(-2, 3, size=2)
    outline = [(x + int(shift[0]), y + int(shift[1])) for x, y in OUTLINES[kind]]
    ImageDraw.Draw(picture).polygon(outline, fill=colour, outline=tuple(value // 2 for value in colour))
    return picture


def _write_articles(path: Path, ids: list[str]) -> None:
    columns = (
        "article_id",
        "product_code",
        "prod_name",
        "product_type_name",
        "product_group_name",
        "graphical_appearance_name",
        "colour_group_name",
        "index_group_name",
        "detail_desc",
    )
    rows = []
    for item, item_id in enumerate(ids):
        kind = KINDS[item // 2 % 3]
        colour = "Red" if item % 2 == 0 else "Blue"
        group = "Garment Lower body" if kind == "Trousers" else "Garment Upper body"
        look = "Solid" if item % 4 < 2 else ""
        section = "Menswear" if item % 6 < 2 else "Ladieswear"
        rows.append((item_id, item_id[:7], f"{kind} {item // 2}", kind, group, look, colour, section, "Plain, soft."))
    _write(path, columns, rows)


def _write(path: Path, columns: tuple[str, ...], rows: list[tuple]) -> None:
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
