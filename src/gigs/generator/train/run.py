"""A training run of any family: steps, logs, grids, resuming, and going back after a divergence."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from textwrap import shorten
from typing import Any, ClassVar, Protocol

import numpy as np
import torch
from torch import Tensor

from gigs.data.catalogue import Catalogue
from gigs.data.select import odds
from gigs.errors import DataError, ModelError
from gigs.io import folders, storage, written
from gigs.training.checkpoint import CHECKPOINTS, diverged, load_checkpoint, save_checkpoint
from gigs.training.log import NoLog, TrainingLog
from gigs.training.processes import here, require_same
from gigs.vision.compute import Compute

LOG_EVERY = 50
KEPT = ("*.safetensors", "checkpoint*.pt", "log.csv", "settings.json", "*.png", "snapshots/*.safetensors")
OWN = (
    *(name for name in KEPT if name != "*.png"),
    "samples-*.png",
    "reconstructions-*.png",
)  # a folder may hold photos


class RunNetworks(Protocol):
    """Networks and optimisers of a run, as `NetworkSet` has them."""

    def finite(self) -> bool:
        """Whether every weight is a finite number."""

    def weights(self) -> list[Tensor]:
        """Every weight, in an order of its own."""

    def state(self) -> dict[str, Any]:
        """Everything, for a checkpoint."""

    def load(self, state: dict[str, Any]) -> None:
        """Take a checkpoint's state."""

    def slow_down(self, halvings: int) -> None:
        """Train at the asked learning rates, halved so many times."""


class TrainingRun:
    """What the trainers of all families share; a family says what a batch is, what is drawn and what is saved.

    Where several processes share the batches, all of them train, and the first one alone writes.

    A subclass sets up its networks, calls `begin`, and implements `train_batch`, `position`, `draw`, `save_generator`
    and, if it saves more than the generator, `save_others`.

    Attributes:
        columns: Of the log, the first being `shown`.
        product: What the run's averaged network is called in file names.
        same: Settings in which a checkpoint must agree, beside the network.
    """

    columns: ClassVar[tuple[str, ...]]
    product: ClassVar[str] = "generator"
    same: ClassVar[tuple[str, ...]]
    settings: Any  # a frozen dataclass of settings: images, batch, seed, learning_rate, network, ..._every
    nets: RunNetworks

    def __init__(
        self, catalogue: Catalogue, out: Path, settings: Any, compute: Compute, rows: np.ndarray, side: int
    ) -> None:
        self.out, self.settings, self.compute, self.rows = out, settings, compute, rows
        with here().main_first():
            self.photos = catalogue.images(side)
        self.odds: Tensor = odds(catalogue, rows, settings.balance)
        if len(rows) < settings.batch:
            raise DataError(f"{len(rows)} photos to train on, but a batch takes {settings.batch}; widen `where`")
        here().require_shares(photos_of_a_batch=settings.batch)
        self.rng = torch.Generator().manual_seed(settings.seed)
        self.shown = self.steps = self.retries = 0
        self.recent: dict[str, float] = {}
        self.history: list[dict[str, Any]] = []

    def begin(self, resume: bool) -> None:
        """Take up the last checkpoint, or start: folder, description, log and first checkpoint."""
        if resume:
            self._resume()
        require_same(self.out, self.nets.weights(), len(self.rows))
        self.history.append(self._chapter())
        if here().main:
            self.out.mkdir(parents=True, exist_ok=True)
            written.begin(self.out, OWN, ours=CHECKPOINTS)
        self._describe()
        self.log = self._open_log()
        if not resume:
            self.checkpoint()  # so that --resume never takes up an older run of this folder

    def train_batch(self) -> dict[str, float]:
        """One batch; returns the losses."""
        raise NotImplementedError

    def position(self, shown: int) -> dict[str, float]:
        """What the log says of where the run is, beside `shown` and `retries`."""
        return {}

    def network(self) -> dict[str, Any]:
        """What the networks are built from, for checkpoints."""
        return asdict(self.settings.network)

    def draw(self) -> None:
        """Pictures of where the run is."""
        raise NotImplementedError

    def save_generator(self, path: Path) -> Path:
        """Save the averaged network that the run is for."""
        raise NotImplementedError

    def save_others(self) -> None:
        """Save, at the end, what else was trained."""

    def step(self) -> None:
        """One batch; logs, grids and checkpoints when they are due."""
        self.recent = here().means(self.train_batch())
        if not all(math.isfinite(value) for value in self.recent.values()):
            return self._step_back()
        before, self.shown = self.shown, self.shown + self.settings.batch
        self.steps += 1
        if self.steps % LOG_EVERY == 0:
            self.log.write({"shown": self.shown, **self.position(before), "retries": self.retries} | self.recent)
        if _passed(before, self.shown, self.settings.grid_every) and here().main:
            self.draw()
        checkpoint = _passed(before, self.shown, self.settings.checkpoint_every)
        snapshot = _passed(before, self.shown, self.settings.snapshot_every)
        if (checkpoint or snapshot) and not self.finite():
            return self._step_back()
        if snapshot and here().main:
            self.save_generator(self.out / "snapshots" / f"{self.product}-{self.shown:08d}.safetensors")
        if checkpoint:  # last: killed before it is whole, all else since the one before is made again
            self.checkpoint()

    def finite(self) -> bool:
        """Whether every weight is a finite number."""
        return self.nets.finite()

    def checkpoint(self) -> None:
        """Save everything that a resumed run needs to go on as if nothing had happened."""
        if not here().main:
            return
        state = {
            "shown": self.shown,
            "steps": self.steps,
            "retries": self.retries,
            "rng": self.rng.get_state(),
            "network": self.network(),
            "history": json.dumps(self.history),
            "nets": self.nets.state(),
        }
        save_checkpoint(self.out, state | {name: getattr(self.settings, name) for name in self.same})

    def finish(self) -> Path:
        """Save the checkpoint and the averaged networks; returns the product's file."""
        if not self.finite():
            raise ModelError(f"{self.out}: the weights are not finite; continue from the last checkpoint with `resume`")
        self.checkpoint()
        path = self.out / f"{self.product}.safetensors"
        if here().main:
            self.draw()
            self.log.close()
            self.save_others()
            self.save_generator(path)
            written.seal(self.out, folders.names(self.out, KEPT))
        here().wait()
        return path

    def about(self) -> dict[str, Any]:
        """What travels in the header of every file: how trained, on what."""
        return {"images_shown": self.shown, "photos": len(self.rows), "training": self.history}

    def _resume(self) -> None:
        state = load_checkpoint(self.out)
        for name in self.same:
            if (stored := state.get(name)) != getattr(self.settings, name):
                raise ModelError(f"{self.out}: the checkpoint has {name} {stored}; set `{name}` to it")
        if state["network"] != self.network():
            other = _other(state["network"], self.network())
            raise ModelError(f"{self.out}: the checkpoint is of another network ({other}); use its settings")
        self.history = json.loads(state["history"])
        self.nets.load(state["nets"])
        same_rate = self.history[-1]["train"]["learning_rate"] == self.settings.learning_rate
        self.retries = state["retries"] if same_rate else 0
        self.nets.slow_down(self.retries)
        self.shown, self.steps = state["shown"], state["steps"]
        self.rng.set_state(state["rng"])

    def _chapter(self, **more: Any) -> dict[str, Any]:
        """One entry of the history: from where on, and how."""
        settings, compute = asdict(self.settings), self.compute.describe()
        return {"from_images": self.shown, "train": settings, "compute": compute, **more}

    def _describe(self) -> None:
        if not here().main:
            return
        storage.write_json(self.out / "settings.json", {"photos": len(self.rows), "history": self.history})

    def _open_log(self) -> TrainingLog | NoLog:
        if not here().main:
            return NoLog()
        return TrainingLog(self.out, self.columns, self.shown or -1, board=True)

    def _step_back(self) -> None:
        """Return to the last checkpoint with half the learning rate, or give up (`training.checkpoint.diverged`)."""
        failed, history = self.shown, self.history
        retries = diverged(self.out, failed, self.retries)
        self._resume()
        here().wait()  # before the first one replaces what the others read
        self.nets.slow_down(retries)
        self.retries, self.recent = retries, {"retries": retries}
        self.history = [*history, self._chapter(not_finite_after=failed, retries=retries)]
        self.log.close()
        self.log = self._open_log()
        self._describe()
        self.checkpoint()


def _passed(before: int, after: int, every: int) -> bool:
    return before // every != after // every


def _other(stored: Mapping[str, Any], asked: Mapping[str, Any]) -> str:
    """What a stored description says that the one asked for does not; long values are cut."""
    names = [name for name in stored if name not in asked or stored[name] != asked[name]]
    parts = [f"{name} {shorten(str(stored[name]), 80, placeholder=' ...')}" for name in names]
    return "; ".join(parts) or f"without {', '.join(name for name in asked if name not in stored)}"
