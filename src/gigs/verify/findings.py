"""What a panel finds, as plain values, neither rounded nor turned into text."""

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
    """AUC of a scorer on held-out purchases, with its 95% interval; None if it was not measured."""

    value: Fraction | None = None
    low: Fraction | None = None
    high: Fraction | None = None
    n: Count | None = None

    @classmethod
    def of(cls, about: dict[str, Any]) -> Auc:
        """From a pack's entry of a scorer."""
        return cls(*(about.get(name) for name in ("value", "low", "high", "n")))


@dataclass(frozen=True)
class Reading:
    """Scores of one scorer in z: standard deviations of the catalogue's real items with this audience.

    Attributes:
        name: Name of the scorer.
        auc: Its test AUC.
        photo_z: Score of the photo.
        reconstruction_z: Score of the reconstruction.
        suggestions_z: Scores of the redesigns, in order.
    """

    name: str
    auc: Auc
    photo_z: Number
    reconstruction_z: Number
    suggestions_z: Annotated[tuple[Number, ...], Meta(min_length=1)]

    @property
    def mean_gain(self) -> float:
        """Gains of the redesigns over the photo."""
        return sum(self.suggestions_z) / len(self.suggestions_z) - self.photo_z


@dataclass(frozen=True)
class JudgeReading(Reading):
    """A judge's scores; `ceiling`: its slope on the target over real items; `weak`: its AUC is not above chance."""

    ceiling: Number
    weak: bool


@dataclass(frozen=True)
class Retained:
    """Share of the target's mean gain that a judge confirms; None if the target gained next to nothing."""

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
    """The product's category, and how many redesigns keep it.

    Attributes:
        photo: Type of the photo.
        family: Types that photos cannot tell apart reliably.
        told: Whether the seller named the type.
        probability: Probability of the family, in `[0,1]`.
        kept: Number of redesigns of the same family.
        replaced: Number of candidates that were dropped or moved less far.
        accuracy: Accuracy of the classifier for families, on held-out photos.
        rivals: If two families are close, the likeliest type of each with its family's probability, the likelier
            first; empty if the seller named the type.
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
        verdict: How far to believe all redesigns together.
        target: The scores of the scorer that was optimised.
        judges: The scores of the judges.
        retained: How much of the target's gain each judge confirms.
        category: Whether they are still the same kind of product.
        diversity: How much they differ from one another.
        users_drawn: Number of drawn users behind the checks' figures about single users.
        share: Of 100 buyers who choose between the present product and the mean redesign, how many take the redesign;
            None if the pack has no map from gains to shares.
        told_apart: Whether purchases distinguish the audience's taste from that of all buyers; None if that was not
            measured, and for the audience of all.
        purchases: Number of real purchases behind the map from gains to shares; 0 if there were none.
        recalibration: The correction of shares learned from tests with people; None if none was applied.
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
    """The category of one redesign."""

    name: str
    kept: bool
    probability: Fraction


@dataclass(frozen=True)
class NearestItem:
    """The catalogue's nearest real item of the type, in latent space.

    Attributes:
        item_id: Its id in the catalogue.
        distance: Root mean square of latent coordinates.
        rarity: Share of real items whose nearest neighbour is closer than that; near 0 means a copy.
        lpips: LPIPS to the item as the generator redraws it.
        row: Row of the item in the pack's gallery.
    """

    item_id: str
    distance: NotNegative
    rarity: Fraction
    lpips: NotNegative
    row: Count | None = None


@dataclass(frozen=True)
class Pair:
    """One figure for the photo and for the redesign."""

    photo: Fraction
    suggestion: Fraction


@dataclass(frozen=True)
class Place:
    """Share of the type's real items that score below the photo, and below a picture with the believed gain."""

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
        verdict: How far to believe it.
        category: Its category.
        nearest_item: The nearest real item.
        rank: By scorer, the share of the type's real items that score below photo and redesign.
        place: The same for the believed gain.
        users_gaining: Share of the audience's users who like it better than the photo, by the target.
        user_gain: How much they gain.
        specificity: Gain inside the audience minus the gain outside it; None for the audience of all.
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
