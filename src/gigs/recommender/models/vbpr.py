"""VBPR (He & McAuley 2016) on frozen ImageNet features, written so that the score stays theta^T phi (Eq. 1)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gigs.errors import InputError, ModelError
from gigs.recommender.base import Recommender, register
from gigs.vision.backbone import Backbone, as_half, feature_width, normalisation
from gigs.vision.remembered import remembered

PREFIX = "backbone."
ROWS = 50_000  # items whose features are held in double precision at once


@register
class VBPR(Recommender):
    """Visual BPR without item factors, which a new picture would not have.

    With f the standardised features of the frozen backbone: phi = [E f, beta^T f] and theta_u = [gamma_u, 1], so
    theta_u^T phi = gamma_u^T E f + beta^T f is VBPR's visual part and visual bias (Eqs. 3-4 of He & McAuley 2016).

    Args:
        factors: Rows of the visual embedding E; K is one more, for the bias.
        input_size: Side in pixels the backbone sees, 64 or more.
        backbone: Name of the frozen network; its weights are fetched when pixels first need them. A file keeps the hash
            of those that the model was trained on (`backbone_hash`): other weights are refused.
        unit_length: Bring every item's standardised features to one length.
        include_backbone: Save the backbone in the model's file too, as float16; such a file needs no download.
        user_ids: Ids of the users, in the order of theta.
    """

    kind = "vbpr"
    mean: Tensor
    std: Tensor
    domain: Tensor

    def __init__(
        self,
        *,
        factors: int = 64,
        input_size: int = 224,
        backbone: str = "efficientnet-lite0",
        include_backbone: bool = False,
        unit_length: bool = False,
        user_ids: Sequence[str] = (),
    ) -> None:
        super().__init__(input_size=input_size, user_ids=user_ids)
        if factors < 1:
            raise InputError(f"VBPR with {factors} factors: at least 1 is needed")
        self.factors, self.backbone_name = int(factors), backbone
        self.backbone_hash: str | None = None
        self.include_backbone, self.unit_length = include_backbone, unit_length
        # A list hides the frozen network from parameters(), state_dict() and the optimiser.
        self._backbone: list[Backbone] = []
        self.width = feature_width(backbone)
        self.embedding = nn.Parameter(torch.empty(factors, self.width))
        self.bias = nn.Parameter(torch.empty(self.width))
        self.theta = nn.Parameter(torch.empty(len(self.user_ids), factors))
        self.register_buffer("mean", torch.zeros(self.width))
        self.register_buffer("std", torch.ones(self.width))
        self.register_buffer("domain", torch.zeros(self.width))  # `ignore_domain`; none by default
        self.reset_parameters()

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """E and theta small and random, the bias zero."""
        nn.init.normal_(self.embedding, std=0.01, generator=generator)
        nn.init.normal_(self.theta, std=0.1, generator=generator)
        nn.init.zeros_(self.bias)

    @property
    def eyes(self) -> str:
        """The frozen network."""
        return self.backbone_name

    @property
    def feature_count(self) -> int:
        """K = factors + 1."""
        return self.factors + 1

    def factors_from(self, learned: Tensor) -> Tensor:
        """theta_u = [gamma_u, 1], `[B,K]`."""
        return torch.cat([learned, learned.new_ones(len(learned), 1)], dim=1)

    @property
    def backbone(self) -> Backbone:
        """The frozen network; fetched, checked against the fingerprint and kept on first use."""
        if not self._backbone:
            self.attach(Backbone.pretrained(self.backbone_name))
        return self._backbone[0].to(self.embedding.device)

    def attach(self, backbone: Backbone) -> VBPR:
        """Give the model its frozen network.

        Raises:
            ModelError: It is another network than the one the model was trained on.
        """
        fingerprint = backbone.fingerprint()
        if self.backbone_hash not in (None, fingerprint) or backbone.name != self.backbone_name:
            raise ModelError(
                f"{backbone.name}: these are not the weights that this recommender was trained on "
                f"({fingerprint[:12]}, expected {str(self.backbone_hash)[:12]}); train it again"
            )
        self.backbone_hash, self._backbone = fingerprint, [backbone]
        return self

    def standardise(self, features: Tensor) -> None:
        """Take mean and standard deviation of raw features `[N,width]` of the training items as this model's own."""
        mean, deviation = _moments(features)
        self.mean.copy_(mean)
        # Channels that never vary carry nothing; a floor keeps them from being blown up by a generated picture.
        self.std.copy_(deviation.clamp_min(max(1e-3 * float(deviation.mean()), 1e-6)))

    def ignore_domain(self, photos: Tensor, others: Tensor) -> None:
        """Take out the direction in which another view of items differs from their photos on the whole.

        A generator's pictures then score like the photos they redraw, on average, for every user alike.

        Args:
            photos: Raw features of photos, `[N,width]`.
            others: Of the same items' other view, `[N,width]`.
        """
        self.domain.zero_()
        away = (self.standard(others) - self.standard(photos)).double().mean(0)
        self.domain.copy_(F.normalize(away, dim=0))

    def standard(self, raw: Tensor) -> Tensor:
        """Raw backbone features `[N,width]` with each channel standardised and, if `unit_length`, one length a row.

        One length for all makes the score depend on what a picture shows and not on how strongly the backbone responds,
        which a generated picture could otherwise drive up without end. Rows then have length sqrt(width), as
        standardised ones have on average.
        """
        standard = (raw - self.mean) / self.std
        if self.unit_length:
            standard = math.sqrt(self.width) * F.normalize(standard, dim=1)
        return standard - (standard @ self.domain)[:, None] * self.domain

    def project(self, raw: Tensor) -> Tensor:
        """phi `[N,K]` from raw backbone features `[N,width]` (cached ones, or fresh ones)."""
        standard = self.standard(raw)
        return torch.cat([standard @ self.embedding.T, (standard @ self.bias)[:, None]], dim=1)

    def features(self, images: Tensor) -> Tensor:
        """phi `[N,K]` of pictures float32 `[N,3,H,W]` in `[0,1]` (Eq. 1)."""
        raw = remembered(self.backbone, images, lambda: self.backbone(images, self.input_size), self.input_size)
        return self.project(raw)

    def decayed(self) -> list[Tensor]:
        """Parameters that weight decay applies to."""
        return [self.embedding, self.bias]

    def architecture(self) -> dict[str, Any]:
        """Arguments that build this network again, and the hash of its backbone."""
        return {
            "factors": self.factors,
            "input_size": self.input_size,
            "backbone": self.backbone_name,
            "fingerprint": self.backbone_hash,
            "include_backbone": self.include_backbone,
            "unit_length": self.unit_length,
        }

    def preprocessing(self) -> dict[str, Any]:
        """How pictures reach the network."""
        mean, deviation = normalisation(self.backbone_name)
        return {
            "range": [0, 1], "resize": "bilinear", "size": self.input_size, "then": "(x - mean) / deviation",
            "mean": list(mean), "deviation": list(deviation), "pooling": "mean",
        }  # fmt: skip

    def stored_tensors(self) -> dict[str, Tensor]:
        """Embedding, bias, standardisation; with `include_backbone` the frozen weights as float16."""
        tensors = super().stored_tensors()
        if self.include_backbone:
            frozen = as_half(self.backbone.network.state_dict())
            tensors |= {PREFIX + name: tensor for name, tensor in frozen.items()}
        return tensors

    def save(self, path: str | Path, *, with_users: bool = True, include_backbone: bool | None = None) -> Path:
        """Save as `Recommender.save` does; `include_backbone`, if given, says whether the frozen weights go along."""
        if include_backbone is not None:
            self.include_backbone = include_backbone
        return super().save(path, with_users=with_users)

    @classmethod
    def from_tensors(cls, tensors: dict[str, Tensor], settings: dict[str, Any]) -> VBPR:
        """Rebuild a model; a backbone in the file is used as it is, rounded to float16 (its hash then differs)."""
        own = {name: tensor for name, tensor in tensors.items() if not name.startswith(PREFIX)}
        architecture = dict(settings["architecture"])
        fingerprint = architecture.pop("fingerprint")
        frozen = {name[len(PREFIX) :]: t for name, t in tensors.items() if name.startswith(PREFIX)}
        model = super().from_tensors(own, settings | {"architecture": architecture})
        assert isinstance(model, VBPR)
        model.backbone_hash = fingerprint
        if frozen:
            state = {name: t.float() if t.is_floating_point() else t for name, t in frozen.items()}
            model._backbone = [Backbone(model.backbone_name, state)]
        return model


def _moments(features: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each channel, float64 `[width]`; of many rows in pieces, to spare memory."""
    if len(features) <= ROWS:
        values = features.double()
        return values.mean(0), values.std(0, unbiased=False)
    pieces = features.split(ROWS)
    mean = torch.stack([piece.double().sum(0) for piece in pieces]).sum(0) / len(features)
    squares = torch.stack([(piece.double() - mean).square().sum(0) for piece in pieces]).sum(0)
    return mean, (squares / len(features)).sqrt()
