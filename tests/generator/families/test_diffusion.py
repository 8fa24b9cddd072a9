"""Diffusion models as generators: DDIM as diffusers computes it, inversion, folders. All weights are random."""

import builtins
import shutil

import diffusers as library
import pytest
import torch
from safetensors.torch import load_file, save_file

from gigs.errors import InputError, ModelError
from gigs.generator.base import load_generator, save_generator
from gigs.generator.convert.checkpoints import convert_checkpoint
from gigs.generator.families.diffusion import Diffusion, DiffusionSettings
from gigs.io import storage
from gigs.testing import GeneratorSuite

V_SCHEDULE = library.DDIMScheduler(beta_end=0.002, prediction_type="v_prediction")
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


def older_names(path):
    """The folder with its attention weights under the names of diffusers before 0.13."""
    file = path / "diffusion_pytorch_model.safetensors"
    state = load_file(file)
    for new, old in (("to_q", "query"), ("to_k", "key"), ("to_v", "value"), ("to_out.0", "proj_attn")):
        state = {name.replace(f".{new}.", f".{old}."): tensor for name, tensor in state.items()}
    assert any(".proj_attn." in name for name in state)
    save_file(state, file)
    return path


def flat(path):
    """A pipeline's folder whose parts lie beside one another, as those of Google's first models do."""
    for part in ("unet", "scheduler"):
        for file in (path / part).iterdir():
            file.rename(path / file.name)
        (path / part).rmdir()
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


def plain(path):
    folder(path, scheduler=V_SCHEDULE)


def earlier_names(path):
    older_names(folder(path, scheduler=V_SCHEDULE) / "unet")


def beside_one_another(path):
    flat(folder(path, scheduler=V_SCHEDULE))


def both(path):
    older_names(flat(folder(path, scheduler=V_SCHEDULE)))


def half_precision(path):
    folder(path, scheduler=V_SCHEDULE, variant="fp16")


def in_shards(path):
    folder(path, scheduler=V_SCHEDULE, max_shard_size="100KB")
    assert len(list((path / "unet").glob("*.safetensors"))) > 1


def pickled_shards(path):
    folder(path, scheduler=V_SCHEDULE, max_shard_size="100KB", safe_serialization=False)
    assert len(list((path / "unet").glob("*.bin"))) > 1


def beta_of_another_scheduler(path):
    """A scheduler whose class has other defaults than DDIM's, its configuration saying only what is not default."""
    library.DDPMPipeline(unet=unet(), scheduler=library.HeunDiscreteScheduler(beta_end=0.002)).save_pretrained(path)
    config = path / "scheduler/scheduler_config.json"
    storage.write_json(config, {"_class_name": "HeunDiscreteScheduler", "beta_end": 0.002})


@pytest.mark.parametrize(
    "write",
    [plain, earlier_names, beside_one_another, both, half_precision, in_shards, pickled_shards,
     beta_of_another_scheduler],
)  # fmt: skip
@torch.no_grad()
def test_each_kind_of_folder_denoises_as_diffusers_own_pipeline_of_it(tmp_path, write):
    path = tmp_path / "model"
    write(path)
    generator = converted(path, steps=4)
    variant = "fp16" if write is half_precision else None
    theirs = library.DDPMPipeline.from_pretrained(path, variant=variant, use_safetensors=write is not pickled_shards)
    schedule = theirs.scheduler
    if write is beta_of_another_scheduler:  # built by its own class, then stepped through by DDIM
        schedule = library.DDIMScheduler(trained_betas=schedule.betas.tolist())
    scheduler = library.DDIMScheduler.from_config(schedule.config, timestep_spacing="trailing", clip_sample=False)
    scheduler.set_timesteps(4)
    x = noise = generator.sample(2, torch.Generator().manual_seed(0)).view(2, 3, 16, 16)
    for time in scheduler.timesteps:
        x = scheduler.step(theirs.unet(x, time).sample.float(), time, x, eta=0.0).prev_sample
    torch.testing.assert_close(generator.denoise(noise), x, atol=1e-4, rtol=1e-4)
    assert generator.config.prediction == scheduler.config.prediction_type


def test_a_schedule_of_before_2023_says_by_another_name_what_is_predicted(tmp_path):
    path = folder(tmp_path / "model")
    config = path / "scheduler/scheduler_config.json"
    said = {name: value for name, value in storage.read_json(config).items() if name != "prediction_type"}
    storage.write_json(config, said | {"_class_name": "DDPMScheduler", "predict_epsilon": False})
    assert converted(path).config.prediction == "sample"


@torch.no_grad()
def test_a_model_of_classes_draws_the_one_that_is_chosen(tmp_path):
    network = unet(num_class_embeds=3)
    network.class_embedding.weight.data.mul_(20)  # as far apart as trained classes are
    path = folder(tmp_path / "model", scheduler=library.DDIMScheduler(**SCHEDULE, clip_sample=False), network=network)
    generator = converted(path, steps=1)
    z = generator.sample(1, torch.Generator().manual_seed(0))
    for label in range(3):
        answer = network(z.view(1, 3, 16, 16), torch.tensor([999]), class_labels=torch.tensor([label])).sample
        alpha = library.DDIMScheduler(**SCHEDULE).alphas_cumprod[-1]
        clean = (z.view(1, 3, 16, 16) - (1 - alpha).sqrt() * answer) / alpha.sqrt()
        torch.testing.assert_close(generator.of_class(label).denoise(z.view(1, 3, 16, 16)), clean, atol=1e-4, rtol=1e-4)
    assert not torch.allclose(generator.of_class(0)(z), generator.of_class(1)(z), atol=1e-2)
    with pytest.raises(InputError, match="draws 3 classes; choose one with `label`"):
        generator(z)
    with pytest.raises(InputError, match="class 3: this generator has 3 classes, counted from 0"):
        generator.of_class(3)
    again = load_generator(save_generator(tmp_path / "of one.safetensors", generator.of_class(2)))
    assert torch.equal(again(z), generator.of_class(2)(z))


@torch.no_grad()
def test_an_autoencoder_that_names_no_scale_has_diffusers_default(tmp_path):
    path = folder(tmp_path / "model", coder=autoencoder("AutoencoderKL"))
    config = path / "vae/config.json"
    storage.write_json(config, {k: v for k, v in storage.read_json(config).items() if k != "scaling_factor"})
    older_names(path / "vae")
    generator = converted(path, steps=1)
    assert generator.config.scale == 0.18215
    theirs = library.AutoencoderKL.from_pretrained(path / "vae")
    z = generator.sample(1, torch.Generator().manual_seed(0))
    wanted = theirs.decode(generator.denoise(z.view(1, 3, 16, 16)) / theirs.config.scaling_factor).sample
    torch.testing.assert_close(generator(z), (wanted / 2 + 0.5).clamp(0, 1), atol=1e-5, rtol=0)


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
    with pytest.warns(UserWarning, match="no scheduler_config.json, so DDPM's usual noise is assumed"):
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

    def schedule(**changes):
        def change(path):
            file = path / "scheduler/scheduler_config.json"
            storage.write_json(file, storage.read_json(file) | changes)

        return broken(next(iter(changes.values())), change)

    def shifted():
        path = folder(tmp_path / "shifted", coder=autoencoder("AutoencoderKL"))
        storage.write_json(
            path / "vae/config.json", storage.read_json(path / "vae/config.json") | {"shift_factor": 0.1}
        )
        return path

    cases = {
        "a UNet2DConditionModel": broken("text", config(_class_name="UNet2DConditionModel")),
        "holds no diffusion_pytorch_model": broken("empty", lambda p: (p / WEIGHTS).unlink()),
        "diffusers cannot load this UNet2DModel .*block": broken("other", config(block_out_channels=[16, 32])),
        "diffusers cannot load this UNet2DModel .*Nonsense": broken(
            "odd", config(down_block_types=["Nonsense", "DownBlock2D"])
        ),
        "as many channels going in as coming out": folder(tmp_path / "variance", network=unet(out_channels=6)),
        "weights do not fit their configuration": broken("deeper", config(layers_per_block=2)),
        "draws pictures of 1 channel": folder(tmp_path / "one", network=unet(in_channels=1, out_channels=1)),
        "write the side in pixels": broken("oblong", config(sample_size=[16, 32])),
        "conditioned by 'timestep' embeddings": folder(tmp_path / "time", network=unet(class_embed_type="timestep")),
        "a ScoreSdeVeScheduler belongs to another kind": schedule(_class_name="ScoreSdeVeScheduler"),
        "names 'UNet2DModel', which is no scheduler": schedule(_class_name="UNet2DModel"),
        "prediction must be one of": schedule(prediction_type="flow_prediction"),
        "its latents are shifted": shifted(),
        "holds quantised weights": broken("quantised", config(quantization_config={"quant_method": "x"})),
        "config.json: no such file": broken("none", lambda p: (p / "unet/config.json").unlink()),
    }
    for message, path in cases.items():
        with pytest.raises(ModelError, match=message) as caught:
            convert_checkpoint(path, tmp_path / "out.safetensors")
        assert str(path) in str(caught.value)
    with pytest.raises(ModelError, match="not the given one"):
        convert_checkpoint(good, tmp_path / "out.safetensors", sha256="0" * 64)
    for options in ({"truncation": 0.5}, {"resolution": 16}):
        with pytest.raises(ModelError, match="does not apply to diffusers"):
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
    with pytest.raises(ModelError, match="pip install diffusers"):
        load_generator(path)
