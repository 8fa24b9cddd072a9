"""One training step of an autoencoder: L1 of pixels and of patches' means, LPIPS, a little of the normal prior and,
later on, a critic on features.

LPIPS hardly sees colour, and of a photo most is backdrop: without the means, and with a hundred times the pull towards
the prior, a run drew 140,000 photos in shades of grey.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d
from torch.nn.utils import clip_grad_norm_

from gigs.errors import ModelError
from gigs.generator.convert.autoencoder import load_autoencoder
from gigs.generator.families.autoencoder import (
    LOGVAR,
    build_autoencoder,
    draw,
    posterior,
    start_from_components,
    zero_additions,
)
from gigs.generator.train.autoencoder_settings import AutoencoderTrainSettings
from gigs.generator.train.losses import balanced, critic_loss, generator_loss
from gigs.generator.train.networks import NetworkSet, copied, step_at
from gigs.generator.train.pieces import piece, unit
from gigs.generator.train.projected_critic import ProjectedCritic
from gigs.training.processes import here
from gigs.vision.compute import Compute
from gigs.vision.lpips import PerceptualLoss

LONGEST_GRADIENT = 1.0
WARM_UP = 200  # steps in which the learning rate rises; without them the latents' scale shoots up at once
CRITIC_RATE = 2e-4
BETA = {"autoencoder": 0.9, "critic": 0.5}  # of Adam's momentum


class AutoencoderNetworks(NetworkSet):
    """The autoencoder, its average, and the critic where there is one."""

    def __init__(self, settings: AutoencoderTrainSettings, compute: Compute) -> None:
        torch.manual_seed(settings.seed)  # initial weights; everything later draws from the run's own generator
        network = build_autoencoder(settings.network.config())
        if settings.network.encoder == "network":
            with torch.no_grad():
                network.quant_conv.bias[settings.network.latent_channels :] = LOGVAR
        self.modules = {"autoencoder": network}
        if settings.adversarial:
            self.modules["critic"] = ProjectedCritic(settings.window)
        self.modules = {name: compute.place(module).train() for name, module in self.modules.items()}
        self.averaged = {"autoencoder": copied(self.modules["autoencoder"])}
        self.ema = settings.ema
        self.rates = {"autoencoder": settings.learning_rate, "critic": CRITIC_RATE}
        self.optimisers = {
            name: torch.optim.Adam(
                [parameter for parameter in module.parameters() if parameter.requires_grad],
                lr=self.rates[name],
                betas=(BETA[name], 0.99),
                fused=True,
            )
            for name, module in self.modules.items()
        }

    def start_from_components(self, photos: Tensor) -> None:
        """Begin as the principal components of squares of photos `[N,3,R,R]` in `[0,1]`.

        The first process finds them for all: another machine's would differ in sign or rounding.
        """
        network = self.modules["autoencoder"]

        def components() -> dict[str, Tensor]:
            start_from_components(network, photos * 2 - 1)
            return {name: tensor.cpu() for name, tensor in network.state_dict().items()}

        network.load_state_dict(here().from_main(components))
        self.averaged["autoencoder"] = copied(network)

    def take_components(self, other: Any) -> None:
        """Begin as the principal components of another autoencoder, whose other weights may be of other widths.

        Raises:
            ModelError: It has none, or others than asked for.
        """
        network: Any = self.modules["autoencoder"]
        zero_additions(network)
        try:
            for name in ("shortcut_in", "shortcut_out"):
                getattr(network, name).load_state_dict(getattr(other, name).state_dict())
        except (AttributeError, RuntimeError) as error:
            raise ModelError(f"other principal components than asked for ({error})") from error
        self.averaged["autoencoder"] = copied(network)

    def start_from(self, path: Path) -> dict[str, Any]:
        """Take the weights of an autoencoder's file; returns what it says of itself.

        Raises:
            ModelError: The file is missing, or of another network.
        """
        other, about = load_autoencoder(path)
        try:
            self.modules["autoencoder"].load_state_dict(other.state_dict())
        except RuntimeError as error:
            raise ModelError(f"{path}: of another network than asked for ({error})") from error
        self.averaged["autoencoder"] = copied(self.modules["autoencoder"])
        return about


class AutoencoderStepper:
    """Does one step at a time; `rng` is the run's only source of randomness.

    The losses' gradients meet at the pixels, where the critic's is scaled to its share of the others'.
    """

    def __init__(
        self, settings: AutoencoderTrainSettings, nets: AutoencoderNetworks, compute: Compute, rng: torch.Generator
    ) -> None:
        self.settings, self.nets, self.compute, self.rng = settings, nets, compute, rng
        self.autoencode = compute.compiled(self._autoencode)
        self.lpips = PerceptualLoss(net="vgg").to(compute.device) if settings.lpips else None

    def __call__(self, photos: Tensor, shown: int, step: int, redrawn: Tensor | None = None) -> dict[str, float]:
        """One step; returns the losses.

        Args:
            photos: `[B,3,R,R]` in `[0,1]`, R at least `crop`.
            shown: Photos shown before.
            step: Steps done before.
            redrawn: `[D,C,S,S]` latents with which to show the photos 0, 2, ..., 2 D - 2, for their own.
        """
        settings, losses = self.settings, dict[str, float]()
        real = piece(photos, settings.crop, self.rng)[0] * 2 - 1
        side = settings.crop // settings.network.factor
        shape = (len(real), settings.network.latent_channels, side, side)
        noise = here().draw(torch.randn, shape, self.rng)
        more = self._more_noise(noise)
        with self.compute.autocast():
            drawn, kl = self.autoencode(real, noise.to(real.device), more.to(real.device), redrawn)
        pixels = drawn.detach().requires_grad_()
        l1, coarse = (pixels - real).abs().mean(), avg_pool2d(pixels - real, settings.network.factor).abs().mean()
        loss = settings.l1 * l1 + settings.coarse * coarse
        losses |= {"l1": l1.item() / 2, "coarse": coarse.item() / 2, "kl": kl.item()}  # l1 and coarse as on [0,1]
        judged = settings.judged // here().count
        seen, at = piece(pixels[:judged], settings.window, self.rng)
        target = real[:judged][at]
        if self.lpips is not None and shown >= settings.lpips_after:
            with self.compute.autocast():
                lpips = self.lpips(unit(seen), unit(target)).float().mean()
            losses["lpips"] = lpips.item()
            loss = loss + settings.lpips * lpips
        critical = settings.adversarial > 0 and shown >= settings.adversarial_after
        (pull,) = torch.autograd.grad(loss, pixels, retain_graph=critical)
        if critical:
            pull = pull + self._push(pixels, seen, pull, losses)
        optimiser = self.nets.optimisers["autoencoder"]
        optimiser.zero_grad(set_to_none=True)
        learned: list[tuple[Tensor, Tensor | None]] = [(drawn, pull)]
        if kl.requires_grad:  # of a linear encoder, it has none
            learned.append((settings.kl * kl, None))
        torch.autograd.backward([each for each, _ in learned], [gradient for _, gradient in learned])
        self.nets.average_gradients("autoencoder")
        clip_grad_norm_(self.nets.modules["autoencoder"].parameters(), LONGEST_GRADIENT)
        step_at(optimiser, min(1.0, (step + 1) / WARM_UP))
        if critical:
            self._critic_step(target, seen.detach(), losses)
        self.nets.average(step)
        return losses

    def _more_noise(self, noise: Tensor) -> Tensor:
        """`[B,C,S,S]`: what `settings.noise` adds to latents, of a strength drawn for each photo."""
        if not self.settings.noise:
            return torch.zeros_like(noise)
        strength = self.settings.noise * here().draw(torch.rand, (len(noise), 1, 1, 1), self.rng)
        return strength * here().draw(torch.randn, noise.shape, self.rng)

    def _autoencode(self, real: Tensor, noise: Tensor, more: Tensor, redrawn: Tensor | None) -> tuple[Tensor, Tensor]:
        """Pictures `[B,3,S,S]` in about `[-1,1]`, float32, redrawn; and the mean divergence from the normal prior."""
        network: Any = self.nets.modules["autoencoder"]
        mean, logvar = (each.float() for each in posterior(network, real))
        latents = mean + (logvar / 2).exp() * noise + more
        if redrawn is not None:
            latents = latents.clone()
            latents[: 2 * len(redrawn) : 2] = redrawn
        drawn = draw(network, latents)
        return drawn.float(), (mean.square() + logvar.exp() - 1 - logvar).mean() / 2

    def _push(self, pixels: Tensor, seen: Tensor, pull: Tensor, losses: dict[str, float]) -> Tensor:
        """The critic's gradient at the pixels, of which it has seen a piece; as long as its share of the others'."""
        loss = generator_loss("hinge", self._answers(seen))
        losses["generator"] = loss.item()
        (push,) = torch.autograd.grad(loss, pixels)
        return balanced(push, pull, self.settings.adversarial)

    def _critic_step(self, real: Tensor, drawn: Tensor, losses: dict[str, float]) -> None:
        loss = critic_loss("hinge", self._answers(real), self._answers(drawn))
        losses["critic"] = loss.item()
        self.nets.descend("critic", loss)

    def _answers(self, images: Tensor) -> Tensor:
        critic: Any = self.nets.modules["critic"]
        features = critic.features(images)
        with self.compute.autocast():
            answers: Tensor = critic.judge(features)
        return answers
