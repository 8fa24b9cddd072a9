"""Give a pack the probes that say what a redesign changes (`verify.probes`)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from gigs.data.catalogue import Catalogue
from gigs.data.select import select
from gigs.errors import InputError
from gigs.io import storage
from gigs.packs.load import Pack, load_pack
from gigs.packs.schema import read_description
from gigs.progress import OnStep, Step, silent
from gigs.recommender.features import backbone_features
from gigs.verify.category import FILE as CATEGORY
from gigs.verify.category import PhotoFeatures, load_category
from gigs.verify.probes import FILE, Probes, kept_back, train_probes
from gigs.vision.backbone import Backbone
from gigs.vision.images import to_tensor

COLUMNS = ("colour", "appearance", "type")
REDRAWN = 2000  # photos; some twenty a second on a core
BATCH = 32


def add_probes(
    root: str | Path,
    catalogue: Catalogue,
    *,
    columns: Sequence[str] = COLUMNS,
    where: str = "",
    redrawn: int = REDRAWN,
    on_step: OnStep = silent,
) -> Probes:
    """Train probes on the catalogue's real photos and put them into a pack.

    They hold as long as the category classifier's network does: `gigs pack scorers` and `gigs pack update` take them
    away where that changes.

    Args:
        root: Folder of a pack with scorers.
        catalogue: With the columns; its held-out products only measure.
        columns: Of the item table.
        where: Condition on items: what the generator is for.
        redrawn: How many photos of either kind, kept back and held out, are redrawn at most.
        on_step: Progress.

    Raises:
        InputError: The pack has no scorers, or the catalogue no such column.
        DataError: A column has too few photos a value.
    """
    pack = load_pack(root)
    if CATEGORY not in pack.info["files"]:
        raise InputError(f"pack {pack.name}: has no scorers, whose network probes need; run `gigs pack scorers`")
    missing = [column for column in columns if column not in catalogue.items]
    if missing or not columns:
        have = ", ".join(catalogue.items.columns)
        raise InputError(f"`column` {', '.join(missing)}: no such column; the catalogue has {have}")
    categories = load_category(pack.path(CATEGORY))
    backbone = Backbone.pretrained(categories.backbone_name)
    features = backbone_features(
        catalogue, backbone, image_size=pack.generator.resolution, input_size=categories.input_size, on_step=on_step
    )
    train = select(catalogue, catalogue.train_items(), where)
    rows = np.concatenate([train, select(catalogue, catalogue.held_out_items(), where)])
    items = catalogue.items.iloc[rows]
    labels = {column: items[column].fillna("").astype(str).to_numpy() for column in columns}
    products = items["product_code"].astype(str).to_numpy()
    held_out = np.arange(len(rows)) >= len(train)
    again = _again(products, held_out, redrawn)
    soft = _redrawn(pack, catalogue, rows[again], backbone, categories.input_size, on_step)
    photos = PhotoFeatures(features[rows], held_out, backbone, categories.input_size)
    probes = train_probes(photos, labels, products, redrawn=dict(zip(again.tolist(), soft, strict=True)))
    path = probes.save(pack.root / FILE)
    info = read_description(pack.root)  # another process may have written meanwhile
    about = {name: dict(probe.about) for name, probe in probes.probes.items()}
    files = info["files"] | {FILE: storage.sha256_of(path)}
    storage.write_json(pack.root / "pack.json", info | {"files": files, "probes": about})
    return probes


def _again(products: np.ndarray, held_out: np.ndarray, count: int) -> np.ndarray:
    """Rows to redraw: `count` at random of those kept back, and of those held out."""
    rng = np.random.default_rng(0)
    both = (np.flatnonzero(kept_back(products, held_out)), np.flatnonzero(held_out))
    return np.sort(np.concatenate([rng.permutation(rows)[:count] for rows in both]))


@torch.no_grad()
def _redrawn(
    pack: Pack, catalogue: Catalogue, rows: np.ndarray, backbone: Backbone, input_size: int, on_step: OnStep
) -> np.ndarray:
    """Backbone features `[rows,width]` of what encoder and generator make of photos."""
    assert pack.encoder is not None  # scorers are only given to packs with one
    photos, features = catalogue.images(pack.generator.resolution), []
    for start in range(0, len(rows), BATCH):
        batch = to_tensor(photos[rows[start : start + BATCH]])
        features.append(backbone(pack.generator(pack.encoder(batch)).float().clamp(0, 1), input_size).numpy())
        on_step(Step("redrawing photos", min(start + BATCH, len(rows)), len(rows)))
    return np.concatenate(features) if features else np.zeros((0, backbone.width), dtype=np.float32)
