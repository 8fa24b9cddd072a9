"""Train a progressive GAN on a catalogue: resumable, logged, with sample grids on the way."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torchvision.utils import make_grid

from gigs import folders, storage
from gigs.checkpoint import diverged, load_checkpoint, save_checkpoint
from gigs.compute import Compute
from gigs.data.catalogue import Catalogue
from gigs.data.select import draw_batch, odds, select
from gigs.errors import DataError, ModelError
from gigs.generator.base import save_generator
from gigs.generator.networks import Networks, new_generator
from gigs.generator.progan import ProGAN, Trunk
from gigs.generator.projected_steps import ProjectedStepper
from gigs.generator.settings import TrainSettings
from gigs.generator.steps import Stepper, at_level
from gigs.generator.stylegan2 import StyleGAN2
from gigs.images import save_png, to_tensor
from gigs.latent import standardise
from gigs.progress import OnStep, Step, silent
from gigs.training_log import TrainingLog

LOG_EVERY = 50
LOSSES = ("mse", "lpips", "latent", "latent_critic", "generator", "critic", "penalty")
COLUMNS = ("shown", "resolution", "alpha", *LOSSES, "retries")
KEPT = ("*.safetensors", "checkpoint*.pt", "log.csv", "settings.json", "*.png", "snapshots/*.safetensors")


def train_generator(
    catalogue: Catalogue,
    out: str | Path,
    settings: TrainSettings,
    compute: Compute,
    *,
    resume: bool = False,
    start_from: str | Path | None = None,
    on_step: OnStep = silent,
) -> Path:
    """Train and save `OUT/generator.safetensors` (averaged weights) and, if hybrid, `OUT/encoder.safetensors`.

    `start_from`: folder of a pack or an earlier run whose generator and encoder to train on from, with fresh critics
    and optimisers; the images they were shown count.

    Also in OUT: `checkpoint.pt` (everything), `log.csv` and TensorBoard events, `samples-*.png`,
    `reconstructions-*.png` (held-out photos beside their reconstructions), `snapshots/generator-*.safetensors`, and in
    the end `manifest.json`. Where a loss is not finite, the run returns to its last checkpoint with half the learning
    rate, three times at most; log and weights tell.

    Raises:
        DataError: Too few photos match `settings.where`.
        InputError: Another process trains in OUT.
        ModelError: `resume` without a checkpoint, or one of another network; a run that diverges.
    """
    with folders.owned(Path(out)):
        run = Run(catalogue, Path(out), settings, compute, resume, Path(start_from) if start_from else None)
        while run.shown < settings.images:
            run.step()
            on_step(Step("training the generator", run.shown, settings.images, run.recent))
        return run.finish()


class Run:
    """A training run between its checkpoints."""

    def __init__(
        self,
        catalogue: Catalogue,
        out: Path,
        settings: TrainSettings,
        compute: Compute,
        resume: bool,
        start_from: Path | None = None,
    ) -> None:
        self.out, self.settings, self.compute = out, settings, compute
        side = settings.network.resolution
        self.rows = select(catalogue, catalogue.train_items(), settings.where)
        self.photos = catalogue.images(side)
        self.odds = odds(catalogue, self.rows, settings.balance)
        if len(self.rows) < settings.batch:
            raise DataError(f"{len(self.rows)} photos to train on, a batch takes {settings.batch}; widen --where")
        held_out = select(catalogue, catalogue.held_out_items(), settings.where)
        self.shown_photos = to_tensor(self.photos[held_out[:32]]) if len(held_out) else None
        self.rng = torch.Generator().manual_seed(settings.seed)
        self.grid_latents = torch.randn(64, settings.network.latent_dim, generator=torch.Generator().manual_seed(0))
        self.nets = Networks(settings, compute)
        self.shown = self.steps = self.retries = 0
        self.recent: dict[str, float] = {}
        self.history: list[dict[str, Any]] = []
        if resume:
            self._resume()
        elif start_from is not None:
            self.shown = int(self.nets.start_from(start_from).get("images_shown", 0))
        self.history.append(self._chapter())
        stepper = ProjectedStepper if settings.critic == "projected" else Stepper
        self.stepper = stepper(settings, self.nets, compute, self.rng)
        out.mkdir(parents=True, exist_ok=True)
        folders.forget(out)
        storage.write_json(out / "settings.json", {"photos": len(self.rows), "history": self.history})
        self.log = self._open_log()
        if not resume:
            self.checkpoint()  # so that --resume never takes up an older run of this folder

    def step(self) -> None:
        """One batch; logs, grids and checkpoints when they are due."""
        batch = draw_batch(self.photos, self.rows, self.odds, self.settings.batch, self.rng)
        self.recent = self.stepper(batch.to(self.compute.device), self.shown, self.steps)
        if not all(math.isfinite(value) for value in self.recent.values()):
            return self._step_back()
        before, self.shown = self.shown, self.shown + self.settings.batch
        self.steps += 1
        if self.steps % LOG_EVERY == 0:
            level, alpha = self.settings.growth.at(before)
            where = {"shown": self.shown, "resolution": 4 << level, "alpha": alpha, "retries": self.retries}
            self.log.write(where | self.recent)
        if _passed(before, self.shown, self.settings.grid_every):
            self.draw()
        checkpoint = _passed(before, self.shown, self.settings.checkpoint_every)
        snapshot = _passed(before, self.shown, self.settings.snapshot_every)
        if (checkpoint or snapshot) and not self.nets.finite():
            return self._step_back()
        if snapshot:
            self.save_generator(self.out / "snapshots" / f"generator-{self.shown:08d}.safetensors")
        if checkpoint:  # last: killed before it is whole, all else since the one before is made again
            self.checkpoint()

    def checkpoint(self) -> None:
        """Save everything that a resumed run needs to go on as if nothing had happened."""
        state = {
            "shown": self.shown,
            "steps": self.steps,
            "retries": self.retries,
            "rng": self.rng.get_state(),
            "network": asdict(self.settings.network),
            "family": self.settings.family,
            "objective": self.settings.objective,
            "history": json.dumps(self.history),
            "nets": self.nets.state(),
        }
        save_checkpoint(self.out, state)

    def finish(self) -> Path:
        """Save the checkpoint and the averaged networks."""
        if not self.nets.finite():
            raise ModelError(f"{self.out}: the weights are not finite; go on from the last checkpoint with --resume")
        self.checkpoint()
        self.draw()
        self.log.close()
        if self.nets.hybrid:
            tensors = self.nets.averaged["encoder"]
            network = asdict(self.settings.network)
            header = {"kind": "encoder", "family": "progan-trunk", "network": network, "about": self._about()}
            storage.save_tensors(self.out / "encoder.safetensors", tensors, header)
        path = self.save_generator(self.out / "generator.safetensors")
        folders.write_manifest(self.out, folders.names(self.out, KEPT))
        return path

    def save_generator(self, path: Path) -> Path:
        """Save the averaged generator."""
        return save_generator(path, self._averaged_generator(), self._about())

    def _about(self) -> dict[str, Any]:
        return {"images_shown": self.shown, "photos": len(self.rows), "training": self.history}

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

    def _resume(self) -> None:
        state = load_checkpoint(self.out)
        if state["network"] != asdict(self.settings.network):
            raise ModelError(f"{self.out}: the checkpoint is of another network ({state['network']}); use its settings")
        if state.get("family", "progan") != self.settings.family:
            raise ModelError(f"{self.out}: the checkpoint is of family {state['family']}; give --family so")
        if state["objective"] != self.settings.objective:
            raise ModelError(f"{self.out}: the checkpoint is of objective {state['objective']}; give --objective so")
        self.history = json.loads(state["history"])
        self.nets.load(state["nets"])
        same_rate = self.history[-1]["train"]["learning_rate"] == self.settings.learning_rate
        self.retries = state.get("retries", 0) if same_rate else 0
        self.nets.slow_down(self.retries)
        self.shown, self.steps = state["shown"], state["steps"]
        self.rng.set_state(state["rng"])

    def _chapter(self, **more: Any) -> dict[str, Any]:
        """One entry of the history: from where on, and how."""
        settings, compute = asdict(self.settings), self.compute.describe()
        return {"from_images": self.shown, "train": settings, "compute": compute, **more}

    def _open_log(self) -> TrainingLog:
        return TrainingLog(self.out, COLUMNS, self.shown or -1, board=True)

    def _step_back(self) -> None:
        """Return to the last checkpoint with half the learning rate, or give up (`checkpoint.diverged`)."""
        failed, history = self.shown, self.history
        retries = diverged(self.out, failed, self.retries)
        self._resume()
        self.nets.slow_down(retries)
        self.retries, self.recent = retries, {"retries": retries}
        self.history = [*history, self._chapter(not_finite_after=failed, retries=retries)]
        self.log.close()
        self.log = self._open_log()
        storage.write_json(self.out / "settings.json", {"photos": len(self.rows), "history": self.history})
        self.checkpoint()


def _passed(before: int, after: int, every: int) -> bool:
    return before // every != after // every


def stored_compute(out: str | Path) -> Compute | None:
    """How the run in a folder computes; a resumed run must not choose anew, or its weights would differ."""
    path = Path(out) / "settings.json"
    if not path.is_file():
        return None
    return Compute(**storage.read_json(path)["history"][-1]["compute"])
