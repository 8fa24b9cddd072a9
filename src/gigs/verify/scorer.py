"""A recommender for one audience, in a unit that all recommenders share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from gigs.audience.taste import Taste
from gigs.recommender.base import Recommender
from gigs.recommender.standing import is_weak


@dataclass(frozen=True)
class Scorer:
    """One recommender with one audience. `role` is `target` (its score was optimised) or `judge` (it never was).

    `auc` holds `value`, `low`, `high` and `n` of its test AUC. `everybody` is the taste of all its buyers, if
    known, towards which an audience's own taste is shrunk. `half` names the part of the buyers it was trained with;
    `of_its_half` says whether `taste` is that of the members from this part alone, or of all members.
    """

    name: str
    role: str
    recommender: Recommender
    taste: Taste
    auc: dict[str, Any]
    everybody: Taste | None = None
    half: str = ""
    of_its_half: bool = True

    @property
    def eyes(self) -> str:
        """Its backbone: scorers with the same backbone make the same errors."""
        return self.recommender.eyes or self.name

    @property
    def weak(self) -> bool:
        """Whether its AUC was not measured, or is not above chance (`recommender.standing`)."""
        return is_weak(self.auc)

    def z(self, images: Tensor) -> Tensor:
        """Scores `[N]` of pictures `[N,3,H,W]` in `[0,1]`, in standard deviations of the catalogue's real items."""
        return self.z_of(self.recommender.features(images))

    def z_of(self, phi: Tensor) -> Tensor:
        """The same from features `[N,K]`."""
        return self.taste.z(phi)

    def mixed_z(self, phi: Tensor, weight: float) -> Tensor:
        """z `[N]` from features `[N,K]`, by the audience's taste to the extent that it counts, else by everybody's."""
        own = self.z_of(phi)
        if self.everybody is None or weight == 1:
            return own
        shared = self.everybody.z(phi)
        return shared + weight * (own - shared)
