"""Training checkpoints: written atomically, with the previous one kept. A damaged one is skipped with a warning."""

from __future__ import annotations

import pickle
import warnings
from pathlib import Path
from typing import Any

import torch

from gigs.errors import ModelError
from gigs.io import storage
from gigs.io.pickles import check_torch_file

CHECKPOINTS = ("checkpoint.pt", "checkpoint.previous.pt")
MAX_RETRIES = 3  # returns to the last checkpoint, each with half the learning rate, before a diverging run gives up
# What torch.load raises on a file that is no zip archive, or on one with bytes changed.
DAMAGE = (RuntimeError, ValueError, IndexError, KeyError, AttributeError, TypeError)


def save_checkpoint(folder: Path, state: dict[str, Any]) -> Path:
    """Write `folder/checkpoint.pt`; what was there becomes `checkpoint.previous.pt`, once the new one is complete.

    Raises:
        DiskError: The disk is full; both older ones are still there.
    """
    path = Path(folder) / "checkpoint.pt"
    previous = path.with_name("checkpoint.previous.pt")

    def write(temporary: Path) -> None:
        with temporary.open("wb") as handle:  # PyTorch's own writer does not tell a full disk from a bug
            torch.save(state, handle)

    return storage.write_atomic(path, write, keep_as=previous)


def load_checkpoint(folder: Path) -> dict[str, Any]:
    """Newest readable checkpoint, with plain tensors and numbers only (no code is executed).

    Raises:
        ModelError: There is none, or none can be read.
    """
    candidates = [Path(folder) / name for name in ("checkpoint.pt", "checkpoint.previous.pt")]
    present = [path for path in candidates if path.is_file()]
    if not present:
        raise ModelError(f"{folder}: no checkpoint to resume from; start without `resume`")
    for path in present:
        try:
            check_torch_file(path)
            return torch.load(path, map_location="cpu", weights_only=True)
        except (OSError, EOFError, pickle.UnpicklingError, *DAMAGE) as error:
            warnings.warn(f"{path}: damaged, trying the one before ({error})", stacklevel=2)
    raise ModelError(f"{folder}: every checkpoint is damaged; start again without `resume`")


def diverged(folder: Path, after: int, retries: int) -> int:
    """Count a return to the last checkpoint, after which the learning rate is halved, and warn of it.

    Args:
        folder: Of the run.
        after: Images shown when a loss was not finite.
        retries: Returns so far.

    Returns:
        `retries` + 1.

    Raises:
        ModelError: There were `MAX_RETRIES` already.
    """
    if retries >= MAX_RETRIES:
        raise ModelError(
            f"{folder}: a loss was not finite after {after} images, even with the learning rate halved "
            f"{retries} times; continue with `resume` and a lower `learning_rate` (the last checkpoint is "
            "intact)"
        )
    warnings.warn(
        f"{folder}: a loss was not finite after {after} images; going back to the last checkpoint with the learning "
        f"rate halved ({retries + 1} of {MAX_RETRIES})",
        stacklevel=3,
    )
    return retries + 1
