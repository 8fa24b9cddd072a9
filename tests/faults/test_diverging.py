"""A loss that is not finite: back to the last checkpoint, half the learning rate, three times at most. Row 25.

The recommender's training is tested in `tests/recommender/train/test_run.py`.
"""

from __future__ import annotations

import csv
import math

import pytest
import torch

from gigs.errors import ModelError
from gigs.generator.families.progan import ProGANSettings
from gigs.generator.train import run as generator_run
from gigs.generator.train.dvbpr_gan import DVBPRRun, train_dvbpr_gan
from gigs.generator.train.dvbpr_settings import DVBPRTrainSettings
from gigs.generator.train.progressive import Run as GeneratorRun
from gigs.generator.train.progressive import train_generator
from gigs.generator.train.schedule import Growth
from gigs.generator.train.settings import TrainSettings
from gigs.generator.train.steps import Stepper
from gigs.inversion import train_encoder as train_encoder_module
from gigs.inversion.encoder_steps import EncoderSettings, EncoderStepper
from gigs.inversion.train_encoder import Run as EncoderRun
from gigs.inversion.train_encoder import TrainingPictures, train_encoder
from gigs.io import storage
from gigs.training.start import Start
from gigs.vision.compute import Compute
from tests.helpers.small_models import small_generator

pytestmark = pytest.mark.filterwarnings("ignore:.*going back to the last checkpoint")


@pytest.fixture(autouse=True)
def frequent_log(monkeypatch):
    for module in (generator_run, train_encoder_module):
        monkeypatch.setattr(module, "LOG_EVERY", 2)


GENERATOR = TrainSettings(
    network=ProGANSettings(resolution=8, latent_dim=8, fmap_base=32, fmap_max=8),
    growth=Growth(images_below_top=(), top_fade_images=0),
    objective="adversarial", images=4 * 14, batch=4, checkpoint_every=4 * 4, learning_rate=1e-3,
)  # fmt: skip
BASELINE = DVBPRTrainSettings(
    resolution=8, z_dim=8, fmap_base=32, fmap_max=8, images=4 * 14, batch=4, checkpoint_every=4 * 4,
    learning_rate=1e-3, fewest_photos=4,
)  # fmt: skip
ENCODER = EncoderSettings(
    images=4 * 14, batch=4, fmap_base=32, fmap_max=8, checkpoint_every=4 * 4, lpips_weight=0.0, learning_rate=1e-3,
    where="not held_out and has_image",
)  # fmt: skip


RUNS = {"generator": GeneratorRun, "dvbpr-gan": DVBPRRun, "encoder": EncoderRun}


def failing(step, at):
    """The step of a run, spoiled when it begins at one of the numbers of steps in `at`; each is used up."""
    at = list(at)

    def spoiled(self):
        if self.steps in at:
            at.remove(self.steps)
            net = self.encoder if isinstance(self, EncoderRun) else self.nets.generator
            with torch.no_grad():
                list(net.parameters())[-1].fill_(math.nan)
        step(self)

    return spoiled


def train(kind, catalogue, out, resume=False):
    if kind == "generator":
        return train_generator(catalogue, out, GENERATOR, Compute(), start=Start(resume=resume))
    if kind == "dvbpr-gan":
        return train_dvbpr_gan(catalogue, out, BASELINE, Compute(), resume=resume)
    pictures = TrainingPictures(catalogue, small_generator())
    return train_encoder(pictures, out, ENCODER, Compute(), start=Start(resume=resume))


@pytest.mark.parametrize("kind", RUNS)
def test_it_goes_back_halves_the_rate_and_says_so(kind, tiny_catalogue, tmp_path, monkeypatch):
    """Row 25."""
    run = RUNS[kind]
    monkeypatch.setattr(run, "step", failing(run.step, [6, 10]))
    with pytest.warns(UserWarning, match="learning rate halved"):
        path = train(kind, tiny_catalogue, tmp_path)
    tensors, header = storage.load_tensors(path)
    assert all(bool(torch.isfinite(tensor).all()) for tensor in tensors.values())
    first, *later = header["about"]["training"]
    assert "not_finite_after" not in first
    assert [(part["not_finite_after"], part["from_images"], part["retries"]) for part in later] == [
        (24, 16, 1), (40, 32, 2)
    ]  # fmt: skip
    rows = list(csv.DictReader((tmp_path / "log.csv").open()))
    assert [row["retries"] for row in rows] == ["0", "0", "1", "1", "2", "2", "2"]
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    optimiser = state["optimiser"] if kind == "encoder" else state["nets"]["optimisers"]["generator"]
    rate = ENCODER.rate_at(4 * 13) if kind == "encoder" else 1e-3
    assert optimiser["param_groups"][0]["lr"] == pytest.approx(rate / 4)


@pytest.mark.parametrize("kind", RUNS)
def test_it_gives_up_after_three_times_and_the_checkpoint_is_good(kind, tiny_catalogue, tmp_path, monkeypatch):
    """Row 25."""
    run = RUNS[kind]
    with monkeypatch.context() as patch:
        patch.setattr(run, "step", failing(run.step, [5] * 4))
        with pytest.raises(ModelError, match=r"not finite after 20 images.*lower `learning_rate`"):
            train(kind, tiny_catalogue, tmp_path)
    assert torch.load(tmp_path / "checkpoint.pt", weights_only=True)["shown"] == 16
    train(kind, tiny_catalogue, tmp_path, resume=True)


@pytest.mark.parametrize("kind", RUNS)
def test_weights_that_are_not_finite_are_never_saved(kind, tiny_catalogue, tmp_path, monkeypatch):
    """Row 25: the loss was still finite, the step that followed was not, and a checkpoint is due."""
    run = RUNS[kind]
    plain = run.checkpoint
    saved = []

    def watch(self):
        net = self.encoder if isinstance(self, EncoderRun) else self.nets.generator
        saved.append(all(bool(torch.isfinite(each).all()) for each in net.parameters()))
        plain(self)

    owner, name = {"generator": (Stepper, "__call__"), "dvbpr-gan": (DVBPRRun, "train_batch"),
                   "encoder": (EncoderStepper, "__call__")}[kind]  # fmt: skip
    call = getattr(owner, name)
    calls = []

    def spoil_after(self, *batch):
        losses = call(self, *batch)
        calls.append(None)
        if len(calls) == 8:  # after the eighth step a checkpoint is due
            net = self.encoder if kind == "encoder" else self.nets.generator
            with torch.no_grad():
                list(net.parameters())[-1].fill_(math.inf)
        return losses

    monkeypatch.setattr(owner, name, spoil_after)
    monkeypatch.setattr(run, "checkpoint", watch)
    train(kind, tiny_catalogue, tmp_path)
    assert len(calls) > 14 and all(saved)  # some were made again
