"""A region of the photo whose bytes must not change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from gigs.errors import InputError
from gigs.transfer.cutout import CutOut

FEATHER = 0.015  # of the longest side: over this distance the change fades out towards the region
SIDE = 768


@dataclass(frozen=True)
class Region:
    """A region to keep.

    Attributes:
        mask: Bool `[H,W]` at the photo's size.
        feather: How far the change has faded out, `[1,1,.,.]` in `[0,1]`; 1 within the region.
        touches: Whether it touches the product.
    """

    mask: np.ndarray
    feather: Tensor
    touches: bool

    def put_back(self, out: np.ndarray, photo: np.ndarray) -> np.ndarray:
        """The result with the photo's own bytes in the region; both uint8 `[H,W,3]`."""
        out[self.mask] = photo[self.mask]
        return out


def region_of(mask: np.ndarray | None, cutout: CutOut) -> Region | None:
    """The region of a mask; None if there is none.

    Raises:
        InputError: The mask is not of the photo's size.
    """
    if mask is None:
        return None
    if mask.shape != (cutout.height, cutout.width):
        raise InputError(
            f"the region to keep is {mask.shape[1]} x {mask.shape[0]} pixels, and the photo has {cutout.width} x "
            f"{cutout.height}: a region needs the photo's own size"
        )
    scale = min(1.0, SIDE / max(mask.shape))
    size = (max(1, round(mask.shape[1] * scale)), max(1, round(mask.shape[0] * scale)))
    small = np.asarray(Image.fromarray(mask.astype(np.uint8) * 255).resize(size, Image.Resampling.BOX)) > 0
    reach = max(1, round(FEATHER * max(size)))
    soft = torch.from_numpy(small.astype(np.float32))[None, None]
    wide = F.max_pool2d(soft, 2 * reach + 1, stride=1, padding=reach)
    feather = F.avg_pool2d(F.pad(wide, [reach] * 4, mode="replicate"), 2 * reach + 1, stride=1)
    touches = bool((small & (cutout.mask(*size) | (np.asarray(Image.fromarray(cutout.alpha).resize(size)) > 0))).any())
    return Region(mask, feather.clamp(0, 1), touches)
