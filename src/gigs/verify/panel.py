"""Who checks a redesign for one audience: targets, judges, the real items, and the classifier of product types."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from gigs.audience.base import EVERYONE
from gigs.audience.taste import Taste
from gigs.errors import InputError, ModelError
from gigs.verify.category import CategoryClassifier
from gigs.verify.gallery import Gallery
from gigs.verify.probes import Probes
from gigs.verify.recalibration import Recalibration
from gigs.verify.scorer import Scorer
from gigs.verify.share_map import ShareMap
from gigs.vision.backbone import Backbone
from gigs.vision.remembered import remembered

LEAST_JUDGES = 2


@dataclass(frozen=True)
class Panel:
    """Everything that `verify.verification` needs.

    Attributes:
        audience: Name of the audience, known to all scorers.
        targets: Scorers that may be optimised; the first is the pack's recommender, whose score is reported.
        judges: Scorers that must not be optimised; two or more.
        gallery: The catalogue's real items.
        category: The classifier of product types.
        eyes: The classifier's backbone.
        disagreement: The judges' disagreement beyond the bootstrap, in z (`verdict.calibrate`).
        outside: The target's taste vector of everybody else, `[K]`; None for the audience of all.
        probes: Attribute probes on the same backbone, if the pack has any.
        share_map: Map from the judges' gains to shares of buyers; None if the pack has none.
        recalibration: Correction of shares learned from tests with people; None if there is none.
        told: Category of the product, if the seller named it (`of_type`).
    """

    audience: str
    targets: tuple[Scorer, ...]
    judges: tuple[Scorer, ...]
    gallery: Gallery
    category: CategoryClassifier
    eyes: Backbone
    disagreement: float
    outside: Tensor | None = None
    probes: Probes | None = None
    told: int | None = None
    share_map: ShareMap | None = None
    recalibration: Recalibration | None = None

    def __post_init__(self) -> None:
        if not self.targets or len(self.judges) < LEAST_JUDGES:
            raise ModelError("verification needs a target and two judges or more; build the pack's scorers again")

    @property
    def target(self) -> Scorer:
        """The scorer whose score is reported."""
        return self.targets[0]

    def of_type(self, name: str) -> Panel:
        """The panel for a product whose type the seller names, in any case.

        Raises:
            InputError: The classifier knows no type of that name.
        """
        names = [known.casefold() for known in self.category.names]
        if name.strip().casefold() not in names:
            raise InputError(f"type {name!r} is unknown; choose one of {', '.join(self.category.names)}")
        return replace(self, told=names.index(name.strip().casefold()))

    def put_right_by(self, recalibration: Recalibration) -> Panel:
        """The panel with its shares corrected by what tests with people taught.

        Raises:
            InputError: It promises no shares.
        """
        if self.share_map is None:
            raise InputError(
                "a recalibration puts shares of buyers right, and these judges promise none: run `gigs verify share`"
            )
        return replace(self, recalibration=recalibration)

    def to(self, device: str) -> Panel:
        """Move the networks; returns self."""
        for scorer in (*self.targets, *self.judges):
            scorer.recommender.to(device)
        self.eyes.to(device)
        return self

    @torch.no_grad()
    def category_of(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Most likely category `[N]` of pictures `[N,3,H,W]`, and all probabilities `[N,C]`."""
        probabilities = self.category.logits(self.seen(images)).softmax(1)
        return probabilities.argmax(1), probabilities

    def question(self, images: Tensor) -> tuple[str, ...]:
        """The two types to choose between for one picture `[1,3,H,W]`; none if the seller or the classifier is sure.

        See `CategoryClassifier.question`.
        """
        if self.told is not None:
            return ()
        return tuple(name for name, _ in self.category.question(self.category_of(images)[1][0]))

    def product(self, probabilities: Tensor) -> tuple[int, int]:
        """Category and family of the product: as the seller named it, or the likeliest by probabilities `[C]`."""
        if self.told is not None:
            return self.told, self.category.families[self.told]
        kin = self.category.family_probabilities(probabilities[None])[0]
        return int(probabilities.argmax()), int(kin.argmax())

    def seen(self, images: Tensor) -> Tensor:
        """Features for classifier and probes, `[N,width]`, of pictures `[N,3,H,W]`."""
        size = self.category.input_size
        return remembered(self.eyes, images, lambda: self.eyes(images, size), size)

    @torch.no_grad()
    def family_of(self, images: Tensor) -> Tensor:
        """Most likely family of categories `[N]` (`CategoryClassifier.families`)."""
        return self.category.family_probabilities(self.category_of(images)[1]).argmax(1)

    @property
    def weight(self) -> float:
        """Weight of the audience's own taste against everybody's, in `[0,1]`; 1 if not measured."""
        if self.share_map is None:
            return 1.0
        return float(self.share_map.weight(self.audience, self.target.taste.users).value)

    def value(self, category: int) -> Tensor:
        """How well the real items of a category are liked, `[rows]`: the targets' cautious score (`cautious`)."""
        rows, weight, scores = self.gallery.of_category(category), self.weight, self.gallery.scores
        liked = []
        for target in self.targets:
            own = scores[target.name, self.audience][rows]
            shared = scores.get((target.name, EVERYONE))
            liked.append(own if shared is None else shared[rows] + weight * (own - shared[rows]))
        return cautious(torch.stack(liked))

    def preference(self, images: Tensor) -> Tensor:
        """The same for pictures `[N,3,H,W]`, differentiable, `[N]`."""
        return cautious(
            torch.stack([scorer.mixed_z(scorer.recommender.features(images), self.weight) for scorer in self.targets])
        )


def cautious(z: Tensor) -> Tensor:
    """Mean over scorers `[S,N]` minus half their standard deviation, so a gain that only one sees counts less."""
    return z.mean(0) if len(z) == 1 else z.mean(0) - 0.5 * z.std(0, unbiased=False)


def taste_outside(everybody: Taste, audience: Taste) -> Tensor | None:
    """Mean factors of everybody outside the audience; None if nobody is left."""
    left = everybody.users - audience.users
    return None if left < 1 else (everybody.theta * everybody.users - audience.theta * audience.users) / left
