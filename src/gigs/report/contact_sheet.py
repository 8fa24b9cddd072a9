"""The contact sheet: photo, reconstruction and every suggestion on one picture, with their scores."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageDraw, PngImagePlugin

from gigs.languages import ENGLISH, Language
from gigs.report import templating, texts
from gigs.report.typeface import typeface
from gigs.verify.share import EVEN

if TYPE_CHECKING:
    from gigs.result.schema import Picture, Record, Suggestion

HEIGHT = 300
CAPTION = 46
GAP = 16
COLUMNS = 5
LEAST = 190  # width of a tile in pixels
SIZES = (15, 13)  # of title and detail
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
    entries = _entries(result, say)
    title = say(texts.TITLE, label=say.sentence(result.audience.label))
    note = f"{say('Design concepts, not listing photos.')} {_checked(result, say)}"
    font, drawable = typeface([title, note, *(text for _, name, detail, _ in entries for text in (name, detail))])
    tiles = [_tile(one.image, (drawable(name), drawable(detail)), good, font) for one, name, detail, good in entries]
    width = max(tile.width for tile in tiles)
    columns = min(COLUMNS, len(tiles))
    rows = -(-len(tiles) // columns)
    head = 64
    sheet = Image.new("RGB", (columns * (width + GAP) + GAP, head + rows * (HEIGHT + CAPTION + GAP) + GAP), "white")
    draw = ImageDraw.Draw(sheet)
    draw.text((GAP, 12), drawable(title), INK, font(22))
    draw.text((GAP, 40), drawable(note), PALE, font(13))
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
        return texts.buyers(entry.share, say), entry.share.low > EVEN
    if entry.check is not None:
        gain, verdict = entry.gain or 0.0, say(texts.VERDICTS[entry.verdict])
        return say("{verdict} (judges’ gain {gain})", verdict=verdict, gain=say.number(gain, 2, signed=True)), gain > 0
    own = entry.gain_vs_photo if entry.gain_vs_photo is not None else entry.gain_vs_reconstruction
    shown = templating.number(own, 2, say, signed=True)
    return say("{score} (gain {gain})", score=_score(entry, say), gain=shown), (own or 0) > 0


def _checked(result: Record, say: Language) -> str:
    if result.verification is None:
        return say("The scores come from one model, and nobody has checked them.")
    if result.verification.share is not None:
        return say("Of 100 such buyers, so many should take the redesign rather than the product as it is.")
    return say("Gains as independent judges see them, in standard deviations of the shop’s real items.")


def _score(entry: Picture, say: Language) -> str:
    return say("score {score}", score=templating.number(entry.score, 2, say, signed=True))


def _tile(picture: Image.Image, words: tuple[str, str], good: bool, font: Callable[[int], Any]) -> Image.Image:
    """A picture with its title and detail below, as wide as the widest of the three."""
    picture = picture.resize((max(1, round(picture.width * HEIGHT / picture.height)), HEIGHT), Image.Resampling.LANCZOS)
    width = max(
        picture.width, LEAST, *(round(font(size).getlength(text)) + 8 for text, size in zip(words, SIZES, strict=True))
    )
    tile = Image.new("RGB", (width, HEIGHT + CAPTION), "white")
    tile.paste(picture, ((width - picture.width) // 2, 0))
    draw = ImageDraw.Draw(tile)
    title, detail = words
    draw.text((width / 2, HEIGHT + 6), title, INK, font(SIZES[0]), anchor="ma")
    draw.text((width / 2, HEIGHT + 26), detail, GOOD if good else PALE, font(SIZES[1]), anchor="ma")
    return tile
