"""Probes learn from real photos and are asked about redrawn ones: how often are they right there?"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from gigs.data.catalogue import Catalogue
from gigs.session import Session
from gigs.vision.images import to_tensor

BATCH = 16


@torch.no_grad()
def probes_on_redrawn(catalogue: Catalogue, session: Session, rows: np.ndarray) -> dict[str, Any]:
    """By column, for photos and for what encoder and generator make of them.

    Returns:
        How many have a value that the probe knows, `accuracy` of all guesses, the `said` share and its `precision`; and
        `false_change`: share of products of which a change is claimed between photo and redrawn, though the product is
        the same (redrawing may really lose a pattern, so this is an upper bound).
    """
    panel = session.panel(session.pack.audience(next(iter(session.pack.audiences))))
    generator, encoder = session.generator, session.encoder
    assert panel is not None and panel.probes is not None and encoder is not None, "the pack has no probes"
    photos = catalogue.images(generator.resolution)
    answers: dict[str, list[dict[str, Any]]] = {"photo": [], "redrawn": []}
    for start in range(0, len(rows), BATCH):
        batch = to_tensor(photos[rows[start : start + BATCH]])
        redrawn = generator(encoder(batch)).float().clamp(0, 1)
        for name, pictures in (("photo", batch), ("redrawn", redrawn)):
            answers[name] += panel.probes(panel.seen(pictures))
    found: dict[str, Any] = {}
    for column, probe in panel.probes.probes.items():
        truth = catalogue.items[column].iloc[rows].fillna("").astype(str).to_numpy()
        known = np.isin(truth, probe.names)
        found[column] = {"photos": int(known.sum())}
        for name, said in answers.items():
            right = np.array([one[column].value == true for one, true in zip(said, truth, strict=True)])[known]
            sure = np.array([one[column].sure for one in said])[known]
            found[column][name] = {
                "accuracy": round(float(right.mean()), 3),
                "said": round(float(sure.mean()), 3),
                "precision": round(float(right[sure].mean()), 3) if sure.any() else None,
            }
        claimed = [
            one[column].sure and other[column].sure and one[column].value != other[column].value
            for one, other in zip(answers["photo"], answers["redrawn"], strict=True)
        ]
        found[column]["false_change"] = round(float(np.mean(claimed)), 3)
    return found
