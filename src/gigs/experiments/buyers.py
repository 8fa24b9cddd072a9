"""Any set of a recommender's users, as every scorer sees it: the target that was given, and a pack's judges.

Judges that were trained with some of these buyers are not asked. What the others make of them follows from what they
bought (`packs.audiences.buyers`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gigs.audience import Audience
from gigs.audience.taste import taste_of
from gigs.data.catalogue import Catalogue
from gigs.packs import Pack
from gigs.packs.audiences.buyers import Buyers
from gigs.packs.panel import ALL, panel_for
from gigs.progress import OnStep, silent
from gigs.recommender import Recommender
from gigs.recommender.features import catalogue_phi
from gigs.recommender.feedback import Feedback, read_feedback
from gigs.recommender.fold_in import fold_in_users
from gigs.verify.panel import LEAST_JUDGES, Panel
from gigs.verify.scorer import Scorer

TARGET = "target"
EXPERIMENT = "experiment"  # what an audience of an experiment is called


@dataclass(frozen=True)
class Eye:
    """One scorer with every user.

    Attributes:
        name: As in the tables.
        role: `target`, `helper` (another target of the pack) or `judge`.
        recommender: Frozen.
        factors: Of all users, `[U,K]`.
        items: phi of the real items that scores are standardised by, `[N,K]`.
        auc: Of its test, as far as it is known.
    """

    name: str
    role: str
    recommender: Recommender
    factors: Tensor
    items: Tensor
    auc: dict[str, Any]


@dataclass(frozen=True)
class Crowd:
    """All users of the target; `audience` makes any set of them one.

    Attributes:
        eyes: The target first.
        feedback: What they bought.
        panel: Of a pack with judges, for the audience of all; its scorers are exchanged.
        why_no_judges: Empty where judges apply.
    """

    eyes: tuple[Eye, ...]
    feedback: Feedback
    panel: Panel | None
    why_no_judges: str = ""

    @property
    def count(self) -> int:
        """Number of users."""
        return len(self.feedback.user_ids)

    def audience(self, rows: Sequence[int]) -> Audience:
        """The users with these numbers, with their taste under every scorer."""
        index = torch.as_tensor(np.asarray(rows, dtype=np.int64))
        tastes = {}
        for eye in self.eyes:
            factors = eye.factors[index]
            tastes[eye.name] = taste_of(factors, eye.items @ factors.double().mean(0))
        return Audience.of_tastes(EXPERIMENT, tastes)

    def scorers(self, audience: Audience) -> list[Scorer]:
        """The scorers with an audience's tastes: the target first, then helpers and judges."""
        return [Scorer(eye.name, eye.role, eye.recommender, audience.tastes[eye.name], eye.auc) for eye in self.eyes]

    def panel_for(self, audience: Audience) -> Panel | None:
        """Who checks pictures for an audience; None where no judges apply."""
        if self.panel is None:
            return None
        scorers = self.scorers(audience)
        scores = {
            (one.name, EXPERIMENT): one.z_of(eye.items.float()) for one, eye in zip(scorers, self.eyes, strict=True)
        }
        return replace(
            self.panel,
            audience=EXPERIMENT,
            targets=tuple(scorer for scorer in scorers if scorer.role != "judge"),
            judges=tuple(scorer for scorer in scorers if scorer.role == "judge"),
            gallery=replace(self.panel.gallery, scores=scores),
            outside=None,
        )


def find_buyers(
    recommender: Recommender, pack: Pack, catalogue: Catalogue, *, side: int, on_step: OnStep = silent
) -> Crowd:
    """Users of a recommender under itself and under a pack's judges.

    Args:
        recommender: The target. One that holds no users gets those of its fold, folded in from what they bought; where
            a user's vector is the mean of their purchases, these are the vectors that it was trained with.
        pack: Whose judges are asked.
        catalogue: What the users bought, and the real items.
        side: Of the generator's pictures, at which photos are read too.
        on_step: Progress of looking at the catalogue.

    Raises:
        InputError: The recommender's score is not linear.
        DataError: The catalogue does not know the recommender's users, or nobody bought anything.
    """
    recommender.require_linear("gigs experiment")
    target = _Target(recommender, catalogue, side, on_step)
    panel = panel_for(pack, pack.audience(ALL)) if ALL in pack.audiences else None
    rows = _real_items(panel, catalogue)
    judges = () if panel is None else tuple(one for one in panel.judges if _is_stranger(recommender, pack, one.name))
    why = _why_no_judges(panel, pack, len(judges))
    if not why and rows is None:
        why = f"the catalogue lacks the real items by which the judges of the pack {pack.name} standardise scores"
    if why:
        panel = None
    if panel is None:
        return Crowd((target.eye(catalogue.train_items()),), target.feedback, None, why)
    panel, known = replace(panel, judges=judges), Buyers(pack, catalogue, on_step)
    if same_weights(recommender, pack.recommender):
        name = panel.target.name
        eyes = [Eye(name, "target", recommender, target.factors, known.items[name].double(), panel.target.auc)]
        others = [*panel.targets[1:], *panel.judges]
    else:
        assert rows is not None
        eyes, others = [target.eye(rows)], list(panel.judges)
    for scorer in others:
        role = "judge" if scorer.role == "judge" else "helper"
        factors = known.factors(scorer.name, target.feedback.user_ids)
        eyes.append(Eye(scorer.name, role, scorer.recommender, factors, known.items[scorer.name].double(), scorer.auc))
    return Crowd(tuple(eyes), target.feedback, panel, why)


@dataclass(frozen=True)
class _Target:
    """The scorer that pictures are optimised for, with its users and what it sees of a catalogue, each found once."""

    recommender: Recommender
    catalogue: Catalogue
    side: int
    on_step: OnStep

    @cached_property
    def feedback(self) -> Feedback:
        """What its users bought."""
        if self.recommender.user_ids:
            return read_feedback(self.catalogue, user_ids=self.recommender.user_ids)
        own = self.recommender.about.get("settings", {})
        return read_feedback(
            self.catalogue, fold=own.get("fold"), folds=own.get("folds") or 2, min_items=own.get("min_items") or 1
        )

    @cached_property
    def phi(self) -> Tensor:
        """Of every item, `[items,K]`."""
        phi = catalogue_phi(self.recommender, self.catalogue, image_size=self.side, on_step=self.on_step)
        return torch.from_numpy(phi)

    @cached_property
    def factors(self) -> Tensor:
        """Of every user, `[U,K]`."""
        if self.recommender.user_ids:
            return self.recommender.user_factors.detach().cpu()
        pairs = self.feedback.train
        return fold_in_users(
            self.recommender, self.phi, pairs, len(self.feedback.user_ids), candidates=np.unique(pairs[1])
        )

    def eye(self, rows: np.ndarray) -> Eye:
        """As no pack knows it, with the real items of these rows."""
        return Eye(TARGET, "target", self.recommender, self.factors, self.phi[rows].double(), _auc(self.recommender))


def same_weights(one: Recommender, other: Recommender) -> bool:
    """Whether two recommenders see alike, whatever users they hold; half-precision storage is allowed for."""
    if type(one) is not type(other) or one.feature_count != other.feature_count:
        return False
    a, b = one.stored_tensors(), other.stored_tensors()
    shared = sorted(set(a) & set(b))
    return bool(shared) and all(
        a[name].shape == b[name].shape and torch.allclose(a[name].float(), b[name].float(), atol=2e-3, rtol=2e-3)
        for name in shared
    )


def _is_stranger(recommender: Recommender, pack: Pack, judge: str) -> bool:
    """Whether a pack's judge knows none of a recommender's buyers: it was trained on another fold of as many."""
    own, its = recommender.about.get("settings", {}), pack.scorers[judge].get("trained", {})
    folds = (own.get("fold"), its.get("fold"))
    return None not in folds and folds[0] != folds[1] and own.get("folds") == its.get("folds")


def _why_no_judges(panel: Panel | None, pack: Pack, strangers: int) -> str:
    """Why a pack's judges cannot be asked about a target whose buyers so many do not know; empty if they can."""
    if panel is None:
        return f"the pack {pack.name} has no judges"
    if strangers >= LEAST_JUDGES:
        return ""
    return (
        f"only {strangers} judges of the pack {pack.name} are sure to know none of this recommender's buyers, "
        f"but {LEAST_JUDGES} are needed; train it on another fold than most judges"
    )


def _real_items(panel: Panel | None, catalogue: Catalogue) -> np.ndarray | None:
    """Rows of the panel's real items; None where the catalogue is another one."""
    if panel is None:
        return None
    place = {identifier: row for row, identifier in enumerate(catalogue.items["item_id"].astype(str))}
    rows = [place.get(identifier, -1) for identifier in panel.gallery.ids]
    return None if min(rows) < 0 else np.array(rows)


def _auc(recommender: Recommender) -> dict[str, Any]:
    scores: Any = recommender.about.get("scores", {})
    for key in ("test-all", "model", "overall", "auc"):
        scores = scores.get(key, {}) if isinstance(scores, dict) else {}
    return dict(scores) if isinstance(scores, dict) else {}
