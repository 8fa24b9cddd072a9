"""The class-conditional critic D_c of Kang et al. 2017, and its file: preference maximisation needs it (Eq. 7).

5x5 convolutions that halve the side, with batch normalisation after all but the first and leaky ReLU; the class is
given to every one of them as further feature maps. Trained by least squares, it answers about 1 to
photos and about 0 to generated pictures.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gigs.errors import ModelError
from gigs.generator.families.dvbpr_gan import BASE, SLOPE, DVBPRGANSettings, dvbpr_gan_settings, initialise
from gigs.io import storage
from gigs.io.build import WRONG, build_fitting
from gigs.io.hub import HubMixin

KIND, FAMILY, FILE = "critic", "dvbpr-gan", "critic.safetensors"


class DVBPRCritic(HubMixin, nn.Module):
    """Tells photos of a class from generated pictures of it."""

    hub_file = FILE

    def __init__(self, settings: DVBPRGANSettings) -> None:
        super().__init__()
        self.config = settings
        widths = [settings.critic_channels(level) for level in reversed(range(settings.top))]
        inputs = [3, *widths]
        self.convs = nn.ModuleList(
            nn.Conv2d(inputs[place] + len(settings.classes), width, 5, stride=2, padding=2)
            for place, width in enumerate(widths)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for width in widths[1:])
        self.answer = nn.Linear(widths[-1] * BASE * BASE, 1)
        initialise(self)

    def forward(self, images: Tensor, label: int) -> Tensor:
        """Images `[N,3,R,R]` in `[0,1]` of one class to answers `[N]`: about 1 for a photo, 0 for a generated one.

        Frozen, every row is treated on its own.
        """
        return self.criticise(images * 2 - 1, torch.full((len(images),), label, device=images.device))[:, 0].float()

    def criticise(self, images: Tensor, labels: Tensor) -> Tensor:
        """Images `[N,3,R,R]` in `[-1,1]` of classes `[N]` to answers `[N,1]`; in training mode of the whole batch."""
        shown = F.one_hot(labels, len(self.config.classes)).to(images.dtype)[:, :, None, None]
        x = images
        for place, convolution in enumerate(self.convs):
            x = torch.cat([x, shown.to(x.dtype).expand(-1, -1, *x.shape[2:])], dim=1)
            x = convolution(x)
            x = F.leaky_relu(self.norms[place - 1](x) if place else x, SLOPE)
        return self.answer(x.flatten(1))

    def hub_write(self, path: Path, **options: Any) -> Path:
        """As `save_critic`."""
        return save_critic(path, self, **options)

    @classmethod
    def hub_read(cls, path: Path) -> DVBPRCritic:
        """As `load_critic`."""
        return load_critic(path)


def save_critic(path: Path, critic: DVBPRCritic, about: dict[str, Any] | None = None) -> Path:
    """Save as safetensors; `about` (how trained, on what; by default what is known) travels in the header."""
    network = {**vars(critic.config), "classes": list(critic.config.classes)}
    header = {"kind": KIND, "family": FAMILY, "network": network, "about": critic.about if about is None else about}
    return storage.save_tensors(path, dict(critic.state_dict()), header)


def load_critic(path: str | Path) -> DVBPRCritic:
    """Load a critic, frozen and in evaluation mode.

    Raises:
        ModelError: No critic, of an unknown family, or weights that do not fit their own settings.
    """
    path = Path(path)
    tensors, header = storage.load_tensors(path)
    if header.get("kind") != KIND or header.get("family") != FAMILY:
        raise ModelError(
            f"{path}: holds a {header.get('kind', 'something else')}, not a critic of family {FAMILY}; training "
            f"a generator of family {FAMILY} saves one as {FILE}"
        )
    try:
        critic = build_fitting(partial(_build, header.get("network", {})), tensors)
        critic.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
    except WRONG as error:
        raise ModelError(f"{path}: weights do not fit the settings they came with ({error})") from error
    critic.about = dict(header.get("about") or {})
    return critic.eval().requires_grad_(False)


def _build(network: dict[str, Any]) -> DVBPRCritic:
    return DVBPRCritic(dvbpr_gan_settings(network))
