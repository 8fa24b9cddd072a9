"""A mask's edge refined by the photo: the guided filter of He, Sun and Tang (2013), and an even backdrop's colour."""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage.color import rgb2lab

from gigs.transfer.edge import unmixed

LONGEST = 1536  # pixels at which the edge is refined; beyond, a photo shows no more of it
RADIUS = 0.012  # of the filter, in longest sides: as wide as the network's own uncertainty
EPSILON = 1e-4  # variance below which the photo says nothing about the edge; values in [0,1]
FINE = 6  # radius in pixels to which the filter's own work is reduced
STANDS_OUT = 12.0  # from the rim's median colour, CIE76 or values up to 255: not the backdrop
CLEAR = 8.0  # CIE76 from the backdrop at which cloth is told from it
LEVEL = 2.5  # median CIE76 that an even backdrop varies by, at most
NARROW = 0.01  # of the longest side: half the width of a gap that is seen through
HOLE = 0.04  # share of the product that an enclosed hole has at least
EXACTLY = 1.5  # median CIE76 from the backdrop of what is seen through a hole
MOST = 0.6  # share of what was found that a gap has at most; a white shirt on white has more
TOLD = 0.85  # share of the product that has to be clear of the backdrop before the backdrop may take any away


def at_most(photo: Image.Image, longest: int = LONGEST) -> Image.Image:
    """The photo, reduced if it is larger."""
    scale = longest / max(photo.size)
    if scale >= 1:
        return photo
    size = (max(1, round(photo.width * scale)), max(1, round(photo.height * scale)))
    return photo.resize(size, Image.Resampling.LANCZOS)


def refined(alpha: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """A mask whose edge follows the photo's.

    Args:
        alpha: float `[h,w]` in `[0,1]`, smooth.
        pixels: uint8 `[h,w,3]`.

    Returns:
        float32 `[h,w]` in `[0,1]`; 0 and 1 where the mask was sure, and only a narrow edge in between.
    """
    radius = max(1, round(RADIUS * max(alpha.shape)))
    guide = pixels.astype(np.float32) / 255
    followed = _guided(alpha.astype(np.float32), guide, radius)
    sharp = np.clip((followed - 0.15) / 0.7, 0, 1)
    wide = ndimage.uniform_filter(alpha.astype(np.float32), 2 * radius + 1)
    sharp = np.where(wide < 0.01, 0.0, np.where(wide > 0.995, np.maximum(sharp, alpha), sharp))
    return unmixed(np.clip(_without_backdrop(sharp, pixels), 0, 1).astype(np.float32), pixels)


def backdrop(values: np.ndarray) -> np.ndarray:
    """The backdrop under a whole photo: a plane through the colours of its rim, `[h,w,3]` as `values`.

    Fitted without places that stand out there, such as a product that the edge cuts off.
    """
    h, w = values.shape[:2]
    y, x = np.mgrid[0:h, 0:w] / max(h, w)
    terms = np.stack([np.ones_like(x), x, y], axis=-1)
    rim = rim_of(h, w)
    used = rim & (np.linalg.norm(values - np.median(values[rim], axis=0), axis=2) < STANDS_OUT)
    used = used if used.sum() > 20 else rim
    return terms @ np.linalg.lstsq(terms[used], values[used], rcond=None)[0]


def rim_of(h: int, w: int) -> np.ndarray:
    """The pixels along a photo's edges, bool `[h,w]`."""
    rim = np.zeros((h, w), dtype=bool)
    width = max(1, round(0.03 * min(h, w)))
    rim[:width] = rim[-width:] = True
    rim[:, :width] = rim[:, -width:] = True
    return rim


def backdrop_distance(pixels: np.ndarray) -> tuple[np.ndarray, float]:
    """How far each pixel is from the backdrop, CIE76 `[h,w]`, and by how much the backdrop itself varies (median)."""
    lab = rgb2lab(pixels)
    away = np.linalg.norm(lab - backdrop(lab), axis=2)
    return away, float(np.median(away[rim_of(*lab.shape[:2])]))


def _without_backdrop(alpha: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """The mask without places that are plainly backdrop and connected to it: between legs, within a collar or a handle.

    Only if the backdrop is even and nearly all of the product differs from it, so that a white shirt on white does not
    lose its middle.
    """
    away, level = backdrop_distance(pixels)
    if level > LEVEL:
        return alpha
    share = np.clip((away - 3) / (CLEAR - 3), 0, 1)
    labels, _ = ndimage.label((share < 0.5) | (alpha < 0.05))
    open_to_it = _holes(away, alpha, labels)
    joined = np.isin(labels, np.unique(labels[alpha < 0.05])) & (labels > 0)
    gap = _wide(joined & (alpha >= 0.9))
    sure = ndimage.binary_erosion(alpha > 0.9, iterations=2) & ~open_to_it
    if gap.any() and np.median(away[gap]) < EXACTLY and gap.sum() < MOST * (alpha > 0.9).sum():
        sure &= ~gap  # within a handle that does not quite close
    if sure.any() and (away[sure] > CLEAR).mean() >= TOLD:
        open_to_it |= joined & (alpha < 0.9) | gap
    return np.where(ndimage.binary_dilation(open_to_it, iterations=2), np.minimum(alpha, share), alpha)


def _wide(mask: np.ndarray) -> np.ndarray:
    """A mask without narrow parts, because a white stripe along a seam is not a gap."""
    reach = max(1, round(NARROW * max(mask.shape)))
    return mask & ndimage.maximum_filter(ndimage.minimum_filter(mask, 2 * reach + 1), 2 * reach + 3)


def _holes(away: np.ndarray, alpha: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Enclosed places that are exactly the backdrop, bool `[h,w]`: within a strap, a handle or a necklace.

    They are large and even, and their border stands out. A white shirt's middle has no such border, and a white print
    is small, or whiter than the backdrop.
    """
    found = np.zeros(alpha.shape, dtype=bool)
    least = HOLE * (alpha > 0.5).sum()
    sizes = np.bincount(labels.ravel())
    for number in np.flatnonzero(sizes >= least):
        here = labels == number
        if not number or (alpha[here] < 0.05).any():
            continue
        inner = ndimage.binary_erosion(here, iterations=2)
        ring = ndimage.binary_dilation(here, iterations=3) & ~ndimage.binary_dilation(here)
        if inner.any() and np.median(away[inner]) < EXACTLY and np.quantile(away[ring], 0.8) > 2 * CLEAR:
            found |= here
    return found


def _guided(mask: np.ndarray, guide: np.ndarray, radius: int) -> np.ndarray:
    """The guided filter with a colour guide: locally, the mask is an affine function of the photo's colours.

    The local functions are smooth, so they are computed at a smaller size if that suffices (He and Sun 2015).
    """
    height, width = mask.shape
    step = max(1, radius // FINE)
    size = (max(1, width // step), max(1, height // step))
    small = [_resized(each, size, Image.Resampling.BOX) for each in (mask, *np.moveaxis(guide, 2, 0))]
    slope, offset = _local_maps(small[0], np.stack(small[1:], axis=-1), max(1, radius // step))
    wide = [_resized(each, (width, height), Image.Resampling.BILINEAR) for each in (*np.moveaxis(slope, 2, 0), offset)]
    return wide[3] + sum(wide[channel] * guide[..., channel] for channel in range(3))


def _resized(values: np.ndarray, size: tuple[int, int], how: Image.Resampling) -> np.ndarray:
    image = Image.fromarray(np.ascontiguousarray(values, dtype=np.float32))
    return np.asarray(image if image.size == size else image.resize(size, how))


def _local_maps(mask: np.ndarray, guide: np.ndarray, radius: int) -> tuple[np.ndarray, np.ndarray]:
    """Slopes `[h,w,3]` and offsets `[h,w]` of the mask by the guide's colours, averaged over their windows."""

    def box(values: np.ndarray) -> np.ndarray:
        size = (2 * radius + 1, 2 * radius + 1) + (1,) * (values.ndim - 2)
        return ndimage.uniform_filter(values, size, mode="nearest")

    mean, mean_mask = box(guide), box(mask)
    covariance = box(guide * mask[..., None]) - mean * mean_mask[..., None]
    spread = np.empty((*mask.shape, 3, 3), dtype=np.float32)
    for i in range(3):
        for j in range(i, 3):
            product = box(guide[..., i] * guide[..., j]) - mean[..., i] * mean[..., j]
            spread[..., i, j] = spread[..., j, i] = product
    spread += EPSILON * np.eye(3, dtype=np.float32)
    slope = np.linalg.solve(spread, covariance[..., None])[..., 0]
    return box(slope), box(mean_mask - (slope * mean).sum(-1))
