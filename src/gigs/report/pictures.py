"""Pictures that gigs made, ready for a page: reduced, with what they say about themselves."""

from __future__ import annotations

import io

from PIL import Image, PngImagePlugin

from gigs.vision.opening import own_picture

DESCRIPTION = 0x010E  # of an Exif record


def reduced(content: bytes, longest: int, name: str = "a picture") -> bytes:
    """A picture's PNG file with at most so many pixels a side, its note in it; the file itself if it is as small.

    Raises:
        ModelError: It is damaged, or none of ours; the message calls it `name`.
    """
    own = own_picture(content, name)
    if max(own.size) <= longest:
        return content
    about, buffer = PngImagePlugin.PngInfo(), io.BytesIO()
    if own.note:
        about.add_itxt("Description", own.note)
    picture = own.rgb()
    picture.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    picture.save(buffer, format="PNG", pnginfo=about)
    return buffer.getvalue()


def as_jpeg(content: bytes, longest: int, note: str | None = None, *, quality: int) -> bytes:
    """The same as a JPEG file for a page that goes by mail; the note goes into its Exif record.

    Raises:
        ModelError: It is damaged, or none of ours.
    """
    picture = own_picture(content, "a picture").rgb()
    picture.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    about, buffer = Image.Exif(), io.BytesIO()
    if note:
        about[DESCRIPTION] = note
    picture.save(buffer, format="JPEG", quality=quality, exif=about)
    return buffer.getvalue()
