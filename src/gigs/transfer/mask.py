"""A mask given instead of the automatic cut-out: a file, or the transparency of a PNG or WebP."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from gigs.errors import InputError
from gigs.transfer.cutout import CutOut
from gigs.transfer.framing import framing
from gigs.transfer.matte import LONGEST, at_most
from gigs.transfer.person import person_in
from gigs.vision.images import decode_photo, upright
from gigs.vision.opening import open_picture, photo_bytes, printable

LEAST, MOST = 0.005, 0.98  # share of the photo that a product can have
GREY = 0.5  # share of values that are neither 0 nor 1; a mask has them at its edge only
PIECES = 0.6  # share that the ten largest pieces have at least; less is confetti


def from_mask(mask: np.ndarray, photo: Image.Image, name: str = "mask") -> CutOut:
    """A cut-out from a mask.

    Args:
        mask: Bool, uint8 (0 to 255) or float (0 to 1), `[height,width]` of the photo, the product bright.
        photo: The upright photo.
        name: What error messages call the mask.

    Raises:
        InputError: The mask is of another size or type, empty, full, grey all over, or in shreds.
    """
    alpha = _as_alpha(mask, name)
    _check_size(alpha, photo, name)
    _check(alpha, name)
    small = Image.fromarray(alpha)
    if max(small.size) > LONGEST:
        small = at_most(small)
    alpha = np.clip(np.asarray(small, dtype=np.float32), 0, 1)
    pixels = np.asarray(at_most(photo))
    person = person_in(pixels, alpha)
    return CutOut(alpha, photo.width, photo.height, framing=framing(alpha, pixels, person), person=person)


def read_mask(path: str | Path, photo: Image.Image) -> CutOut:
    """A cut-out from a mask in a file: its transparency if it has any, and otherwise its brightness.

    Raises:
        InputError: The file cannot be read, or as `from_mask`.
    """
    return from_mask(_in_file(Path(path)), photo, Path(path).name)


def read_region(path: str | Path, photo: Image.Image) -> np.ndarray:
    """A region of a photo from a mask in a file, bool `[H,W]`.

    Raises:
        InputError: The file cannot be read, or as `region_from`.
    """
    return region_from(_in_file(Path(path)), photo, Path(path).name)


def region_from(mask: np.ndarray, photo: Image.Image, name: str = "region") -> np.ndarray:
    """A region of a photo from a mask as `from_mask` takes it, bool `[H,W]`: as small as a logo, even in pieces.

    Raises:
        InputError: The mask is of another size or type than the photo, grey all over, or marks nothing.
    """
    alpha = _as_alpha(mask, name)
    _check_size(alpha, photo, name)
    _check_grey(alpha, name, "what is to be kept has to be white and all else black")
    if not (alpha > 0.5).any():
        raise InputError(f"{name}: marks nothing; what is to be kept has to be white")
    return alpha > 0.5


def transparency_of(content: bytes, name: str = "the mask") -> np.ndarray | None:
    """The alpha channel of a picture file, uint8 `[H,W]` and upright; None if it has none or is opaque.

    Raises:
        InputError: Damaged, out of bounds, or in another format; `name` is what the message calls it.
    """
    try:
        opened = open_picture(content, name)
        return _alpha(opened.upright()) if _has_alpha(opened.image) else None
    except InputError:
        raise
    except Exception as error:  # as in `images`: on damaged bytes, decoders raise every kind of error
        raise InputError(f"{name}: cannot be decoded ({printable(error)})") from error


def alpha_of(image: Image.Image) -> np.ndarray | None:
    """The alpha channel of a picture, uint8 `[H,W]`, turned upright as its EXIF says; None if it is opaque."""
    return _alpha(upright(image)) if _has_alpha(image) else None


def _has_alpha(image: Image.Image) -> bool:
    return image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info


def _alpha(image: Image.Image) -> np.ndarray | None:
    alpha = np.asarray(image.convert("RGBA").getchannel("A"))
    return None if alpha.min() == 255 else alpha


def _as_alpha(mask: np.ndarray, name: str) -> np.ndarray:
    """float32 in `[0,1]`, `[H,W]`."""
    if mask.ndim != 2:
        raise InputError(f"{name}: an array of shape {mask.shape}; a mask is [height,width]")
    if mask.dtype == np.bool_:
        return mask.astype(np.float32)
    if mask.dtype == np.uint8:
        return mask.astype(np.float32) / 255
    if np.issubdtype(mask.dtype, np.floating) and np.isfinite(mask).all() and mask.min() >= 0 and mask.max() <= 1:
        return mask.astype(np.float32)
    raise InputError(f"{name}: {mask.dtype} values; a mask is bool, uint8 from 0 to 255 or float from 0 to 1")


def _in_file(path: Path) -> np.ndarray:
    """A mask's values, uint8 `[H,W]`: transparency if the file has any, and otherwise brightness."""
    name = printable(path.name)
    if not path.is_file():
        raise InputError(f"{name}: no such file; a mask is a PNG, JPEG, WebP or AVIF picture")
    content = photo_bytes(path)
    alpha = transparency_of(content, name)
    return np.asarray(decode_photo(content, name).convert("L")) if alpha is None else alpha


def _check_size(alpha: np.ndarray, photo: Image.Image, name: str) -> None:
    if alpha.shape != (photo.height, photo.width):
        raise InputError(
            f"{name}: {alpha.shape[1]} x {alpha.shape[0]} pixels, and the photo has {photo.width} x {photo.height}: "
            "a mask needs the photo's own size"
        )


def _check_grey(alpha: np.ndarray, name: str, advice: str) -> None:
    if (grey := float(((alpha > 0.05) & (alpha < 0.95)).mean())) > GREY:
        raise InputError(f"{name}: {grey:.0%} of it is grey, as of a photo and not of a mask; {advice}")


def _check(alpha: np.ndarray, name: str) -> None:
    """Refuse what cannot be a product's mask."""
    area = float((alpha > 0.5).mean())
    advice = "the product has to be white and all else black"
    _check_grey(alpha, name, advice)
    if area < LEAST:
        raise InputError(f"{name}: marks {area:.1%} of the photo, which is no product; {advice}")
    if area > MOST:
        raise InputError(f"{name}: marks {area:.0%} of the photo and leaves no backdrop; {advice}")
    labels, count = ndimage.label(alpha > 0.5)
    sizes = np.sort(np.bincount(labels.ravel())[1:])[::-1]
    if count > 10 and sizes[:10].sum() < PIECES * sizes.sum():
        raise InputError(f"{name}: falls into {count} pieces, which is no product; {advice}")
