"""What one redesign changes in the redrawn product, with each claim checked against the photo itself.

Redrawing also changes a photo, which is a weakness of redrawing and not a design idea. So a change counts only if it
differs from the redrawn product *and* from the photo. One that only restores what redrawing lost changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from torch import Tensor

from gigs.explain.colours import lab_of
from gigs.explain.description import Tone
from gigs.explain.foreground import foreground
from gigs.explain.outline import Outline, outline
from gigs.explain.palette import Flow, Swatch, flows, palette, share_like
from gigs.explain.where import change_map, where_most
from gigs.verify.probes import Answer
from gigs.vision.images import to_uint8

LIGHTER = 4.0  # least change of mean L* to report
VIVID = 6.0  # least change of mean C* to report


@dataclass(frozen=True)
class Look:
    """A picture to describe: uint8 `[H,W,3]`, the probes' answers if there are any, and its cut-out."""

    pixels: np.ndarray
    lab: np.ndarray
    answers: Mapping[str, Answer]
    cutout: np.ndarray | None = None

    @cached_property
    def mask(self) -> np.ndarray:
        """The product, bool `[H,W]`: its cut-out, or else what differs from the backdrop."""
        return foreground(self.pixels) if self.cutout is None or not self.cutout.any() else self.cutout

    @cached_property
    def palette(self) -> list[Swatch]:
        """Its colours."""
        return palette(self.lab, self.mask)

    @cached_property
    def lightness(self) -> float:
        """Mean L* of the product, 0 to 100."""
        return float(self.lab[self.mask][:, 0].mean())

    @cached_property
    def vividness(self) -> float:
        """Mean C* of the product: 0 is grey, 60 and more is as vivid as dyes get."""
        return float(np.linalg.norm(self.lab[self.mask][:, 1:], axis=1).mean())


@dataclass(frozen=True)
class Attribute:
    """A probe's answers before and after; `changed` is None unless it is sure of both."""

    before: Answer
    after: Answer
    changed: bool | None


@dataclass(frozen=True)
class Changes:
    """What a redesign changes.

    Attributes:
        before: Colours of the redrawn product.
        after: Colours of the redesign.
        flows: How the former turn into the latter, without those that the photo does not confirm.
        delta_e: Mean CIEDE2000 over all parts of the product, confirmed or not.
        lightness: Change of mean L*.
        vividness: Change of mean C*.
        attributes: Changes by column, if there are probes.
        outline: Comparison of the outlines; None if the photo already has the redesign's outline.
        where: The part that changes most, in words.
        change: The map, CIEDE2000 `[H,W]`.
    """

    before: list[Swatch]
    after: list[Swatch]
    flows: list[Flow]
    delta_e: float
    lightness: Tone
    vividness: Tone
    attributes: dict[str, Attribute]
    outline: Outline | None
    where: str | None
    change: np.ndarray


def looks_of(
    images: Tensor, answers: list[dict[str, Answer]] | None = None, cutouts: np.ndarray | None = None
) -> list[Look]:
    """Looks of pictures `[N,3,H,W]` in `[0,1]`, with a probe's answers and a cut-out, bool `[H,W]`, for each."""
    labs, pixels = lab_of(images), to_uint8(images)
    return [
        Look(pixels[row], labs[row], answers[row] if answers else {}, None if cutouts is None else cutouts[row])
        for row in range(len(images))
    ]


def changes_of(photo: Look | None, before: Look, after: Look, kind: str = "") -> Changes:
    """What changes from one picture to another.

    Args:
        photo: The real photo, by which every claim is checked; None if there is none.
        before: The redrawn product.
        after: The redesign.
        kind: The product's type in its shop's words, from which its parts are named.
    """
    all_flows = flows(before.palette, after.palette)
    change = change_map(before.lab, after.lab)
    is_photos = photo is not None and not outline(photo.mask, after.mask).words
    return Changes(
        before=before.palette,
        after=after.palette,
        flows=[flow for flow in all_flows if _is_new(flow, photo, after)],
        delta_e=sum(flow.share * flow.delta_e for flow in all_flows),
        lightness=_tone(None if photo is None else photo.lightness, before.lightness, after.lightness, LIGHTER),
        vividness=_tone(None if photo is None else photo.vividness, before.vividness, after.vividness, VIVID),
        attributes={
            name: _attribute(photo.answers.get(name) if photo else None, before.answers[name], after.answers[name])
            for name in before.answers
        },
        outline=None if is_photos else outline(before.mask, after.mask),
        where=where_most(change, before.mask | after.mask, kind),
        change=change,
    )


def _is_new(flow: Flow, photo: Look | None, after: Look) -> bool:
    """Whether the photo has clearly less of the new colour than the redesign."""
    if photo is None:
        return True
    gained = share_like(after.palette, flow.after.lab) - share_like(photo.palette, flow.after.lab)
    return gained >= flow.share / 2


def _tone(photo: float | None, before: float, after: float, visible: float) -> Tone:
    change = after - before
    against_photo = change if photo is None else after - photo
    real = abs(change) >= visible and np.sign(change) * against_photo >= visible / 2
    return Tone(change, bool(real))


def _attribute(photo: Answer | None, before: Answer, after: Answer) -> Attribute:
    """Changed if the probe is sure of both, they differ, and it does not see the new value in the photo."""
    if not (before.sure and after.sure):
        return Attribute(before, after, None)
    return Attribute(before, after, before.value != after.value and (photo is None or photo.value != after.value))
