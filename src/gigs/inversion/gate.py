"""The inversion gate: did the generator redraw this product well enough for its redesigns to mean anything?

A generator turns every photo into a garment, even a cat's, and its redesigns have gains like any other. Two signs
reveal this: the picture differs (LPIPS), and so do the recommender's features of it (their drift). The weighted sum of
both, the *mismatch*, is compared with limits calibrated on held-out photos.
"""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from gigs.errors import GigsError, ModelError
from gigs.io.documents import NotNegative, Number

Grade = Literal["good", "rough", "refused"]
STAGES = ("draft", "optimised")
ROUGH_SHARE, REFUSED_SHARE = 0.25, 0.05  # shares of held-out photos above the first and above the second limit
WORDS = {
    "good": "",
    "rough": (
        "The computer redrew this product only roughly, so details may be lost and the numbers are less certain. "
        "A plain front view on an even, light backdrop usually helps; so does the preset `faithful`."
    ),
    "refused": (
        "This picture could not be redrawn as a product of the kind the models know, so redesigns of it would mean "
        "nothing. Use a photo of one garment, seen from the front on an even, light backdrop, filling the picture."
    ),
}

BLANK = (
    "This picture is one even colour: no product can be seen in it, so neither the redesigns nor their numbers mean "
    "anything. Is it the right file?"
)
PLAIN_RANGE = 8 / 255  # largest range of a channel in a JPEG of a single colour


class RefusedError(GigsError):
    """A photo that the gate refuses; the option `force` continues with it."""

    exit_code = 3


@dataclass(frozen=True)
class Limits:
    """Mismatch above which a reconstruction is rough, or refused; `drift` is the weight of the drift."""

    drift: Number
    rough: Number
    refused: Number


@dataclass(frozen=True)
class Verdict:
    """The gate's verdict on one photo: `good`, `rough` or `refused`, in words, and the figures behind it.

    `drift` is 1 - cosine between the recommender's centred features of photo and reconstruction, in [0,2].
    """

    grade: Grade
    words: str
    mismatch: Number
    lpips: NotNegative
    drift: Number


@dataclass(frozen=True)
class Gate:
    """Limits for an encoder's draft and for an optimised reconstruction, and the catalogue's mean features."""

    limits: dict[str, Limits]
    mean: Tensor

    @classmethod
    def from_pack(cls, about: dict[str, Any] | None) -> Gate | None:
        """The gate in a pack's `pack.json`, or None if the pack was never calibrated.

        Raises:
            ModelError: The entry is malformed.
        """
        if about is None:
            return None
        try:
            limits = {stage: Limits(**about["limits"][stage]) for stage in STAGES}
            mean = torch.tensor(about["mean"], dtype=torch.float32)
            if mean.ndim != 1 or not all(math.isfinite(value) for each in limits.values() for value in astuple(each)):
                raise ValueError("a limit is no number, or the mean no list of numbers")
            return cls(limits, mean)
        except (KeyError, TypeError, ValueError, RuntimeError, OverflowError) as error:
            raise ModelError(
                f"pack.json: the gate's limits are malformed ({error}); calibrate the pack again"
            ) from error

    def judge(self, lpips: float, drift: float, *, draft: bool) -> Verdict:
        """Grade one reconstruction."""
        limits = self.limits["draft" if draft else "optimised"]
        mismatch = lpips + limits.drift * drift
        grade: Grade = "refused" if mismatch > limits.refused else "rough" if mismatch > limits.rough else "good"
        return Verdict(grade, WORDS[grade], mismatch, lpips, drift)

    def drift(self, photo: Tensor, reconstruction: Tensor) -> Tensor:
        """Drift `[N]` between features `[N,K]` of photos and of their reconstructions."""
        mean = self.mean.to(photo.device)
        return 1 - torch.cosine_similarity(photo - mean, reconstruction - mean, dim=1)


def calibrate(lpips: np.ndarray, drift: np.ndarray, *, weight: float) -> Limits:
    """Limits with `ROUGH_SHARE` of held-out photos above the first, and `REFUSED_SHARE` of them above the second.

    Args:
        lpips: LPIPS of held-out photos' reconstructions, `[N]`.
        drift: Drift of the same, `[N]`.
        weight: Weight of the drift in the mismatch.
    """
    mismatch = np.asarray(lpips) + weight * np.asarray(drift)
    rough, refused = np.quantile(mismatch, [1 - ROUGH_SHARE, 1 - REFUSED_SHARE])
    return Limits(drift=weight, rough=round(float(rough), 4), refused=round(float(refused), 4))


def is_blank(photo: Tensor) -> bool:
    """Whether a photo `[1,3,R,R]` in `[0,1]` is a single colour: easy to redraw, with nothing to redesign."""
    return bool(((photo.amax(dim=(2, 3)) - photo.amin(dim=(2, 3))) <= PLAIN_RANGE).all())
