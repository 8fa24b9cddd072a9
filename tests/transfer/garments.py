"""Product photos drawn by code: a jumper on an even backdrop, with folds, a print and a soft shadow, at any size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from skimage.color import lab2rgb

from gigs.images import Fit, fit_square
from gigs.transfer import CutOut

BACKDROP = np.array([0.93, 0.92, 0.91])


@dataclass(frozen=True)
class Jumper:
    """Half widths and heights in widths and heights of the photo, and the cloth's CIELAB."""

    body: float = 0.22
    sleeve: float = 0.36
    top: float = 0.2
    hem: float = 0.8
    lab: tuple[float, float, float] = (60.0, 10.0, -20.0)
    texture: float = 3.0
    printed: bool = False
    shadow: float = 0.0


def drawn(jumper: Jumper, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """The photo, uint8 `[height,width,3]`, and its true mask, float `[height,width]`."""
    x = (np.arange(width) + 0.5) / width - 0.5
    y = ((np.arange(height) + 0.5) / height)[:, None]
    inside = (np.abs(x) < jumper.body) & (y > jumper.top) & (y < jumper.hem)
    inside |= (np.abs(x) < jumper.sleeve) & (y > jumper.top) & (y < jumper.top + 0.22)
    mask = inside.astype(np.float32)
    lab = np.empty((height, width, 3))
    lab[:] = jumper.lab
    fold = np.sin(x / jumper.body * 9) * 4 + jumper.texture * (np.indices((height, width)).sum(0) % 2 * 2 - 1)
    lab[..., 0] += fold
    if jumper.printed:
        lab[((x / jumper.body) ** 2 + ((y - 0.5) / 0.12) ** 2) < 0.3] += (-25.0, 20.0, 30.0)
    cloth = lab2rgb(lab).clip(0, 1)
    light = 1 - jumper.shadow * np.exp(-(((y - jumper.hem) / 0.04) ** 2) - (x / jumper.body) ** 4)
    behind = BACKDROP * light[..., None]
    return np.rint((cloth * mask[..., None] + behind * (1 - mask[..., None])) * 255).astype(np.uint8), mask


def small(jumper: Jumper, side: int = 64) -> torch.Tensor:
    """The jumper as a generator would draw it: `[1,3,side,side]`, without texture or print."""
    plain = Jumper(jumper.body, jumper.sleeve, jumper.top, jumper.hem, jumper.lab, texture=0)
    photo, _ = drawn(plain, 400, 600)
    square, _ = fit_square(Image.fromarray(photo), side)
    return torch.from_numpy(np.array(square)).permute(2, 0, 1)[None].float() / 255


def cut(mask: np.ndarray) -> CutOut:
    """The true cut-out."""
    return CutOut(mask.astype(np.float32), mask.shape[1], mask.shape[0])


def fit_of(photo: np.ndarray) -> Fit:
    return fit_square(Image.fromarray(photo), 64)[1]
