"""A toy catalogue whose right answer is known: even users buy even items, and only the pictures tell which is even."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd


@dataclass
class ToyCatalogue:
    """Stands in for `gigs.data.catalogue.Catalogue`; the same attributes, pictures in memory."""

    root: Path
    items: pd.DataFrame
    users: pd.DataFrame
    interactions: pd.DataFrame
    pictures: np.ndarray
    info: dict[str, Any] = field(default_factory=lambda: {"image_size": 64, "source": "toy"})

    def images(self, size: int) -> np.ndarray:
        step = self.pictures.shape[1] // size
        return np.ascontiguousarray(self.pictures[:, ::step, ::step])


def checkerboard(root: Path, *, users: int = 20, items: int = 24, seed: int = 0) -> ToyCatalogue:
    """Each user has every item of their own parity, two of them withheld (validation, test)."""
    rng = np.random.default_rng(seed)
    pictures = np.empty((items, 64, 64, 3), dtype=np.uint8)
    for item in range(items):
        colour = (200, 60, 40) if item % 2 == 0 else (40, 70, 200)
        noise = rng.integers(-25, 26, size=(64, 64, 3))
        pictures[item] = np.clip(np.array(colour) + noise, 0, 255)
    rows = []
    for user in range(users):
        own = [item for item in range(items) if item % 2 == user % 2]
        withheld = {own[user // 2 % len(own)]: "test", own[(user // 2 + 1) % len(own)]: "validation"}
        rows += [(user, item, 1, withheld.get(item, "train")) for item in own]
    names = [f"{number:04d}" for number in range(items)]
    return ToyCatalogue(
        root=root,
        items=pd.DataFrame(
            {
                "item_id": names, "name": names, "type": "shirt", "colour": "red",
                "held_out": False, "has_image": True,
            }
        ),
        users=pd.DataFrame({"user_id": [f"u{number}" for number in range(users)]}),
        interactions=pd.DataFrame(rows, columns=["user", "item", "count", "split"]),
        pictures=pictures,
    )  # fmt: skip


TINY = {"input_size": 64, "hidden": 16, "width": 0.125, "factors": 8}
