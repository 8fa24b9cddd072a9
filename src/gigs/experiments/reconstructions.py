"""Reconstructions of photos, made once for all tables: inversion is the slow part of an experiment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gigs.errors import ModelError
from gigs.experiments.setup import Bench, drawing
from gigs.generator.base import Generator
from gigs.inversion.reconstruction import Reconstruction
from gigs.inversion.tuning import tune
from gigs.io import storage
from gigs.io.fingerprint import fingerprint
from gigs.method.reconstruct import reconstruct
from gigs.progress import OnStep, silent
from gigs.vision.runtime import Runtime


@dataclass(frozen=True)
class Start:
    """What is redesigned, and the gate's word on it; empty where there is no gate or no photo."""

    reconstruction: Reconstruction
    grade: str = ""


def start_of(bench: Bench, row: int, *, on_step: OnStep = silent) -> Start:
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
        return Start(Reconstruction(generator, photo, z, generator(z).float()), grade)


def sampled_start(bench: Bench, item: int) -> tuple[Start, torch.Generator]:
    """A design drawn at random, and the random numbers that go on from there."""
    rng = bench.rng(item)
    z = bench.models.generator.sample(1, rng).to(bench.compute.device)
    with torch.no_grad():
        image = bench.models.generator(z).float()
    return Start(Reconstruction(bench.models.generator, None, z, image)), rng


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
    runtime = Runtime(compute=bench.compute, seed=bench.settings.seed, on_step=on_step).started()
    found = reconstruct(bench.models, photo, bench.preset, gate=bench.gate, runtime=runtime)
    assert found.inversion is not None
    grade = "" if found.gate is None else found.gate.grade
    storage.save_tensors(path, {"z": found.z}, {"mark": mark, "grade": grade, "lpips": float(found.inversion.lpips[0])})
    return found.z, grade


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
            runtime=Runtime(compute=bench.compute, seed=bench.settings.seed).started(),
        )  # fmt: skip
        known = bench.kept["tuned"] = (row, own)
    return known[1]
