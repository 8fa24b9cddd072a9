"""The product in colours that an audience likes better than today's, and in those that the seller names.

Every colour of a fixed palette (`dyes`) is put on a reduced photo and scored by the targets. Those that score higher
than the photo are taken, best first, if they differ enough from today's colour, from the named ones and from those
already taken. Only the chosen ones are made at full size and judged.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from gigs.audience import Audience
from gigs.errors import InputError, ModelError
from gigs.explain.colours import difference
from gigs.method import dyes
from gigs.method.on_photo import HELD, OnPhoto
from gigs.method.options import Options
from gigs.method.product import Product
from gigs.progress import OnStep, Step
from gigs.recommender import Recommender
from gigs.transfer import NamedColour, colours_in
from gigs.verify.panel import Panel
from gigs.verify.promise import Judged, judged
from gigs.vision.runtime import Runtime

APART = 12.0  # least CIEDE2000 between any two of the colours found, and from these to today's and the named ones
MOST = 40  # colours in all: a page with this many is still small enough for a mail
TOGETHER = 12  # colours made in one batch
LOOKS = "looking at colours"


class ColourOptionNames(TypedDict, total=False):
    """Keyword options of `Session.colours`.

    Attributes:
        seed: From 0; the same seed gives the same pictures and figures.
        mask: A mask, white where the product is, a file or an array; found automatically if not given.
        keep_region: A mask, white where the photo must not change.
        verify: Let judges say whether the gain is real.
        on_step: Called with a `gigs.progress.Step` after every step.
    """

    seed: int
    mask: Path | np.ndarray | None
    keep_region: Path | np.ndarray | None
    verify: bool
    on_step: OnStep


def options_of(**given: Any) -> Options:
    """From keyword options.

    Raises:
        InputError: A value that makes no sense.
        TypeError: An option that does not exist.
    """
    known = ColourOptionNames.__annotations__
    if unknown := sorted(set(given) - set(known)):
        raise TypeError(f"there is no option {unknown[0]!r}; there are n, colours, {', '.join(known)}")
    return Options.of(**given)


@dataclass(frozen=True)
class Wish:
    """How many colours to find, and which named ones to add in any case."""

    n: int
    named: tuple[NamedColour, ...] = ()

    @classmethod
    def of(cls, n: int, colours: str | None) -> Wish:
        """Read the seller's list; duplicates are dropped.

        Raises:
            InputError: A colour that is not known, or an impossible number.
        """
        named = {one.name.casefold(): one for one in (colours_in(colours, dyes.names()) if colours else ())}
        if n < 0 or not 1 <= n + len(named) <= MOST:
            raise InputError(f"n must be from 1 to {MOST} (with the colours named; 0 finds no others), not {n}")
        return cls(n, tuple(named.values()))


@dataclass(frozen=True)
class Liking:
    """What scores a picture for an audience: the recommender, and the panel if there is one."""

    recommender: Recommender
    audience: Audience
    panel: Panel | None

    def scores(self, squares: Tensor) -> Tensor:
        """theta^T phi (Eq. 1) of pictures `[n,3,R,R]`, `[n]`."""
        audience = self.audience
        if audience.sample is None and not self.recommender.is_linear:
            raise InputError(
                f"audience {audience.name!r} is a mean, and this recommender's score is not linear: sample users"
            )
        theta = audience.theta if audience.sample is None else audience.sample
        found = self.recommender.score(squares, theta.to(device=squares.device, dtype=torch.float32))
        found = found if theta.ndim == 1 else found.mean(1)
        if not torch.isfinite(found).all():
            raise ModelError("a score is not finite: the recommender holds damaged weights; load it again")
        return found

    def gains(self, squares: Tensor, photo: Tensor) -> Tensor:
        """What is optimised: the targets' gain over the photo `[1,3,R,R]`; without a panel, the recommender's."""
        prefer = self.scores if self.panel is None else self.panel.preference
        return prefer(squares) - prefer(photo)

    def judged(self, squares: Tensor, photo: Tensor, seed: int) -> list[Judged | None]:
        """Each picture's gain by the judges."""
        panel = self.panel
        if panel is None:
            return [None] * len(squares)
        seen = {judge.name: judge.recommender.features(torch.cat([photo, squares])) for judge in panel.judges}
        photos = {name: phi[:1] for name, phi in seen.items()}
        return [
            judged(panel, photos, {name: phi[row : row + 1] for name, phi in seen.items()}, seed)
            for row in range(1, len(squares) + 1)
        ]


@dataclass(frozen=True)
class Coloured:
    """The product in one colour.

    Attributes:
        colour: The colour aimed at.
        asked: Whether the seller named it.
        shown: Mean CIELAB `[3]` of the product in the picture.
        score: theta^T phi (Eq. 1) of the picture.
        judged: Its gain over the photo by the judges; None if no judge was asked.
        held: The picture, uint8 `[H,W,3]`; None if it is made again on demand.
        on_photo: What makes it.
    """

    colour: NamedColour
    asked: bool
    shown: np.ndarray
    score: float
    judged: Judged | None
    held: np.ndarray | None
    on_photo: OnPhoto

    @property
    def picture(self) -> Image.Image:
        """At the photo's own size."""
        made = self.on_photo.coloured([self.colour.lab])[0] if self.held is None else self.held
        return Image.fromarray(made)


@dataclass(frozen=True)
class FoundColours:
    """The colours for one product, best first.

    Attributes:
        ways: The product in each colour.
        today: Mean CIELAB `[3]` of the product in the photo.
        photo_score: Score of the photo.
        better: How many palette colours the targets score higher than the photo.
        seconds: By stage.
    """

    ways: tuple[Coloured, ...]
    today: np.ndarray
    photo_score: float
    better: int
    seconds: dict[str, float]


@torch.no_grad()
def find_colours(product: Product, liking: Liking, wish: Wish, runtime: Runtime) -> FoundColours:
    """The product in colours that are liked better, and in the named ones; best first by the judges' gain.

    Args:
        product: With its cut-out.
        liking: What scores and judges the pictures.
        wish: How many colours, and which in any case.
        runtime: Device, seed and progress callback.

    Raises:
        InputError: The product is not cut out, or nothing is liked better and no colour was named.
    """
    if product.cutout is None or product.photo is None:
        raise InputError(
            "the product could not be cut out of the photo; give a mask that is white where the product is"
        )
    watch, on_photo = [time.perf_counter()], OnPhoto(product, product.photo.shape[-1])
    device = runtime.compute.device
    photo, today = product.photo.to(device), on_photo.colour()
    found, better = _found(on_photo, liking, wish, photo, runtime) if wish.n else ([], 0)
    if not found and not wish.named:
        raise InputError(
            f"none of the {len(dyes.palette())} colours tried is liked better by {liking.audience.label} than "
            "today's; name colours to see them anyway"
        )
    watch.append(time.perf_counter())
    wanted = [(one, True) for one in wish.named] + [(one, False) for one in found]
    ways = _made(on_photo, liking, wanted, photo, runtime)
    watch.append(time.perf_counter())
    seconds = {"looking": watch[1] - watch[0], "making": watch[2] - watch[1]}
    return FoundColours(tuple(ways), today, liking.scores(photo).item(), better, seconds)


def choose_colours(labs: np.ndarray, gains: Sequence[float], taken: Sequence[np.ndarray], n: int) -> list[int]:
    """Rows of at most n better-liked colours, best first, each at least `APART` from all others and from `taken`.

    Args:
        labs: CIELAB `[N,3]`.
        gains: `[N]`, above 0 if a colour is liked better than today's.
        taken: CIELAB `[3]` of colours that are already there.
        n: At most.
    """
    chosen: list[int] = []
    beside = list(taken)
    for row in np.argsort(-np.asarray(gains), kind="stable"):
        if len(chosen) == n or gains[row] <= 0:
            break
        if not beside or float(difference(labs[row][None], np.array(beside)).min()) >= APART:
            chosen.append(int(row))
            beside.append(labs[row])
    return chosen


def _found(
    on_photo: OnPhoto, liking: Liking, wish: Wish, photo: Tensor, runtime: Runtime
) -> tuple[list[NamedColour], int]:
    """Colours of the palette, chosen on the reduced photo; and how many of all are liked better."""
    every = dyes.palette()
    pictures: list[np.ndarray] = []
    for first in range(0, len(every), TOGETHER):
        some = every[first : first + TOGETHER]
        pictures += on_photo.coloured([one.lab for one in some], small=True)
        runtime.on_step(Step(LOOKS, first + len(some), len(every)))
    gains = liking.gains(on_photo.squares(pictures).to(photo), photo).tolist()
    taken = [on_photo.colour(), *(one.lab for one in wish.named)]
    rows = choose_colours(np.array([one.lab for one in every]), gains, taken, wish.n)
    return [every[row] for row in rows], sum(gain > 0 for gain in gains)


def _made(
    on_photo: OnPhoto, liking: Liking, wanted: Sequence[tuple[NamedColour, bool]], photo: Tensor, runtime: Runtime
) -> list[Coloured]:
    """The product in each colour at full size, scored and judged, best first."""
    shown, squares = [], []
    held: list[np.ndarray | None] = []
    for number, (colour, _) in enumerate(wanted):
        (picture,) = on_photo.coloured([colour.lab])
        shown.append(on_photo.colour(picture))
        squares.append(on_photo.squares([picture]))
        held.append(picture if picture.shape[0] * picture.shape[1] * len(wanted) <= HELD else None)
        runtime.on_step(Step("making the pictures", number + 1, len(wanted)))
    seen = torch.cat(squares).to(photo)
    scores, judged = liking.scores(seen).tolist(), liking.judged(seen, photo, runtime.seed)
    worth = [score if one is None else one.worth for score, one in zip(scores, judged, strict=True)]
    return [
        Coloured(wanted[row][0], wanted[row][1], shown[row], scores[row], judged[row], held[row], on_photo)
        for row in np.argsort(-np.array(worth), kind="stable")
    ]
