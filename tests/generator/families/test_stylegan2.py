"""StyleGAN2: converted files draw what the originals draw; spaces; what is refused. All weights are random."""

import argparse
import os
import pathlib
import pickle

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from gigs.errors import InputError, ModelError
from gigs.generator.base import load_generator
from gigs.generator.convert.checkpoints import convert_checkpoint
from gigs.generator.convert.persistence import read_persistent
from gigs.generator.families.stylegan2 import StyleGAN2, StyleGAN2Settings
from gigs.io import storage
from gigs.testing import GeneratorSuite
from tests.generator.families.rosinality_original import Rosinality
from tests.generator.families.stylegan2_originals import Generator, Persistent, nvidia_modules, save_pkl, twice
from tests.helpers.command_line import gigs


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def small(**changes):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        settings = {"channels": (16, 12, 8), "z_dim": 16, "w_dim": 20, "hidden": 24, "mapping": 3} | changes
        return StyleGAN2(StyleGAN2Settings(**settings)).measure()


class TestInZ(GeneratorSuite):
    def build(self):
        return small()


class TestInW(GeneratorSuite):
    def build(self):
        return small().in_space("w")


class TestInWPlus(GeneratorSuite):
    def build(self):
        return small().in_space("w+")


class TestConditional(GeneratorSuite):
    def build(self):
        return small(classes=3, truncation=0.7, clamp=256.0).of_class(1)


def converted(source, **options):
    return load_generator(convert_checkpoint(source, source.parent / "converted.safetensors", **options))


def close(one, other):
    torch.testing.assert_close(one, other, atol=2e-4, rtol=1e-4)
    assert other.std(dim=(2, 3)).max() > 0.1  # a picture, not an even colour


@pytest.mark.parametrize("clamp", [None, 1.5])
@torch.no_grad()
def test_a_pkl_of_nvidias_draws_what_the_original_draws(tmp_path, clamp):
    original = Generator(conv_clamp=clamp)
    generator = converted(save_pkl(tmp_path / "network-snapshot-000100.pkl", original, D=Persistent()))
    z = generator.sample(3, torch.Generator().manual_seed(1))
    close(generator.synthesise(z), original(z))
    assert (generator.resolution, generator.latent_dim, generator.config.clamp) == (32, 14, clamp)
    about = storage.load_tensors(tmp_path / "converted.safetensors")[1]["about"]
    assert about["converted_from"]["format"] == "stylegan2-ada-pytorch"


@torch.no_grad()
def test_every_style_reaches_its_own_layer(tmp_path):
    original = Generator()
    generator = converted(save_pkl(tmp_path / "g.pkl", original))
    wide = generator.in_space("w+")
    code = torch.randn(2, wide.latent_dim)
    close(wide.synthesise(code), original.from_ws(wide.w_mean + wide.w_std * code.view(2, 8, 16)))
    same = generator.in_space("w")
    code = same.sample(2, torch.Generator().manual_seed(3))
    close(same.synthesise(code), original.from_w(same.w_mean + same.w_std * code))


@torch.no_grad()
def test_a_conditional_pkl_draws_the_class_asked_for(tmp_path):
    original = Generator(c_dim=3)
    generator = converted(save_pkl(tmp_path / "g.pkl", original), truncation=1.0)
    z = generator.sample(2, torch.Generator().manual_seed(1))
    for label in range(3):
        close(generator.of_class(label).synthesise(z), original(z, torch.eye(3)[[label, label]]))
    with pytest.raises(InputError, match="draws 3 classes; choose one with `label`"):
        generator(z)
    with pytest.raises(InputError, match="class 3: this generator has 3 classes, counted from 0"):
        generator.of_class(3)


@torch.no_grad()
def test_rosinalitys_checkpoint_draws_what_the_original_draws(tmp_path):
    original = Rosinality()
    whole = {"g": {}, "d": {}, "g_ema": original.state, "args": argparse.Namespace(size=32), "ada_aug_p": 0.0}
    for content in (whole, {"g_ema": original.state, "latent_avg": torch.zeros(16)}, original.state):
        torch.save(content, tmp_path / "550000.pt")
        generator = converted(tmp_path / "550000.pt")
        z = generator.sample(2, torch.Generator().manual_seed(1))
        close(generator.synthesise(z), original(z))


def behind(prefix, state):
    return {f"{prefix}{name}": tensor for name, tensor in state.items()}


def options():
    return {"exp_dir": pathlib.PurePosixPath("runs/psp"), "seed": np.arange(3), "lr": 1e-4}


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda g: {"state_dict": behind("decoder.", g) | {"encoder.body.0.weight": torch.zeros(3)},
                   "latent_avg": torch.zeros(8, 16), "opts": options()},
        lambda g: {"state_dict": behind("module.decoder.", g) | {"latent_avg": torch.zeros(16)}, "opts": options()},
        lambda g: behind("module.", g),
        lambda g: {"g_ema": behind("_orig_mod.", g), "g": behind("module.", {k: v + 1 for k, v in g.items()})},
        lambda g: {"state_dict": behind("G.", {k: v + 1 for k, v in g.items()}) | behind("G_ema.", g)},
        lambda g: g | {"latent_avg": torch.zeros(16)},
    ],
    ids=["encoder", "encoder on several GPUs", "several GPUs", "compiled", "average behind a prefix", "with its mean"],
)  # fmt: skip
@torch.no_grad()
def test_a_generator_within_another_checkpoint_is_found(tmp_path, wrapped):
    original = Rosinality()
    torch.save(wrapped(original.state), tmp_path / "e.pt")
    generator = converted(tmp_path / "e.pt")
    z = generator.sample(2, torch.Generator().manual_seed(1))
    close(generator.synthesise(z), original(z))


@torch.no_grad()
def test_bare_layers_of_nvidias_are_read_whatever_file_they_are_in(tmp_path):
    original = Generator()
    source = save_pkl(tmp_path / "g.pkl", original)
    bare = dict(read_persistent(source)["G_ema"].tensors())
    torch.save({"G_ema": bare}, tmp_path / "bare.pt")
    save_file({name: tensor.clone() for name, tensor in bare.items()}, tmp_path / "bare.safetensors")
    for name in ("bare.pt", "bare.safetensors"):
        generator = converted(tmp_path / name)
        z = generator.sample(2, torch.Generator().manual_seed(1))
        close(generator.synthesise(z), original(z))


@torch.no_grad()
def test_truncation_draws_w_towards_its_mean(tmp_path):
    original = Generator()
    source = save_pkl(tmp_path / "g.pkl", original)
    generator = converted(source, truncation=0.5)
    z = generator.sample(2, torch.Generator().manual_seed(1))
    close(
        generator.synthesise(z),
        original.from_w(generator.w_mean + 0.5 * (original.mapping(z, None) - generator.w_mean)),
    )
    torch.testing.assert_close(
        generator.w_mean, original.mapping(torch.randn(20000, 14), None).mean(0), atol=0.05, rtol=0
    )


def test_the_same_design_in_every_space():
    generator = small(truncation=0.8)
    rng = [torch.Generator().manual_seed(5) for _ in range(3)]
    drawn = [generator.in_space(space)(generator.in_space(space).sample(2, rng.pop())) for space in ("z", "w", "w+")]
    torch.testing.assert_close(drawn[1], drawn[0], atol=1e-4, rtol=0)
    torch.testing.assert_close(drawn[2], drawn[0], atol=1e-4, rtol=0)
    code = generator.in_space("w").sample(2000, torch.Generator().manual_seed(0))
    assert code.std() == pytest.approx(0.8, rel=0.05)
    assert generator.space == "z" and generator.in_space("w+").levels is generator.levels  # shared, not copied
    with pytest.raises(InputError, match=r"latent space 's'.*know z, w, w\+"):
        generator.in_space("s")


def test_a_level_below_the_top_is_drawn_smaller_and_fades_in():
    generator = small()
    z = generator.sample(2, torch.Generator().manual_seed(0))
    whole, half = generator.synthesise(z), generator.synthesise(z, 1)
    assert half.shape == (2, 3, 8, 8)
    assert torch.equal(generator.synthesise(z, 2), whole)
    faded = [generator.synthesise(z, 2, alpha) for alpha in (0.0, 0.5)]
    torch.testing.assert_close(faded[0], torch.stack([twice(picture) for picture in half]))
    torch.testing.assert_close(faded[1], (faded[0] + whole) / 2)


class Hostile:
    def __reduce__(self):
        return os.system, ("echo the file was run; false",)


def test_a_hostile_pkl_is_refused_and_nothing_is_run(tmp_path, capfd):
    source = save_pkl(tmp_path / "g.pkl", Generator(), extra=Hostile())
    with pytest.raises(ModelError, match=r"refused: it names posix.system|refused: it names nt.system"):
        convert_checkpoint(source, tmp_path / "out.safetensors")
    assert not (tmp_path / "out.safetensors").exists() and "run" not in capfd.readouterr().out


def test_a_hostile_storage_is_refused(tmp_path, capfd):
    class Storage:
        def __reduce__(self):
            return torch.storage._load_from_bytes, (pickle.dumps(Hostile()),)

    network = Generator()
    network.extra = Storage()
    with pytest.raises(ModelError, match=r"g\.pkl"):
        convert_checkpoint(save_pkl(tmp_path / "g.pkl", network), tmp_path / "out.safetensors")
    assert "the file was run" not in capfd.readouterr().out


def other(change):
    network = Generator()
    change(network)
    return network


def filter_of(network):
    network.synthesis.b8.conv0.resample_filter = torch.ones(4, 4) / 16


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (lambda: other(lambda g: setattr(g.synthesis, "input", Generator().mapping)), "a StyleGAN3"),
        (lambda: Generator().mapping, "its network is a MappingNetwork, not a generator"),
        (lambda: other(lambda g: setattr(g, "img_channels", 1)), "gigs needs three colours"),
        (lambda: other(lambda g: delattr(g.synthesis.b8, "torgb")), "no skip connections"),
        (lambda: other(lambda g: setattr(g.mapping.fc0, "activation", "relu")), "activation is not leaky ReLU"),
        (
            lambda: other(lambda g: setattr(g.synthesis.b8, "skip", g.synthesis.b8.torgb)),
            "it also holds synthesis.b8.skip",
        ),
        (lambda: other(filter_of), "another filter"),
        (lambda: other(lambda g: delattr(g.synthesis.b16.conv1, "bias")), "b16.conv1.bias is missing"),
        (lambda: other(lambda g: g.mapping.fc1.weight.data.fill_(float("nan"))), "not finite"),
    ],
)
def test_another_network_is_refused_by_what_it_is(tmp_path, network, message):
    with pytest.raises(ModelError, match=message):
        convert_checkpoint(save_pkl(tmp_path / "g.pkl", network()), tmp_path / "out.safetensors")


def test_damaged_and_foreign_files_are_named(tmp_path):
    whole = save_pkl(tmp_path / "g.pkl", Generator()).read_bytes()
    for cut in (200, 2000, len(whole) // 2, len(whole) - 10):
        (tmp_path / "cut.pkl").write_bytes(whole[:cut])
        with pytest.raises(ModelError, match=r"cut\.pkl"):
            convert_checkpoint(tmp_path / "cut.pkl", tmp_path / "out.safetensors")
    original = Rosinality()
    del original.state["convs.1.conv.weight"]
    torch.save({"g_ema": original.state}, tmp_path / "r.pt")
    with pytest.raises(ModelError, match=r"r\.pt: incomplete: convs\.1\.conv\.weight is missing"):
        convert_checkpoint(tmp_path / "r.pt", tmp_path / "out.safetensors")


def test_the_hash_is_checked_when_given(tmp_path):
    source = save_pkl(tmp_path / "g.pkl", Generator())
    right = storage.sha256_of(source)
    assert converted(source, sha256=right.upper()).family == "stylegan2"
    with pytest.raises(ModelError, match=f"its SHA-256 is {right}, not the given one"):
        converted(source, sha256="0" * 64)
    with pytest.raises(ModelError, match="does not apply to stylegan2-ada-pytorch"):
        converted(source, resolution=16)


def test_convert_from_the_command_line(tmp_path):
    source = save_pkl(tmp_path / "g.pkl", Generator(c_dim=3))
    options = ("--out", tmp_path / "g.safetensors", "--truncation", 0.7)
    done = gigs("generator", "convert", source, *options, "--sha256", storage.sha256_of(source))
    assert done.returncode == 0 and "stylegan2, 32 px, 14 latent numbers, spaces z, w, w+" in done.stdout
    assert load_generator(tmp_path / "g.safetensors").config.truncation == 0.7
    for wrong in (("--sha256", "0" * 64), ("--truncation", 3), ("--ddim-steps", 4)):
        done = gigs("generator", "convert", source, *options[:2], *wrong)
        assert done.returncode == 2 and len(done.stderr.strip().splitlines()) == 1 and "g.pkl" in done.stderr


def test_impossible_settings_are_named():
    for wrong in ({"space": "s"}, {"label": 0}, {"truncation": 0.0}, {"channels": (8,)}, {"clamp": 0.0}):
        with pytest.raises(ValueError):
            StyleGAN2Settings(**({"channels": (8, 8)} | wrong))


def test_nothing_of_the_file_is_imported(tmp_path):
    source = save_pkl(tmp_path / "g.pkl", Generator())
    with nvidia_modules():
        pass
    assert converted(source)(torch.randn(1, 14)).shape == (1, 3, 32, 32)  # with no torch_utils to be had
