"""What to raise for an audience: its mean score, the gain of the tenth that gains least, or the share that gains.

A pack holds no single user's taste, only the mean and covariance of an audience. Of users drawn from these, the gain by
a change d of features is normal with mean m = theta^T d and deviation s = (d^T C d)^(1/2), so no sample of users is
needed: the mean gain of the worst tenth is m - 1.755 s, and the share that gains is the
normal distribution's at m / s. `verify.users.draw_users` draws such users, with the same results.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from gigs.errors import InputError
from gigs.recommender.base import Recommender
from gigs.verify.panel import Panel, cautious
from gigs.verify.scorer import Scorer

OBJECTIVES = ("mean", "worst-decile", "coverage")
MEAN = "mean"
WORST_TENTH = 1.754983  # density divided by tail of the normal distribution at its lowest tenth
STILL = 0.1  # share of the unit: a change that moves nobody by more counts for little, even if nobody loses


def check_objective(name: str) -> str:
    """Check the name of an objective.

    Raises:
        InputError: There is none of that name.
    """
    if name not in OBJECTIVES:
        raise InputError(f"objective {name!r} is unknown; choose one of {', '.join(OBJECTIVES)}")
    return name


def utility(objective: str, change: Tensor, theta: Tensor, covariance: Tensor, unit: float = 1.0) -> Tensor:
    """The worth of a change to an audience, `[N]`, differentiable; 0 for no change.

    Args:
        objective: `mean` or `worst-decile`, in the unit of the score; or `coverage`, m / s, which rises with the share
            of users who gain.
        change: Change of features, `[N,K]`.
        theta: Mean of the users' factors, `[K]`.
        covariance: Covariance of the users' factors, `[K,K]`.
        unit: Unit of the score; a noticeable change is a share of it.
    """
    gain = change @ theta
    if objective == MEAN:
        return gain
    variance = ((change @ covariance) * change).sum(1).clamp_min(0)
    if objective == "worst-decile":
        return gain - WORST_TENTH * (variance + (1e-3 * unit) ** 2).sqrt() + WORST_TENTH * 1e-3 * unit
    return gain / (variance + (STILL * unit) ** 2).sqrt()


def worth(scorer: Scorer, objective: str, phi: Tensor, photo: Tensor) -> Tensor:
    """`utility` under one scorer, for pictures with features `[N,K]` against a photo's `[1,K]`, in z."""
    taste = scorer.taste
    theta, covariance = taste.theta.to(phi.device), taste.covariance.to(phi.device)
    found = utility(objective, phi - photo, theta, covariance, taste.spread)
    return found if objective == "coverage" else found / taste.spread


@torch.no_grad()
def liking(panel: Panel, category: int, photo: Tensor, objective: str) -> Tensor:
    """How well the real items of a category would serve the audience instead of the photo, `[rows]` (`cautious`).

    Args:
        panel: The audience's panel.
        category: Category of the photo.
        photo: `[1,3,R,R]` in `[0,1]`.
        objective: For `mean`, `Panel.value`.

    Raises:
        InputError: The pack lacks a further target's features of its items.
    """
    if objective == MEAN:
        return panel.value(category)
    rows, gallery, found = panel.gallery.of_category(category), panel.gallery, []
    for scorer in panel.targets:
        items = gallery.phi if scorer is panel.target else gallery.features.get(scorer.name)
        if items is None:
            raise InputError(
                f"`objective` {objective}: the pack holds no features of its items for {scorer.name}; run `gigs "
                "pack features`"
            )
        seen = scorer.recommender.features(photo)
        found.append(worth(scorer, objective, items[rows].to(seen.device), seen))
    return cautious(torch.stack(found))


@torch.no_grad()
def target_worth(panel: Panel, images: Tensor, photo: Tensor, objective: str) -> Tensor:
    """The targets' gain of pictures `[N,3,R,R]` over a photo `[1,3,R,R]` in an objective, `[N]` (`cautious`)."""
    if objective == MEAN:
        return panel.preference(images) - panel.preference(photo)
    found = []
    for target in panel.targets:
        features = target.recommender.features
        found.append(worth(target, objective, features(images), features(photo)))
    return cautious(torch.stack(found))


@torch.no_grad()
def granted_worth(panel: Panel, images: Tensor, photo: Tensor, objective: str) -> Tensor:
    """The judges' mean gain of pictures `[N,3,R,R]` over a photo in an objective, `[N]`."""
    if objective == MEAN:
        return torch.stack(
            [judge.mixed_z(judge.recommender.features(images), panel.weight) for judge in panel.judges]
        ).mean(0)
    found = []
    for judge in panel.judges:
        features = judge.recommender.features
        found.append(worth(judge, objective, features(images), features(photo)))
    return torch.stack(found).mean(0)


def preference_for(
    objective: str, recommender: Recommender, theta: Tensor, covariance: Tensor | None, photo: Tensor, unit: float = 1.0
) -> Callable[[Tensor], Tensor]:
    """What the gradient raises: pictures `[N,3,R,R]` to `[N]`, differentiable.

    Args:
        objective: Any but `mean`, for which the preference is the score itself.
        recommender: The target, frozen.
        theta: `[K]`.
        covariance: `[K,K]`, or None if it is not known.
        photo: The picture to change, `[1,3,R,R]`.
        unit: Unit of the score.

    Raises:
        InputError: The covariance of the audience's users is not known.
    """
    if covariance is None or theta.ndim != 1:
        raise InputError(
            f"`objective` {objective}: it is not known how this audience's users differ; give an audience of "
            "two or more users, from a pack with judges or a recommender with a linear score"
        )
    spread = covariance.to(theta.device)
    with torch.no_grad():
        before = recommender.features(photo)

    def preference(images: Tensor) -> Tensor:
        return utility(objective, recommender.features(images) - before, theta, spread, unit)

    return preference
