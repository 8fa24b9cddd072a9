"""A cascade: a flow draws what is coarse, linear components make a blurred picture of it, and a refiner makes it sharp.

The latent vector z has two parts. Along 256 principal directions of whole pictures a `FlowPrior` turns it into numbers
that say type, cut and colour. The rest is detail: the principal components of squares of pixels that the directions
leave out. Decoded linearly, both together are a picture, blurred where there is no detail. The refiner, a UNet over
patches of pixels, redraws it as a photo (a cascade, Ho et al. 2022; trained as for super-resolution by a loss of
features and a critic, Ledig et al. 2017).

So a photo is inverted without any network for it: its components are linear, and the prior is a flow that is solved
backwards. A photo's detail is its own. A sample has little of it (`DETAIL`), and the refiner invents what is missing.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import pixel_shuffle, pixel_unshuffle

from gigs.errors import InputError
from gigs.generator.base import register
from gigs.generator.families.flow_conditions import Vocabulary, wanted
from gigs.generator.families.flow_network import new_unet
from gigs.generator.families.flow_path import FlowPath
from gigs.generator.families.flow_prior import FlowPrior
from gigs.generator.families.told import ToldGenerator
from gigs.generator.latent import sample_normal

DETAIL = 0.2  # standard deviation of a sampled vector's detail; of a photo's it is about 1
LONGEST = 3.0  # root mean square of a latent vector that the refiner is trusted with


@dataclass(frozen=True, kw_only=True)
class CascadeSettings:
    """Sizes of a cascade, and how it is used.

    `refiner`: a diffusers configuration of a `UNet2DModel`. `channels`: components of a square of `factor` x `factor`
    pixels. `side`: squares along a picture's side. `directions`: of whole pictures. `prior`: `width` and `blocks`.
    `conditions`: values of each. `told`: values of conditions to draw with. `guidance`: how far beyond what it is told
    the prior goes; 1 does not.
    """

    refiner: dict[str, Any]
    channels: int
    factor: int
    side: int
    directions: int
    prior: dict[str, int]
    conditions: Vocabulary
    told: dict[str, str] | None = None
    guidance: float = 1.0

    def __post_init__(self) -> None:
        if min(self.channels, self.factor, self.side, self.directions) < 1:
            raise ValueError("channels, factor, side and directions must be at least 1")
        seen = self.patch * int(self.refiner["sample_size"])
        if seen != self.resolution or self.refiner.get("in_channels") != 3 * self.patch**2:
            raise ValueError(f"the refiner must see whole patches of pictures of {self.resolution} pixels a side")

    @property
    def resolution(self) -> int:
        """Side of the pictures in pixels."""
        return self.factor * self.side

    @property
    def patch(self) -> int:
        """Side in pixels of the patches that the refiner sees."""
        return max(1, self.resolution // int(self.refiner["sample_size"]))


class Cascade(ToldGenerator):
    """From a vector to a blurred picture by prior and components, and from there to a sharp one by the refiner.

    Raises:
        ModelError: diffusers is not installed, or cannot build the refiner.
        InputError: `told` names what the generator has not learned.
    """

    family = "cascade"
    mean: Tensor
    deviation: Tensor

    def __init__(self, settings: CascadeSettings) -> None:
        super().__init__()
        self.config = settings
        self.shape = (settings.channels, settings.side, settings.side)
        self.path = FlowPath(self.shape, settings.directions)
        self.prior = FlowPrior(
            settings.directions, settings.prior["width"], settings.prior["blocks"], settings.conditions
        )
        self.analysis = nn.Conv2d(3, settings.channels, settings.factor, settings.factor)
        self.synthesis = nn.ConvTranspose2d(settings.channels, 3, settings.factor, settings.factor)
        self.refiner: Any = new_unet(settings.refiner)
        nn.init.zeros_(self.refiner.conv_out.weight)
        nn.init.zeros_(self.refiner.conv_out.bias)
        self.register_buffer("mean", torch.zeros(settings.channels, 1, 1))
        self.register_buffer("deviation", torch.ones(settings.channels, 1, 1))
        self.latent_dim = settings.channels * settings.side**2
        self.resolution = settings.resolution
        self.conditions = wanted(settings.conditions, settings.told or {})

    def settings(self) -> dict[str, Any]:
        """The `CascadeSettings` as a dict."""
        return asdict(self.config)

    def sample(self, n: int, rng: torch.Generator) -> Tensor:
        """`[n,latent_dim]` normal vectors of variance 1 in their coarse part, and of `DETAIL` squared in the rest."""
        z = sample_normal(n, self.latent_dim, rng).to(self.mean.device)
        return self.path.with_coordinates(DETAIL * z, self.path.coordinates(z))

    def project(self, z: Tensor) -> Tensor:
        """Rows of `z [N,latent_dim]` that are too long, shortened to a root mean square of `LONGEST`."""
        length = z.square().mean(dim=1, keepdim=True).add(1e-12).sqrt()
        return z * (length.clamp(max=LONGEST) / length)

    def forward(self, z: Tensor) -> Tensor:
        """`[N,latent_dim]` to `[N,3,resolution,resolution]` in `[0,1]`."""
        coarse = self.prior.draw(self._velocity_of(self.prior), self.path.coordinates(z))
        return self.drawn(self.path.with_coordinates(z, coarse))

    def drawn(self, vectors: Tensor) -> Tensor:
        """Pictures `[N,3,R,R]` in `[0,1]` of vectors `[N,latent_dim]` whose coarse part is as the prior draws it."""
        return self.refined(self.blurred(vectors)).float().add(1).div(2).clamp(0, 1)

    def blurred(self, vectors: Tensor) -> Tensor:
        """What components alone make of such vectors, `[N,3,R,R]` in about `[-1,1]`."""
        latents = self.path.noise(vectors) * self.deviation + self.mean
        pictures: Tensor = self.synthesis(latents)
        return pictures

    def refined(self, blurred: Tensor) -> Tensor:
        """Blurred pictures `[N,3,R,R]` redrawn by the refiner, both in about `[-1,1]`."""
        patch = self.config.patch
        seen = pixel_unshuffle(blurred, patch)
        added = self.refiner(seen, torch.zeros(len(seen), device=seen.device)).sample
        return blurred + pixel_shuffle(added, patch)

    def vectors_of(self, photos: Tensor) -> Tensor:
        """Vectors `[N,latent_dim]` of photos `[N,3,R,R]` in `[0,1]`, as `drawn` takes them."""
        latents = (self.analysis(photos * 2 - 1).float() - self.mean) / self.deviation
        return self.path.normal(latents)

    @torch.no_grad()
    def start_from(self, photos: Tensor) -> Tensor:
        """Latent vectors `[N,latent_dim]` of photos `[N,3,R,R]` in `[0,1]`, by components and the prior backwards."""
        return self.project(self._taken(self.vectors_of(photos), 1.0))

    @torch.no_grad()
    def redraw(self, photos: Tensor, strength: float, rng: torch.Generator | None = None) -> Tensor:
        """Photos `[N,3,R,R]`, their coarse part taken part of the way to noise and back by what this generator is told.

        Their detail stays as it is.

        Args:
            photos: In `[0,1]`, at the generator's resolution.
            strength: In (0,1], the time to which they are taken: how much may change.
            rng: Takes them there by fresh noise (Meng et al. 2022, SDEdit); without it, they go by the prior that is
                told nothing, which keeps more of them.

        Returns:
            `[N,3,R,R]` in `[0,1]`.

        Raises:
            InputError: `strength` is not in (0,1].
        """
        if not 0 < strength <= 1:
            raise InputError(f"strength must be above 0 and at most 1, not {strength}")
        vectors = self.vectors_of(photos)
        coarse = self.path.coordinates(vectors)
        if rng is None:
            points = self.path.coordinates(self._with(told=None)._taken(vectors, strength))
        else:
            fresh = torch.randn(coarse.shape, generator=rng).to(coarse.device)
            points = torch.lerp(coarse, fresh, strength)
        back = self.prior.draw(self._velocity_of(self.prior), points, strength)
        return self.drawn(self.path.with_coordinates(vectors, back))

    def _taken(self, vectors: Tensor, end: float) -> Tensor:
        """Vectors whose coarse part is taken by the prior to where it is at time `end`."""
        coarse = self.prior.undraw(self._velocity_of(self.prior), self.path.coordinates(vectors), end)
        return self.path.with_coordinates(vectors, coarse)


@register("cascade")
def build_cascade(settings: dict[str, Any]) -> Cascade:
    """Build from the settings that `Cascade.settings` returned."""
    return Cascade(CascadeSettings(**settings))
