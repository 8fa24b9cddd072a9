"""Makes audiences of your own: from users of a catalogue, a segment, or what somebody liked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gigs.audience.base import MINIMUM_USERS, Audience, require_enough
from gigs.audience.describe import describe
from gigs.audience.members import listed, read_weights
from gigs.audience.privacy import PrivacySettings, bound_of, noise_multiplier, private_taste, promise, require_delta
from gigs.audience.taste import Taste
from gigs.data.catalogue import Catalogue
from gigs.data.importers.photo_names import SUFFIXES
from gigs.errors import InputError
from gigs.packs.audiences.buyers import Buyers, counted, tastes_of_likes, tastes_of_phi
from gigs.packs.audiences.file import hashes_of_scorers, target_quantiles
from gigs.packs.audiences.segments import members_by_rule
from gigs.packs.build.pack import QUANTILES
from gigs.packs.load import Pack
from gigs.packs.panel import OWN_HALVES, everybodys_tastes, items_phi, model_of
from gigs.progress import OnStep, silent
from gigs.recommender.models.vbpr import VBPR
from gigs.vision.images import fit_square, read_photo, to_tensor

LIKES = "likes:"
ALL = "all"


@dataclass(frozen=True, kw_only=True)
class AudienceRequest:
    """What is asked for.

    Attributes:
        name: Short name of letters, digits and dashes.
        spec: `audience.members`; or `segment:NUMBER`; or `likes:` with `@FILE` of item ids (or photos' paths), a photo,
            or a folder of photos.
        label: Name in words. By default, it is made from what sets the members apart.
        weights: File with `user_id,weight` on each line. Only these users then count.
        privacy: Epsilon and delta of a private audience.
        minimum: Smallest number of members.
    """

    name: str
    spec: str
    label: str | None = None
    weights: Path | None = None
    privacy: PrivacySettings | None = None
    minimum: int = MINIMUM_USERS

    def __post_init__(self) -> None:
        if not self.name.replace("-", "").replace("_", "").isalnum():
            raise InputError(f"{self.name!r}: an audience's name consists of letters, digits and dashes")
        if self.spec.startswith(LIKES) and (self.weights or self.privacy):
            raise InputError(
                "an audience of what one person or shop likes has no members, so neither weights nor `epsilon` apply"
            )


def create_audience(
    pack: Pack, catalogue: Catalogue | None, request: AudienceRequest, *, on_step: OnStep = silent
) -> Audience:
    """Make an audience.

    Args:
        pack: With scorers that say how they see its real items.
        catalogue: With users and purchases; not needed for photos somebody likes.
        request: What is asked for.
        on_step: Progress.

    Raises:
        InputError: Unknown users or items, an audience below the minimum, a name that the pack has, a pack or a
            catalogue that lacks what is needed.
    """
    if request.name in pack.audiences:
        raise InputError(
            f"audience {request.name!r}: the pack {pack.name} has an audience with this name; choose another name"
        )
    items = items_phi(pack)
    if request.spec.startswith(LIKES):
        require_enough(request.name, 1, request.minimum)
        tastes = _liked(pack, catalogue, request.spec.removeprefix(LIKES).strip(), on_step)
        about: dict[str, Any] = {"members": ALL}
        label = request.label or f"what {request.name} likes"
    else:
        if catalogue is None:
            raise InputError(f"audience from {request.spec!r}: its users come from a catalogue; give a `catalogue`")
        tastes, about, label = _of_members(Buyers(pack, catalogue, on_step), request)
    target = next(iter(items))
    quantiles = target_quantiles(tastes[target], items[target], QUANTILES)
    privacy = about.pop("privacy", None)
    origin = about | {"from": _named(request.spec), "pack": pack.name, "scorers": hashes_of_scorers(pack)}
    return Audience.of_tastes(
        request.name, {name: tastes[name] for name in items}, label=label, quantiles=tuple(quantiles), origin=origin,
        privacy=privacy,
    )  # fmt: skip


def _named(spec: str) -> str:
    """The rule without what would name a person."""
    return "one user" if spec.startswith("user:") else "a list of users" if spec.startswith("@") else spec


def _of_members(buyers: Buyers, request: AudienceRequest) -> tuple[dict[str, Taste], dict[str, Any], str]:
    """Tastes of an audience of users, what to note about it, and its label."""
    members = buyers.known(members_by_rule(request.spec, buyers))
    weights = None
    if request.weights is not None:
        given = read_weights(request.weights)
        members = [user for user in members if user in given]
        weights = {user: given[user] for user in members}
    weighted = members if weights is None else weights
    require_enough(request.name, len(members), request.minimum, counted=counted(weighted, members))
    halves = buyers.own_halves(weighted, request.minimum)
    own = halves or dict.fromkeys(buyers.items, members)
    about: dict[str, Any] = {
        "members": OWN_HALVES if halves else ALL,
        "buyers": len(members),
        "weighted": weights is not None,
    }
    if request.privacy is not None:
        tastes, about["privacy"] = _private(buyers, own, weights, request.privacy, halves is not None)
        return tastes, about, request.label or _named(request.spec)  # words about members would give them away
    tastes = {
        scorer: buyers.taste(scorer, ids if weights is None else {user: weights[user] for user in ids})
        for scorer, ids in own.items()
    }
    said = describe(members, buyers.catalogue)
    return tastes, about | {"description": said.record()}, request.label or said.words()


def _private(
    buyers: Buyers,
    own: Mapping[str, list[str]],
    weights: Mapping[str, float] | None,
    settings: PrivacySettings,
    halves: bool,
) -> tuple[dict[str, Taste], dict[str, Any]]:
    """Noised tastes, and the promise for the record."""
    everybody, scorers = everybodys_tastes(buyers.pack), buyers.pack.scorers
    if set(everybody) != set(scorers):
        raise InputError(f"pack {buyers.pack.name}: has no audience `everyone`, which a private audience needs")
    require_delta(settings, min(map(len, own.values())))
    folds = [about.get("trained", {}).get("fold") for about in scorers.values()]
    releases = max(folds.count(fold) for fold in folds) if halves else len(scorers)
    multiplier = noise_multiplier(settings, releases)
    tastes, bounds, noise = {}, {}, {}
    for scorer, ids in own.items():
        items, fixed = buyers.items[scorer], int(isinstance(model_of(buyers.pack, scorer), VBPR))
        shares = None if weights is None else torch.tensor([weights[user] for user in ids], dtype=torch.float64)
        tastes[scorer], noise[scorer] = private_taste(
            buyers.factors(scorer, ids), items, everybody[scorer], multiplier, fixed=fixed, weights=shares
        )
        bounds[scorer] = bound_of(items, everybody[scorer], fixed)
    return tastes, promise(settings, releases, bounds, noise).record()


def _liked(pack: Pack, catalogue: Catalogue | None, what: str, on_step: OnStep) -> dict[str, Taste]:
    """Tastes of one person or shop."""
    paths = _photos(Path(what)) if not what.startswith("@") else _listed_photos(Path(what[1:]))
    if paths:
        side = pack.generator.resolution
        photos = torch.cat([to_tensor(fit_square(read_photo(path), side)[0]) for path in paths])
        return tastes_of_likes(pack, photos)
    if not what.startswith("@"):
        raise InputError(f"{LIKES}{what}: no photo there; give a photo, a folder of photos, or @FILE with item ids")
    if catalogue is None:
        raise InputError(f"{LIKES}{what}: item ids are looked up in a catalogue; give a `catalogue`")
    rows = _item_rows(catalogue, listed(Path(what[1:])), what)
    return tastes_of_phi(pack, {name: phi[rows] for name, phi in _phi(pack, catalogue, rows, on_step).items()})


def _phi(pack: Pack, catalogue: Catalogue, rows: np.ndarray, on_step: OnStep) -> dict[str, Tensor]:
    """phi of a catalogue's items under every scorer, `[items,K]`; rows other than those wanted may be zero."""
    buyers = Buyers(pack, catalogue, on_step)
    return {name: buyers.phi_of(name, rows) for name in pack.scorers}


def _item_rows(catalogue: Catalogue, ids: list[str], what: str) -> np.ndarray:
    place = {str(item): row for row, item in enumerate(catalogue.items["item_id"])}
    pictured = catalogue.items["has_image"].to_numpy(dtype=bool)
    for item in ids:
        if item not in place:
            raise InputError(f"{LIKES}{what}: the catalogue has no item {item}")
        if not pictured[place[item]]:
            raise InputError(f"{LIKES}{what}: the catalogue has no picture of item {item}")
    if not ids:
        raise InputError(f"{LIKES}{what}: the file names no item")
    return np.array([place[item] for item in ids], dtype=np.int64)


def _listed_photos(file: Path) -> list[Path]:
    """Photos that a file names, one a line, beside it or by their full path; none where its lines are item ids."""
    lines = listed(file)
    if not any(line.lower().endswith(SUFFIXES) for line in lines):
        return []
    return [file.parent / line for line in lines]


def _photos(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(one for one in path.iterdir() if one.suffix.lower() in SUFFIXES)
    return [path] if path.is_file() else []
