"""Training checkpoints: written atomically, the previous one kept, a damaged newest one skipped with a warning."""

from __future__ import annotations

import pickle
import warnings
from pathlib import Path
from typing import Any

import torch

from gigs import storage
from gigs.errors import ModelError

# What torch.load raises on a file that is no zip archive, or on one with bytes changed.
DAMAGE = (RuntimeError, ValueError, IndexError, KeyError, AttributeError, TypeError)


def save_checkpoint(folder: Path, state: dict[str, Any]) -> Path:
    """Write `folder/checkpoint.pt`; what was there becomes `checkpoint.previous.pt`."""
    path = Path(folder) / "checkpoint.pt"
    if path.is_file():
        path.replace(path.with_name("checkpoint.previous.pt"))
    return storage.write_atomic(path, lambda temporary: torch.save(state, temporary))


def load_checkpoint(folder: Path) -> dict[str, Any]:
    """Newest readable checkpoint, with plain tensors and numbers only (no code is executed).

    Raises:
        ModelError: There is none, or none can be read.
    """
    candidates = [Path(folder) / name for name in ("checkpoint.pt", "checkpoint.previous.pt")]
    present = [path for path in candidates if path.is_file()]
    if not present:
        raise ModelError(f"{folder}: no checkpoint to resume from; start without --resume")
    for path in present:
        try:
            return torch.load(path, map_location="cpu", weights_only=True)
        except (OSError, EOFError, pickle.UnpicklingError, *DAMAGE) as error:
            warnings.warn(f"{path}: damaged, trying the one before ({error})", stacklevel=2)
    raise ModelError(f"{folder}: every checkpoint is damaged; start again without --resume")
