"""The way of a latent flow between noise and a latent: where noise lies, and what the network is asked on the way.

Noise is not white. It has the mean of the catalogue's latents, their scale in each channel, and their variance along
the strongest principal directions of whole pictures (a prior fitted to the data, as in PriorGrad: Lee et al. 2022). So
the network begins with blurred products and not with snow, and needs far fewer photos to learn where products are.

The network predicts the latent, not the velocity (Li and He 2025): most of a product photo is an empty backdrop, and an
answer of exactly nothing is easier to learn than noise to subtract. Close to the latent, where there is little noise,
the point itself is most of the prediction, as in Karras et al. (2022). So the way can be gone backwards.

With `coarse`, noise is not independent of the latent: it has the latent's own part along the directions, as in Albergo
et al. (2024). Then a way leads from a blurred picture to the sharp one, and what is blurred is drawn by a `FlowPrior`.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

NEAR = 0.1  # ratio of noise to latent at which the point is half of the prediction
EARLIEST = 0.05  # time below which the velocity's error counts no more than there
BLUR = 0.2  # at most, of the noise on a coarse part that is given in training: one that is drawn has errors, too
ROUNDS = 2  # of fitting scale and directions to each other


class FlowPath(nn.Module):
    """Straight ways x(t) = (1 - t) latent + t noise, t from 0 to 1.

    Args:
        shape: Of a latent, `(C,S,S)`.
        directions: How many principal directions noise varies along as latents do. 0 for white noise.
        coarse: The part along the directions is given, and the network sees it beside the point: it has twice as
            many channels to look at.
    """

    mean: Tensor
    scale: Tensor
    directions: Tensor
    lengths: Tensor

    def __init__(self, shape: tuple[int, int, int], directions: int, coarse: bool = False) -> None:
        super().__init__()
        self.shape, self.coarse = shape, coarse
        size = shape[0] * shape[1] * shape[2]
        self.register_buffer("mean", torch.zeros(shape))
        self.register_buffer("scale", torch.ones(shape[0], 1, 1))
        self.register_buffer("directions", torch.zeros(directions, size))
        self.register_buffer("lengths", torch.ones(directions))

    @torch.no_grad()
    def fit(self, latents: Tensor, rng: torch.Generator) -> None:
        """Take mean, scale and directions from latents `[N,C,S,S]`, N well above the number of directions."""
        count = len(self.directions)
        self.mean.copy_(latents.mean(dim=0))
        centred = latents - self.mean
        rest = centred
        for _ in range(ROUNDS):
            self.scale.copy_(rest.square().mean(dim=(0, 2, 3)).clamp_min(1e-8).sqrt()[:, None, None])
            if not count:
                return
            rows = (centred / self.scale).flatten(1)
            found = _principal(rows, count, rng)
            within = rows @ found.T
            rest = (rows - within @ found).view_as(centred) * self.scale
        self.directions.copy_(found)
        self.lengths.copy_(within.square().mean(dim=0).sqrt())

    def noise(self, z: Tensor) -> Tensor:
        """Noise `[N,C,S,S]` of standard normal vectors `z [N,C*S*S]`."""
        return self._stretched(z, self.lengths).unflatten(1, self.shape) * self.scale + self.mean

    def normal(self, noise: Tensor) -> Tensor:
        """The vectors `[N,C*S*S]` of noise `[N,C,S,S]`: the inverse of `noise`."""
        return self._stretched(((noise - self.mean) / self.scale).flatten(1), 1 / self.lengths)

    def coordinates(self, z: Tensor) -> Tensor:
        """The part `[N,directions]` of vectors `z [N,C*S*S]` along the directions.

        Of `normal(latents)`, these are the latents' principal components, with variance 1 over the catalogue.
        """
        with torch.autocast(z.device.type, enabled=False):
            return z.float() @ self.directions.T

    def with_coordinates(self, z: Tensor, coordinates: Tensor) -> Tensor:
        """Vectors `z [N,C*S*S]` with another part `[N,directions]` along the directions."""
        with torch.autocast(z.device.type, enabled=False):
            return z + (coordinates.float() - self.coordinates(z)) @ self.directions

    def noise_like(self, latents: Tensor, z: Tensor, blur: Tensor) -> Tensor:
        """Noise `[N,C,S,S]` of vectors `z [N,C*S*S]` that has the coarse part of latents `[N,C,S,S]`.

        `blur`: `[N,1]` in `[0,BLUR]`, how much of z's own coarse part is added.
        """
        given = self.coordinates(self.normal(latents)) + blur * self.coordinates(z)
        return self.noise(self.with_coordinates(z, given))

    def _stretched(self, rows: Tensor, by: Tensor) -> Tensor:
        with torch.autocast(rows.device.type, enabled=False):
            rows = rows.float()
            return rows + ((rows @ self.directions.T) * (by - 1)) @ self.directions

    def predicted(self, network: Callable[..., Tensor], x: Tensor, time: Tensor, told: Tensor) -> Tensor:
        """The latents `[N,C,S,S]` to which points `x [N,C,S,S]` lead, by the network.

        Args:
            network: A `FlowNetwork`, or anything that is called as its `forward` is.
            x: Points on their ways.
            time: `[N]` in `[0,1]`.
            told: `[N,conditions]`.
        """
        t = time[:, None, None, None]
        share = (NEAR * (1 - t)) ** 2 / ((NEAR * (1 - t)) ** 2 + t**2)  # of the point in the prediction
        reach = ((1 - share * (1 - t)) ** 2 + (share * t) ** 2).sqrt()  # of the network's answer
        centred = (x - self.mean) / self.scale
        seen = centred / ((1 - t) ** 2 + t**2).sqrt()
        if not self.coarse:
            return self.mean + self.scale * (share * centred + reach * network(seen, time, told))
        with torch.autocast(x.device.type, enabled=False):
            given = (self.coordinates(centred.flatten(1)) @ self.directions).view_as(centred)
        answer = network(torch.cat([seen, given], dim=1), time, told)
        return self.mean + self.scale * (given + share * (centred - given) + reach * answer)

    def velocity(self, network: Callable[..., Tensor], x: Tensor, time: Tensor, told: Tensor) -> Tensor:
        """How fast points move, `[N,C,S,S]`, towards noise; of latent and noise, it is noise - latent."""
        return (x - self.predicted(network, x, time, told)) / time.clamp_min(EARLIEST)[:, None, None, None]


def _principal(rows: Tensor, count: int, rng: torch.Generator) -> Tensor:
    """Orthonormal rows `[count,D]`: the strongest principal directions of `rows [N,D]`, by power iterations."""
    basis = torch.randn(rows.shape[1], count, generator=rng)
    for _ in range(8):
        basis = torch.linalg.qr(rows.T @ (rows @ basis))[0]
    _, vectors = torch.linalg.eigh((rows @ basis).T @ (rows @ basis))
    return (basis @ vectors.flip(1)).T.contiguous()
