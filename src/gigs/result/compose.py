"""Makes a result from the method's findings: with explanations in words and the pictures to show."""

from __future__ import annotations

import math
import platform
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import partial
from typing import Any, Literal

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from gigs import __version__
from gigs.audience import Audience
from gigs.explain.explanation import Explanation, description_of, explain
from gigs.inversion.gate import BLANK, is_blank
from gigs.method.pipeline import Redesigns
from gigs.method.presets import Preset
from gigs.method.product import Product
from gigs.method.rendering import SKETCH, Rendering
from gigs.result.pictures import CONCEPT, CONCEPT_ON_PHOTO, Made, Pictures
from gigs.result.reading import with_pictures
from gigs.result.result import Result, plain
from gigs.result.schema import (
    SCHEMA,
    AudienceSummary,
    ChoiceSummary,
    CutOutSummary,
    FrontEntry,
    PhotoSummary,
    ReconstructionSummary,
    Suggestion,
)
from gigs.verify.findings import Auc
from gigs.verify.recalibration import Recalibration
from gigs.vision.images import Fit, to_uint8, unfit
from gigs.vision.runtime import Runtime

DISPLAY_SIDE = 512
BESIDE_SIDE = 256
# Where no gate was calibrated (a pack of one's own, another generator): a first caution, read off 20 photos.
POOR_LPIPS = 0.30
CAUTION = (
    "The computer did not redraw this product well, so the redesigns may be of another kind of product. "
    "Try a plain front view on an even, light backdrop, or more steps."
)


@dataclass(frozen=True, kw_only=True)
class Origin:
    """The models that a result comes from.

    Attributes:
        pack: Its name.
        models: The model files by kind: `file`, `sha256` and, for the generator, how it was used.
        has_percentiles: Whether the pack's statistics apply. They do not with another generator, whose scores have
            another scale.
        doubt: Why the target's scores promise nothing (`recommender.standing`).
    """

    pack: str
    models: dict[str, dict[str, Any]]
    has_percentiles: bool = True
    doubt: str | None = None


def compose(
    found: Redesigns, product: Product, audience: Audience, preset: Preset, origin: Origin, runtime: Runtime
) -> Result:
    """Compose the result of one product: every redesign with its changes, each claim checked against the photo."""
    said = _explanation(found)
    percentile = audience.percentile if origin.has_percentiles else lambda score: None
    result = Result(
        schema=SCHEMA,
        preset=preset.name,
        settings=_settings(preset),
        seed=runtime.seed,
        device=runtime.compute.device,
        compute=runtime.compute,
        seconds={stage: round(seconds, 3) for stage, seconds in found.seconds.items()},
        pack=origin.pack,
        models=origin.models,
        audience=AudienceSummary(
            name=audience.name,
            label=audience.label,
            users=audience.users,
            scored_users=audience.scored_users,
            privacy=audience.privacy,
        ),
        objective=found.objective,
        photo=_photo(found, product, percentile),
        reconstruction=_reconstruction(found, said, percentile),
        gate=found.reconstruction.gate,
        suggestions=tuple(_suggestions(found, product, said, percentile)),
        distinct=_finite(found.shifted.distinct),
        verification=None if found.verification is None else _rounded(found.verification.summary),
        cutout=_cutout(found, product),
        choice=_choice(found),
        doubt=origin.doubt,
        versions={"gigs": __version__, "torch": torch.__version__, "python": platform.python_version()},
    )
    return with_pictures(result, _pictures(found, said, product))


def _settings(preset: Preset) -> dict[str, Any]:
    names = ("inversion", "tuning", "shifting", "support", "budget", "render", "candidates")
    return {name: plain(getattr(preset, name)) for name in names}


def _explanation(found: Redesigns) -> Explanation:
    """Explain with the probes' answers and the product type that verification found.

    A redesign on the photo is compared with the photo, a drawn one with the reconstruction.
    """
    said, base = found.verification, found.reconstruction
    answers, kind = (None, "") if said is None else (said.answers, said.summary.category.photo)
    if not found.rendering.on_photo:
        return explain(base.photo, base.image, found.shifted.images, answers, kind)
    assert base.photo is not None
    if answers is not None:
        photo, _, *redesigns = answers
        answers = [photo, photo, *redesigns]
    cutouts = found.rendering.cutouts
    if cutouts is not None:
        cutouts = np.concatenate([cutouts[:1], cutouts])
    said_of_photo = explain(base.photo, base.photo, found.rendering.images, answers, kind, cutouts)
    return replace(said_of_photo, redrawing=None)


def _photo(found: Redesigns, product: Product, percentile: Any) -> PhotoSummary | None:
    if found.photo_score is None:
        return None
    return PhotoSummary(
        file="photo.png",
        raw="raw/photo.png",
        source=product.source,
        score=_finite(found.photo_score),
        percentile=percentile(found.photo_score),
    )


def _reconstruction(found: Redesigns, said: Explanation, percentile: Any) -> ReconstructionSummary:
    base = found.reconstruction
    inversion, pivot = base.inversion, base.pivot
    assert inversion is not None and pivot is not None
    sampled = base.photo is None
    return ReconstructionSummary(
        file="reconstruction.png",
        raw="raw/reconstruction.png",
        score=_finite(found.reconstruction_score),
        percentile=percentile(found.reconstruction_score),
        lpips=None if sampled else _finite(inversion.lpips[0].item()),
        mse=None if sampled else _finite(inversion.mse[0].item()),
        lpips_before_tuning=None if sampled else _finite(pivot.lpips[0].item()),
        caution=None if base.photo is None else _caution(found, base.photo, pivot.lpips[0].item()),
        steps=pivot.steps,
        found_at_step=None if sampled else int(inversion.found_at[0]),
        changes=None if said.redrawing is None else description_of(said.redrawing),
    )


def _caution(found: Redesigns, photo: Tensor, lpips: float) -> str | None:
    """A caution: for a picture of a single colour, the gate's words, or, without a gate, for a high LPIPS."""
    if is_blank(photo):
        return BLANK
    gate = found.reconstruction.gate
    if gate is not None:
        return gate.words or None
    return CAUTION if lpips > POOR_LPIPS else None


def _cutout(found: Redesigns, product: Product) -> CutOutSummary | None:
    cutout = product.cutout
    if cutout is None or not found.rendering.on_photo:
        return None
    return CutOutSummary.of(cutout)


def _choice(found: Redesigns) -> ChoiceSummary | None:
    choice, shown = found.rendering.choice, found.rendering.candidates
    if choice is None:
        return None
    front = [
        FrontEntry(
            file=f"front-{number}.png",
            change=round(point.change, 4),
            gain=round(point.gain, 4),
            suggestion=shown.index(point.candidate) + 1 if point.candidate in shown else None,
        )
        for number, point in enumerate(choice.front, start=1)
    ]
    return ChoiceSummary(
        asked=choice.asked,
        candidates=choice.candidates,
        over_budget=choice.over_budget,
        unseen=choice.unseen,
        front=tuple(front),
    )


def _rendered(residual: float | None) -> Literal["photo", "sketch", "drawn"]:
    return "drawn" if residual is None else "sketch" if residual > SKETCH else "photo"


def _suggestions(found: Redesigns, product: Product, said: Explanation, percentile: Any) -> Iterator[Suggestion]:
    checks = None if found.verification is None else found.verification.checks
    shares = None if found.verification is None else found.verification.shares
    for row, score in enumerate(found.scores.tolist()):
        residual = found.rendering.residual(row)
        yield Suggestion(
            rendered=_rendered(residual),
            residual=None if residual is None else round(residual, 4),
            kept=product.keep.names if found.rendering.on_photo else (),
            file=f"suggestion-{row + 1}.png",
            raw=f"raw/suggestion-{row + 1}.png",
            score=_finite(score),
            percentile=percentile(score),
            gain_vs_photo=None if found.photo_score is None else _finite(score - found.photo_score),
            gain_vs_reconstruction=_finite(score - found.reconstruction_score),
            lpips_to_reconstruction=_finite(found.lpips[row].item()),
            max_abs_shift=_finite(found.shifted.shifts[row].abs().max().item()),
            changes=description_of(said.changes[row], f"change-{row + 1}.png"),
            share=None if shares is None or (share := shares[row]) is None else share.rounded(),
            check=None if checks is None else _rounded(checks[row]),
        )


def _pictures(found: Redesigns, said: Explanation, product: Product) -> Pictures:
    """Every picture of the result, by file name."""
    base, fit = found.reconstruction, product.fit
    squares = {} if base.photo is None else {"photo": base.photo[0]}
    squares["reconstruction"] = base.image[0]
    squares |= {f"suggestion-{row + 1}": image for row, image in enumerate(found.shifted.images)}
    made: dict[str, Made] = {}
    for name, image in squares.items():
        made[f"raw/{name}.png"] = _picture(image)
        made[f"{name}.png"] = _display(image, fit, DISPLAY_SIDE)
    if found.rendering.on_photo:
        assert product.pixels is not None
        made["photo.png"] = Image.fromarray(product.pixels)
        for row in range(len(found.scores)):
            made[f"suggestion-{row + 1}.png"] = partial(_full_size, found.rendering, row)
        front = () if found.rendering.choice is None else found.rendering.choice.front
        made |= {f"front-{place}.png": Image.fromarray(point.picture) for place, point in enumerate(front, start=1)}
    beside = {f"change-{row + 1}": said.map(row) for row in range(len(said.changes))}
    if found.verification is not None:
        beside |= {f"nearest-{row + 1}": image for row, image in enumerate(found.verification.nearest)}
    made |= {f"{name}.png": _display(image, fit, BESIDE_SIDE) for name, image in beside.items()}
    return Pictures(made, {name: _note(name, found) for name in made if not name.endswith("photo.png")})


def _note(name: str, found: Redesigns) -> str:
    """A picture's note about itself: whether it is a changed photo, or was drawn."""
    changed = found.rendering.on_photo and name.startswith(("suggestion-", "front-"))
    return CONCEPT_ON_PHOTO if changed else CONCEPT


def shown_of(found: Redesigns, fit: Fit | None) -> Iterator[Image.Image]:
    """Every redesign as it is shown: on the photo at its size, or as drawn, in the photo's shape."""
    for row in range(len(found.scores)):
        if found.rendering.on_photo:
            yield _full_size(found.rendering, row)
        else:
            yield _display(found.rendering.images[row], fit, DISPLAY_SIDE)


def _full_size(rendering: Rendering, row: int) -> Image.Image:
    return Image.fromarray(rendering.picture(row))


def _display(image: Tensor, fit: Fit | None, side: int) -> Image.Image:
    return _picture(unfit(image[None].cpu(), fit or Fit(1, 1, 0.0, 0.0, 1.0, 1.0), side)[0])


def _picture(image: Tensor) -> Image.Image:
    return Image.fromarray(to_uint8(image[None])[0])


def _finite(value: float) -> float | None:
    """Replace NaN, which JSON cannot hold."""
    return value if math.isfinite(value) else None


def _rounded(value: Any) -> Any:
    """Round the judges' numbers to four decimals, except their AUC and a recalibration."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, tuple):
        return tuple(map(_rounded, value))
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    if isinstance(value, Auc | Recalibration) or not is_dataclass(value) or isinstance(value, type):
        return value
    return replace(value, **{one.name: _rounded(getattr(value, one.name)) for one in fields(value)})
