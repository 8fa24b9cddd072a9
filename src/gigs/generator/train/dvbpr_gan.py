"""Trains the class-conditional least-squares GAN of Kang et al. 2017 on a catalogue: resumable, logged, with grids."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torchvision.utils import make_grid

from gigs.data.catalogue import Catalogue
from gigs.data.classes import COLUMN, classes_of
from gigs.data.select import draw_picks, select
from gigs.generator.base import save_generator
from gigs.generator.families.dvbpr_critic import FILE, DVBPRCritic, save_critic
from gigs.generator.families.dvbpr_gan import DVBPRGAN, DVBPRGANSettings
from gigs.generator.latent import sample_normal
from gigs.generator.train.augment import augment
from gigs.generator.train.dvbpr_settings import DVBPRTrainSettings
from gigs.generator.train.losses import critic_loss, generator_loss
from gigs.generator.train.networks import NetworkSet, copied
from gigs.generator.train.run import TrainingRun
from gigs.progress import OnStep, silent
from gigs.training.processes import held, here
from gigs.training.shared_layers import share_layers
from gigs.training.stopping import train_until
from gigs.vision.compute import Compute
from gigs.vision.images import save_png

COLUMNS = ("shown", "generator", "critic", "answer_real", "answer_fake", "retries")
DRAWN = 8  # pictures of every class in a grid
MEASURED = 16  # batches that the averaged generator's normalisation is measured on


def train_dvbpr_gan(
    catalogue: Catalogue,
    out: str | Path,
    settings: DVBPRTrainSettings,
    compute: Compute,
    *,
    resume: bool = False,
    on_step: OnStep = silent,
) -> Path:
    """Train and save `OUT/generator.safetensors` (averaged weights) and `OUT/critic.safetensors`.

    Also in OUT, as from `train_generator`: checkpoints, `log.csv` and TensorBoard events, `samples-*.png` (one row per
    class), `snapshots/` and `manifest.json`. The run returns to its last checkpoint if a loss is not finite.

    Raises:
        DataError: Too few photos match `settings.where`, or they tell no classes.
        InputError: Another process trains in OUT.
        ModelError: `resume` without a checkpoint, or one of another network; a run that diverges.
        KeyboardInterrupt: Ctrl-C or SIGTERM; the checkpoint is of the last whole step.
    """
    with held(Path(out)):
        run = DVBPRRun(catalogue, Path(out), settings, compute, resume)
        train_until(run, settings.images, "training the generator", on_step)
        return run.finish()


class DVBPRNetworks(NetworkSet):
    """Generator and critic, their optimisers, and the generator's averaged weights."""

    def __init__(self, settings: DVBPRTrainSettings, network: DVBPRGANSettings, compute: Compute) -> None:
        torch.manual_seed(settings.seed)  # initial weights; everything later draws from the run's own generator
        self.generator, self.critic = DVBPRGAN(network), DVBPRCritic(network)
        for each in (self.generator, self.critic):
            share_layers(each)
        self.modules = {"generator": compute.place(self.generator), "critic": compute.place(self.critic)}
        self.averaged, self.ema = {"generator": copied(self.generator)}, settings.ema
        rate = settings.learning_rate
        self.rates = dict.fromkeys(self.modules, rate)
        self.optimisers = {
            name: torch.optim.Adam(module.parameters(), lr=rate, betas=(0.5, 0.99), fused=True)
            for name, module in self.modules.items()
        }


class DVBPRRun(TrainingRun):
    """A run between its checkpoints."""

    columns = COLUMNS
    same = ("family",)
    settings: DVBPRTrainSettings
    nets: DVBPRNetworks

    def __init__(
        self, catalogue: Catalogue, out: Path, settings: DVBPRTrainSettings, compute: Compute, resume: bool
    ) -> None:
        candidates = select(catalogue, catalogue.train_items(), settings.where)
        classes = classes_of(catalogue, candidates, settings.fewest_photos)
        names = [classes.names[label] if label >= 0 else "" for label in classes.labels]
        catalogue = replace(catalogue, items=catalogue.items.assign(**{COLUMN: names}))
        rows = candidates[classes.labels[candidates] >= 0]
        super().__init__(catalogue, out, settings, compute, rows, settings.resolution)
        self.labels = torch.from_numpy(classes.labels[rows])
        self.config = settings.network(classes.names)
        self.nets = DVBPRNetworks(settings, self.config, compute)
        self.begin(resume)

    def network(self) -> dict[str, Any]:
        """Sizes and classes."""
        return asdict(self.config)

    def train_batch(self) -> dict[str, float]:
        """The critic's half, then the generator's, on the same pictures; returns the losses."""
        photos, picks = draw_picks(self.photos, self.rows, self.odds, self.settings.batch, self.rng)
        device = self.compute.device
        labels = self.labels[picks].to(device)
        z = here().mine(sample_normal(self.settings.batch, self.config.z_dim, self.rng)).to(device)
        with self.compute.autocast():
            fakes = self.nets.generator.synthesise(z, labels).float()
        losses = self._critic_step(photos.to(device) * 2 - 1, fakes.detach(), labels)
        losses["generator"] = self._generator_step(fakes, labels)
        self.nets.average(self.steps)
        return losses

    def _critic_step(self, real: Tensor, fakes: Tensor, labels: Tensor) -> dict[str, float]:
        on_real, on_fake = self._criticise(real, labels), self._criticise(fakes, labels)
        loss = critic_loss("least-squares", on_real, on_fake)
        self.nets.descend("critic", loss)
        answers = {"answer_real": on_real.mean().item(), "answer_fake": on_fake.mean().item()}
        return {"critic": loss.item(), **answers}

    def _generator_step(self, fakes: Tensor, labels: Tensor) -> float:
        self.nets.critic.requires_grad_(False)
        loss = generator_loss("least-squares", self._criticise(fakes, labels))
        self.nets.critic.requires_grad_(True)
        self.nets.descend("generator", loss)
        return loss.item()

    def _criticise(self, images: Tensor, labels: Tensor) -> Tensor:
        seen = augment(images, self.rng) if self.settings.augment else images
        with self.compute.autocast():
            return self.nets.critic.criticise(seen, labels).float()

    @torch.no_grad()
    def draw(self) -> None:
        """Samples of the averaged generator, a row a class, the same latent vectors in every row."""
        generator, count = self._averaged_generator(), len(self.config.classes)
        z = sample_normal(DRAWN, self.config.z_dim, torch.Generator().manual_seed(0)).to(self.compute.device)
        rows = torch.cat([generator.of_class(label)(z).cpu() for label in range(count)])
        save_png(make_grid(rows, nrow=DRAWN), self.out / f"samples-{self.shown:08d}.png")

    def save_generator(self, path: Path) -> Path:
        """Save the averaged generator."""
        return save_generator(path, self._averaged_generator(), self.about())

    def save_others(self) -> None:
        """The critic, which preference maximisation needs."""
        save_critic(self.out / FILE, self.nets.critic, self.about())

    def _averaged_generator(self) -> DVBPRGAN:
        """With its own statistics, of classes as often as they are trained on."""
        generator = DVBPRGAN(self.config)
        self.nets.averaged_module("generator", generator)
        self.compute.place(generator)
        rng = torch.Generator().manual_seed(0)
        picks = torch.multinomial(self.odds, MEASURED * self.settings.batch, replacement=True, generator=rng)
        generator.measure(self.labels[picks].split(self.settings.batch), rng)
        return generator
