"""Opposite SSIM, 1 - SSIM, under three names: "diversity" means three things between the paper and its code.

| name | what is compared | SSIM |
|---|---|---|
| `opposite_ssim_text` | pictures made for different products or users | of Wang et al. 2004, as the text cites it: Gaussian window of 11, deviation 1.5; values in `[0,1]`, data range 1 |
| `opposite_ssim_code` | each suggestion with its own base | scikit-image's default window of 7; values in `[-1,1]`, but data range 1 |
| `opposite_ssim_pairs` | the suggestions of one product with one another | scikit-image's default window of 7; values in `[0,1]`, data range 1 |

Only the last says whether a seller gets different suggestions. The second grows with the distance to the base, and its
data range halves SSIM's constants, which raises it on flat pictures. The first is about the whole table.
"""  # noqa: E501 - a table

from __future__ import annotations

from itertools import combinations

import numpy as np
from skimage.metrics import structural_similarity
from torch import Tensor

from gigs.errors import InputError

NAMES = ("opposite_ssim_text", "opposite_ssim_code", "opposite_ssim_pairs")


def opposite_ssim_text(first: Tensor, second: Tensor) -> np.ndarray:
    """1 - SSIM of pictures `[N,3,H,W]` in `[0,1]` and as many others, pair by pair, float64 `[N]`; Wang's settings.

    Raises:
        InputError: Other shapes, or pictures smaller than the window of 11.
    """
    a, b = _arrays(first, 11), _arrays(second, 11)
    if a.shape != b.shape:
        raise InputError(f"{len(a)} pictures and {len(b)} others cannot be paired")
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    return np.array([_opposite(one, other, **options) for one, other in zip(a, b, strict=True)])


def opposite_ssim_code(base: Tensor, images: Tensor) -> np.ndarray:
    """1 - SSIM of each picture `[N,3,H,W]` in `[0,1]` with its base `[1,3,H,W]`, as the published code computes it."""
    own = 2 * _arrays(base, 7)[0] - 1
    return np.array([_opposite(own, 2 * other - 1) for other in _arrays(images, 7)])


def opposite_ssim_pairs(images: Tensor) -> np.ndarray:
    """1 - SSIM of every pair of pictures `[N,3,H,W]` in `[0,1]`, float64 `[N(N-1)/2]`; none for a single picture."""
    return np.array([_opposite(one, other) for one, other in combinations(_arrays(images, 7), 2)])


def _opposite(one: np.ndarray, other: np.ndarray, **options: object) -> float:
    return 1.0 - float(structural_similarity(one, other, channel_axis=-1, data_range=1.0, **options))


def _arrays(images: Tensor, window: int) -> np.ndarray:
    """`[N,3,H,W]` to float64 `[N,H,W,3]`."""
    if images.ndim != 4 or images.shape[1] != 3 or min(images.shape[2:]) < window:
        raise InputError(f"SSIM needs pictures [N,3,H,W] of {window} pixels a side or more, not {list(images.shape)}")
    return images.detach().permute(0, 2, 3, 1).double().cpu().numpy()
