"""Trains the autoencoder of a latent flow on a catalogue: resumable, logged, with grids of reconstructions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torchvision.utils import make_grid

from gigs.data.catalogue import Catalogue
from gigs.data.select import draw_batch, select
from gigs.errors import ModelError
from gigs.generator.families.autoencoder import build_autoencoder, decode, encode, latents_id, save_autoencoder
from gigs.generator.families.latent_flow import LatentFlow
from gigs.generator.train.autoencoder_redrawn import REDRAWN, flow_with_prior, redrawn_latents
from gigs.generator.train.autoencoder_settings import AutoencoderTrainSettings
from gigs.generator.train.autoencoder_steps import AutoencoderNetworks, AutoencoderStepper
from gigs.generator.train.run import TrainingRun
from gigs.progress import OnStep, silent
from gigs.training.processes import held, here
from gigs.training.start import AFRESH, Start
from gigs.training.stopping import train_until
from gigs.vision.compute import Compute
from gigs.vision.images import save_png, to_tensor

PHOTOS_FOR_COMPONENTS = 1000


def train_autoencoder(
    catalogue: Catalogue,
    out: str | Path,
    settings: AutoencoderTrainSettings,
    compute: Compute,
    *,
    flow: Path | None = None,
    start: Start = AFRESH,
    on_step: OnStep = silent,
) -> Path:
    """Train and save `OUT/autoencoder.safetensors` (averaged weights).

    `flow` is the file of a latent flow over the same latents, for `settings.redrawn`. `start.weights` is the file of an
    autoencoder to start from, with a fresh critic. The photos that it was shown count.

    Also in OUT: `checkpoint.pt` (everything), `log.csv` and TensorBoard events, `reconstructions-*.png` (held-out
    photos beside their reconstructions), and in the end `manifest.json`. If a loss is not finite, the run returns to
    its last checkpoint with half the learning rate, at most three times.

    Raises:
        DataError: Too few photos match `settings.where`, or they were imported smaller than the network's resolution.
        InputError: Another process trains in OUT.
        ModelError: `start.resume` without a checkpoint, or one of another network; a run that diverges; a `flow` over
            other latents.
        KeyboardInterrupt: Ctrl-C or SIGTERM; the checkpoint is of the last whole step.
    """
    with held(Path(out)):
        shown = None if flow is None else flow_with_prior(flow)
        run = AutoencoderRun(catalogue, Path(out), settings, compute, start, shown)
        if shown is not None:
            run.show_redrawn(shown, on_step)
        train_until(run, settings.images, "training the autoencoder", on_step)
        return run.finish()


def _spread(rows: np.ndarray, count: int) -> np.ndarray:
    """So many of the rows, evenly spread."""
    return rows[np.linspace(0, len(rows) - 1, min(count, len(rows))).round().astype(int)]


class AutoencoderRun(TrainingRun):
    """A run of an autoencoder."""

    columns = ("shown", "l1", "coarse", "lpips", "kl", "generator", "critic", "retries")
    product = "autoencoder"
    same = ("adversarial",)
    settings: AutoencoderTrainSettings
    nets: AutoencoderNetworks

    def __init__(
        self,
        catalogue: Catalogue,
        out: Path,
        settings: AutoencoderTrainSettings,
        compute: Compute,
        start: Start,
        flow: LatentFlow | None = None,
    ) -> None:
        here().require_shares(judged_photos=settings.judged)
        rows = select(catalogue, catalogue.train_items(), settings.where)
        super().__init__(catalogue, out, settings, compute, rows, settings.network.resolution)
        held_out = select(catalogue, catalogue.held_out_items(), settings.where)
        self.shown_photos = to_tensor(self.photos[held_out[:16]])
        self.nets = AutoencoderNetworks(settings, compute)
        if start.weights is None and not start.resume and flow is not None:
            self.nets.take_components(flow.autoencoder)
        elif start.weights is None and not start.resume:
            self.nets.start_from_components(to_tensor(self.photos[_spread(rows, PHOTOS_FOR_COMPONENTS)]))
        if start.weights is not None and not start.resume:
            self.shown = int(self.nets.start_from(start.weights).get("images_shown", 0))
        self.begin(start.resume)
        self.redrawn: tuple[np.ndarray, Tensor] | None = None
        self.stepper = AutoencoderStepper(settings, self.nets, compute, self.rng)

    def show_redrawn(self, flow: LatentFlow, on_step: OnStep) -> None:
        """Also show photos with latents that a flow has drawn; always the same ones, by the seed."""
        if latents_id(flow.autoencoder) != latents_id(self.nets.modules["autoencoder"]):
            raise ModelError("this flow is not over this autoencoder's latents")
        rows = _spread(self.rows, REDRAWN)
        self.redrawn = rows, redrawn_latents(flow, self.photos[rows], self.compute, on_step=on_step)

    def train_batch(self) -> dict[str, float]:
        """One batch; returns the losses."""
        settings = self.settings
        batch = draw_batch(self.photos, self.rows, self.odds, settings.batch - settings.redrawn, self.rng)
        if self.redrawn is None:
            return self.stepper(batch.to(self.compute.device), self.shown, self.steps)
        rows, latents = self.redrawn
        picks = here().draw(torch.rand, (settings.redrawn // here().count,), self.rng)
        picks = (picks * len(rows)).long()
        photos = to_tensor(self.photos[rows[picks.numpy()]])
        pairs = torch.stack([photos, batch[: len(photos)]], dim=1).flatten(0, 1)  # so that both are judged
        images = torch.cat([pairs, batch[len(photos) :]]).to(self.compute.device)
        return self.stepper(images, self.shown, self.steps, latents[picks].to(self.compute.device))

    def save_generator(self, path: Path) -> Path:
        """Save the averaged autoencoder."""
        config = self.settings.network.config()
        return save_autoencoder(path, self.nets.averaged["autoencoder"], config, self.about())

    @torch.no_grad()
    def draw(self) -> None:
        """Held-out photos beside their reconstructions by the averaged weights."""
        if not len(self.shown_photos):
            return
        network = self.nets.averaged_module("autoencoder", build_autoencoder(self.settings.network.config()))
        network = self.compute.place(network)
        with self.compute.autocast():
            drawn = decode(network, encode(network, self.shown_photos.to(self.compute.device)))
        pairs = torch.stack([self.shown_photos, drawn.cpu()], dim=1).flatten(0, 1)
        save_png(make_grid(pairs, nrow=8), self.out / f"reconstructions-{self.shown:08d}.png")
