"""The contact sheet: photo, reconstruction and every suggestion on one picture, with their scores."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

from gigs.report import templating
from gigs.verify.share import EVEN

if TYPE_CHECKING:
    from gigs.result.schema import Picture, Record

HEIGHT = 300
CAPTION = 46
GAP = 16
COLUMNS = 5
NOTE = "Design concepts, not listing photos. Drawn by gigs."
NOTE_ON_PHOTO = (
    "Design concepts, not listing photos. Made by gigs from a photo: its product was recoloured or reshaped."
)
INK, PALE, GOOD = (32, 32, 36), (112, 112, 120), (18, 112, 66)


def contact_sheet(result: Record) -> bytes:
    """Lay out a result's pictures; PNG bytes.

    Raises:
        ModelError: A picture is missing.
    """
    tiles = [_tile(entry.image, title, detail, good) for entry, title, detail, good in _entries(result)]
    width = max(tile.width for tile in tiles)
    columns = min(COLUMNS, len(tiles))
    rows = -(-len(tiles) // columns)
    head = 64
    sheet = Image.new("RGB", (columns * (width + GAP) + GAP, head + rows * (HEIGHT + CAPTION + GAP) + GAP), "white")
    draw = ImageDraw.Draw(sheet)
    draw.text((GAP, 12), f"Redesigns for: {result.audience.label}", INK, ImageFont.load_default(22))
    draw.text((GAP, 40), f"Design concepts, not listing photos. {_checked(result)}", PALE, _font(13))
    for index, tile in enumerate(tiles):
        row, column = divmod(index, columns)
        left = GAP + column * (width + GAP) + (width - tile.width) // 2
        sheet.paste(tile, (left, head + row * (HEIGHT + CAPTION + GAP)))
    buffer = io.BytesIO()
    about = PngImagePlugin.PngInfo()
    about.add_itxt("Description", NOTE_ON_PHOTO if result.on_photo else NOTE)
    sheet.save(buffer, format="PNG", pnginfo=about)
    return buffer.getvalue()


def _entries(result: Record) -> list[tuple[Picture, str, str, bool]]:
    """Each picture with its title and detail, and whether the detail is good news."""
    entries: list[tuple[Picture, str, str, bool]] = []
    if result.photo:
        entries.append((result.photo, "your photo", _score(result.photo), False))
    base = "redrawn by the generator" if result.photo else "sampled design"
    if not result.on_photo:
        entries.append((result.reconstruction, base, _score(result.reconstruction), False))
    for number, entry in enumerate(result.suggestions, start=1):
        gain = entry.gain_vs_photo if entry.gain_vs_photo is not None else entry.gain_vs_reconstruction
        detail, good = f"{_score(entry)} (gain {templating.number(gain, '%+.2f')})", (gain or 0) > 0
        if entry.check is not None:
            detail, good = f"{entry.verdict} (judges' gain {entry.gain:+.2f})", (entry.gain or 0) > 0
        if entry.share is not None:
            detail, good = f"{entry.share} buyers", entry.share.low > EVEN
        sketch = " (sketch)" if entry.rendered == "sketch" else ""
        entries.append((entry, f"redesign {number}{sketch}", detail, good))
    return entries


def _checked(result: Record) -> str:
    if result.verification is None:
        return "Scores are one model's and unchecked."
    if result.verification.share is not None:
        return "Of 100 such buyers, how many should take the redesign rather than the product as it is."
    return "Gains as independent judges see them, in standard deviations of the shop's real items."


def _score(entry: Picture) -> str:
    return f"score {templating.number(entry.score, '%+.2f')}"


def _tile(picture: Image.Image, title: str, detail: str, good: bool) -> Image.Image:
    picture = picture.resize((max(1, round(picture.width * HEIGHT / picture.height)), HEIGHT), Image.Resampling.LANCZOS)
    width = max(picture.width, 190)
    tile = Image.new("RGB", (width, HEIGHT + CAPTION), "white")
    tile.paste(picture, ((width - picture.width) // 2, 0))
    draw = ImageDraw.Draw(tile)
    draw.text((width / 2, HEIGHT + 6), title, INK, _font(15), anchor="ma")
    draw.text((width / 2, HEIGHT + 26), detail, GOOD if good else PALE, _font(13), anchor="ma")
    return tile


def _font(size: int) -> Any:
    return ImageFont.load_default(size)
