"""Preference maximisation (Kang et al. 2017), the method that the paper compares itself with (its Eq. 6 and 7).

Not a redesign of anybody's product: given a class and a taste, it looks for a picture of that class that the taste
scores high and the critic takes for a photo. Its non-personalised variant only asks the critic.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from gigs.errors import InputError, ModelError, require_finite
from gigs.generator.base import Generator, load_generator
from gigs.generator.families.dvbpr_critic import FILE, DVBPRCritic, load_critic
from gigs.generator.families.dvbpr_gan import DVBPRGAN
from gigs.progress import OnStep, Step, silent
from gigs.shifting.optimise import Preference
from gigs.vision.compute import Compute, in_batches

Critic = Callable[[Tensor, int], Tensor]  # images [N,3,R,R] in [0,1] of one class -> answers [N], 1 for a photo
BATCH = 32  # rows optimised at once; rows do not influence one another


@dataclass(frozen=True, kw_only=True)
class MaximisationSettings:
    """How Eq. 6 is solved; `steps`, `learning_rate`, `eta` and `start` are those of Kang et al.'s published script.

    `n`: pictures. `restarts`: first vectors tried for each of them, of which the best end counts (the script shows
    where each of 16 led). `steps` and `learning_rate`: of Adam. `eta`: weight of the critic. `start`: standard
    deviation of the first vectors. `personalised`: False leaves the preference out.
    """

    n: int = 8
    restarts: int = 8
    steps: int = 10
    learning_rate: float = 0.05
    eta: float = 1.0
    start: float = 0.5
    personalised: bool = True

    def __post_init__(self) -> None:
        require_finite(self, "preference maximisation")
        if not 1 <= self.n <= 10_000 or not 1 <= self.restarts <= 1000:
            raise InputError("preference maximisation makes 1 to 10,000 pictures from 1 to 1000 starts each")
        if not 0 <= self.steps <= 100_000:
            raise InputError(f"steps must be from 0 to 100,000, not {self.steps}")
        if self.learning_rate <= 0 or self.start <= 0 or self.eta < 0:
            raise InputError("preference maximisation needs a positive learning rate and start, and eta of 0 or more")
        if not self.personalised and self.eta == 0:
            raise InputError("without preference and with eta 0 there is nothing to maximise")


@dataclass(frozen=True)
class Goal:
    """What is looked for: a picture of one class that a taste scores high and the critic takes for a photo.

    Attributes:
        critic: The generator's, frozen.
        preference: Images `[N,3,R,R]` in `[0,1]` to scores `[N]`, differentiable, each row on its own.
        label: The class, c.
    """

    critic: Critic
    preference: Preference
    label: int


class BestPictures(NamedTuple):
    """The best that were found: latent vectors `z [n,D]`, and their `images [n,3,R,R]` in `[0,1]`."""

    z: Tensor
    images: Tensor


def load_baseline(folder: str | Path) -> tuple[DVBPRGAN, DVBPRCritic]:
    """Generator and critic that `gigs train generator --family dvbpr-gan` left in a folder, frozen.

    Raises:
        ModelError: One of them is missing or damaged, or they are not of one training.
    """
    folder = Path(folder)
    generator, critic = load_generator(folder / "generator.safetensors"), load_critic(folder / FILE)
    if not isinstance(generator, DVBPRGAN):
        raise ModelError(
            f"{folder / 'generator.safetensors'}: has family {generator.family}; preference maximisation needs "
            "a generator of family dvbpr-gan"
        )
    ours, theirs = generator.config, critic.config
    if (ours.classes, ours.resolution) != (theirs.classes, theirs.resolution):
        raise ModelError(f"{folder / FILE}: has other classes or another size than the generator beside it")
    return generator, critic


def maximise_preference(
    generator: Generator,
    goal: Goal,
    settings: MaximisationSettings,
    *,
    rng: torch.Generator,
    compute: Compute | None = None,
    on_step: OnStep = silent,
) -> BestPictures:
    """argmax over z of theta^T phi(G(z,c)) - eta (D_c(G(z,c)) - 1)^2, from several starts for every picture.

    Of every start the best vector on its way counts, of every picture the best start. As in the published script, z is
    not held anywhere: it is the critic that keeps pictures realistic, and the generator's and the critic's
    normalisation is that of evaluation.

    Args:
        generator: Class-conditional, frozen.
        goal: Critic, taste and class.
        settings: How many, how long, how much the critic weighs, and whether preference counts.
        rng: CPU generator; draws the starts.
        compute: Precision and layout; fp32 where not given.
        on_step: Progress, with the means of objective, preference and quality.

    Raises:
        InputError: No such class.
    """
    drawing, compute = generator.of_class(goal.label), compute or Compute()
    rows = settings.n * settings.restarts
    first = settings.start * torch.randn(rows, drawing.latent_dim, generator=rng)
    ends, values = torch.empty_like(first), torch.empty(rows)

    def terms(images: Tensor) -> dict[str, Tensor]:
        return objective(images, goal, settings)

    def climb(start: int, stop: int) -> None:
        def on_row_steps(done: int, means: dict[str, float]) -> None:
            before, total = start * settings.steps, rows * settings.steps
            on_step(Step("maximising preference", before + done, total, means))

        z, best = _ascend(drawing, terms, first[start:stop].to(compute.device), settings, compute, on_row_steps)
        ends[start:stop], values[start:stop] = z.cpu(), best.cpu()

    in_batches(rows, BATCH, climb)
    chosen = values.view(settings.n, settings.restarts).argmax(dim=1)
    z = ends.view(settings.n, settings.restarts, -1)[torch.arange(settings.n), chosen].to(compute.device)
    with torch.no_grad():
        return BestPictures(z, drawing(z).float())


def objective(images: Tensor, goal: Goal, settings: MaximisationSettings) -> dict[str, Tensor]:
    """Eq. 7 and its parts for images `[N,3,R,R]` in `[0,1]`, each `[N]`.

    Returns:
        `objective`; `quality`, -(D_c - 1)^2 without eta; and `score`, where preference counts.
    """
    quality = -(goal.critic(images, goal.label) - 1).square()
    if not settings.personalised:
        return {"objective": settings.eta * quality, "quality": quality}
    score = goal.preference(images)
    return {"objective": score + settings.eta * quality, "score": score, "quality": quality}


def _ascend(
    generator: Generator,
    terms: Callable[[Tensor], dict[str, Tensor]],
    first: Tensor,
    settings: MaximisationSettings,
    compute: Compute,
    on_row_steps: Callable[[int, dict[str, float]], None],
) -> tuple[Tensor, Tensor]:
    """Adam on each row of `first [N,D]` by itself; the best vectors `[N,D]` and their objective `[N]`.

    `on_row_steps` is told how many steps of rows are done, and the means of the terms.
    """
    z = first.clone().requires_grad_()
    best, value = first.clone(), torch.full((len(first),), -torch.inf, device=first.device)
    adam = torch.optim.Adam([z], lr=settings.learning_rate)
    for step in range(settings.steps + 1):
        with torch.set_grad_enabled(step < settings.steps), compute.autocast():
            values = {name: each.float() for name, each in terms(generator(z)).items()}
        now = values["objective"].detach()
        better = now > value
        best[better], value[better] = z.detach()[better], now[better]
        if step == settings.steps:
            break
        adam.zero_grad(set_to_none=True)
        (-values["objective"].sum()).backward()
        adam.step()
        on_row_steps((step + 1) * len(first), {name: each.mean().item() for name, each in values.items()})
    return best, value
