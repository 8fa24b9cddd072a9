"""Pictures are float32 `[N,3,H,W]` in `[0,1]`, sRGB. Decoding, orienting, fitting to the square, saving.

Photos from outside are checked once. `vision.opening` checks format and size before any pixel is decoded. This module
then handles orientation, colour space, bit depth and transparency.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageCms, PngImagePlugin
from torch import Tensor

from gigs.errors import InputError
from gigs.io import storage
from gigs.vision.opening import open_picture, photo_bytes, printable, turned
from gigs.vision.picture_files import ORIENTATION, UPRIGHT
from gigs.vision.sizes import within_bounds


@dataclass(frozen=True)
class Fit:
    """How a photo sits in its square: the photo's own size and its box inside the square, as shares of the side."""

    width: int
    height: int
    left: float
    top: float
    right: float
    bottom: float


def read_photo(path: str | Path) -> Image.Image:
    """Read a photo as upright 8-bit sRGB.

    Args:
        path: A JPEG, PNG, WebP or AVIF file, with any name; also HEIC if `pillow-heif` is installed.

    Returns:
        An RGB image of at least 32 px per side and at most 50 megapixels. A larger JPEG is reduced to a half, a quarter
        or an eighth while it is decoded. Transparency is laid on white, and 16-bit values are scaled, not clipped. Of
        an animation, the first frame is used.

    Raises:
        InputError: The photo cannot be used. The message names the file and the reason.
    """
    return decode_photo(photo_bytes(path), str(path))


def decode_photo(content: bytes, name: str) -> Image.Image:
    """Decode a photo in memory; see `read_photo`. `name` is its name in error messages."""
    name = printable(name)
    try:
        opened = open_picture(content, name)
        photo = _to_srgb(opened.upright())
    except InputError:
        raise
    except Exception as error:  # Decoders meet damaged bytes with every kind; to the user it is one thing.
        raise InputError(f"{name}: cannot be decoded ({printable(error)})") from error
    if opened.frames > 1:
        warnings.warn(f"{name}: animated; only its first frame is used", stacklevel=2)
    return photo


def as_photo(picture: Image.Image | np.ndarray) -> Image.Image:
    """Convert a picture in memory to upright 8-bit sRGB, with the limits of `read_photo`.

    Args:
        picture: A PIL image, or an array `[H,W]`, `[H,W,3]` or `[H,W,4]`, uint8 or float in `[0,1]`.

    Raises:
        InputError: The array has another shape, type or range, or the picture is out of bounds.
    """
    if isinstance(picture, np.ndarray):
        picture = Image.fromarray(_as_uint8(picture))
    return _to_srgb(upright(within_bounds(picture, "the picture")))


def _as_uint8(values: np.ndarray) -> np.ndarray:
    if values.ndim not in (2, 3) or (values.ndim == 3 and values.shape[2] not in (3, 4)):
        raise InputError(f"an array of shape {list(values.shape)} is not a picture; give [H,W], [H,W,3] or [H,W,4]")
    if values.dtype == np.uint8:
        return values
    if values.dtype.kind != "f":
        raise InputError(f"an array of {values.dtype} is not a picture; give uint8, or floats from 0 to 1")
    if not np.isfinite(values).all() or values.min() < 0 or values.max() > 1:
        raise InputError("an array of floats must hold numbers from 0 to 1")
    return np.rint(values * 255).astype(np.uint8)


def upright(image: Image.Image) -> Image.Image:
    """Apply the EXIF orientation of a picture in memory; a malformed EXIF block is ignored."""
    try:
        orientation = int(image.getexif().get(ORIENTATION, UPRIGHT))
    except Exception:  # Pillow's EXIF parser raises many types on hostile blocks; the pixels are fine without it.
        return image
    return turned(image, orientation)


def _to_srgb(image: Image.Image) -> Image.Image:
    """Convert any mode to 8-bit RGB: scale 16 bits, lay transparency on white, apply embedded profiles."""
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I"):
        return _through_profile(_from_16_bit(image), profile)
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layered = image.convert("RGBA")
        white = Image.new("RGB", layered.size, "white")
        return Image.composite(_through_profile(layered.convert("RGB"), profile), white, layered.getchannel("A"))
    return _through_profile(image, profile)


def _from_16_bit(image: Image.Image) -> Image.Image:
    """Convert 16-bit to 8-bit grey (Pillow clips at 255). The transparent value, if any, becomes white."""
    values = np.asarray(image, dtype=np.float64)
    values = np.where(values == image.info.get("transparency", -1), 65535.0, values)
    return Image.fromarray(np.clip(np.rint(values / 257.0), 0, 255).astype(np.uint8))


def _through_profile(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert to RGB, through the embedded ICC profile if it is usable."""
    if image.mode not in ("RGB", "CMYK", "L"):
        image = image.convert("RGB")
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
            if converted is not None:
                return converted
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            pass  # a damaged or mismatched profile: the untouched values are the best guess
    return image.convert("RGB")


def background_colour(image: Image.Image) -> tuple[int, int, int]:
    """Median colour of the edges next to the padding: left and right of a portrait, top and bottom otherwise."""
    pixels = np.asarray(image)
    rim = max(1, round(0.02 * min(image.size)))
    upright = image.height >= image.width
    edges = (pixels[:, :rim], pixels[:, -rim:]) if upright else (pixels[:rim], pixels[-rim:])
    median = np.median(np.concatenate([edge.reshape(-1, 3) for edge in edges]), axis=0)
    red, green, blue = (int(value) for value in median)
    return red, green, blue


def fit_square(image: Image.Image, size: int) -> tuple[np.ndarray, Fit]:
    """Fit a photo into a square by padding with its background colour, never by stretching.

    Args:
        image: RGB photo.
        size: Side of the square in pixels.

    Returns:
        uint8 `[size,size,3]`, and the `Fit` for `unfit`.
    """
    scale = size / max(image.size)
    width, height = (max(1, round(side * scale)) for side in image.size)
    left, top = (size - width) // 2, (size - height) // 2
    square = Image.new("RGB", (size, size), background_colour(image))
    # Pillow's antialiased filter is the same on every platform; torchvision's resize is not.
    square.paste(image.resize((width, height), Image.Resampling.BICUBIC), (left, top))
    box = (left / size, top / size, (left + width) / size, (top + height) / size)
    return np.asarray(square), Fit(image.width, image.height, *box)


def unfit(images: Tensor, fit: Fit, longest: int = 512) -> Tensor:
    """Remove the padding and enlarge for display, in the photo's aspect ratio.

    Args:
        images: `[N,3,S,S]` in `[0,1]`.
        fit: What `fit_square` returned for the photo.
        longest: Longer side of the result in pixels.

    Returns:
        `[N,3,h,w]` in `[0,1]` with `max(h, w) == longest`.
    """
    side = images.shape[-1]
    left, right = round(fit.left * side), max(round(fit.left * side) + 1, round(fit.right * side))
    top, bottom = round(fit.top * side), max(round(fit.top * side) + 1, round(fit.bottom * side))
    scale = longest / max(fit.width, fit.height)
    shape = (max(1, round(fit.height * scale)), max(1, round(fit.width * scale)))
    cropped = images[..., top:bottom, left:right]
    return torch.nn.functional.interpolate(cropped, shape, mode="bicubic", antialias=True).clamp(0, 1)


def to_tensor(pixels: np.ndarray) -> Tensor:
    """uint8 `[N,H,W,3]` or `[H,W,3]` to float32 `[N,3,H,W]` in `[0,1]`."""
    batch = pixels[None] if pixels.ndim == 3 else pixels
    return torch.from_numpy(np.array(batch)).permute(0, 3, 1, 2).float().div_(255.0)


def to_uint8(images: Tensor) -> np.ndarray:
    """Float `[N,3,H,W]` in `[0,1]` to uint8 `[N,H,W,3]`, rounded."""
    return images.detach().float().clamp(0, 1).mul(255).round().byte().permute(0, 2, 3, 1).contiguous().cpu().numpy()


def save_png(image: Tensor, path: str | Path, *, note: str | None = None) -> Path:
    """Save an image `[3,H,W]` in `[0,1]` as PNG, atomically. `note` is its Description."""
    about = PngImagePlugin.PngInfo()
    if note:
        about.add_itxt("Description", note)
    picture = Image.fromarray(to_uint8(image[None])[0])
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG", pnginfo=about, optimize=False)
    return storage.write_bytes(Path(path), buffer.getvalue())
