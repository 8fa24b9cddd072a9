"""Which items to work on, how often each is drawn, and a batch of their photos."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from gigs.data.catalogue import Catalogue
from gigs.data.conditions import matching
from gigs.errors import InputError
from gigs.training.processes import here
from gigs.vision.images import to_tensor


def select(catalogue: Catalogue, rows: np.ndarray, where: str) -> np.ndarray:
    """Rows that satisfy a condition on the item table, such as `group in ["Shoes"]`; all of them if it is empty.

    Raises:
        InputError: The condition cannot be evaluated.
    """
    if not where:
        return rows
    return rows[matching(catalogue.items.iloc[rows], where, "--where")]


def odds(catalogue: Catalogue, rows: np.ndarray, column: str) -> Tensor:
    """How often each item is drawn, `[rows]`: evenly, or by 1/sqrt(how many share its value in `column`).

    Raises:
        InputError: There is no such column.
    """
    if not column:
        return torch.ones(len(rows))
    if column not in catalogue.items:
        raise InputError(f"--balance {column!r}: no such column; there are {', '.join(catalogue.items.columns)}")
    values = catalogue.items[column].iloc[rows].fillna("")
    return torch.from_numpy(values.map(values.value_counts()).to_numpy(dtype=np.float32)).rsqrt()


def draw_batch(photos: np.ndarray, rows: np.ndarray, weights: Tensor, count: int, rng: torch.Generator) -> Tensor:
    """As `draw_picks`, the photos alone."""
    return draw_picks(photos, rows, weights, count, rng)[0]


def draw_picks(
    photos: np.ndarray, rows: np.ndarray, weights: Tensor, count: int, rng: torch.Generator
) -> tuple[Tensor, Tensor]:
    """`count` training photos `[count,3,S,S]` in `[0,1]`, drawn with replacement and mirrored at random.

    Where several processes share a batch, `count` is the whole batch's, and this process's photos of it are returned.

    Args:
        photos: uint8 `[items,S,S,3]`.
        rows: Items to draw from.
        weights: How often each of them is drawn (`odds`).
        count: Photos to draw.
        rng: CPU generator.

    Returns:
        The photos, and for each the place in `rows` of its item, `[count]`.
    """
    picks = torch.multinomial(weights, count, replacement=True, generator=rng)
    mirrored = torch.rand(count, generator=rng) < 0.5
    picks, mirrored = here().mine(picks), here().mine(mirrored)
    batch = to_tensor(photos[rows[picks.numpy()]])
    return torch.where(mirrored[:, None, None, None], batch.flip(-1), batch), picks
