"""Everything about one result that is said in words: each redesign's changes, and what redrawing alone had changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gigs.explain.changes import Changes, Look, changes_of, looks_of
from gigs.explain.where import draw_map
from gigs.explain.words import not_sure, sentence
from gigs.verify.probes import Answer


@dataclass(frozen=True)
class Explained:
    """What is said of one product's redesigns.

    Attributes:
        changes: Of each redesign against the redrawn product, in order.
        redrawing: Of the redrawn product against the photo; None without a photo.
        base: The redrawn product.
    """

    changes: list[Changes]
    redrawing: Changes | None
    base: Look

    def record(self, row: int, map_file: str) -> dict[str, Any]:
        """`changes` of a suggestion in `result.json`; `docs/result.md` describes it."""
        one = self.changes[row]
        return {"words": sentence(one), "not_sure": not_sure(one), **one.record(), "map": map_file}

    def redrawing_record(self) -> dict[str, Any] | None:
        """The same of the redrawn product."""
        return None if self.redrawing is None else {"words": sentence(self.redrawing), **self.redrawing.record()}

    def map(self, row: int) -> Tensor:
        """Where a redesign changes the redrawn product, drawn over it, `[3,R,R]` in `[0,1]`."""
        return draw_map(self.changes[row].change, self.base.pixels)


def explain(
    photo: Tensor | None, base: Tensor, images: Tensor, answers: list[dict[str, Answer]] | None = None, kind: str = ""
) -> Explained:
    """Describe redesigns.

    Args:
        photo: `[1,3,R,R]` in `[0,1]`, or None.
        base: The redrawn (or sampled) product, `[1,3,R,R]`.
        images: Redesigns, `[n,3,R,R]`.
        answers: The probes', of photo, base and images in this order; colours alone are described without them.
        kind: The product's type as its shop calls it.
    """
    pictures = torch.cat([base, images] if photo is None else [photo, base, images])
    looks = looks_of(pictures.cpu(), answers)
    own = None if photo is None else looks.pop(0)
    before, *after = looks
    return Explained(
        [changes_of(own, before, look, kind) for look in after],
        None if own is None else changes_of(None, own, before, kind),
        before,
    )
