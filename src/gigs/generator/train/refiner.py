"""Trains the refiner of a cascade on a catalogue, from a latent flow: resumable, logged, with grids of samples."""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torchvision.utils import make_grid

from gigs.data.catalogue import Catalogue
from gigs.data.select import draw_batch, select
from gigs.errors import ModelError
from gigs.generator.base import load_generator, save_generator
from gigs.generator.families.cascade import Cascade, CascadeSettings
from gigs.generator.families.flow_conditions import dropped, labels
from gigs.generator.families.latent_flow import LatentFlow
from gigs.generator.families.told import told_velocity
from gigs.generator.train.networks import copied
from gigs.generator.train.refiner_settings import RefinerTrainSettings
from gigs.generator.train.refiner_steps import RefinerBatch, RefinerNetworks, RefinerStepper
from gigs.generator.train.run import TrainingRun
from gigs.io import storage
from gigs.progress import OnStep, Step, silent
from gigs.training.processes import held, here
from gigs.training.start import AFRESH, Start
from gigs.training.stopping import train_until
from gigs.vision.compute import Compute
from gigs.vision.images import save_png, to_tensor

AT_ONCE = 1024


def train_refiner(
    catalogue: Catalogue,
    flow: Path,
    out: str | Path,
    settings: RefinerTrainSettings,
    compute: Compute,
    *,
    start: Start = AFRESH,
    on_step: OnStep = silent,
) -> Path:
    """Train and save `OUT/generator.safetensors`, a cascade with the averaged weights.

    Also in OUT: `coarse.pt` (made once), `checkpoint.pt` (everything), `log.csv` and TensorBoard events,
    `samples-*.png` (two rows of samples, then held-out photos, the same redrawn, and redrawn from their coarse part
    alone), and in the end `manifest.json`. If a loss is not finite, the run returns to its last checkpoint with half
    the learning rate, at most three times.

    Args:
        catalogue: Imported at the flow's resolution or larger.
        flow: File of a latent flow with a prior and linear latents, or of a cascade: prior and components come from it.
        out: Folder of the run.
        settings: Settings of the training.
        compute: Device, precision and layout.
        start: `weights` is the file of a cascade whose refiner to train on, with a fresh critic; what it was shown
            counts.
        on_step: Progress.

    Raises:
        DataError: Too few photos match `settings.where`, or they were imported smaller than the flow's resolution.
        InputError: Another process trains in OUT, or a condition is no column.
        ModelError: `flow` is none such; `start.resume` without a checkpoint, or one of another network; a run that
            diverges.
        KeyboardInterrupt: Ctrl-C or SIGTERM; the checkpoint is of the last whole step.
    """
    with held(Path(out)):
        cascade = cascade_of(flow, settings)
        run = RefinerRun(catalogue, cascade, Path(out), settings, compute, start)
        run.draw_coarse(on_step)
        train_until(run, settings.images, "training the refiner", on_step)
        return run.finish()


def cascade_of(file: Path, settings: RefinerTrainSettings) -> Cascade:
    """A cascade with prior and components of a latent flow's file, or of a cascade's; its refiner adds nothing yet.

    Raises:
        ModelError: The file is of another family, without a prior, or of latents that are not linear.
    """
    flow: Any = load_generator(file)
    kept = parts_of(flow)
    refiner = settings.network.config(flow.resolution)
    if isinstance(flow, Cascade):
        sizes = flow.settings() | {"refiner": refiner}
    else:
        given = flow.config
        channels, side, _ = flow.shape
        sizes = {"refiner": refiner, "channels": channels, "factor": flow.resolution // side, "side": side,
                 "directions": given.directions, "prior": given.prior, "conditions": given.conditions}  # fmt: skip
    torch.manual_seed(settings.seed)  # the refiner's initial weights
    cascade = Cascade(CascadeSettings(**sizes))
    cascade.load_state_dict(kept, strict=False)
    cascade.about = {"flow": origin_of(flow)}
    cascade.freeze()
    return cascade


def origin_of(flow: Any) -> dict[str, Any]:
    """What is known of the latent flow from which a cascade has its prior and components, here or once before."""
    return dict(flow.about.get("flow") or {}) if isinstance(flow, Cascade) else dict(flow.about)


def parts_of(flow: Any) -> dict[str, Tensor]:
    """What a cascade takes from a latent flow, or from another cascade: all weights but the refiner's, by its names.

    Raises:
        ModelError: The generator is of another family, without a prior, or of latents that are not linear.
    """
    if isinstance(flow, Cascade):
        return {name: tensor for name, tensor in flow.state_dict().items() if not name.startswith("refiner.")}
    linear = isinstance(flow, LatentFlow) and flow.autoencoder.config.get("shortcut") == "linear"
    if not linear or flow.flow.prior is None:
        raise ModelError("a refiner needs a latent flow with a prior, over the latents of a linear encoder")
    parts = {"path": flow.flow.path, "prior": flow.flow.prior, "analysis": flow.autoencoder.shortcut_in,
             "synthesis": flow.autoencoder.shortcut_out}  # fmt: skip
    state = {f"{name}.{key}": tensor for name, part in parts.items() for key, tensor in part.state_dict().items()}
    return state | {"mean": flow.mean, "deviation": flow.deviation}


class RefinerRun(TrainingRun):
    """A run of a cascade's refiner."""

    columns = ("shown", "l1", "coarse", "features", "lpips", "generator", "critic", "retries")
    same = ("where", "drop_each", "drop_every", "coarse_samples")
    settings: RefinerTrainSettings
    nets: RefinerNetworks

    def __init__(
        self,
        catalogue: Catalogue,
        cascade: Cascade,
        out: Path,
        settings: RefinerTrainSettings,
        compute: Compute,
        start: Start,
    ) -> None:
        here().require_shares(
            judged_photos=settings.judged, moved_photos=settings.moved, half_of_a_batch=settings.batch // 2
        )
        rows = select(catalogue, catalogue.train_items(), settings.where)
        super().__init__(catalogue, out, settings, compute, rows, cascade.resolution)
        self.cascade, self.origin = cascade, dict(cascade.about)
        compute.place(cascade)
        self.conditions = torch.from_numpy(labels(catalogue.items.iloc[rows], cascade.config.conditions))
        held_out = select(catalogue, catalogue.held_out_items(), settings.where)
        self.held_out = to_tensor(self.photos[held_out[:16]])
        self.nets = RefinerNetworks(cascade.refiner, settings, compute)
        if start.weights is not None and not start.resume:
            self._start_from(start.weights)
        self.begin(start.resume)
        self.stepper = RefinerStepper(settings, cascade, self.nets, compute, self.rng)

    def _start_from(self, file: Path) -> None:
        other = load_generator(file)
        if not isinstance(other, Cascade) or other.config.refiner != self.cascade.config.refiner:
            raise ModelError(f"{file}: not a cascade with a refiner as asked for")
        self.nets.modules["refiner"].load_state_dict(other.refiner.state_dict())
        self.nets.averaged["refiner"] = copied(self.nets.modules["refiner"])
        self.shown = int(other.about.get("images_shown", 0))

    def network(self) -> dict[str, Any]:
        """What the networks are built from, for checkpoints."""
        return self.cascade.settings()

    def draw_coarse(self, on_step: OnStep) -> None:
        """Let the prior draw coarse parts, told what photos are; always the same ones, and once for a folder."""
        file, prior = self.out / "coarse.pt", self.cascade.prior
        digest = hashlib.sha256()
        for tensor in (*prior.state_dict().values(), self.odds):
            digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
        settings = self.settings
        about = {"prior": digest.hexdigest(), "count": settings.coarse_samples, "seed": settings.seed}
        about |= {"dropped": [settings.drop_each, settings.drop_every]}

        def made() -> Tensor:
            kept = torch.load(file, weights_only=True) if file.is_file() else {}
            if kept.get("about") != about:
                kept = {"about": about, "coarse": self._drawn_coarse(on_step)}
                storage.write_atomic(file, partial(torch.save, kept))
            drawn: Tensor = kept["coarse"]
            return drawn

        self.coarse: Tensor = here().from_main(made)  # others' might be rounded

    @torch.no_grad()
    def _drawn_coarse(self, on_step: OnStep) -> Tensor:
        """`[coarse_samples,directions]`."""
        settings, rng = self.settings, torch.Generator().manual_seed(self.settings.seed)
        prior, count = self.cascade.prior, settings.coarse_samples
        picks = torch.multinomial(self.odds, count, replacement=True, generator=rng)
        told = dropped(self.conditions[picks], settings.drop_each, settings.drop_every, rng)
        points = torch.randn(count, prior.size, generator=rng)
        found: list[Tensor] = []
        for begin in range(0, count, AT_ONCE):
            at = slice(begin, begin + AT_ONCE)
            some = points[at].to(self.compute.device)
            found.append(prior.draw(told_velocity(prior, told[at]), some).cpu())
            on_step(Step("drawing coarse pictures", begin + len(some), count))
        return torch.cat(found)

    def train_batch(self) -> dict[str, float]:
        """One batch; returns the losses."""
        photos = draw_batch(self.photos, self.rows, self.odds, self.settings.batch, self.rng)
        chosen = here().mine(torch.randint(0, len(self.coarse), (self.settings.batch // 2,), generator=self.rng))
        batch = RefinerBatch(photos, self.coarse[chosen]).to(self.compute.device)
        return self.stepper(batch, self.shown, self.steps)

    def about(self) -> dict[str, Any]:
        """How the refiner was trained, and the flow that the rest is of."""
        return super().about() | self.origin

    def save_generator(self, path: Path) -> Path:
        """Save the cascade with the averaged refiner."""
        return save_generator(path, self.averaged_generator(), self.about())

    def averaged_generator(self) -> Cascade:
        """The cascade with the averaged refiner, on the CPU."""
        generator = Cascade(self.cascade.config)
        averaged = {f"refiner.{name}": tensor for name, tensor in self.nets.averaged["refiner"].items()}
        generator.load_state_dict(self.cascade.state_dict() | averaged)
        generator.freeze()
        return generator

    @torch.no_grad()
    def draw(self) -> None:
        """Samples that are told nothing; held-out photos, the same redrawn, and redrawn from what is coarse."""
        generator = self.averaged_generator()
        z = generator.sample(32, torch.Generator().manual_seed(0)).to(self.compute.device)
        self.compute.place(generator)
        photos = self.held_out.to(self.compute.device)
        with self.compute.autocast():
            drawn = [generator(z)]
            if len(photos):
                vectors, path = generator.vectors_of(photos), generator.path
                alone = path.with_coordinates(torch.zeros_like(vectors), path.coordinates(vectors))
                drawn += [photos, generator.drawn(vectors), generator.drawn(alone)]
        save_png(make_grid(torch.cat(drawn).cpu(), nrow=16), self.out / f"samples-{self.shown:08d}.png")
