"""The paper's baseline in a table: Kang et al.'s GAN and critic, a class for each item in turn."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from gigs.experiments.preference_maximisation import Goal, MaximisationSettings, load_baseline, maximise_preference
from gigs.generator.families.dvbpr_critic import DVBPRCritic
from gigs.generator.families.dvbpr_gan import DVBPRGAN
from gigs.shifting.optimise import Preference
from gigs.vision.compute import Compute


@dataclass(frozen=True)
class Baseline:
    """Generator and critic on their device, and the folder that they came from."""

    generator: DVBPRGAN
    critic: DVBPRCritic
    folder: Path

    @classmethod
    def load(cls, folder: Path, device: str) -> Baseline:
        """Load what `gigs train generator --family dvbpr-gan` left in a folder."""
        generator, critic = load_baseline(folder)
        return cls(generator.to(device), critic.to(device), folder)

    def draw(
        self, preference: Preference, *, personalised: bool, n: int, item: int, rng: torch.Generator, compute: Compute
    ) -> Tensor:
        """Pictures `[n,3,R,R]` for one user; classes take turns over items, as the paper's sampled users do."""
        label = item % len(self.generator.class_names)
        settings = MaximisationSettings(n=n, personalised=personalised)
        goal = Goal(self.critic, preference, label)
        return maximise_preference(self.generator, goal, settings, rng=rng, compute=compute).images
