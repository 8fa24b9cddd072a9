import pytest
import torch

from gigs.errors import InputError, ModelError
from gigs.generator.base import save_generator
from gigs.generator.families.stylegan2 import StyleGAN2, StyleGAN2Settings
from gigs.generator.use import Resized, Use, at_side
from gigs.inversion.encoder import check_pair
from gigs.inversion.optimise import InversionSettings
from gigs.inversion.starts import choose_start
from gigs.testing import GeneratorSuite
from gigs.testing.common import PixelPyramid
from gigs.vision.runtime import Runtime
from tests.helpers.small_models import small_encoder, small_generator

RUNTIME = Runtime(rng=torch.Generator())


def stylish(classes=0):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return StyleGAN2(
            StyleGAN2Settings(channels=(12, 8, 8), z_dim=12, w_dim=12, hidden=12, mapping=2, classes=classes)
        )


class TestLookedAtLarger(GeneratorSuite):
    def build(self):
        return Use(size=64)(small_generator())

    def test_a_family_is_registered_and_its_settings_are_json(self):
        """A use is chosen anew at every call; it is not stored."""
        with pytest.raises(AttributeError, match="family"):
            save_generator("nowhere", self.build())

    test_j_saved_and_loaded_draws_the_same = test_a_family_is_registered_and_its_settings_are_json


def test_the_papers_step_from_64_to_128_is_one_setting():
    generator = Use(size=64)(small_generator())
    z = generator.sample(2, torch.Generator().manual_seed(0))
    images = generator(z)
    assert images.shape == (2, 3, 64, 64) and generator.drawn_at == 32
    wanted = torch.nn.functional.interpolate(small_generator()(z), scale_factor=2, mode="bilinear")
    torch.testing.assert_close(images, wanted)
    assert not any(parameter.requires_grad for parameter in generator.parameters())


def test_what_is_not_chosen_stays_as_it_is():
    generator = small_generator()
    assert Use()(generator) is generator and Use(size=32, space="z")(generator) is generator
    assert Use().described() == {} and Use(size=128, label=0).described() == {"label": 0, "size": 128}


def test_space_class_and_size_together():
    generator = Use(space="w+", label=1, size=32)(stylish(classes=3))
    assert isinstance(generator, Resized) and generator.space == "w+" and generator.latent_dim == 6 * 12
    assert generator(generator.sample(1, torch.Generator().manual_seed(0))).shape == (1, 3, 32, 32)


def test_what_a_family_does_not_know_is_refused():
    with pytest.raises(InputError, match=r"latent space 'w': generators of family progan know z"):
        Use(space="w")(small_generator())
    with pytest.raises(InputError, match="class 2: generators of family progan know no classes"):
        Use(label=2)(small_generator())
    for size in (16, 2048):
        with pytest.raises(InputError, match=f"`size` must be from 32 to 1024 px, not {size}"):
            Use(size=size)


def test_an_encoder_sees_photos_at_the_side_it_was_trained_at():
    generator, encoder = Use(size=64)(small_generator()), small_encoder()
    check_pair(encoder, generator)
    photo = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    start = choose_start(generator, photo, PixelPyramid(), encoder, InversionSettings(steps=0), RUNTIME)
    assert torch.equal(start, encoder(at_side(photo, 32)))
    with pytest.raises(ModelError, match="answers in the space z, the generator is used in w"):
        check_pair(encoder, Use(space="w")(fitting()))


def fitting():
    """A StyleGAN2 of the encoder's sizes."""
    return StyleGAN2(StyleGAN2Settings(channels=(8, 8, 8, 8), z_dim=32, w_dim=32, hidden=8, mapping=2))


def test_a_start_of_the_generators_own_takes_the_encoders_place():
    class Knowing(type(small_generator())):
        def start_from(self, photos):
            return photos.new_full((len(photos), self.latent_dim), 0.5)

    generator = Knowing(small_generator().config)
    photo = torch.rand(1, 3, 32, 32)
    start = choose_start(generator, photo, PixelPyramid(), None, InversionSettings(steps=0), RUNTIME)
    assert start.unique().tolist() == [0.5]
    larger = Resized(generator, 64).start_from(torch.rand(2, 3, 64, 64))
    assert larger.shape == (2, 32)
