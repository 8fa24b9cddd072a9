"""How a loop runs: in what precision, with which random numbers, and who is told of its steps."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import torch

from gigs.progress import OnStep, silent
from gigs.vision.compute import Compute


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """What every loop of the method is given beside its own settings.

    Attributes:
        compute: Precision and layout; losses and updates stay in fp32.
        seed: Of everything random in a run; the same seed gives the same bytes on the CPU.
        rng: The random numbers of a single loop; None where nothing is drawn.
        on_step: Called after every step.
    """

    compute: Compute = field(default_factory=Compute)
    seed: int = 0
    rng: torch.Generator | None = None
    on_step: OnStep = silent

    def started(self) -> Runtime:
        """The same with fresh random numbers of its seed."""
        return replace(self, rng=torch.Generator().manual_seed(self.seed))

    def random(self) -> torch.Generator:
        """The random numbers.

        Raises:
            ValueError: There is none.
        """
        if self.rng is None:
            raise ValueError("this step draws random numbers: give Runtime(rng=torch.Generator().manual_seed(SEED))")
        return self.rng
