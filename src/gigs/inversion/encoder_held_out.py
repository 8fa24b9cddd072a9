"""How well an encoder and its generator redraw photos of products that neither has seen."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchvision.utils import make_grid

from gigs.generator.base import Generator
from gigs.inversion.encoder import Encoder
from gigs.inversion.optimise import describe
from gigs.progress import OnStep, Step, silent
from gigs.vision.compute import Compute
from gigs.vision.images import to_tensor
from gigs.vision.lpips import PerceptualLoss

MEASURED = 200  # photos at most
DRAWN = 32
BATCH = 20


class HeldOut:
    """At most 200 photos, spread evenly over the given rows, and therefore the same in every run.

    Args:
        photos: uint8 `[items,R,R,3]` at the generator's resolution.
        rows: Items of held-out products.
    """

    def __init__(self, photos: np.ndarray, rows: np.ndarray) -> None:
        self.photos, self.rows = photos, _spread(rows, MEASURED)

    def __len__(self) -> int:
        return len(self.rows)

    @torch.no_grad()
    def measure(self, encoder: Encoder, generator: Generator, on_step: OnStep = silent) -> dict[str, Any]:
        """Mean and median of LPIPS (VGG16) and of the squared error in `[0,1]`, in fp32."""
        device = next(encoder.parameters()).device
        perceptual = PerceptualLoss(net="vgg").to(device)
        lpips, mse = [], []
        for start in range(0, len(self), BATCH):
            photos = to_tensor(self.photos[self.rows[start : start + BATCH]]).to(device)
            drawn = describe(generator, photos, perceptual, encoder(photos))
            lpips.append(drawn.lpips.cpu())
            mse.append(drawn.mse.cpu())
            on_step(Step("measuring held-out photos", start + len(photos), len(self)))
        return {"photos": len(self), "lpips_vgg": _summary(torch.cat(lpips)), "mse": _summary(torch.cat(mse))}

    @torch.no_grad()
    def grid(self, encoder: Encoder, generator: Generator, compute: Compute) -> Tensor:
        """Picture `[3,H,W]` in `[0,1]` of 32 photos, each with its reconstruction on its right."""
        photos = to_tensor(self.photos[_spread(self.rows, DRAWN)])
        with compute.autocast():
            drawn = generator(encoder(photos.to(compute.device))).float().cpu()
        return make_grid(torch.stack([photos, drawn], dim=1).flatten(0, 1), nrow=8)


def _spread(rows: np.ndarray, count: int) -> np.ndarray:
    return rows[np.linspace(0, len(rows) - 1, count).astype(int)] if len(rows) > count else rows


def _summary(values: Tensor) -> dict[str, float]:
    return {"mean": round(values.mean().item(), 6), "median": round(values.median().item(), 6)}
