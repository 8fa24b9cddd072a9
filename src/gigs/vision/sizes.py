"""Limits on the size of photos. They bound the memory of decoded pixels, whatever a file holds."""

from __future__ import annotations

import math

from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile

from gigs.errors import InputError

MIN_SIDE = 32
MAX_PIXELS = 50_000_000  # of what is decoded
MAX_IN_FILE = 250_000_000  # of a JPEG, which is reduced while it is decoded: phones take 200 megapixels
MAX_COEFFICIENTS = 400 << 20  # bytes: with several scans the decoder holds all of them, however far it reduces
MAX_ASPECT = 8.0
SCALES = (2, 4, 8)  # by which JPEG's decoder reduces


def within_bounds(image: Image.Image, name: str, *, scans: int = 1) -> Image.Image:
    """Check a picture's size. A large JPEG is set to be reduced while decoding; a picture in memory is reduced.

    Args:
        image: The picture; only its header must have been read.
        name: Its name in error messages.
        scans: Number of passes of the decoder over all pixels.

    Raises:
        InputError: The picture is too large, too small or too narrow. The message says what to do.
    """
    width, height = image.size
    shape, pixels = f"{name}: {width} x {height} pixels is too", width * height
    if min(width, height) < MIN_SIDE:
        raise InputError(f"{shape} small (each side needs at least {MIN_SIDE}); give a larger photo")
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise InputError(f"{shape} narrow for a product photo (at most {MAX_ASPECT:g}:1); cut it to the product")
    encoded = isinstance(image, JpegImageFile) and bool(image.tile)  # a JPEG that is still to be decoded
    if encoded and scans > 1 and _coefficients(image) > MAX_COEFFICIENTS:
        raise InputError(f"{shape} large for a progressive JPEG; save it as an ordinary (baseline) one, or smaller")
    if pixels <= MAX_PIXELS:
        return image
    if pixels > MAX_IN_FILE or not (encoded or _is_decoded(image)):
        most, as_jpeg = MAX_PIXELS // 1_000_000, MAX_IN_FILE // 1_000_000
        raise InputError(
            f"{shape} large (at most {most} megapixels, or {as_jpeg} as JPEG, which is reduced); "
            "save it smaller, or as JPEG"
        )
    if not encoded:
        return image.reduce(math.ceil(math.sqrt(pixels / MAX_PIXELS)))
    scale = next(scale for scale in SCALES if math.ceil(width / scale) * math.ceil(height / scale) <= MAX_PIXELS)
    image.draft(None, (width // scale, height // scale))
    return image


def _is_decoded(image: Image.Image) -> bool:
    return not isinstance(image, ImageFile) or (isinstance(image, JpegImageFile) and not image.tile)


def _coefficients(image: Image.Image) -> int:
    """Bytes that the decoder needs for all of a JPEG's coefficients."""
    assert isinstance(image, JpegImageFile)
    across, down = max(layer[1] for layer in image.layer), max(layer[2] for layer in image.layer)
    shares = sum(layer[1] * layer[2] / (across * down) for layer in image.layer)
    return round(2 * image.width * image.height * shares)
