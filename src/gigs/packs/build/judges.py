"""Give a pack further judges; everything else of it stays to the bit, and nobody needs its other scorers' users."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gigs.audience.base import MINIMUM_USERS
from gigs.audience.differences import require_no_small_difference
from gigs.audience.taste import Taste
from gigs.data.catalogue import Catalogue
from gigs.errors import DataError, InputError
from gigs.io import storage
from gigs.packs.audiences.buyers import Buyers, learned_from
from gigs.packs.audiences.segments import members_by_rule
from gigs.packs.audiences.tastes import TASTES, load_tastes, save_tastes
from gigs.packs.build.independence import Known, check_independent
from gigs.packs.build.scorers import check_measured, describe_scorer, scorer_file
from gigs.packs.load import Pack, load_pack
from gigs.packs.panel import gallery_of, is_of_its_half
from gigs.progress import OnStep, silent
from gigs.recommender import load_recommender
from gigs.recommender.base import Recommender
from gigs.recommender.features import catalogue_phi
from gigs.verify.gallery import FILE as GALLERY
from gigs.verify.gallery import save_scores


def add_judges(root: str | Path, catalogue: Catalogue, judges: Mapping[str, Path], *, on_step: OnStep = silent) -> Pack:
    """Add judges to a pack that has scorers.

    Targets, judges, gallery, segments, classifier, probes and gate stay. The map from gains to shares goes, since it
    was fitted to fewer judges (`studies.share`), and their disagreement is to be measured again (`gigs verify
    calibrate`); until then that of the earlier judges counts.

    Args:
        root: Folder of the pack.
        catalogue: That its scorers come from, with its real items and buyers.
        judges: The recommenders' files, with their users, by name.
        on_step: Progress.

    Raises:
        InputError: The pack has no scorers, or one of that name; the catalogue lacks its real items; a judge's AUC was
            never measured, or it is not independent of the targets (`check_independent`); or what audiences leave of
            one another under a judge are fewer than 50 users.
        DataError: An audience has fewer than 50 users.
    """
    pack = load_pack(root)
    known = [name for name in judges if name in pack.scorers]
    if known:
        raise InputError(f"pack {pack.name}: already has a scorer {known[0]!r}; give the judge another name")
    models = {name: load_recommender(path) for name, path in judges.items()}
    check_measured(models)
    _check(pack, catalogue, models)
    rows, side = _real_items(pack, catalogue), pack.generator.resolution
    phi = {
        name: torch.from_numpy(catalogue_phi(model, catalogue, image_size=side, on_step=on_step)[rows])
        for name, model in models.items()
    }
    tastes, audiences = _tastes(_with(pack, models, phi), catalogue, models, on_step)
    return _write(replace(pack, info=pack.info | {"audiences": audiences}), models, phi, tastes)


def _check(pack: Pack, catalogue: Catalogue, models: Mapping[str, Recommender]) -> None:
    ids = catalogue.users["user_id"].astype(str).to_numpy()
    before = {name: Known.by_pack(pack, name, ids) for name in pack.scorers}
    targets = {name: one for name, one in before.items() if pack.scorers[name]["role"] == "target"}
    judges = {name: one for name, one in before.items() if name not in targets}
    check_independent(targets, judges | {name: Known.by_model(model) for name, model in models.items()})


def _real_items(pack: Pack, catalogue: Catalogue) -> np.ndarray:
    """Rows of the pack's real items in the catalogue."""
    place = {identifier: row for row, identifier in enumerate(catalogue.items["item_id"].astype(str))}
    rows = np.array([place.get(identifier, -1) for identifier in gallery_of(pack).ids])
    if (rows < 0).any():
        raise InputError(
            f"{catalogue.root}: lacks {(rows < 0).sum()} of the {len(rows)} real items of the pack {pack.name}; give "
            "the catalogue that it was built from"
        )
    return rows


def _entries(models: Mapping[str, Recommender]) -> dict[str, Any]:
    return {name: describe_scorer(model, "judge", scorer_file(name, judge=True)) for name, model in models.items()}


def _with(pack: Pack, models: Mapping[str, Recommender], phi: Mapping[str, Tensor]) -> Pack:
    """The pack as it will be, in memory, so that `Buyers` can look through the new judges."""
    verify = pack.info["verify"] | {"scorers": pack.info["verify"]["scorers"] | _entries(models)}
    read = {scorer_file(name, judge=True): "" for name in models}
    files = pack.info["files"] | read
    wider = replace(pack, info=pack.info | {"files": files, "verify": verify})
    gallery = gallery_of(pack)
    wider.parts[GALLERY] = replace(gallery, features={**gallery.features, **phi})
    for name, model in models.items():
        wider.parts[scorer_file(name, judge=True)] = model
    return wider


def _tastes(
    pack: Pack, catalogue: Catalogue, models: Mapping[str, Recommender], on_step: OnStep
) -> tuple[dict[tuple[str, str], Taste], dict[str, Any]]:
    """By judge and audience a taste, and the audiences' entries for `pack.json`.

    Of the members in the judge's half, or where the audience goes by all or too few are in this half, of all members.
    """
    buyers, found, audiences = Buyers(pack, catalogue, on_step), dict[tuple[str, str], Taste](), pack.audiences
    ids, groups = np.array(buyers.feedback.user_ids, dtype=object), {name: dict[str, np.ndarray]() for name in models}
    for audience, about in pack.audiences.items():
        members = np.array(buyers.known(members_by_rule(str(about["condition"]), buyers)), dtype=object)
        if len(members) < MINIMUM_USERS:
            raise DataError(f"audience {audience!r} has {len(members)} users; {MINIMUM_USERS} or more are needed")
        for name in models:
            own = members[learned_from(pack.scorers[name], members)]
            if not is_of_its_half(about, name) or len(own) < MINIMUM_USERS:
                own, about = members, {**about, "all_under": [*about.get("all_under", ()), name]}
            found[name, audience] = buyers.taste(name, own)
            groups[name][audience] = np.isin(ids, own)
        audiences[audience] = about
    for name, masks in groups.items():
        require_no_small_difference(masks, MINIMUM_USERS, where=f"under {name}")
    return found, audiences


def _write(
    pack: Pack, models: Mapping[str, Recommender], phi: Mapping[str, Tensor], tastes: Mapping[tuple[str, str], Taste]
) -> Pack:
    """`pack.json` last."""
    scores = {(name, audience): taste.z(phi[name]) for (name, audience), taste in tastes.items()}
    written = [
        *(model.save(pack.root / scorer_file(name, judge=True), with_users=False) for name, model in models.items()),
        *save_tastes(pack.root, load_tastes(pack.path(TASTES)) | dict(tastes), next(iter(pack.scorers))),
        save_scores(pack.path(GALLERY), gallery_of(pack).scores | scores, phi),
    ]
    hashes = {path.relative_to(pack.root).as_posix(): storage.sha256_of(path) for path in written}
    verify = pack.info["verify"] | {"scorers": pack.info["verify"]["scorers"] | _entries(models)}
    info = {name: value for name, value in pack.info.items() if name != "share"}
    storage.write_json(pack.root / "pack.json", info | {"files": pack.info["files"] | hashes, "verify": verify})
    return load_pack(pack.root)
