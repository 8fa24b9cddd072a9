"""A second view of a catalogue: the reconstruction of each photo by generator and encoder, computed once and cached."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import torch

from gigs.data.catalogue import Catalogue
from gigs.data.select import select
from gigs.errors import InputError
from gigs.generator.base import load_generator
from gigs.inversion.encoder import Encoder, check_pair, load_encoder
from gigs.inversion.own_encoder import OwnEncoder, own_encoder
from gigs.io import storage
from gigs.progress import OnStep, Step, silent
from gigs.recommender.item_pictures import View
from gigs.vision.compute import Compute
from gigs.vision.images import to_tensor

BATCH = 64


def reconstructions(
    catalogue: Catalogue,
    pack_root: Path,
    *,
    where: str = "",
    compute: Compute | None = None,
    on_step: OnStep = silent,
) -> View:
    """G(E(photo)) of every item in the generator's domain, cached under `catalogue.root/features`.

    Args:
        catalogue: The catalogue.
        pack_root: A pack with generator and encoder, or any folder that holds both files.
        where: Condition on items, which defines the generator's domain.
        compute: Precision and layout.
        on_step: Progress.

    Raises:
        InputError: There is no encoder.
    """
    files = [pack_root / "generator.safetensors"]
    generator = load_generator(files[0])
    encoder: Encoder | OwnEncoder | None = own_encoder(generator)
    if encoder is None:
        files.append(pack_root / "encoder.safetensors")
        if not files[1].is_file():
            raise InputError(f"{pack_root}: holds no encoder, so photos cannot be redrawn; give a pack with one")
        encoder = load_encoder(files[1])
    check_pair(encoder, generator)
    compute = compute or Compute()
    compute.place(generator)
    compute.place(encoder)
    usable = np.flatnonzero(catalogue.items["has_image"].to_numpy(dtype=bool))
    rows = select(catalogue, usable, where)
    kept = np.zeros(len(catalogue.items), dtype=bool)
    kept[rows] = True
    key = "-".join(storage.sha256_of(path)[:8] for path in files)
    path = catalogue.root / "features" / f"reconstructions-{key}-{_digest(kept)}.npy"
    photos, side = catalogue.images(generator.resolution), generator.resolution
    if not path.is_file():

        def write(temporary: Path) -> None:
            target = storage.packed_array(temporary, np.uint8, (len(photos), side, side, 3))
            with torch.inference_mode():
                for start in range(0, len(rows), BATCH):
                    batch = rows[start : start + BATCH]
                    with compute.autocast():
                        seen = to_tensor(photos[batch]).to(compute.device)
                        drawn = (generator.redrawn(seen) if generator.inverts else generator(encoder(seen))).float()
                    target[batch] = (drawn.clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()
                    on_step(Step("redrawing photos", min(start + BATCH, len(rows)), len(rows)))
            target.flush()

        storage.write_atomic(path, write)
    return View(np.load(path, mmap_mode="r", allow_pickle=False), kept)


def _digest(rows: np.ndarray) -> str:
    return hashlib.sha256(np.packbits(rows).tobytes()).hexdigest()[:8]
