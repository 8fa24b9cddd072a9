"""The full description of one product: each redesign's changes, and what redrawing alone changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from gigs.explain.changes import Attribute, Changes, Look, changes_of, looks_of
from gigs.explain.description import (
    AttributeChange,
    Colour,
    Description,
    OutlineChange,
    PaletteChange,
    Tone,
    Turn,
)
from gigs.explain.outline import Outline
from gigs.explain.palette import Swatch
from gigs.explain.where import draw_map
from gigs.explain.words import named_parts, not_sure, sentence
from gigs.verify.probes import Answer


@dataclass(frozen=True)
class Explanation:
    """The description of one product's redesigns.

    Attributes:
        changes: Changes of each redesign against the reconstruction, in order.
        redrawing: Changes of the reconstruction against the photo; None without a photo.
        base: The reconstruction.
    """

    changes: list[Changes]
    redrawing: Changes | None
    base: Look

    def map(self, row: int) -> Tensor:
        """Where a redesign changes the redrawn product, drawn over it, `[3,R,R]` in `[0,1]`."""
        return draw_map(self.changes[row].change, self.base.pixels)


def explain(
    photo: Tensor | None,
    base: Tensor,
    images: Tensor,
    answers: list[dict[str, Answer]] | None = None,
    kind: str = "",
    cutouts: np.ndarray | None = None,
) -> Explanation:
    """Explain redesigns.

    Args:
        photo: `[1,3,R,R]` in `[0,1]`, or None.
        base: The redrawn (or sampled) product, `[1,3,R,R]`.
        images: Redesigns, `[n,3,R,R]`.
        answers: The probes' answers for photo, base and images, in this order; without them only colours are described.
        kind: The product's type in its shop's words.
        cutouts: The product in each of them, in the same order, bool `[.,R,R]`; by default it is found by the
            backdrop's colour.
    """
    pictures = torch.cat([base, images] if photo is None else [photo, base, images])
    looks = looks_of(pictures.cpu(), answers, cutouts)
    own = None if photo is None else looks.pop(0)
    before, *after = looks
    return Explanation(
        [changes_of(own, before, look, kind) for look in after],
        None if own is None else changes_of(None, own, before, kind),
        before,
    )


def description_of(changes: Changes, map_file: str | None = None) -> Description:
    """What is said of some changes; `map_file` shows where they are."""
    attributes = {name: _attribute(one) for name, one in changes.attributes.items()}
    found = Description(
        words="",
        nothing=False,
        palette=PaletteChange(
            before=_colours(changes.before),
            after=_colours(changes.after),
            delta_e=round(float(changes.delta_e), 2),
            turns=tuple(
                Turn(flow.before.name, flow.after.name, float(flow.share), round(float(flow.delta_e), 2))
                for flow in changes.flows
            ),
        ),
        lightness=_rounded(changes.lightness),
        vividness=_rounded(changes.vividness),
        attributes=attributes,
        outline=None if changes.outline is None else _outline(changes.outline),
        where=changes.where,
        not_sure=() if map_file is None else tuple(not_sure(attributes)),
        map=map_file,
    )
    return replace(found, words=sentence(found), nothing=not named_parts(found))


def _colours(swatches: Sequence[Swatch]) -> tuple[Colour, ...]:
    return tuple(Colour(one.name, one.hex, round(float(one.share), 3)) for one in swatches)


def _rounded(tone: Tone) -> Tone:
    return Tone(round(tone.change, 2), tone.real)


def _attribute(one: Attribute) -> AttributeChange:
    before, after = (Answer(each.value, round(each.confidence, 3), each.sure) for each in (one.before, one.after))
    return AttributeChange(before, after, one.changed)


def _outline(outline: Outline) -> OutlineChange:
    return OutlineChange(
        round(outline.width, 3), round(outline.height, 3), round(outline.overlap, 3), tuple(outline.words)
    )
