"""What must not change: the product's colour, shape or print, or a marked region of the photo."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from gigs.errors import InputError

KINDS = ("colour", "shape", "print")


@dataclass(frozen=True, kw_only=True)
class Keep:
    """What must not change.

    Attributes:
        colour: No colour is changed: pixels are only moved.
        shape: No pixel is moved: the warp is the identity.
        print: The print is kept: it is moved and scaled as a whole, and every colour is shifted by the same difference
            in CIELAB, so that differences of colour within the garment stay.
        region: Bool `[H,W]` at the photo's size, True where bytes must not change. A region that touches the garment
            keeps the shape as well, because a part that does not move cannot stay joined to one that does.
    """

    colour: bool = False
    shape: bool = False
    print: bool = False
    region: np.ndarray | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if self.region is not None and (self.region.ndim != 2 or self.region.dtype != np.bool_):
            raise InputError(
                f"the region to keep is {self.region.dtype} of shape {self.region.shape}: give a mask of True and "
                "False, [height,width]"
            )

    @classmethod
    def of(cls, names: Iterable[str], region: np.ndarray | None = None) -> Keep:
        """By name, as a command line has them.

        Raises:
            InputError: An unknown name.
        """
        wanted = set(names)
        if unknown := sorted(wanted - set(KINDS)):
            raise InputError(f"cannot keep {unknown[0]!r}; choose from {', '.join(KINDS)}, or give a region")
        return cls(**{kind: kind in wanted for kind in KINDS}, region=region)

    @property
    def names(self) -> tuple[str, ...]:
        """What is kept, for a record."""
        found = tuple(kind for kind in KINDS if getattr(self, kind))
        return found if self.region is None else (*found, "region")
