"""A recommender made of a named function and users' vectors."""

from importlib.metadata import EntryPoint

import pytest
import torch
from torch import nn

from gigs.errors import InputError, ModelError
from gigs.generator.base import save_generator
from gigs.io import plugins, storage
from gigs.packs.build.pack import ModelFiles, PackDescription, build_pack
from gigs.recommender import RankingSettings, evaluate_recommender, load_recommender, recommend
from gigs.recommender.models import callable as callables
from gigs.recommender.models.callable import CallableRecommender, register_features, register_scorer
from gigs.testing import RecommenderSuite
from tests.helpers.small_models import small_generator


class Tower(nn.Module):
    """A small item tower, with the dropout that a careless one has."""

    def __init__(self, seed=0):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.layers = nn.Sequential(
                nn.Conv2d(3, 8, 5, 4), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Dropout(), nn.Linear(32, 6)
            )

    def forward(self, images):
        return self.layers(images)


def build_tower():
    """What an entry point leads to."""
    return Tower()


def saturating():
    return lambda phi, theta: torch.tanh(phi @ theta.T)


@pytest.fixture(autouse=True)
def names(monkeypatch):
    monkeypatch.setattr(callables, "_REGISTERED", {})
    register_features("tower", build_tower)
    register_scorer("saturating", saturating)


def made(**options):
    vectors = torch.randn(3, 6, generator=torch.Generator().manual_seed(1))
    return CallableRecommender.from_vectors("tower", ["ann", "bob", "cy"], vectors, input_size=64, **options)


class TestLinear(RecommenderSuite):
    def build(self):
        return made()


class TestNotLinear(RecommenderSuite):
    def build(self):
        return made(scorer="saturating")


def test_the_score_is_what_the_function_and_the_vectors_make():
    model, images = made(), torch.rand(2, 3, 64, 64)
    torch.testing.assert_close(model.score(images, model.theta), Tower().eval()(images) @ model.theta.T)
    bent = made(scorer="saturating")
    assert not bent.is_linear and model.is_linear
    torch.testing.assert_close(bent.score(images, bent.theta), torch.tanh(Tower().eval()(images) @ model.theta.T))


def test_a_plain_function_will_do():
    register_features("means", lambda: lambda images: images.mean((2, 3)))
    model = CallableRecommender.from_vectors("means", ["a", "b"], torch.eye(2, 3), input_size=64)
    images = torch.rand(2, 3, 80, 80)
    torch.testing.assert_close(model.features(images), model.resize(images).mean((2, 3)))


def test_an_installed_package_names_the_function(monkeypatch, tmp_path):
    path = made().save(tmp_path / "r.safetensors")
    monkeypatch.setattr(callables, "_REGISTERED", {})
    point = EntryPoint("tower", f"{__name__}:build_tower", "gigs.features")
    with pytest.raises(ModelError, match=r"gigs.features: no function 'tower' here; known: none. Install the package"):
        load_recommender(path).features(torch.rand(1, 3, 64, 64))
    monkeypatch.setattr(plugins, "entry_points", lambda group: [point] if group == point.group else [])
    assert load_recommender(path).features(torch.rand(1, 3, 64, 64)).shape == (1, 6)


def test_a_file_cannot_name_code_of_its_own(tmp_path):
    path = made().save(tmp_path / "r.safetensors")
    tensors, header = storage.load_tensors(path)
    header["architecture"]["features"] = "os:system"
    storage.save_tensors(path, tensors, header)
    with pytest.raises(ModelError, match="no function 'os:system' here; known: tower"):
        load_recommender(path).features(torch.rand(1, 3, 64, 64))


def test_another_version_of_the_function_is_refused(tmp_path):
    path = made().save(tmp_path / "r.safetensors")
    register_features("tower", lambda: Tower(seed=1))
    model = load_recommender(path)
    for _ in range(2):  # and goes on being refused
        with pytest.raises(ModelError, match="not the function that these user vectors were saved with"):
            model.features(torch.rand(1, 3, 64, 64))


def test_what_does_not_fit_is_named():
    with pytest.raises(ModelError, match=r"answers \[1, 6\] for a picture, not \[1, 4\]"):
        CallableRecommender.from_vectors("tower", ["a"], torch.zeros(1, 4), input_size=64)
    for vectors in (torch.zeros(2, 6), torch.zeros(6), torch.full((1, 6), float("nan"))):
        with pytest.raises(InputError, match="for 1 ids: need finite"):
            CallableRecommender.from_vectors("tower", ["a"], vectors, input_size=64)
    with pytest.raises(InputError, match=r"taste vector of shape \(5,\): this recommender has K=6"):
        made(scorer="saturating").score(torch.rand(1, 3, 64, 64), torch.zeros(5))


def test_what_goes_by_one_product_refuses_a_bent_score(tiny_catalogue, tmp_path):
    bent = made(scorer="saturating")
    for use in (
        lambda: recommend(bent, tiny_catalogue, "ann"),
        lambda: evaluate_recommender(bent, tiny_catalogue),
        lambda: build_pack(
            tmp_path / "pack", PackDescription(name="p", audiences={}),
            ModelFiles(
                generator=save_generator(tmp_path / "g.safetensors", small_generator()),
                recommender=bent.save(tmp_path / "r.safetensors"),
            ),
            tiny_catalogue,
        ),
    ):  # fmt: skip
        with pytest.raises(
            InputError, match=r"needs the score theta\^T phi, but this recommender.s score \(callable\)"
        ):
            use()


def test_the_catalogue_is_scored_like_any_other(tiny_catalogue):
    """Without a class of its own, a company's model ranks the catalogue and is measured on it."""
    ids = tiny_catalogue.users["user_id"].tolist()
    vectors = torch.randn(len(ids), 6, generator=torch.Generator().manual_seed(1))
    model = CallableRecommender.from_vectors("tower", ids, vectors, input_size=64)
    report = evaluate_recommender(model, tiny_catalogue, RankingSettings(resamples=50))
    assert report["kind"] == "callable" and 0 <= report["model"]["overall"]["auc"]["value"] <= 1
    assert len(recommend(model, tiny_catalogue, ids[0], top=3)) == 3
