"""The form of an `.audience` file's header: what every field of it may be."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from gigs.io.documents import AtLeastOne, Fraction, NotNegative, Number, Positive, Word
from gigs.packs.pack_file import DescriptionEntry, require_rising

SCHEMA = 1


class TasteEntry(Struct):
    """The numbers of `audience.taste.Taste`; its vectors are tensors of the file."""

    users: AtLeastOne
    mean: Number
    spread: Positive
    effective: Positive | None = None
    noise: NotNegative = 0.0


class PromiseEntry(Struct):
    """What was promised to the members, as `audience.privacy.Promise` records it."""

    epsilon: Positive
    delta: Fraction
    neighbours: str
    released: str
    scope: str


class OriginEntry(Struct):
    """Where the audience comes from: the pack, the SHA-256 of its scorers' files, and by whom each goes."""

    pack: Word
    scorers: dict[Word, str]
    members: Literal["own halves", "all"]
    source: str = field(default="", name="from")
    description: DescriptionEntry | None = None


class AudienceHeader(Struct):
    """The whole header."""

    schema: Literal[1]
    kind: Literal["audience"]
    name: Word
    label: Word
    users: AtLeastOne
    quantiles: list[Number]
    target: Word
    tastes: Annotated[dict[Word, TasteEntry], Meta(min_length=1)]
    origin: OriginEntry
    privacy: PromiseEntry | None = None
    about: dict[str, Any] = {}

    def __post_init__(self) -> None:
        require_rising(self.quantiles, least=2)
        if self.target not in self.tastes:
            raise ValueError("target: none of the tastes")
        if not self.name.isprintable():
            raise ValueError("name: of letters that cannot be shown")
