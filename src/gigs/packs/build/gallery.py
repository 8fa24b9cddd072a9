"""The gallery of a pack: which of the catalogue's real items it remembers, and how each scorer sees them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gigs.data.catalogue import Catalogue
from gigs.packs.load import Pack
from gigs.progress import OnStep, Step
from gigs.verify.gallery import Gallery, spacing_of
from gigs.vision.compute import Compute
from gigs.vision.images import to_tensor

BATCH = 64
ITEMS = 10_000  # of the gallery: a kilobyte each, with four scorers


@dataclass(frozen=True, kw_only=True)
class ScoredItems:
    """Real items of a catalogue as a pack's scorers see and like them.

    Attributes:
        catalogue: Where the items come from.
        rows: Which of its items, int64 `[R]`.
        target: The target's name.
        phi: By scorer, of these rows, `[R,K]`.
        scores: By scorer and audience, their z-scores `[R]`.
    """

    catalogue: Catalogue
    rows: np.ndarray
    target: str
    phi: Mapping[str, Tensor]
    scores: Mapping[tuple[str, str], Tensor]


def make_gallery(
    pack: Pack, items: ScoredItems, names: tuple[str, ...], *, most: int, compute: Compute, on_step: OnStep
) -> Gallery:
    """Real items of the known categories, drawn at random where there are more than `most`.

    Args:
        pack: With generator and encoder.
        items: To choose from.
        names: The known categories.
        most: How many to choose at most.
        compute: Precision and layout of the encoder.
        on_step: Progress.
    """
    catalogue, rows = items.catalogue, items.rows
    labels = catalogue.items["type"].iloc[rows].astype(str).to_numpy()
    known = np.flatnonzero(np.isin(labels, names))
    kept = np.sort(np.random.default_rng(0).permutation(known)[:most])
    index = torch.from_numpy(kept)
    codes = _codes(pack, catalogue, rows[kept], compute, on_step)
    categories = torch.tensor([names.index(label) for label in labels[kept]])
    ids = catalogue.items["item_id"].iloc[rows[kept]].astype(str).tolist()
    own = {key: values[index] for key, values in items.scores.items()}
    seen = {name: values[index].float() for name, values in items.phi.items()}
    target = seen.pop(items.target)
    spacing = spacing_of(codes, categories)
    return Gallery(ids, codes, categories, names, target, own, spacing, seen, pack.generator.space)


def _codes(pack: Pack, catalogue: Catalogue, rows: np.ndarray, compute: Compute, on_step: OnStep) -> Tensor:
    """The encoder's answer to every photo, `[rows,D]`."""
    assert pack.encoder is not None
    encoder, photos = compute.place(pack.encoder), catalogue.images(pack.generator.resolution)
    codes = []
    with torch.inference_mode(), compute.autocast():
        for start in range(0, len(rows), BATCH):
            batch = to_tensor(photos[rows[start : start + BATCH]]).to(compute.device)
            codes.append(encoder(batch).float().cpu())
            on_step(Step("codes of real items", min(start + BATCH, len(rows)), len(rows)))
    return torch.cat(codes)
