"""Redesigns by what a generator can be told: the product redrawn in values that an audience likes better.

A seller thinks in such values: the same dress in black, or with stripes. A generator that learned conditions
(`generator.families.told`) takes the photo part of the way to noise, and comes back with what it is told
(SDEdit, Meng et al. 2022).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from gigs.errors import InputError
from gigs.generator.families.flow_conditions import Vocabulary
from gigs.generator.families.told import ToldGenerator

LEAST = 10  # items with the same values, below which their mean liking says little


@dataclass(frozen=True)
class LikedValues:
    """Values of conditions, and how well an audience likes the real items that have them.

    Attributes:
        values: By condition, such as `{"colour": "Black", "appearance": "Stripe"}`.
        liking: Mean liking of the items less its standard error.
        items: How many there are.
    """

    values: dict[str, str]
    liking: float
    items: int


def liked_values(
    items: pd.DataFrame, liking: np.ndarray, known: Vocabulary, columns: Sequence[str], *, least: int = LEAST
) -> list[LikedValues]:
    """Combinations of values that items have, the best liked first.

    Args:
        items: The catalogue's items of the product's type, `N` rows with the given columns.
        liking: How well the audience likes each of them, `[N]`.
        known: What the generator can be told.
        columns: Conditions to combine, such as `("colour", "appearance")`.
        least: How many items must have a combination.

    Raises:
        InputError: A column that the generator cannot be told, or that the items lack.
    """
    for column in columns:
        if column not in known or column not in items:
            raise InputError(f"condition {column!r}: the generator knows {', '.join(known) or 'none'}")
    told = items.assign(liking=np.asarray(liking, dtype=float))
    for column in columns:
        told = told[told[column].isin(known[column])]
    found = []
    for values, group in told.groupby(list(columns), sort=True, observed=True)["liking"]:
        if len(group) >= max(2, least):
            worth = float(group.mean() - group.std() / len(group) ** 0.5)
            found.append(LikedValues(dict(zip(columns, map(str, values), strict=True)), worth, len(group)))
    return sorted(found, key=lambda one: -one.liking)


@torch.no_grad()
def redraw(
    generator: ToldGenerator,
    photo: Tensor,
    wishes: Sequence[dict[str, str]],
    *,
    strength: float = 0.6,
    guidance: float = 2.0,
    seed: int | None = 0,
) -> Tensor:
    """The product redrawn once for each wish, `[len(wishes),3,R,R]` in `[0,1]`.

    Args:
        generator: One that knows the conditions.
        photo: `[1,3,R,R]` in `[0,1]`.
        wishes: Values by condition; each should name the product's type, too.
        strength: In (0,1]: how far the photo is taken towards noise, and so how much may change.
        guidance: How strongly the generator follows what it is told; 1 is how it was trained.
        seed: Of the noise; all wishes get the same. None takes the photo there without noise of its own, by the flow
            backwards, which keeps more of it.

    Raises:
        InputError: A condition or value that the generator has not learned, or an impossible strength.
    """
    told = [generator.told(wish, guidance=guidance) for wish in wishes]
    points = generator.renoised(photo, strength, None if seed is None else torch.Generator().manual_seed(seed))
    return torch.cat([flow.back(points, strength) for flow in told])
