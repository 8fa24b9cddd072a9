"""Verify redesigns: the judges' gains, whether the category was kept, the nearest real item, and who gains."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import torch
from torch import Tensor

from gigs.audience.base import EVERYONE
from gigs.inversion.reconstruction import Reconstruction
from gigs.shifting.optimise import Shifted
from gigs.verify.findings import (
    Auc,
    Diversity,
    JudgeReading,
    NearestItem,
    Pair,
    Place,
    ProductCategory,
    Reading,
    RedesignCategory,
    RedesignCheck,
    Retained,
    Rival,
    VerificationSummary,
)
from gigs.verify.panel import Panel
from gigs.verify.probes import Answer
from gigs.verify.promise import Judged, judged
from gigs.verify.scorer import Scorer
from gigs.verify.share import Share
from gigs.verify.users import USERS_DRAWN, who_gains
from gigs.verify.verdict import Belief
from gigs.vision.lpips import PerceptualLoss

LEAST_GAIN = 0.05  # least gain of the target, in z, of which a share means anything


@dataclass(frozen=True)
class Verification:
    """What a panel found.

    Attributes:
        summary: Findings about all redesigns.
        checks: Findings about each redesign, in order.
        answers: The probes' answers for photo, reconstruction and redesigns; None without probes.
        nearest: How the generator redraws each redesign's nearest real item, `[n,3,R,R]`.
        shares: Of 100 buyers, how many would take each redesign rather than the present product; None if the pack has
            no map from gains to shares.
    """

    summary: VerificationSummary
    checks: tuple[RedesignCheck, ...]
    answers: list[dict[str, Answer]] | None
    nearest: Tensor
    shares: tuple[Share | None, ...]


@torch.no_grad()
def verify(
    panel: Panel,
    reconstruction: Reconstruction,
    redesigns: Shifted,
    perceptual: PerceptualLoss,
    *,
    replaced: int = 0,
    seed: int = 0,
) -> Verification:
    """Check the redesigns of one photo.

    Args:
        panel: The audience's panel.
        reconstruction: The reconstruction of a photo; the photo is the baseline of every gain.
        redesigns: Latent shifts and pictures of the redesigns.
        perceptual: LPIPS.
        replaced: How many candidates were dropped because they left the category.
        seed: Seed of the bootstrap.
    """
    viewing = _Viewing(panel, reconstruction, redesigns, seed)
    judges = tuple(viewing.judge_reading(judge) for judge in panel.judges)
    together = viewing.judged(slice(None))
    target = viewing.reading(panel.target)
    summary = VerificationSummary(
        verdict=together.belief,
        target=target,
        judges=judges,
        retained=tuple(_retained(judge, target.mean_gain) for judge in judges),
        category=viewing.product_category(replaced),
        diversity=_diversity(perceptual, redesigns.images),
        users_drawn=USERS_DRAWN,
        share=together.share,
        told_apart=_told_apart(panel),
        purchases=0 if panel.share_map is None else int(panel.share_map.about.get("purchases", 0)),
        recalibration=panel.recalibration,
    )
    nearest, redrawn = _nearest(viewing, reconstruction, redesigns, perceptual)
    members = who_gains(panel, viewing.phi[panel.target.name], viewing.category, seed)
    checks, shares = [], []
    for row, item in enumerate(nearest):
        said = viewing.judged(slice(row, row + 1))
        shares.append(said.share)
        checks.append(
            RedesignCheck(
                verdict=said.belief,
                category=viewing.redesign_category(row),
                nearest_item=item,
                rank=viewing.rank(target, judges, row),
                place=_place(panel, judges, said.belief, viewing.category),
                **members[row],
            )
        )
    answers = None if panel.probes is None else panel.probes(viewing.seen)
    return Verification(summary, tuple(checks), answers, redrawn, tuple(shares))


class _Viewing:
    """A panel's features of photo, reconstruction and redesigns; each network runs once.

    `phi`: features `[2+n,K]` by scorer; `seen`: features for classifier and probes; `category`, `family`: the photo's.
    """

    def __init__(self, panel: Panel, reconstruction: Reconstruction, redesigns: Shifted, seed: int) -> None:
        assert reconstruction.photo is not None
        # Apart, as photo and reconstruction are the same for every audience, and what is said of them is remembered.
        pictures = (reconstruction.photo, reconstruction.image, redesigns.images)
        self.panel, self.seed = panel, seed
        self.phi = {
            one.name: torch.cat([one.recommender.features(each) for each in pictures])
            for one in (*panel.targets, *panel.judges)
        }
        self.seen = torch.cat([panel.seen(each) for each in pictures])
        probabilities = panel.category.logits(self.seen).softmax(1)
        self._categories = probabilities.argmax(1)
        self._rivals = panel.category.question(probabilities[0])
        self.category, self.family = panel.product(probabilities[0])
        self._kin = panel.category.family_probabilities(probabilities)

    def judged(self, rows: slice) -> Judged:
        """How far to believe the mean of the redesigns in these rows."""
        photo = {name: phi[:1] for name, phi in self.phi.items()}
        return judged(self.panel, photo, {name: phi[2:][rows] for name, phi in self.phi.items()}, self.seed)

    def reading(self, scorer: Scorer) -> Reading:
        """A scorer's scores of every picture."""
        photo, base, *redesigns = scorer.z_of(self.phi[scorer.name]).tolist()
        return Reading(scorer.name, Auc.of(scorer.auc), photo, base, tuple(redesigns))

    def judge_reading(self, judge: Scorer) -> JudgeReading:
        """The same of a judge."""
        gallery, target = self.panel.gallery, self.panel.target
        ceiling = gallery.slope(target.name, judge.name, self.panel.audience, self.category)
        return JudgeReading(**vars(self.reading(judge)), ceiling=ceiling, weak=judge.weak)

    def product_category(self, replaced: int) -> ProductCategory:
        """The photo's category."""
        classifier = self.panel.category
        return ProductCategory(
            photo=classifier.names[self.category],
            family=classifier.family_name(self.family),
            told=self.panel.told is not None,
            probability=float(self._kin[0, self.family]),
            kept=int((self._kin.argmax(1)[2:] == self.family).sum()),
            replaced=replaced,
            accuracy=classifier.about.get("family_accuracy"),
            rivals=() if self.panel.told is not None else tuple(Rival(*one) for one in self._rivals),
        )

    def redesign_category(self, row: int) -> RedesignCategory:
        """A redesign's category."""
        return RedesignCategory(
            name=self.panel.category.names[int(self._categories[2 + row])],
            kept=bool(self._kin[2 + row].argmax() == self.family),
            probability=float(self._kin[2 + row, self.family]),
        )

    def rank(self, target: Reading, judges: tuple[JudgeReading, ...], row: int) -> dict[str, Pair]:
        """Percentile among the category's real items, of the photo and of a redesign, by scorer."""
        gallery, audience = self.panel.gallery, self.panel.audience
        return {
            one.name: Pair(
                *(
                    gallery.percentile(one.name, audience, self.category, z)
                    for z in (one.photo_z, one.suggestions_z[row])
                )
            )
            for one in (target, *judges)
        }


def _told_apart(panel: Panel) -> bool | None:
    """Whether purchases distinguish the audience's taste from everybody's; None if not measured."""
    if panel.share_map is None or panel.audience == EVERYONE:
        return None
    return panel.share_map.told_apart.get(panel.audience)


def _retained(judge: JudgeReading, target_gain: float) -> Retained:
    share = judge.mean_gain / target_gain if target_gain > LEAST_GAIN else None
    return Retained(judge.name, judge.mean_gain, share, judge.ceiling)


def _diversity(perceptual: PerceptualLoss, images: Tensor) -> Diversity:
    if len(images) < 2:
        return Diversity()
    from skimage.metrics import structural_similarity  # imported late: it takes a while

    lpips = perceptual.pairwise(images)
    arrays = images.permute(0, 2, 3, 1).cpu().numpy()
    ssim = [
        1 - structural_similarity(one, other, channel_axis=-1, data_range=1.0) for one, other in combinations(arrays, 2)
    ]
    return Diversity(float(lpips.mean()), float(lpips.min()), float(np.mean(ssim)), float(np.min(ssim)))


def _nearest(
    viewing: _Viewing, reconstruction: Reconstruction, redesigns: Shifted, perceptual: PerceptualLoss
) -> tuple[list[NearestItem], Tensor]:
    """For each redesign the catalogue's nearest real item of the category, in latent space; and how it is redrawn."""
    gallery, generator = viewing.panel.gallery, reconstruction.generator
    z = reconstruction.z + redesigns.shifts
    nearest = [gallery.nearest(row[None], viewing.category) for row in z]
    rows = torch.tensor([row for row, _ in nearest])
    redrawn = generator(gallery.codes[rows].to(z.device)).float()
    lpips = perceptual(redrawn, redesigns.images)
    items = [
        NearestItem(gallery.ids[row], distance, gallery.rarity(distance), float(lpips[number]), row)
        for number, (row, distance) in enumerate(nearest)
    ]
    return items, redrawn


def _place(panel: Panel, judges: tuple[JudgeReading, ...], believed: Belief, category: int) -> Place:
    """Mean over the judges that are not weak; over all, if all are."""
    fit = [judge for judge in judges if not judge.weak] or judges

    def place(gain: float) -> float:
        shares = [panel.gallery.percentile(judge.name, panel.audience, category, judge.photo_z + gain) for judge in fit]
        return float(np.mean(shares))

    return Place(place(0.0), place(believed.low), place(believed.gain), place(believed.high))
