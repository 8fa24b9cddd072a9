"""Diffusion models as generators: DDIM as diffusers computes it, inversion, folders. All weights are random."""

import builtins
import shutil

import pytest
import torch

from gigs.errors import ModelError
from gigs.generator.base import load_generator, save_generator
from gigs.generator.convert.checkpoints import convert_checkpoint
from gigs.generator.families.diffusion import Diffusion, DiffusionSettings
from gigs.io import storage
from gigs.testing import GeneratorSuite

library = pytest.importorskip("diffusers", reason="the extra gigs[diffusion] is not installed")

UNET = {
    "sample_size": 16, "in_channels": 3, "out_channels": 3, "block_out_channels": (16, 16), "norm_num_groups": 4,
    "layers_per_block": 1, "down_block_types": ("DownBlock2D", "AttnDownBlock2D"),
    "up_block_types": ("AttnUpBlock2D", "UpBlock2D"),
}  # fmt: skip
# A schedule that ends with some signal left: random weights predict no noise, and what they draw would explode.
SCHEDULE = {"beta_end": 0.002}


def seeded(build):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return build()


def unet(**changes):
    return seeded(lambda: library.UNet2DModel(**(UNET | changes))).eval()


def autoencoder(kind):
    options = {"down_block_types": ("DownEncoderBlock2D",) * 2, "up_block_types": ("UpDecoderBlock2D",) * 2}
    options |= {"block_out_channels": (16, 16), "norm_num_groups": 4, "latent_channels": 3, "scaling_factor": 0.5}
    options |= {"num_vq_embeddings": 32} if kind == "VQModel" else {}
    return seeded(lambda: getattr(library, kind)(**options)).eval()


def folder(path, *, scheduler=None, network=None, coder=None, **options):
    """What `method.pipeline.save_pretrained` writes."""
    scheduler = scheduler or library.DDIMScheduler(**SCHEDULE)
    network = network or unet()
    if coder is None:
        library.DDIMPipeline(unet=network, scheduler=scheduler).save_pretrained(path, **options)
    else:
        network.save_pretrained(path / "unet", **options)
        scheduler.save_pretrained(path / "scheduler")
        coder.save_pretrained(path / ("vqvae" if isinstance(coder, library.VQModel) else "vae"))
    return path


def converted(source, **options):
    return load_generator(convert_checkpoint(source, source.parent / "converted.safetensors", **options))


@pytest.fixture(scope="module")
def generator(tmp_path_factory):
    return converted(folder(tmp_path_factory.mktemp("pixels") / "model"), steps=4)


class TestConforms(GeneratorSuite):
    steps, learning_rate = 8, 0.1

    def build(self):
        alphas = library.DDIMScheduler(**SCHEDULE).alphas_cumprod
        return seeded(lambda: Diffusion(DiffusionSettings(unet=dict(unet().config), steps=2), alphas))


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction", "sample"])
@torch.no_grad()
def test_it_denoises_as_diffusers_does(tmp_path, prediction):
    scheduler = library.DDIMScheduler(
        **SCHEDULE, prediction_type=prediction, timestep_spacing="trailing", clip_sample=False
    )
    network = unet()
    generator = converted(folder(tmp_path / "model", scheduler=scheduler, network=network), steps=5)
    noise = generator.sample(2, torch.Generator().manual_seed(0))
    x = noise.view(2, 3, 16, 16)
    scheduler.set_timesteps(5)
    for time in scheduler.timesteps:
        x = scheduler.step(network(x, time).sample, time, x, eta=0.0).prev_sample
    torch.testing.assert_close(generator.denoise(noise.view(2, 3, 16, 16)), x, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(generator(noise), (x / 2 + 0.5).clamp(0, 1), atol=1e-4, rtol=0)


@pytest.mark.parametrize("kind", ["VQModel", "AutoencoderKL"])
@torch.no_grad()
def test_a_latent_model_draws_through_its_decoder(tmp_path, kind):
    coder = autoencoder(kind)
    generator = converted(folder(tmp_path / "model", coder=coder), steps=2)
    z = generator.sample(2, torch.Generator().manual_seed(0))
    scale = generator.config.scale
    assert scale == (0.5 if kind == "AutoencoderKL" else coder.config.scaling_factor)
    wanted = coder.decode(generator.denoise(z.view(2, 3, 16, 16)) / scale).sample
    torch.testing.assert_close(generator(z), (wanted / 2 + 0.5).clamp(0, 1), atol=1e-5, rtol=0)
    assert (generator.resolution, generator.latent_dim) == (32, 768)
    assert generator.start_from(generator(z)).shape == (2, 768)


@torch.no_grad()
def test_inversion_begins_near_the_picture(generator):
    z = generator.sample(4, torch.Generator().manual_seed(0))
    photos = 0.5 + 0.5 * (generator(z) - 0.5)  # away from the clamp
    away = (generator(generator.start_from(photos)) - photos).square().mean((1, 2, 3))
    random = (generator(generator.sample(4, torch.Generator().manual_seed(9))) - photos).square().mean((1, 2, 3))
    assert (away < 0.5 * random).all()


def test_recomputing_steps_gives_the_same_gradient(generator):
    z = generator.sample(1, torch.Generator().manual_seed(0))
    slopes = []
    for step in (generator._step, generator._moved):
        generator._step = step
        own = z.clone().requires_grad_()
        generator(own).square().sum().backward()
        slopes.append(own.grad)
    del generator._step
    torch.testing.assert_close(*slopes)


def test_the_schedule_may_end_without_any_signal(tmp_path):
    scheduler = library.DDIMScheduler(rescale_betas_zero_snr=True, prediction_type="v_prediction")
    generator = converted(folder(tmp_path / "model", scheduler=scheduler), steps=3)
    assert generator(generator.sample(1, torch.Generator().manual_seed(0))).isfinite().all()


def test_a_unet_alone_and_weights_in_the_old_format_will_do(tmp_path, generator):
    unet().save_pretrained(tmp_path / "alone", safe_serialization=False)
    alone = converted(tmp_path / "alone", steps=4)
    assert alone.alphas[-1] < 0.01  # the usual schedule
    torch.testing.assert_close(alone.unet.state_dict()["conv_in.weight"], generator.unet.state_dict()["conv_in.weight"])


def test_what_is_wrong_with_a_folder_is_named(tmp_path):
    good = folder(tmp_path / "good")

    def broken(name, change):
        copy = tmp_path / name
        shutil.copytree(good, copy)
        change(copy)
        return copy

    def config(**changes):
        return lambda path: storage.write_json(
            path / "unet/config.json", storage.read_json(path / "unet/config.json") | changes
        )

    cases = {
        "a UNet2DConditionModel": broken("text", config(_class_name="UNet2DConditionModel")),
        "holds no diffusion_pytorch_model": broken("empty", lambda p: (p / WEIGHTS).unlink()),
        "do not fit their configuration": broken("other", config(block_out_channels=[16, 32])),
        "diffusers cannot build this UNet2DModel": broken("odd", config(down_block_types=["Nonsense", "DownBlock2D"])),
        "as many channels going in as coming out": broken("grey", config(out_channels=6)),
        "config.json: no such file": broken("none", lambda p: (p / "unet/config.json").unlink()),
    }
    for message, path in cases.items():
        with pytest.raises(ModelError, match=message) as caught:
            convert_checkpoint(path, tmp_path / "out.safetensors")
        assert str(path) in str(caught.value)
    with pytest.raises(ModelError, match="not the one given"):
        convert_checkpoint(good, tmp_path / "out.safetensors", sha256="0" * 64)
    for options in ({"truncation": 0.5}, {"resolution": 16}):
        with pytest.raises(ModelError, match="does not go with diffusers"):
            convert_checkpoint(good, tmp_path / "out.safetensors", **options)
    with pytest.raises(ModelError, match="steps must be from 1 to 1000"):
        convert_checkpoint(good, tmp_path / "out.safetensors", steps=0)
    digest = storage.sha256_of(good / WEIGHTS)
    convert_checkpoint(good, tmp_path / "out.safetensors", sha256=digest)
    assert storage.load_tensors(tmp_path / "out.safetensors")[1]["about"]["converted_from"]["sha256"] == digest


WEIGHTS = "unet/diffusion_pytorch_model.safetensors"


def test_without_the_library_it_says_what_to_install(tmp_path, generator, monkeypatch):
    path = save_generator(tmp_path / "d.safetensors", generator)
    real = builtins.__import__

    def none(name, *rest, **more):
        if name == "diffusers":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", none)
    with pytest.raises(ModelError, match=r'pip install "gigs\[diffusion\]"'):
        load_generator(path)
