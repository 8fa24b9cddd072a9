"""Losses that keep the suggestions distinct: the paper's shift predictor, or repulsion between the pictures."""

from __future__ import annotations

from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from gigs.shifting.predictor import seeded_predictor
from gigs.vision.compute import Compute

COARSE = 16  # side in pixels at which repulsion compares: colour, tone and outline, not texture


class Separation(Protocol):
    """Loss terms by name that grow as the suggestions become alike; each is a mean over the n shifts."""

    def losses(self, images: Tensor, k: Tensor) -> dict[str, Tensor]:
        """Terms for pictures `[n,3,R,R]` in `[0,1]` and their shifts `[n,D]`."""

    def parameters(self) -> list[Tensor]:
        """Parameters that are trained besides the shifts."""

    def distinct(self, images: Tensor) -> float:
        """Share of the suggestions that count as distinct."""


class PredictorSeparation:
    """As in Algorithm 1: CE of classifying the shifts and MAE of predicting them, by a ResNet-18 trained alongside."""

    def __init__(self, n: int, latent_dim: int, *, rng: torch.Generator, compute: Compute) -> None:
        self.compute = compute
        self.predictor = compute.place(seeded_predictor(n, latent_dim, rng)).train()

    def losses(self, images: Tensor, k: Tensor) -> dict[str, Tensor]:
        """`class` (cross-entropy) and `shift` (mean absolute error)."""
        with self.compute.autocast():
            logits, predicted = self.predictor(images)
        labels = torch.arange(len(k), device=k.device)
        return {"class": F.cross_entropy(logits.float(), labels), "shift": F.l1_loss(predicted.float(), k)}

    def parameters(self) -> list[Tensor]:
        """The predictor's weights."""
        return list(self.predictor.parameters())

    @torch.no_grad()
    def distinct(self, images: Tensor) -> float:
        """Share that the predictor attributes to their own shift."""
        logits, _ = self.predictor(images)
        own = logits.argmax(1) == torch.arange(len(images), device=images.device)
        return own.float().mean().item()


class Repulsion:
    """Pairs whose coarse pictures differ by less than `margin` (root mean square of values in [0,1]) push apart."""

    def __init__(self, margin: float) -> None:
        self.margin = margin

    def losses(self, images: Tensor, k: Tensor) -> dict[str, Tensor]:
        """`class`: mean over pairs of the shortfall from the margin, in margins; 0 if all are apart."""
        if len(images) < 2:
            return {"class": images.sum() * 0}
        return {"class": F.relu(1 - self._distances(images) / self.margin).square().mean()}

    def parameters(self) -> list[Tensor]:
        """Nothing is trained."""
        return []

    @torch.no_grad()
    def distinct(self, images: Tensor) -> float:
        """Share of the suggestions that are half the margin or more away from every other."""
        if len(images) < 2:
            return 1.0
        first, second = torch.triu_indices(len(images), len(images), 1)
        alike = self._distances(images) < self.margin / 2
        close = torch.zeros(len(images), dtype=torch.bool)
        close[first[alike.cpu()]] = True
        close[second[alike.cpu()]] = True
        return 1 - close.float().mean().item()

    def _distances(self, images: Tensor) -> Tensor:
        """Root mean square differences of all pairs, `[n(n-1)/2]`."""
        coarse = F.adaptive_avg_pool2d(images, COARSE).flatten(1)
        first, second = torch.triu_indices(len(images), len(images), 1, device=images.device)
        return (coarse[first] - coarse[second]).square().mean(1).add(1e-8).sqrt()
