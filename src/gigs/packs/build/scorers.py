"""Gives a pack its scorers: a target and judges. No judge shares both buyers and backbone with a target.

```
recommender.safetensors    the target, without users
judge-*.safetensors        the judges, without users; their backbones are fetched by name when pixels first need them
tastes.safetensors         by scorer and audience: mean and covariance of the users' factors
gallery.safetensors        codes, categories and scores of the catalogue's real items (`verify.gallery`)
category.safetensors       the classifier of product types (`verify.category`)
```
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gigs.audience import MINIMUM_USERS
from gigs.audience.differences import require_no_small_difference
from gigs.audience.select import audience_rows
from gigs.audience.taste import Taste, taste_of
from gigs.data.catalogue import Catalogue
from gigs.data.select import select
from gigs.errors import DataError, InputError
from gigs.io import storage
from gigs.packs.audiences.segments import add_segments, is_segment
from gigs.packs.audiences.tastes import save_tastes
from gigs.packs.build.gallery import ITEMS, ScoredItems, make_gallery
from gigs.packs.build.independence import Known, check_independent
from gigs.packs.build.pack import QUANTILES
from gigs.packs.load import Pack, load_pack
from gigs.progress import OnStep, silent
from gigs.recommender import load_recommender
from gigs.recommender.base import Recommender
from gigs.recommender.features import backbone_features, catalogue_phi
from gigs.recommender.standing import NEVER, measured_auc
from gigs.verify.category import FILE as CATEGORY
from gigs.verify.category import CategoryClassifier, PhotoFeatures, train_category
from gigs.verify.gallery import FILE as GALLERY
from gigs.vision.backbone import Backbone
from gigs.vision.compute import Compute


@dataclass(frozen=True, kw_only=True)
class ScorerFiles:
    """The recommenders' files, with their users, by name: one target (and helpers beside it), and the judges."""

    targets: Mapping[str, Path]
    judges: Mapping[str, Path]

    def __post_init__(self) -> None:
        if not self.targets or len(self.judges) < 2:
            raise InputError("a pack needs a target and at least two judges; train judges with `gigs train judge`")
        both = set(self.targets) & set(self.judges)
        if both:
            raise InputError(f"{', '.join(sorted(both))}: named both as target and as judge")


@dataclass(frozen=True, kw_only=True)
class ScorerSettings:
    """What a pack's scorers are for, and what is made beside them.

    Attributes:
        where: Condition on items: what the generator is for.
        category_backbone: Through which the category classifier looks.
        items: How many real items the gallery holds at most.
    """

    where: str = ""
    category_backbone: str = "efficientnet-lite1"
    items: int = ITEMS


USUAL = ScorerSettings()
CATEGORY_INPUT = 128  # side in pixels, to which smaller pictures are enlarged, as for the scorers


def add_scorers(
    root: str | Path,
    catalogue: Catalogue,
    files: ScorerFiles,
    settings: ScorerSettings = USUAL,
    *,
    compute: Compute | None = None,
    on_step: OnStep = silent,
) -> Pack:
    """Replace a pack's recommender by scorers, with audiences, gallery and category classifier.

    Where the pack had segments (`packs.audiences.segments`), they are found anew in the new target's vectors.

    The pack's gate was calibrated with the older recommender's eyes and goes: calibrate the pack again. So do probes:
    train them again (`packs.build.probes`); and the map from gains to shares of buyers (`studies.share`).

    Args:
        root: Folder of the pack, with an encoder.
        catalogue: Where the users, the real items and the held-out products come from.
        files: The recommenders.
        settings: What they are for.
        compute: Precision and layout of the encoder.
        on_step: Progress.

    Raises:
        InputError: The pack has no encoder, judges are not independent of the targets (`check_independent`), the AUC of
            one was never measured, or what
            audiences leave of one another under a scorer are fewer than 50 users.
        DataError: An audience has fewer than 50 users under a scorer.
    """
    pack = load_pack(root)
    if pack.encoder is None:
        raise InputError(f"pack {pack.name}: has no encoder; train one with `gigs train encoder` and build it in")
    models = {name: load_recommender(path) for name, path in (*files.targets.items(), *files.judges.items())}
    check_independent(*({name: Known.by_model(models[name]) for name in one} for one in (files.targets, files.judges)))
    check_measured(models)
    side = pack.generator.resolution
    rows = select(catalogue, catalogue.train_items(), settings.where)
    first = next(iter(files.targets))
    phi = {
        name: torch.from_numpy(catalogue_phi(model, catalogue, image_size=side, on_step=on_step)[rows]).double()
        for name, model in models.items()
    }
    tastes, scores, audiences = _tastes(pack, catalogue, models, phi, first)
    categories = _classifier(catalogue, rows, settings.where, settings.category_backbone, side, on_step)
    seen = ScoredItems(catalogue=catalogue, rows=rows, target=first, phi=phi, scores=scores)
    gallery = make_gallery(
        pack, seen, categories.names, most=settings.items, compute=compute or Compute(), on_step=on_step
    )
    written = [
        categories.save(pack.root / CATEGORY),
        gallery.save(pack.root / GALLERY),
        *save_tastes(pack.root, tastes, first),
    ]
    written += _save_models(pack, models, set(files.judges))
    _write(pack, written, audiences, _describe(models, set(files.judges), first, categories.about))
    had_segments = len(audiences) < len(pack.audiences)
    return add_segments(root, catalogue, on_step=on_step) if had_segments else load_pack(pack.root)


def _tastes(
    pack: Pack, catalogue: Catalogue, models: Mapping[str, Recommender], phi: Mapping[str, Tensor], first: str
) -> tuple[dict[tuple[str, str], Taste], dict[tuple[str, str], Tensor], dict[str, Any]]:
    """By scorer and audience its taste and the real items' z-scores; and the audiences' entries for `pack.json`."""
    tastes: dict[tuple[str, str], Taste] = {}
    scores: dict[tuple[str, str], Tensor] = {}
    audiences = {audience: about for audience, about in pack.audiences.items() if not is_segment(about)}
    for name, model in models.items():
        groups = {}
        for audience, about in list(audiences.items()):
            members = audience_rows(about["condition"], model, catalogue)
            factors = model.user_factors[members].detach()
            groups[audience] = np.isin(np.arange(len(model.user_ids)), members)
            if len(factors) < MINIMUM_USERS:
                raise DataError(
                    f"audience {audience!r} has {len(factors)} users under {name}; {MINIMUM_USERS} or more are needed"
                )
            raw = phi[name] @ factors.double().mean(0)
            taste = tastes[name, audience] = taste_of(factors, raw)
            scores[name, audience] = ((raw - taste.mean) / taste.spread).float()
            if name == first:
                quantiles = np.quantile(raw.numpy(), np.linspace(0, 1, QUANTILES)).round(5).tolist()
                audiences[audience] = about | {"users": len(factors), "quantiles": quantiles}
        require_no_small_difference(groups, MINIMUM_USERS, where=f"under {name}")
    return tastes, scores, audiences


def check_measured(models: Mapping[str, Recommender]) -> None:
    """Refuse scorers whose AUC on purchases that they had not seen is not known.

    Raises:
        InputError: There is one; the message says what to do.
    """
    for name, model in models.items():
        if not measured_auc(model.about):
            raise InputError(f"{name}: {NEVER}")


def _classifier(
    catalogue: Catalogue, rows: np.ndarray, where: str, name: str, side: int, on_step: OnStep
) -> CategoryClassifier:
    backbone = Backbone.pretrained(name)
    input_size = max(side, CATEGORY_INPUT)
    features = backbone_features(catalogue, backbone, image_size=side, input_size=input_size, on_step=on_step)
    held_out = select(catalogue, catalogue.held_out_items(), where)
    both = np.concatenate([rows, held_out])
    labels = catalogue.items["type"].iloc[both].astype(str).to_numpy()
    photos = PhotoFeatures(features[both], np.arange(len(both)) >= len(rows), backbone, input_size)
    return train_category(photos, labels)


def _save_models(pack: Pack, models: Mapping[str, Recommender], judges: set[str]) -> list[Path]:
    """The first target in the place of the pack's recommender, all others under their names."""
    written = []
    for number, (name, model) in enumerate(models.items()):
        path = pack.root / ("recommender.safetensors" if number == 0 else scorer_file(name, name in judges))
        written.append(model.save(path, with_users=False))
    return written


def scorer_file(name: str, judge: bool) -> str:
    """File of a scorer that is not the pack's recommender."""
    return f"{'judge' if judge else 'target'}-{name}.safetensors"


def _describe(
    models: Mapping[str, Recommender], judges: set[str], first: str, category: Mapping[str, Any]
) -> dict[str, Any]:
    """The `verify` entry of `pack.json`."""
    scorers = {}
    for name, model in models.items():
        role = "judge" if name in judges else "target"
        file = "recommender.safetensors" if name == first else scorer_file(name, role == "judge")
        scorers[name] = describe_scorer(model, role, file)
    return {"scorers": scorers, "category": dict(category)}


def describe_scorer(model: Recommender, role: str, file: str) -> dict[str, Any]:
    """What `pack.json` says of a scorer."""
    settings = model.about.get("settings", {})
    return {
        "role": role,
        "file": file,
        "auc": measured_auc(model.about),
        "users": len(model.user_ids),
        "trained": {key: settings.get(key) for key in ("backbone", "input_size", "fold", "folds", "seed")},
    }


def _write(pack: Pack, written: list[Path], audiences: Mapping[str, Any], verify: Mapping[str, Any]) -> None:
    """`pack.json` last; scorers of an earlier call go."""
    kept = {
        name: digest
        for name, digest in pack.info["files"].items()
        if not name.startswith(("judge-", "target-", "probes."))
    }
    hashes = {path.relative_to(pack.root).as_posix(): storage.sha256_of(path) for path in written}
    for name in set(pack.info["files"]) - set(kept) - set(hashes):
        (pack.root / name).unlink(missing_ok=True)
    # Gate and map to shares were calibrated with other eyes, and the probes look through the older classifier's.
    info = {key: value for key, value in pack.info.items() if key not in ("gate", "probes", "share")}
    storage.write_json(
        pack.root / "pack.json",
        info | {"files": kept | hashes, "audiences": dict(audiences), "verify": dict(verify)},
    )
