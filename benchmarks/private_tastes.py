"""What a private audience is worth, and what it hides: the parts of `benchmarks.privacy`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gigs.audience.members import members_of
from gigs.audience.privacy import PrivacySettings, PublicKnowledge, noise_multiplier, noised_taste
from gigs.audience.taste import Taste, weighted_taste
from gigs.packs import Pack
from gigs.packs.audiences.buyers import Buyers
from gigs.packs.panel import everybodys_tastes
from gigs.shifting.supported import SupportSettings
from gigs.verify.gallery import Gallery
from gigs.verify.panel import Panel, cautious
from gigs.verify.scorer import Scorer
from gigs.verify.users import draw_users

FIXED = 1  # VBPR's last coordinate is the same for everybody
RELEASES = 4  # vectors that one member is part of: the scorers of the half of the buyers that has more of them


@dataclass(frozen=True)
class Crowd:
    """Members' vectors `[U,K]` by scorer, as `gigs audience create` takes them: each scorer with its own half."""

    factors: dict[str, Tensor]
    items: dict[str, Tensor]
    everybody: dict[str, Taste]

    @property
    def users(self) -> int:
        """Members under the target."""
        return len(next(iter(self.factors.values())))

    def plain(self) -> dict[str, Taste]:
        """Tastes as they are."""
        return {name: weighted_taste(own, self.items[name]) for name, own in self.factors.items()}

    def public(self, name: str) -> PublicKnowledge:
        """What anybody may know, under one scorer."""
        return PublicKnowledge(self.items[name], self.everybody[name], FIXED)

    def private(self, epsilon: float, rng: torch.Generator) -> dict[str, Taste]:
        """Tastes with noise, as they would be released; the generator is known here, so that figures repeat."""
        multiplier = noise_multiplier(PrivacySettings(epsilon=epsilon), RELEASES)
        return {
            name: noised_taste(own, self.public(name), multiplier, rng=rng)[0] for name, own in self.factors.items()
        }


def real_crowd(pack: Pack, buyers: Buyers, audience: str) -> Crowd:
    """The real members of one of the pack's audiences."""
    members = buyers.known(members_of(pack.audiences[audience].get("condition") or "everyone", buyers.catalogue))
    halves = buyers.own_halves(members, 1)
    assert halves is not None, "a scorer knows none of these members"
    return Crowd(
        {name: buyers.factors(name, own) for name, own in halves.items()}, buyers.items, everybodys_tastes(pack)
    )


def drawn_crowd(pack: Pack, buyers: Buyers, panel: Panel, users: int, seed: int) -> Crowd:
    """Users who do not exist: drawn from an audience's mean and covariance under each scorer."""
    factors = {one.name: draw_users(one, seed, users) for one in (*panel.targets, *panel.judges)}
    return Crowd(factors, buyers.items, everybodys_tastes(pack))


def neighbourhoods(gallery: Gallery, count: int, seed: int) -> list[tuple[int, Tensor]]:
    """Real items in the place of a seller's product, and the rows of the items near them that a shift considers."""
    found, settings = [], SupportSettings()
    for row in np.random.default_rng(seed).permutation(len(gallery.ids)):
        others = gallery.of_category(int(gallery.categories[row]))
        others = others[others != row]
        if len(others) < 2 * settings.liked:
            continue
        away = torch.cdist(gallery.codes[row][None], gallery.codes[others])[0]
        found.append((int(row), others[away.topk(min(settings.neighbours, len(others)), largest=False).indices]))
        if len(found) == count:
            break
    return found


def chosen_gain(
    places: list[tuple[int, Tensor]], crowd: Crowd, panel: Panel, seen: Mapping[str, Taste], true: Mapping[str, Taste]
) -> tuple[float, float]:
    """Mean gain, under the true taste, of the items that a taste `seen` would choose to move towards.

    Returns:
        Under the first target, and the mean under the judges; in z.
    """
    value = cautious(torch.stack([_z(crowd.items[one.name], seen[one.name]) for one in panel.targets]))
    told: list[Scorer] = [panel.target, *panel.judges]
    z = {one.name: _z(crowd.items[one.name], true[one.name]) for one in told}
    gains = []
    for row, near in places:
        liked = near[value[near].topk(SupportSettings().liked).indices]
        gains.append([float(z[one.name][liked].mean() - z[one.name][row]) for one in told])
    mean = np.mean(gains, axis=0)
    return float(mean[0]), float(mean[1:].mean())


def _z(items: Tensor, taste: Taste) -> Tensor:
    return (items @ taste.theta - taste.mean) / taste.spread


def cosines(seen: Taste, true: Taste, everybody: Taste) -> tuple[float, float]:
    """Cosine of two tastes, without the coordinate that all share; and of what sets both apart from everybody."""
    one, other, centre = (taste.theta[:-FIXED].double() for taste in (seen, true, everybody))
    whole = torch.cosine_similarity(one, other, dim=0)
    return float(whole), float(torch.cosine_similarity(one - centre, other - centre, dim=0))


def attack(crowd: Crowd, targets: list[str], size: int, epsilon: float | None, rng: torch.Generator) -> list[float]:
    """Who of the crowd is in a random audience of it? AUC of two attacks that see the released vectors of one half.

    The attacker knows everybody's vector and all that is public, and sums over the released vectors how far a user lies
    in the direction that the audience moved to: as it is, and in units of how tastes differ (the likelihood ratio for
    normal tastes).
    """
    order = torch.randperm(crowd.users, generator=rng)
    inside = torch.zeros(crowd.users, dtype=torch.bool)
    inside[order[:size]] = True
    part = Crowd({name: crowd.factors[name][inside] for name in targets}, crowd.items, crowd.everybody)
    released = part.plain() if epsilon is None else part.private(epsilon, rng)
    scores = torch.zeros(2, crowd.users, dtype=torch.float64)
    for name in targets:
        centre, covariance = crowd.everybody[name].theta[:-FIXED], crowd.everybody[name].covariance[:-FIXED, :-FIXED]
        away = (crowd.factors[name][:, :-FIXED] - centre).double()
        moved = (released[name].theta[:-FIXED] - centre).double()
        ridge = 1e-3 * float(covariance.trace()) / len(centre) * torch.eye(len(centre), dtype=torch.float64)
        for place, along in enumerate((moved, torch.linalg.solve(covariance.double() + ridge, moved))):
            found = away @ along
            scores[place] += found / found.std().clamp_min(1e-12)
    return [_auc(row[inside], row[~inside]) for row in scores]


def _auc(inside: Tensor, outside: Tensor) -> float:
    above = (inside[:, None] > outside[None]).double() + 0.5 * (inside[:, None] == outside[None]).double()
    return float(above.mean())
