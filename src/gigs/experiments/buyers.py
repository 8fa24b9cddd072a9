"""Any set of a recommender's users, as every scorer sees it: the target that was given, and a pack's judges.

The judges were trained with other buyers. What they make of these follows from what these bought (`packs.users`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gigs.data.catalogue import Catalogue
from gigs.errors import InputError
from gigs.packs import Pack
from gigs.packs.panel import ALL, load_panel
from gigs.packs.users import Buyers
from gigs.progress import OnStep, silent
from gigs.recommender import Recommender
from gigs.recommender.features import catalogue_phi
from gigs.recommender.feedback import Feedback, read_feedback
from gigs.verify.panel import Panel
from gigs.verify.scorer import Scorer, taste_of

TARGET = "target"


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
class Wanted:
    """Whom pictures are made for: the target's mean taste, every scorer with theirs, and a panel where there is one.

    `scorers`: the target first, then judges.
    """

    users: int
    theta: Tensor
    scorers: tuple[Scorer, ...]
    panel: Panel | None


@dataclass(frozen=True)
class Crowd:
    """All users of the target; `audience` gives any set of them.

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

    def audience(self, rows: Sequence[int]) -> Wanted:
        """The users with these numbers."""
        index = torch.as_tensor(np.asarray(rows, dtype=np.int64))
        found, scores = [], {}
        for eye in self.eyes:
            factors = eye.factors[index]
            raw = eye.items @ factors.double().mean(0)
            taste = taste_of(factors, raw)
            found.append(Scorer(eye.name, eye.role, eye.recommender, taste, eye.auc))
            scores[eye.name] = ((raw - taste.mean) / taste.spread).float()
        shown = tuple(scorer for scorer in found if scorer.role != "helper")
        return Wanted(len(index), found[0].taste.theta, shown, self._panel(found, scores))

    def _panel(self, scorers: list[Scorer], scores: dict[str, Tensor]) -> Panel | None:
        if self.panel is None:
            return None
        name = "experiment"
        own = {(scorer, name): values for scorer, values in scores.items()}
        return replace(
            self.panel,
            audience=name,
            targets=tuple(scorer for scorer in scorers if scorer.role != "judge"),
            judges=tuple(scorer for scorer in scorers if scorer.role == "judge"),
            gallery=replace(self.panel.gallery, scores=own),
            outside=None,
        )


def find_buyers(
    recommender: Recommender, pack: Pack, catalogue: Catalogue, *, side: int, on_step: OnStep = silent
) -> Crowd:
    """Users of a recommender under itself and under a pack's judges.

    Args:
        recommender: The target, with its users.
        pack: Whose judges are asked.
        catalogue: What the users bought, and the real items.
        side: Of the generator's pictures, at which photos are read too.
        on_step: Progress of looking at the catalogue.

    Raises:
        InputError: The recommender holds no users, or its score is not linear.
    """
    recommender.require_linear("gigs experiment")
    if not recommender.user_ids:
        raise InputError(
            "experiments need a recommender with its users: --recommender FILE from `gigs train recommender`"
        )
    feedback = read_feedback(catalogue, user_ids=recommender.user_ids)
    panel = load_panel(pack, ALL) if pack.info.get("verify") and ALL in pack.audiences else None
    rows = _real_items(panel, catalogue)
    why = _why_no_judges(recommender, panel, pack)
    if why or rows is None:
        panel = None
    if panel is None:
        return Crowd((_given(recommender, catalogue, catalogue.train_items(), side, on_step),), feedback, None, why)
    known = Buyers(pack, catalogue, on_step)
    if same_weights(recommender, pack.recommender):
        name = panel.target.name
        eyes = [Eye(name, "target", recommender, _factors(recommender), known.items[name].double(), panel.target.auc)]
        others = [*panel.targets[1:], *panel.judges]
    else:
        assert rows is not None
        eyes, others = [_given(recommender, catalogue, rows, side, on_step)], list(panel.judges)
    for scorer in others:
        role = "judge" if scorer.role == "judge" else "helper"
        factors = known.factors(scorer.name, recommender.user_ids)
        eyes.append(Eye(scorer.name, role, scorer.recommender, factors, known.items[scorer.name].double(), scorer.auc))
    return Crowd(tuple(eyes), feedback, panel, why)


def _given(recommender: Recommender, catalogue: Catalogue, rows: np.ndarray, side: int, on_step: OnStep) -> Eye:
    """A target that no pack knows, with the real items of these rows."""
    phi = catalogue_phi(recommender, catalogue, image_size=side, on_step=on_step)[rows]
    items = torch.from_numpy(phi).double()
    return Eye(TARGET, "target", recommender, _factors(recommender), items, _auc(recommender))


def _factors(recommender: Recommender) -> Tensor:
    return recommender.user_factors.detach().cpu()


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


def _why_no_judges(recommender: Recommender, panel: Panel | None, pack: Pack) -> str:
    """Why a pack's judges cannot be asked about this target; empty if they can."""
    if panel is None:
        return f"the pack {pack.name} has no judges"
    own = recommender.about.get("settings", {})
    for name, about in pack.info["verify"]["scorers"].items():
        if about["role"] != "judge":
            continue
        trained = about.get("trained", {})
        if own.get("fold") is None or own.get("folds") != trained.get("folds") or own["fold"] == trained.get("fold"):
            return (
                f"the judge {name} may know the same buyers as this recommender; train it with --fold, another one "
                "than the judges'"
            )
    return ""


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
