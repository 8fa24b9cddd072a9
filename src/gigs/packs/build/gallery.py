"""The gallery of a pack: which of the catalogue's real items it remembers, and how each scorer sees them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gigs.io import storage
from gigs.vision.compute import Compute
from gigs.data.catalogue import Catalogue
from gigs.errors import InputError
from gigs.vision.images import to_tensor
from gigs.packs.load import Pack, load_pack
from gigs.packs.panel import gallery_of, model_of, require_scorers
from gigs.progress import OnStep, Step, silent
from gigs.recommender.features import catalogue_phi
from gigs.verify.gallery import FEATURES, Gallery, spacing_of
from gigs.verify.gallery import FILE as GALLERY

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
    return Gallery(ids, codes, categories, names, target, own, spacing_of(codes, categories), seen)


def add_features(root: str | Path, catalogue: Catalogue, *, on_step: OnStep = silent) -> Pack:
    """Note in a pack's gallery how each of its scorers sees the real items; nothing else of the pack changes.

    For packs of an earlier gigs: an audience that the pack does not know needs it (`packs.panel.panel_for`).

    Args:
        root: Folder of the pack, with scorers.
        catalogue: The one that its scorers and its gallery come from.
        on_step: Progress of phi.

    Raises:
        InputError: The pack has no scorers, or the catalogue is another one.
    """
    pack = load_pack(root)
    scorers, gallery = require_scorers(pack), gallery_of(pack)
    place = {str(item): row for row, item in enumerate(catalogue.items["item_id"])}
    unknown = [item for item in gallery.ids if item not in place]
    if unknown:
        raise InputError(f"{catalogue.root}: has no item {unknown[0]}; give the catalogue that the pack was made from")
    rows = np.array([place[item] for item in gallery.ids], dtype=np.int64)
    side = pack.generator.resolution
    phi = {
        name: torch.from_numpy(catalogue_phi(model_of(pack, name), catalogue, image_size=side, on_step=on_step)[rows])
        for name in scorers
    }
    target = phi.pop(next(iter(scorers)))
    if not torch.allclose(target, gallery.phi, rtol=2e-3, atol=2e-3 * float(gallery.phi.abs().max())):
        raise InputError(
            f"{catalogue.root}: its pictures are not those the pack was made from; run `gigs pack scorers`"
        )
    tensors, header = storage.load_tensors(pack.root / GALLERY)  # as stored: codes would be rounded a second time
    tensors |= {FEATURES + name: values.half() for name, values in phi.items()}
    path = storage.save_tensors(pack.root / GALLERY, tensors, header)
    hashes = pack.info["files"] | {GALLERY: storage.sha256_of(path)}
    storage.write_json(pack.root / "pack.json", pack.info | {"files": hashes})
    return load_pack(pack.root)


def _codes(pack: Pack, catalogue: Catalogue, rows: np.ndarray, compute: Compute, on_step: OnStep) -> Tensor:
    """The encoder's answer to every photo, `[rows,D]`."""
    assert pack.encoder is not None
    encoder, photos = compute.place(pack.encoder), catalogue.images(pack.generator.resolution)
    found = []
    with torch.inference_mode(), compute.autocast():
        for start in range(0, len(rows), BATCH):
            batch = to_tensor(photos[rows[start : start + BATCH]]).to(compute.device)
            found.append(encoder(batch).float().cpu())
            on_step(Step("codes of real items", min(start + BATCH, len(rows)), len(rows)))
    return torch.cat(found)
