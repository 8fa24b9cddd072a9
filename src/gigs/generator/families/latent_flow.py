"""A flow in an autoencoder's latent space as a deterministic generator (rectified flow, Liu et al. 2023; Lipman et al.
2023).

Between a latent and noise lie straight ways (`flow_path`), and the network learned how to go along them. Drawing goes
from noise (t = 1) to a latent (t = 0) in a few steps of Heun's method or of Euler's, and the autoencoder's decoder
draws the picture. Nothing on the way is random, so the noise alone decides. The latent vector z is the standard normal
vector that the noise is made of. Gradients go through every step. Each step is computed again when its gradient is
needed, so memory is that of one step.

A photo is inverted by its encoder and by solving each step backwards, to the fixed point: what is drawn from the z
found is the autoencoder's answer to the photo, up to what the iterations leave. diffusers' flow-matching schedulers
hold the place in the schedule as state and go one way only, so the few lines of a step are written here.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from gigs.generator.base import register
from gigs.generator.families.autoencoder import build_autoencoder, decode, encode, factor
from gigs.generator.families.flow_conditions import Vocabulary, wanted
from gigs.generator.families.flow_network import FlowNetwork
from gigs.generator.families.flow_steps import METHODS, backwards, forwards, times
from gigs.generator.families.told import ToldGenerator, require_strength
from gigs.generator.latent import root_mean_square, sample_normal

SHELL = (0.7, 2.0)  # root mean squares of a latent vector that the flow is trusted with; noise has 1, photos .7 to 3


@dataclass(frozen=True, kw_only=True)
class LatentFlowSettings:
    """A latent flow and how it is used.

    `unet` and `autoencoder` are diffusers configurations. `conditions`: values of each. `directions`: of the noise, as
    `FlowPath` counts them. `prior`: `width` and `blocks` of the network that draws the part along the directions, if it
    is given to the flow. `steps` of `method` draw a picture; Heun's method asks the network twice a step.
    `corrections`: iterations with which a step is solved backwards. `told`: values of conditions to draw with.
    `guidance`: how far beyond what it is told the flow goes; 1 does not, other numbers ask the network twice as often.
    """

    unet: dict[str, Any]
    autoencoder: dict[str, Any]
    conditions: Vocabulary
    directions: int = 0
    prior: dict[str, int] | None = None
    steps: int = 8
    method: str = "heun"
    corrections: int = 12
    told: dict[str, str] | None = None
    guidance: float = 1.0

    def __post_init__(self) -> None:
        if not 1 <= self.steps <= 1000 or self.corrections < 1 or self.directions < 0:
            raise ValueError("steps must be from 1 to 1000, corrections at least 1, and directions 0 or more")
        if self.method not in METHODS:
            raise ValueError(f"method must be one of {', '.join(METHODS)}, not {self.method!r}")
        if self.unet.get("out_channels") != self.autoencoder.get("latent_channels"):
            raise ValueError("the flow must have as many channels as the autoencoder's latents")
        if not isinstance(self.unet.get("sample_size"), int):
            raise ValueError("the UNet must have one sample_size")


class LatentFlow(ToldGenerator):
    """From noise to a latent by the flow, and from there to a picture by the decoder.

    Raises:
        ModelError: diffusers is not installed, or cannot build the networks.
        InputError: `told` names what the flow has not learned.
    """

    family = "latent-flow"
    mean: Tensor
    deviation: Tensor

    def __init__(self, settings: LatentFlowSettings) -> None:
        super().__init__()
        self.config = settings
        self.flow = FlowNetwork(settings.unet, settings.conditions, settings.directions, settings.prior)
        self.autoencoder: Any = build_autoencoder(settings.autoencoder)
        channels, side = settings.unet["out_channels"], settings.unet["sample_size"]
        self.register_buffer("mean", torch.zeros(channels, 1, 1))
        self.register_buffer("deviation", torch.ones(channels, 1, 1))
        self.shape = (channels, side, side)
        self.latent_dim = channels * side * side
        self.resolution = side * factor(settings.autoencoder)
        self.conditions = wanted(settings.conditions, settings.told or {})

    def settings(self) -> dict[str, Any]:
        """The `LatentFlowSettings` as a dict."""
        return asdict(self.config)

    def sample(self, n: int, rng: torch.Generator) -> Tensor:
        """`[n,latent_dim]` standardised normal vectors: the noise at which drawing begins."""
        return sample_normal(n, self.latent_dim, rng)

    def project(self, z: Tensor) -> Tensor:
        """Rows of `z [N,latent_dim]` brought to the shell in which noise lies, if they are not in it.

        Their mean stays as it is: it is one number of thousands, and to a photo's z it matters.
        """
        length = root_mean_square(z)
        return z * (length.clamp(*SHELL) / length)

    def in_steps(self, steps: int, method: str | None = None) -> LatentFlow:
        """This generator with another number of steps, or another method; weights are shared."""
        return self._with(steps=steps, method=method or self.config.method)

    def forward(self, z: Tensor) -> Tensor:
        """`[N,latent_dim]` to `[N,3,resolution,resolution]` in `[0,1]`."""
        return self.draw(self.to_latents(self.noise(z)))

    def noise(self, z: Tensor, start: float = 1.0) -> Tensor:
        """Noise `[N,C,S,S]` of vectors `z [N,latent_dim]`, whose part along the directions the prior draws.

        `start`: the time at which that part is on its way.
        """
        path, prior = self.flow.path, self.flow.prior
        if prior is not None:
            z = path.with_coordinates(z, prior.draw(self._velocity_of(prior), path.coordinates(z), start))
        return path.noise(z)

    @torch.no_grad()
    def normal(self, noise: Tensor, end: float = 1.0) -> Tensor:
        """The vectors `[N,latent_dim]` of noise `[N,C,S,S]`: the inverse of `noise`."""
        path, prior = self.flow.path, self.flow.prior
        z = path.normal(noise)
        if prior is not None:
            z = path.with_coordinates(z, prior.undraw(self._velocity_of(prior), path.coordinates(z), end))
        return z

    def draw(self, latents: Tensor) -> Tensor:
        """Images `[N,3,resolution,resolution]` in `[0,1]` of scaled latents `[N,C,S,S]`."""
        return decode(self.autoencoder, latents * self.deviation + self.mean)

    def latents_of(self, photos: Tensor) -> Tensor:
        """Latents `[N,C,S,S]` of photos `[N,3,R,R]` in `[0,1]`: channels of mean 0, and on average of variance 1."""
        return (encode(self.autoencoder, photos).float() - self.mean) / self.deviation

    def to_latents(self, x: Tensor, start: float = 1.0) -> Tensor:
        """Points `[N,C,S,S]` at time `start` to scaled latents `[N,C,S,S]`."""
        steps = times(self._count(start), start)
        return forwards(self._velocity_of(self.flow.velocity), x, steps, self.config.method)

    @torch.no_grad()
    def to_noise(self, latents: Tensor, end: float = 1.0) -> Tensor:
        """Scaled latents `[N,C,S,S]` to the points at time `end` from which `to_latents` leads to them.

        Each step is solved by iteration, as drawing takes it.
        """
        steps = times(self._count(end), end)
        velocity = self._velocity_of(self.flow.velocity)
        return backwards(velocity, latents, steps, self.config.method, self.config.corrections)

    @torch.no_grad()
    def start_from(self, photos: Tensor) -> Tensor:
        """Latent vectors `[N,latent_dim]` of photos `[N,3,R,R]` in `[0,1]`, by the encoder and the flow backwards."""
        return self.project(self.normal(self.to_noise(self.latents_of(photos))).float())

    @torch.no_grad()
    def renoised(self, photos: Tensor, strength: float, rng: torch.Generator | None = None) -> Tensor:
        """Points `[N,C,S,S]` part of the way from photos to noise; what this flow is told makes no difference.

        With a prior, only what is coarse is on its way, and detail is that of the photos: type and colour are coarse.

        Arguments and errors: `ToldGenerator.redraw`.
        """
        require_strength(strength)
        latents, path = self.latents_of(photos), self.flow.path
        untold = self._with(told=None)
        fresh = None if rng is None else sample_normal(len(latents), self.latent_dim, rng).to(latents.device)
        if self.flow.prior is None:
            if fresh is None:
                return untold.to_noise(latents, strength)
            return torch.lerp(latents, path.noise(fresh), strength)
        noise = untold.to_noise(latents)
        if fresh is None:
            return path.noise(untold.normal(noise, strength))
        z = path.normal(noise)
        coarse = torch.lerp(path.coordinates(z), path.coordinates(fresh), strength)
        return path.noise(path.with_coordinates(z, coarse))

    @torch.no_grad()
    def back(self, points: Tensor, strength: float) -> Tensor:
        """Pictures `[N,3,R,R]` in `[0,1]` to which points `[N,C,S,S]` at time `strength` lead."""
        if self.flow.prior is None:
            return self.draw(self.to_latents(points, strength))
        return self.draw(self.to_latents(self.noise(self.flow.path.normal(points), strength)))

    def _count(self, reach: float) -> int:
        """Steps of a part of the way, as many as there would be of the whole."""
        return max(1, round(self.config.steps * reach))


@register("latent-flow")
def build_latent_flow(settings: dict[str, Any]) -> LatentFlow:
    """Build from the settings that `LatentFlow.settings` returned."""
    return LatentFlow(LatentFlowSettings(**settings))
