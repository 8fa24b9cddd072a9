from __future__ import annotations

import pytest
import torch

from gigs.errors import InputError, ModelError
from gigs.io import storage
from gigs.recommender import DVBPR, VBPR, load_recommender
from gigs.recommender.base import Recommender
from gigs.vision.backbone import Backbone
from tests.recommender.toys import TINY

USERS = ["a", "b", "ü-3"]


@pytest.fixture(params=["dvbpr", "vbpr"])
def model(request, random_backbone) -> Recommender:
    generator = torch.Generator().manual_seed(3)
    if request.param == "dvbpr":
        made = DVBPR(**TINY, user_ids=USERS)
    else:
        made = VBPR(factors=6, input_size=64, user_ids=USERS).attach(random_backbone)
    made.reset_parameters(generator)
    if isinstance(made, VBPR):
        torch.nn.init.normal_(made.bias, std=0.1, generator=generator)
    return made.eval()


def pictures(count: int = 2, size: int = 64) -> torch.Tensor:
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(1))


def test_scores_are_theta_phi_and_repeat(model):
    images = pictures(3)
    first, second = model.score(images, model.user_factors), model.score(images, model.user_factors)
    assert torch.equal(first, second) and first.shape == (3, 3)
    assert torch.allclose(first, model.features(images) @ model.user_factors.T)
    assert torch.allclose(model.score(images, model.user_factors[1]), first[:, 1], atol=1e-6)
    assert model.features(images).shape == (3, model.feature_count)


def test_score_is_linear_in_theta(model):
    images, theta = pictures(), model.user_factors
    assert torch.allclose(model.score(images, theta.mean(0)), model.score(images, theta).mean(1), atol=1e-5)


@pytest.mark.parametrize("size", [32, 64, 100])
def test_any_picture_size(model, size):
    assert torch.isfinite(model.features(pictures(1, size))).all()


def test_a_batch_of_two_is_two_batches_of_one(model):
    images = pictures()
    together = model.features(images)
    apart = torch.cat([model.features(images[:1]), model.features(images[1:])])
    assert torch.allclose(together, apart, atol=1e-5, rtol=1e-4)


def test_gradients_reach_pixels_and_nothing_else(model):
    model.freeze()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    images = pictures().requires_grad_()
    model.score(images, model.user_factors.mean(0)).sum().backward()
    assert images.grad is not None and images.grad.abs().sum() > 0
    assert all(parameter.grad is None for parameter in model.parameters())
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_dropout_only_in_training():
    model, images = DVBPR(**TINY, user_ids=USERS), pictures()
    model.train()
    assert not torch.equal(model.features(images), model.features(images))
    model.eval()
    assert torch.equal(model.features(images), model.features(images))


def test_published_shapes():
    model = DVBPR(user_ids=["a"], hidden=32)
    assert model.map_size == 7 and model.cnn.fc1.in_features == 7 * 7 * 256
    assert DVBPR(input_size=64, hidden=32).cnn.fc1.in_features == 2 * 2 * 256
    theta = model.theta.detach()
    assert theta.min() >= 0 and theta.max() <= 0.01


@pytest.mark.parametrize("size", [65, 96, 101, 128])
def test_map_size_adapts(size):
    model = DVBPR(input_size=size, hidden=8, width=0.125, factors=4)
    assert model(pictures(1)).shape == (1, 4)


def test_save_and_load_are_equal(model, tmp_path):
    model.about = {"scores": {"auc": 0.7}}
    path = model.save(tmp_path / "model.safetensors")
    loaded = load_recommender(path)
    if isinstance(model, VBPR):
        loaded.attach(model.backbone)
    images = pictures()
    assert loaded.user_ids == USERS and loaded.about == model.about
    assert torch.equal(loaded.user_factors, model.user_factors)
    assert torch.equal(loaded.features(images), model.features(images))
    assert not loaded.training and not any(p.requires_grad for p in loaded.parameters())
    _, settings = storage.load_tensors(path)
    assert settings["kind"] == model.kind and settings["K"] == model.feature_count


def test_without_users_nothing_personal_is_in_the_file(model, tmp_path):
    path = model.save(tmp_path / "model.safetensors", with_users=False)
    tensors, settings = storage.load_tensors(path)
    assert not {"theta", "user_ids"} & set(tensors) and settings["users"] == 0
    assert USERS[2].encode() not in path.read_bytes()
    loaded = load_recommender(path)
    assert loaded.user_factors.shape == (0, model.feature_count)
    with pytest.raises(InputError, match="no users"):
        loaded.user_row("a")


def test_a_file_with_its_backbone_needs_no_weights(random_backbone, tmp_path, monkeypatch):
    monkeypatch.setattr(Backbone, "pretrained", lambda name: pytest.fail("must not fetch"))
    model = VBPR(factors=6, input_size=64, user_ids=USERS).attach(random_backbone).eval()
    path = model.save(tmp_path / "whole.safetensors", include_backbone=True)
    loaded, images = load_recommender(path), pictures()
    assert path.stat().st_size < 8_000_000
    expected = model.features(images)
    assert (loaded.features(images) - expected).abs().max() < 0.02 * expected.abs().max()
    again = load_recommender(loaded.save(tmp_path / "again.safetensors"))
    assert torch.equal(again.features(images), loaded.features(images))


def test_another_backbone_is_refused(random_backbone, tmp_path):
    model = VBPR(factors=6, input_size=64).attach(random_backbone)
    loaded = load_recommender(model.save(tmp_path / "model.safetensors"))
    with torch.random.fork_rng():
        torch.manual_seed(99)
        other = Backbone("efficientnet-lite0")
    with pytest.raises(ModelError, match="not the weights"):
        loaded.attach(other)


def test_wrong_files_are_refused(model, tmp_path):
    path = model.save(tmp_path / "model.safetensors")
    tensors, settings = storage.load_tensors(path)
    cases = {
        "kind": settings | {"kind": "magic"},
        "K": settings | {"K": 5},
        "tensors do not fit": settings | {"architecture": settings["architecture"] | {"factors": 5}},
        "not a recommender": {"anything": 1},
    }
    for message, changed in cases.items():
        storage.save_tensors(tmp_path / "bad.safetensors", tensors, changed)
        with pytest.raises(ModelError, match=message):
            load_recommender(tmp_path / "bad.safetensors")
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ModelError):
        load_recommender(path)


def test_bad_arguments_are_named(model):
    with pytest.raises(InputError, match="K="):
        model.score(pictures(1), torch.zeros(3))
    with pytest.raises(InputError, match="unknown"):
        model.user_row("nobody")
    with pytest.raises(InputError, match="too small"):
        DVBPR(input_size=32)
    with pytest.raises(ModelError, match="same id"):
        DVBPR(**TINY, user_ids=["a", "a"])


@pytest.mark.parametrize(("name", "width"), [("vgg16", 1024), ("alexnet", 896)])
def test_older_backbones_pool_the_layers_they_name(name: str, width: int) -> None:
    torch.manual_seed(0)
    backbone = Backbone(name)
    images = torch.rand(2, 3, 64, 64)
    found = backbone(images, 64)
    normal = (images - backbone.mean) / backbone.std
    last = backbone.network.layers(normal).mean((2, 3))
    assert found.shape == (2, width) == (2, backbone.width)
    torch.testing.assert_close(found[:, -last.shape[1] :], last)
    again = Backbone(name, backbone.network.state_dict())
    torch.testing.assert_close(again(images, 64), found)
    assert again.fingerprint() == backbone.fingerprint()


def test_vbpr_takes_its_width_from_its_backbone() -> None:
    model = VBPR(factors=4, input_size=64, backbone="alexnet").attach(Backbone("alexnet"))
    assert model.features(torch.rand(2, 3, 64, 64)).shape == (2, 5)
