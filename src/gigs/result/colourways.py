"""The product in several colours as one object: look at it, save it with its page (`docs/guides/colours.md`)."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from gigs import __version__
from gigs.audience import Audience
from gigs.explain.colours import difference, hex_of, name_of
from gigs.io import storage, written
from gigs.languages import SOURCE
from gigs.languages import language as language_of
from gigs.method import dyes
from gigs.method.colours import Coloured, FoundColours
from gigs.method.product import Product
from gigs.report.colours_page import picture_of, render_colours
from gigs.result.pictures import CONCEPT_ON_PHOTO, Made, Pictures
from gigs.result.result import plain
from gigs.result.schema import UNCHECKED, AudienceSummary, CutOutSummary
from gigs.verify.recalibration import Recalibration
from gigs.verify.share import Share
from gigs.verify.verdict import Belief
from gigs.vision.runtime import Runtime

SCHEMA = 1
FILE, PAGE, PHOTO = "colours.json", "colours.html", "photo.png"
EXACT = 2.0  # CIEDE2000 to the colour that was aimed at: more is said
Lab = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class Colourway:
    """The product in one colour.

    Attributes:
        file: Of its picture.
        name: As the seller wrote it, or the palette's.
        near: The name of the nearest known colour, if the seller gave a hex value; None otherwise.
        hex: The colour as `#rrggbb`.
        lab: The colour in CIELAB (D65): L*, a*, b*.
        asked: Whether the seller named it.
        shown: Mean CIELAB of the product in the picture.
        off: CIEDE2000 between `lab` and `shown`. It is 0, except for colours that cannot keep the photo's folds
            visible.
        score: theta^T phi (Eq. 1), in the recommender's unit.
        gain_vs_photo: Score minus the photo's.
        check: The judges' gain over the photo; None if it was not checked.
        share: Of 100 buyers who choose between it and the product as it is, how many take it. None if the pack cannot
            translate gains into shares.
        pictures: All pictures.
    """

    file: str
    name: str
    near: str | None
    hex: str
    lab: Lab
    asked: bool
    shown: Lab
    off: float
    score: float
    gain_vs_photo: float
    check: Belief | None = None
    share: Share | None = None
    pictures: Pictures = field(default_factory=Pictures, repr=False, compare=False)

    @property
    def image(self) -> Image.Image:
        """The picture at the photo's own size, RGB."""
        return self.pictures[self.file]

    @property
    def verdict(self) -> str:
        """`likely`, `unclear`, `no gain found`, `no promise`, or `unchecked`."""
        return UNCHECKED if self.check is None else self.check.verdict

    @property
    def gain(self) -> float | None:
        """The judges' gain over the photo, in standard deviations of real items; None if it was not checked."""
        return None if self.check is None else self.check.gain

    @property
    def exact(self) -> bool:
        """Whether the picture shows exactly the requested colour."""
        return self.off <= EXACT


@dataclass(frozen=True, kw_only=True)
class Today:
    """The photo: its file's name, its score, and the product's mean colour."""

    source: str | None
    name: str
    hex: str
    lab: Lab
    score: float


@dataclass(frozen=True, kw_only=True)
class Colourways:
    """One product in several colours for one audience, best first; `found[0]` is the first of them.

    Attributes:
        schema: Schema of `colours.json`.
        pack: Name of the pack.
        seed: Random seed of the judges' bootstrap.
        device: Device that computed it.
        audience: The audience that the colours are for.
        today: The photo.
        cutout: The product, cut out of the photo.
        tried: Number of colours of the palette that were tried.
        better: How many of these scored above the photo under the models that choose.
        colours: The product in each colour.
        seconds: Seconds by stage.
        versions: Versions of gigs, PyTorch and Python.
        recalibration: The recalibration from tests with people that corrected the shares; None if there was none.
        doubt: Why the scores promise nothing; None if the target's test AUC is above chance.
        pictures: All pictures.
    """

    schema: int = SCHEMA
    pack: str
    seed: int
    device: str
    audience: AudienceSummary
    today: Today
    cutout: CutOutSummary
    tried: int
    better: int
    colours: tuple[Colourway, ...]
    seconds: dict[str, float]
    versions: dict[str, str]
    recalibration: Recalibration | None = None
    doubt: str | None = None
    pictures: Pictures = field(default_factory=Pictures, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.colours)

    def __getitem__(self, number: int) -> Colourway:
        return self.colours[number]

    def __iter__(self) -> Iterator[Colourway]:
        return iter(self.colours)

    def to_json(self) -> dict[str, Any]:
        """The content of `colours.json`."""
        return dict(plain(self))

    def save(self, folder: str | Path, *, language: str = SOURCE) -> Path:
        """Write pictures, `colours.html`, `colours.json` and a manifest. Earlier colours in the folder are replaced.

        Args:
            folder: Folder to write into. It is made if it does not exist.
            language: Language of the page, such as `de`. `colours.json` is always in English.

        Returns:
            The folder.

        Raises:
            DiskError: The disk is full.
            InputError: The language is not known, or a file would be replaced that gigs did not write or that was
                changed since.
        """
        say, folder = language_of(language), Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        names = names_of_files(len(self.colours))
        written.claim(folder, names)
        written.forget(folder)
        written.clear(folder, FILE, is_file_name)
        small = {PHOTO: picture_of(self.pictures.png(PHOTO))}
        for one in self:
            content = self.pictures.png(one.file)
            written.put(folder, one.file, content)
            small[one.file] = picture_of(content, CONCEPT_ON_PHOTO)
        written.put(folder, PAGE, render_colours(self, small, say).encode())
        written.put(folder, FILE, storage.json_bytes(self.to_json()))
        written.seal(folder, names, request=None)
        return folder


def names_of_files(count: int) -> list[str]:
    """Names of all files that a given number of colours may write."""
    return [FILE, PAGE, *(f"colour-{number + 1}.png" for number in range(count))]


def is_file_name(name: str) -> bool:
    """Whether any number of colours may write a file with this name."""
    return name in (FILE, PAGE) or re.fullmatch(r"colour-[1-9]\d{0,5}\.png", name) is not None


def compose_colours(
    found: FoundColours, product: Product, audience: Audience, pack: str, runtime: Runtime
) -> Colourways:
    """Make the object from the method's result."""
    assert product.pixels is not None and product.cutout is not None
    entries = [_entry(number, way, found.photo_score) for number, way in enumerate(found.ways)]
    made: dict[str, Made] = {PHOTO: Image.fromarray(product.pixels)}
    made |= {entry.file: _maker(way) for entry, way in zip(entries, found.ways, strict=True)}
    pictures = Pictures(made, {entry.file: CONCEPT_ON_PHOTO for entry in entries})
    cutout = product.cutout
    return Colourways(
        pack=pack,
        seed=runtime.seed,
        device=runtime.compute.device,
        audience=AudienceSummary(
            name=audience.name,
            label=audience.label,
            users=audience.users,
            scored_users=audience.scored_users,
            privacy=audience.privacy,
        ),
        today=Today(
            source=product.source,
            name=name_of(found.today),
            hex=hex_of(found.today),
            lab=_rounded(found.today),
            score=found.photo_score,
        ),
        cutout=CutOutSummary.of(cutout),
        tried=len(dyes.palette()),
        better=found.better,
        colours=tuple(replace(entry, pictures=pictures) for entry in entries),
        seconds={stage: round(seconds, 3) for stage, seconds in found.seconds.items()},
        versions={"gigs": __version__, "torch": torch.__version__, "python": platform.python_version()},
        pictures=pictures,
    )


def _entry(number: int, way: Coloured, photo_score: float) -> Colourway:
    colour = way.colour
    return Colourway(
        file=f"colour-{number + 1}.png",
        name=colour.name,
        near=dyes.nearest(colour.lab) if colour.name.startswith("#") or "(" in colour.name else None,
        hex=hex_of(colour.lab),
        lab=_rounded(colour.lab),
        asked=way.asked,
        shown=_rounded(way.shown),
        off=round(float(difference(way.shown, colour.lab)), 2),
        score=way.score,
        gain_vs_photo=way.score - photo_score,
        check=None if way.judged is None else way.judged.belief,
        share=None if way.judged is None or way.judged.share is None else way.judged.share.rounded(),
    )


def _maker(way: Coloured) -> Made:
    return way.picture if way.held is not None else lambda: way.picture


def _rounded(lab: np.ndarray) -> Lab:
    lightness, a, b = (round(float(value), 2) + 0.0 for value in lab)
    return lightness, a, b
