"""Latents of a catalogue's photos, made once: a frozen autoencoder gives the same ones at every step of a flow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.lib.format import open_memmap
from torch import Tensor

from gigs.errors import ModelError
from gigs.generator.families.autoencoder import encode
from gigs.io import storage
from gigs.progress import OnStep, Step, silent
from gigs.training.processes import here
from gigs.vision.compute import Compute
from gigs.vision.images import to_tensor

BATCH = 32


@dataclass(frozen=True)
class Latents:
    """What `make_latents` wrote.

    Attributes:
        array: float16 `[photos, views, C, S, S]`, memory-mapped; the second view is the mirrored photo's.
        mean: `[C,1,1]` over all of them.
        deviation: `[C,1,1]`, the same for all channels, so that what varies little goes on doing so.
    """

    array: np.ndarray
    mean: Tensor
    deviation: Tensor

    def scaled(self, rows: Tensor, views: Tensor) -> Tensor:
        """Latents `[N,C,S,S]` of those photos in those views: channels of mean 0, and on average of variance 1."""
        chosen = torch.from_numpy(self.array[rows.numpy(), views.numpy()]).float()
        return (chosen - self.mean) / self.deviation


@dataclass(frozen=True)
class LatentEncoder:
    """How photos become latents.

    Attributes:
        autoencoder: Frozen.
        compute: Device, precision and layout.
        mirrored: Encode every photo mirrored, too.
    """

    autoencoder: Any
    compute: Compute
    mirrored: bool

    def placed(self) -> LatentEncoder:
        """The same with the autoencoder on its device."""
        return replace(self, autoencoder=self.compute.place(self.autoencoder))

    def views(self, images: Tensor) -> Tensor:
        """Latents `[N,views,C,S,S]`, on the CPU, of images `[N,3,R,R]`."""
        images = images.to(self.compute.device)
        with self.compute.autocast():
            views = [images, images.flip(-1)] if self.mirrored else [images]
            return torch.stack([encode(self.autoencoder, view) for view in views], dim=1).float().cpu()


def make_latents(
    encoder: LatentEncoder,
    photos: np.ndarray,
    rows: np.ndarray,
    folder: Path,
    *,
    about: dict[str, Any],
    on_step: OnStep = silent,
) -> Latents:
    """Encode photos, or take what an earlier call with the same `about` has left in the folder.

    Several processes encode together, and the first one writes.

    Args:
        encoder: The autoencoder, where it runs, and what it is shown.
        photos: uint8 `[items,R,R,3]`.
        rows: Items to encode.
        folder: Where `latents.npy` and `latents.json` go.
        about: What tells these latents from others, such as the autoencoder's hash; JSON-able.
        on_step: Progress.

    Raises:
        ModelError: What is in the folder is damaged.
    """
    path, description = folder / "latents.npy", folder / "latents.json"
    about = about | {"photos": len(rows), "mirrored": encoder.mirrored}
    if here().from_main(lambda: not path.is_file() or _about(description) != about):
        batches = _batches(encoder.placed(), photos, rows)
        if here().main:
            description.unlink(missing_ok=True)
            storage.write_atomic(path, partial(_write, batches, len(rows), on_step))
            mean, deviation = _moments(path)
            known = {"about": about, "mean": mean.tolist(), "deviation": deviation.tolist()}
            storage.write_json(description, known)
        else:
            for _ in batches:
                pass
        here().wait()
    known = storage.read_json(description)
    try:
        array = open_memmap(path, mode="r")
    except (OSError, ValueError, EOFError) as error:
        raise ModelError(f"{path}: damaged ({error}); remove it and start again") from error
    mean, deviation = (torch.tensor(known[name])[:, None, None] for name in ("mean", "deviation"))
    return Latents(array, mean, deviation)


def _about(description: Path) -> Any:
    """What the latents in the folder are of; None where nothing says so."""
    return storage.read_json(description).get("about") if description.is_file() else None


@torch.no_grad()
def _batches(encoder: LatentEncoder, photos: np.ndarray, rows: np.ndarray) -> Iterator[Tensor]:
    """Latents `[N,views,C,S,S]` of photos, a batch at a time; several processes take turns, and all see them all."""
    starts, count = range(0, len(rows), BATCH), here().count
    for turn in range(0, len(starts), count):
        own = starts[turn : turn + count][here().rank :][:1]
        found = [encoder.views(to_tensor(photos[rows[start : start + BATCH]])) for start in own]
        for pieces in here().gathered(found):
            yield from pieces


def _write(batches: Iterator[Tensor], count: int, on_step: OnStep, path: Path) -> None:
    target: np.ndarray | None = None
    done = 0
    for found in batches:
        if target is None:
            target = storage.packed_array(path, np.float16, (count, *found.shape[1:]))
        target[done : done + len(found)] = found.numpy()
        done += len(found)
        on_step(Step("encoding photos", done, count))


def _moments(path: Path, pieces: int = 4096) -> tuple[Tensor, Tensor]:
    """Mean of each channel and the root mean square of their deviations, `[C]`, over all latents of a file."""
    array = open_memmap(path, mode="r")
    count, total, squares = 0, torch.zeros(array.shape[2]).double(), torch.zeros(array.shape[2]).double()
    for start in range(0, len(array), pieces):
        piece = torch.from_numpy(array[start : start + pieces].astype(np.float64))
        total, squares = total + piece.sum((0, 1, 3, 4)), squares + piece.square().sum((0, 1, 3, 4))
        count += piece.numel() // piece.shape[2]
    mean = total / count
    variance = (squares / count - mean.square()).clamp_min(1e-8).mean()
    return mean.float(), variance.sqrt().float().expand_as(mean).contiguous()
