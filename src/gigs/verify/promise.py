"""The promise for pictures: the share of buyers who would take them, by the judges and the pack's map."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from torch import Tensor

from gigs.audience.taste import Taste
from gigs.verify.panel import Panel
from gigs.verify.scorer import Scorer
from gigs.verify.share import EVEN, Share
from gigs.verify.share_map import share_of
from gigs.verify.verdict import Belief, JudgeGain, Word, believe


@dataclass(frozen=True)
class Judged:
    """The judges' gain over the photo, and the promised share of buyers; None if nothing is promised."""

    belief: Belief
    share: Share | None

    @property
    def worth(self) -> float:
        """The value that orders pictures: the share of buyers or, if there is none, the judges' gain."""
        return self.belief.gain if self.share is None else self.share.of_100


def granted(name: str, taste: Taste, photo: Tensor, pictures: Tensor, *, weak: bool = False) -> JudgeGain:
    """A judge's gain under a taste, as a mean over pictures.

    Args:
        name: Name of the judge.
        taste: The taste.
        photo: Its features of the photo, `[1,K]`.
        pictures: The same of the pictures, `[n,K]`.
        weak: Whether the judge is weak.
    """
    change = pictures.mean(0, keepdim=True) - photo
    gain = float(change[0] @ taste.theta.to(change.device)) / taste.spread
    return JudgeGain(name, gain, float(taste.error(change)) / taste.spread, weak)


def promised(panel: Panel, photo: Mapping[str, Tensor], pictures: Mapping[str, Tensor], seed: int = 0) -> Share | None:
    """The share of the audience's buyers who would take the mean picture rather than the photo.

    It is corrected by what tests with people taught, if the panel has a recalibration.

    Args:
        panel: The audience's panel.
        photo: By judge, its features of the photo, `[1,K]`.
        pictures: By judge, its features of the pictures, `[n,K]`.
        seed: Seed of the interval.

    Returns:
        None if the pack has no map, or if target or judges know too little to promise anything.
    """
    judges = [judge for judge in panel.judges if not judge.weak]
    if panel.share_map is None or panel.target.weak or not judges:
        return None

    def by(judge: Scorer, taste: Taste, buyers: str) -> JudgeGain:
        gain = granted(judge.name, taste, photo[judge.name], pictures[judge.name])
        return replace(gain, eyes=judge.eyes, buyers=buyers)

    own = [by(judge, judge.taste, judge.half if judge.of_its_half else "") for judge in judges]
    everybody = [by(judge, judge.everybody or judge.taste, judge.half) for judge in judges]
    share = share_of(
        own, everybody, panel.share_map, audience=panel.audience, users=judges[0].taste.users,
        disagreement=panel.disagreement, seed=seed,
    )  # fmt: skip
    return share if panel.recalibration is None else panel.recalibration(share)


def judged(panel: Panel, photo: Mapping[str, Tensor], pictures: Mapping[str, Tensor], seed: int = 0) -> Judged:
    """The gain of the mean picture over the photo by all judges together; arguments as `promised`."""
    gains = [
        granted(judge.name, judge.taste, photo[judge.name], pictures[judge.name], weak=judge.weak)
        for judge in panel.judges
    ]
    belief = believe(gains, disagreement=panel.disagreement, target_weak=panel.target.weak, seed=seed)
    share = promised(panel, photo, pictures, seed)
    return Judged(_with_share(belief, share), share)


def _with_share(belief: Belief, share: Share | None) -> Belief:
    """The same belief with the verdict that follows from the share of buyers, if there is one.

    `likely` if the whole interval is above 50 of 100, `no gain found` if the share itself is not, else `unclear`.
    """
    if share is None:
        return belief
    word: Word = "likely" if share.low > EVEN else "unclear" if share.of_100 > EVEN else "no gain found"
    return replace(belief, verdict=word)
