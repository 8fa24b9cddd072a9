"""Reconstructions of photos, made once for all tables: inversion is the slow part of an experiment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gigs.errors import ModelError
from gigs.experiments.setup import Bench, drawing
from gigs.generator.base import Generator
from gigs.inversion.optimise import Inversion
from gigs.inversion.tuning import tune
from gigs.io import storage
from gigs.io.fingerprint import fingerprint
from gigs.method.pipeline import graded, reconstruct
from gigs.progress import OnStep, silent


@dataclass(frozen=True)
class Base:
    """What is redesigned.

    Attributes:
        generator: That draws it; tuned to the photo where the preset says so.
        z: Latent vector `[1,D]`.
        image: What the generator draws of it, `[1,3,R,R]`.
        grade: The gate's word; empty where there is no gate or no photo.
    """

    generator: Generator
    z: Tensor
    image: Tensor
    grade: str = ""


def base_of(bench: Bench, row: int, *, on_step: OnStep = silent) -> Base:
    """The reconstruction of an item's photo, from the folder of reconstructions where it is known.

    Args:
        bench: With a folder to keep it in.
        row: Of the catalogue's item.
        on_step: Progress of the inversion.
    """
    photo = bench.photo(row)
    z, grade = _inverted(bench, row, photo, on_step)
    generator = bench.models.generator
    if bench.preset.tuning is not None:
        generator = _tuned(bench, row, z)
    with torch.no_grad():
        return Base(generator, z, generator(z).float(), grade)


def sampled_base(bench: Bench, item: int) -> tuple[Base, torch.Generator]:
    """A design drawn at random, and the random numbers that go on from there."""
    rng = bench.rng(item)
    z = bench.models.generator.sample(1, rng).to(bench.compute.device)
    with torch.no_grad():
        return Base(bench.models.generator, z, bench.models.generator(z).float()), rng


def _inverted(bench: Bench, row: int, photo: Tensor, on_step: OnStep) -> tuple[Tensor, str]:
    mark = _mark(bench, photo)
    identifier = "".join(letter for letter in str(bench.catalogue.items["item_id"].iloc[row]) if letter.isalnum())
    path = bench.work / "reconstructions" / f"{identifier}-{mark[:12]}.safetensors"
    try:
        tensors, about = storage.load_tensors(path)
        if about.get("mark") == mark:
            return tensors["z"].to(bench.compute.device), str(about["grade"])
    except (ModelError, KeyError):
        pass  # none yet, or damaged: make it again
    rng = torch.Generator().manual_seed(bench.settings.seed)
    found = reconstruct(bench.models, photo, bench.preset, rng=rng, compute=bench.compute, on_step=on_step)
    grade = _grade(bench, photo, found)
    storage.save_tensors(path, {"z": found.z}, {"mark": mark, "grade": grade, "lpips": float(found.lpips[0])})
    return found.z, grade


def _grade(bench: Bench, photo: Tensor, found: Inversion) -> str:
    if bench.gate is None:
        return ""
    return graded(bench.models, bench.gate, photo, found, bench.preset).grade


def _mark(bench: Bench, photo: Tensor) -> str:
    """Fingerprint of what a reconstruction follows from: not of the protocol, which only comes after it."""
    about: dict[str, Any] = {
        "inversion": bench.about["preset"]["inversion"],
        "models": drawing(bench.about["models"]),
        "compute": bench.about["compute"],
        "seed": bench.settings.seed,
        "gate": bench.gate is not None,
    }
    return fingerprint(about, [photo])


def _tuned(bench: Bench, row: int, z: Tensor) -> Generator:
    """One tuned generator is kept: a photo's tasks follow one another."""
    known = bench.kept.get("tuned")
    if known is None or known[0] != row:
        assert bench.preset.tuning is not None
        own = tune(
            bench.models.generator, z, bench.photo(row), bench.models.perceptual, bench.preset.tuning,
            rng=torch.Generator().manual_seed(bench.settings.seed), compute=bench.compute,
        )  # fmt: skip
        known = bench.kept["tuned"] = (row, own)
    return known[1]
