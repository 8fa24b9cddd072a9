"""Autoencoders of images, from a file of ours or a folder that diffusers wrote."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from torch import nn

from gigs.errors import ModelError
from gigs.generator.convert.diffusers_folder import load_network
from gigs.generator.families.autoencoder import KIND, build_autoencoder
from gigs.io import storage
from gigs.io.build import WRONG, build_fitting


def load_autoencoder(source: str | Path) -> tuple[Any, dict[str, Any]]:
    """An `AutoencoderKL`, frozen and in evaluation mode, and what its file says of itself.

    Args:
        source: A file of `gigs train autoencoder`, or a folder that diffusers' `save_pretrained` wrote.

    Raises:
        ModelError: It is missing, damaged, or holds something else.
    """
    source = Path(source)
    if source.is_dir():
        return _from_folder(source), {"converted_from": {"folder": source.name}}
    tensors, settings = storage.load_tensors(source)
    if settings.get("kind") != KIND:
        raise ModelError(f"{source}: holds a {settings.get('kind', 'something else')}, not an {KIND}")
    try:
        network: nn.Module = build_fitting(partial(build_autoencoder, settings.get("network", {})), tensors)
        network.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
    except WRONG as error:
        raise ModelError(f"{source}: weights do not fit the settings they came with ({error})") from error
    return network.eval().requires_grad_(False), dict(settings.get("about") or {})


def _from_folder(folder: Path) -> nn.Module:
    config = storage.read_json(folder / "config.json")
    if config.get("_class_name") != "AutoencoderKL":
        raise ModelError(f"{folder}: holds a {config.get('_class_name')}; an AutoencoderKL is needed")
    network: nn.Module = load_network(folder, "AutoencoderKL")[0]
    return network
