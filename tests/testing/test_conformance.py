"""The conformance suites on what gigs ships, on the guide's own code, and on models that are wrong on purpose."""

import re
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import torch

from gigs.errors import ModelError
from gigs.generator import base as generators
from gigs.generator.base import load_generator, save_generator
from gigs.generator.families.progan_public import ProGANPyTorch, PublicSettings
from gigs.io import plugins
from gigs.recommender import VBPR
from gigs.recommender import base as recommenders
from gigs.testing import GeneratorSuite, RecommenderSuite, check_generator, check_recommender
from gigs.vision.backbone import Backbone
from tests.helpers.small_models import small_generator, small_recommender

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "your-model.md"


class TestProGAN(GeneratorSuite):
    def build(self):
        return small_generator()


class TestPublicProGAN(GeneratorSuite):
    def build(self):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            return ProGANPyTorch(PublicSettings(channels=(16, 12, 8), latent_dim=24))


class TestDVBPR(RecommenderSuite):
    def build(self):
        return small_recommender()


def small_vbpr():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        backbone = Backbone("efficientnet-lite0")
        model = VBPR(factors=5, input_size=64, user_ids=["ann", "bob", "cy"], include_backbone=True)
        model.attach(backbone)
        return model


class TestVBPR(RecommenderSuite):
    sides = (64,)

    def build(self):
        return small_vbpr()

    def test_h_saved_and_loaded_scores_the_same(self, monkeypatch):
        """Half-precision backbones of a file round: compare what a file holds with itself."""
        first = small_vbpr()
        rounded = {
            name: t.half().float() if t.ndim > 1 else t for name, t in first.backbone.network.state_dict().items()
        }
        monkeypatch.setattr(type(self), "build", lambda self: self.with_weights(rounded))
        super().test_h_saved_and_loaded_scores_the_same()

    def with_weights(self, state):
        model = small_vbpr()
        model._backbone = [Backbone("efficientnet-lite0", state)]
        return model


def guide_blocks():
    return re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)


def test_the_guide_holds_what_it_promises_and_its_models_conform(monkeypatch):
    monkeypatch.setattr(generators, "FAMILIES", dict(generators.FAMILIES))
    monkeypatch.setattr(recommenders, "_REGISTRY", dict(recommenders._REGISTRY))
    blocks = guide_blocks()
    assert len(blocks) == 3
    for block in blocks[:2]:
        assert len([line for line in block.splitlines() if line.strip()]) <= 34  # "about 30 lines"
    space = {}
    for block in blocks:
        exec(compile(block, str(GUIDE), "exec"), space)  # the last block runs both suites
    assert generators.builder_of("two-tone") and recommenders.class_of("palette")


def broken(**wrong):
    good = type(small_generator())
    kind = type("Broken", (good,), wrong)

    def build():
        torch.manual_seed(0)
        return kind(small_generator().config)

    return build


def noisy(self, z):
    return (self.synthesise(z, self.config.top) / 2 + 0.5 + 0.01 * torch.rand(())).clamp(0, 1)


def mixed(self, z):
    return (self.synthesise(z + z.roll(1, 0), self.config.top) / 2 + 0.5).clamp(0, 1)


def wide(self, z):
    return self.synthesise(z, self.config.top).float() * 40


def detached(self, z):
    return (self.synthesise(z.detach(), self.config.top) / 2 + 0.5).clamp(0, 1) + 0 * z.sum()


def seedless(self, n, rng):
    return torch.randn(n, self.latent_dim)


def small_numbers(self, n, rng):
    return 1e-3 * torch.randn(n, self.latent_dim, generator=rng)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"family": "unheard-of"}, "not registered"),
        ({"sample": seedless}, "does not draw from the generator it is given"),
        ({"sample": small_numbers}, "scale them to about 1"),
        ({"forward": noisy}, "two calls drew different pictures"),
        ({"forward": mixed}, "with its neighbours"),
        ({"forward": wide}, "leave"),
        ({"forward": detached}, "gets no gradient"),
        ({"project": lambda self, z: z * 0.9}, "test_h"),
        ({"spaces": ("z", "w")}, "test_i|latent space 'w'"),
    ],
)
def test_a_generator_that_is_wrong_is_told_what_is_wrong(wrong, message):
    with pytest.raises((AssertionError, generators.InputError), match=message):
        check_generator(broken(**wrong), steps=3)


def test_a_recommender_that_is_wrong_is_told_what_is_wrong():
    good = type(small_recommender())

    def build(**wrong):
        kind = type("Wrong", (good,), wrong)
        torch.manual_seed(0)
        return kind(factors=6, hidden=32, width=0.1, input_size=64, user_ids=["a", "b"])

    cases = [
        ({"kind": "unheard-of"}, "not registered"),
        ({"features": lambda self, x: good.features(self, x) + torch.rand(())}, "test_d|two calls"),
        ({"features": lambda self, x: good.features(self, x) - good.features(self, x).mean(0)}, "test_"),
        ({"features": lambda self, x: good.features(self, x.detach()) + 0 * x.sum()}, "gets no gradient"),
    ]
    for wrong, message in cases:
        with pytest.raises(AssertionError, match=message):
            check_recommender(lambda wrong=wrong: build(**wrong))


def installed(monkeypatch, *points):
    monkeypatch.setattr(plugins, "entry_points", lambda group: [point for point in points if point.group == group])


def test_an_installed_package_may_name_a_family(monkeypatch, tmp_path):
    generator = small_generator()
    path = save_generator(tmp_path / "g.safetensors", generator)
    stripped = {name: build for name, build in generators.FAMILIES.items() if name != "progan"}
    monkeypatch.setattr(generators, "FAMILIES", stripped)
    with pytest.raises(ModelError, match="unknown generator family 'progan'"):
        load_generator(path)
    installed(monkeypatch, EntryPoint("progan", "gigs.generator.families.progan:build_progan", "gigs.generators"))
    z = generator.sample(1, torch.Generator().manual_seed(0))
    assert torch.equal(load_generator(path)(z), generator(z))


def test_an_installed_package_may_name_a_recommender(monkeypatch):
    assert recommenders.class_of("two-tower") is None
    installed(monkeypatch, EntryPoint("two-tower", "gigs.recommender.models.dvbpr:DVBPR", "gigs.recommenders"))
    assert recommenders.class_of("two-tower") is type(small_recommender())


def test_an_entry_point_that_cannot_be_used_is_named(monkeypatch):
    missing = EntryPoint("x", "no_such_package.models:build", "gigs.generators")
    installed(monkeypatch, missing)
    with pytest.raises(ModelError, match=r"no_such_package\.models:build, which cannot be imported"):
        generators.builder_of("x")
    installed(monkeypatch, missing, EntryPoint("x", "other:build", "gigs.generators"))
    with pytest.raises(ModelError, match=r"given by no_such_package\.models:build and by other:build"):
        generators.builder_of("x")
