"""Progressive growing as a function of the number of images shown, so that a resumed run needs no extra state."""

from __future__ import annotations

from dataclasses import dataclass

from gigs.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Growth:
    """How many images each resolution sees before the next is faded in.

    `images_below_top[k]` images are shown at resolution `start * 2^k`, of which the first `fade` share (except at the
    start) fades the level in; the top resolution takes the rest.
    """

    start: int = 8
    images_below_top: tuple[int, ...] = (40_000, 80_000, 120_000)
    fade: float = 0.4
    top_fade_images: int = 30_000

    def __post_init__(self) -> None:
        if self.start < 4 or self.start & (self.start - 1):
            raise ValueError(f"growth must start at a power of two of at least 4, not {self.start}")
        if any(count < 1 for count in self.images_below_top) or not 0 <= self.fade <= 1 or self.top_fade_images < 0:
            raise ValueError("growth needs positive image counts and a fade share in [0, 1]")

    def check(self, resolution: int) -> None:
        """Refuse a schedule that does not end at `resolution`."""
        if self.start << len(self.images_below_top) != resolution:
            raise ValueError(
                f"growing from {self.start} px through {len(self.images_below_top)} levels misses {resolution} px"
            )

    def at(self, shown: int) -> tuple[int, float]:
        """`(level, alpha)` after `shown` images; level 0 is 4 px, alpha 1 means fully faded in."""
        lowest = self.start.bit_length() - 3
        index, inside = self._place(shown)
        if index == 0:
            return lowest, 1.0
        below_top = index < len(self.images_below_top)
        fade = self.fade * self.images_below_top[index] if below_top else self.top_fade_images
        return lowest + index, _ramp(inside, fade)

    def since_level_began(self, shown: int) -> int:
        """Images shown at the present level."""
        return self._place(shown)[1]

    def _place(self, shown: int) -> tuple[int, int]:
        """Which level of the schedule, counted from 0, and the images shown in it."""
        for index, count in enumerate(self.images_below_top):
            if shown < count:
                return index, shown
            shown -= count
        return len(self.images_below_top), shown


def _ramp(shown: int, images: float) -> float:
    return 1.0 if images <= 0 else min(1.0, shown / images)


def parse_growth(text: str, resolution: int) -> Growth:
    """`8:40000,16:80000` (resolution:photos, rising by doubling) to the growth that ends at `resolution`.

    Raises:
        InputError: The text is of another form, or the levels do not lead to `resolution`.
    """
    try:
        levels = [(int(side), int(count)) for side, count in (part.split(":") for part in text.split(",") if part)]
    except ValueError as error:
        raise InputError(f"`grow` {text!r}: write resolution:photos pairs, such as 8:40000,16:80000") from error
    levels = [(side, count) for side, count in levels if side < resolution]
    expected = [resolution >> shift for shift in range(len(levels), 0, -1)]
    if [side for side, _ in levels] != expected or any(count < 1 for _, count in levels):
        raise InputError(f"`grow` {text!r}: the levels must double up to half of {resolution} px, with photos at each")
    start = levels[0][0] if levels else resolution
    try:
        return Growth(start=start, images_below_top=tuple(count for _, count in levels))
    except ValueError as error:
        raise InputError(f"`grow` {text!r} with `resolution` {resolution}: {error}") from error
