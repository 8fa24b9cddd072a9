"""Feature sets: the layers they claim to be, one picture at a time, and a cache that is never of other pictures."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from gigs.errors import InputError
from gigs.io.weights import fetch
from gigs.metrics import features
from gigs.metrics.features import FEATURE_SETS, FeatureNetwork, feature_network, photo_features, picture_features
from gigs.vision.images import to_tensor


class MeanColour(FeatureNetwork):
    """A feature set without weights to fetch, which counts the pictures it is shown."""

    name = "mean-colour"
    width = 3

    def __init__(self, gain=1.0):
        super().__init__()
        self.gain = torch.nn.Parameter(torch.tensor(gain), requires_grad=False)
        self.seen = 0

    def forward(self, images):
        self.seen += len(images)
        return images.mean((2, 3)) * self.gain


def pictures(n, side=64, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, side, side, 3), dtype=np.uint8)


@pytest.fixture(scope="module", params=list(FEATURE_SETS))
def network(request):
    return feature_network(request.param)


@pytest.mark.weights
def test_features_do_not_depend_on_the_batch(network, monkeypatch):
    shown = pictures(5)
    together = picture_features(network, shown)
    monkeypatch.setattr(features, "BATCH", 2)
    apart = picture_features(network, shown)
    assert together.shape == (5, network.width) and together.dtype == np.float32
    np.testing.assert_allclose(apart, together, rtol=1e-3, atol=1e-4 * np.abs(together).max())
    assert np.abs(together[0] - together[1]).max() > 0.1  # they do depend on the picture


@pytest.mark.weights
def test_networks_are_frozen_and_stay_in_evaluation_mode(network):
    network.train()
    assert not any(module.training for module in network.modules())
    assert not any(parameter.requires_grad for parameter in network.parameters())
    assert network.fingerprint() == feature_network(network.name).fingerprint()


@pytest.mark.weights
def test_vgg16_is_relu5_3_of_the_enlarged_picture():
    shown, state = to_tensor(pictures(2, side=32)), fetch("vgg16-features")
    x = F.interpolate(shown, (128, 128), mode="bilinear", align_corners=False)
    x = (x - torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)) / torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    for position in (0, 2, "pool", 5, 7, "pool", 10, 12, 14, "pool", 17, 19, 21, "pool", 24, 26, 28):
        if position == "pool":
            x = F.max_pool2d(x, 2)
        else:
            name = f"features.{position}"
            x = F.relu(F.conv2d(x, state[f"{name}.weight"], state[f"{name}.bias"], padding=1))
    assert x.shape == (2, 512, 8, 8)
    mine = feature_network("vgg16")(shown)
    torch.testing.assert_close(mine, x.mean((2, 3)), rtol=1e-3, atol=1e-4)


def test_unknown_sets_are_named():
    with pytest.raises(InputError, match="'inception' is unknown; choose one of efficientnet-lite0, vgg16"):
        feature_network("inception")


@pytest.fixture
def catalogue(tiny_catalogue, tmp_path):
    """The tiny shop's pictures, with a folder of its own for the cache."""

    class Copy:
        root = tmp_path

        def images(self, size):
            return tiny_catalogue.images(size)

    return Copy()


def test_photos_are_seen_once(catalogue):
    network, rows = MeanColour(), np.arange(10)
    first = photo_features(network, catalogue, rows, image_size=32)
    again = photo_features(network, catalogue, rows, image_size=32)
    assert network.seen == 10
    np.testing.assert_array_equal(first, again)
    np.testing.assert_allclose(first, catalogue.images(32)[:10].mean((1, 2)) / 255, rtol=1e-5)


def test_other_photos_sizes_weights_and_damage_are_noticed(catalogue):
    rows = np.arange(10)
    photo_features(MeanColour(), catalogue, rows, image_size=32)
    (path,) = (catalogue.root / "features").iterdir()
    for options in ({"rows": rows[::-1]}, {"rows": rows[:9]}, {"size": 64}, {"gain": 2.0}, {"damage": True}):
        if options.pop("damage", False):
            path.write_bytes(path.read_bytes()[:100])
        network = MeanColour(options.get("gain", 1.0))
        chosen = options.get("rows", rows)
        found = photo_features(network, catalogue, chosen, image_size=options.get("size", 32))
        assert network.seen == len(chosen) == len(found)
    network = MeanColour()
    photo_features(network, catalogue, rows, image_size=32)  # what was damaged is whole again
    assert network.seen == 0
