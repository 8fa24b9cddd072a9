"""Trains a progressive GAN on a catalogue: resumable, logged, with grids of samples."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor
from torchvision.utils import make_grid

from gigs.data.catalogue import Catalogue
from gigs.data.select import draw_batch, select
from gigs.errors import InputError
from gigs.generator.base import save_generator
from gigs.generator.families.progan import ProGAN, Trunk
from gigs.generator.families.progan_layers import MinibatchStd
from gigs.generator.families.stylegan2 import StyleGAN2
from gigs.generator.latent import standardise
from gigs.generator.train.networks import Networks, new_generator
from gigs.generator.train.projected_steps import ProjectedStepper
from gigs.generator.train.run import TrainingRun
from gigs.generator.train.settings import TrainSettings
from gigs.generator.train.steps import Stepper, at_level
from gigs.io import storage
from gigs.progress import OnStep, silent
from gigs.training.processes import held, here
from gigs.training.start import AFRESH, Start
from gigs.training.stopping import train_until
from gigs.vision.compute import Compute
from gigs.vision.images import save_png, to_tensor

LOSSES = ("mse", "lpips", "latent", "latent_critic", "generator", "critic", "penalty")


def train_generator(
    catalogue: Catalogue,
    out: str | Path,
    settings: TrainSettings,
    compute: Compute,
    *,
    start: Start = AFRESH,
    on_step: OnStep = silent,
) -> Path:
    """Train and save `OUT/generator.safetensors` (averaged weights) and, if hybrid, `OUT/encoder.safetensors`.

    `start.weights` is the folder of a pack or an earlier run, whose generator and encoder training starts from, with
    fresh critics and optimisers. The images that they were shown count.

    Also in OUT: `checkpoint.pt` (everything), `log.csv` and TensorBoard events, `samples-*.png`,
    `reconstructions-*.png` (held-out photos beside their reconstructions), `snapshots/generator-*.safetensors`, and in
    the end `manifest.json`. If a loss is not finite, the run returns to its last checkpoint with half the learning
    rate, at most three times. Log and weights record this.

    Raises:
        DataError: Too few photos match `settings.where`.
        InputError: Another process trains in OUT.
        ModelError: Resuming without a checkpoint, or one of another network; a run that diverges.
        KeyboardInterrupt: Ctrl-C or SIGTERM; the checkpoint is of the last whole step.
    """
    with held(Path(out)):
        run = Run(catalogue, Path(out), settings, compute, start.resume, start.weights)
        train_until(run, settings.images, "training the generator", on_step)
        return run.finish()


class Run(TrainingRun):
    """A run of a progressive GAN, or of a StyleGAN2 that grows as one."""

    columns = ("shown", "resolution", "alpha", *LOSSES, "retries")
    same = ("family", "objective")
    settings: TrainSettings
    nets: Networks

    def __init__(
        self,
        catalogue: Catalogue,
        out: Path,
        settings: TrainSettings,
        compute: Compute,
        resume: bool,
        start_from: Path | None = None,
    ) -> None:
        _require_shares(settings)
        rows = select(catalogue, catalogue.train_items(), settings.where)
        super().__init__(catalogue, out, settings, compute, rows, settings.network.resolution)
        held_out = select(catalogue, catalogue.held_out_items(), settings.where)
        self.shown_photos = to_tensor(self.photos[held_out[:32]]) if len(held_out) else None
        self.grid_latents = torch.randn(64, settings.network.latent_dim, generator=torch.Generator().manual_seed(0))
        self.nets = Networks(settings, compute)
        stepper = ProjectedStepper if settings.critic == "projected" else Stepper
        if not resume and start_from is not None:
            self.shown = int(self.nets.start_from(start_from).get("images_shown", 0))
        self.begin(resume)
        self.stepper = stepper(settings, self.nets, compute, self.rng)

    def train_batch(self) -> dict[str, float]:
        """One batch; returns the losses."""
        batch = draw_batch(self.photos, self.rows, self.odds, self.settings.batch, self.rng)
        return self.stepper(batch.to(self.compute.device), self.shown, self.steps)

    def position(self, shown: int) -> dict[str, float]:
        """The resolution trained at, and how far it is faded in."""
        level, alpha = self.settings.growth.at(shown)
        return {"resolution": 4 << level, "alpha": alpha}

    def save_generator(self, path: Path) -> Path:
        """Save the averaged generator."""
        return save_generator(path, self._averaged_generator(), self.about())

    def save_others(self) -> None:
        """The encoder, if hybrid."""
        if self.nets.hybrid:
            tensors = self.nets.averaged["encoder"]
            header = {"kind": "encoder", "family": "progan-trunk", "network": self.network(), "about": self.about()}
            storage.save_tensors(self.out / "encoder.safetensors", tensors, header)

    @torch.no_grad()
    def draw(self) -> None:
        """Sample grid of the averaged generator and, if hybrid, held-out photos beside their reconstructions."""
        level, alpha = self.settings.growth.at(self.shown)
        generator, device = self._averaged_generator(), self.compute.device

        def picture(z: Tensor) -> Tensor:
            with self.compute.autocast():
                drawn = generator.synthesise(z.to(device), level, alpha)
            return drawn.float().add(1).div(2).clamp(0, 1).cpu()

        save_png(make_grid(picture(standardise(self.grid_latents)), nrow=8), self.out / f"samples-{self.shown:08d}.png")
        if not self.nets.hybrid or self.shown_photos is None:
            return
        network = self.settings.network
        photos = at_level(self.shown_photos * 2 - 1, network.resolution, level, alpha)
        encoder = self.nets.averaged_module("encoder", Trunk(network, network.latent_dim, minibatch_std=False))
        with self.compute.autocast():
            code = standardise(encoder.to(device)(photos.to(device), level, alpha))
        pairs = torch.stack([photos.add(1).div(2), picture(code)], dim=1).flatten(0, 1)
        save_png(make_grid(pairs, nrow=8), self.out / f"reconstructions-{self.shown:08d}.png")

    def _averaged_generator(self) -> ProGAN | StyleGAN2:
        module = self.nets.averaged_module("generator", new_generator(self.settings))
        if isinstance(module, StyleGAN2):
            module.cpu().measure()
        return self.compute.place(module)  # type: ignore[return-value]


def _require_shares(settings: TrainSettings) -> None:
    """Refuse a batch whose halves, or whose groups for the minibatch deviation, several processes cannot share."""
    count = here().count
    here().require_shares(photos_of_a_batch=settings.batch)
    judged = settings.batch
    if settings.objective == "hybrid":  # the critic sees half of it redrawn and half of it sampled
        judged = settings.batch // 2
        here().require_shares(photos_of_half_a_batch=judged)
    group = MinibatchStd().size
    if settings.critic == "pixels" and group(judged) != group(judged // count):
        least = group(judged) * count * (settings.batch // judged)
        raise InputError(
            f"`batch` {settings.batch}: the critic compares {group(judged)} pictures with one another, which "
            f"{count} processes cannot do with so few; choose a multiple of {least}"
        )


def stored_compute(out: str | Path) -> Compute | None:
    """How the run in a folder computes; a resumed run must not choose anew, or its weights would differ."""
    path = Path(out) / "settings.json"
    if not path.is_file():
        return None
    return Compute(**storage.read_json(path)["history"][-1]["compute"])
