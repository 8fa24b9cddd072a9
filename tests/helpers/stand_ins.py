"""What stands in for networks whose weights would have to be downloaded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from gigs.testing.common import PixelPyramid
from gigs.vision.images import background_colour
from gigs.vision.lpips import PerceptualLoss


class Pyramid(PixelPyramid):
    """`PixelPyramid` with all that `PerceptualLoss` can be asked for."""

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Distances `[N]` of two batches `[N,3,R,R]`, of which one may be a single image."""
        a, b = torch.broadcast_tensors(a, b)
        return self.distance_to(self.target(a), b)

    def pairwise(self, images: Tensor) -> Tensor:
        """Distances `[N(N-1)/2]` of every pair i < j of a batch."""
        first, second = torch.triu_indices(len(images), len(images), 1, device=images.device)
        return self(images[first], images[second])


def backdrop_salience(photo: Image.Image) -> np.ndarray:
    """In place of the cut-out's network: whatever differs from the backdrop, float32 `[320,320]`."""
    pixels = np.asarray(photo.convert("RGB").resize((320, 320), Image.Resampling.BILINEAR), dtype=np.float32)
    away = np.abs(pixels - np.array(background_colour(photo), dtype=np.float32)).max(2)
    return np.clip(away / 40, 0, 1).astype(np.float32)


@contextmanager
def pyramid_for_lpips() -> Iterator[None]:
    """Wherever gigs makes a `PerceptualLoss`, pixels are compared and no weights are read."""

    def init(self: nn.Module, net: str = "vgg", **_: object) -> None:
        nn.Module.__init__(self)
        self.net = net

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PerceptualLoss, "__init__", init)
        for name in ("target", "distance_to", "forward", "pairwise"):
            patch.setattr(PerceptualLoss, name, getattr(Pyramid, name))
        yield
