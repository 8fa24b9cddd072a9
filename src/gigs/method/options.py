"""Options of a redesign run, besides photo and audience."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from os import PathLike
from pathlib import Path
from typing import Any, TypedDict

import numpy as np

from gigs.errors import InputError
from gigs.method.presets import DEFAULT, Preset, get_preset, with_budget, with_change
from gigs.progress import OnStep, silent
from gigs.transfer import Keep
from gigs.verify.objective import MEAN


class OptionNames(TypedDict, total=False):
    """Keyword options of `gigs.suggest` and `Session.suggest`.

    Attributes:
        preset: `fast` (the default), `faithful`, `preview` or `paper-text`; or a `Preset`, which already
            includes `n`, `steps`, `change` and `objective`.
        n: Number of redesigns; by default the preset's (8).
        steps: Steps of each loop; by default the preset's.
        change: From 0 (change less) to 1 (improve more); 0.5 leaves the preset unchanged.
        budget: Largest LPIPS (VGG16) from the photo to what is shown on it (for drawn redesigns, from the
            reconstruction). By default there is no limit unless `change` is below 0.5.
        objective: What to raise: `mean`, `worst-decile` or `coverage`.
        seed: From 0; the same seed gives the same pictures.
        render: `photo` shows redesigns on the photo itself, at its own size; `drawn`, as the generator draws them.
        keep: What of the product must not change: any of `colour`, `shape` and `print`.
        keep_region: A mask of the photo's size, white (True) where it must not change: a file, a folder of masks named
            like photos, or an array `[H,W]` (bool, uint8, or float in `[0,1]`).
        mask: The same, white where the product is; without a mask the product is found automatically.
        product_type: What the product is, such as `Shirt`, if the classifier takes it for something else.
        verify: Let judges say whether the gain is real.
        force: Continue with a photo that could not be redrawn as a product.
        on_step: Called with a `gigs.progress.Step` after every step.
    """

    preset: str | Preset
    n: int
    steps: int
    change: float
    budget: float | None
    objective: str
    seed: int
    render: str
    keep: Sequence[str]
    keep_region: Path | np.ndarray | None
    mask: Path | np.ndarray | None
    product_type: str | None
    verify: bool
    force: bool
    on_step: OnStep


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options of `OptionNames`, checked."""

    preset: Preset = field(default_factory=lambda: get_preset(DEFAULT))
    seed: int = 0
    keep: tuple[str, ...] = ()
    keep_region: Path | np.ndarray | None = field(default=None, compare=False)
    mask: Path | np.ndarray | None = field(default=None, compare=False)
    product_type: str | None = None
    verify: bool = True
    force: bool = False
    on_step: OnStep = silent

    def __post_init__(self) -> None:
        if not 0 <= self.seed < 2**63:
            raise InputError(f"the seed must be from 0 to 2^63 - 1, not {self.seed}")
        object.__setattr__(self, "keep", Keep.of((self.keep,) if isinstance(self.keep, str) else self.keep).names)
        for name in ("keep_region", "mask"):
            if isinstance(getattr(self, name), str | PathLike):
                object.__setattr__(self, name, Path(getattr(self, name)))

    @classmethod
    def of(cls, **given: Any) -> Options:
        """From keyword options.

        Raises:
            InputError: A value that makes no sense, or settings next to a `Preset` that already includes them.
            TypeError: An option that does not exist.
        """
        known = OptionNames.__annotations__
        unknown = sorted(set(given) - set(known))
        if unknown:
            raise TypeError(f"there is no option {unknown[0]!r}; there are {', '.join(known)}")
        own = {one.name for one in fields(cls)} - {"preset"}
        shape = {name: value for name, value in given.items() if name not in own and name != "preset"}
        preset = given.get("preset", DEFAULT)
        if isinstance(preset, Preset):
            if shape:
                raise InputError(f"{next(iter(shape))} is part of the preset that was given; set it there")
        else:
            budget = shape.pop("budget", None)
            preset = with_budget(preset_of(preset, **shape), budget)
        return cls(preset=preset, **{name: value for name, value in given.items() if name in own})


def preset_of(
    name: str,
    *,
    n: int | None = None,
    steps: int | None = None,
    change: float = 0.5,
    objective: str = MEAN,
    render: str | None = None,
) -> Preset:
    """A preset by name, with the chosen options applied.

    Raises:
        InputError: Unknown name or objective, or impossible numbers.
    """
    preset = with_change(get_preset(name, n=n, steps=steps), change)
    return replace(preset, objective=objective, render=render or preset.render)
