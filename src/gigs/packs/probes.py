"""Give a pack the probes that say what a redesign changes (`explain.probes`)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gigs import storage
from gigs.data.catalogue import Catalogue
from gigs.data.select import select
from gigs.errors import InputError
from gigs.explain.probes import FILE, Probes, train_probes
from gigs.packs.load import load_pack
from gigs.progress import OnStep, silent
from gigs.recommender.backbone import Backbone
from gigs.recommender.features import backbone_features
from gigs.verify.category import FILE as CATEGORY
from gigs.verify.category import load_category

COLUMNS = ("colour", "appearance", "type")


def add_probes(
    root: str | Path,
    catalogue: Catalogue,
    *,
    columns: Sequence[str] = COLUMNS,
    where: str = "",
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
        on_step: Progress.

    Raises:
        InputError: The pack has no scorers, or the catalogue no such column.
        DataError: A column has too few photos a value.
    """
    pack = load_pack(root)
    if CATEGORY not in pack.info["files"]:
        raise InputError(f"pack {pack.name}: has no scorers, through whose eyes probes look; run `gigs pack scorers`")
    missing = [column for column in columns if column not in catalogue.items]
    if missing or not columns:
        have = ", ".join(catalogue.items.columns)
        raise InputError(f"--column {', '.join(missing)}: no such column; the catalogue has {have}")
    kinds = load_category(pack.root / CATEGORY)
    backbone = Backbone.pretrained(kinds.backbone_name)
    features = backbone_features(
        catalogue, backbone, image_size=pack.generator.resolution, input_size=kinds.input_size, on_step=on_step
    )
    train = select(catalogue, catalogue.train_items(), where)
    rows = np.concatenate([train, select(catalogue, catalogue.held_out_items(), where)])
    items = catalogue.items.iloc[rows]
    labels = {column: items[column].fillna("").astype(str).to_numpy() for column in columns}
    products = items["product_code"].astype(str).to_numpy()
    probes = train_probes(features[rows], labels, products, np.arange(len(rows)) >= len(train), backbone)
    path = probes.save(pack.root / FILE)
    info = load_pack(pack.root).info  # another process may have written meanwhile
    about = {name: dict(probe.about) for name, probe in probes.probes.items()}
    files = info["files"] | {FILE: storage.sha256_of(path)}
    storage.write_json(pack.root / "pack.json", info | {"files": files, "probes": about})
    return probes
