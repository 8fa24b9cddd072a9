"""Kang et al.'s GAN: conformance, sizes, classes, the critic's file."""

import pytest
import torch

from gigs.errors import InputError, ModelError
from gigs.generator.base import load_generator, save_generator
from gigs.generator.families.dvbpr_critic import DVBPRCritic, load_critic, save_critic
from gigs.generator.families.dvbpr_gan import DVBPRGAN, DVBPRGANSettings
from gigs.io import storage
from gigs.testing import GeneratorSuite
from tests.helpers.small_models import small_baseline, small_generator

SIX = ("a", "b", "c", "d", "e", "f")


class TestConformance(GeneratorSuite):
    def build(self):
        return small_baseline()[0].of_class(2)


def test_the_default_sizes_are_those_published():
    settings = DVBPRGANSettings(classes=SIX)
    generator, critic = DVBPRGAN(settings), DVBPRCritic(settings)
    shapes = [tuple(layer[0].weight.shape[:2]) + layer[0].stride for layer in generator.layers]
    assert generator.dense.weight.shape == (4 * 4 * 256, 256 + 6)
    assert shapes == [
        (256, 256, 2, 2), (256, 256, 1, 1), (256, 256, 2, 2), (256, 256, 1, 1), (256, 128, 2, 2), (128, 64, 2, 2),
    ]  # fmt: skip
    assert generator.colours.weight.shape == (64, 3, 3, 3)
    widths = [(9, 64), (64 + 6, 128), (128 + 6, 256), (256 + 6, 512)]
    assert [(conv.in_channels, conv.out_channels) for conv in critic.convs] == widths
    assert critic.answer.in_features == 4 * 4 * 512 and len(critic.norms) == 3
    assert 0.018 < critic.convs[3].weight.std() < 0.022


def test_the_class_decides_and_has_a_name():
    generator = small_baseline()[0]
    z = generator.sample(2, torch.Generator().manual_seed(0))
    assert generator.class_names == ("tops", "trousers", "shoes")
    assert not torch.allclose(generator.of_class(0)(z), generator.of_class(1)(z), atol=1e-3)
    assert generator.of_class(1).dense is generator.dense and generator.config.label is None
    with pytest.raises(InputError, match=r"choose one with `label`: 0 \(tops\), 1 \(trousers\), 2 \(shoes\)"):
        generator(z)
    for wrong in (-1, 3):
        with pytest.raises(InputError, match=f"class {wrong}: this generator has 3 classes: 0 tops"):
            generator.of_class(wrong)


def test_a_file_keeps_classes_label_and_pictures(tmp_path):
    generator = small_baseline()[0].of_class(1)
    z = generator.sample(2, torch.Generator().manual_seed(0))
    again = load_generator(save_generator(tmp_path / "g.safetensors", generator))
    assert again.class_names == generator.class_names and again.config == generator.config
    assert torch.equal(again(z), generator(z))


def test_measured_statistics_are_those_of_the_batch_they_were_measured_on():
    generator = small_baseline()[0]
    labels = torch.arange(30) % 3
    generator.measure([labels], torch.Generator().manual_seed(3))
    z = generator.sample(30, torch.Generator().manual_seed(3))
    measured = generator.synthesise(z, labels)
    for module in generator.modules():  # in training mode but for nothing being learnt
        module.training = True
    with torch.no_grad():
        torch.testing.assert_close(generator.synthesise(z, labels), measured, atol=0.02, rtol=0)


def test_the_critic_answers_each_row_by_itself_and_sees_the_class():
    critic = small_baseline()[1]
    images = torch.rand(5, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    answers = critic(images, 0)
    assert answers.shape == (5,)
    torch.testing.assert_close(torch.cat([critic(image[None], 0) for image in images]), answers)
    assert not torch.allclose(critic(images, 1), answers, atol=1e-3)


@pytest.mark.parametrize(
    "change",
    [{"classes": ("one",)}, {"classes": ("a", "a")}, {"classes": ("a", "")}, {"resolution": 48}, {"z_dim": 0},
     {"fmap_base": 0}, {"label": 6}],
)  # fmt: skip
def test_impossible_sizes_are_refused(change):
    with pytest.raises(ValueError):
        DVBPRGANSettings(**({"classes": SIX} | change))


def test_files_that_are_no_critic_are_refused(tmp_path):
    generator, critic = small_baseline()
    with pytest.raises(ModelError, match="holds a generator, not a critic of family dvbpr-gan"):
        load_critic(save_generator(tmp_path / "g.safetensors", generator))
    with pytest.raises(ModelError, match="holds a critic, not a generator"):
        load_generator(save_critic(tmp_path / "c.safetensors", critic, {}))
    with pytest.raises(ModelError, match="no such file"):
        load_critic(tmp_path / "nothing.safetensors")
    tensors, header = storage.load_tensors(tmp_path / "c.safetensors")
    for network in ({}, [], {"classes": 3}, header["network"] | {"fmap_base": 10**9, "fmap_max": 10**6},
                    header["network"] | {"classes": ["a"]}, header["network"] | {"resolution": "32"}):  # fmt: skip
        storage.save_tensors(tmp_path / "wrong.safetensors", tensors, header | {"network": network})
        with pytest.raises(ModelError, match=r"wrong\.safetensors: weights do not fit the settings"):
            load_critic(tmp_path / "wrong.safetensors")
    tensors["answer.bias"][0] = float("nan")
    storage.save_tensors(tmp_path / "wrong.safetensors", tensors, header)
    with pytest.raises(ModelError, match=r"answer\.bias holds numbers that are not finite"):
        load_critic(tmp_path / "wrong.safetensors")
    save_generator(tmp_path / "progan.safetensors", small_generator())
    with pytest.raises(ModelError, match="not a critic"):
        load_critic(tmp_path / "progan.safetensors")
