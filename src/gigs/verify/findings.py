"""What a panel finds, as values: nothing here is rounded or turned into text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import Meta

from gigs.io.documents import Count, Fraction, NotNegative, Number
from gigs.verify.recalibration import Recalibration
from gigs.verify.share import Share
from gigs.verify.verdict import Belief


@dataclass(frozen=True)
class Auc:
    """AUC of a scorer on held-out purchases, with its 95% interval; None where it was not measured."""

    value: Fraction | None = None
    low: Fraction | None = None
    high: Fraction | None = None
    n: Count | None = None

    @classmethod
    def of(cls, about: dict[str, Any]) -> Auc:
        """From what a pack says of a scorer."""
        return cls(*(about.get(name) for name in ("value", "low", "high", "n")))


@dataclass(frozen=True)
class Reading:
    """Scores of one scorer in z: standard deviations of the catalogue's real items with this audience.

    Attributes:
        name: Of the scorer.
        auc: Of its test.
        photo_z: Of the photo.
        reconstruction_z: Of the reconstruction.
        suggestions_z: Of the redesigns, in their order.
    """

    name: str
    auc: Auc
    photo_z: Number
    reconstruction_z: Number
    suggestions_z: Annotated[tuple[Number, ...], Meta(min_length=1)]

    @property
    def mean_gain(self) -> float:
        """Of the redesigns against the photo."""
        return sum(self.suggestions_z) / len(self.suggestions_z) - self.photo_z


@dataclass(frozen=True)
class JudgeReading(Reading):
    """A judge's scores; `ceiling`: its slope on the target over real items; `weak`: its AUC is not above chance."""

    ceiling: Number
    weak: bool


@dataclass(frozen=True)
class Retained:
    """Share of the target's mean gain that a judge grants; None where the target gained next to nothing."""

    judge: str
    gain: Number
    share: Number | None
    ceiling: Number


@dataclass(frozen=True)
class Rival:
    """A type that a photo may show, and the probability of its family, in `[0,1]`."""

    name: str
    probability: Fraction


@dataclass(frozen=True)
class ProductCategory:
    """What the product is taken for, and how many redesigns still are.

    Attributes:
        photo: Type of the photo.
        family: Types that photos do not tell apart reliably.
        told: Whether the seller named the type.
        probability: Of the family, in `[0,1]`.
        kept: Redesigns of the same family.
        replaced: Candidates that were dropped or moved less far.
        accuracy: Of the classifier for families, on held-out photos.
        rivals: Where two families are near, the likeliest type of each with its family's probability, the likelier
            first; none where the seller named the type.
    """

    photo: str
    family: str
    told: bool
    probability: Fraction
    kept: Count
    replaced: Count
    accuracy: Fraction | None
    rivals: tuple[Rival, ...] = ()


@dataclass(frozen=True)
class Diversity:
    """Mean and least LPIPS and 1 - SSIM over all pairs of redesigns; None for a single one."""

    lpips: Number | None = None
    lpips_least: Number | None = None
    one_minus_ssim: Number | None = None
    one_minus_ssim_least: Number | None = None


@dataclass(frozen=True)
class VerificationSummary:
    """What a panel found about all redesigns of a product.

    Attributes:
        verdict: What may be believed of them on the whole.
        target: The scorer that was optimised.
        judges: The scorers that were not.
        retained: What of the target's gain each judge grants.
        category: Whether they are still the same product.
        diversity: How different they are.
        users_drawn: Users that the checks' figures of single users rest on.
        share: Of 100 buyers who choose between the product as it is and a redesign, how many take the redesign, on
            the mean over redesigns; None where real purchases have not set what a gain is worth.
        told_apart: Whether purchases tell the audience's taste from that of all buyers; None where that was not
            measured, and for the audience of all.
        purchases: Real purchases that set what a gain is worth; 0 where there were none.
        recalibration: What tests with people had taught about such shares, by which they were put right; None where
            they were not.
    """

    verdict: Belief
    target: Reading
    judges: tuple[JudgeReading, ...]
    retained: tuple[Retained, ...]
    category: ProductCategory
    diversity: Diversity
    users_drawn: Count
    share: Share | None = None
    told_apart: bool | None = None
    purchases: Count = 0
    recalibration: Recalibration | None = None


@dataclass(frozen=True)
class RedesignCategory:
    """What one redesign is taken for."""

    name: str
    kept: bool
    probability: Fraction


@dataclass(frozen=True)
class NearestItem:
    """The catalogue's nearest real item of the type, in latent space.

    Attributes:
        item_id: In the catalogue.
        distance: Root mean square of latent coordinates.
        rarity: Share of real items that have a nearer neighbour than that; near 0 is a copy.
        lpips: To the item as the generator redraws it.
        row: Of the item in the pack's gallery.
    """

    item_id: str
    distance: NotNegative
    rarity: Fraction
    lpips: NotNegative
    row: Count | None = None


@dataclass(frozen=True)
class Pair:
    """The same figure of the photo and of the redesign."""

    photo: Fraction
    suggestion: Fraction


@dataclass(frozen=True)
class Place:
    """Share of the type's real items to stand above: the photo, and a picture that gains as much as is believed."""

    photo: Fraction
    worst: Fraction
    likely: Fraction
    best: Fraction


@dataclass(frozen=True)
class UserGain:
    """Quantiles of the gain over an audience's users, in z."""

    p10: Number
    p50: Number
    p90: Number


@dataclass(frozen=True)
class RedesignCheck:
    """What a panel found about one redesign.

    Attributes:
        verdict: What may be believed of it.
        category: What it is taken for.
        nearest_item: The nearest real item.
        rank: By scorer, the share of the type's real items that photo and redesign stand above.
        place: The same for what is believed.
        users_gaining: Share of the audience's users who like it better than the photo, by the target.
        user_gain: How much they gain.
        specificity: Gain inside the audience less the gain outside it; None for the audience of all.
        hit_at_10: Share of users for whom it is among the ten best of its type.
    """

    verdict: Belief
    category: RedesignCategory
    nearest_item: NearestItem
    rank: dict[str, Pair]
    place: Place
    users_gaining: Fraction
    user_gain: UserGain
    specificity: Number | None
    hit_at_10: Pair
