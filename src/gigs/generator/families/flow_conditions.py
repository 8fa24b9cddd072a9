"""What a flow is told to draw: for each condition one of a list of values, or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from gigs.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("type", "colour", "appearance")
LEAST = 20  # photos of a value, below which it is not learned but counts as unknown

Vocabulary = dict[str, list[str]]


def vocabulary(items: pd.DataFrame, columns: Sequence[str] = COLUMNS, least: int = LEAST) -> Vocabulary:
    """The values of each column that enough of the items have, the most frequent first.

    Raises:
        InputError: There is no such column.
    """
    found = {}
    for column in columns:
        if column not in items:
            raise InputError(f"condition {column!r}: no such column; there are {', '.join(items.columns)}")
        counts = items[column].dropna().value_counts()
        counts = counts[counts >= least]
        found[column] = sorted(counts.index, key=lambda value: (-counts[value], value))
    return found


def labels(items: pd.DataFrame, known: Vocabulary) -> np.ndarray:
    """`[items,conditions]` int64: 1 + the place of an item's value in its list, or 0 where it is unknown."""
    columns = []
    for column, values in known.items():
        place = {value: 1 + index for index, value in enumerate(values)}
        columns.append([place.get(value, 0) for value in items[column]])
    return np.array(columns, dtype=np.int64).reshape(len(known), len(items)).T


def wanted(known: Vocabulary, values: Mapping[str, str]) -> Tensor:
    """`[1,conditions]`, as `labels` counts them; what is not given is 0.

    Raises:
        InputError: A condition or a value that the flow has not learned.
    """
    for name, value in values.items():
        if name not in known:
            raise InputError(f"condition {name!r}: this flow knows {', '.join(known) or 'none'}")
        if value not in known[name]:
            raise InputError(f"{name} {value!r}: not learned; known are {', '.join(known[name])}")
    places = [known[name].index(values[name]) + 1 if name in values else 0 for name in known]
    return torch.tensor([places], dtype=torch.int64)


def dropped(given: Tensor, each: float, every: float, rng: torch.Generator) -> Tensor:
    """Conditions `[N,conditions]` with some set to 0: each with one probability, all of a row with another.

    What a row is not told it learns to draw without (classifier-free guidance, Ho and Salimans 2022).
    """
    gone = torch.rand(given.shape, generator=rng) < each
    gone |= torch.rand(len(given), 1, generator=rng) < every
    return given.masked_fill(gone.to(given.device), 0)


class ConditionTables(nn.ModuleDict):
    """A learned vector for each value of each condition, and one for not knowing it.

    Tables go by name, as a file's settings do not keep the order of conditions; "type" alone would be a method's name.
    """

    def __init__(self, known: Vocabulary, width: int) -> None:
        super().__init__({f"of_{name}": nn.Embedding(1 + len(values), width) for name, values in known.items()})
        for table in self.values():
            nn.init.normal_(table.weight, std=0.02)  # type: ignore[arg-type]
        self.names = list(self)

    def forward(self, conditions: Tensor) -> Tensor:
        """The sum `[N,width]` of the vectors of conditions `[N,conditions]` int64, as `labels` counts them.

        In the order of names whatever order a file has, for sums round. Without conditions, 0.
        """
        found = [self[name](conditions[:, self.names.index(name)]) for name in sorted(self.names)]
        return sum(found, torch.zeros((), device=conditions.device))
