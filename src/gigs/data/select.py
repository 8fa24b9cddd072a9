"""Selects items, decides how often each is drawn, and draws batches of their photos."""

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
    """Select rows by a condition on the item table, such as `group in ["Shoes"]`; all rows if it is empty.

    Raises:
        InputError: The condition cannot be evaluated.
    """
    if not where:
        return rows
    return rows[matching(catalogue.items.iloc[rows], where, "`where`")]


def odds(catalogue: Catalogue, rows: np.ndarray, column: str) -> Tensor:
    """How often each item is drawn, `[rows]`: evenly, or by 1/sqrt(number of items with its value in `column`).

    Raises:
        InputError: There is no such column.
    """
    if not column:
        return torch.ones(len(rows))
    if column not in catalogue.items:
        raise InputError(f"`balance` {column!r}: no such column; there are {', '.join(catalogue.items.columns)}")
    values = catalogue.items[column].iloc[rows].fillna("")
    return torch.from_numpy(values.map(values.value_counts()).to_numpy(dtype=np.float32)).rsqrt()


def draw_batch(photos: np.ndarray, rows: np.ndarray, weights: Tensor, count: int, rng: torch.Generator) -> Tensor:
    """Like `draw_picks`, but returns only the photos."""
    return draw_picks(photos, rows, weights, count, rng)[0]


def draw_picks(
    photos: np.ndarray, rows: np.ndarray, weights: Tensor, count: int, rng: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Draw `count` training photos `[count,3,S,S]` in `[0,1]`, with replacement and mirrored at random.

    If several processes share a batch, `count` is for the whole batch, and only this process's photos are returned.

    Args:
        photos: uint8 `[items,S,S,3]`.
        rows: Items to draw from.
        weights: How often each of them is drawn (`odds`).
        count: Photos to draw.
        rng: CPU generator.

    Returns:
        The photos, and the place of each photo's item in `rows`, `[count]`.
    """
    picks = torch.multinomial(weights, count, replacement=True, generator=rng)
    mirrored = torch.rand(count, generator=rng) < 0.5
    picks, mirrored = here().mine(picks), here().mine(mirrored)
    batch = to_tensor(photos[rows[picks.numpy()]])
    return torch.where(mirrored[:, None, None, None], batch.flip(-1), batch), picks
