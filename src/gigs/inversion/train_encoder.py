"""Train an encoder for a generator of any family: resumable, logged, measured on held-out photos.

In-domain inversion (Zhu et al. 2020): the encoder learns through the frozen generator, from photos (their
reconstruction) and from generated pictures (their latent vector).
"""

from __future__ import annotations

import copy
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gigs.data.catalogue import Catalogue
from gigs.data.select import draw_batch, odds, select
from gigs.errors import DataError, InputError, ModelError
from gigs.generator.base import Generator
from gigs.inversion.encoder import Encoder, save_encoder
from gigs.inversion.encoder_held_out import HeldOut
from gigs.inversion.encoder_steps import EncoderSettings, EncoderStepper, first_encoder
from gigs.io import folders, storage, written
from gigs.progress import OnStep, silent
from gigs.training.checkpoint import CHECKPOINTS, diverged, load_checkpoint, save_checkpoint
from gigs.training.log import NoLog, TrainingLog
from gigs.training.processes import held, here, require_same
from gigs.training.start import AFRESH, Start
from gigs.training.stopping import train_until
from gigs.vision.compute import Compute
from gigs.vision.images import save_png

LOG_EVERY = 50  # steps
LOSSES = ("mse", "lpips", "latent", "generated_mse", "generated_lpips")
COLUMNS = ("shown", "learning_rate", "retries", *LOSSES, "held_out_lpips_vgg", "held_out_mse")
KEPT = ("encoder.safetensors", "checkpoint*.pt", "log.csv", "settings.json", "reconstructions-*.png")


@dataclass(frozen=True)
class TrainingPictures:
    """What an encoder learns from: photos, and generated pictures whose latent vectors it must find.

    Attributes:
        catalogue: Photos; those of held-out products serve only to measure.
        generator: A generator of any family; a frozen copy of it is used.
        generator_file: Its file, whose hash is stored with the encoder; a resumed run must match.
    """

    catalogue: Catalogue
    generator: Generator
    generator_file: Path | None = None


def train_encoder(
    pictures: TrainingPictures,
    out: str | Path,
    settings: EncoderSettings,
    compute: Compute,
    *,
    start: Start = AFRESH,
    on_step: OnStep = silent,
) -> Path:
    """Train and save `OUT/encoder.safetensors` (averaged weights).

    Also in OUT: `checkpoint.pt` (everything), `log.csv`, `settings.json`, `reconstructions-*.png` (held-out photos,
    each beside its reconstruction) and in the end `manifest.json`. If a loss is not finite, the run returns to its
    last checkpoint with half the learning rate, at most three times; log and weights record this.

    Args:
        pictures: What it learns from.
        out: Folder of this run.
        settings: The run's settings.
        compute: Device, precision and layout.
        start: `weights` is an encoder's file. Resumed with the same settings, a run gives the uninterrupted run's
            weights.
        on_step: Progress, with the last batch's losses.

    Returns:
        The encoder's file. Its `about` holds the images shown, the settings and the held-out figures
        (`held_out_figures`).

    Raises:
        DataError: Too few photos match `settings.where`.
        InputError: OUT holds another kind of run or is in use, or the widths are not those of `start.weights`.
        ModelError: Resuming without a checkpoint or with another network or generator; `start.weights` or the generator
            does not fit; a run that diverges.
        KeyboardInterrupt: Ctrl-C or SIGTERM; the checkpoint is of the last whole step.
    """
    with held(Path(out)):
        run = Run(pictures, Path(out), settings, compute, start, on_step)
        train_until(run, settings.images, "training the encoder", on_step)
        return run.finish()


def held_out_figures(path: str | Path) -> list[dict[str, Any]]:
    """Held-out figures in a trained encoder's file: one entry at the start of training, one at the end."""
    return storage.load_tensors(Path(path))[1]["about"].get("held_out", [])


class Run:
    """A training run between its checkpoints."""

    def __init__(
        self,
        pictures: TrainingPictures,
        out: Path,
        settings: EncoderSettings,
        compute: Compute,
        start: Start = AFRESH,
        on_step: OnStep = silent,
    ) -> None:
        _refuse_other_runs(out)
        catalogue, generator = pictures.catalogue, pictures.generator
        self.out, self.settings, self.compute, self.on_step = out, settings, compute, on_step
        self.rows = select(catalogue, catalogue.train_items(), settings.where)
        self.odds = odds(catalogue, self.rows, settings.balance)
        if len(self.rows) < settings.batch:
            raise DataError(f"{len(self.rows)} photos to train on, but a batch takes {settings.batch}; widen `where`")
        here().require_shares(photos_of_a_batch=settings.batch - settings.pairs, generated_pictures=settings.pairs)
        with here().main_first():
            self.photos = catalogue.images(generator.resolution)
        self.held_out = HeldOut(self.photos, select(catalogue, catalogue.held_out_items(), settings.where))
        self.rng = torch.Generator().manual_seed(settings.seed)
        self.shown = self.steps = 0
        self.recent: dict[str, float] = {}
        self.about: dict[str, Any] = {"photos": len(self.rows), "training": [], "held_out": []}
        state = load_checkpoint(out) if start.resume else None
        encoder = first_encoder(generator, settings, state["network"] if state else None, start.weights)
        if pictures.generator_file is not None:
            self.about["generator_sha256"] = storage.sha256_of(pictures.generator_file)
        if start.weights is not None and state is None:
            self.about["started_from_sha256"] = storage.sha256_of(start.weights)
        self.encoder: Encoder = compute.place(encoder)  # type: ignore[assignment]
        self.averaged = copy.deepcopy(self.encoder).freeze()
        self.generator: Generator = compute.place(copy.deepcopy(generator).freeze())  # type: ignore[assignment]
        self.stepper = EncoderStepper(self.encoder, self.generator, settings, compute, self.rng)
        if state is not None:
            self._take(state)
        require_same(out, list(self.encoder.parameters()), len(self.rows))
        if here().main:
            out.mkdir(parents=True, exist_ok=True)
            written.begin(out, KEPT, ours=CHECKPOINTS)
        self._begin_chapter()
        if not start.resume:
            self.checkpoint()  # so that a resumed run never continues an older run of this folder
        if self.shown == 0:
            self.measure()

    def step(self) -> None:
        """One batch; log and checkpoint when they are due."""
        try:
            self.recent = self.stepper(self._batch(), self.shown)
        except FloatingPointError:
            return self._step_back()
        self._average()
        before, self.shown = self.shown, self.shown + self.settings.batch
        self.steps += 1
        if self.steps % LOG_EVERY == 0:
            rates = {"learning_rate": self.stepper.rate_at(before), "retries": self.stepper.halvings}
            self.log.write({"shown": self.shown, **rates, **self.recent})
        if before // self.settings.checkpoint_every != self.shown // self.settings.checkpoint_every:
            self.checkpoint() if self.finite() else self._step_back()

    def finite(self) -> bool:
        """Whether every weight is a finite number."""
        return self.stepper.finite()

    def checkpoint(self) -> None:
        """Save everything that a resumed run needs to go on as if nothing had happened, and draw a grid."""
        if not here().main:
            return
        state = {
            "network": asdict(self.encoder.config),
            "shown": self.shown,
            "steps": self.steps,
            "retries": self.stepper.halvings,
            "rng": self.rng.get_state(),
            "about": json.dumps(self.about),
            "encoder": self.encoder.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimiser": self.stepper.optimiser.state_dict(),
        }
        if len(self.held_out):  # first, so that a run killed in between draws the grid again
            grid = self.held_out.grid(self.averaged, self.generator, self.compute)
            save_png(grid, self.out / f"reconstructions-{self.shown:08d}.png")
        save_checkpoint(self.out, state)

    def finish(self) -> Path:
        """Measure, and save the checkpoint and the averaged encoder."""
        self.measure()
        self.checkpoint()
        self.log.close()
        path = self.out / "encoder.safetensors"
        if here().main:
            save_encoder(path, self.averaged, {"images_shown": self.shown, **self.about})
            written.seal(self.out, folders.names(self.out, KEPT))
        here().wait()
        return path

    def measure(self) -> None:
        """How well the averaged encoder redraws held-out photos; measured once per number of images shown."""
        known = [figures["images_shown"] for figures in self.about["held_out"]]
        if len(self.held_out) == 0 or self.shown in known or not here().main:
            return
        figures = self.held_out.measure(self.averaged, self.generator, self.on_step)
        self.about["held_out"].append({"images_shown": self.shown, **figures})
        means = {"held_out_lpips_vgg": figures["lpips_vgg"]["mean"], "held_out_mse": figures["mse"]["mean"]}
        self.log.write({"shown": self.shown, **means})

    def _batch(self) -> Tensor:
        """Photos of one batch."""
        count = self.settings.batch - self.settings.pairs
        return draw_batch(self.photos, self.rows, self.odds, count, self.rng).to(self.compute.device)

    @torch.no_grad()
    def _average(self) -> None:
        """Update the averaged weights by one batch; faster at first, so that the initial weights fade."""
        decay = min(self.settings.ema, (1 + self.steps) / (10 + self.steps))
        torch._foreach_lerp_(list(self.averaged.parameters()), list(self.encoder.parameters()), 1 - decay)

    def _take(self, state: dict[str, Any]) -> None:
        """Continue from a checkpoint's state."""
        about = json.loads(state["about"])
        made_for, given = (each.get("generator_sha256") for each in (about, self.about))
        if None not in (made_for, given) and made_for != given:
            raise ModelError(f"{self.out}: the checkpoint was trained with another generator; give that `generator`")
        self.about = {**about, "photos": len(self.rows)}
        if made_for or given:
            self.about["generator_sha256"] = made_for or given
        self._load(state)
        last = self.about["training"][-1]["encoder"]
        if last["learning_rate"] == self.settings.learning_rate:  # with another one, counting starts again
            self.stepper.halvings = state["retries"]

    def _load(self, state: dict[str, Any]) -> None:
        """Weights, optimiser and the place in the run."""
        self.encoder.load_state_dict(state["encoder"])
        self.averaged.load_state_dict(state["averaged"])
        self.stepper.optimiser.load_state_dict(state["optimiser"])
        self.shown, self.steps = state["shown"], state["steps"]
        self.rng.set_state(state["rng"])

    def _begin_chapter(self, **more: Any) -> None:
        """Record in the history where and how this run continues, and open its log there."""
        how = {"encoder": asdict(self.settings), "compute": self.compute.describe()}
        self.about["training"].append({"from_images": self.shown, **how, **more})
        self.log: TrainingLog | NoLog = NoLog()
        if not here().main:
            return
        storage.write_json(self.out / "settings.json", {"photos": len(self.rows), "history": self.about["training"]})
        known = {"held_out_mse": {str(figures["images_shown"]) for figures in self.about["held_out"]}}
        self.log = TrainingLog(self.out, COLUMNS, self.shown or -1, known=known)

    def _step_back(self) -> None:
        """Return to the last checkpoint with half the learning rate, or give up (`training.checkpoint.diverged`)."""
        failed = self.shown
        self.stepper.halvings = diverged(self.out, failed, self.stepper.halvings)
        self._load(load_checkpoint(self.out))
        here().wait()  # before the first one replaces what the others read
        self.recent = {"retries": self.stepper.halvings}
        self.log.close()
        self._begin_chapter(not_finite_after=failed, retries=self.stepper.halvings)
        self.checkpoint()


def _refuse_other_runs(out: Path) -> None:
    """Refuse the folder of a generator's or recommender's run, whose checkpoint would be overwritten."""
    if not (out / "checkpoint.pt").is_file():
        return
    settings = out / "settings.json"
    history = storage.read_json(settings).get("history") if settings.is_file() else None
    if not history or "encoder" not in history[-1]:
        raise InputError(f"{out}: holds the checkpoint of another kind of training; choose another `out`")
