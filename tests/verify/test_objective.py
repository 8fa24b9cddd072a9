from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from gigs.errors import InputError
from gigs.packs import load_pack
from gigs.verify.objective import WORST_TENTH, check_objective, granted_worth, liking, preference_for, utility, worth
from gigs.verify.users import draw_users
from tests.helpers.shop_packs import panel_of

pytestmark = pytest.mark.usefixtures("small_limits")


def test_the_figures_are_those_of_a_sample_of_users(shops_pack: Path) -> None:
    target = panel_of(load_pack(shops_pack), "ladies").target
    users = draw_users(target, seed=0, count=60_000)
    torch.manual_seed(0)
    change = torch.randn(5, users.shape[1])
    gains = (users @ change.T).double()
    theta, covariance, unit = target.taste.theta, target.taste.covariance, target.taste.spread
    worst = gains.sort(dim=0).values[:6000].mean(0).float()
    scale = float(gains.std())
    torch.testing.assert_close(
        utility("mean", change, theta, covariance), gains.mean(0).float(), atol=0.03 * scale, rtol=0
    )
    found = utility("worst-decile", change, theta, covariance, unit)
    torch.testing.assert_close(found, worst, atol=0.05 * scale, rtol=0)
    ratio = utility("coverage", change, theta, covariance, 1e-6)
    share = torch.distributions.Normal(0.0, 1.0).cdf(ratio)
    torch.testing.assert_close(share, (gains > 0).float().mean(0), atol=0.01, rtol=0)


def test_no_change_is_worth_nothing_and_what_divides_people_less_than_its_mean() -> None:
    theta, covariance = torch.tensor([1.0, 1.0]), torch.diag(torch.tensor([4.0, 0.0]))
    still, divides, unites = torch.zeros(1, 2), torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 0.5]])
    for name in ("mean", "worst-decile", "coverage"):
        assert float(utility(name, still, theta, covariance)) == pytest.approx(0, abs=1e-9)
    assert utility("mean", divides, theta, covariance) > utility("mean", unites, theta, covariance)
    for name in ("worst-decile", "coverage"):
        assert utility(name, divides, theta, covariance) < utility(name, unites, theta, covariance)
    assert float(utility("worst-decile", divides, theta, covariance)) == pytest.approx(1 - 2 * WORST_TENTH, abs=2e-3)


def test_it_reaches_both_ways_of_shifting_and_the_order(shops_pack: Path) -> None:
    panel = panel_of(load_pack(shops_pack), "ladies")
    photo = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    category = int(panel.gallery.categories[0])
    rows = panel.gallery.of_category(category)
    assert torch.equal(liking(panel, category, photo, "mean"), panel.value(category))
    by_hand = worth(panel.target, "worst-decile", panel.gallery.phi[rows], panel.target.recommender.features(photo))
    torch.testing.assert_close(liking(panel, category, photo, "worst-decile"), by_hand)
    assert granted_worth(panel, photo, photo, "coverage").abs().max() < 1e-5
    images = photo.repeat(2, 1, 1, 1).requires_grad_(True)
    target = panel.target
    for name in ("worst-decile", "coverage"):
        raised = preference_for(name, target.recommender, target.taste.theta, target.taste.covariance, photo)
        (gradient,) = torch.autograd.grad(raised(images * 0.9).sum(), images)
        assert torch.isfinite(gradient).all() and gradient.abs().max() > 0


def test_refusals(shops_pack: Path) -> None:
    panel = panel_of(load_pack(shops_pack), "ladies")
    with pytest.raises(InputError, match="choose one of mean"):
        check_objective("best")
    with pytest.raises(InputError, match="not known"):
        preference_for("coverage", panel.target.recommender, panel.target.taste.theta, None, torch.rand(1, 3, 32, 32))
    blind = replace(panel, targets=(panel.target, replace(panel.judges[0], role="target")))
    blind = replace(blind, gallery=replace(panel.gallery, features={}))
    with pytest.raises(InputError, match="gigs pack"):
        liking(blind, int(panel.gallery.categories[0]), torch.rand(1, 3, 32, 32), "coverage")
