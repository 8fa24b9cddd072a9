"""The interface of generators, and loading one of any family from disk."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from gigs.errors import GigsError, InputError, ModelError
from gigs.generator.latent import standardise
from gigs.io import plugins, storage
from gigs.io.build import WRONG, build_fitting
from gigs.io.eight_bits import unpacked
from gigs.io.hub import HubMixin

Builder = Callable[[dict[str, Any]], "Generator"]
FAMILIES: dict[str, Builder] = {}
ENTRY_POINTS = "gigs.generators"  # group under which an installed package may name builders of its own


class Generator(HubMixin, nn.Module):
    """A network that draws a picture from a latent vector.

    A family subclasses this, sets `family`, `latent_dim` and `resolution`, and implements `sample`, `forward` and
    `settings`. Calls must be deterministic, and no row of a batch may depend on another.

    The optimisers move rows of `latent_dim` numbers with about unit variance, so that a learning rate or a search
    radius means the same in every family. The generator itself defines its latent spaces (`spaces`) and how vectors are
    kept in them (`project`).

    Attributes:
        inverts: `start_from` answers a photo as well as an encoder would, and as fast, so none is needed.
    """

    family: ClassVar[str]
    hub_file = "generator.safetensors"
    inverts: bool = False
    latent_dim: int
    resolution: int
    space: str = "z"

    @property
    def spaces(self) -> tuple[str, ...]:
        """Names of the latent spaces for `in_space`. The first is the one that the generator was trained on."""
        return ("z",)

    @property
    def drawn_at(self) -> int:
        """Side in pixels at which pictures are drawn. `resolution` differs if they are scaled afterwards."""
        return self.resolution

    def in_space(self, space: str) -> Generator:
        """This generator with latent vectors in another space. Weights are shared, not copied.

        Raises:
            InputError: The family has no such space.
        """
        if space != self.space:
            known = ", ".join(self.spaces)
            raise InputError(f"latent space {space!r}: generators of family {self.family} know {known}")
        return self

    @property
    def classes(self) -> int:
        """Number of classes that it can draw (`of_class`); 0 if it knows none."""
        return 0

    def of_class(self, label: int) -> Generator:
        """This generator for one class (a row of its class table). Weights are shared.

        Raises:
            InputError: It knows no classes, or none with this number.
        """
        raise InputError(f"class {label}: generators of family {self.family} know no classes")

    def project(self, z: Tensor) -> Tensor:
        """The rows nearest to `z [N,latent_dim]` for which the generator draws sensible pictures.

        By default, each row gets mean 0 and standard deviation 1 (Algorithm 1, "Normalization"). Projecting twice
        changes nothing.
        """
        return standardise(z)

    def start_from(self, photos: Tensor) -> Tensor | None:
        """Latent vectors to start inverting photos `[N,3,R,R]` in `[0,1]` from, if the family can compute them."""
        return None

    def redrawn(self, photos: Tensor) -> Tensor:
        """What this family draws of `start_from`'s answer to photos `[N,3,R,R]`; only where it `inverts`."""
        start = self.start_from(photos)
        if start is None:
            raise NotImplementedError
        images: Tensor = self(start)
        return images

    def sample(self, n: int, rng: torch.Generator) -> Tensor:
        """Draw `n` latent vectors `[n,latent_dim]` from the distribution the generator was trained on."""
        raise NotImplementedError

    def forward(self, z: Tensor) -> Tensor:
        """Draw latent vectors `[N,latent_dim]` as images `[N,3,resolution,resolution]` in `[0,1]`."""
        raise NotImplementedError

    def settings(self) -> dict[str, Any]:
        """Everything but the weights that is needed to build this generator again, as JSON-able values."""
        raise NotImplementedError

    def hub_write(self, path: Path, **options: Any) -> Path:
        """As `save_generator`."""
        return save_generator(path, self, **options)

    @classmethod
    def hub_read(cls, path: Path) -> Generator:
        """As `load_generator`."""
        return load_generator(path)

    def freeze(self) -> Generator:
        """Switch to evaluation mode, and compute no gradients of the weights.

        They are half of a naive inversion's work.
        """
        return self.eval().requires_grad_(False)


def register(family: str) -> Callable[[Builder], Builder]:
    """Register a builder `settings -> Generator` under a family name."""

    def keep(builder: Builder) -> Builder:
        FAMILIES[family] = builder
        return builder

    return keep


def builder_of(family: str) -> Builder | None:
    """The builder of a family, registered here or by an installed package's entry point; None if unknown."""
    return FAMILIES.get(family) or plugins.load(ENTRY_POINTS, family)


def save_generator(path: Path, generator: Generator, about: dict[str, Any] | None = None) -> Path:
    """Save as safetensors. The header holds `about`: training, data and scores (by default, what is known)."""
    known = generator.about if about is None else about
    settings = {"kind": "generator", "family": generator.family, "network": generator.settings(), "about": known}
    return storage.save_tensors(path, dict(generator.state_dict()), settings)


def load_generator(path: str | Path) -> Generator:
    """Load a generator of any registered family, frozen and in evaluation mode.

    Raises:
        ModelError: The file is not a generator, its family is unknown, or its weights do not fit its settings.
    """
    tensors, settings = storage.load_tensors(Path(path))
    if settings.get("kind") != "generator":
        raise ModelError(f"{path}: holds a {settings.get('kind', 'something else')}, not a generator")
    family, network = settings.get("family"), settings.get("network", {})
    build = builder_of(family) if isinstance(family, str) else None
    if build is None:
        known = sorted({*FAMILIES, *plugins.names(ENTRY_POINTS)})
        raise ModelError(f"{path}: unknown generator family {family!r}; known: {', '.join(known)}")
    tensors = unpacked(tensors)
    try:
        generator = build_fitting(partial(build, network), tensors)
        generator.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
    except GigsError as error:  # a family's own word, such as a library that is not installed
        raise ModelError(f"{path}: {error}") from error
    except WRONG as error:
        raise ModelError(f"{path}: weights do not fit the settings they came with ({error})") from error
    generator.about = dict(settings.get("about") or {})
    return generator.freeze()
