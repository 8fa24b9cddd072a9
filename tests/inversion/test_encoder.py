import pytest
import torch

from gigs.errors import InputError, ModelError
from gigs.generator.base import save_generator
from gigs.generator.families.progan import ProGANSettings
from gigs.inversion.encoder import Encoder, check_pair, load_encoder, save_encoder
from gigs.io import storage
from tests.helpers.small_models import small_generator

SETTINGS = ProGANSettings(resolution=16, latent_dim=12, fmap_base=64, fmap_max=16)


@pytest.fixture(scope="module")
def encoder():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Encoder(SETTINGS).freeze()


@pytest.fixture(scope="module")
def photos():
    return torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(1))


def test_answers_are_standardised(encoder, photos):
    z = encoder(photos)
    assert z.shape == (4, 12) and z.dtype == torch.float32
    torch.testing.assert_close(z.mean(1), torch.zeros(4), atol=1e-5, rtol=0)
    torch.testing.assert_close(z.square().mean(1), torch.ones(4), atol=1e-3, rtol=0)


def test_every_photo_is_answered_on_its_own(encoder, photos):
    alone = torch.cat([encoder(photo[None]) for photo in photos])
    torch.testing.assert_close(encoder(photos), alone, atol=1e-5, rtol=1e-5)


def test_saved_and_loaded_answers_the_same(encoder, photos, tmp_path):
    path = save_encoder(tmp_path / "e.safetensors", encoder, {"images_shown": 5})
    again = load_encoder(path)
    assert torch.equal(again(photos), encoder(photos))
    assert again.config == SETTINGS
    assert not any(parameter.requires_grad for parameter in again.parameters())
    assert storage.load_tensors(path)[1]["about"] == {"images_shown": 5}


def test_half_precision_weights_are_loaded_as_single(encoder, photos, tmp_path):
    path = save_encoder(tmp_path / "e.safetensors", encoder)
    tensors, header = storage.load_tensors(path)
    storage.save_tensors(path, {name: tensor.half() for name, tensor in tensors.items()}, header)
    again = load_encoder(path)
    assert {parameter.dtype for parameter in again.parameters()} == {torch.float32}
    torch.testing.assert_close(again(photos), encoder(photos), atol=2e-2, rtol=0)


def test_other_files_are_refused_by_name(encoder, tmp_path):
    path = save_generator(tmp_path / "g.safetensors", small_generator())
    with pytest.raises(ModelError, match="holds a generator, not an encoder"):
        load_encoder(path)
    header = {"kind": "encoder", "family": "progan-trunk", "network": {"resolution": 48}}
    for wrong in (header, {**header, "network": {"resolution": 32}}, {**header, "network": {"nonsense": 1}}):
        storage.save_tensors(path, dict(encoder.trunk.state_dict()), wrong)
        with pytest.raises(ModelError, match="do not fit"):
            load_encoder(path)


def test_photos_of_another_size_are_refused(encoder, photos):
    with pytest.raises(InputError, match=r"takes \[N,3,16,16\], not \[4, 3, 8, 16\]"):
        encoder(photos[:, :, :8])


def test_a_generator_of_other_sizes_is_refused(encoder):
    with pytest.raises(ModelError, match="for 16 px and 12 latent numbers, the generator has 32 px and 32"):
        check_pair(encoder, small_generator())
