"""Pictures for the page: small, inside the page itself, and those that were drawn marked as such."""

from __future__ import annotations

import base64
import io

from PIL import Image
from torch import Tensor

from gigs.studio import texts
from gigs.vision.images import Fit, to_uint8, unfit

SIDE = 320
DESCRIPTION = 0x010E  # EXIF's ImageDescription


def inline(picture: Image.Image, note: str | None = None) -> str:
    """A picture as a `data:` address, at most `SIDE` pixels a side, with a note in its EXIF."""
    small = picture.copy()
    small.thumbnail((SIDE, SIDE))
    about = Image.Exif()
    if note:
        about[DESCRIPTION] = note
    buffer = io.BytesIO()
    small.save(buffer, format="WEBP", quality=88, exif=about)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def drawn(images: Tensor, fit: Fit | None) -> list[str]:
    """What the generator drew, `[N,3,R,R]` in `[0,1]`, in the photo's own aspect, each as a `data:` address."""
    if not len(images):
        return []
    shown = unfit(images.cpu(), fit or Fit(1, 1, 0.0, 0.0, 1.0, 1.0), SIDE)
    return [inline(Image.fromarray(pixels), texts.NOTE) for pixels in to_uint8(shown)]
