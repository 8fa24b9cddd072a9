"""Inception Score: torchmetrics' number, shards that merge; and the classifiers it looks through."""

import warnings

import numpy as np
import pytest
import torch
from torchmetrics.image.inception import InceptionScore as Theirs

from gigs.errors import InputError, ModelError
from gigs.io.weights import fetch
from gigs.metrics import inception
from gigs.metrics.inception import InceptionScore, InceptionV3, Lite0Classifier, figure_network


def probabilities(n, seed=0, classes=7):
    return torch.softmax(3 * torch.randn(n, classes, generator=torch.Generator().manual_seed(seed)), 1).double()


def test_it_is_torchmetrics_score_of_one_split():
    logits = 3 * torch.randn(50, 7, generator=torch.Generator().manual_seed(3))
    theirs = Theirs(feature=torch.nn.Identity(), splits=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of one split it cannot give a deviation
        theirs.update(logits)
        wanted = float(theirs.compute()[0])
    ours = InceptionScore()
    ours.update(torch.softmax(logits.double(), 1))
    assert ours.compute() == pytest.approx(wanted, rel=1e-5)


def test_shards_add_up():
    whole, left, right = InceptionScore(), InceptionScore(), InceptionScore()
    whole.update(probabilities(30))
    left.update(probabilities(30)[:11])
    right.update(probabilities(30)[11:])
    left.merge(right)
    left.merge(InceptionScore())
    assert left.compute() == pytest.approx(whole.compute(), rel=1e-12) and left.count == 30


def test_it_is_one_where_all_look_alike_and_the_number_of_classes_where_each_is_its_own():
    alike, apart = InceptionScore(), InceptionScore()
    alike.update(np.full((5, 4), 0.25))
    apart.update(np.eye(4))
    assert alike.compute() == pytest.approx(1.0) and apart.compute() == pytest.approx(4.0)


def test_other_classes_and_nothing_at_all_are_refused():
    score = InceptionScore()
    with pytest.raises(InputError, match="update first"):
        score.compute()
    score.update(probabilities(2))
    with pytest.raises(InputError, match="7 expected"):
        score.update(probabilities(2, classes=3))


@pytest.fixture(scope="module")
def random_inception():
    """torchvision's network with random weights, as its checkpoint would have them."""
    with torch.random.fork_rng(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.manual_seed(0)
        network = inception._empty_inception().eval()
        for parameter in network.parameters():
            if parameter.ndim > 1:
                torch.nn.init.kaiming_normal_(parameter)
    network.transform_input = True  # how torchvision uses these weights, on ImageNet-normalised pictures
    return network


def test_inception_sees_pictures_as_torchvision_shows_them(random_inception, monkeypatch):
    monkeypatch.setattr(inception, "fetch", lambda name: random_inception.state_dict())
    ours = InceptionV3().train()
    picture = torch.rand(1, 3, 299, 299, generator=torch.Generator().manual_seed(1))
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    with torch.no_grad():
        theirs = torch.softmax(random_inception((picture - mean[:, None, None]) / std[:, None, None]).double(), 1)
        features = ours(picture)
    assert features.shape == (1, 2048) and ours.suffix == "" and not ours.training
    assert ours.probabilities(features.numpy()) == pytest.approx(theirs.numpy(), abs=1e-4)


def test_weights_of_another_network_are_refused(monkeypatch):
    monkeypatch.setattr(inception, "fetch", lambda name: {"fc.bias": torch.zeros(3)})
    with pytest.raises(ModelError, match="do not fit"):
        InceptionV3()


@pytest.mark.weights
def test_lite0_takes_its_place_under_another_name(monkeypatch):
    def only_lite0(name):
        if name == "inception-v3":
            raise ModelError("not to be had")
        return fetch(name)

    monkeypatch.setattr(inception, "fetch", only_lite0)
    network = figure_network()
    assert isinstance(network, Lite0Classifier) and network.suffix == "-lite0"
    with torch.no_grad():
        features = network(torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0)))
    found = network.probabilities(features.numpy())
    assert found.shape == (2, 1000) and found.sum(1) == pytest.approx([1.0, 1.0])
