"""Protocols: how an experiment is measured. The paper's text and its published code differ."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gigs.errors import InputError
from gigs.method.presets import Preset

BASELINES = ("photo", "reconstruction")


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """What differs between text, code and an honest comparison.

    Attributes:
        name: As on the command line.
        words: One sentence for the tables.
        n: Suggestions an item; None leaves the preset's.
        radius: epsilon; None leaves the preset's.
        weights: Of cross-entropy, mean absolute error and preference in the second loop; None leaves the preset's.
        keep: How many suggestions of an item count, best first; None counts all.
        baseline: What a gain is against: the seller's photo, or the generator's reconstruction of it.
        dropout: Share of the features that the scorer drops at random, every time it is called; 0 scores reliably.
        diversity: Which `opposite_ssim_*` is this protocol's opposite SSIM.
        photos_for_many: Whether audiences of many users start from photos, or from random latent vectors.
        gate: Whether photos that cannot be redrawn are replaced by others, as `gigs suggest` refuses them.
        judges: Whether judges that had no part in the redesign are asked.
        real_pictures: How many real pictures FID compares with at most; None takes all that there are.
    """

    name: str
    words: str
    n: int | None = None
    radius: float | None = None
    weights: tuple[float, float, float] | None = None
    keep: int | None = None
    baseline: str = "photo"
    dropout: float = 0.0
    diversity: str = "opposite_ssim_pairs"
    photos_for_many: bool = True
    gate: bool = False
    judges: bool = False
    real_pictures: int | None = None

    def __post_init__(self) -> None:
        if self.baseline not in BASELINES:
            raise InputError(f"protocol {self.name}: gains are against {' or '.join(BASELINES)}, not {self.baseline!r}")
        if not 0 <= self.dropout < 1:
            raise InputError(f"protocol {self.name}: dropout must be in [0, 1), not {self.dropout}")
        if self.keep is not None and not 1 <= self.keep <= (self.n or 64):
            raise InputError(f"protocol {self.name}: cannot keep {self.keep} of {self.n} suggestions")

    def applied(self, preset: Preset) -> Preset:
        """The preset with this protocol's n, radius and weights; steps and everything else stay the preset's."""
        changes: dict[str, float] = {}
        if self.n is not None:
            changes["n"] = self.n
        if self.radius is not None:
            changes["radius"] = self.radius
        if self.weights is not None:
            names = ("class_weight", "shift_weight", "preference_weight")
            changes |= dict(zip(names, self.weights, strict=True))
        support = preset.support
        if support is not None and self.n is not None:
            support = replace(support, n=self.n)
        return replace(preset, shifting=replace(preset.shifting, **changes), support=support)  # type: ignore[arg-type]


PROTOCOLS = {
    one.name: one
    for one in (
        Protocol(
            name="paper-text",
            words="as in the paper's text: 8 suggestions, radius 0.4, equal weights; all suggestions count; gains are "
            "against the seller's photo; opposite SSIM of Wang et al. among the generated pictures",
            n=8,
            radius=0.4,
            weights=(1.0, 1.0, 1.0),
            diversity="opposite_ssim_text",
        ),
        Protocol(
            name="paper-code",
            words="as in the published code: 6 suggestions, of which the best 3 count; radius 0.5; weights 0.1, 1, 1; "
            "gains are against the reconstruction; dropout stays on in the scorer; opposite SSIM is against the base, "
            "with the wrong data range; 1,000 real pictures for FID; many users start from random designs, not photos",
            n=6,
            radius=0.5,
            weights=(0.1, 1.0, 1.0),
            keep=3,
            baseline="reconstruction",
            dropout=0.5,
            diversity="opposite_ssim_code",
            photos_for_many=False,
            real_pictures=1000,
        ),
        Protocol(
            name="honest",
            words="all suggestions count; gains are against the real photo; photos that cannot be redrawn are "
            "replaced; opposite SSIM is among the suggestions of one product; judges' gains stand beside the target's",
            gate=True,
            judges=True,
        ),
    )
}


def get_protocol(name: str) -> Protocol:
    """A protocol by name.

    Raises:
        InputError: There is none.
    """
    if name not in PROTOCOLS:
        raise InputError(f"protocol {name!r} is unknown; choose one of {', '.join(PROTOCOLS)}")
    return PROTOCOLS[name]
