"""Picture grids: Fig. 4 (method beside the baseline) and Fig. 5 (one product, its suggestions).

Only what generators drew is shown. The seller's own photo joins Fig. 5 on request, and then the file is not for
publication: a catalogue's photos belong to whoever took them.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from gigs.experiments.plots import by_cell
from gigs.experiments.records import Records
from gigs.experiments.row_figures import Record
from gigs.experiments.run_table import folder_of
from gigs.experiments.setup import Bench
from gigs.io import storage
from gigs.metrics.preference import best
from gigs.vision.images import to_uint8

ROWS = 6
TILE, GAP, HEAD = 96, 6, 26

Strip = list[tuple[str, Tensor]]  # titles (empty for most) and pictures [3,R,R]


def method_grid(path: Path, table_records: Sequence[Record], bench: Bench) -> Path:
    """Fig. 4: for each user, suggestions of the method to the left, of the personalised baseline to the right."""
    store = Records(folder_of(bench.work, "table2", bench.protocol.name), {})
    cells = by_cell(table_records)
    rows: list[Strip] = []
    for number in range(min(ROWS, len(next(iter(cells.values()))))):
        strip: Strip = []
        for (cell, _), records in cells.items():
            if cell != "non-personalised":
                images = _ordered(store, records[number])
                named = cell if number == 0 else ""
                strip += [(named if place == 0 else "", image) for place, image in enumerate(images[:5])]
        rows.append(strip)
    return _draw(path, rows)


def product_grid(path: Path, table_records: Sequence[Record], bench: Bench, *, photos: bool = False) -> Path:
    """Fig. 5: reconstruction and suggestions of preferred products; with the photo itself only if asked for."""
    store = Records(folder_of(bench.work, "table3", bench.protocol.name), {})
    rows: list[Strip] = []
    for (cell, method), records in by_cell(table_records).items():
        if cell != "preferred":
            continue
        for number, record in enumerate(records[:ROWS]):
            base = store.pictures(record)[0]
            strip: Strip = []
            if photos:
                strip.append(("photo", _photo(bench, record)))
            if base is not None:
                strip.append(("redrawn", base[0]))
            strip += [(method if place == 0 else "", image) for place, image in enumerate(_ordered(store, record))]
            rows.append(strip if number == 0 else [("", image) for _, image in strip])
    return _draw(path, rows)


def _photo(bench: Bench, record: Record) -> Tensor:
    place = bench.catalogue.items["item_id"].astype(str) == record["item_id"]
    return bench.photo(int(place.to_numpy().argmax()))[0].cpu()


def _ordered(store: Records, record: Record) -> list[Tensor]:
    """Suggestions, best first by the target's score."""
    images = store.pictures(record)[1]
    scores = record["scores"]["suggestions"]
    return [images[number] for number in best(scores, len(scores))]


def _draw(path: Path, rows: Sequence[Strip]) -> Path:
    """Rows of tiles; a row that has titles gets room for them above it."""
    heads = [HEAD if any(title for title, _ in row) else 0 for row in rows]
    columns = max((len(row) for row in rows), default=1)
    sheet = Image.new("RGB", (columns * (TILE + GAP) + GAP, sum(heads) + len(rows) * (TILE + GAP) + GAP), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    top = GAP
    for head, row in zip(heads, rows, strict=True):
        for column, (title, image) in enumerate(row):
            left = GAP + column * (TILE + GAP)
            tile = Image.fromarray(to_uint8(image[None])[0]).resize((TILE, TILE), Image.Resampling.BILINEAR)
            draw.text((left, top + 4), title, (32, 32, 36), font)
            sheet.paste(tile, (left, top + head))
        top += head + TILE + GAP
    buffer = io.BytesIO()
    sheet.save(buffer, format="PNG")
    return storage.write_bytes(path, buffer.getvalue())
