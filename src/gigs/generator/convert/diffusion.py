"""Folders that diffusers' `save_pretrained` writes: an unconditional pipeline, or a UNet alone with its scheduler."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from torch import Tensor, nn

from gigs.errors import ModelError
from gigs.generator.convert.plain import read_plain
from gigs.generator.families.diffusion import AUTOENCODERS, Diffusion, DiffusionSettings, diffusers
from gigs.io import storage

FORMAT = "diffusers"
WEIGHTS = "diffusion_pytorch_model"


def from_folder(folder: Path, *, steps: int) -> tuple[Diffusion, Path]:
    """The generator in a folder, and the file that holds its UNet's weights.

    Nothing of the folder is run: configurations are JSON, weights safetensors (or a `.bin` of plain tensors).

    Args:
        folder: With `model_index.json` (a pipeline), or with the UNet's own `config.json`.
        steps: DDIM steps of the generator.

    Raises:
        ModelError: Files are missing, or it is no unconditional model.
    """
    unet, scheduler, coder = folder / "unet", folder / "scheduler", None
    if (folder / "config.json").is_file():
        unet = folder
    for name in ("vqvae", "vae"):
        if (folder / name / "config.json").is_file():
            coder = folder / name
    config = storage.read_json(unet / "config.json")
    if config.get("_class_name") != "UNet2DModel":
        raise ModelError(f"{unet}: holds a {config.get('_class_name')}; an unconditional UNet2DModel is needed")
    schedule = storage.read_json(scheduler / "scheduler_config.json") if scheduler.is_dir() else {}
    decoder = None if coder is None else storage.read_json(coder / "config.json")
    if decoder is not None and decoder.get("_class_name") not in AUTOENCODERS:
        raise ModelError(f"{coder}: holds a {decoder.get('_class_name')}; known are {', '.join(AUTOENCODERS)}")
    alphas = _alphas(schedule)
    settings = DiffusionSettings(
        unet=config,
        steps=steps,
        prediction=schedule.get("prediction_type", "epsilon"),
        trained_steps=len(alphas),
        decoder_class=None if decoder is None else decoder["_class_name"],
        decoder=decoder,
        scale=1.0 if decoder is None else float(decoder.get("scaling_factor", 1.0)),
    )
    generator = Diffusion(settings, alphas)
    file = load_weights(generator.unet, unet)
    if coder is not None and generator.decoder is not None:
        load_weights(generator.decoder, coder)
    return generator, file


def _alphas(schedule: dict[str, Any]) -> Tensor:
    """Cumulative shares of signal, one a step of the schedule that the model was trained with."""
    library = diffusers().DDIMScheduler
    known = (
        "num_train_timesteps",
        "beta_start",
        "beta_end",
        "beta_schedule",
        "trained_betas",
        "rescale_betas_zero_snr",
    )
    return library(**{name: schedule[name] for name in known if name in schedule}).alphas_cumprod


def load_weights(network: nn.Module, folder: Path) -> Path:
    """Give a network the weights in a folder of diffusers; returns their file.

    Raises:
        ModelError: There are none, or they do not fit.
    """
    path = folder / f"{WEIGHTS}.safetensors"
    if not path.is_file():
        path = folder / f"{WEIGHTS}.bin"
    if not path.is_file():
        raise ModelError(f"{folder}: holds no {WEIGHTS}.safetensors")
    state = load_file(path) if path.suffix == ".safetensors" else read_plain(path)
    try:
        network.load_state_dict(state)
    except (RuntimeError, TypeError, AttributeError) as error:
        reason = str(error).splitlines()[-1].strip()
        raise ModelError(f"{path}: weights do not fit their configuration ({reason})") from error
    return path
