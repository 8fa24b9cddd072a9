"""Shifts that real items support: towards better-liked neighbours of the product, with no gradient of the score.

Raising the score by gradient finds the recommender's blind spots first. A supported shift goes towards the mean of a
few real items of the same kind that the audience likes better and that are near the product in latent space. It changes
what really differs between products, and judges confirm its gain at nearly the rate of real differences.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from gigs.errors import InputError
from gigs.generator.base import Generator
from gigs.generator.latent import root_mean_square
from gigs.progress import Step
from gigs.shifting.optimise import Shifted
from gigs.shifting.separation import Repulsion
from gigs.vision.runtime import Runtime

Grade = Callable[[Tensor], Tensor]
WIDER = 4  # liked items per candidate
REFUSED, OF_THE_KIND, GOOD = 0, 1, 2  # grades of a picture


@dataclass(frozen=True, kw_only=True)
class SupportSettings:
    """How far to go, and towards which items.

    Attributes:
        n: Number of redesigns.
        neighbours: Number of nearest real items of the category to consider.
        liked: Number of the best-liked of them to keep.
        cluster: Number of real items whose mean one redesign moves towards.
        reach: Share of the way to go; 1 goes all the way.
        fallback: Shares of `reach` to try if a redesign was not accepted.
        margin: Coarse pictures nearer than this (root mean square of values in [0,1]) count as alike.
    """

    n: int = 8
    neighbours: int = 1000
    liked: int = 60
    cluster: int = 8
    reach: float = 0.8
    fallback: tuple[float, ...] = (0.6, 0.35, 0.15)
    margin: float = 0.06

    def __post_init__(self) -> None:
        if not 1 <= self.n <= 64:
            raise InputError(f"the number of suggestions must be from 1 to 64, not {self.n}")
        if min(self.neighbours, self.liked, self.cluster) < 1 or self.liked > self.neighbours:
            raise InputError("supported shifts need neighbours >= liked >= 1 and a cluster of 1 or more")
        if not 0 < self.reach <= 1 or not all(0 < share < 1 for share in self.fallback):
            raise InputError(f"the reach must be above 0 and at most 1, not {self.reach}")
        if not self.margin > 0:
            raise InputError("supported shifts need a positive margin")


@dataclass(frozen=True)
class Supported:
    """The outcome: the shifts, and how many candidates were not accepted."""

    shifted: Shifted
    dropped: int


@dataclass(frozen=True)
class LikedItems:
    """Real items as latent vectors `codes` `[N,D]`, and how well an audience likes each of them, `liking` `[N]`."""

    codes: Tensor
    liking: Tensor

    def to(self, device: torch.device) -> LikedItems:
        """The same on a device."""
        return LikedItems(self.codes.to(device), self.liking.to(device))


@torch.no_grad()
def supported_shift(
    generator: Generator,
    z: Tensor,
    items: LikedItems,
    settings: SupportSettings,
    *,
    grade: Grade,
    runtime: Runtime | None = None,
) -> Supported:
    """Find n distinct redesigns that real items support.

    Args:
        generator: Frozen.
        z: Latent vector of the product, `[1,D]`.
        items: The catalogue's real items of its category, and how well the audience likes them.
        settings: How far to go, and towards which items.
        grade: Pictures `[M,3,R,R]` in `[0,1]` to int `[M]`: `GOOD`, or at least a product of this kind
            (`OF_THE_KIND`), or neither (`REFUSED`). A picture that is not good is tried with a shorter shift, then
            replaced by the next candidate. Only if too few good ones are found, the best of the rest fill the number.
        runtime: Precision of drawing, and the progress callback, which receives the pictures found so far.

    Raises:
        InputError: There is no real item to move towards.
    """
    if not len(items.codes):
        raise InputError("no real item of this product's category is in the pack: use the preset paper-text")
    runtime = runtime or Runtime()
    items = items.to(z.device)
    aims = aims_of(z, items, settings, 2 * settings.n)
    shares = (1.0, *settings.fallback)
    best = torch.full((len(aims),), REFUSED - 1, device=z.device)
    refusals = torch.zeros_like(best)
    moved = aims.clone()
    pictures = torch.zeros(0)
    for number, share in enumerate(shares):
        left = torch.nonzero(best < GOOD).flatten()
        if not len(left):
            break
        tried = generator.project(towards(z, aims[left], items.codes, settings.reach * share))
        with runtime.compute.autocast():
            drawn = generator(tried).float()
        given = grade(drawn).to(best)
        better = given >= best[left]  # of two equally good ones, the shorter shift
        rows = left[better]
        pictures = drawn.clone() if number == 0 else pictures.index_copy(0, rows, drawn[better])
        moved[rows], best[rows] = tried[better], given[better]
        refusals[left] += (given < GOOD).to(refusals)
        runtime.on_step(Step("redesigning", number + 1, len(shares), images=pictures[best == GOOD][: settings.n]))
    chosen, dropped = _choose(best.tolist(), refusals.tolist(), settings.n)
    pictures, found = pictures[chosen], moved[chosen]
    shifted = Shifted(found - z, pictures, Repulsion(settings.margin).distinct(pictures))
    return Supported(shifted, dropped)


@torch.no_grad()
def supported_candidates(
    generator: Generator, z: Tensor, items: LikedItems, settings: SupportSettings, count: int, runtime: Runtime
) -> Shifted:
    """Many redesigns that real items support, none of them checked yet; the most different first.

    Args:
        generator: Frozen.
        z: Latent vector of the product, `[1,D]`.
        items: The catalogue's real items of its category, and how well the audience likes them.
        settings: How far to go, and towards which items.
        count: Largest number of redesigns, limited by the number of liked items.
        runtime: Precision of drawing.

    Raises:
        InputError: There is no real item to move towards.
    """
    if not len(items.codes):
        raise InputError("no real item of this product's category is in the pack: use the preset paper-text")
    liked = max(settings.liked, WIDER * count)  # with more liked items, the farthest apart differ more
    settings = replace(settings, liked=liked, neighbours=max(settings.neighbours, liked))
    items = items.to(z.device)
    aims = aims_of(z, items, settings, min(count, len(items.codes)))
    moved = generator.project(towards(z, aims, items.codes, settings.reach))
    with runtime.compute.autocast():
        images = generator(moved).float()
    return Shifted(moved - z, images, Repulsion(settings.margin).distinct(images))


def towards(z: Tensor, aims: Tensor, codes: Tensor, share: float) -> Tensor:
    """Points `[M,D]` a share of the way from z `[1,D]` to aims `[M,D]`, as long as z and real items' `codes` are.

    The mean of k unrelated normal vectors is shorter than they are by the root of k, and a generator draws the same
    average product of all short vectors, unless its own `project` makes them long again.
    """
    moved = z + share * (aims - z)
    length = torch.lerp(root_mean_square(z), root_mean_square(codes).mean(), share)
    return moved * (length / root_mean_square(moved))


def aims_of(z: Tensor, items: LikedItems, settings: SupportSettings, count: int) -> Tensor:
    """Points to move towards, `[count,D]`, the most different first: means of clusters of better-liked neighbours.

    Args:
        z: `[1,D]`.
        items: The real items.
        settings: Sizes of neighbourhood and clusters.
        count: Number of points; with fewer liked items than that, some repeat.
    """
    codes, liking = items.codes, items.liking
    near = torch.cdist(z, codes)[0].topk(min(settings.neighbours, len(codes)), largest=False).indices
    liked = near[liking[near].topk(min(settings.liked, len(near))).indices]
    kept = codes[liked]
    centres = farthest_first(kept, min(count, len(kept)))
    around = torch.cdist(kept[centres], kept).topk(min(settings.cluster, len(kept)), largest=False).indices
    aims = kept[around].mean(1)
    return aims.repeat(-(-count // len(aims)), 1)[:count]


def farthest_first(points: Tensor, count: int) -> Tensor:
    """Rows of `count` points `[N,D]`: the first, then always the one farthest from all chosen (Gonzalez 1985)."""
    chosen = [0]
    away = torch.cdist(points, points[:1])[:, 0]
    while len(chosen) < count:
        chosen.append(int(away.argmax()))
        away = torch.minimum(away, torch.cdist(points, points[chosen[-1:]])[:, 0])
    return torch.tensor(chosen, device=points.device)


def _choose(best: list[int], refusals: list[int], n: int) -> tuple[list[int], int]:
    """The aims that the redesigns take, and how many candidates were refused before.

    Good ones in order; if they are too few, then the rest, best grade first.
    """
    good = [aim for aim, grade in enumerate(best) if grade == GOOD][:n]
    rest = sorted((aim for aim, grade in enumerate(best) if grade < GOOD), key=lambda aim: -best[aim])
    looked_at = good[-1] + 1 if len(good) == n else len(best)
    return good + rest[: n - len(good)], sum(refusals[:looked_at])
