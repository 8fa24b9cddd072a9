"""The product cut out of a photo, by whatever says where it is: a mask, transparency, or a network."""

from __future__ import annotations

import warnings
from os import PathLike
from pathlib import Path

import numpy as np
from PIL import Image

from gigs.errors import InputError, ModelError
from gigs.method.options import Options
from gigs.transfer import CutOut, Keep, cut_out, from_mask, read_mask, transparency_of

Photo = str | PathLike[str] | Image.Image | np.ndarray


def cut_out_of(photo: Photo, picture: Image.Image, mask: Path | None) -> CutOut | None:
    """The cut-out of a photo; None, with a warning, where the network for it is not within reach.

    Args:
        photo: As it was given: a PNG's transparency is a mask.
        picture: The same, upright RGB.
        mask: File that says where the product is, in place of all else.

    Raises:
        InputError: The mask cannot be used.
    """
    if mask is not None:
        return read_mask(mask, picture)
    transparency = transparency_of(Path(photo).read_bytes()) if isinstance(photo, str | PathLike) else _alpha_of(photo)
    if transparency is not None:
        return from_mask(transparency, picture, "the photo's transparency")
    try:
        return cut_out(picture)
    except ModelError as error:
        warnings.warn(f"{error}; redesigns are shown as the generator drew them", stacklevel=2)
        return None


def keep_of(options: Options, picture: Image.Image, cutout: CutOut) -> Keep:
    """What must not change, with a region read from its file; the shape too where somebody wears the product.

    A warp would bend the person along with it.

    Raises:
        InputError: The region cannot be used, or nothing would be left to change.
    """
    region = None
    if options.keep_region is not None:
        region = read_mask(options.keep_region, picture).mask(*picture.size)
    worn = ("shape",) if cutout.person is not None else ()
    keep = Keep.of((*options.keep, *worn), region)
    if keep.colour and keep.shape:
        why = " (somebody wears the product, so its shape is kept)" if "shape" not in options.keep else ""
        raise InputError(f"with colour and shape kept{why}, nothing is left to change; keep one of the two")
    return keep


def require_photo(options: Options, why: str) -> None:
    """Refuse what can be kept, or masked, on the seller's own photo only.

    Raises:
        InputError: One of the options is given.
    """
    for given, option in ((options.keep, "keep"), (options.keep_region, "keep_region"), (options.mask, "mask")):
        if given:
            raise InputError(f"{option} is for redesigns on the photo, and here {why}; leave it out")


def _alpha_of(photo: Image.Image | np.ndarray) -> np.ndarray | None:
    """Transparency of a picture in memory, where it has any that varies."""
    if isinstance(photo, np.ndarray):
        photo = Image.fromarray(photo) if photo.dtype == np.uint8 and photo.ndim == 3 else Image.new("RGB", (1, 1))
    if photo.mode not in ("RGBA", "LA", "PA"):
        return None
    alpha = np.asarray(photo.getchannel("A"))
    return None if alpha.min() == alpha.max() else alpha
