"""What a generator is to the rest of gigs, and how one is loaded from disk whatever its family."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from gigs import storage
from gigs.errors import ModelError

FAMILIES: dict[str, Callable[[dict[str, Any]], Generator]] = {}


class Generator(nn.Module):
    """Latent vector to picture.

    A family subclasses this, sets `family`, `latent_dim` and `resolution`, and implements `sample`, `forward` and
    `settings`. Calling it must be deterministic and treat every row of a batch on its own.
    """

    family: ClassVar[str]
    latent_dim: int
    resolution: int

    def sample(self, n: int, rng: torch.Generator) -> Tensor:
        """Draw `n` latent vectors `[n,latent_dim]` from the distribution the generator was trained on."""
        raise NotImplementedError

    def forward(self, z: Tensor) -> Tensor:
        """Latent vectors `[N,latent_dim]` to images `[N,3,resolution,resolution]` in `[0,1]`."""
        raise NotImplementedError

    def settings(self) -> dict[str, Any]:
        """Everything but the weights that is needed to build this generator again; JSON-able."""
        raise NotImplementedError

    def freeze(self) -> Generator:
        """Evaluation mode, and no gradients for the weights: half of what naive inversion computes is those."""
        return self.eval().requires_grad_(False)


def register(family: str) -> Callable[[Callable[[dict[str, Any]], Generator]], Callable[[dict[str, Any]], Generator]]:
    """Register a builder `settings -> Generator` under a family name."""

    def keep(builder: Callable[[dict[str, Any]], Generator]) -> Callable[[dict[str, Any]], Generator]:
        FAMILIES[family] = builder
        return builder

    return keep


def save_generator(path: Path, generator: Generator, about: dict[str, Any] | None = None) -> Path:
    """Save as safetensors; `about` (how trained, on what, scores) travels in the header."""
    settings = {"kind": "generator", "family": generator.family, "network": generator.settings(), "about": about or {}}
    return storage.save_tensors(path, dict(generator.state_dict()), settings)


def load_generator(path: str | Path) -> Generator:
    """Load any registered family, frozen and in evaluation mode.

    Raises:
        ModelError: Not a generator, an unknown family, or weights that do not fit their own settings.
    """
    tensors, settings = storage.load_tensors(Path(path))
    if settings.get("kind") != "generator":
        raise ModelError(f"{path}: holds a {settings.get('kind', 'something else')}, not a generator")
    if settings["family"] not in FAMILIES:
        raise ModelError(
            f"{path}: unknown generator family {settings['family']!r}; known: {', '.join(sorted(FAMILIES))}"
        )
    generator = FAMILIES[settings["family"]](settings["network"])
    try:
        generator.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
    except RuntimeError as error:
        raise ModelError(f"{path}: weights do not fit the settings they came with ({error})") from error
    return generator.freeze()
