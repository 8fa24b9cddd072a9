"""The description of one redesign's changes for a reader: words, colours and attributes, rounded for display."""

from __future__ import annotations

from dataclasses import dataclass

from gigs.io.documents import Fraction, HexColour, NotNegative, Number
from gigs.verify.probes import Answer


@dataclass(frozen=True)
class Colour:
    """One colour of a product: its name, `#rrggbb`, and the share of the product that has it, in `[0,1]`."""

    name: str
    hex: HexColour
    share: Fraction


@dataclass(frozen=True)
class Turn:
    """A share of the product that turns from one named colour to another; `delta_e` is CIEDE2000 between them."""

    before: str
    after: str
    share: Fraction
    delta_e: NotNegative


@dataclass(frozen=True)
class PaletteChange:
    """Colours before and after, the mean CIEDE2000 over the product, and the turns that the photo confirms."""

    before: tuple[Colour, ...]
    after: tuple[Colour, ...]
    delta_e: NotNegative
    turns: tuple[Turn, ...]


@dataclass(frozen=True)
class Tone:
    """A change of mean L* or C*; `real` if it is visible and the photo confirms it."""

    change: Number
    real: bool


@dataclass(frozen=True)
class AttributeChange:
    """A probe's answers before and after; `changed` is None unless it is sure of both."""

    before: Answer
    after: Answer
    changed: bool | None


@dataclass(frozen=True)
class OutlineChange:
    """Width and height after/before, the overlap of the outlines in `[0,1]`, and the words for it."""

    width: NotNegative
    height: NotNegative
    overlap: Fraction
    words: tuple[str, ...]


@dataclass(frozen=True)
class Description:
    """The description of a redesign against the reconstruction, or of the reconstruction against the photo.

    Attributes:
        words: One plain sentence.
        nothing: Whether nothing could be named.
        palette: Colours.
        lightness: Change of mean L*.
        vividness: Change of mean C*.
        attributes: By column of the catalogue; empty without probes.
        outline: The product's outline; None if the photo already has the redesign's outline.
        where: The part that changes most, in words; None if the change is faint or even.
        not_sure: Columns about which nothing is said.
        map: File of a picture that shows where it changes, or None.
    """

    words: str
    nothing: bool
    palette: PaletteChange
    lightness: Tone
    vividness: Tone
    attributes: dict[str, AttributeChange]
    outline: OutlineChange | None
    where: str | None
    not_sure: tuple[str, ...] = ()
    map: str | None = None
