"""How much of each edge pixel is product, unmixed from the cloth and the backdrop on its two sides.

A mask that follows a photo's edge includes a pixel as soon as it differs from the backdrop, even if most of the pixel
is backdrop. Moved or recoloured as cloth, such pixels form a bright or dark line along the outline.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

NARROW, SHARE = 2, 0.004  # half the width of the edge: pixels, or the share of the longest side
CONTRAST = 0.15  # least distance in RGB, values in [0,1], of cloth and backdrop that can be told apart
SURE, NONE = 0.9, 0.02  # of the mask: cloth above, backdrop below
NOISE = 0.04  # of a share: less from either end is compression's
SMOOTH = 1.0  # pixels: deviation of the blur that takes noise out of both colours


def unmixed(alpha: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """A mask with its edge derived from the colours.

    Args:
        alpha: float32 `[h,w]` in `[0,1]`, 0 or 1 except at its edge.
        pixels: uint8 `[h,w,3]`.

    Returns:
        The same, float32 `[h,w]`, with edge values a from p = a c + (1 - a) b, for a pixel p, the nearest sure colour c
        of the cloth and b of the backdrop; unchanged if these two are alike or neither is near.
    """
    reach = max(NARROW, round(SHARE * max(alpha.shape)))
    disk = ndimage.iterate_structure(ndimage.generate_binary_structure(2, 1), reach)
    cloth = ndimage.binary_erosion(alpha > SURE, disk, border_value=1)
    backdrop = ndimage.binary_erosion(alpha < NONE, disk, border_value=1)
    if not cloth.any() or not backdrop.any():
        return alpha
    rows, columns = np.nonzero(~cloth & ~backdrop)
    values = pixels.astype(np.float32) / 255
    c, near_cloth = _nearest(values, cloth, rows, columns, 2 * reach + 1)
    b, near_backdrop = _nearest(values, backdrop, rows, columns, 2 * reach + 1)
    across = c - b
    length = (across**2).sum(1)
    told = near_cloth & near_backdrop & (length > CONTRAST**2)
    share = ((values[rows, columns] - b) * across).sum(1) / np.maximum(length, CONTRAST**2)
    found = alpha.copy()
    found[rows[told], columns[told]] = np.clip((share[told] - NOISE) / (1 - 2 * NOISE), 0, 1)
    return found


def _nearest(
    values: np.ndarray, sure: np.ndarray, rows: np.ndarray, columns: np.ndarray, most: int
) -> tuple[np.ndarray, np.ndarray]:
    """The nearest sure colours `[k,3]` to k pixels, and whether they are at most so many pixels away, bool `[k]`."""
    weight = ndimage.gaussian_filter(sure.astype(np.float32), SMOOTH)
    smooth = np.stack(
        [ndimage.gaussian_filter(values[..., channel] * sure, SMOOTH) for channel in range(3)], axis=-1
    ) / np.maximum(weight, 1e-6)[..., None]  # fmt: skip
    distance, places = ndimage.distance_transform_edt(~sure, return_indices=True)
    y, x = places[:, rows, columns]
    return smooth[y, x], distance[rows, columns] <= most
