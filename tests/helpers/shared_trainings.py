"""Short trainings of every family, run by however many processes a launcher started.

`python -m tests.helpers.shared_trainings CATALOGUE OUT NAME=IMAGES...`: each run goes on from where it is in
`OUT/NAME`, or begins there, until it was shown so many images (a recommender: epochs). The last part of NAME says which
training it is.
"""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from gigs.data.catalogue import Catalogue
from gigs.generator.base import save_generator
from gigs.generator.families.autoencoder import AutoencoderSettings, build_autoencoder, save_autoencoder
from gigs.generator.families.flow_network import FlowNetworkSettings
from gigs.generator.families.progan import ProGAN, ProGANSettings
from gigs.generator.train.autoencoder import train_autoencoder
from gigs.generator.train.autoencoder_settings import AutoencoderTrainSettings
from gigs.generator.train.dvbpr_gan import train_dvbpr_gan
from gigs.generator.train.dvbpr_settings import DVBPRTrainSettings
from gigs.generator.train.flow import LatentData, train_flow
from gigs.generator.train.flow_settings import FlowTrainSettings
from gigs.generator.train.progressive import train_generator
from gigs.generator.train.refiner import train_refiner
from gigs.generator.train.settings import HybridSettings
from gigs.inversion.encoder_steps import EncoderSettings
from gigs.inversion.train_encoder import TrainingPictures, train_encoder
from gigs.progress import Step
from gigs.recommender import defaults_for, train_recommender
from gigs.training.processes import join, leave
from gigs.training.start import Start
from gigs.vision.backbone import Backbone
from gigs.vision.compute import Compute
from tests.helpers.colour_shop import random_backbone
from tests.helpers.short_training import SMALL, WGAN
from tests.helpers.stand_ins import pyramid_for_lpips

CODER = AutoencoderSettings(patch=2, channels=(8, 16), latent_channels=4, groups=4, encoder="network", resolution=32)
HYBRID = replace(SMALL, batch=16, hybrid=HybridSettings(adversarial_after=32))
PROJECTED = replace(
    SMALL, hybrid=HybridSettings(adversarial=1.0, adversarial_after=0), loss="hinge", critic="projected", penalty="none"
)
ENCODER_IMAGES = 32
DVBPR = {"input_size": 64, "hidden": 16, "width": 0.125, "factors": 8, "batch_size": 32, "patience": 9, "flip": True}


class BrokenOffError(Exception):
    """Shown as many images as asked for."""


def progan(catalogue: Catalogue, out: Path, images: int, resume: bool) -> None:
    """The hybrid objective, with its encoder and both critics."""
    train_generator(catalogue, out, replace(HYBRID, images=images), Compute(), start=Start(resume=resume))


def projected(catalogue: Catalogue, out: Path, images: int, resume: bool) -> None:
    """A critic on features, whose gradient is weighed against the others'."""
    train_generator(catalogue, out, replace(PROJECTED, images=images), Compute(), start=Start(resume=resume))


def wgan(catalogue: Catalogue, out: Path, images: int, resume: bool) -> None:
    """The paper's recipe, with its gradient penalty."""
    train_generator(catalogue, out, replace(WGAN, images=images), Compute(), start=Start(resume=resume))


def dvbpr_gan(catalogue: Catalogue, out: Path, images: int, resume: bool) -> None:
    """Batch normalisation in generator and critic."""
    settings = DVBPRTrainSettings(
        resolution=16, z_dim=16, fmap_base=32, fmap_max=16, images=images, batch=8, augment=True, fewest_photos=4
    )
    train_dvbpr_gan(catalogue, out, settings, Compute(), resume=resume)


def encoder(catalogue: Catalogue, out: Path, images: int, resume: bool) -> None:
    """Photos and generated pictures, for a ProGAN at random weights.

    The learning rate falls to 0 over the images asked for: a run that others shall go on with is broken off, not ended.
    """

    def break_off(step: Step) -> None:
        if step.stage == "training the encoder" and step.done == images < ENCODER_IMAGES:
            raise BrokenOffError

    torch.manual_seed(0)
    generator = ProGAN(ProGANSettings(resolution=16, latent_dim=16, fmap_base=64, fmap_max=16)).freeze()
    settings = EncoderSettings(
        images=ENCODER_IMAGES, batch=8, fmap_base=64, fmap_max=16, checkpoint_every=16, generated_weight=0.5,
        warm_up=0.0,
    )  # fmt: skip
    with contextlib.suppress(BrokenOffError):
        pictures = TrainingPictures(catalogue, generator)
        train_encoder(pictures, out, settings, Compute(), start=Start(resume=resume), on_step=break_off)


def autoencoder(catalogue: Catalogue, out: Path, images: int, resume: bool) -> None:
    """With all its losses; the critic joins in on the way."""
    settings = AutoencoderTrainSettings(
        network=CODER, images=images, batch=8, crop=32, window=32, judged=2, adversarial_after=16
    )
    train_autoencoder(catalogue, out, settings, Compute(), start=Start(resume=resume))


def flow(catalogue: Catalogue, out: Path, images: int, resume: bool) -> None:
    """Latents are made by the processes together."""
    coder = out.parent / f"{out.name}-coder.safetensors"
    torch.manual_seed(0)
    if not coder.is_file():
        save_autoencoder(coder, build_autoencoder(CODER.config()).state_dict(), CODER.config(), {})
    settings = FlowTrainSettings(
        network=FlowNetworkSettings(channels=(16, 16), layers=1, head=8, groups=4, prior_width=16, prior_blocks=1),
        images=images, batch=8, directions=4, prior_examples=1024,
        conditions=("type", "colour"), grid_every=10**6,
    )  # fmt: skip
    train_flow(LatentData(catalogue, coder), out, settings, Compute(), start=Start(resume=resume))


def refiner(catalogue: Catalogue, out: Path, images: int, resume: bool) -> None:
    """Photos and samples of a prior, whose flow is at random weights."""
    from tests.generator.families.test_cascade import TRAIN, flow_with

    flow_file = out.parent / f"{out.name}-flow.safetensors"
    if not flow_file.is_file():
        save_generator(flow_file, flow_with(), {})
    settings = replace(TRAIN, images=images, adversarial_after=16)
    train_refiner(catalogue, flow_file, out, settings, Compute(), start=Start(resume=resume))


def vbpr(catalogue: Catalogue, out: Path, epochs: int, resume: bool) -> None:
    """Users who are what they bought."""
    settings = defaults_for("vbpr", epochs=epochs, factors=8, input_size=64, batch_size=16, patience=9)
    train_recommender(catalogue, settings, out, resume=resume)


def dvbpr(catalogue: Catalogue, out: Path, epochs: int, resume: bool) -> None:
    """DVBPR, with dropout and mirrored pictures; its epochs end with a batch that cannot be shared."""
    train_recommender(catalogue, defaults_for("dvbpr", epochs=epochs, **DVBPR), out, resume=resume)


RUNS: dict[str, Callable[[Catalogue, Path, int, bool], None]] = {
    each.__name__: each
    for each in (progan, projected, wgan, dvbpr_gan, encoder, flow, autoencoder, refiner, vbpr, dvbpr)
}


def run(catalogue: Catalogue, out: Path, jobs: dict[str, int]) -> None:
    """Run the named trainings one after the other."""
    with pyramid_for_lpips(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(Backbone, "pretrained", classmethod(lambda cls, name: random_backbone(name, 0)))
        for name, images in jobs.items():
            RUNS[name.rpartition("/")[2]](catalogue, out / name, images, (out / name / "checkpoint.pt").is_file())


# Biases of a dvbpr-gan that the batch normalisation after them takes away, and its means, which follow them: their
# gradient is rounding alone, and no picture shows it.
UNSEEN = re.compile(r"^dvbpr_gan .*(critic\.convs\.\d+\.bias|generator\.(layers\.\d+\.0|dense)\.bias|running_mean)$")


def weights(state: Any, name: str = "") -> Iterator[tuple[str, Tensor]]:
    """Weights of a checkpoint, without its optimisers and random numbers."""
    if isinstance(state, Tensor) and state.is_floating_point():
        yield name, state
    elif isinstance(state, dict):
        for key, value in state.items():
            if not str(key).startswith("optimiser"):
                yield from weights(value, f"{name}.{key}")


def apart(one: dict[str, Any], other: dict[str, Any], how: Callable[[Tensor], Tensor] = torch.max) -> dict[str, float]:
    """Of every weight, the largest difference between two checkpoints of one network, or what `how` makes of them."""
    found, others = dict(weights(one)), dict(weights(other))
    assert found.keys() == others.keys()
    return {key: float(how((tensor - others[key]).abs())) for key, tensor in found.items()}


if __name__ == "__main__":
    torch.set_num_threads(1)
    join("cpu")
    parts = [each.partition("=") for each in sys.argv[3:]]
    run(Catalogue.open(Path(sys.argv[1])), Path(sys.argv[2]), {name: int(images) for name, _, images in parts})
    leave()
