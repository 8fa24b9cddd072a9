"""Any network of timm as VBPR's backbone; no weights are fetched here."""

import pytest
import timm
import torch

from gigs.errors import InputError, ModelError
from gigs.recommender import VBPR, load_recommender
from gigs.testing import RecommenderSuite
from gigs.vision.backbone import Backbone, feature_width, normalisation

NAME = "timm:resnet10t"


def model(name=NAME):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made = VBPR(factors=4, input_size=64, backbone=name, include_backbone=True, user_ids=["ann", "bob"])
        return made.attach(Backbone(name, {key: rounded(tensor) for key, tensor in network(name).items()}))


def network(name):
    torch.manual_seed(0)
    return Backbone(name).network.state_dict()


def rounded(tensor):
    """As a file in half precision keeps it."""
    return tensor.half().float() if tensor.ndim > 1 else tensor


class TestResNet(RecommenderSuite):
    sides = (64,)

    def build(self):
        return model()


@pytest.mark.parametrize(
    ("name", "width", "mean"),
    [(NAME, 512, 0.485), ("timm:vit_tiny_patch16_224", 192, 0.5), ("timm:mobilenetv3_small_050", 1024, 0.485)],
)
def test_width_and_normalisation_are_timms(name, width, mean):
    assert feature_width(name) == width and normalisation(name)[0][0] == mean
    made = Backbone(name)
    with torch.no_grad():
        features = made(torch.rand(2, 3, 40, 40), 224)
        plain = made.network((torch.full((1, 3, 224, 224), 0.3) - made.mean) / made.std)
        torch.testing.assert_close(made(torch.full((1, 3, 64, 64), 0.3), 224), plain)
    assert features.shape == (2, width) == (2, made.width)


def test_preprocessing_travels_with_the_weights(tmp_path):
    described = load_recommender(model().save(tmp_path / "r.safetensors")).preprocessing()
    assert described["mean"] == [0.485, 0.456, 0.406] and described["size"] == 64


@pytest.mark.parametrize(
    "name", ["timm:nonsense", "timm:hf-hub:someone/else", "timm:../x", "timm:resnet18.nonsense", "timm:"]
)
def test_a_name_that_timm_does_not_know_is_refused(name):
    with pytest.raises(InputError, match="backbone"):
        feature_width(name)


def test_a_transformer_says_which_sizes_it_takes():
    with pytest.raises(InputError, match=r"vit_tiny_patch16_224 at 64 px: .*224.*`input_size`"):
        Backbone("timm:vit_tiny_patch16_224")(torch.rand(1, 3, 64, 64), 64)


def test_weights_come_from_timm_and_where_they_cannot_it_says_so(monkeypatch):
    real = timm.create_model
    wanted = network(NAME)

    def create(name, pretrained, num_classes):
        made = real(name, pretrained=False, num_classes=num_classes)
        if pretrained:
            made.load_state_dict(wanted)
        return made

    monkeypatch.setattr(timm, "create_model", create)
    fetched = Backbone.pretrained(NAME).network.state_dict()
    assert all(torch.equal(fetched[key], tensor) for key, tensor in wanted.items())

    def offline(name, pretrained, num_classes):
        if pretrained:
            raise OSError("Cannot reach the hub")
        return real(name, pretrained=False, num_classes=num_classes)

    monkeypatch.setattr(timm, "create_model", offline)
    with pytest.raises(
        ModelError, match=r"resnet10t: its weights could not be downloaded \(Cannot reach the hub\).*HF_HOME"
    ):
        Backbone.pretrained(NAME)
