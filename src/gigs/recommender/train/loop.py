"""The training loop of a recommender: epochs, early stopping, checkpoints, and what to do when a loss blows up."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from gigs.data.alike import alike
from gigs.data.triplets import Negatives, TripletSampler
from gigs.errors import InputError, ModelError
from gigs.io import storage
from gigs.progress import OnStep, Step, silent
from gigs.recommender.base import Recommender
from gigs.recommender.feedback import Feedback
from gigs.recommender.ranking import MOST_RANKED, rank_held_out, some_users
from gigs.recommender.train.learner import Learner
from gigs.recommender.train.optimiser import optimiser_of
from gigs.recommender.train.settings import TrainingSettings
from gigs.training.checkpoint import MAX_RETRIES, load_checkpoint, save_checkpoint
from gigs.training.processes import here, require_same

MODEL = "recommender.safetensors"
LOG = "training.csv"


@dataclass
class Progress:
    """Where training stands; with model and optimiser all that a resumed run needs."""

    epoch: int = 0
    best_epoch: int = 0
    best_auc: float = -1.0
    retries: int = 0
    log: list[dict[str, float]] = field(default_factory=list)


def fit(
    learner: Learner,
    feedback: Feedback,
    settings: TrainingSettings,
    out_dir: Path,
    *,
    on_step: OnStep = silent,
    resume: bool = False,
) -> Progress:
    """Run epochs until the patience or the epochs are used up; the best model so far is always on disk.

    Several processes share every batch; the first one alone measures and writes. Everything random in epoch e follows
    from (seed, e, retries), so an epoch repeated after an interruption is the same epoch.
    """
    model = learner.model
    optimiser = optimiser_of(learner, settings.learning_rate)
    sampler = _sampler(feedback, settings)
    model.about["dropped"] = feedback.dropped | {"users_with_every_item": len(sampler.skipped_users)}
    run = _Run(model, optimiser, settings, out_dir, _data_hash(feedback))
    progress = run.restore() if resume else Progress()
    require_same(out_dir, list(model.parameters()), len(feedback.train[0]))
    if not resume:
        run.save(progress)
    while progress.epoch < settings.epochs and progress.epoch - progress.best_epoch < settings.patience:
        loss = run_epoch(learner, sampler, optimiser, settings, progress)
        if not math.isfinite(loss):
            progress = run.step_back(progress)
            continue
        learner.end_epoch()
        auc = here().from_main(lambda: validation_auc(learner, feedback, settings))
        progress.epoch += 1
        rate = optimiser.param_groups[0]["lr"]
        values = {"loss": loss, "validation_auc": auc, "learning_rate": rate}
        progress.log.append({"epoch": progress.epoch, **values})
        if auc > progress.best_auc or progress.best_epoch == 0 or math.isnan(auc):
            progress.best_auc, progress.best_epoch = auc, progress.epoch
            model.about |= {"validation_auc": None if math.isnan(auc) else auc, "best_epoch": progress.epoch}
            if here().main:
                model.save(out_dir / MODEL)
        run.save(progress)
        on_step(Step("recommender", progress.epoch, settings.epochs, values))
    return progress


def _sampler(feedback: Feedback, settings: TrainingSettings) -> TripletSampler:
    """Triplets of Eq. 2 over the training pairs; negatives from trainable items, or from those of them bought."""
    pool = np.unique(feedback.train[1]) if settings.negatives == "bought" else feedback.trainable
    groups = alike(feedback.items, settings.alike) if settings.within else None
    return TripletSampler(
        *feedback.train,
        user_count=len(feedback.user_ids),
        item_count=feedback.item_count,
        negatives=Negatives(pool, groups, settings.within),
        scheme=settings.sampling,
    )


def run_epoch(
    learner: Learner,
    sampler: TripletSampler,
    optimiser: torch.optim.Optimizer,
    settings: TrainingSettings,
    progress: Progress,
) -> float:
    """One pass; the mean loss per triplet, or NaN as soon as a loss is not finite."""
    rng = np.random.default_rng([settings.seed, progress.epoch, progress.retries])
    model, processes, total, count = learner.model, here(), 0.0, 0
    with torch.random.fork_rng():  # dropout draws from the global generator: seed it, and leave the caller's alone
        torch.manual_seed(int(rng.integers(0, 2**63 - 1)))
        model.train()
        for triplets in sampler.batches(settings.batch_size, rng):
            loss = learner.loss(learner.share(triplets, processes), rng)
            value = processes.mean(float(loss.detach()))
            if not math.isfinite(value):
                return math.nan
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            processes.average_gradients(model.parameters())
            optimiser.step()
            total, count = total + value * len(triplets[0]), count + len(triplets[0])
    model.eval()
    finite = all(bool(torch.isfinite(parameter).all()) for parameter in model.parameters())
    return total / count if finite else math.nan


def validation_auc(learner: Learner, feedback: Feedback, settings: TrainingSettings) -> float:
    """AUC of validation purchases (a mean over pairs), among all or a fixed sample of the items.

    Of at most `MOST_RANKED` users, always the same ones.

    NaN where there is none, or none has another item to be compared with: every epoch is then as good as any.
    """
    held_out = some_users(feedback.validation, MOST_RANKED, settings.seed)
    if not len(held_out[0]):
        return math.nan
    allowed = feedback.usable
    if settings.validation_candidates and settings.validation_candidates < allowed.sum():
        rng = np.random.default_rng([settings.seed, 1])
        chosen = rng.choice(np.flatnonzero(allowed), settings.validation_candidates, replace=False)
        allowed = np.isin(np.arange(len(allowed)), chosen)
    needed = allowed.copy()
    needed[held_out[1]] = True
    phi = learner.all_phi(np.flatnonzero(needed))
    theta = learner.model.user_factors.detach().cpu().numpy()
    auc = rank_held_out(theta, phi, held_out, feedback.seen, allowed).metrics()["auc"]
    return float(np.nanmean(auc)) if np.isfinite(auc).any() else math.nan


@dataclass
class _Run:
    """Model, optimiser and folder of one run: what goes into a checkpoint and out of it."""

    model: Recommender
    optimiser: torch.optim.Optimizer
    settings: TrainingSettings
    folder: Path
    data: str

    def save(self, progress: Progress) -> None:
        """Write a checkpoint and the log."""
        if not here().main:
            return
        state = {
            "identity": self._identity(),
            "progress": asdict(progress),
            "model": self.model.state_dict(),
            "about": json.dumps(self.model.about),
            "optimiser": self.optimiser.state_dict(),
        }
        # The log first: killed in between, the epoch is done again and its row written again.
        if progress.log:
            table = pd.DataFrame(progress.log).astype({"epoch": int})
            storage.write_text(self.folder / LOG, table.to_csv(index=False))
        save_checkpoint(self.folder, state)

    def restore(self) -> Progress:
        """Take up the folder's checkpoint.

        Raises:
            InputError: It is of other settings or another catalogue.
            ModelError: There is none, or none can be read.
        """
        state = load_checkpoint(self.folder)
        if state["identity"] != self._identity():
            raise InputError(
                f"{self.folder}: its checkpoint is of other settings or another catalogue; "
                "repeat the command it was begun with, or train into another folder"
            )
        self.model.load_state_dict(state["model"])
        self.model.about = json.loads(state["about"])
        self.optimiser.load_state_dict(state["optimiser"])
        return Progress(**state["progress"])

    def step_back(self, progress: Progress) -> Progress:
        """Return to the epoch's beginning with half the learning rate.

        Raises:
            ModelError: That was tried `MAX_RETRIES` times.
        """
        if progress.retries >= MAX_RETRIES:
            raise ModelError(
                f"{self.folder}: the loss of epoch {progress.epoch + 1} is not finite, even at a learning rate "
                f"of {self.settings.learning_rate / 2**progress.retries:g}; lower `learning_rate`"
            )
        restored = self.restore()
        restored.retries = progress.retries + 1
        for group in self.optimiser.param_groups:
            group["lr"] = self.settings.learning_rate / 2**restored.retries
        return restored

    def _identity(self) -> str:
        """Settings and data that a resumed run must share; it may have more epochs or patience."""
        shared = {k: v for k, v in self.settings.to_dict().items() if k not in ("epochs", "patience")}
        return json.dumps(shared | {"data": self.data}, sort_keys=True)


def _data_hash(feedback: Feedback) -> str:
    """Hash of users and training and validation pairs."""
    digest = hashlib.sha256(json.dumps(feedback.user_ids).encode())
    for array in (*feedback.train, *feedback.validation, feedback.trainable):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
