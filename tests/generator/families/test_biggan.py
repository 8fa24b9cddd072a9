"""BigGAN: converted files draw what the originals draw; fixed and relaxed classes; what is refused."""

import pytest
import torch

from gigs.errors import InputError, ModelError
from gigs.generator.base import load_generator
from gigs.generator.convert.checkpoints import convert_checkpoint
from gigs.generator.families.biggan import BigGAN, BigGANSettings
from gigs.testing import GeneratorSuite
from tests.generator.families.biggan_originals import BrockGenerator, trained
from tests.generator.families.biggan_port_original import Port


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def small(**changes):
    settings = {"blocks": ((16, 16, True), (16, 8, True), (8, 8, True)), "classes": 5, "embedded": 10, "label": 2}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        generator = BigGAN(BigGANSettings(**(settings | {"z_dim": 24, "chunk": 6, "attention": (2,)} | changes)))
        for parameter in generator.parameters():
            parameter.data.normal_(0, 0.3)
        return generator


class TestFixedClass(GeneratorSuite):
    def build(self):
        return small()


class TestRelaxedClass(GeneratorSuite):
    def build(self):
        return small(truncation=0.6).in_space("z+class")


class TestDeep(GeneratorSuite):
    def build(self):
        return small(deep=True, chunk=0, attention=(1, 3))


def converted(content, folder, **options):
    torch.save(content, folder / "G_ema.pth")
    return load_generator(convert_checkpoint(folder / "G_ema.pth", folder / "converted.safetensors", **options))


def close(one, other):
    torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)
    assert other.std(dim=(2, 3)).max() > 0.02


@pytest.mark.parametrize("options", [{}, {"hier": False}, {"attention": ()}, {"attention": (0, 2)}])
@torch.no_grad()
def test_brocks_checkpoint_draws_what_the_original_draws(tmp_path, options):
    original = trained(BrockGenerator(**options))
    generator = converted(original.state_dict(), tmp_path)
    z = torch.randn(3, 24)
    for label in (0, 4):
        close(generator.of_class(label).synthesise(z), original(z, torch.full((3,), label)))
    assert (generator.resolution, generator.config.classes, generator.latent_dim) == (32, 5, 24)


@pytest.mark.parametrize("truncation", [1.0, 0.4, 0.53])
@pytest.mark.parametrize("attention", [0, 3, None])
@torch.no_grad()
def test_the_ports_checkpoint_draws_what_the_original_draws(tmp_path, truncation, attention):
    original = trained(Port(attention=attention))
    generator = converted(original.state_dict(), tmp_path, truncation=truncation)
    drawn = generator.of_class(1)
    z = drawn.sample(2, torch.Generator().manual_seed(1))
    close(drawn.synthesise(z), original(truncation * z, torch.eye(5)[[1, 1]], truncation))


@torch.no_grad()
def test_a_relaxed_class_starts_where_the_fixed_one_is():
    fixed = small(label=3)
    relaxed = fixed.in_space("z+class")
    one, other = (each.sample(2, torch.Generator().manual_seed(0)) for each in (fixed, relaxed))
    assert relaxed.latent_dim == 24 + 10 and torch.equal(other[:, :24], one)
    torch.testing.assert_close(relaxed(other), fixed(one), atol=1e-5, rtol=0)
    far = relaxed.project(torch.full((1, 34), 99.0))
    assert far[0, :24].unique().tolist() == [2.0]
    table = fixed.embedding
    inside = table.mean(0) + table.std(0) * far[0, 24:]
    torch.testing.assert_close(inside, table.max(0).values)


def test_z_is_cut_at_two_and_scaled_by_the_truncation():
    generator = small(label=0)
    z = generator.sample(2000, torch.Generator().manual_seed(0))
    assert z.abs().max() <= 2 and z.std() == pytest.approx(0.88, abs=0.01)  # a normal distribution's, cut at 2
    half = small(label=0, truncation=0.5)
    with torch.no_grad():
        torch.testing.assert_close(half(z[:2]), generator(z[:2] * 0.5), atol=1e-6, rtol=0)


def test_classes_are_asked_for_by_name():
    generator = small(label=None)
    with pytest.raises(InputError, match="draws 5 classes; choose one with `label`"):
        generator(torch.zeros(1, 24))
    for label in (-1, 5):
        with pytest.raises(InputError, match=f"class {label}: this generator has 5 classes"):
            generator.of_class(label)
    assert len(generator.in_space("z+class").sample(3, torch.Generator().manual_seed(0))) == 3  # any class will do


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda state: state.pop("shared.weight"), "no shared class embedding"),
        (lambda state: state.pop("blocks.0.0.bn1.stored_mean"), "keeps its statistics elsewhere"),
        (lambda state: state.pop("blocks.1.0.conv_sc.weight"), "blocks.1.0.conv_sc.weight"),
        (lambda state: state.update({"linear.bias": torch.zeros(3)}), "do not fit together"),
        (lambda state: state["linear.weight"].fill_(float("inf")), "not finite"),
    ],
)
def test_another_network_is_refused_by_what_it_is(tmp_path, change, message):
    state = trained(BrockGenerator()).state_dict()
    change(state)
    with pytest.raises(ModelError, match=message):
        converted(state, tmp_path)


def test_impossible_settings_are_named():
    for wrong in ({"blocks": ()}, {"chunk": 5}, {"space": "w"}, {"label": 5}, {"truncation": 1.5}):
        with pytest.raises(ValueError):
            small(**wrong)
