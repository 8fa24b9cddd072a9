"""Presets: named settings of the whole method."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from gigs.errors import InputError
from gigs.inversion.optimise import InversionSettings
from gigs.inversion.tuning import TuningSettings
from gigs.shifting.optimise import ShiftSettings
from gigs.shifting.supported import SupportSettings
from gigs.verify.objective import MEAN, check_objective

DEFAULT = "fast"
RENDERINGS = PHOTO, DRAWN = ("photo", "drawn")
LEAST_BUDGET, MOST_BUDGET = 0.05, 0.35  # LPIPS; drawn redesigns with default settings lie at .06 to .35


@dataclass(frozen=True)
class Preset:
    """Settings of both loops and, if the generator is tuned to the photo, of the tuning.

    `support`: shift towards better-liked real items instead of by gradient, if the pack knows any (`redesign`).
    `budget`: largest LPIPS from the photo to what is shown on it (for drawn redesigns, from the reconstruction); None
    sets no limit.
    `render`: show redesigns on the seller's own photo (`photo`), or as the generator drew them (`drawn`).
    `photo_steps`: steps of the inversion if redesigns are shown on the photo, whose details come from the photo itself;
    if the gate refuses the result, all steps of `inversion` follow. None: `inversion` unchanged.
    `candidates`: how many redesigns are put on the photo and scored there before the best are chosen.
    `check`: let judges check the redesigns; a draft skips this.
    `objective`: what is raised for the audience (`verify.objective`).
    `probe`: compute in the precision and layout that suit this machine (`vision.compute.suited`); otherwise plain fp32.
    """

    name: str
    inversion: InversionSettings
    shifting: ShiftSettings
    tuning: TuningSettings | None = None
    probe: bool = False
    support: SupportSettings | None = None
    budget: float | None = None
    check: bool = True
    objective: str = MEAN
    render: str = DRAWN
    candidates: int = 48
    photo_steps: int | None = None

    def __post_init__(self) -> None:
        check_objective(self.objective)
        if self.render not in RENDERINGS:
            raise InputError(f"redesigns are shown on the {' or '.join(RENDERINGS)}, not {self.render!r}")
        if not 1 <= self.candidates <= 512:
            raise InputError(f"the number of candidates must be from 1 to 512, not {self.candidates}")
        if self.budget is not None and not self.budget > 0:
            raise InputError(f"the similarity budget must be above 0, not {self.budget}")
        if self.photo_steps is not None and self.photo_steps < 0:
            raise InputError(f"the steps of the inversion must be 0 or more, not {self.photo_steps}")

    @property
    def on_photo(self) -> Preset:
        """The same with the short inversion that suffices if redesigns are shown on the photo."""
        if self.photo_steps is None:
            return self
        return replace(self, inversion=replace(self.inversion, steps=self.photo_steps))


def paper_text(n: int | None, steps: int | None) -> Preset:
    """Algorithm 1 with the text's numbers: T steps of each loop, n = 8, epsilon = 0.4, Adam 0.01, equal weights."""
    count, total = _or(n, 8), _or(steps, 1000)
    return Preset("paper-text", InversionSettings(steps=total), ShiftSettings(n=count, steps=total))


def fast(n: int | None, steps: int | None) -> Preset:
    """Encoder start, few and larger steps, plateau stop, sign-gradient shifts, repulsion in place of the predictor.

    On the photo, the encoder's answer suffices: only the change is transferred, so the reconstruction's errors cancel.
    Where a generator inverts photos itself, its answer is taken as it is.

    `docs/lab/speed.md` has the paired comparison with `paper-text`.
    """
    inversion = InversionSettings(
        steps=_or(steps, 120), learning_rate=0.4, final_rate=0.02, patience=40, start="encoder", restarts=32,
        steps_from_noise=_or(steps, 240), learning_rate_from_noise=0.1, steps_from_inverse=_or(steps, 0),
    )  # fmt: skip
    shifting = ShiftSettings(
        n=_or(n, 8), steps=_or(steps, 20), learning_rate=0.1, final_rate=0.1, optimiser="sign",
        separation="repulsion", margin=0.06, preference_weight=2.0,
    )  # fmt: skip
    return Preset(
        "fast", inversion, shifting, probe=True, support=SupportSettings(n=_or(n, 8)), render=PHOTO,
        photo_steps=0 if steps is None else None,
    )  # fmt: skip


def faithful(n: int | None, steps: int | None) -> Preset:
    """`fast`, with a private copy of the generator tuned to the photo before shifting (Roich et al. 2021)."""
    quick = fast(n, steps)
    return replace(quick, name="faithful", tuning=TuningSettings(steps=_or(steps, 150)), photo_steps=None)


def preview(n: int | None, steps: int | None) -> Preset:
    """The encoder's answer without optimisation, and a few shifting steps: a draft."""
    quick = fast(n, None)
    inversion = InversionSettings(steps=0, start="encoder")
    shifting = replace(quick.shifting, steps=_or(steps, 3), learning_rate=0.2, final_rate=0.5)
    return replace(quick, name="preview", inversion=inversion, shifting=shifting, candidates=16)


PRESETS: dict[str, Callable[[int | None, int | None], Preset]] = {
    "fast": fast, "faithful": faithful, "preview": preview, "paper-text": paper_text,
}  # fmt: skip


def get_preset(name: str, *, n: int | None = None, steps: int | None = None) -> Preset:
    """A preset by name; `n` and `steps` (T, of each loop) replace its own if given.

    Raises:
        InputError: Unknown name, or impossible numbers.
    """
    if name not in PRESETS:
        raise InputError(f"preset {name!r} is unknown; choose one of {', '.join(PRESETS)}")
    return PRESETS[name](n, steps)


def with_change(preset: Preset, amount: float) -> Preset:
    """A preset that changes less or improves more: search radius, reach and similarity budget together.

    Args:
        preset: Any preset; amount 0.5 keeps its radius and reach.
        amount: In [0,1]. 0 keeps a quarter of radius and reach and allows `LEAST_BUDGET`; 0.5 leaves the preset
            unchanged; 1 doubles the radius and extends the reach to the real items. From 0.5 on there is no budget.

    Raises:
        InputError: The amount is not in [0,1].
    """
    if not 0 <= amount <= 1:  # written this way, NaN is refused too
        raise InputError(f"the change must be from 0 (change less) to 1 (improve more), not {amount}")
    if amount == 0.5:
        return preset
    less = min(1.0, 2 * amount)
    more = max(0.0, 2 * amount - 1)
    radius = min(4.0, preset.shifting.radius * (0.25 + 0.75 * less + more))
    support = preset.support
    if support is not None:
        reach = support.reach * (0.25 + 0.75 * less) + (1 - support.reach) * more
        support = replace(support, reach=reach)
    budget = LEAST_BUDGET + (MOST_BUDGET - LEAST_BUDGET) * less if amount < 0.5 else preset.budget
    return replace(preset, shifting=replace(preset.shifting, radius=radius), support=support, budget=budget)


def with_budget(preset: Preset, budget: float | None) -> Preset:
    """A preset with the given similarity budget; unchanged if none is given."""
    return preset if budget is None else replace(preset, budget=budget)


def _or(given: int | None, own: int) -> int:
    return own if given is None else given
