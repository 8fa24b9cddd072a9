import csv
import math
from dataclasses import replace

import pytest
import torch
from PIL import Image
from torch import nn

from gigs.cli.app import app
from gigs.errors import DataError, InputError, ModelError
from gigs.generator.base import Generator, save_generator
from gigs.generator.families.progan import ProGAN, ProGANSettings
from gigs.generator.latent import sample_normal
from gigs.inversion.encoder import Encoder, load_encoder, save_encoder
from gigs.inversion.train_encoder import EncoderSettings, Run, TrainingPictures, held_out_figures, train_encoder
from gigs.io import storage
from gigs.training.start import Start
from gigs.vision.compute import Compute

SIZES = {"resolution": 16, "latent_dim": 16, "fmap_base": 64, "fmap_max": 16}
SMALL = EncoderSettings(images=64, batch=8, fmap_base=64, fmap_max=16, checkpoint_every=32, generated_weight=0.5)
PLAIN = replace(SMALL, lpips_weight=0.0, generated_weight=0.0)  # needs nobody's weights, except for measuring


@pytest.fixture(autouse=True)
def one_thread():
    """Networks this small gain nothing from a second thread, and lose much where another program wants it too."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class Blob(Generator):
    """No ProGAN: a disc on a coloured ground, whose place, size and colours are projections of z."""

    family = "test-blob"
    latent_dim, resolution = 16, 16

    def __init__(self):
        super().__init__()
        self.read = nn.Parameter(torch.randn(16, 9, generator=torch.Generator().manual_seed(3)) / 4)

    def sample(self, n, rng):
        return sample_normal(n, self.latent_dim, rng)

    def forward(self, z):
        numbers = torch.sigmoid(2 * (z @ self.read))  # x, y, size, colour, ground
        along = torch.linspace(0, 1, self.resolution)
        x, y = along[None, None, :] - numbers[:, 0, None, None], along[None, :, None] - numbers[:, 1, None, None]
        inside = torch.sigmoid(40 * (0.15 + 0.3 * numbers[:, 2, None, None] - (x * x + y * y + 1e-6).sqrt()))[:, None]
        return torch.lerp(numbers[:, 6:, None, None], numbers[:, 3:6, None, None], inside)

    def settings(self):
        return {}


def progan():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return ProGAN(ProGANSettings(**SIZES)).freeze()


def weights(path):
    return load_encoder(path).state_dict()


def interrupt_at(images):
    def on_step(step):
        if step.stage == "training the encoder" and step.done >= images:
            raise KeyboardInterrupt

    return on_step


@pytest.fixture
def run_plain(tiny_catalogue, tmp_path):
    """Make a run without third-party weights: no LPIPS in the loss, and no held-out photos."""

    def make(folder="run", settings=PLAIN, generator=None, generator_file=None, **start):
        where = replace(settings, where="not held_out and has_image")
        pictures = TrainingPictures(tiny_catalogue, generator or progan(), generator_file)
        return Run(pictures, tmp_path / folder, where, Compute(), Start(**start))

    return make


@pytest.mark.usefixtures("pyramid_for_lpips")
@pytest.mark.parametrize("compute", [Compute(), Compute(bf16=True, channels_last=True)], ids=["fp32", "bf16"])
def test_a_resumed_run_equals_an_uninterrupted_one(compute, tiny_catalogue, tmp_path):
    whole = train_encoder(TrainingPictures(tiny_catalogue, progan()), tmp_path / "whole", SMALL, compute)
    with pytest.raises(KeyboardInterrupt):  # 16 images after the checkpoint
        train_encoder(
            TrainingPictures(tiny_catalogue, progan()), tmp_path / "parts", SMALL, compute, on_step=interrupt_at(48)
        )
    parts = train_encoder(
        TrainingPictures(tiny_catalogue, progan()), tmp_path / "parts", SMALL, compute, start=Start(resume=True)
    )
    assert all(torch.equal(tensor, weights(parts)[name]) for name, tensor in weights(whole).items())
    assert held_out_figures(whole) == held_out_figures(parts)
    history = storage.load_tensors(parts)[1]["about"]["training"]
    assert [part["from_images"] for part in history] == [0, 32]


@pytest.mark.weights
@pytest.mark.parametrize(
    ("generator", "share"),
    [(Blob, 0.6), (progan, 0.97)],  # a random ProGAN can redraw next to nothing
)
def test_training_redraws_held_out_photos_better(generator, share, tiny_catalogue, tmp_path):
    settings = replace(SMALL, images=480, generated_weight=0.0, checkpoint_every=240, learning_rate=3e-3, ema=0.9)
    path = train_encoder(TrainingPictures(tiny_catalogue, generator()), tmp_path, settings, Compute())
    before, after = held_out_figures(path)
    assert before["photos"] == len(tiny_catalogue.held_out_items()) == after["photos"]
    assert after["lpips_vgg"]["mean"] < before["lpips_vgg"]["mean"]
    assert after["mse"]["mean"] < share * before["mse"]["mean"]
    rows = list(csv.DictReader((tmp_path / "log.csv").open()))
    assert [row["shown"] for row in rows] == ["0", "400", "480"]
    assert float(rows[-1]["held_out_mse"]) == after["mse"]["mean"]
    assert float(rows[1]["lpips"]) > 0 and rows[0]["lpips"] == ""
    grids = sorted(path.name for path in tmp_path.glob("*.png"))
    assert grids == [f"reconstructions-{shown:08d}.png" for shown in (0, 240, 480)]
    assert Image.open(tmp_path / grids[-1]).width == 8 * 18 + 2


def test_generated_pictures_teach_their_own_latent_vectors(run_plain):
    settings = replace(PLAIN, images=1600, latent_weight=1.0, mse_weight=1e-3, learning_rate=1e-2)
    run = run_plain(settings=settings, generator=Blob())
    losses = []
    while run.shown < run.settings.images:
        run.step()
        losses.append(run.recent["latent"])
    # far from 0: 9 numbers make the picture, and z has 16
    assert sum(losses[-50:]) < 0.88 * sum(losses[:50])


@pytest.mark.usefixtures("pyramid_for_lpips")
def test_every_trained_parameter_gets_a_gradient_and_the_generator_none(tiny_catalogue, tmp_path):
    generator = progan().train().requires_grad_(True)  # the run must not rely on the caller having frozen it
    run = Run(TrainingPictures(tiny_catalogue, generator), tmp_path, SMALL, Compute())
    before = {name: tensor.clone() for name, tensor in run.generator.state_dict().items()}
    run.step()
    without = [name for name, each in run.encoder.named_parameters() if each.grad is None or not each.grad.any()]
    # the entries of 4 and 8 px serve only while a network grows
    assert without == [f"trunk.from_rgb.{level}.{part}" for level in (0, 1) for part in ("weight", "bias")]
    assert all(torch.equal(before[name], tensor) for name, tensor in run.generator.state_dict().items())
    assert all(torch.equal(before[name], tensor) for name, tensor in generator.state_dict().items())
    assert all(parameter.grad is None for each in (generator, run.generator) for parameter in each.parameters())
    assert set(run.recent) == {"mse", "lpips", "latent", "generated_mse", "generated_lpips"}


def test_the_learning_rate_is_a_function_of_the_images_shown():
    settings = EncoderSettings(images=10_000, batch=10, learning_rate=1.0, warm_up=0.1)
    assert settings.rate_at(0) == pytest.approx(0.01)
    assert settings.rate_at(490) == pytest.approx(0.5, abs=0.01)
    assert settings.rate_at(5000) == pytest.approx(0.5)
    assert settings.rate_at(10_000) == settings.rate_at(20_000) == pytest.approx(0)
    assert replace(settings, warm_up=0.0).rate_at(0) == 1.0


def test_without_a_loss_on_pairs_every_picture_is_a_photo():
    assert (SMALL.pairs, replace(PLAIN, latent_weight=0.0).pairs) == (4, 0)


def test_training_goes_on_from_an_encoders_file(run_plain, tmp_path):
    started = save_encoder(tmp_path / "start.safetensors", Encoder(ProGANSettings(**SIZES)))
    run = run_plain(settings=replace(PLAIN, fmap_base=None, fmap_max=None, learning_rate=1e-9), weights=started)
    run.step()
    for name, tensor in weights(started).items():
        torch.testing.assert_close(run.averaged.state_dict()[name], tensor, atol=1e-6, rtol=0)
    assert run.about["started_from_sha256"] == storage.sha256_of(started)
    with pytest.raises(InputError, match="fmap_max 8: the encoder to train on from has 16"):
        run_plain(settings=replace(PLAIN, fmap_max=8), weights=started)
    other = save_encoder(tmp_path / "other.safetensors", Encoder(ProGANSettings(**{**SIZES, "latent_dim": 8})))
    with pytest.raises(ModelError, match="the encoder is for 16 px and 8 latent numbers"):
        run_plain(weights=other)


def test_the_generator_is_remembered_and_must_be_the_same(run_plain, tmp_path):
    first = save_generator(tmp_path / "a.safetensors", progan(), {"images_shown": 1})
    other = save_generator(tmp_path / "b.safetensors", progan(), {"images_shown": 2})
    run = run_plain(generator_file=first)
    assert run.about["generator_sha256"] == storage.sha256_of(first)
    assert run_plain(resume=True).about["generator_sha256"] == storage.sha256_of(first)
    with pytest.raises(ModelError, match="trained with another generator"):
        run_plain(resume=True, generator_file=other)


def test_a_loss_that_is_not_finite_stops_the_run_before_the_weights(run_plain):
    run = run_plain(settings=replace(PLAIN, learning_rate=1e30))
    with pytest.raises(ModelError, match=r"not finite after .* images.*lower `learning_rate`"):
        while True:
            run.step()
    resumed = run_plain(settings=replace(PLAIN, learning_rate=1e-3), resume=True)
    assert resumed.shown == 0
    resumed.step()
    assert math.isfinite(resumed.recent["mse"])


def test_another_kind_of_run_is_not_overwritten(run_plain, tmp_path):
    folder = tmp_path / "generator-run"
    folder.mkdir()
    (folder / "checkpoint.pt").write_bytes(b"days of work")
    for history in (None, [{"from_images": 0, "train": {}}]):
        if history:
            storage.write_json(folder / "settings.json", {"history": history})
        with pytest.raises(InputError, match="another kind of training"):
            run_plain(folder.name)
    assert (folder / "checkpoint.pt").read_bytes() == b"days of work"


def test_a_fresh_run_replaces_the_checkpoint_of_an_older_one(run_plain):
    older = run_plain()
    older.step()
    older.checkpoint()
    assert run_plain(resume=True).shown == 8
    run_plain()
    assert run_plain(resume=True).shown == 0


def test_too_few_photos_and_impossible_generators_are_named(run_plain, tiny_catalogue, tmp_path):
    with pytest.raises(DataError, match="0 photos to train on"):
        settings = replace(PLAIN, where='type == "Spaceship"')
        train_encoder(TrainingPictures(tiny_catalogue, progan()), tmp_path / "none", settings, Compute())
    odd = Blob()
    odd.resolution = 24
    with pytest.raises(ModelError, match="no encoder can be made for this generator: resolution"):
        run_plain(generator=odd)
    with pytest.raises(ModelError, match="no checkpoint to resume from"):
        run_plain("nothing", resume=True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"batch": 1},
        {"images": 0},
        {"checkpoint_every": 0},
        {"learning_rate": 0.0},
        {"learning_rate": math.nan},
        {"learning_rate": math.inf},
        {"warm_up": 1.0},
        {"warm_up": -0.1},
        {"ema": 1.0},
        {"mse_weight": -1.0},
        {"latent_weight": math.nan},
        {"mse_weight": 0.0, "lpips_weight": 0.0},
        {"fmap_base": 0},
    ],
)
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(InputError):
        EncoderSettings(**wrong)


@pytest.mark.usefixtures("pyramid_for_lpips")
def test_the_command_trains_and_tells_the_figures(small_pack, tiny_catalogue, tmp_path, capsys):
    common = ["train", "encoder", str(tiny_catalogue.root), "--device", "cpu", "--batch", "4"]
    command = [*common, "--images", "8", "--generator", str(small_pack), "--out", str(tmp_path / "first")]
    app([*command, "--fmap-base", "64", "--fmap-max", "8"], standalone_mode=False)
    told = capsys.readouterr().out
    assert "8 pictures shown" in told and "after 0: LPIPS" in told and "after 8: LPIPS" in told
    about = storage.load_tensors(tmp_path / "first" / "encoder.safetensors")[1]["about"]
    assert about["generator_sha256"] == storage.sha256_of(small_pack / "generator.safetensors")
    command = [*common, "--images", "4", "--generator", str(small_pack / "generator.safetensors")]
    app([*command, "--start-from", str(tmp_path / "first"), "--out", str(tmp_path / "on")], standalone_mode=False)
    first, on = (load_encoder(tmp_path / name / "encoder.safetensors") for name in ("first", "on"))
    assert first.config == on.config
