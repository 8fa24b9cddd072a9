"""`gigs suggest` runs the whole path with every family of generators and every kind of recommender."""

import json

import numpy as np
import pytest
import torch

from gigs.generator.base import save_generator
from gigs.generator.families.biggan import BigGAN, BigGANSettings
from gigs.generator.families.progan_public import GANZooPGAN, ProGANPyTorch, PublicSettings
from gigs.generator.families.stylegan2 import StyleGAN2, StyleGAN2Settings
from gigs.recommender.models import callable as callables
from gigs.recommender.models.callable import CallableRecommender
from gigs.vision.images import read_photo, save_png, to_tensor
from tests.helpers.command_line import gigs
from tests.helpers.small_models import small_baseline, small_generator, small_recommender, write_small_pack

pytestmark = pytest.mark.usefixtures("pyramid_for_lpips")


def progan():
    return small_generator()


def public(kind):
    return kind(PublicSettings(channels=(16, 12, 8, 8), latent_dim=24))


def stylegan2(classes=0):
    settings = StyleGAN2Settings(channels=(16, 12, 8, 8), z_dim=16, w_dim=16, hidden=16, mapping=2, classes=classes)
    return StyleGAN2(settings).measure() if not classes else StyleGAN2(settings)


def biggan():
    settings = {"blocks": ((16, 16, True), (16, 8, True), (8, 8, True)), "classes": 5, "embedded": 10, "z_dim": 24}
    made = BigGAN(BigGANSettings(**settings, chunk=6))
    for parameter in made.parameters():
        parameter.data.normal_(0, 0.3)
    return made


def diffusion():
    import diffusers as library

    from gigs.generator.families.diffusion import Diffusion, DiffusionSettings

    unet = {"sample_size": 32, "in_channels": 3, "out_channels": 3, "block_out_channels": [8, 8], "norm_num_groups": 4}
    unet |= {"layers_per_block": 1, "down_block_types": ["DownBlock2D"] * 2, "up_block_types": ["UpBlock2D"] * 2}
    alphas = library.DDIMScheduler(beta_end=0.002).alphas_cumprod
    return Diffusion(DiffusionSettings(unet=unet, steps=2), alphas)


FAST = ["--preset", "fast"]
CASES = {
    "progan": (progan, FAST, 32),
    "pro-gan-pytorch": (lambda: public(ProGANPyTorch), [], 32),
    "gan-zoo-pgan": (lambda: public(GANZooPGAN), [], 32),
    "stylegan2 in z": (stylegan2, [], 32),
    "stylegan2 in w": (stylegan2, ["--space", "w"], 32),
    "stylegan2 in w+, conditional, looked at larger": (
        lambda: stylegan2(classes=3),
        ["--space", "w+", "--class", 1, "--size", 64],
        64,
    ),
    "biggan, fixed class": (biggan, ["--class", 4], 32),
    "biggan, relaxed class": (biggan, ["--space", "z+class", "--class", 4], 32),
    "dvbpr-gan": (lambda: small_baseline()[0], ["--class", 2], 32),
    "diffusion": (diffusion, FAST, 32),  # which starts from the generator's own inversion
}


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photo")
    generator = small_generator()
    return save_png(generator(generator.sample(1, torch.Generator().manual_seed(3)))[0], folder / "shirt.png")


@pytest.fixture(scope="module")
def recommender(tmp_path_factory):
    return small_recommender(users=60).save(tmp_path_factory.mktemp("recommender") / "r.safetensors")


def run(photo, recommender, out, *more):
    preset = () if "--preset" in more else ("--preset", "paper-text")  # which spends nothing on restarts
    return gigs("suggest", photo, "--recommender", recommender, "--n", 2, "--steps", 3, "--out", out, *preset, *more)


@pytest.mark.parametrize("case", CASES)
def test_the_whole_path_with_every_family(case, photo, recommender, tmp_path):
    build, options, side = CASES[case]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        path = save_generator(tmp_path / "g.safetensors", build())
    done = run(photo, recommender, tmp_path / "out", "--generator", path, *options)
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "out" / "result.json").read_text())
    assert len(record["suggestions"]) == 2 and record["reconstruction"]["lpips"] > 0
    chosen = dict(zip((str(each).removeprefix("--") for each in options[::2]), options[1::2], strict=True))
    said = record["models"]["generator"]
    assert (said.get("space"), said.get("label"), said.get("size")) == tuple(
        map(chosen.get, ("space", "class", "size"))
    )
    assert read_photo(tmp_path / "out" / "raw" / "suggestion-1.png").size == (side, side)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--space", "w+"], "latent space 'w+': generators of family progan know z"),
        (["--class", "3"], "class 3: generators of family progan know no classes"),
        (["--size", "8"], "--size must be from 32 to 1024 px, not 8"),
    ],
)
def test_what_the_packs_generator_does_not_know_is_one_line(options, message, photo, small_pack, tmp_path):
    done = gigs("suggest", photo, "--pack", small_pack, *options, "--out", tmp_path / "out")
    assert done.returncode == 2 and message in done.stderr and len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "out" / "result.json").exists()


def test_a_class_conditional_generator_asks_for_a_class(photo, recommender, tmp_path):
    path = save_generator(tmp_path / "g.safetensors", biggan())
    done = run(photo, recommender, tmp_path / "out", "--generator", path)
    assert done.returncode == 2 and "draws 5 classes; choose one with --class" in done.stderr


def test_the_papers_step_with_the_packs_own_encoder(photo, tmp_path, tmp_path_factory):
    pack = write_small_pack(tmp_path_factory.mktemp("pack"), encoder=True)
    done = gigs("suggest", photo, "--pack", pack, "--size", 64, "--n", 2, "--steps", 2, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "out" / "result.json").read_text())
    assert record["models"]["generator"]["size"] == 64 and record["photo"]["percentile"] is None


def test_a_function_of_ones_own_scores_and_a_bent_one_says_what_it_costs(photo, tmp_path, monkeypatch):
    monkeypatch.setattr(callables, "_REGISTERED", {})
    callables.register_features("means", lambda: lambda x: torch.nn.functional.adaptive_avg_pool2d(x, 2).flatten(1))
    callables.register_scorer("bent", lambda: lambda phi, theta: torch.tanh(phi @ theta.T))
    vectors = torch.randn(60, 12, generator=torch.Generator().manual_seed(0))
    ids = [f"u{number}" for number in range(60)]
    generator = save_generator(tmp_path / "g.safetensors", small_generator())
    counts = {}
    for scorer in (None, "bent"):
        model = CallableRecommender.from_vectors("means", ids, vectors, input_size=64, scorer=scorer)
        path = model.save(tmp_path / f"{scorer}.safetensors")
        done = run(photo, path, tmp_path / str(scorer), "--generator", generator)
        assert done.returncode == 0, done.stderr
        record = json.loads((tmp_path / str(scorer) / "result.json").read_text())
        counts[scorer] = record["audience"]["scored_users"]
        assert ("32 of 60 users are scored one by one" in done.stderr) == (scorer is not None)
        if scorer:
            sample = model.user_factors[torch.randperm(60, generator=torch.Generator().manual_seed(0))[:32]]
            drawn = to_tensor(np.asarray(read_photo(tmp_path / "bent" / "raw" / "suggestion-1.png")))
            wanted = model.score(drawn, sample).mean().item()
            assert record["suggestions"][0]["score"] == pytest.approx(wanted, abs=0.02)  # 8-bit pictures
    assert counts == {None: 60, "bent": 32}
