"""Folders that diffusers' `save_pretrained` writes: an unconditional pipeline, or a UNet alone with its scheduler.

A pipeline's parts lie in folders of their own or, in earlier ones, beside one another.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import torch

from gigs.errors import ModelError
from gigs.generator.convert.diffusers_folder import SCHEDULE, load_network, load_schedule, plain_config
from gigs.generator.families.diffusion import AUTOENCODERS, Diffusion, DiffusionSettings, diffusers
from gigs.io import storage

FORMAT = "diffusers"


def from_folder(folder: Path, *, steps: int) -> tuple[Diffusion, Path]:
    """The generator in a folder, and the file that holds its UNet's weights.

    Args:
        folder: With `model_index.json` (a pipeline), or with the UNet's own `config.json`.
        steps: DDIM steps of the generator.

    Raises:
        ModelError: Files are missing, or it is no unconditional model.
    """
    place = folder if (folder / "config.json").is_file() else folder / "unet"
    raw = storage.read_json(place / "config.json")
    if raw.get("_class_name") != "UNet2DModel":
        raise ModelError(f"{place}: holds a {raw.get('_class_name')}; an unconditional UNet2DModel is needed")
    _check_classes(place, raw)
    schedule = _schedule(folder)
    coder = next((folder / name for name in ("vqvae", "vae") if (folder / name / "config.json").is_file()), None)
    decoder = None if coder is None else _decoder(coder)
    unet, file = load_network(place, "UNet2DModel")
    settings = DiffusionSettings(
        unet=_square(place, plain_config(unet)),
        steps=steps,
        prediction=schedule.config.get("prediction_type", "epsilon"),
        trained_steps=len(schedule.alphas_cumprod),
        decoder_class=None if decoder is None else type(decoder).__name__,
        decoder=None if decoder is None else plain_config(decoder),
        scale=1.0 if decoder is None else float(decoder.config.scaling_factor),
    )
    alphas = schedule.alphas_cumprod.float()
    with torch.device("meta"):  # only its outside: the networks are those that were loaded
        generator = Diffusion(settings, alphas)
    generator.unet, generator.decoder = unet, decoder
    return generator, file


def _schedule(folder: Path) -> Any:
    """The schedule of a pipeline, from its folder or, where it is flat, from beside the UNet."""
    for place in (folder / "scheduler", folder):
        if (place / SCHEDULE).is_file():
            return load_schedule(place)
    warnings.warn(
        f"{folder}: holds no {SCHEDULE}, so DDPM's usual noise is assumed (1000 linear steps, the network predicts "
        "noise); give the pipeline's whole folder if there is one",
        stacklevel=2,
    )
    return diffusers().DDPMScheduler()


def _decoder(folder: Path) -> Any:
    """The autoencoder of a latent model.

    Raises:
        ModelError: It is of another kind, or its space is scaled in a way that the steps do not undo.
    """
    config = storage.read_json(folder / "config.json")
    name = config.get("_class_name")
    if name not in AUTOENCODERS:
        raise ModelError(f"{folder}: holds a {name}; known are {', '.join(AUTOENCODERS)}")
    if any(config.get(shift) for shift in ("shift_factor", "latents_mean", "latents_std")):
        raise ModelError(
            f"{folder}: its latents are shifted (shift_factor or latents_mean), as no unconditional pipeline of "
            "diffusers undoes; not supported"
        )
    return load_network(folder, name)[0]


def _check_classes(folder: Path, config: dict[str, Any]) -> None:
    """Refuse networks whose condition is no row of a table.

    Raises:
        ModelError: It is an embedding or a number.
    """
    if kind := config.get("class_embed_type"):
        raise ModelError(
            f"{folder}: is conditioned by {kind!r} embeddings, not by the rows of a class table, so there is no class "
            "to choose; give a network with num_class_embeds, or an unconditional one"
        )


def _square(folder: Path, config: dict[str, Any]) -> dict[str, Any]:
    """The configuration with one number for the side, which may be written as a pair.

    Raises:
        ModelError: Pictures are not square, or their size is not said.
    """
    side = config.get("sample_size")
    if isinstance(side, list | tuple) and len(set(side)) == 1:
        side = side[0]
    if not isinstance(side, int) or isinstance(side, bool):
        raise ModelError(
            f"{folder / 'config.json'}: sample_size is {side}; gigs draws squares: write the side in pixels (or of the "
            "latents) at which it was trained"
        )
    return {**config, "sample_size": side}
