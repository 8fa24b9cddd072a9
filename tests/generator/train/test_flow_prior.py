"""The prior of a latent flow: it learns a distribution that is not normal, and what it is told."""

from __future__ import annotations

import pytest
import torch

from gigs.generator.families.flow_prior import FlowPrior
from gigs.generator.train import flow_prior
from gigs.generator.train.flow_prior import PriorExamples, PriorTrainSettings, train_prior

KNOWN = {"type": ["left", "right"]}


def examples():
    """Two narrow clusters in two coordinates, one a type."""
    rng = torch.Generator().manual_seed(0)
    side = torch.randint(0, 2, (400,), generator=rng)
    points = 0.1 * torch.randn(400, 1, 2, generator=rng)
    points[:, 0, 0] += side * 2.0 - 1
    return PriorExamples(points, side[:, None] + 1, torch.ones(400), torch.ones(2))


@pytest.fixture(scope="module", params=[False, True], ids=["fp32", "bf16"])
def prior(request, tmp_path_factory):
    torch.manual_seed(0)
    prior = FlowPrior(2, 64, 2, KNOWN)
    settings = PriorTrainSettings(examples=512 * 400, drop_each=0.2, drop_every=0.0, seed=0)
    file = tmp_path_factory.mktemp("prior") / "prior.pt"
    train_prior(prior, examples(), settings, file, about={}, bf16=request.param)
    return prior.requires_grad_(False)


def drawn(prior, label, n=500):

    def velocity(x, time):  # on the way back, of fewer rows once some are solved
        return prior(x, torch.full((len(x),), time), torch.full((len(x), 1), label))

    z = torch.randn(n, 2, generator=torch.Generator().manual_seed(1))
    points = prior.draw(velocity, z)
    return z, points, prior.undraw(velocity, points)


def test_it_draws_both_clusters_and_nothing_between(prior):
    _, points, _ = drawn(prior, 0)
    across = points[:, 0]
    assert 0.4 < (across > 0).float().mean() < 0.6
    assert (across.abs() > 0.6).float().mean() > 0.95
    assert points[:, 1].std() < 0.2


def test_it_draws_what_it_is_told(prior):
    assert (drawn(prior, 1)[1][:, 0] < 0).float().mean() > 0.97
    assert (drawn(prior, 2)[1][:, 0] > 0).float().mean() > 0.97


def test_untrained_it_draws_normal_vectors():
    z, points, _ = drawn(FlowPrior(2, 16, 1, KNOWN).requires_grad_(False), 1)
    torch.testing.assert_close(points.std(0), z.std(0), atol=0.05, rtol=0)
    assert torch.nn.functional.cosine_similarity(points, z).min() > 0.99


def test_a_checkpoint_of_other_examples_is_not_taken_up(tmp_path, monkeypatch):
    monkeypatch.setattr(flow_prior, "KEPT_EVERY", 1)
    settings = PriorTrainSettings(examples=512 * 2, drop_each=0, drop_every=0, seed=0)
    seen = []
    for about in ({"photos": 1}, {"photos": 1}, {"photos": 2}):
        torch.manual_seed(0)
        prior = FlowPrior(2, 16, 1, KNOWN)
        train_prior(prior, examples(), settings, tmp_path / "prior.pt", about=about, on_step=seen.append)
    assert [step.done for step in seen] == [512, 1024, 512, 1024]
