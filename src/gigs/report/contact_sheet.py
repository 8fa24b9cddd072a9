"""The contact sheet: photo, reconstruction and every suggestion on one picture, with their scores."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

from gigs.languages import ENGLISH, Language
from gigs.report import templating, texts
from gigs.verify.share import EVEN

if TYPE_CHECKING:
    from gigs.result.schema import Picture, Record, Suggestion

HEIGHT = 300
CAPTION = 46
GAP = 16
COLUMNS = 5
# What the file says of itself; English like the mark of every picture, since programs read it too.
NOTE = "Design concepts, not listing photos. Drawn by gigs."
NOTE_ON_PHOTO = (
    "Design concepts, not listing photos. Made by gigs from a photo: its product was recoloured or reshaped."
)
INK, PALE, GOOD = (32, 32, 36), (112, 112, 120), (18, 112, 66)


def contact_sheet(result: Record, say: Language = ENGLISH) -> bytes:
    """Lay out a result's pictures, with captions in a language; PNG bytes.

    Raises:
        ModelError: A picture is missing.
    """
    tiles = [_tile(entry.image, title, detail, good) for entry, title, detail, good in _entries(result, say)]
    width = max(tile.width for tile in tiles)
    columns = min(COLUMNS, len(tiles))
    rows = -(-len(tiles) // columns)
    head = 64
    sheet = Image.new("RGB", (columns * (width + GAP) + GAP, head + rows * (HEIGHT + CAPTION + GAP) + GAP), "white")
    draw = ImageDraw.Draw(sheet)
    title = say(texts.TITLE, label=say.sentence(result.audience.label))
    draw.text((GAP, 12), title, INK, ImageFont.load_default(22))
    draw.text((GAP, 40), f"{say('Design concepts, not listing photos.')} {_checked(result, say)}", PALE, _font(13))
    for index, tile in enumerate(tiles):
        row, column = divmod(index, columns)
        left = GAP + column * (width + GAP) + (width - tile.width) // 2
        sheet.paste(tile, (left, head + row * (HEIGHT + CAPTION + GAP)))
    buffer = io.BytesIO()
    about = PngImagePlugin.PngInfo()
    about.add_itxt("Description", NOTE_ON_PHOTO if result.on_photo else NOTE)
    sheet.save(buffer, format="PNG", pnginfo=about)
    return buffer.getvalue()


def _entries(result: Record, say: Language) -> list[tuple[Picture, str, str, bool]]:
    """Each picture with its title and detail, and whether the detail is good news."""
    entries: list[tuple[Picture, str, str, bool]] = []
    if result.photo:
        entries.append((result.photo, say(texts.BEFORE_PHOTO), _score(result.photo, say), False))
    if not result.on_photo:
        base = say("Redrawn by the computer") if result.photo else say("Drawn from scratch")
        entries.append((result.reconstruction, base, _score(result.reconstruction, say), False))
    for number, entry in enumerate(result.suggestions, start=1):
        sketch = entry.rendered == "sketch"
        title = say("Redesign {number} (sketch)", number=number) if sketch else say(texts.REDESIGN, number=number)
        entries.append((entry, title, *_detail(entry, say)))
    return entries


def _detail(entry: Suggestion, say: Language) -> tuple[str, bool]:
    """What is known of a redesign, and whether it is good news."""
    if entry.share is not None:
        return texts.of_100(entry.share, say), entry.share.low > EVEN
    if entry.check is not None:
        gain, verdict = entry.gain or 0.0, say(texts.VERDICTS[entry.verdict])
        return say("{verdict} (judges’ gain {gain})", verdict=verdict, gain=say.number(gain, 2, signed=True)), gain > 0
    gain = entry.gain_vs_photo if entry.gain_vs_photo is not None else entry.gain_vs_reconstruction
    shown = templating.number(gain, 2, say, signed=True)
    return say("{score} (gain {gain})", score=_score(entry, say), gain=shown), (gain or 0) > 0


def _checked(result: Record, say: Language) -> str:
    if result.verification is None:
        return say("The scores come from one model, and nobody has checked them.")
    if result.verification.share is not None:
        return say("Of 100 such buyers, so many should take the redesign rather than the product as it is.")
    return say("Gains as independent judges see them, in standard deviations of the shop’s real items.")


def _score(entry: Picture, say: Language) -> str:
    return say("score {score}", score=templating.number(entry.score, 2, say, signed=True))


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
