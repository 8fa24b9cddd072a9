"""Which scorers may be judges: none shares both backbone and buyers with a target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gigs.errors import InputError
from gigs.packs.audiences.buyers import learned_from
from gigs.packs.load import Pack
from gigs.packs.panel import model_of
from gigs.recommender.base import Recommender


@dataclass(frozen=True)
class Known:
    """What a scorer goes by.

    Attributes:
        users: Ids of the buyers that it learned from.
        eyes: Its backbone; if it has a network of its own, its kind.
        of_a_fold: Whether it learned from a part of the buyers only.
    """

    users: frozenset[str]
    eyes: str
    of_a_fold: bool

    @classmethod
    def by_model(cls, model: Recommender) -> Known:
        """Of a recommender with its users."""
        folded = model.about.get("settings", {}).get("fold") is not None
        return cls(frozenset(model.user_ids), model.eyes or model.kind, folded)

    @classmethod
    def by_pack(cls, pack: Pack, scorer: str, ids: np.ndarray) -> Known:
        """Of a pack's scorer, which holds no users, among a catalogue's users."""
        model, about = model_of(pack, scorer), pack.scorers[scorer]
        folded = about.get("trained", {}).get("fold") is not None
        return cls(frozenset(map(str, ids[learned_from(about, ids)])), model.eyes or model.kind, folded)


def check_independent(targets: Mapping[str, Known], judges: Mapping[str, Known]) -> None:
    """Refuse judges that are not independent of a target.

    A judge with another backbone may know a target's buyers. It must then be trained on a fold, so that the other
    buyers can check it (`studies.share`). At least one judge must know none of the target's buyers, so that it does not
    repeat what the target learned from their accidental choices.

    Raises:
        InputError: A judge shares buyers and backbone with a target, or buyers of all folds; or all judges share buyers
            with a target.
    """
    strangers = 0
    for name, judge in judges.items():
        shared = {target: len(known.users & judge.users) for target, known in targets.items()}
        strangers += not any(shared.values())
        for target, count in shared.items():
            same_eyes = judge.eyes == targets[target].eyes
            if count and (same_eyes or not judge.of_a_fold):
                raise InputError(
                    f"judge {name}: shares {count} users with the target {target}, and "
                    f"{'also its backbone' if same_eyes else 'learned from all folds'}; train the target on "
                    "fold 0, and the judge on fold 1, or on fold 0 with another backbone"
                )
    if not strangers:
        raise InputError(
            "every judge shares users with a target; train the target on fold 0, and at least one judge on fold 1"
        )
