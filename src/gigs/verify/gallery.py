"""What a pack stores of the catalogue's real items: their latent vectors and how audiences like them.

It holds no photo. An item's code is the encoder's answer to its photo, so the generator can redraw it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gigs.errors import ModelError
from gigs.generator.latent import standardise
from gigs.io import eight_bits, storage

STEP = 1 / 24  # scale of the stored codes: int8 then reaches 5.3 standard deviations, with a rounding error of .012
FILE = "gallery.safetensors"
FEATURES = "phi/"  # prefix of a scorer's name


@dataclass(frozen=True)
class Gallery:
    """Real items of the catalogue on which generator, encoder and recommenders were trained.

    Attributes:
        ids: Item ids, `N` of them.
        codes: Standardised latent vectors `[N,D]`.
        categories: Index into `names`, int64 `[N]`.
        names: Names of the categories.
        phi: The target's features of the items' photos, `[N,K]` (Eq. 1).
        scores: By scorer and audience: z-scores `[N]` of the items' photos (`Scorer.z`).
        spacing: 101 quantiles of the distance from an item to the nearest other of its category (`distances`).
        features: By name, phi `[N,K]` of the same photos under every other scorer, from which a new audience's
            scores of the items are computed.
        space: Space of the codes, one of the generator's `spaces`.
    """

    ids: list[str]
    codes: Tensor
    categories: Tensor
    names: tuple[str, ...]
    phi: Tensor
    scores: dict[tuple[str, str], Tensor]
    spacing: Tensor
    features: Mapping[str, Tensor] = field(default_factory=dict)
    space: str = "z"

    def scored_by(self, audience: str, z: Mapping[str, Tensor]) -> Gallery:
        """The same items with z-scores `[N]` by scorer for one more audience."""
        own = {(scorer, audience): scores for scorer, scores in z.items()}
        return replace(self, scores={**self.scores, **own})

    def of_category(self, category: int) -> Tensor:
        """Rows of a category's items."""
        return torch.nonzero(self.categories == category).squeeze(1)

    def slope(self, target: str, judge: str, audience: str, category: int) -> float:
        """A judge's ceiling: the slope of its score on the target's over real items of the category.

        A change as trustworthy as the difference between two real items would be confirmed at this rate.
        """
        rows = self.of_category(category)
        x, y = self.scores[target, audience][rows].double(), self.scores[judge, audience][rows].double()
        x, y = x - x.mean(), y - y.mean()
        return float((x * y).sum() / x.square().sum().clamp_min(1e-12))

    def percentile(self, scorer: str, audience: str, category: int, z: float) -> float:
        """Share of the category's real items that score lower, in `[0,1]`."""
        scores = self.scores[scorer, audience][self.of_category(category)]
        return float((scores < z).float().mean()) if len(scores) else float("nan")

    def nearest(self, z: Tensor, category: int) -> tuple[int, float]:
        """Row of the category's item nearest to a latent vector `[1,D]`, and its distance."""
        rows = self.of_category(category)
        distance = distances(z, self.codes[rows].to(z.device))[0]
        best = int(distance.argmin())
        return int(rows[best]), float(distance[best])

    def rarity(self, distance: float) -> float:
        """Share of real items whose nearest neighbour is closer than `distance`: near 0 means a copy."""
        return float(np.interp(distance, self.spacing.numpy(), np.linspace(0, 1, len(self.spacing))))

    def save(self, path: Path) -> Path:
        """Save with codes and features as int8, scores as float16."""
        scores, header = _packed(self.scores)
        tensors = {
            "codes": (self.codes / STEP).round().clamp(-127, 127).to(torch.int8),
            "categories": self.categories.to(torch.int16),
            "ids": torch.from_numpy(np.frombuffer(json.dumps(self.ids).encode(), dtype=np.uint8).copy()),
            "scores": scores,
            "spacing": self.spacing.float(),
            **_compact({"phi": self.phi, **{FEATURES + name: phi for name, phi in self.features.items()}}),
        }
        about = {"kind": "gallery", "categories": list(self.names), "space": self.space}
        return storage.save_tensors(path, tensors, header | about)


def _packed(scores: Mapping[tuple[str, str], Tensor]) -> tuple[Tensor, dict[str, list[str]]]:
    """Scores `[scorers,audiences,N]` as float16, and the names of both."""
    scorers, audiences = (sorted({key[place] for key in scores}) for place in (0, 1))
    stacked = torch.stack([torch.stack([scores[scorer, audience] for audience in audiences]) for scorer in scorers])
    return stacked.half(), {"scorers": scorers, "audiences": audiences}


def _compact(features: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """phi in eight bits with a scale for each item; of few items in half precision."""
    return eight_bits.packed({name: phi.half() for name, phi in features.items()})


def save_scores(
    path: Path, scores: Mapping[tuple[str, str], Tensor], features: Mapping[str, Tensor] | None = None
) -> Path:
    """Replace the scores of a saved gallery, and add features; everything else in the file stays identical.

    Args:
        path: The gallery's file.
        scores: By scorer and audience, `[N]`: every scorer with every audience.
        features: phi `[N,K]` by name of scorers that are not in the file yet.
    """
    tensors, header = storage.load_tensors(path)
    packed, names = _packed(scores)
    more = _compact({FEATURES + name: phi for name, phi in (features or {}).items()})
    return storage.save_tensors(path, tensors | more | {"scores": packed}, header | names)


def load_gallery(path: Path) -> Gallery:
    """Load what `Gallery.save` wrote.

    Raises:
        ModelError: Not a gallery, or its parts do not fit together.
    """
    tensors, header = storage.load_tensors(path)
    tensors = eight_bits.unpacked(tensors)
    try:
        count = len(tensors["codes"])
        ids = json.loads(tensors["ids"].numpy().tobytes().decode())
        shape = (len(header["scorers"]), len(header["audiences"]), count)
        if header["kind"] != "gallery" or len(ids) != count or tensors["scores"].shape != shape:
            raise ModelError(f"{path}: not a gallery, or its parts do not fit together; build the pack again")
        features = {name.removeprefix(FEATURES): t.float() for name, t in tensors.items() if name.startswith(FEATURES)}
        if any(phi.ndim != 2 or len(phi) != count for phi in features.values()):
            raise ModelError(f"{path}: its features do not fit its items; build the pack again")
        return Gallery(
            ids=[str(identifier) for identifier in ids],
            codes=standardise(tensors["codes"].float() * STEP),
            categories=tensors["categories"].long(),
            names=tuple(header["categories"]),
            phi=tensors["phi"].float(),
            scores={
                (scorer, audience): tensors["scores"][s, a].float()
                for s, scorer in enumerate(header["scorers"])
                for a, audience in enumerate(header["audiences"])
            },
            spacing=tensors["spacing"],
            features=features,
            space=str(header.get("space", "z")),
        )
    except (KeyError, ValueError, TypeError) as error:
        raise ModelError(f"{path}: not a gallery of this gigs ({error}); build the pack again") from error


def distances(a: Tensor, b: Tensor) -> Tensor:
    """Root mean square differences `[N,M]` between latent vectors `[N,D]` and `[M,D]`; sqrt(2) for unrelated ones."""
    return torch.cdist(a.float(), b.float()) / a.shape[1] ** 0.5


def spacing_of(codes: Tensor, categories: Tensor, chunk: int = 1024) -> Tensor:
    """101 quantiles of the distance from each code `[N,D]` to the nearest other one of its category."""
    nearest = []
    for category in categories.unique():
        own = codes[categories == category]
        if len(own) < 2:
            continue
        for start in range(0, len(own), chunk):
            near = distances(own[start : start + chunk], own)
            rows = torch.arange(len(near))
            near[rows, rows + start] = float("inf")
            nearest.append(near.min(1).values)
    if not nearest:
        return torch.linspace(0, 1, 101)
    return torch.quantile(torch.cat(nearest), torch.linspace(0, 1, 101))
