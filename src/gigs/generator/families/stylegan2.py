"""StyleGAN2 (Karras et al. 2020) in plain PyTorch: no compiled extension, the same on every device.

The latent vectors that gigs optimises live in one of three spaces. `z`: what the mapping network takes. `w`: what it
gives, one vector for the whole picture. `w+`: one such vector for every layer, which fits more photos and strays
further from what the generator was trained on. Vectors in `w` and `w+` are counted in standard deviations from the mean
w, per coordinate, so that a learning rate and a search radius mean what they mean in `z`.
"""

from __future__ import annotations

import copy
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gigs.errors import InputError
from gigs.generator.base import Generator, register
from gigs.generator.families.stylegan2_layers import Dense, StyledConv, ToColours, enlarge, leaky
from gigs.generator.latent import sample_normal, standardise
from gigs.vision.pixel_norm import PixelNorm

SPACES = ("z", "w", "w+")
LEVELS = range(2, 10)  # resolutions from 8 to 1024
DRAWS = 4096  # from which the mean and deviation of w are estimated


@dataclass(frozen=True, kw_only=True)
class StyleGAN2Settings:
    """Sizes of a StyleGAN2 and how it is used.

    `channels` are the feature maps of every level, from 4 px up. `mapping`: layers of the mapping network, `hidden`
    wide, trained at `rate` times the learning rate. `classes`: 0, or the length of its class table. `clamp`: bound on
    every layer's output, for networks trained in half precision. `space`: where latent vectors live. `label`: the class
    drawn. `truncation`: psi; below 1, w is drawn towards its mean.
    """

    channels: tuple[int, ...]
    z_dim: int = 512
    w_dim: int = 512
    hidden: int = 512
    mapping: int = 8
    rate: float = 0.01
    classes: int = 0
    clamp: float | None = None
    space: str = "z"
    label: int | None = None
    truncation: float = 1.0

    def __post_init__(self) -> None:
        if len(self.channels) not in LEVELS:
            raise ValueError(f"a generator has {LEVELS.start} to {LEVELS.stop - 1} levels, not {len(self.channels)}")
        if min(*self.channels, self.z_dim, self.w_dim, self.hidden, self.mapping) < 1 or self.classes < 0:
            raise ValueError("channels, z_dim, w_dim, hidden and mapping must be positive, classes not negative")
        if self.mapping > 64:
            raise ValueError(f"a mapping network has at most 64 layers, not {self.mapping}")
        if self.space not in SPACES:
            raise ValueError(f"space must be one of {', '.join(SPACES)}, not {self.space!r}")
        if self.label is not None and not 0 <= self.label < self.classes:
            raise ValueError(f"label {self.label}: there are {self.classes} classes")
        if not 0 < self.truncation <= 1 or self.rate <= 0 or (self.clamp is not None and self.clamp <= 0):
            raise ValueError("truncation must be in (0, 1], rate and clamp positive")

    @property
    def resolution(self) -> int:
        """Side in pixels of the picture."""
        return 4 << (len(self.channels) - 1)

    @property
    def layers(self) -> int:
        """How many style vectors a picture takes: one for each convolution, and one for the last colours."""
        return 2 * len(self.channels)


class Mapping(nn.Module):
    """z, and a class where there are any, to w."""

    def __init__(self, settings: StyleGAN2Settings) -> None:
        super().__init__()
        self.norm = PixelNorm()
        embedded = settings.w_dim if settings.classes else 0
        self.embed = Dense(settings.classes, embedded) if settings.classes else None
        widths = [settings.z_dim + embedded, *[settings.hidden] * (settings.mapping - 1), settings.w_dim]
        self.layers = nn.ModuleList(Dense(*pair, rate=settings.rate) for pair in pairwise(widths))

    def forward(self, z: Tensor, label: int | None) -> Tensor:
        """`[N,z_dim]` to `[N,w_dim]`; `label` is a row of the class table."""
        x = self.norm(z)
        if self.embed is not None:
            if label is None:
                raise InputError(f"this generator draws {self.embed.weight.shape[1]} classes; choose one with `label`")
            one = F.one_hot(torch.full((len(z),), label, device=z.device), self.embed.weight.shape[1]).to(z.dtype)
            x = torch.cat([x, self.norm(self.embed(one))], dim=1)
        for layer in self.layers:
            x = leaky(layer(x))
        return x


class Level(nn.Module):
    """One resolution: two convolutions (one at 4 px), and colours added to the enlarged picture so far."""

    def __init__(self, settings: StyleGAN2Settings, level: int) -> None:
        super().__init__()
        outputs, side = settings.channels[level], 4 << level
        shared: dict[str, Any] = {"w_dim": settings.w_dim, "side": side, "clamp": settings.clamp}
        inputs = settings.channels[level - 1]
        self.up = StyledConv(inputs, outputs, up=True, **shared) if level else None
        self.conv = StyledConv(outputs, outputs, **shared)
        self.colours = ToColours(outputs, w_dim=settings.w_dim, clamp=settings.clamp)

    def forward(self, x: Tensor, picture: Tensor | None, styles: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Features and picture at this level; `styles` begins with its own first one."""
        if self.up is not None:
            x, styles = self.up(x, styles[0]), styles[1:]
        x = self.conv(x, styles[0])
        drawn = self.colours(x, styles[1])
        return x, drawn if picture is None else enlarge(picture) + drawn


class StyleGAN2(Generator):
    """Mapping and synthesis with skip connections (configuration F's generator); the noise inputs are held constant."""

    family = "stylegan2"
    w_mean: Tensor
    w_std: Tensor

    def __init__(self, settings: StyleGAN2Settings) -> None:
        super().__init__()
        self.mapping = Mapping(settings)
        self.const = nn.Parameter(torch.randn(settings.channels[0], 4, 4))
        self.levels = nn.ModuleList(Level(settings, level) for level in range(len(settings.channels)))
        self.register_buffer("w_mean", torch.zeros(settings.w_dim))
        self.register_buffer("w_std", torch.ones(settings.w_dim))
        self._take(settings)

    @property
    def spaces(self) -> tuple[str, ...]:
        """z, w and w+."""
        return SPACES

    def in_space(self, space: str) -> StyleGAN2:
        """This generator, its weights shared, with latent vectors in `z`, `w` or `w+`."""
        if space not in SPACES:
            super().in_space(space)
        return self._using(replace(self.config, space=space))

    @property
    def classes(self) -> int:
        """Rows of its class table."""
        return self.config.classes

    def of_class(self, label: int) -> StyleGAN2:
        """This generator, its weights shared, drawing one class; the statistics of w are then the class's own."""
        if not 0 <= label < self.config.classes:
            raise InputError(f"class {label}: this generator has {self.config.classes} classes, counted from 0")
        other = self._using(replace(self.config, label=label))
        other._buffers = dict(self._buffers)  # the statistics alone are not shared
        return other.measure()

    def truncated(self, psi: float) -> StyleGAN2:
        """This generator, its weights shared, drawing w nearer to its mean by `psi` in (0, 1]."""
        return self._using(replace(self.config, truncation=psi))

    def project(self, z: Tensor) -> Tensor:
        """Standardised rows in `z`; in `w` and `w+` the search is held by its radius and its start alone."""
        return standardise(z) if self.space == "z" else z

    def sample(self, n: int, rng: torch.Generator) -> Tensor:
        """`[n,latent_dim]`: random z, or where they lead to in `w` and `w+` (`latent_dim` is layers x w_dim there)."""
        z = sample_normal(n, self.config.z_dim, rng)
        if self.space == "z":
            return z
        with torch.no_grad():
            w = self.mapping(z.to(self.w_mean.device), self.config.label)
        code = (self.config.truncation * (w - self.w_mean) / self.w_std).float().cpu()
        return code.repeat(1, self.config.layers) if self.space == "w+" else code

    def styles(self, latent: Tensor) -> Tensor:
        """`[N,latent_dim]` of the present space to the styles of all layers, `[N,layers,w_dim]`."""
        if self.space == "w+":
            return self.w_mean + self.w_std * latent.unflatten(1, (self.config.layers, -1))
        if self.space == "w":
            w = self.w_mean + self.w_std * latent
        else:
            w = torch.lerp(self.w_mean, self.mapping(latent, self.config.label).float(), self.config.truncation)
        return w[:, None].expand(-1, self.config.layers, -1)

    def forward(self, z: Tensor) -> Tensor:
        """`[N,latent_dim]` to `[N,3,resolution,resolution]` in `[0,1]`."""
        return self.synthesise(z).float().add(1).div(2).clamp(0, 1)

    def synthesise(self, z: Tensor, level: int | None = None, alpha: float | Tensor = 1.0) -> Tensor:
        """Picture in about `[-1,1]`, unclamped, of the present space's vectors.

        At a `level` below the top, the picture as far as that resolution; at `alpha` < 1 blended with the level before.
        """
        styles = list(self.styles(z).unbind(1))
        x, picture, before = self.const.expand(len(z), -1, -1, -1), None, None
        for number, each in enumerate(self.levels[: None if level is None else level + 1]):
            before = picture
            x, picture = each(x, picture, styles[max(0, 2 * number - 1) :])
        assert picture is not None
        if before is None or (not isinstance(alpha, Tensor) and alpha >= 1):
            return picture
        return torch.lerp(enlarge(before).float(), picture.float(), alpha)

    @torch.no_grad()
    def measure(self) -> StyleGAN2:
        """Estimate mean and deviation of w anew, over the class drawn or over all; always from the same draws."""
        rng = torch.Generator().manual_seed(0)
        z = torch.randn(DRAWS, self.config.z_dim, generator=rng).to(self.const.device)
        classes = self.config.classes
        if self.config.label is None and classes:
            shares = zip(z.chunk(min(classes, 64)), range(0, classes, -(-classes // 64)), strict=False)
            w = torch.cat([self.mapping(part, label) for part, label in shares])
        else:
            w = self.mapping(z, self.config.label)
        self.w_mean, self.w_std = w.mean(0), w.std(0).clamp_min(1e-3 * float(w.std()) + 1e-12)
        return self

    def settings(self) -> dict[str, Any]:
        """The `StyleGAN2Settings` as a dict."""
        return {**asdict(self.config), "channels": list(self.config.channels)}

    def _using(self, settings: StyleGAN2Settings) -> StyleGAN2:
        other = copy.copy(self)
        other._take(settings)
        return other

    def _take(self, settings: StyleGAN2Settings) -> None:
        self.config, self.space, self.resolution = settings, settings.space, settings.resolution
        sizes = {"z": settings.z_dim, "w": settings.w_dim, "w+": settings.w_dim * settings.layers}
        self.latent_dim = sizes[settings.space]


@register("stylegan2")
def build_stylegan2(settings: dict[str, Any]) -> StyleGAN2:
    """Build from the settings that `StyleGAN2.settings` returned."""
    return StyleGAN2(StyleGAN2Settings(**{**settings, "channels": tuple(settings["channels"])}))
