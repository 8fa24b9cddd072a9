"""Where a training run starts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Start:
    """Where a training run starts: afresh, with the weights of an earlier run, or at its own last checkpoint.

    Attributes:
        resume: Go on from the last checkpoint in the run's folder.
        weights: What to train on from, with fresh optimisers; not looked at when resuming. A file, or the folder of a
            pack or an earlier run, as the trainer says.
    """

    resume: bool = False
    weights: Path | None = None


AFRESH = Start()
