"""Check redesigns: what judges grant, whether the category was kept, what is nearest, who gains."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import torch
from skimage.metrics import structural_similarity
from torch import Tensor

from gigs.generator.base import Generator
from gigs.perceptual import PerceptualLoss
from gigs.verify.panel import Panel
from gigs.verify.scorer import Scorer
from gigs.verify.verdict import Believed, JudgeGain, believe

USERS_DRAWN = 1000  # from an audience's mean and covariance, where its users themselves are not known
TOP = 10


@dataclass(frozen=True)
class Verification:
    """What was found; all values JSON-able, as `docs/result.md` describes them."""

    believed: list[Believed]
    result: dict[str, Any]
    suggestions: list[dict[str, Any]]


@torch.no_grad()
def verify(
    panel: Panel,
    generator: Generator,
    perceptual: PerceptualLoss,
    photo: Tensor,
    base: Tensor,
    z: Tensor,
    images: Tensor,
    *,
    replaced: int = 0,
    seed: int = 0,
) -> Verification:
    """Check the redesigns of one photo.

    Args:
        panel: For the audience.
        generator: Draws the nearest real item.
        perceptual: LPIPS.
        photo: `[1,3,R,R]` in `[0,1]`: the baseline of every gain.
        base: Its reconstruction, `[1,3,R,R]`.
        z: Latent vectors of the redesigns, `[n,D]`.
        images: The redesigns, `[n,3,R,R]`.
        replaced: How many others were dropped because they left the category.
        seed: Of the bootstrap.
    """
    pictures = torch.cat([photo, base, images])
    phi = {scorer.name: scorer.recommender.features(pictures) for scorer in (*panel.targets, *panel.judges)}
    category, probabilities = panel.category_of(pictures)
    own = int(category[0])
    kin = panel.category.family_probabilities(probabilities)
    family = kin.argmax(1)
    target_z = panel.target.z_of(phi[panel.target.name])
    judged = [_judge(panel, judge, phi[judge.name], own) for judge in panel.judges]
    believed = [
        believe(
            [granted(judge, phi[judge.name][:1], phi[judge.name][2 + row : 3 + row]) for judge in panel.judges],
            disagreement=panel.disagreement,
            target_weak=panel.target.weak,
            seed=seed,
        )
        for row in range(len(images))
    ]
    overall = believe(
        [granted(judge, phi[judge.name][:1], phi[judge.name][2:]) for judge in panel.judges],
        disagreement=panel.disagreement,
        target_weak=panel.target.weak,
        seed=seed,
    )
    target_gain = float((target_z[2:] - target_z[0]).mean())
    result = {
        "verdict": overall.record() | {"words": overall.words},
        "target": _target(panel.target, target_z),
        "judges": judged,
        "retained": [_retained(one, target_gain) for one in judged],
        "category": {
            "photo": panel.category.names[own],
            "family": panel.category.family_name(int(family[0])),
            "probability": _round(kin[0, family[0]]),
            "kept": int((family[2:] == family[0]).sum()),
            "replaced": replaced,
            "accuracy": panel.category.about.get("family_accuracy"),
        },
        "diversity": _diversity(perceptual, images),
        "audience_users_drawn": USERS_DRAWN,
    }
    nearest = _nearest(panel, generator, perceptual, z, images, own)
    users = _users(panel, phi[panel.target.name], own, seed)
    suggestions = [
        {
            "category": {
                "name": panel.category.names[int(category[2 + row])],
                "kept": bool(family[2 + row] == family[0]),
                "probability": _round(kin[2 + row, family[0]]),
            },
            "nearest_item": nearest[row],
            "rank": _rank(panel, phi, row, own),
            **users[row],
        }
        for row in range(len(images))
    ]
    return Verification(believed, result, suggestions)


def granted(judge: Scorer, photo: Tensor, pictures: Tensor) -> JudgeGain:
    """What a judge grants on the mean over pictures; from the features `[1,K]` of the photo and `[n,K]` of them."""
    change = pictures.mean(0, keepdim=True) - photo
    error = judge.user_spread(change) / max(1, judge.taste.users) ** 0.5
    gain = float((judge.z_of(pictures) - judge.z_of(photo)).mean())
    return JudgeGain(judge.name, gain, float(error), judge.weak)


def _target(target: Scorer, z: Tensor) -> dict[str, Any]:
    return {
        "name": target.name,
        "auc": target.auc,
        "photo_z": _round(z[0]),
        "reconstruction_z": _round(z[1]),
        "suggestions_z": [_round(value) for value in z[2:]],
    }


def _judge(panel: Panel, judge: Scorer, phi: Tensor, category: int) -> dict[str, Any]:
    ceiling = panel.gallery.slope(panel.target.name, judge.name, panel.audience, category)
    return _target(judge, judge.z_of(phi)) | {"ceiling": _round(ceiling), "weak": judge.weak}


def _retained(judged: dict[str, Any], target_gain: float) -> dict[str, Any]:
    """Share of the target's mean gain that a judge grants; meaningless, and null, where the target gained nothing."""
    gain = float(np.mean(judged["suggestions_z"])) - judged["photo_z"]
    share = _round(gain / target_gain) if target_gain > 0.05 else None
    return {"judge": judged["name"], "gain": _round(gain), "share": share, "ceiling": judged["ceiling"]}


def _diversity(perceptual: PerceptualLoss, images: Tensor) -> dict[str, Any]:
    """Mean and least LPIPS and 1 - SSIM over all pairs of redesigns; null for a single one."""
    if len(images) < 2:
        return {"lpips": None, "lpips_least": None, "one_minus_ssim": None, "one_minus_ssim_least": None}
    lpips = perceptual.pairwise(images)
    arrays = images.permute(0, 2, 3, 1).cpu().numpy()
    ssim = [
        1 - structural_similarity(one, other, channel_axis=-1, data_range=1.0) for one, other in combinations(arrays, 2)
    ]
    return {
        "lpips": _round(lpips.mean()),
        "lpips_least": _round(lpips.min()),
        "one_minus_ssim": _round(np.mean(ssim)),
        "one_minus_ssim_least": _round(np.min(ssim)),
    }


def _nearest(
    panel: Panel, generator: Generator, perceptual: PerceptualLoss, z: Tensor, images: Tensor, category: int
) -> list[dict[str, Any]]:
    """The catalogue's nearest real item of the category, in latent space, for each; redrawn for comparison."""
    found = [panel.gallery.nearest(row[None], category) for row in z]
    rows = torch.tensor([row for row, _ in found])
    redrawn = generator(panel.gallery.codes[rows].to(z.device)).float()
    lpips = perceptual(redrawn, images)
    return [
        {
            "item_id": panel.gallery.ids[row],
            "distance": _round(distance),
            "rarity": _round(panel.gallery.rarity(distance)),
            "lpips": _round(lpips[number]),
        }
        for number, (row, distance) in enumerate(found)
    ]


def _rank(panel: Panel, phi: dict[str, Tensor], row: int, category: int) -> dict[str, Any]:
    """Percentile among the category's real items, of the photo and of the redesign, under target and judges."""
    found = {}
    for scorer in (panel.target, *panel.judges):
        z = scorer.z_of(phi[scorer.name])
        place = [panel.gallery.percentile(scorer.name, panel.audience, category, float(z[i])) for i in (0, 2 + row)]
        found[scorer.name] = {"photo": _round(place[0]), "suggestion": _round(place[1])}
    return found


def _users(panel: Panel, phi: Tensor, category: int, seed: int) -> list[dict[str, Any]]:
    """Who gains and who loses by each redesign, of users drawn from the audience's mean and covariance.

    Args:
        panel: For the audience.
        phi: The target's features of photo, reconstruction and redesigns, `[2+n,K]`.
        category: Of the photo.
        seed: Of the draw.
    """
    taste = panel.target.taste
    factors = draw_users(panel.target, seed).to(phi.device)
    hits = _hits(panel, phi, factors, category)
    found = []
    for row, change in enumerate(phi[2:] - phi[0], start=2):
        gains = factors @ change / taste.spread
        inside = float(change @ taste.theta.to(phi.device)) / taste.spread
        outside = None
        if panel.outside is not None:
            outside = float(change @ panel.outside.to(phi.device)) / taste.spread
        low, middle, high = torch.quantile(gains, torch.tensor([0.1, 0.5, 0.9], device=gains.device)).tolist()
        found.append(
            {
                "users_gaining": _round((gains > 0).float().mean()),
                "user_gain": {"p10": _round(low), "p50": _round(middle), "p90": _round(high)},
                "specificity": None if outside is None else _round(inside - outside),
                "hit_at_10": {"photo": hits[0], "suggestion": hits[row]},
            }
        )
    return found


def _hits(panel: Panel, phi: Tensor, factors: Tensor, category: int) -> list[float]:
    """Share of users for whom each picture would be among the ten best of the category's real items."""
    real = panel.gallery.phi[panel.gallery.of_category(category)].to(phi.device)
    last = torch.topk(factors @ real.T, min(TOP, len(real)), dim=1).values[:, -1]
    return [_round(((factors @ one) > last).float().mean()) for one in phi]


def draw_users(scorer: Scorer, seed: int, count: int = USERS_DRAWN) -> Tensor:
    """Factors `[count,K]` drawn from the audience's mean and covariance."""
    rng = torch.Generator().manual_seed(seed)
    values, vectors = torch.linalg.eigh(scorer.taste.covariance.double())
    root = vectors * values.clamp_min(0).sqrt()
    noise = torch.randn(count, len(values), generator=rng, dtype=torch.float64)
    return (scorer.taste.theta.double() + noise @ root.T).float()


def _round(value: Any) -> float:
    return round(float(value), 4)
