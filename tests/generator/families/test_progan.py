import pytest
import torch

from gigs.errors import ModelError
from gigs.generator.base import load_generator, save_generator
from gigs.generator.families.progan import ProGAN, ProGANSettings, Trunk
from gigs.io.storage import save_tensors

SMALL = ProGANSettings(resolution=32, latent_dim=24, fmap_base=64, fmap_max=16)


@pytest.fixture
def generator():
    torch.manual_seed(0)
    return ProGAN(SMALL).freeze()


def test_pictures_have_the_contracts_shape_and_range(generator):
    images = generator(generator.sample(3, torch.Generator().manual_seed(1)))
    assert images.shape == (3, 3, 32, 32)
    assert images.dtype == torch.float32
    assert 0 <= images.min() <= images.max() <= 1


def test_every_row_is_drawn_on_its_own(generator):
    z = generator.sample(4, torch.Generator().manual_seed(2))
    alone = torch.cat([generator(row[None]) for row in z])
    torch.testing.assert_close(generator(z), alone, atol=1e-4, rtol=1e-4)  # processors sum in different orders


def test_the_gradient_reaches_z(generator):
    z = generator.sample(2, torch.Generator().manual_seed(3)).requires_grad_()
    generator.synthesise(z, SMALL.top).square().sum().backward()
    assert z.grad is not None
    assert (z.grad.abs().sum(1) > 0).all()


@pytest.mark.parametrize("level", [1, 2, 3])
def test_fading_starts_at_the_level_below_and_ends_at_the_level(level):
    torch.manual_seed(0)
    net, z = ProGAN(SMALL), torch.randn(2, 24)
    below = torch.nn.functional.interpolate(net.synthesise(z, level - 1), scale_factor=2)
    torch.testing.assert_close(net.synthesise(z, level, 0.0), below)
    torch.testing.assert_close(net.synthesise(z, level, torch.tensor(1.0)), net.synthesise(z, level))
    critic, x = Trunk(SMALL, 1, minibatch_std=True), torch.randn(4, 3, 4 << level, 4 << level)
    coarse = critic(torch.nn.functional.avg_pool2d(x, 2), level - 1)
    torch.testing.assert_close(critic(x, level, 0.0), coarse, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("build", [lambda: ProGAN(SMALL), lambda: Trunk(SMALL, 1, minibatch_std=True)])
def test_every_parameter_gets_a_gradient_over_all_levels(build):
    torch.manual_seed(0)
    net = build()
    for level in range(SMALL.top + 1):
        if isinstance(net, ProGAN):
            net.synthesise(torch.randn(4, 24), level).square().sum().backward()
        else:
            net(torch.randn(4, 3, 4 << level, 4 << level), level).square().sum().backward()
    assert [name for name, p in net.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0] == []


def test_saved_and_loaded_draws_the_same(generator, tmp_path):
    save_generator(tmp_path / "g.safetensors", generator, {"images_shown": 5})
    again = load_generator(tmp_path / "g.safetensors")
    z = generator.sample(2, torch.Generator().manual_seed(4))
    assert torch.equal(again(z), generator(z))
    assert not any(parameter.requires_grad for parameter in again.parameters())


def test_other_files_are_refused_by_name(tmp_path, generator):
    path = save_tensors(tmp_path / "r.safetensors", {"a": torch.zeros(1)}, {"kind": "recommender"})
    with pytest.raises(ModelError, match="holds a recommender"):
        load_generator(path)
    save_tensors(path, {"a": torch.zeros(1)}, {"kind": "generator", "family": "nope", "network": {}})
    with pytest.raises(ModelError, match="unknown generator family 'nope'"):
        load_generator(path)
    wrong = {"kind": "generator", "family": "progan", "network": {**generator.settings(), "fmap_max": 8}}
    save_tensors(path, dict(generator.state_dict()), wrong)
    with pytest.raises(ModelError, match="do not fit"):
        load_generator(path)


def test_impossible_sizes_are_refused():
    with pytest.raises(ValueError, match="power of two"):
        ProGANSettings(resolution=48)
