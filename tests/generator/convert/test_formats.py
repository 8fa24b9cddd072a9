"""Converted checkpoints draw what the original architectures draw; hostile and foreign files are refused in one line.

The originals are written again in `public_models`, with weights at random: no published weights are used here.
"""

import pickle
import warnings
import zipfile

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from gigs.errors import ModelError
from gigs.generator.base import load_generator
from gigs.generator.convert.checkpoints import convert_checkpoint
from gigs.io import storage
from tests.generator.convert.public_models import (
    Generator2,
    Generator3,
    GNet,
    checkpoint3,
    nudged_biases,
    save_zoo,
    zoo_config,
)
from tests.helpers.command_line import gigs

TINY = {"fmap_base": 2048, "fmap_max": 12}  # 12 channels up to 256 px, 4 at 1024


@pytest.fixture(autouse=True)
def seeded_and_on_one_thread():
    torch.manual_seed(0)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # for networks this narrow a second thread costs more than it gives
    yield
    torch.set_num_threads(threads)


def convert(source, **options):
    return load_generator(convert_checkpoint(source, source.parent / "converted.safetensors", **options))


def saved(content, path, **options):
    torch.save(content, path, **options)
    return path


def tiny3(depth=6, **options):
    return nudged_biases(Generator3(depth, 10, **{**TINY, **options}))


def tiny_zoo(levels=5, **options):
    return nudged_biases(GNet(10, [12, 12, 10, 8, 8, 6, 4, 3, 2][:levels], **options))


@torch.no_grad()
def assert_draws_the_same(generator, original, z=None):
    """Both on the same latent vectors: the original's own output, and that brought to [0,1]."""
    z = generator.sample(1, torch.Generator().manual_seed(1)) if z is None else z
    expected = original(z)
    torch.testing.assert_close(generator.synthesise(z), expected, atol=1e-5, rtol=1e-5)
    images = generator(z)
    torch.testing.assert_close(images, ((expected + 1) / 2).clamp(0, 1), atol=1e-5, rtol=1e-5)
    assert images.shape == (len(z), 3, generator.resolution, generator.resolution)
    assert expected.std(dim=(2, 3)).max() > 0.02  # a picture, not an even colour


@pytest.mark.parametrize("depth", [6, 7, 10])
def test_pro_gan_pytorch_3(depth, tmp_path):
    original = tiny3(depth)
    generator = convert(saved(checkpoint3(original), tmp_path / "depth_6_epoch_42.bin"))
    assert (generator.family, generator.resolution, generator.latent_dim) == ("pro-gan-pytorch", 2**depth, 10)
    assert_draws_the_same(generator, original)


def test_pro_gan_pytorch_3_normalises_z_of_any_length(tmp_path):
    original = tiny3()
    generator = convert(saved(checkpoint3(original), tmp_path / "g.bin"))
    assert_draws_the_same(generator, original, torch.randn(2, 10) * 3)


def test_the_average_over_training_is_what_is_converted(tmp_path):
    plain, average = tiny3(), tiny3()
    assert_draws_the_same(convert(saved(checkpoint3(plain, average), tmp_path / "g.bin")), average)
    plain, average = tiny_zoo(), tiny_zoo()
    assert_draws_the_same(convert(save_zoo(tmp_path / "g.pth", plain, zoo_config(), average=average)), average)


@pytest.mark.parametrize("use_eql", [True, False])
def test_the_equalised_learning_rate_is_read_from_the_settings_or_told_by_the_weights(use_eql, tmp_path):
    original = tiny3(use_eql=use_eql)
    assert_draws_the_same(convert(saved(original.save_info(), tmp_path / "with_settings.bin")), original)
    assert_draws_the_same(convert(saved(original.state_dict(), tmp_path / "bare.bin")), original)
    original = nudged_biases(Generator2(5, 32, use_eql))
    generator = convert(saved(original.state_dict(), tmp_path / "GAN_GEN_4.pth"))
    assert_draws_the_same(generator, lambda z: original(z, 4, 1.0))


@pytest.mark.parametrize(("depth", "latent"), [(5, 16), (9, 64)])
def test_pro_gan_pytorch_2_from_several_gpus_in_the_old_file_format(depth, latent, tmp_path):
    original = nudged_biases(Generator2(depth, latent))
    state = nn.DataParallel(original).state_dict()
    assert all(name.startswith("module.") for name in state)
    source = saved(state, tmp_path / "GAN_GEN_SHADOW_4.pth", _use_new_zipfile_serialization=False)
    generator = convert(source)
    assert (generator.family, generator.resolution, generator.latent_dim) == ("pro-gan-pytorch", 2 << depth, latent)
    z = torch.randn(1, latent) * 3  # version 2 does not normalise z
    assert_draws_the_same(generator, lambda z: original(z, depth - 1, 1.0), z)


@pytest.mark.parametrize(("levels", "legacy"), [(5, True), (5, False), (6, True), (9, False)])
def test_gan_zoo(levels, legacy, tmp_path):
    original = tiny_zoo(levels)
    generator = convert(save_zoo(tmp_path / "celeba_s4_i96000.pth", original, zoo_config(), legacy=legacy))
    assert (generator.family, generator.resolution, generator.latent_dim) == ("gan-zoo-pgan", 2 << levels, 10)
    assert_draws_the_same(generator, original)


@pytest.mark.parametrize(
    ("network", "config"),
    [
        ({"leak": 0.1}, {"leakyReluLeak": np.float64(0.1)}),  # NumPy numbers are plain data too
        ({"activation": torch.tanh}, {"lossCriterion": "DCGAN"}),
        ({"activation": torch.tanh}, {"lossCriterion": "MSE"}),
        ({}, {"lossCriterion": "Logistic"}),
        ({"equalized": False}, {"equalizedlR": False}),
    ],
)
def test_gan_zoo_settings_are_read_from_the_configuration(network, config, tmp_path):
    original = tiny_zoo(**network)
    assert_draws_the_same(convert(save_zoo(tmp_path / "g.pt", original, zoo_config(**config))), original)


def test_gan_zoo_of_an_early_version_with_a_plain_dict_for_configuration(tmp_path):
    original = tiny_zoo()
    source = save_zoo(tmp_path / "g.pt", original, zoo_config(), short_names=True, legacy=True)
    assert_draws_the_same(convert(source), original)
    content = {"config": zoo_config(), "netG": nn.DataParallel(original).state_dict()}
    assert_draws_the_same(convert(saved(content, source)), original)


def test_a_checkpoint_from_an_earlier_stage_is_drawn_at_a_lower_level(tmp_path):
    original = tiny3(7)
    for part in (original.layers[5], original.rgb_converters[5]):  # as before their first step
        for name, parameter in part.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(parameter)
    source = saved(checkpoint3(original), tmp_path / "depth_6_epoch_9.bin")
    with pytest.raises(ModelError, match=r"above 64 px have had no training step .* set `resolution` to 64"):
        convert(source)
    assert_draws_the_same(convert(source, resolution=64), lambda z: original(z, 6, 1.0))
    with pytest.raises(ModelError, match="cannot draw at 256 px, only at 8, 16, 32, 64, 128"):
        convert(source, resolution=256)


def test_a_level_that_is_still_fading_in_is_not_taken_silently(tmp_path):
    original = tiny_zoo()
    source = save_zoo(tmp_path / "g.pt", original, zoo_config(alpha=0.25))
    with pytest.raises(ModelError, match=r"64 px level was still being faded in \(alpha 0.25\)"):
        convert(source)
    assert_draws_the_same(convert(source, resolution=64), original)


def test_the_file_says_where_it_comes_from_and_holds_only_what_is_drawn_with(tmp_path):
    source = saved(checkpoint3(tiny3()), tmp_path / "depth_6_epoch_42.bin")
    tensors, settings = storage.load_tensors(convert_checkpoint(source, tmp_path / "g.safetensors"))
    assert settings["about"]["converted_from"] == {
        "file": "depth_6_epoch_42.bin", "sha256": storage.sha256_of(source), "format": "pro_gan_pytorch 3 (generator)",
    }  # fmt: skip
    assert {tensor.dtype for tensor in tensors.values()} == {torch.float32}
    assert len(tensors) == 2 * (2 + 4 * 2 + 1)


def test_gradients_reach_z_and_rows_are_drawn_on_their_own(tmp_path):
    for original, name in ((tiny3(), "a"), (tiny_zoo(), "b")):
        content = checkpoint3(original) if name == "a" else {"config": zoo_config(), "netG": original.state_dict()}
        generator = convert(saved(content, tmp_path / name))
        z = generator.sample(3, torch.Generator().manual_seed(2)).requires_grad_()
        images = generator(z)
        torch.testing.assert_close(images, torch.cat([generator(row[None]) for row in z]), atol=1e-5, rtol=1e-5)
        images.square().sum().backward()
        assert (z.grad.abs().sum(1) > 0).all()
        assert not any(parameter.requires_grad for parameter in generator.parameters())


# Hostile files ----------------------------------------------------------------------------------------------------


class Hostile:
    """Writes a file when unpickled by a careless reader."""

    def __init__(self, canary):
        self.canary = canary

    def __reduce__(self):
        return (exec, (f"open({str(self.canary)!r}, 'w').close()",))


class HostileSystem(Hostile):
    def __reduce__(self):
        import os

        return (os.system, (f"touch {self.canary}",))


@pytest.mark.filterwarnings("error")  # PyTorch's own advice, to file an issue with it, is not for our users
@pytest.mark.parametrize("hostile", [Hostile, HostileSystem])
@pytest.mark.parametrize("form", ["zip", "legacy", "pickle", "in the configuration", "newer pickle protocol"])
def test_a_hostile_pickle_is_refused_and_not_run(hostile, form, tmp_path):
    canary, path = tmp_path / "canary", tmp_path / "g.pth"
    content = {**checkpoint3(tiny3()), "extra": hostile(canary)}
    if form == "pickle":
        path.write_bytes(pickle.dumps(content, protocol=2))
    elif form == "in the configuration":
        save_zoo(path, tiny_zoo(), zoo_config(attribKeysOrder=hostile(canary)))
    elif form == "newer pickle protocol":
        saved(content, path, pickle_protocol=4)
    else:
        saved(content, path, _use_new_zipfile_serialization=form == "zip")
    with pytest.raises(ModelError) as refused:
        convert(path)
    assert str(path) in str(refused.value) and "\n" not in str(refused.value)
    assert not canary.exists() and not (tmp_path / "converted.safetensors").exists()
    if form in ("zip", "legacy", "in the configuration"):
        assert "refused: it names" in str(refused.value)
        torch.load(path, weights_only=False) if form != "in the configuration" else None
        assert canary.exists() or form == "in the configuration"  # the trap works: a careless reader does fall in


def test_nothing_stays_allowed_after_a_conversion(tmp_path):
    before = set(torch.serialization.get_safe_globals())
    convert(saved(checkpoint3(tiny3()), tmp_path / "g.bin"))
    assert set(torch.serialization.get_safe_globals()) == before


# Foreign and broken files -----------------------------------------------------------------------------------------


def without(content, name):
    state = dict(content["generator"]["state_dict"])
    del state[name]
    return {"generator": {**content["generator"], "state_dict": state}}


def with_tensor(name, tensor):
    return lambda: {"conf": {"use_eql": True}, "state_dict": {**tiny3().state_dict(), name: tensor}}


FOREIGN = {
    "list": (lambda: [torch.zeros(2)], "holds a list, not a checkpoint"),
    "tensor": (lambda: torch.zeros(2), "holds a Tensor, not a checkpoint"),
    "nothing": (dict, "holds no named layers"),
    "critic of version 3": (
        lambda: {"conf": {"depth": 6}, "state_dict": {"layers.0.conv_1.weight": 0, "from_rgb.0.0.weight": 0}},
        "a critic, not a generator",
    ),
    "critic of version 2": (lambda: {"rgb_to_features.0.weight": torch.zeros(2)}, "a critic, not a generator"),
    "critic of GAN zoo": (lambda: {"fromRGBLayers.0.module.weight": torch.zeros(2)}, "a critic, not a generator"),
    "optimiser": (lambda: torch.optim.Adam(nn.Linear(2, 2).parameters()).state_dict(), "an optimiser's state"),
    "StyleGAN": (lambda: {"generator": {"style.1.weight": torch.zeros(2)}}, "a StyleGAN of a form that is not known"),
    "StyleGAN of GAN zoo": (
        lambda: {"config": zoo_config(), "netG": {"mapping.FC.0.module.weight": torch.zeros(2)}},
        "a StyleGAN of a form that is not known",
    ),
    "DCGAN of GAN zoo": (
        lambda: {"config": zoo_config(), "netG": {"formatLayer.weight": 0, "main.batchNorm0.weight": 0}},
        "batch normalisation",
    ),
    "classifier": (
        lambda: nn.Sequential(nn.Linear(2, 2)).state_dict(),
        r"holds 0.weight, 0.bias\); tried: StyleGAN2 .*BigGAN-PyTorch.*pro_gan.*GAN_zoo.*diffusers",
    ),
    "version 1": (
        lambda: {"initial_block.conv_1.deconv.weight": torch.zeros(2)},
        "saved by pro_gan_pytorch 1, which scales its layers by numbers .* cannot be computed again",
    ),
    "GAN zoo's layers alone": (lambda: tiny_zoo().state_dict(), "without its configuration; give the whole"),
    "GAN zoo without configuration": (lambda: {"netG": tiny_zoo().state_dict()}, "without its configuration"),
    "conditional": (
        lambda: {"config": zoo_config(attribKeysOrder={"Class": {}}), "netG": tiny_zoo().state_dict()},
        r"conditional \(AC-GAN\)",
    ),
    "category vector": (
        lambda: {"config": zoo_config(categoryVectorDim=7), "netG": tiny_zoo().state_dict()},
        r"conditional \(AC-GAN\)",
    ),
    "no normalisation": (
        lambda: {"config": zoo_config(perChannelNormalization=False), "netG": tiny_zoo().state_dict()},
        "without per-channel normalisation",
    ),
    "unknown loss": (lambda: {"config": zoo_config(lossCriterion="X"), "netG": tiny_zoo().state_dict()}, "loss 'X'"),
    "setting that is a tensor": (
        lambda: {"config": zoo_config(alpha=torch.zeros(2)), "netG": tiny_zoo().state_dict()},
        "cannot be read as a checkpoint",
    ),
    "setting of a wrong type": (
        lambda: {"config": zoo_config(leakyReluLeak="much"), "netG": tiny_zoo().state_dict()},
        "could not convert",
    ),
    "missing layer": (
        lambda: without(checkpoint3(tiny3()), "layers.2.conv_1.weight"),
        r"incomplete: layers.2.conv_1.weight is missing",
    ),
    "missing colours": (
        lambda: without(checkpoint3(tiny3()), "rgb_converters.4.bias"),
        "incomplete: rgb_converters.4.bias is missing",
    ),
    "one layer more": (with_tensor("layers.2.conv_3.weight", torch.zeros(2)), "also holds layers.2.conv_3.weight"),
    "wrong size": (with_tensor("layers.2.conv_2.weight", torch.ones(12, 11, 3, 3)), "do not fit together"),
    "wrong shape": (with_tensor("layers.2.conv_2.weight", torch.ones(12)), r"is of shape \[12\]"),
    "not finite": (with_tensor("layers.0.conv_2.weight", torch.full((12, 12, 3, 3), torch.nan)), "not finite"),
    "grey": (lambda: checkpoint3(tiny3(num_channels=1)), r"1 channel\(s\)"),
    "untrained": (lambda: checkpoint3(Generator3(6, 10, **TINY)), "nothing to draw with"),
    "2048 px": (lambda: checkpoint3(tiny3(11)), "2 to 9 levels, not 10"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_another_or_a_broken_network_is_named_in_one_line(name, tmp_path):
    make, message = FOREIGN[name]
    source = saved(make(), tmp_path / "g.pth")
    with pytest.raises(ModelError, match=message) as refused:
        convert(source)
    assert str(refused.value).startswith(f"{source}: ") and "\n" not in str(refused.value)
    assert not (tmp_path / "converted.safetensors").exists()


@pytest.mark.parametrize("content", [b"", b"hello\n", b"PK\x03\x04hello", b"\x80\x02}q\x00.", b"\x89PNG\r\n\x1a\n"])
def test_a_file_that_is_no_checkpoint_is_named_in_one_line(content, tmp_path):
    source = tmp_path / "g.pth"
    source.write_bytes(content)
    with pytest.raises(ModelError, match="not a PyTorch checkpoint, or damaged") as refused:
        convert(source)
    assert "\n" not in str(refused.value)


def test_a_cut_off_download_and_a_missing_file_are_named(tmp_path):
    for legacy in (True, False):
        source = save_zoo(tmp_path / "g.pth", tiny_zoo(), zoo_config(), legacy=legacy)
        source.write_bytes(source.read_bytes()[:-3000])
        with pytest.raises(ModelError, match="or damaged"):
            convert(source)
    with pytest.raises(ModelError, match="no such file"):
        convert(tmp_path / "nothing.pth")
    with pytest.raises(ModelError, match="would overwrite the checkpoint"):
        convert_checkpoint(source, source)


def zipped(path, **members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/").replace("_DOT_", "."), content)


def tensorflow_pickle(path, module="dnnlib.tflib.network", protocol=3):
    """As `pickle.dump((G, D, Gs), ...)` of NVIDIA's TensorFlow repositories begins."""
    head = bytes([0x80, protocol]) + f"(c{module}\nNetwork\n)\x81}}(".encode("latin1")
    path.write_bytes(head + b"X\x07\x00\x00\x00versionK\x04ub" + b"0" * 999 + b"e.")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("write", "message"),
    [
        (tensorflow_pickle, r"TensorFlow network.* legacy.py --source=OLD.pkl --dest=NEW.pkl"),
        (lambda path: tensorflow_pickle(path, "tfutil", 2), "TensorFlow network.* nothing was run"),
        (lambda path: path.write_bytes(b"version https://git-lfs.github.com/spec/v1\n"), "run 'git lfs pull'"),
        (lambda path: path.write_bytes(b"\n<!DOCTYPE html><html>"), "a web page.* with a browser"),
        (lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\n123"), "HDF5 file, as Keras writes"),
        (lambda path: path.write_bytes(b"\x1f\x8b123"), "gzip archive; unpack it"),
        (lambda path: zipped(path, model__weights="x"), "a zip archive; unpack it"),
        (lambda path: zipped(path, model_DOT_weights_DOT_h5="x"), "a network of Keras"),
        (lambda path: np.savez(path.open("wb"), w=np.zeros(3)), "arrays of NumPy"),
        (lambda path: torch.jit.script(nn.Linear(2, 2)).save(path), "TorchScript program.* state_dict"),
        (lambda path: save_file({"w": torch.zeros(2)}, path), r"holds w\); tried: "),
        (lambda path: storage.save_tensors(path, {"w": torch.zeros(2)}, {"kind": "x"}), "a file of gigs already: give"),
        (lambda path: path.mkdir(), "a folder without config.json .* give a checkpoint's file"),
        (lambda path: torch.save(nn.Linear(2, 2), path), r"torch.nn.modules.linear.Linear.*save its state_dict\(\)"),
    ],
)  # fmt: skip
def test_a_file_of_another_kind_is_named_with_what_to_do(write, message, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        write(tmp_path / "g.pkl")
    with pytest.raises(ModelError, match=message) as refused:
        convert(tmp_path / "g.pkl")
    assert "\n" not in str(refused.value) and "issue" not in str(refused.value)
    assert str(refused.value).startswith(f"{tmp_path / 'g.pkl'}: ")


@pytest.mark.parametrize("layers", ["pro_gan_pytorch 2", "compiled"])
def test_layers_under_a_name_or_in_a_compiled_network_are_found(layers, tmp_path):
    original = nudged_biases(Generator2(5, 16))
    state = {f"_orig_mod.module.{name}": tensor for name, tensor in original.state_dict().items()}
    content = {"epoch": 3, "state_dict": original.state_dict()} if layers != "compiled" else state
    generator = convert(saved(content, tmp_path / "g.pth"))
    assert_draws_the_same(generator, lambda z: original(z, 4, 1.0))


# Command line -----------------------------------------------------------------------------------------------------


def test_the_command_converts_and_what_it_wrote_is_loaded(tmp_path):
    original = tiny3(7)
    source, out = saved(checkpoint3(original), tmp_path / "g.bin"), tmp_path / "new" / "g.safetensors"
    code, said, errors = gigs("generator", "convert", source, "--out", out)
    assert (code, errors) == (0, "")
    assert f"{out}: pro-gan-pytorch, 128 px, 10 latent numbers" in said
    assert_draws_the_same(load_generator(out), original)
    assert gigs("generator", "convert", source, "--out", out, "--resolution", 64)[0] == 0
    assert load_generator(out).resolution == 64


def test_the_command_refuses_in_one_line(tmp_path):
    canary = tmp_path / "canary"
    source = saved({"generator": Hostile(canary)}, tmp_path / "g.bin")
    code, said, errors = gigs("generator", "convert", source, "--out", tmp_path / "g.safetensors")
    assert (code, said, errors.count("\n")) == (2, "", 1)
    assert "refused: it names exec, which no weights need; nothing was run" in errors
    assert not canary.exists() and not (tmp_path / "g.safetensors").exists()


def test_the_help_says_what_files_and_that_nothing_is_run():
    code, said, _ = gigs("generator", "convert", "--help")
    assert code == 0
    assert all(word in said for word in ("pro_gan_pytorch", "pytorch_GAN_zoo", "Nothing in the file is executed"))
