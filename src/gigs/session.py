"""What requests load, kept for the next one: to read a pack and its networks takes seconds."""

from __future__ import annotations

from functools import cached_property

from gigs.packs import Pack, load_pack
from gigs.vision.lpips import PerceptualLoss


class Loaded:
    """Packs and LPIPS, each read when it is first asked for."""

    def __init__(self) -> None:
        self._packs: dict[str, Pack] = {}

    def pack(self, name: str) -> Pack:
        """A pack by name, checked when it is first asked for; it keeps the networks that were read from it."""
        if name not in self._packs:
            self._packs[name] = load_pack(name)
        return self._packs[name]

    @cached_property
    def perceptual(self) -> PerceptualLoss:
        """LPIPS on VGG16."""
        return PerceptualLoss("vgg")
