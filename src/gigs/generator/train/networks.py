"""The networks of one training run and everything about them that a checkpoint must hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from gigs.errors import ModelError
from gigs.generator.families.progan import ProGAN, Trunk
from gigs.generator.families.stylegan2 import StyleGAN2, StyleGAN2Settings
from gigs.generator.train.projected_critic import ProjectedCritic
from gigs.generator.train.settings import TrainSettings
from gigs.io import storage
from gigs.training.processes import here
from gigs.vision.compute import Compute

MAPPING_LAYERS = 4  # half of Karras et al.'s: small data sets need fewer
PROJECTED_RATE = 0.2  # learning rate of the projected critic's heads, as a share of the equalised networks'


class NetworkSet:
    """Networks in training, their optimisers, and the averaged weights of those that are saved.

    A subclass fills these in: `modules` by name, `averaged` (`copied` weights of some of them), `ema` (decay per
    batch), `optimisers` by name and `rates`, the learning rates asked for.
    """

    modules: dict[str, nn.Module]
    averaged: dict[str, dict[str, Tensor]]
    ema: float
    optimisers: dict[str, torch.optim.Optimizer]
    rates: dict[str, float]

    def average(self, batches: int) -> None:
        """Move the averaged weights one batch on.

        `batches`: how many were shown at the present level. The average starts afresh with every level, or the random
        initial weights of the layers that just joined would stay in it for thousands of batches.
        """
        decay = min(self.ema, (1 + batches) / (10 + batches))
        for name, target in self.averaged.items():
            source = [parameter.detach() for parameter in self.modules[name].parameters()]
            torch._foreach_lerp_(list(target.values()), source, 1 - decay)

    def descend(self, name: str, loss: Tensor) -> None:
        """One step of the optimiser `name` down the gradient of a loss."""
        optimiser = self.optimisers[name]
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.average_gradients(name)
        optimiser.step()

    def average_gradients(self, name: str) -> None:
        """The gradient of the whole batch, where several processes share it, for the optimiser `name`."""
        groups = self.optimisers[name].param_groups
        here().average_gradients(parameter for group in groups for parameter in group["params"])

    def slow_down(self, halvings: int) -> None:
        """Train at the asked learning rates, halved so many times."""
        for name, optimiser in self.optimisers.items():
            for group in optimiser.param_groups:
                group["lr"] = self.rates[name] / 2**halvings

    def finite(self) -> bool:
        """Whether every weight is a finite number."""
        return all(bool(torch.isfinite(each).all()) for each in self.weights())

    def weights(self) -> list[Tensor]:
        """Every weight, in an order of its own."""
        return [each for net in self.modules.values() for each in net.parameters()]

    def averaged_module(self, name: str, build: nn.Module) -> nn.Module:
        """`build` with the averaged weights of `name`, and its constants as they are, frozen."""
        build.load_state_dict(dict(self.modules[name].named_buffers()) | self.averaged[name])
        return build.eval().requires_grad_(False)

    def state(self) -> dict[str, Any]:
        """Everything, for a checkpoint."""
        return {
            "modules": {name: module.state_dict() for name, module in self.modules.items()},
            "averaged": self.averaged,
            "optimisers": {name: optimiser.state_dict() for name, optimiser in self.optimisers.items()},
        }

    def load(self, state: dict[str, Any]) -> None:
        """Take a checkpoint's state."""
        for name, module in self.modules.items():
            module.load_state_dict(state["modules"][name])
        for name, tensors in self.averaged.items():
            for key, tensor in tensors.items():
                tensor.copy_(state["averaged"][name][key])
        for name, optimiser in self.optimisers.items():
            optimiser.load_state_dict(state["optimisers"][name])
        self.slow_down(0)  # as asked for now, not as it was: a run that diverged is resumed with a lower rate


class Networks(NetworkSet):
    """Generator, critic and, for the hybrid objective, encoder and latent critic; optimisers; averaged weights."""

    def __init__(self, settings: TrainSettings, compute: Compute) -> None:
        torch.manual_seed(settings.seed)  # initial weights; everything later draws from the run's own generator
        network = settings.network
        self.hybrid = settings.objective == "hybrid"
        self.modules = {
            "generator": new_generator(settings),
            "critic": _critic(settings),
        }
        if self.hybrid:
            self.modules["encoder"] = Trunk(network, network.latent_dim, minibatch_std=False)
            self.modules["latent_critic"] = latent_critic(network.latent_dim)
        for name, module in self.modules.items():
            self.modules[name] = compute.place(module)
        self.averaged = {name: copied(self.modules[name]) for name in ("generator", "encoder") if name in self.modules}
        self.ema = settings.ema
        rate = settings.learning_rate
        first = 0.5 if self.hybrid else 0.0
        parts = [*self.modules["generator"].parameters()]
        if self.hybrid:
            parts += self.modules["encoder"].parameters()
        self.optimisers = {
            "generator": torch.optim.Adam(parts, lr=rate, betas=(first, 0.99), fused=True),
            "critic": torch.optim.Adam(
                [parameter for parameter in self.modules["critic"].parameters() if parameter.requires_grad],
                lr=rate * (PROJECTED_RATE if settings.critic == "projected" else 1),
                betas=(0.0, 0.99),
                fused=True,
            ),
        }
        if self.hybrid:
            latent = self.modules["latent_critic"].parameters()
            self.optimisers["latent_critic"] = torch.optim.Adam(latent, lr=2e-4, betas=(0.5, 0.99), fused=True)
        self.rates = {name: optimiser.param_groups[0]["lr"] for name, optimiser in self.optimisers.items()}

    @property
    def generator(self) -> ProGAN | StyleGAN2:
        """The generator in training."""
        return self.modules["generator"]  # type: ignore[return-value]

    def start_from(self, folder: Path) -> dict[str, Any]:
        """Take generator and encoder from a pack's or a run's folder; returns what the generator's file says of itself.

        Raises:
            ModelError: A file is missing or is of another network.
        """
        about: dict[str, Any] = {}
        for name in self.averaged:
            path = folder / f"{name}.safetensors"
            tensors, settings = storage.load_tensors(path)
            state = {key: tensor.float() for key, tensor in tensors.items()}
            try:
                self.modules[name].load_state_dict(state)
            except RuntimeError as error:
                raise ModelError(f"{path}: of another network than asked for ({error})") from error
            self.averaged[name] = copied(self.modules[name])
            if name == "generator":
                about = settings.get("about", {})
        return about


def new_generator(settings: TrainSettings) -> ProGAN | StyleGAN2:
    """A generator to train, its weights at random."""
    network = settings.network
    if settings.family == "progan":
        return ProGAN(network)
    width = network.latent_dim
    channels = tuple(network.channels(level) for level in range(network.top + 1))
    return StyleGAN2(
        StyleGAN2Settings(channels=channels, z_dim=width, w_dim=width, hidden=width, mapping=MAPPING_LAYERS)
    )


def _critic(settings: TrainSettings) -> nn.Module:
    if settings.critic == "projected":
        return ProjectedCritic(settings.network.resolution)
    return Trunk(settings.network, 1, minibatch_std=True)


def latent_critic(dim: int) -> nn.Module:
    """Tells encoded vectors from normal ones: dim-256-256-1, as small as keeps the codes normal."""
    return nn.Sequential(
        nn.Linear(dim, 256), nn.LeakyReLU(0.2), nn.Linear(256, 256), nn.LeakyReLU(0.2), nn.Linear(256, 1)
    )


def copied(module: nn.Module) -> dict[str, Tensor]:
    """A network's weights, to be averaged from here on."""
    return {name: parameter.detach().clone() for name, parameter in module.named_parameters()}


def step_at(optimiser: torch.optim.Optimizer, share: float) -> None:
    """One step at a share of the learning rate, which stays as it is."""
    rates = [group["lr"] for group in optimiser.param_groups]
    for group, rate in zip(optimiser.param_groups, rates, strict=True):
        group["lr"] = rate * share
    optimiser.step()
    for group, rate in zip(optimiser.param_groups, rates, strict=True):
        group["lr"] = rate
