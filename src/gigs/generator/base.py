"""What a generator is to the rest of gigs, and how one is loaded from disk whatever its family."""

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
from gigs.io.hub import HubMixin

Builder = Callable[[dict[str, Any]], "Generator"]
FAMILIES: dict[str, Builder] = {}
ENTRY_POINTS = "gigs.generators"  # group under which an installed package may name builders of its own


class Generator(HubMixin, nn.Module):
    """Latent vector to picture.

    A family subclasses this, sets `family`, `latent_dim` and `resolution`, and implements `sample`, `forward` and
    `settings`. Calling it must be deterministic and treat every row of a batch on its own.

    What the optimisers move are rows of `latent_dim` numbers of about unit variance, so that a learning rate or a
    search radius means the same in every family; which space they live in is the generator's own business (`spaces`),
    and so is what keeps them there (`project`).
    """

    family: ClassVar[str]
    hub_file = "generator.safetensors"
    latent_dim: int
    resolution: int
    space: str = "z"

    @property
    def spaces(self) -> tuple[str, ...]:
        """Names of the latent spaces that `in_space` knows; the first is the one it was trained on."""
        return ("z",)

    @property
    def drawn_at(self) -> int:
        """Side in pixels at which pictures are drawn; `resolution` is another where they are scaled afterwards."""
        return self.resolution

    def in_space(self, space: str) -> Generator:
        """This generator with its latent vectors in another space; weights are shared, not copied.

        Raises:
            InputError: The family has no such space.
        """
        if space != self.space:
            known = ", ".join(self.spaces)
            raise InputError(f"latent space {space!r}: generators of family {self.family} know {known}")
        return self

    @property
    def classes(self) -> int:
        """How many classes it can draw, one at a time (`of_class`); 0 where it knows none."""
        return 0

    def of_class(self, label: int) -> Generator:
        """This generator drawing one class (a row of its class table); weights are shared.

        Raises:
            InputError: It knows no classes, or none of this number.
        """
        raise InputError(f"class {label}: generators of family {self.family} know no classes")

    def project(self, z: Tensor) -> Tensor:
        """The nearest rows to `z [N,latent_dim]` that the generator can be trusted with.

        Here: mean 0 and standard deviation 1 (Algorithm 1, "Normalization"). Each row on its own, and a projected row
        stays as it is.
        """
        return standardise(z)

    def start_from(self, photos: Tensor) -> Tensor | None:
        """Latent vectors to start an inversion of `[N,3,R,R]` in `[0,1]` from, where a family finds them by itself."""
        return None

    def sample(self, n: int, rng: torch.Generator) -> Tensor:
        """Draw `n` latent vectors `[n,latent_dim]` from the distribution the generator was trained on."""
        raise NotImplementedError

    def forward(self, z: Tensor) -> Tensor:
        """Latent vectors `[N,latent_dim]` to images `[N,3,resolution,resolution]` in `[0,1]`."""
        raise NotImplementedError

    def settings(self) -> dict[str, Any]:
        """Everything but the weights that is needed to build this generator again; JSON-able."""
        raise NotImplementedError

    def hub_write(self, path: Path, **options: Any) -> Path:
        """As `save_generator`."""
        return save_generator(path, self, **options)

    @classmethod
    def hub_read(cls, path: Path) -> Generator:
        """As `load_generator`."""
        return load_generator(path)

    def freeze(self) -> Generator:
        """Evaluation mode, and no gradients for the weights: half of what naive inversion computes is those."""
        return self.eval().requires_grad_(False)


def register(family: str) -> Callable[[Builder], Builder]:
    """Register a builder `settings -> Generator` under a family name."""

    def keep(builder: Builder) -> Builder:
        FAMILIES[family] = builder
        return builder

    return keep


def builder_of(family: str) -> Builder | None:
    """The builder of a family: registered here, or named by an installed package's entry point; None if unknown."""
    return FAMILIES.get(family) or plugins.load(ENTRY_POINTS, family)


def save_generator(path: Path, generator: Generator, about: dict[str, Any] | None = None) -> Path:
    """Save as safetensors; `about` (how trained, on what, scores; by default what is known) travels in the header."""
    known = generator.about if about is None else about
    settings = {"kind": "generator", "family": generator.family, "network": generator.settings(), "about": known}
    return storage.save_tensors(path, dict(generator.state_dict()), settings)


def load_generator(path: str | Path) -> Generator:
    """Load any registered family, frozen and in evaluation mode.

    Raises:
        ModelError: Not a generator, an unknown family, or weights that do not fit their own settings.
    """
    tensors, settings = storage.load_tensors(Path(path))
    if settings.get("kind") != "generator":
        raise ModelError(f"{path}: holds a {settings.get('kind', 'something else')}, not a generator")
    family, network = settings.get("family"), settings.get("network", {})
    build = builder_of(family) if isinstance(family, str) else None
    if build is None:
        known = sorted({*FAMILIES, *plugins.names(ENTRY_POINTS)})
        raise ModelError(f"{path}: unknown generator family {family!r}; known: {', '.join(known)}")
    try:
        generator = build_fitting(partial(build, network), tensors)
        generator.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
    except GigsError as error:  # a family's own word, such as a library that is not installed
        raise ModelError(f"{path}: {error}") from error
    except WRONG as error:
        raise ModelError(f"{path}: weights do not fit the settings they came with ({error})") from error
    generator.about = dict(settings.get("about") or {})
    return generator.freeze()
