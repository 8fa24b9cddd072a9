"""The autoencoder of a latent flow: shapes, files, folders of diffusers, and a run that is stopped and goes on."""

from __future__ import annotations

import csv
from dataclasses import replace

import diffusers as library
import pytest
import torch

from gigs.errors import ModelError
from gigs.generator.convert.autoencoder import load_autoencoder
from gigs.generator.families.autoencoder import (
    AutoencoderSettings,
    build_autoencoder,
    decode,
    encode,
    latents_id,
    save_autoencoder,
    start_from_components,
)
from gigs.generator.train.autoencoder import train_autoencoder
from gigs.generator.train.autoencoder_settings import AutoencoderTrainSettings
from gigs.io import storage
from gigs.training.start import Start
from gigs.vision.compute import Compute

NETWORK = AutoencoderSettings(patch=2, channels=(8, 16), latent_channels=4, groups=4, encoder="network", resolution=64)
TRAIN = AutoencoderTrainSettings(
    network=NETWORK, images=64, batch=8, crop=48, window=32, judged=2, lpips=0, adversarial=0, checkpoint_every=32,
    grid_every=10**6,
)  # fmt: skip


def small():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return build_autoencoder(NETWORK.config()).eval().requires_grad_(False)


def without_ours():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        theirs = {name: value for name, value in NETWORK.config().items() if name not in ("patch", "shortcut")}
        return build_autoencoder(theirs | {"in_channels": 3, "out_channels": 3}).eval().requires_grad_(False)


def images(n=2, side=64):
    return torch.rand(n, 3, side, side, generator=torch.Generator().manual_seed(0))


def test_latents_and_pictures_have_the_stated_shapes_and_range():
    network = small()
    latents = encode(network, images())
    assert latents.shape == (2, 4, 16, 16) and NETWORK.factor == 4
    drawn = decode(network, latents)
    assert drawn.shape == (2, 3, 64, 64) and drawn.min() >= 0 and drawn.max() <= 1


def test_the_default_makes_a_sixteenth_and_has_about_five_million_weights():
    settings = AutoencoderSettings()
    with torch.device("meta"):
        weights = sum(each.numel() for each in build_autoencoder(settings.config()).parameters())
    assert settings.factor == 16 and 4e6 < weights < 6e6


def test_saved_and_loaded_gives_the_same_latents(tmp_path):
    network = small()
    path = save_autoencoder(tmp_path / "a.safetensors", network.state_dict(), NETWORK.config(), {"images_shown": 3})
    again, about = load_autoencoder(path)
    assert torch.equal(encode(again, images()), encode(network, images())) and about == {"images_shown": 3}
    assert not any(parameter.requires_grad for parameter in again.parameters())


@pytest.mark.parametrize("encoder", ["linear", "network"])
def test_before_training_it_redraws_by_principal_components_as_scikit_learn_finds_them(encoder):
    from sklearn.decomposition import PCA

    settings = replace(NETWORK, encoder=encoder, latent_channels=7)
    network, photos = build_autoencoder(settings.config()).eval(), images(n=6)
    start_from_components(network, photos * 2 - 1)
    squares = torch.nn.functional.pixel_unshuffle(photos, 4).movedim(1, -1).flatten(0, 2)
    reference = PCA(7).fit(squares)
    axes = torch.from_numpy(reference.components_).float()
    mean = photos.mean(dim=(0, 2, 3)).repeat_interleave(16)
    expected = mean + (squares - mean) @ axes.T @ axes
    with torch.no_grad():
        latents = encode(network, photos)
        drawn = decode(network, latents)
    drawn = torch.nn.functional.pixel_unshuffle(drawn, 4).movedim(1, -1).flatten(0, 2)
    assert torch.allclose(drawn, expected.clamp(0, 1), atol=1e-4)
    variances = latents.movedim(1, -1).flatten(0, 2).var(dim=0)
    relative = torch.from_numpy(reference.explained_variance_ / reference.explained_variance_[0]).float()
    assert variances[0] == pytest.approx(1, rel=1e-3) and torch.allclose(variances, relative.sqrt(), rtol=1e-2)


def test_a_linear_encoder_stays_the_same_while_the_decoder_learns(tiny_catalogue, tmp_path):
    settings = replace(TRAIN, images=16, network=replace(NETWORK, encoder="linear"))
    start = load_autoencoder(train_autoencoder(tiny_catalogue, tmp_path / "a", replace(settings, images=8), Compute()))
    path = train_autoencoder(
        tiny_catalogue, tmp_path / "a", replace(settings, images=64), Compute(), start=Start(resume=True)
    )
    network = load_autoencoder(path)[0]
    assert torch.equal(encode(network, images()), encode(start[0], images()))
    assert latents_id(network) == latents_id(start[0])
    assert not torch.equal(decode(network, encode(network, images())), decode(start[0], encode(network, images())))
    other = build_autoencoder(settings.network.config())
    assert latents_id(other) != latents_id(network)


def test_a_folder_of_diffusers_loads(tmp_path):
    network = without_ours()
    network.save_pretrained(tmp_path / "vae")
    again, about = load_autoencoder(tmp_path / "vae")
    assert torch.equal(encode(again, images()), encode(network, images()))
    assert about == {"converted_from": {"folder": "vae"}}


def test_what_is_no_autoencoder_is_refused(tmp_path):
    path = storage.save_tensors(tmp_path / "x.safetensors", {"a": torch.zeros(1)}, {"kind": "generator"})
    with pytest.raises(ModelError, match="not an autoencoder"):
        load_autoencoder(path)
    path = save_autoencoder(path, {"a": torch.zeros(1)}, NETWORK.config(), {})
    with pytest.raises(ModelError, match="do not fit"):
        load_autoencoder(path)
    library.UNet2DModel(sample_size=8, block_out_channels=(32, 32), down_block_types=("DownBlock2D",) * 2,
                        up_block_types=("UpBlock2D",) * 2).save_pretrained(tmp_path / "unet")  # fmt: skip
    with pytest.raises(ModelError, match="AutoencoderKL is needed"):
        load_autoencoder(tmp_path / "unet")


@pytest.mark.parametrize("changes", [{"channels": (6,)}, {"resolution": 66}, {"layers": 0}])
def test_impossible_widths_are_refused(changes):
    with pytest.raises(ValueError, match="must be"):
        replace(NETWORK, **changes)


@pytest.mark.parametrize("changes", [{"crop": 50}, {"crop": 128}, {"window": 64}, {"judged": 9}, {"kl": -1.0}])
def test_impossible_training_is_refused(changes):
    with pytest.raises(ValueError, match="must"):
        replace(TRAIN, **changes)


def trained(catalogue, out, settings, **options):
    path = train_autoencoder(catalogue, out, settings, Compute(), **options)
    return storage.load_tensors(path)[0]


def test_a_stopped_and_resumed_run_ends_with_the_same_weights(tiny_catalogue, tmp_path):
    def stop(step):
        if step.done == 40:  # eight pictures after the last checkpoint: they are shown again
            raise SystemExit

    whole = trained(tiny_catalogue, tmp_path / "whole", TRAIN)
    with pytest.raises(SystemExit):
        trained(tiny_catalogue, tmp_path / "parts", TRAIN, on_step=stop)
    parts = trained(tiny_catalogue, tmp_path / "parts", TRAIN, start=Start(resume=True))
    assert whole.keys() == parts.keys() and all(torch.equal(whole[name], parts[name]) for name in whole)


@pytest.mark.weights
def test_a_resumed_run_with_lpips_and_critic_ends_with_the_same_weights(tiny_catalogue, tmp_path):
    settings = replace(TRAIN, images=32, lpips=1.0, adversarial=0.2, adversarial_after=8)
    whole = trained(tiny_catalogue, tmp_path / "whole", settings)
    trained(tiny_catalogue, tmp_path / "parts", replace(settings, images=16))
    parts = trained(tiny_catalogue, tmp_path / "parts", settings, start=Start(resume=True))
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


def test_a_run_learns_and_leaves_weights_log_and_reconstructions(tiny_catalogue, tmp_path):
    settings = replace(TRAIN, images=1600, learning_rate=4e-3)
    seen = []
    train_autoencoder(tiny_catalogue, tmp_path, settings, Compute(), on_step=seen.append)
    assert seen[-1].values["l1"] < seen[0].values["l1"] * 0.9  # it begins as principal components
    names = {path.name for path in tmp_path.iterdir()}
    assert {"autoencoder.safetensors", "checkpoint.pt", "log.csv", "reconstructions-00001600.png"} <= names
    assert float(list(csv.DictReader((tmp_path / "log.csv").open()))[-1]["l1"]) > 0


def test_a_run_starts_from_a_file_and_counts_what_it_was_shown(tiny_catalogue, tmp_path):
    first = train_autoencoder(tiny_catalogue, tmp_path / "first", replace(TRAIN, images=8), Compute())
    seen = []
    settings = replace(TRAIN, images=16, learning_rate=1e-9, ema=0.0)
    train_autoencoder(
        tiny_catalogue, tmp_path / "on", settings, Compute(), start=Start(weights=first), on_step=seen.append
    )
    assert [step.done for step in seen] == [16]
    with pytest.raises(ModelError, match="another network than asked for"):
        other = replace(TRAIN, network=replace(NETWORK, layers=2))
        train_autoencoder(tiny_catalogue, tmp_path / "other", other, Compute(), start=Start(weights=first))


def test_another_network_is_not_resumed(tiny_catalogue, tmp_path):
    trained(tiny_catalogue, tmp_path, replace(TRAIN, images=8))
    with pytest.raises(ModelError, match="another network"):
        trained(tiny_catalogue, tmp_path, replace(TRAIN, network=replace(NETWORK, layers=2)), start=Start(resume=True))
