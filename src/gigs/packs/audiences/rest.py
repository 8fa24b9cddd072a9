"""Let one audience of a pack take in whoever no other of a division has, without anybody's vector at hand.

Groups that nearly divide everybody give away those whom they leave out (`audience.differences`). The taste of everybody
less that of all other groups is that of the last group with the rest in it, so that nothing is left to work out. It
follows from what the pack holds: sums of means, and of second moments.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from gigs.audience.base import require_enough
from gigs.audience.taste import Taste, taste_of
from gigs.errors import InputError
from gigs.io import storage
from gigs.packs.audiences.file import target_quantiles
from gigs.packs.audiences.tastes import TASTES, load_tastes, save_tastes
from gigs.packs.build.pack import QUANTILES
from gigs.packs.load import Pack, load_pack
from gigs.packs.panel import ALL, gallery_of, items_phi
from gigs.verify.gallery import FILE as GALLERY
from gigs.verify.gallery import save_scores


@dataclass(frozen=True, kw_only=True)
class Rest:
    """An audience that is everybody whom others leave.

    Attributes:
        name: Of the audience in the pack.
        others: The other groups of the division; nobody is in two of them.
        label: Who they are then, in words.
        condition: The same as a rule, such as `all-but:age < 45`.
    """

    name: str
    others: Sequence[str]
    label: str
    condition: str


def take_in_rest(root: str | Path, rest: Rest) -> Pack:
    """Replace one of a pack's audiences by everybody whom others leave.

    Args:
        root: Folder of a pack with scorers and an audience of all.
        rest: Which, and whom it leaves to others.

    Raises:
        InputError: There is no such audience, or too few are left.
    """
    pack = load_pack(root)
    unknown = [name for name in (ALL, rest.name, *rest.others) if name not in pack.audiences]
    if unknown or ALL in (rest.name, *rest.others) or not rest.others or rest.name in rest.others:
        raise InputError(f"pack {pack.name}: {', '.join(unknown) or rest.name} cannot be told from {ALL} and others")
    phi, tastes = items_phi(pack), load_tastes(pack.path(TASTES))
    for scorer, items in phi.items():
        found = _rest(tastes[scorer, ALL], [tastes[scorer, name] for name in rest.others], items)
        require_enough(rest.name, found.users)
        tastes[scorer, rest.name] = found
    scores = dict(gallery_of(pack).scores)
    for scorer, items in phi.items():
        scores[scorer, rest.name] = tastes[scorer, rest.name].z(items).float()
    target = next(iter(phi))
    taste = tastes[target, rest.name]
    about = pack.audiences[rest.name] | {
        "label": rest.label, "condition": rest.condition, "users": taste.users,
        "quantiles": target_quantiles(taste, phi[target], QUANTILES),
    }  # fmt: skip
    written = [*save_tastes(pack.root, tastes, target), save_scores(pack.path(GALLERY), scores)]
    hashes = {path.relative_to(pack.root).as_posix(): storage.sha256_of(path) for path in written}
    info = pack.info | {
        "files": pack.info["files"] | hashes,
        "audiences": {name: about if name == rest.name else one for name, one in pack.audiences.items()},
    }
    storage.write_json(pack.root / "pack.json", info)
    return load_pack(pack.root)


def _rest(everybody: Taste, others: Sequence[Taste], items: Tensor) -> Taste:
    """The taste of those who are in none of the others; items `[N,K]`."""
    users = everybody.users - sum(one.users for one in others)
    if users < 2:
        raise InputError(f"only {users} users are in none of the others")
    first = _sum(everybody) - sum(map(_sum, others), torch.zeros(()))
    second = _second_moment(everybody) - sum(map(_second_moment, others), torch.zeros(()))
    theta = first / users
    covariance = (second - users * torch.outer(theta, theta)) / (users - 1)
    alike = taste_of(theta[None], items.double() @ theta)
    return Taste(
        users=users, theta=theta.float(), covariance=_positive((covariance + covariance.T) / 2).float(),
        mean=alike.mean, spread=alike.spread,
    )  # fmt: skip


def _sum(taste: Taste) -> Tensor:
    return taste.users * taste.theta.double()


def _second_moment(taste: Taste) -> Tensor:
    theta = taste.theta.double()
    return (taste.users - 1) * taste.covariance.double() + taste.users * torch.outer(theta, theta)


def _positive(covariance: Tensor) -> Tensor:
    """Without the little below 0 that single precision leaves in directions in which nobody differs."""
    lengths, directions = torch.linalg.eigh(covariance)
    return directions @ torch.diag(lengths.clamp_min(0)) @ directions.T
