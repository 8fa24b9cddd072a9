"""A photo's layers, computed once for all its redesigns: the cloth's colour at its edge, the clean backdrop, the
shadow.

All layers are smooth and computed at a limited size; the photo itself is only read where it moves (`apply`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from gigs.transfer.cutout import CutOut
from gigs.transfer.pyramid import fill_in, shrunk

EDGE = 768  # longest side at which the cloth's colour is carried out over its edge
STRIP = 64  # rows of the reduced photo that are made at once
BACKDROP = 384  # and at which the backdrop is filled in
RIM = 0.002  # of the longest side, beyond one pixel
BLOCK, RINGING = 8, 0.01  # pixels of a JPEG's block, and share of the longest side: as far as an edge rings
CLEAR = 0.02  # of the longest side around the product that is not used for the backdrop, because an edge rings
EVEN = 0.012  # median deviation from a quadratic surface, values in [0,1], up to which a backdrop is even
NOISE = 0.012  # darkening too small for a shadow
DEEPEST = 0.3  # least that is left of the light in a shadow
REACH = 0.05  # of a shadow around the garment, in longest sides; it has faded out at twice that


@dataclass(frozen=True)
class Layers:
    """What is behind and at the edge of a product; all float32 in `[0,1]`.

    Attributes:
        outline: The cut-out, and the same a pixel smaller (where a photo shows the cloth and no edge),
            `[1,2,h,w]`: they are always read together.
        rims: The cut-out a few pixels larger, as far as a soft edge carries the product's colour; and larger still, as
            far as lossy compression rings around it, `[1,2,h,w]`. On an uneven backdrop both are the same.
        cloth: The product's colour, carried on beyond its edge, `[1,3,.,.]`.
        backdrop: The backdrop without the product and without its shadow, `[1,3,.,.]`.
        shadow: Share of the light that the product's shadow leaves, `[1,1,.,.]`; 1 if there is none.
        person: Skin and hair, `[1,1,.,.]`; None if nobody wears the product.
    """

    outline: Tensor
    rims: Tensor
    cloth: Tensor
    backdrop: Tensor
    shadow: Tensor
    person: Tensor | None

    @property
    def alpha(self) -> Tensor:
        """The cut-out `[1,1,h,w]`."""
        return self.outline[:, :1]

    @cached_property
    def casts_shadow(self) -> bool:
        """Whether there is a shadow to move."""
        return bool((self.shadow < 1).any())


def layers_of(photo: np.ndarray, cutout: CutOut) -> Layers:
    """Compute a photo's layers.

    Args:
        photo: uint8 `[H,W,3]`.
        cutout: The cut-out of that photo.
    """
    alpha = torch.from_numpy(np.array(cutout.alpha))[None, None]
    small = _reduced(photo, EDGE)
    cloth = _cloth(small, _like(alpha, small))
    low = shrunk(small, BACKDROP)
    ringing = max(BLOCK / max(photo.shape), RINGING)
    backdrop, shadow, even = _behind(low, _like(alpha, low), max(CLEAR, ringing))
    person = None if cutout.person is None else torch.from_numpy(np.array(cutout.person))[None, None]
    longest = max(alpha.shape[-2:])
    rim = _rim(alpha, 1 + round(RIM * longest))
    wide = torch.maximum(rim, _faded(alpha, ringing * longest)) if even else rim
    outline = torch.cat([alpha, _shrunk(alpha, 1)], dim=1)
    return Layers(outline, torch.cat([rim, wide], dim=1), cloth, backdrop, shadow, person)


def _reduced(photo: np.ndarray, longest: int) -> Tensor:
    """A photo as `[1,3,h,w]` in `[0,1]`, at most `longest` pixels a side; strip by strip, as a copy would be large."""
    scale = min(1.0, longest / max(photo.shape))
    size = (max(1, round(photo.shape[1] * scale)), max(1, round(photo.shape[0] * scale)))
    factor = max(1, int(0.5 / scale))
    strip = factor * STRIP
    parts = [np.asarray(_image(photo[top : top + strip]).reduce(factor)) for top in range(0, photo.shape[0], strip)]
    small = np.asarray(_image(np.concatenate(parts)).resize(size, Image.Resampling.BOX))
    return torch.from_numpy(np.array(small)).permute(2, 0, 1)[None].float() / 255


def _image(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(pixels))


def _like(alpha: Tensor, pixels: Tensor) -> Tensor:
    size = pixels.shape[-2:]
    return F.interpolate(alpha, size, mode="bilinear", antialias=True, align_corners=False).clamp(0, 1)


def _grown(alpha: Tensor, reach: int) -> Tensor:
    """A mask's greatest value within `reach` pixels: rows first, then columns, which is equal and much faster."""
    rows = F.max_pool2d(alpha, (1, 2 * reach + 1), stride=1, padding=(0, reach))
    return F.max_pool2d(rows, (2 * reach + 1, 1), stride=1, padding=(reach, 0))


def _shrunk(alpha: Tensor, reach: int) -> Tensor:
    """A mask's least value within `reach` pixels."""
    return -_grown(-alpha, reach)


def _faded(alpha: Tensor, reach: float) -> Tensor:
    """The mask with its surroundings, fainter towards `reach` pixels away."""
    wide = _grown(alpha, max(1, round(0.6 * reach)))
    return _softened(wide, max(1, round(0.4 * reach)))


def _softened(alpha: Tensor, reach: int) -> Tensor:
    """A mask's mean within `reach` pixels; beyond the border, the border's values continue."""
    wide = F.pad(alpha, [reach] * 4, mode="replicate")
    return F.avg_pool2d(F.avg_pool2d(wide, (1, 2 * reach + 1), stride=1), (2 * reach + 1, 1), stride=1)


def _rim(alpha: Tensor, reach: int) -> Tensor:
    """The mask with its surroundings, softly ending."""
    return F.avg_pool2d(_grown(alpha, reach), 3, stride=1, padding=1, count_include_pad=False)


def _cloth(pixels: Tensor, alpha: Tensor) -> Tensor:
    """The product's colour where it is sure, carried outwards: at its edge a photo mixes it with the backdrop."""
    sure = ((_shrunk(alpha, 1) - 0.9) / 0.1).clamp(0, 1)
    if not bool((sure > 0).any()):
        sure = alpha.square()
    return fill_in(pixels, sure)


def _behind(pixels: Tensor, alpha: Tensor, clear: float) -> tuple[Tensor, Tensor, bool]:
    """The clean backdrop and the shadow, `[1,3,h,w]` and `[1,1,h,w]`, and whether the backdrop is even.

    Args:
        pixels: The photo, `[1,3,h,w]`.
        alpha: The cut-out, `[1,1,h,w]`.
        clear: Width around the product, as a share of the longest side, that is not used for the backdrop.
    """
    known = (_grown(alpha, max(2, round(clear * max(alpha.shape[-2:])))) < 0.02).float()
    if not bool(known.any()):
        mean = pixels.mean((2, 3), keepdim=True).expand_as(pixels).clone()
        return mean, torch.ones_like(alpha), False
    surface = _surface(pixels, known)
    if surface is None:
        return fill_in(pixels, known), torch.ones_like(alpha), False
    shadow = _shadow(pixels, surface, (_grown(alpha, 1) < 0.05).float(), alpha)
    clean = surface + fill_in(pixels / shadow - surface, known)
    return clean.clamp(0, 1), shadow, True


def _surface(pixels: Tensor, known: Tensor) -> Tensor | None:
    """The quadratic surface `[1,3,h,w]` that an even backdrop follows; None if it is not even.

    Fitted four times, each time with less weight for places darker than the last fit, because these are shadows.
    """
    h, w = pixels.shape[-2:]
    y, x = torch.meshgrid(torch.linspace(-1, 1, h), torch.linspace(-1, 1, w), indexing="ij")
    terms = torch.stack([torch.ones_like(x), x, y, x * x, x * y, y * y], dim=-1).view(-1, 6)
    values = pixels[0].permute(1, 2, 0).reshape(-1, 3)
    weight = known.reshape(-1, 1)
    surface = values
    for _ in range(4):
        gram = (terms * weight).T @ terms + 1e-4 * weight.sum() * torch.eye(6)
        surface = terms @ torch.linalg.solve(gram, (terms * weight).T @ values)
        below = (surface - values).mean(1, keepdim=True).clamp_min(0)
        weight = known.reshape(-1, 1) / (1 + (below / NOISE) ** 2)
    off = (surface - values).abs().mean(1)[known.reshape(-1) > 0]
    if float(off.median()) > EVEN:
        return None
    return surface.clamp(0.02, 1).T.reshape(1, 3, h, w)


def _shadow(pixels: Tensor, surface: Tensor, known: Tensor, alpha: Tensor) -> Tensor:
    """Share of the light left, `[1,1,h,w]`: grey darkening near the product, carried on under it."""
    ratio = pixels / surface
    raw = (1 - ratio.mean(1, keepdim=True)).clamp(0, 1 - DEEPEST)
    dark = raw * ((raw - NOISE) / NOISE).clamp(0, 1)
    coloured = (ratio.amax(1, keepdim=True) - ratio.amin(1, keepdim=True)) > 0.15
    usable = known * (~coloured).float()
    dark = fill_in(dark * usable, usable)
    return 1 - dark * _near(alpha)


def _near(alpha: Tensor) -> Tensor:
    """1 within `REACH` of the product, falling to 0 at twice that, `[1,1,h,w]`."""
    reach = max(1, round(REACH * max(alpha.shape[-2:])))
    return _softened(_grown(alpha, reach), reach).clamp(0, 1)
