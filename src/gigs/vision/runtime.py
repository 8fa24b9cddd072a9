"""How a loop runs: precision, random numbers and progress."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import torch

from gigs.progress import OnStep, silent
from gigs.vision.compute import Compute


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """What every loop of the method gets besides its own settings.

    Attributes:
        compute: Precision and layout; losses and updates stay in fp32.
        seed: Random seed of a run. The same seed gives the same bytes on the CPU.
        rng: The random generator of a single loop; None if nothing is drawn.
        on_step: Called after every step.
    """

    compute: Compute = field(default_factory=Compute)
    seed: int = 0
    rng: torch.Generator | None = None
    on_step: OnStep = silent

    def started(self) -> Runtime:
        """A copy with a new random generator from its seed."""
        return replace(self, rng=torch.Generator().manual_seed(self.seed))

    def random(self) -> torch.Generator:
        """The random generator.

        Raises:
            ValueError: There is no random generator.
        """
        if self.rng is None:
            raise ValueError("this step draws random numbers: give Runtime(rng=torch.Generator().manual_seed(SEED))")
        return self.rng
