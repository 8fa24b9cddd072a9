"""Tastes of users whom a pack does not know, under each of its scorers, from what they bought or liked.

Each scorer was trained on one half of the buyers, so no buyer is known to all scorers. Fold-in gives every user a
vector under every scorer, computed from the features of the user's purchases.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gigs.audience import Audience
from gigs.audience.base import ROUNDING
from gigs.audience.taste import Taste, effective_number, weighted_taste
from gigs.data.catalogue import Catalogue
from gigs.errors import InputError
from gigs.packs.audiences.file import hashes_of_scorers
from gigs.packs.load import Pack
from gigs.packs.panel import items_phi, model_of
from gigs.progress import OnStep, silent
from gigs.recommender.base import Recommender
from gigs.recommender.features import catalogue_phi, pixel_phi
from gigs.recommender.feedback import Feedback, in_fold, read_feedback
from gigs.recommender.fold_in import fold_in, fold_in_users, is_mean_of_purchases
from gigs.recommender.models.vbpr import VBPR

ALL_MEMBERS = "all"
Users = Iterable[str] | Mapping[str, float]


@dataclass(frozen=True)
class Buyers:
    """The buyers of a catalogue under each scorer of a pack. One object computes any number of tastes.

    Attributes:
        pack: A pack with scorers and their features of real items.
        catalogue: Where the purchases come from: the training ones of items that the scorers were trained with.
        on_step: Progress of phi, which is computed when it is first needed.
    """

    pack: Pack
    catalogue: Catalogue
    on_step: OnStep = silent

    @cached_property
    def feedback(self) -> Feedback:
        """Everybody with a training purchase."""
        return read_feedback(self.catalogue)

    @cached_property
    def items(self) -> dict[str, Tensor]:
        """phi of the pack's real items, by scorer, targets first."""
        return items_phi(self.pack)

    @cached_property
    def _seen(self) -> dict[str, Tensor]:
        """phi by scorer, as far as it was asked for."""
        return {}

    def _phi(self, scorer: str) -> Tensor:
        """phi of every item that somebody bought under a scorer, `[items,K]`; other rows may be zero."""
        if scorer not in self._seen:
            self._seen[scorer] = self.phi_of(scorer, np.unique(self.feedback.train[1]))
        return self._seen[scorer]

    def phi_of(self, scorer: str, rows: np.ndarray) -> Tensor:
        """phi of the catalogue's items under a scorer, `[items,K]`; rows other than those wanted may be zero."""
        model, side = model_of(self.pack, scorer), self.pack.generator.resolution
        if isinstance(model, VBPR):  # goes by backbone features, which are kept on disk
            return torch.from_numpy(catalogue_phi(model, self.catalogue, image_size=side, on_step=self.on_step))
        return torch.from_numpy(pixel_phi(model, self.catalogue.images(side), rows, self.on_step))

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {user: row for row, user in enumerate(self.feedback.user_ids)}

    @cached_property
    def _everybody(self) -> dict[str, Tensor]:
        """Vectors of all users, where that is one matrix product."""
        return {}

    def known(self, users: Iterable[str]) -> list[str]:
        """Those of them who bought something in training that can be seen."""
        return [user for user in dict.fromkeys(map(str, users)) if user in self._rows]

    def factors(self, scorer: str, users: Iterable[str]) -> Tensor:
        """Taste vectors `[U,K]` of users under a scorer, folded in from their purchases.

        Raises:
            InputError: A user without a training purchase.
        """
        wanted = [str(user) for user in users]
        unknown = [user for user in wanted if user not in self._rows]
        if unknown:
            raise InputError(f"user {unknown[0]!r} has no training purchase with a picture, and thus no taste")
        rows = np.array([self._rows[user] for user in wanted], dtype=np.int64)
        model = model_of(self.pack, scorer)
        if not is_mean_of_purchases(model):
            return self._fold(model, scorer, rows)
        if scorer not in self._everybody:
            self._everybody[scorer] = self._fold(model, scorer, np.arange(len(self._rows)))
        return self._everybody[scorer][rows]

    def _fold(self, model: Recommender, scorer: str, rows: np.ndarray) -> Tensor:
        users, items = self.feedback.train
        place = np.full(len(self._rows), -1, dtype=np.int64)
        place[rows] = np.arange(len(rows))
        own = place[users] >= 0
        candidates = np.unique(items)
        return fold_in_users(
            model, self._phi(scorer), (place[users[own]], items[own]), len(rows), candidates=candidates
        )

    def taste(self, scorer: str, users: Users) -> Taste:
        """The taste of a set of users under one scorer; weights where `users` is a table of them.

        Raises:
            InputError: No user, one without a training purchase, or a weight that is not above 0.
        """
        weights = torch.tensor(list(users.values()), dtype=torch.float64) if isinstance(users, Mapping) else None
        names = list(dict.fromkeys(map(str, users)))
        if not names:
            raise InputError("an audience without members has no taste")
        if weights is not None and not (torch.isfinite(weights) & (weights > 0)).all():
            raise InputError("a user's weight must be above 0")
        return weighted_taste(self.factors(scorer, names), self.items[scorer], weights)

    def own_halves(self, users: Users, minimum: int) -> dict[str, list[str]] | None:
        """By scorer, those of the users whom its training saw; None where one of them counts fewer than `minimum`.

        Scorers of different halves then go by different people, as for the pack's own audiences.
        """
        ids, found = np.array(self.known(users), dtype=object), {}
        for name, about in self.pack.scorers.items():
            own = ids[learned_from(about, ids)]
            found[name] = [str(user) for user in own]
            if counted(users, found[name]) < max(1, minimum) - ROUNDING:
                return None
        return found

    def tastes(self, users: Users) -> dict[str, Taste]:
        """The same under every scorer of the pack, by name: what `Audience.of_tastes` takes."""
        return {scorer: self.taste(scorer, users) for scorer in self.items}


def counted(users: Users, some: Iterable[str]) -> float:
    """How many equally weighted users say as much as some of them do with the weights they have, if any."""
    if isinstance(users, Mapping):
        return effective_number(users[user] for user in some)
    return float(len(list(some)))


def learned_from(about: Mapping[str, Any], ids: np.ndarray) -> np.ndarray:
    """Which users a scorer's training could see, bool `[U]`; all of them where it was not trained on a fold.

    Args:
        about: What the pack says of the scorer (`Pack.scorers`).
        ids: Of the users.
    """
    trained = about.get("trained", {})
    if trained.get("fold") is None:
        return np.ones(len(ids), dtype=bool)
    return in_fold(ids, int(trained["fold"]), int(trained.get("folds") or 2))


def tastes_of_users(pack: Pack, catalogue: Catalogue, users: Users, *, on_step: OnStep = silent) -> dict[str, Taste]:
    """Tastes of a set of users under every scorer of a pack. For many sets, open `Buyers` once.

    Args:
        pack: With scorers.
        catalogue: With the users' purchases; only training purchases count.
        users: Ids, or weights above 0 by id.
        on_step: Progress.

    Raises:
        InputError: No user, one without a training purchase, a bad weight, or a pack that lacks what is needed.
    """
    return Buyers(pack, catalogue, on_step).tastes(users)


@torch.no_grad()
def tastes_of_likes(pack: Pack, photos: Tensor) -> dict[str, Taste]:
    """The taste of one person or shop under every scorer, from photos of what they like.

    Args:
        pack: With scorers.
        photos: `[M,3,R,R]` in `[0,1]` at the generator's resolution, M of 1 or more.
    """
    return tastes_of_phi(pack, {name: model_of(pack, name).features(photos) for name in items_phi(pack)})


def tastes_of_phi(pack: Pack, liked: Mapping[str, Tensor]) -> dict[str, Taste]:
    """The same from phi `[M,K]` of what they like, by scorer; the pack's real items are what else there is."""
    found = {}
    for name, items in items_phi(pack).items():
        vector = fold_in(model_of(pack, name), liked[name], background=items)
        found[name] = weighted_taste(vector[None], items)
    return found


def audience_of_tastes(pack: Pack, tastes: Mapping[str, Taste], name: str, *, members: str = ALL_MEMBERS) -> Audience:
    """An audience that the pack does not know, from its tastes.

    Args:
        pack: With scorers.
        tastes: By scorer, all of the pack's (`tastes_of_users`, `tastes_of_likes`).
        name: Name of the audience, which the pack must not use.
        members: `own halves` where each taste is that of the members whom the scorer was trained with; `all` otherwise.

    Raises:
        InputError: The pack has no scorers, or a taste is missing.
    """
    missing = [scorer for scorer in pack.scorers if scorer not in tastes]
    if missing:
        raise InputError(f"no taste under the pack's scorer {missing[0]}: an audience needs one under each")
    origin = {"from": name, "pack": pack.name, "scorers": hashes_of_scorers(pack), "members": members}
    return Audience.of_tastes(name, {scorer: tastes[scorer] for scorer in pack.scorers}, origin=origin)
