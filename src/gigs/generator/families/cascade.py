"""A cascade: a flow draws what is coarse, linear components make a blurred picture of it, and a refiner makes it sharp.

A vector of the space z has two parts. Along 256 principal directions of whole pictures, a `FlowPrior` turns it into
numbers that say type, cut and colour. The rest is detail: the principal components of squares of pixels that the
directions leave out. Decoded linearly, both together are a picture, blurred where there is no detail. The refiner, a
UNet over patches of pixels, redraws it as a photo (a cascade, Ho et al. 2022; trained as for super-resolution by a
loss of features and a critic, Ledig et al. 2017).

So a photo is inverted without any network for it: its components are linear, and the prior is a flow that is solved
backwards. In the space `coarse`, which is searched unless said otherwise, vectors have no detail, and the refiner
invents what is missing. In `z`, a photo's detail is kept.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import pixel_shuffle, pixel_unshuffle

from gigs.generator.base import register
from gigs.generator.families.flow_conditions import Vocabulary, wanted
from gigs.generator.families.flow_network import new_unet
from gigs.generator.families.flow_path import FlowPath
from gigs.generator.families.flow_prior import FlowPrior
from gigs.generator.families.told import ToldGenerator, require_strength
from gigs.generator.latent import root_mean_square, sample_normal

SPACES = ("coarse", "z")
DETAIL = 0.2  # standard deviation of the detail of vectors sampled in z; of a photo's it is about 1
LONGEST = 3.0  # root mean square of a latent vector that the refiner is trusted with


@dataclass(frozen=True, kw_only=True)
class CascadeSettings:
    """Sizes of a cascade, and how it is used.

    `refiner`: a diffusers configuration of a `UNet2DModel`. `channels`: components of a square of `factor` x `factor`
    pixels. `side`: squares along a picture's side. `directions`: of whole pictures. `prior`: `width` and `blocks`.
    `conditions`: values of each. `told`: values of conditions to draw with. `guidance`: how far beyond what it is told
    the prior goes; 1 does not. `space`: "coarse" for the coarse part alone, or "z".
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
    space: str = SPACES[0]

    def __post_init__(self) -> None:
        if min(self.channels, self.factor, self.side, self.directions) < 1:
            raise ValueError("channels, factor, side and directions must be at least 1")
        if self.space not in SPACES:
            raise ValueError(f"space must be one of {', '.join(SPACES)}, not {self.space!r}")
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
    inverts = True
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
        self._enter(settings.space)
        self.resolution = settings.resolution
        self.conditions = wanted(settings.conditions, settings.told or {})

    def settings(self) -> dict[str, Any]:
        """The `CascadeSettings` as a dict."""
        return asdict(self.config)

    @property
    def spaces(self) -> tuple[str, ...]:
        """`coarse` has no detail: the refiner draws what belongs to the coarse part. `z` has both."""
        return SPACES

    def in_space(self, space: str) -> Cascade:
        """This generator with latent vectors in another space. Weights are shared, not copied.

        Raises:
            InputError: There is no such space.
        """
        if space not in SPACES:
            super().in_space(space)
        other = self._with(space=space)
        other._enter(space)
        return other

    def _enter(self, space: str) -> None:
        self.space = space
        channels, side, _ = self.shape
        self.latent_dim = channels * side**2 if space == "z" else self.config.directions

    def sample(self, n: int, rng: torch.Generator) -> Tensor:
        """`[n,latent_dim]` normal vectors of variance 1; in `z`, their detail has `DETAIL` squared."""
        z = sample_normal(n, self.latent_dim, rng).to(self.mean.device)
        return z if self.space == "coarse" else self.path.with_coordinates(DETAIL * z, self.path.coordinates(z))

    def project(self, z: Tensor) -> Tensor:
        """Rows of `z [N,latent_dim]` that are too long, shortened to a root mean square of `LONGEST`."""
        length = root_mean_square(z)
        return z * (length.clamp(max=LONGEST) / length)

    def forward(self, z: Tensor) -> Tensor:
        """`[N,latent_dim]` to `[N,3,resolution,resolution]` in `[0,1]`."""
        whole = z if self.space == "z" else z.new_zeros(len(z), self.path.directions.shape[1])
        points = self.path.coordinates(z) if self.space == "z" else z
        coarse = self.prior.draw(self._velocity_of(self.prior), points)
        return self.drawn(self.path.with_coordinates(whole, coarse))

    def drawn(self, vectors: Tensor) -> Tensor:
        """Pictures `[N,3,R,R]` in `[0,1]` of vectors `[N,latent_dim]` whose coarse part is as the prior draws it."""
        return self.draw(self.path.noise(vectors))

    def draw(self, latents: Tensor) -> Tensor:
        """Pictures `[N,3,R,R]` in `[0,1]` of scaled latents `[N,C,S,S]`."""
        return self.refined(self.blurred(latents)).float().add(1).div(2).clamp(0, 1)

    def blurred(self, latents: Tensor) -> Tensor:
        """What components alone make of scaled latents `[N,C,S,S]`: `[N,3,R,R]` in about `[-1,1]`."""
        pictures: Tensor = self.synthesis(latents * self.deviation + self.mean)
        return pictures

    def refined(self, blurred: Tensor) -> Tensor:
        """Blurred pictures `[N,3,R,R]` redrawn by the refiner, both in about `[-1,1]`."""
        patch = self.config.patch
        seen = pixel_unshuffle(blurred, patch)
        added = self.refiner(seen, torch.zeros(len(seen), device=seen.device)).sample
        return blurred + pixel_shuffle(added, patch)

    def latents_of(self, photos: Tensor) -> Tensor:
        """Latents `[N,C,S,S]` of photos `[N,3,R,R]` in `[0,1]`: channels of mean 0, and on average of variance 1."""
        return (self.analysis(photos * 2 - 1).float() - self.mean) / self.deviation

    def vectors_of(self, photos: Tensor) -> Tensor:
        """Vectors `[N,latent_dim]` of photos `[N,3,R,R]` in `[0,1]`, as `drawn` takes them."""
        return self.path.normal(self.latents_of(photos))

    @torch.no_grad()
    def start_from(self, photos: Tensor) -> Tensor:
        """Latent vectors `[N,latent_dim]` of photos `[N,3,R,R]` in `[0,1]`, by components and the prior backwards."""
        vectors = self._taken(self.vectors_of(photos), 1.0)
        return self.project(self.path.coordinates(vectors) if self.space == "coarse" else vectors)

    @torch.no_grad()
    def redrawn(self, photos: Tensor) -> Tensor:
        """As `Generator.redrawn`, without the way to noise and back; vectors above `LONGEST` are not shortened."""
        vectors = self.vectors_of(photos)
        if self.space == "coarse":
            vectors = self.path.with_coordinates(torch.zeros_like(vectors), self.path.coordinates(vectors))
        return self.drawn(vectors)

    @torch.no_grad()
    def renoised(self, photos: Tensor, strength: float, rng: torch.Generator | None = None) -> Tensor:
        """Vectors `[N,latent_dim]` of photos, their coarse part on its way to noise. Detail stays.

        Arguments and errors: `ToldGenerator.redraw`.
        """
        require_strength(strength)
        vectors, path = self.vectors_of(photos), self.path
        if rng is None:
            return self._with(told=None)._taken(vectors, strength)
        coarse = path.coordinates(vectors)
        fresh = torch.randn(coarse.shape, generator=rng).to(coarse.device)
        return path.with_coordinates(vectors, torch.lerp(coarse, fresh, strength))

    @torch.no_grad()
    def back(self, points: Tensor, strength: float) -> Tensor:
        """Pictures `[N,3,R,R]` in `[0,1]` to which vectors `[N,latent_dim]`, coarse at time `strength`, lead."""
        coarse = self.prior.draw(self._velocity_of(self.prior), self.path.coordinates(points), strength)
        return self.drawn(self.path.with_coordinates(points, coarse))

    def _taken(self, vectors: Tensor, end: float) -> Tensor:
        """Vectors whose coarse part is taken by the prior to where it is at time `end`."""
        coarse = self.prior.undraw(self._velocity_of(self.prior), self.path.coordinates(vectors), end)
        return self.path.with_coordinates(vectors, coarse)


@register("cascade")
def build_cascade(settings: dict[str, Any]) -> Cascade:
    """Build from the settings that `Cascade.settings` returned."""
    return Cascade(CascadeSettings(**settings))
