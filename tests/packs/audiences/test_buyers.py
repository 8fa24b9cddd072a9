from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from gigs.audience.taste import weighted_taste
from gigs.errors import InputError
from gigs.io import storage
from gigs.packs import load_pack
from gigs.packs.audiences.buyers import Buyers, audience_of_tastes, tastes_of_likes, tastes_of_users
from gigs.packs.panel import OWN_HALVES, panel_for
from gigs.recommender import load_recommender
from gigs.verify.gallery import FEATURES
from tests.helpers.shop_packs import panel_of

pytestmark = pytest.mark.usefixtures("small_limits")


def test_every_scorer_knows_every_buyer(shops_pack, shop, recommenders) -> None:
    buyers = Buyers(load_pack(shops_pack), shop)
    for name, path in recommenders.items():
        own = load_recommender(path)
        torch.testing.assert_close(buyers.factors(name, own.user_ids), own.user_factors.detach(), atol=1e-4, rtol=1e-3)
    strangers = [user for user in shop.users["user_id"] if user not in load_recommender(recommenders["main"]).user_ids]
    assert strangers and buyers.factors("main", strangers).shape == (len(strangers), 7)


def test_one_buyers_taste_is_seen_alike_by_target_and_judges(shops_pack, shop) -> None:
    pack = load_pack(shops_pack)
    red = torch.tensor([int(item[-1]) % 2 for item in panel_of(pack, "ladies").gallery.ids]) == 1
    for row, wants_red in ((0, True), (1, False)):
        user = shop.users["user_id"].iloc[row]
        panel = panel_for(pack, audience_of_tastes(pack, tastes_of_users(pack, shop, [user]), "one"))
        for scorer in (*panel.targets, *panel.judges):
            scores = panel.gallery.scores[scorer.name, "one"]
            assert (scores[red].mean() > scores[~red].mean()) == wants_red, scorer.name
            assert scorer.taste.users == 1 and float(scorer.taste.covariance.abs().max()) == 0
        assert panel.audience == "one" and len(panel.value(int(panel.gallery.categories[0]))) > 0


def test_an_audience_that_the_pack_knows_is_seen_as_the_pack_sees_it(shops_pack, shop, recommenders) -> None:
    pack = load_pack(shops_pack)
    known = panel_of(pack, "everyone")
    tastes = {
        name: Buyers(pack, shop).taste(name, load_recommender(path).user_ids) for name, path in recommenders.items()
    }
    again = panel_for(pack, audience_of_tastes(pack, tastes, "again", members=OWN_HALVES))
    for one, other in zip((*known.targets, *known.judges), (*again.targets, *again.judges), strict=True):
        assert (one.name, one.role, one.taste.users) == (other.name, other.role, other.taste.users)
        torch.testing.assert_close(one.taste.theta, other.taste.theta, atol=1e-4, rtol=1e-3)
        torch.testing.assert_close(one.taste.covariance, other.taste.covariance, atol=1e-3, rtol=1e-2)
    assert again.outside is None
    a, b = known.gallery.scores["first", "everyone"], again.gallery.scores["first", "again"]
    assert torch.corrcoef(torch.stack([a, b]))[0, 1] > 0.999
    assert ("first", "again") not in known.gallery.scores  # the pack's own gallery stays as it is


def test_photos_somebody_liked_are_a_taste_too(shops_pack, shop) -> None:
    pack = load_pack(shops_pack)
    pictures = torch.zeros(2, 3, 32, 32) + torch.tensor([0.8, 0.2, 0.15])[:, None, None]
    panel = panel_for(pack, audience_of_tastes(pack, tastes_of_likes(pack, pictures), "likes"))
    for scorer in (*panel.targets, *panel.judges):
        torch.testing.assert_close(
            scorer.taste.theta[:-1], scorer.recommender.features(pictures).mean(0)[:-1], atol=1e-5, rtol=1e-4
        )
    assert panel.outside is not None


def test_weights_count_as_repetitions_would() -> None:
    torch.manual_seed(0)
    factors, items = torch.randn(4, 3), torch.randn(20, 3)
    weighted = weighted_taste(factors, items, torch.tensor([1.0, 2.0, 1.0, 4.0]))
    repeated = weighted_taste(factors[[0, 1, 1, 2, 3, 3, 3, 3]], items)
    torch.testing.assert_close(weighted.theta, repeated.theta)
    assert weighted.users == 4 and weighted.effective == pytest.approx(64 / 22)
    assert (weighted.mean, weighted.spread) == pytest.approx((repeated.mean, repeated.spread), rel=1e-5)
    alike = weighted_taste(factors, items, torch.full((4,), 0.3))
    torch.testing.assert_close(alike.covariance, weighted_taste(factors, items).covariance)
    assert alike.effective == pytest.approx(4)


def test_a_pack_that_does_not_say_how_scorers_see_its_items_is_told_what_to_do(shops_pack, shop, tmp_path) -> None:
    old = Path(shutil.copytree(shops_pack, tmp_path / "old"))
    tensors, header = storage.load_tensors(old / "gallery.safetensors")
    kept = {name: tensor for name, tensor in tensors.items() if not name.startswith(FEATURES)}
    storage.save_tensors(old / "gallery.safetensors", kept, header)
    info = storage.read_json(old / "pack.json")
    info["files"]["gallery.safetensors"] = storage.sha256_of(old / "gallery.safetensors")
    storage.write_json(old / "pack.json", info)
    with pytest.raises(InputError, match="gigs pack scorers"):
        tastes_of_users(load_pack(old), shop, [shop.users["user_id"].iloc[0]])


def test_what_cannot_be_an_audience_is_named(shops_pack, shop, small_pack) -> None:
    pack = load_pack(shops_pack)
    user = shop.users["user_id"].iloc[0]
    for users, message in (([], "without members"), (["stranger"], "stranger"), ({user: 0.0}, "above 0")):
        with pytest.raises(InputError, match=message):
            tastes_of_users(pack, shop, users)
    tastes = tastes_of_users(pack, shop, [user])
    with pytest.raises(InputError, match="choose another"):
        panel_for(pack, audience_of_tastes(pack, tastes, "ladies"))
    with pytest.raises(InputError, match="under the pack's scorer second"):
        audience_of_tastes(pack, {name: tastes[name] for name in ("main", "first")}, "one")
    with pytest.raises(InputError, match="gigs pack scorers"):
        tastes_of_users(load_pack(small_pack), shop, [user])
