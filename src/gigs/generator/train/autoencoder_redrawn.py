"""Latents of photos that a flow has drawn anew, for a decoder that learns to make clean pictures of them.

A flow's latents are not quite those of photos: their finest components are noise in part, which the components alone
draw as grain and haloes. So the decoder is shown what the flow makes of a photo's coarse part, and has the photo to
compare with: what is coarse is the same, and so are outlines.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gigs.errors import ModelError
from gigs.generator.base import load_generator
from gigs.generator.families.flow_path import BLUR
from gigs.generator.families.latent_flow import LatentFlow
from gigs.generator.latent import sample_normal
from gigs.progress import OnStep, Step, silent
from gigs.vision.compute import Compute
from gigs.vision.images import to_tensor

REDRAWN = 1024  # photos
BATCH = 32


def flow_with_prior(file: Path) -> LatentFlow:
    """A flow that can keep what is coarse, frozen.

    Raises:
        ModelError: The file is missing, not a latent flow, or one without a prior.
    """
    flow = load_generator(file)
    if not isinstance(flow, LatentFlow):
        raise ModelError(f"{file}: not a latent flow")
    if flow.flow.prior is None:
        raise ModelError(f"{file}: this latent flow has no prior, so it has no coarse part to keep")
    flow.freeze()
    return flow


@torch.no_grad()
def redrawn_latents(
    flow: LatentFlow,
    photos: np.ndarray,
    compute: Compute,
    *,
    seed: int = 0,
    blur: float = BLUR,
    on_step: OnStep = silent,
) -> Tensor:
    """Latents `[N,C,S,S]`, as the decoder takes them, with the photos' coarse part and detail that the flow has drawn.

    Args:
        flow: With a prior.
        photos: uint8 `[N,R,R,3]`.
        compute: Where to draw.
        seed: Of the noise.
        blur: At most, of the noise on what is coarse.
        on_step: Progress.
    """
    compute.place(flow)
    path, rng = flow.flow.path, torch.Generator().manual_seed(seed)
    found = []
    for start in range(0, len(photos), BATCH):
        images = to_tensor(photos[start : start + BATCH]).to(compute.device)
        z = sample_normal(len(images), flow.latent_dim, rng).to(compute.device)
        with compute.autocast():
            noise = path.noise_like(
                flow.latents_of(images), z, blur * torch.rand(len(z), 1, generator=rng).to(z.device)
            )
            latents = flow.to_latents(noise)
        found.append((latents.float() * flow.deviation + flow.mean).cpu())
        on_step(Step("drawing photos anew", start + len(images), len(photos)))
    return torch.cat(found)
