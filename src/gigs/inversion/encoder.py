"""Encoders: from a photo to a latent vector in one pass, as a draft and as a start for the optimisation.

In-domain inversion (Zhu et al. 2020): an encoder trained through the generator finds vectors in the part of the latent
space that the generator was trained on. Optimisation from noise may leave it.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from gigs.errors import InputError, ModelError
from gigs.generator.families.progan import ProGANSettings, Trunk
from gigs.generator.latent import standardise
from gigs.io import storage
from gigs.io.build import WRONG, build_fitting
from gigs.io.hub import HubMixin

FAMILY = "progan-trunk"


class Encoder(HubMixin, nn.Module):
    """Photos `[N,3,R,R]` in `[0,1]` to standardised latent vectors `[N,D]`, for whatever generator it was trained on.

    Args:
        settings: Resolution, latent dimension and widths of the network (a progressive critic's trunk).
    """

    hub_file = "encoder.safetensors"
    space = "z"

    def __init__(self, settings: ProGANSettings) -> None:
        super().__init__()
        self.config = settings
        self.resolution, self.latent_dim = settings.resolution, settings.latent_dim
        self.trunk = Trunk(settings, settings.latent_dim, minibatch_std=False)

    def forward(self, images: Tensor) -> Tensor:
        """Latent vectors `[N,D]` of `[N,3,R,R]` in `[0,1]`; every row has mean 0 and standard deviation 1.

        Raises:
            InputError: Pictures of another size.
        """
        if images.shape[1:] != (3, self.resolution, self.resolution):
            raise InputError(f"the encoder takes [N,3,{self.resolution},{self.resolution}], not {list(images.shape)}")
        return standardise(self.trunk(images * 2 - 1, self.config.top).float())

    def hub_write(self, path: Path, **options: Any) -> Path:
        """As `save_encoder`."""
        return save_encoder(path, self, **options)

    @classmethod
    def hub_read(cls, path: Path) -> Encoder:
        """As `load_encoder`."""
        return load_encoder(path)

    def freeze(self) -> Encoder:
        """Evaluation mode, no gradients for the weights. Returns self."""
        return self.eval().requires_grad_(False)


def save_encoder(path: Path, encoder: Encoder, about: dict[str, Any] | None = None) -> Path:
    """Save as safetensors; `about` (training, data, scores; by default what is known) is stored in the header."""
    network = asdict(encoder.config)
    header = {"kind": "encoder", "family": FAMILY, "network": network}
    header["about"] = encoder.about if about is None else about
    return storage.save_tensors(path, dict(encoder.trunk.state_dict()), header)


def load_encoder(path: str | Path) -> Encoder:
    """Load an encoder, frozen, on the CPU.

    Raises:
        ModelError: Not an encoder, or weights that do not match their own settings.
    """
    tensors, settings = storage.load_tensors(Path(path))
    if settings.get("kind") != "encoder" or settings.get("family") != FAMILY:
        raise ModelError(f"{path}: holds a {settings.get('kind', 'something else')}, not an encoder of this gigs")
    try:
        network = ProGANSettings(**settings["network"])
        encoder = build_fitting(lambda: Encoder(network), {f"trunk.{name}": each for name, each in tensors.items()})
        encoder.trunk.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
    except WRONG as error:
        raise ModelError(f"{path}: weights do not fit the settings they came with ({error})") from error
    encoder.about = dict(settings.get("about") or {})
    return encoder.freeze()


def check_pair(encoder: Any, generator: Any) -> None:
    """Refuse an encoder made for a generator of other sizes.

    Raises:
        ModelError: Their sizes differ.
    """
    theirs, ours = (generator.drawn_at, generator.latent_dim), (encoder.resolution, encoder.latent_dim)
    if theirs != ours:
        raise ModelError(
            f"the encoder is for {ours[0]} px and {ours[1]} latent numbers, the generator has {theirs[0]} px and "
            f"{theirs[1]}; train one with `gigs train encoder`"
        )
    if generator.space != encoder.space:
        raise ModelError(
            f"the encoder answers in the space {encoder.space}, the generator is used in {generator.space}: leave one "
            "of them out"
        )
