"""Latents that a flow draws, for a decoder that learns to make clean pictures of them.

A flow's latents are not quite those of photos: their finest components are noise in part, and the components alone draw
that as grain. Photos cannot teach a decoder to remove it. A critic can, which compares what it draws of a flow's
latents with photos.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from gigs.errors import ModelError
from gigs.generator.base import load_generator
from gigs.generator.families.autoencoder import latents_id
from gigs.generator.families.latent_flow import LatentFlow
from gigs.progress import OnStep, Step, silent
from gigs.vision.compute import Compute

DRAWN = 1024
BATCH = 32


@torch.no_grad()
def drawn_latents(file: Path, origin: str, compute: Compute, seed: int, on_step: OnStep = silent) -> Tensor:
    """`[1024,C,S,S]` latents, as the decoder takes them, that a flow draws without conditions.

    Args:
        file: Of a latent flow.
        origin: `latents_id` of the autoencoder whose latents these must be.
        compute: Where to draw.
        seed: Of the noise.
        on_step: Progress.

    Raises:
        ModelError: The file is missing, or not a latent flow over these latents.
    """
    flow = load_generator(file)
    if not isinstance(flow, LatentFlow) or latents_id(flow.autoencoder) != origin:
        raise ModelError(f"{file}: not a latent flow over this autoencoder's latents")
    compute.place(flow)
    z = flow.sample(DRAWN, torch.Generator().manual_seed(seed))
    found = []
    for start in range(0, DRAWN, BATCH):
        with compute.autocast():
            latents = flow.to_latents(flow.noise(z[start : start + BATCH].to(compute.device)))
        found.append((latents.float() * flow.deviation + flow.mean).cpu())
        on_step(Step("drawing latents", start + BATCH, DRAWN))
    return torch.cat(found)
