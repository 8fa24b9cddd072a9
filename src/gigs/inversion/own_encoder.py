"""A generator's own answer to a photo, where an encoder's is asked for."""

from __future__ import annotations

from torch import Tensor, nn

from gigs.generator.base import Generator


class OwnEncoder(nn.Module):
    """Photos `[N,3,R,R]` in `[0,1]` to latent vectors `[N,D]`, by a generator that can be solved for them.

    Args:
        generator: Of a family that `inverts`. Its weights are not this module's.
    """

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self._generator = [generator]  # a list hides it from parameters() and state_dict()
        self.resolution, self.latent_dim, self.space = generator.drawn_at, generator.latent_dim, generator.space

    def forward(self, images: Tensor) -> Tensor:
        """As `Generator.start_from`."""
        found = self._generator[0].start_from(images)
        assert found is not None
        return found


def own_encoder(generator: Generator) -> OwnEncoder | None:
    """What stands for an encoder of this generator; None if it needs a trained one."""
    return OwnEncoder(generator) if generator.inverts else None
