"""Undo the named colours of redesigns and see how much of the gain goes with them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from skimage.color import lab2rgb
from torch import Tensor

from gigs.data.catalogue import Catalogue
from gigs.explain.changes import Look, changes_of, looks_of
from gigs.explain.explanation import description_of
from gigs.explain.words import named_turns
from gigs.method.presets import get_preset
from gigs.method.reconstruct import reconstruct
from gigs.method.redesign import redesign
from gigs.session import Session
from gigs.verify.panel import Panel
from gigs.vision.images import to_tensor
from gigs.vision.runtime import Runtime

LEAST = 0.2  # z; gains of less are not undone but noise


def undo(catalogue: Catalogue, session: Session, rows: np.ndarray, audiences: list[str]) -> dict[str, Any]:
    """Redesign photos, audiences in turn, and give every redesign the redrawn product's colours back.

    Returns:
        By scorer and by whether the words name a change of tone or colour: redesigns, their mean gain on the redrawn
        product, what is left of it once the colours are undone, and the share that went. In z, with `preset fast`.
    """
    preset = get_preset("fast")
    runtime = Runtime(compute=session.compute(preset))
    models = session.models(runtime.compute)
    panels = [session.panel(session.pack.audience(name)) for name in audiences]
    photos = catalogue.images(session.generator.resolution)
    gains: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for number, row in enumerate(rows):
        panel = panels[number % len(panels)]
        assert panel is not None, "the pack has no judges"
        photo = to_tensor(photos[row])
        base = reconstruct(models, photo, preset, runtime=runtime.started())
        found, _ = redesign(base, preset, panel.target.z, panel, models.perceptual, runtime.started())
        _one(panel, photo, base.image, found.images, gains)
        print(f"{number + 1}/{len(rows)}", flush=True)
    return {"photos": len(rows), "audiences": audiences, "by_scorer": _summary(gains)}


@torch.no_grad()
def _one(
    panel: Panel, photo: Tensor, base: Tensor, images: Tensor, gains: dict[tuple[str, str], list[tuple[float, float]]]
) -> None:
    """Add the gains of one photo's redesigns, as they are and with their colours undone."""
    own, before, *after = looks_of(torch.cat([photo, base, images]))
    said = [changes_of(own, before, look) for look in after]
    named = [
        bool(named_turns(description_of(one).palette.turns)) or one.lightness.real or one.vividness.real for one in said
    ]
    undone = torch.cat([recoloured(look, before) for look in after])
    for scorer in (panel.target, *panel.judges):
        z = scorer.z(torch.cat([base, images, undone])).tolist()
        for place, is_named in enumerate(named):
            pair = (z[1 + place] - z[0], z[1 + len(images) + place] - z[0])
            gains.setdefault((scorer.name, "colour named" if is_named else "colour not named"), []).append(pair)


def recoloured(look: Look, model: Look) -> Tensor:
    """A picture `[1,3,H,W]` whose product gets mean and spread of another's colours in CIELAB (Reinhard et al. 2001).

    Everything else about it stays: outline, pattern, light and shade.
    """
    lab, own, wanted = look.lab.copy(), look.lab[look.mask], model.lab[model.mask]
    spread = wanted.std(0) / np.maximum(own.std(0), 1.0)
    lab[look.mask] = (own - own.mean(0)) * spread.clip(0.5, 2.0) + wanted.mean(0)
    pixels = np.where(look.mask[..., None], np.rint(lab2rgb(lab).clip(0, 1) * 255).astype(np.uint8), look.pixels)
    return to_tensor(pixels)


def _summary(gains: dict[tuple[str, str], list[tuple[float, float]]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for (scorer, kind), pairs in gains.items():
        kept = np.array([pair for pair in pairs if pair[0] >= LEAST])
        entry: dict[str, Any] = {"redesigns": len(pairs), f"gained_{LEAST}_or_more": len(kept)}
        if len(kept):
            gain, left = kept.mean(0)
            entry |= {"gain": round(gain, 3), "left": round(left, 3), "share_undone": round(1 - left / gain, 3)}
        found.setdefault(scorer, {})[kind] = entry
    return found
