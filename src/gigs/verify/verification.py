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
from gigs.verify.panel import Panel
from gigs.verify.probes import Answer
from gigs.verify.scorer import Scorer
from gigs.verify.users import USERS_DRAWN, rounded, who_gains
from gigs.verify.verdict import Believed, JudgeGain, believe
from gigs.vision.lpips import PerceptualLoss


@dataclass(frozen=True)
class Verification:
    """What was found; `result` and `suggestions` are JSON-able, as `docs/result.md` describes them.

    `answers` are the probes', of photo, reconstruction and redesigns, where the panel has probes; `nearest` is how the
    generator redraws each redesign's nearest real item, `[n,3,R,R]`.
    """

    believed: list[Believed]
    result: dict[str, Any]
    suggestions: list[dict[str, Any]]
    answers: list[dict[str, Answer]] | None = None
    nearest: Tensor | None = None


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
    seen = panel.seen(pictures)
    probabilities = panel.category.logits(seen).softmax(1)
    category = probabilities.argmax(1)
    own, wanted = panel.product(probabilities[0])
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
            "family": panel.category.family_name(wanted),
            "told": panel.told is not None,
            "probability": rounded(kin[0, wanted]),
            "kept": int((family[2:] == wanted).sum()),
            "replaced": replaced,
            "accuracy": panel.category.about.get("family_accuracy"),
        },
        "diversity": _diversity(perceptual, images),
        "audience_users_drawn": USERS_DRAWN,
    }
    nearest, redrawn = _nearest(panel, generator, perceptual, z, images, own)
    users = who_gains(panel, phi[panel.target.name], own, seed)
    suggestions = [
        {
            "category": {
                "name": panel.category.names[int(category[2 + row])],
                "kept": bool(family[2 + row] == wanted),
                "probability": rounded(kin[2 + row, wanted]),
            },
            "nearest_item": nearest[row],
            "rank": _rank(panel, phi, row, own),
            "place": _place(panel, judged, believed[row], own),
            **users[row],
        }
        for row in range(len(images))
    ]
    answers = None if panel.probes is None else panel.probes(seen)
    return Verification(believed, result, suggestions, answers, redrawn)


def granted(judge: Scorer, photo: Tensor, pictures: Tensor) -> JudgeGain:
    """What a judge grants on the mean over pictures; from the features `[1,K]` of the photo and `[n,K]` of them."""
    change = pictures.mean(0, keepdim=True) - photo
    error = judge.taste.error(change) / judge.taste.spread
    gain = float((judge.z_of(pictures) - judge.z_of(photo)).mean())
    return JudgeGain(judge.name, gain, float(error), judge.weak)


def _target(target: Scorer, z: Tensor) -> dict[str, Any]:
    return {
        "name": target.name,
        "auc": target.auc,
        "photo_z": rounded(z[0]),
        "reconstruction_z": rounded(z[1]),
        "suggestions_z": [rounded(value) for value in z[2:]],
    }


def _judge(panel: Panel, judge: Scorer, phi: Tensor, category: int) -> dict[str, Any]:
    ceiling = panel.gallery.slope(panel.target.name, judge.name, panel.audience, category)
    return _target(judge, judge.z_of(phi)) | {"ceiling": rounded(ceiling), "weak": judge.weak}


def _retained(judged: dict[str, Any], target_gain: float) -> dict[str, Any]:
    """Share of the target's mean gain that a judge grants; meaningless, and null, where the target gained nothing."""
    gain = float(np.mean(judged["suggestions_z"])) - judged["photo_z"]
    share = rounded(gain / target_gain) if target_gain > 0.05 else None
    return {"judge": judged["name"], "gain": rounded(gain), "share": share, "ceiling": judged["ceiling"]}


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
        "lpips": rounded(lpips.mean()),
        "lpips_least": rounded(lpips.min()),
        "one_minus_ssim": rounded(np.mean(ssim)),
        "one_minus_ssim_least": rounded(np.min(ssim)),
    }


def _nearest(
    panel: Panel, generator: Generator, perceptual: PerceptualLoss, z: Tensor, images: Tensor, category: int
) -> tuple[list[dict[str, Any]], Tensor]:
    """The catalogue's nearest real item of the category, in latent space, for each; and how the generator draws it."""
    found = [panel.gallery.nearest(row[None], category) for row in z]
    rows = torch.tensor([row for row, _ in found])
    redrawn = generator(panel.gallery.codes[rows].to(z.device)).float()
    lpips = perceptual(redrawn, images)
    described = [
        {
            "item_id": panel.gallery.ids[row],
            "distance": rounded(distance),
            "rarity": rounded(panel.gallery.rarity(distance)),
            "lpips": rounded(lpips[number]),
        }
        for number, (row, distance) in enumerate(found)
    ]
    return described, redrawn


def _place(panel: Panel, judged: list[dict[str, Any]], said: Believed, category: int) -> dict[str, float]:
    """Share of the category's real items to stand above, on the mean over judges that are fit (all, if none is).

    The `photo` as it is, and a picture that gains as much as is believed: likely, and at both ends of the interval.
    """
    fit = [judge for judge in judged if not judge["weak"]] or judged

    def place(gain: float) -> float:
        shares = [
            panel.gallery.percentile(judge["name"], panel.audience, category, judge["photo_z"] + gain) for judge in fit
        ]
        return rounded(np.mean(shares))

    gains = {"photo": 0.0, "worst": said.low, "likely": said.gain, "best": said.high}
    return {name: place(gain) for name, gain in gains.items()}


def _rank(panel: Panel, phi: dict[str, Tensor], row: int, category: int) -> dict[str, Any]:
    """Percentile among the category's real items, of the photo and of the redesign, under target and judges."""
    found = {}
    for scorer in (panel.target, *panel.judges):
        z = scorer.z_of(phi[scorer.name])
        place = [panel.gallery.percentile(scorer.name, panel.audience, category, float(z[i])) for i in (0, 2 + row)]
        found[scorer.name] = {"photo": rounded(place[0]), "suggestion": rounded(place[1])}
    return found
