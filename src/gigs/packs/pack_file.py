"""The form of `pack.json`: the allowed values of every field. Unknown names are ignored."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from gigs.inversion.gate import Limits
from gigs.io.documents import AtLeastOne, Count, Fraction, NotNegative, Number, Word
from gigs.verify.share_map import ShareMap

SCHEMA = 1


class AucEntry(Struct):
    """AUC of a scorer's test with its 95% interval; None where it was not measured."""

    value: Fraction | None = None
    low: Fraction | None = None
    high: Fraction | None = None
    n: Count | None = None


class ScorerEntry(Struct):
    """A recommender: what it is for, the file that holds it, how good it is, whom it knows, how it was trained."""

    role: Literal["target", "judge"]
    file: Word
    auc: AucEntry
    users: Count = 0
    trained: dict[str, Any] = {}


class VerifyEntry(Struct):
    """Who checks redesigns, and how far judges disagree, in z."""

    scorers: Annotated[dict[Word, ScorerEntry], Meta(min_length=1)]
    category: dict[str, Any] = {}
    disagreement: NotNegative = 0.0
    calibrated_on: dict[str, Any] = {}

    def __post_init__(self) -> None:
        if missing := {"target", "judge"} - {one.role for one in self.scorers.values()}:
            raise ValueError(f"scorers: none of them is a {sorted(missing)[0]}")


class FavouriteEntry(Struct):
    """What an audience buys more often than others: share of its purchases, and how many times the usual."""

    column: Word
    value: str
    share: Fraction
    lift: NotNegative


class DescriptionEntry(Struct):
    """What sets an audience apart; ages are medians in years, None where they are not known."""

    favourites: list[FavouriteEntry]
    age: NotNegative | None
    age_of_all: NotNegative | None

    def __post_init__(self) -> None:
        if self.age is not None and self.age_of_all is None:
            raise ValueError("age_of_all: missing beside age")


class AudienceEntry(Struct):
    """An audience; `quantiles` of the real items' scores under the target, evenly spaced from 0 to 1."""

    label: Word
    users: AtLeastOne
    condition: str
    quantiles: list[Number] = []
    members: str = ""
    buyers: Count = 0
    description: DescriptionEntry | None = None

    def __post_init__(self) -> None:
        require_rising(self.quantiles, least=0)


class Preprocessing(Struct):
    """How the pack's pictures were made ready."""

    resolution: Annotated[int, Meta(ge=1, le=1 << 16)]


class StageLimits(Struct):
    """Limits of the gate for each stage of a reconstruction."""

    draft: Limits
    optimised: Limits


class GateEntry(Struct):
    """The inversion gate; `mean` of the recommender's features over the catalogue."""

    limits: StageLimits
    mean: Annotated[list[Number], Meta(min_length=1)]


class PackFile(Struct):
    """All of `pack.json` that is read."""

    schema: Literal[1]
    name: Word
    files: dict[str, str]
    audiences: dict[Word, AudienceEntry]
    card: dict[str, Any]
    preprocessing: Preprocessing | None = None
    held_out_products: list[str] = []
    verify: VerifyEntry | None = None
    gate: GateEntry | None = None
    share: ShareMap | None = None
    probes: dict[str, Any] = {}

    def __post_init__(self) -> None:
        for name in (self.name, *self.audiences):
            if not name.isprintable():
                raise ValueError(f"{name!r}: a name of letters that cannot be shown")


def require_rising(quantiles: list[float] | tuple[float, ...], *, least: int) -> None:
    """Refuse quantiles that fall, or too few of them; one alone tells nothing.

    Raises:
        ValueError: They do, or are.
    """
    if len(quantiles) < least or len(quantiles) == 1:
        raise ValueError(f"quantiles: {len(quantiles)} of them, and two or more are needed")
    if any(below > above for below, above in pairwise(quantiles)):
        raise ValueError("quantiles: they fall")
