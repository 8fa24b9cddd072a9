"""sRGB and CIELAB (D65) as differentiable functions of tensors whose last axis is the colour."""

from __future__ import annotations

import torch
from torch import Tensor

# IEC 61966-2-1's primaries to CIE XYZ, rows scaled by the D65 white so that white is (1, 1, 1).
_WHITE = torch.tensor([0.95047, 1.0, 1.08883])
_TO_XYZ = (
    torch.tensor([[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]])
    / _WHITE[:, None]
)
_FROM_XYZ = torch.linalg.inv(_TO_XYZ)
_TOE = 216 / 24389  # CIE's epsilon; below it the cube root is replaced by a line
_SLOPE = 24389 / 27 / 116


def linear_of(srgb: Tensor) -> Tensor:
    """Linear light of sRGB values in `[0,1]`, any shape."""
    return torch.where(srgb <= 0.04045, srgb / 12.92, ((srgb.clamp_min(0.04045) + 0.055) / 1.055) ** 2.4)


def coded_of(linear: Tensor) -> Tensor:
    """sRGB values of linear light, any shape; the curves continue below 0 and above 1."""
    return torch.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear.clamp_min(0.0031308) ** (1 / 2.4) - 0.055)


def lab_of(srgb: Tensor) -> Tensor:
    """CIELAB of sRGB colours.

    Args:
        srgb: `[...,3]` in `[0,1]`.

    Returns:
        `[...,3]`: L* in 0 to 100, a* and b* in about -110 to 110.
    """
    xyz = linear_of(srgb) @ _TO_XYZ.T.to(srgb)
    f = torch.where(xyz > _TOE, xyz.clamp_min(_TOE) ** (1 / 3), _SLOPE * xyz + 16 / 116)
    x, y, z = f.unbind(-1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], dim=-1)


def srgb_of(lab: Tensor) -> Tensor:
    """sRGB of CIELAB colours `[...,3]`; colours outside sRGB lie outside `[0,1]`."""
    return coded_of(_light_of(lab))


def _light_of(lab: Tensor) -> Tensor:
    """Linear light of CIELAB colours `[...,3]`."""
    y = (lab[..., 0] + 16) / 116
    f = torch.stack([y + lab[..., 1] / 500, y, y - lab[..., 2] / 200], dim=-1)
    return _cubed(f) @ _FROM_XYZ.T.to(lab)


def within_srgb(lab: Tensor, halvings: int = 7) -> Tensor:
    """CIELAB `[...,3]` to sRGB `[...,3]` in `[0,1]`: colours outside sRGB are made greyer, at the same L* and hue.

    Args:
        lab: Colours; L* is clipped to 0 to 100.
        halvings: Steps of bisection for the share of chroma that still fits.
    """
    clipped = torch.cat([lab[..., :1].clamp(0, 100), lab[..., 1:]], -1)
    light = _light_of(clipped)
    lost = ~_within(light)[..., 0]
    if bool(lost.any()):
        out = clipped[lost]
        share = _share_within(out.T.contiguous(), halvings)[:, None]
        light[lost] = _light_of(torch.cat([out[:, :1], share * out[:, 1:]], -1))
    return coded_of(light.clamp(0, 1))


def _share_within(lab: Tensor, halvings: int) -> Tensor:
    """Largest share `[k]` of the chroma of CIELAB `[3,k]` within sRGB, by bisection, rounded down."""
    y = (lab[0] + 16) / 116
    red, blue = lab[1] / 500, -lab[2] / 200
    luminance = _cubed(y)
    low, high = torch.zeros_like(y), torch.ones_like(y)
    for _ in range(halvings):
        middle = (low + high) / 2
        x, z = _cubed(torch.addcmul(y, middle, red)), _cubed(torch.addcmul(y, middle, blue))
        good = torch.ones_like(y, dtype=torch.bool)
        for to_x, to_y, to_z in _FROM_XYZ.tolist():
            light = (to_y * luminance).add_(x, alpha=to_x).add_(z, alpha=to_z)
            good &= (light >= _LEAST) & (light <= _MOST)
        low, high = torch.where(good, middle, low), torch.where(good, high, middle)
    return low


def _cubed(f: Tensor) -> Tensor:
    """The inverse of CIELAB's cube root with its line near black."""
    return torch.where(f > _TOE ** (1 / 3), f * f * f, (f - 16 / 116) / _SLOPE)


def is_shown(lab: Tensor) -> Tensor:
    """Whether CIELAB colours `[...,3]` lie within sRGB, bool `[...,1]`."""
    return _within(_light_of(lab))


_LEAST, _MOST = -1e-3 / 12.92, 1.0023  # linear light of sRGB values a thousandth out of range


def _within(light: Tensor) -> Tensor:
    """Whether colours of linear light `[...,3]` lie within sRGB. The curve, costly and monotone, is left out."""
    return ((light >= _LEAST) & (light <= _MOST)).all(-1, keepdim=True)
