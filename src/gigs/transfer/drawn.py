"""The product in a drawn picture: what differs from the even backdrop that the generator draws."""

from __future__ import annotations

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from gigs.transfer.lab import lab_of

SURE = 14.0  # CIE76 from the backdrop at which a pixel fully belongs to the product
FAINT = 4.0  # and at which it begins to
LEAST = 0.02  # share of the picture that a product has
CLEAR = 0.6  # least share of a product clear of the backdrop; below, its mask is a guess
CRUMB = 0.08  # a piece smaller than this share of the largest is not part of the product


def drawn_alpha(images: Tensor) -> Tensor:
    """Soft masks of the product in generated pictures.

    Args:
        images: `[n,3,R,R]` in `[0,1]`, sRGB.

    Returns:
        `[n,1,R,R]` in `[0,1]`: by distance from the backdrop's colour in CIELAB, with holes filled and specks removed.
    """
    lab = lab_of(images.permute(0, 2, 3, 1))
    away = (lab - _backdrop(lab)[:, None, None]).norm(dim=-1)
    soft = ((away - FAINT) / (SURE - FAINT)).clamp(0, 1)
    return torch.stack([torch.from_numpy(_whole(each)) for each in soft.cpu().numpy()])[:, None]


def is_told(images: Tensor, alphas: Tensor) -> Tensor:
    """Whether pictures' masks are reliable, bool `[n]`: most of the product clearly differs from the backdrop.

    Args:
        images: As for `drawn_alpha`.
        alphas: Its answer.
    """
    lab = lab_of(images.permute(0, 2, 3, 1))
    away = (lab - _backdrop(lab)[:, None, None]).norm(dim=-1)
    mask = alphas[:, 0] > 0.5
    area = mask.float().mean((1, 2))
    clear = (mask & (away > SURE)).float().mean((1, 2)) / area.clamp_min(1e-6)
    return (area > LEAST) & (clear > CLEAR)


def _backdrop(lab: Tensor) -> Tensor:
    """Median colour `[n,3]` of the frame, a sixteenth of the side wide."""
    rim = max(1, lab.shape[1] // 16)
    sides = (lab[:, :rim], lab[:, -rim:], lab[:, :, :rim].transpose(1, 2), lab[:, :, -rim:].transpose(1, 2))
    return torch.cat(sides, dim=1).flatten(1, 2).median(dim=1).values


def _whole(soft: np.ndarray) -> np.ndarray:
    """One soft mask `[R,R]` with enclosed places filled and distant specks removed."""
    hard = ndimage.binary_fill_holes(soft > 0.3)
    inside = ndimage.binary_erosion(hard)
    labels, count = ndimage.label(ndimage.binary_dilation(hard))
    if count > 1:
        sizes = np.bincount(labels.ravel(), weights=hard.ravel())[1:]
        kept = np.isin(labels, 1 + np.flatnonzero(sizes >= CRUMB * sizes.max()))
        soft, inside = soft * kept, inside & kept
    return np.where(inside, 1.0, soft).astype(np.float32)
