"""One product, end to end: reconstruct it, redesign it, rank and verify. No files, no network, no printing."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from gigs.audience import Audience
from gigs.errors import InputError, ModelError
from gigs.inversion.gate import Gate, RefusedError
from gigs.inversion.reconstruction import Reconstruction
from gigs.method.models import Models
from gigs.method.on_photo import OnPhoto, drawn
from gigs.method.presets import PHOTO, Preset
from gigs.method.product import Product
from gigs.method.reconstruct import reconstruct, tuned
from gigs.method.redesign import picked, ranking
from gigs.method.rendering import Rendering
from gigs.progress import Step
from gigs.shifting.optimise import Preference, Shifted
from gigs.verify.objective import MEAN, preference_for
from gigs.verify.panel import Panel
from gigs.verify.verification import Verification, verify
from gigs.vision.lpips import PerceptualLoss
from gigs.vision.remembered import remember
from gigs.vision.runtime import Runtime


@dataclass(frozen=True, kw_only=True)
class Checks:
    """What checks a run's pictures.

    Attributes:
        gate: Checks the reconstruction before anything is built on it.
        panel: Checks the redesigns, and knows the real items that support them.
        force: Continue with a photo that the gate refuses.
    """

    gate: Gate | None = None
    panel: Panel | None = None
    force: bool = False


@dataclass(frozen=True, kw_only=True)
class Redesigns:
    """The outcome of `suggest` for one product, best redesign first.

    Attributes:
        reconstruction: The start of all redesigns.
        shifted: Latent shifts, and the generator's drawings.
        rendering: What is shown: the drawings, or the changes applied to the product's own photo.
        scores: theta^T phi (Eq. 1) of the redesigns as they are shown, `[n]`.
        photo_score: The same of the photo; None without one.
        reconstruction_score: The same of the reconstruction.
        lpips: Of each drawing to the reconstruction, `[n]`.
        seconds: By stage.
        objective: What was raised.
        verification: What the panel found; None without a panel or a photo.
    """

    reconstruction: Reconstruction
    shifted: Shifted
    rendering: Rendering
    scores: Tensor
    photo_score: float | None
    reconstruction_score: float
    lpips: Tensor
    seconds: dict[str, float]
    objective: str = MEAN
    verification: Verification | None = None


@dataclass(frozen=True, kw_only=True)
class Begun:
    """What is found once for a product, whichever audiences it is redesigned for.

    Attributes:
        reconstruction: Tuned where the preset says so.
        random: State of the random numbers afterwards, so that every audience gets those that it would get alone.
        seconds: By stage.
    """

    reconstruction: Reconstruction
    random: Tensor
    seconds: dict[str, float]


def begin(models: Models, product: Product, preset: Preset, *, checks: Checks, runtime: Runtime) -> Begun:
    """Find the reconstruction of a product; arguments and errors as `suggest`."""
    runtime, watch = runtime.started(), _Watch()
    photo = None if product.photo is None else remember(product.photo.to(runtime.compute.device))
    base = reconstruct(models, photo, preset, gate=checks.gate, on_photo=_on_photo(product, preset), runtime=runtime)
    if base.gate is not None and base.gate.grade == "refused" and not checks.force:
        raise RefusedError(base.gate.words)
    watch.lap("inversion")
    base = tuned(models, base, preset, runtime=runtime)
    remember(base.image)
    watch.lap("tuning")
    return Begun(reconstruction=base, random=runtime.random().get_state(), seconds=watch.seconds)


def suggest(
    models: Models,
    product: Product,
    audience: Audience,
    preset: Preset,
    *,
    checks: Checks | None = None,
    runtime: Runtime | None = None,
    begun: Begun | None = None,
) -> Redesigns:
    """Redesigns of one product that an audience would prefer (Algorithm 1).

    Args:
        models: Generator, recommender and LPIPS, frozen.
        product: Its photo at the generator's resolution; one without a photo samples a base latent vector instead
            (the paper's global mode). With a cut-out, and if the preset says so, redesigns are put on the photo itself.
        audience: The people to please; its mean taste vector costs as much as one user's.
        preset: Settings of both loops, and the objective; reported scores are always those of the mean.
        checks: Gate and panel; without them nothing is checked.
        runtime: Precision and layout of both loops (scores are always fp32), the seed (same seed, same bytes).
        begun: What `begin` found for this product with the same preset, checks and runtime; found now where not given.

    Raises:
        InputError: The audience is not this recommender's, or the preset needs an encoder and there is none.
        RefusedError: The gate refuses the photo.
    """
    checks, runtime = checks or Checks(), (runtime or Runtime()).started()
    preference = _Score(models, audience, runtime)
    begun = begun or begin(models, product, preset, checks=checks, runtime=runtime)
    runtime.random().set_state(begun.random)
    base, watch = begun.reconstruction, _Watch(begun.seconds)
    raised = preference.raised(preset.objective, base, checks.panel)
    on_photo = OnPhoto(product, models.generator.resolution) if _on_photo(product, preset) else None
    redesigned = drawn if on_photo is None else on_photo.redesigned
    shifted, rendering, dropped = redesigned(base, preset, raised, checks.panel, models.perceptual, runtime)
    watch.lap("shifting")
    panel = checks.panel if preset.check else None
    with torch.no_grad():
        scores = preference.finite(rendering.images)
        order = ranking(rendering.images, scores, panel, base.photo, preset.objective)
        shifted, rendering, scores = picked(shifted, order), rendering.picked(order.tolist()), scores[order]
        shown = replace(shifted, images=rendering.images)
        verification = _verified(panel, base, shown, models.perceptual, dropped, runtime)
        lpips = models.perceptual.distance_to(models.perceptual.target(base.image), shifted.images)
        photo_score = None if base.photo is None else preference(base.photo).item()
        reconstruction_score = preference(base.image).item()
    watch.lap("verification")
    return Redesigns(
        reconstruction=base,
        shifted=shifted,
        rendering=rendering,
        scores=scores,
        photo_score=photo_score,
        reconstruction_score=reconstruction_score,
        lpips=lpips,
        seconds=watch.total(),
        objective=preset.objective,
        verification=verification,
    )


def _on_photo(product: Product, preset: Preset) -> bool:
    """Whether redesigns will be shown on the product's own photo."""
    return preset.render == PHOTO and product.cutout is not None and product.photo is not None


class _Score:
    """The mean score of an audience (Eq. 1), differentiable: pictures `[N,3,R,R]` to `[N]`."""

    def __init__(self, models: Models, audience: Audience, runtime: Runtime) -> None:
        recommender = models.recommender
        if audience.theta.shape != (recommender.feature_count,):
            raise InputError(
                f"audience {audience.name!r} has a taste vector of {tuple(audience.theta.shape)}, the recommender "
                f"works with {recommender.feature_count} factors: they are not from the same training"
            )
        if audience.sample is None and not recommender.is_linear:
            raise InputError(
                f"audience {audience.name!r} is a mean, and this recommender's score is not linear: sample users"
            )
        theta = audience.theta if audience.sample is None else audience.sample
        self._theta = theta.to(device=runtime.compute.device, dtype=torch.float32)
        self._recommender, self._covariance = recommender, audience.covariance

    def __call__(self, images: Tensor) -> Tensor:
        scores = self._recommender.score(images, self._theta)
        return scores if self._theta.ndim == 1 else scores.mean(dim=1)

    def finite(self, images: Tensor) -> Tensor:
        """The same, refusing scores that are not finite, as damaged weights give.

        Raises:
            ModelError: A score is not finite.
        """
        scores = self(images)
        if not torch.isfinite(scores).all():
            raise ModelError("a score is not finite: generator or recommender holds damaged weights; load them again")
        return scores

    def raised(self, objective: str, base: Reconstruction, panel: Panel | None) -> Preference:
        """What the gradient raises: this score, or another objective computed from it."""
        if objective == MEAN:
            return self
        before = base.image if base.photo is None else base.photo
        unit = 1.0 if panel is None else panel.target.taste.spread
        return preference_for(objective, self._recommender, self._theta, self._covariance, before, unit)


def _verified(
    panel: Panel | None,
    base: Reconstruction,
    shifted: Shifted,
    perceptual: PerceptualLoss,
    dropped: int,
    runtime: Runtime,
) -> Verification | None:
    if panel is None or base.photo is None:
        return None
    runtime.on_step(Step("checking the redesigns", 1, 2, images=shifted.images))
    found = verify(panel, base, shifted, perceptual, replaced=dropped, seed=runtime.seed)
    runtime.on_step(Step("checking the redesigns", 2, 2, images=shifted.images))
    return found


class _Watch:
    """Seconds by stage."""

    def __init__(self, before: Mapping[str, float] | None = None) -> None:
        self.seconds: dict[str, float] = dict(before or {})
        self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        """A stage ends."""
        now = time.perf_counter()
        self.seconds[stage] = now - self._last
        self._last = now

    def total(self) -> dict[str, float]:
        """By stage, and their `total`."""
        return self.seconds | {"total": sum(self.seconds.values())}
