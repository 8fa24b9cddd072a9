"""A shop whose buyers' taste is known: gains are worth something there, and nothing where purchases are shuffled."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from gigs.data.choices import ChoiceSettings
from gigs.errors import DataError, InputError
from gigs.packs import load_pack
from gigs.packs.audiences.buyers import audience_of_tastes, tastes_of_users
from gigs.packs.build.judges import add_judges
from gigs.packs.panel import panel_for, share_map_of
from gigs.studies import share
from gigs.studies.share import ShareSettings, check, study_share, write_map
from gigs.studies.share_figure import draw_reliability
from gigs.verify import share_map
from tests.helpers.command_line import gigs
from tests.helpers.shop_packs import panel_of

SETTINGS = ShareSettings(choices=ChoiceSettings(alternatives=3, days=10_000, kind=("type",)))


pytestmark = pytest.mark.usefixtures("small_limits", "few_buyers")


@pytest.fixture(scope="module")
def few_buyers():
    """The shop has 32 strangers to its judges, some of whom are in no audience."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(share_map, "LEAST_BUYERS", 5)
        patch.setattr(share, "LEAST_BUYERS", 5)
        yield


@pytest.fixture(scope="module")
def found(small_limits, few_buyers, shop, shops_pack):
    return study_share(load_pack(shops_pack), shop, SETTINGS)


def test_buyers_of_known_taste_are_told_right_and_better_than_even_odds(found) -> None:
    """Half of them want red and half want blue: each has a taste, and all together have none."""
    slope, weight = found.map_.single
    assert slope.above_zero and weight.value > 0.7
    assert found.single.right.low > 0.7 and found.single.log_loss.high < 0 and found.single.brier.high < 0
    assert not found.map_.slope.above_zero and found.map_.worth < 55


def test_judges_see_only_buyers_that_they_did_not_learn_from(found, shop, shops_pack) -> None:
    scorers = load_pack(shops_pack).scorers
    folds = {scorers[name]["trained"]["fold"] for name in found.map_.about["judges"]}
    assert folds == {1}  # so the buyers of the other half speak, and nobody else
    assert 0 < found.map_.about["buyers"] < len(shop.users) * 0.7


@pytest.fixture(scope="module")
def both_halves(small_limits, shop, shops_pack, third_judge, tmp_path_factory):
    """The shop's pack with a third judge, which learned from the target's buyers through other eyes than the target."""
    root = shutil.copytree(shops_pack, tmp_path_factory.mktemp("both-halves") / "pack")
    return add_judges(root, shop, {"third": third_judge})


def test_judges_of_both_halves_hear_every_buyer_and_nobody_that_they_know(both_halves, found, shop) -> None:
    study = study_share(both_halves, shop, SETTINGS)
    assert study.map_.about["buyers"] > found.map_.about["buyers"]
    assert study.map_.about["judges"] == ["first", "second", "third"]
    assert study.single.right.low > 0.7
    jury = share.Jury(both_halves, shop)
    known = jury.unknown[:, 0] == jury.unknown[:, 1]
    assert known.all() and (jury.unknown[:, 2] == ~jury.unknown[:, 0]).all()
    assert jury.groups() == [("vgg16", "1/2"), ("efficientnet-lite0", "1/2"), ("vgg16", "0/2")]


def test_a_panel_knows_whose_taste_each_judge_goes_by(both_halves, shop) -> None:
    panel = panel_of(both_halves, "ladies")
    assert [(one.eyes, one.half, one.of_its_half) for one in panel.judges] == [
        ("vgg16", "1/2", True), ("efficientnet-lite0", "1/2", True), ("vgg16", "0/2", True),
    ]  # fmt: skip
    one = str(shop.users["user_id"].iloc[0])
    tastes = tastes_of_users(both_halves, shop, [one])
    alone = panel_for(both_halves, audience_of_tastes(both_halves, tastes, "one"))
    assert not any(judge.of_its_half for judge in alone.judges)  # all go by the same person's purchases


def test_shuffled_purchases_are_worth_nothing(shop, shops_pack) -> None:
    rng = np.random.default_rng(0)
    bought = shop.interactions.copy()
    bought["item"] = rng.permutation(bought["item"].to_numpy())
    mixed = replace(shop, interactions=bought.drop_duplicates(["user", "item"]))
    slope, _ = study_share(load_pack(shops_pack), mixed, SETTINGS).map_.single
    assert slope.value < 0.4  # 1.7 for the buyers' own purchases


def test_the_figure_is_the_same_for_the_same_study(found, tmp_path) -> None:
    one, other = (draw_reliability(found, tmp_path / name).read_bytes() for name in ("a.svg", "b.svg"))
    assert b"<svg" in one and len(one) == len(other)


def test_a_pack_keeps_the_map_and_the_panel_goes_by_it(found, shops_pack, tmp_path) -> None:
    root = shutil.copytree(shops_pack, tmp_path / "pack")
    assert share_map_of(load_pack(root)) is None
    write_map(load_pack(root), found.map_)
    assert share_map_of(load_pack(root)) == found.map_


def test_a_perfect_map_shows_only_the_calibration_error_of_chance() -> None:
    rng = np.random.default_rng(0)
    d = rng.normal(size=20_000)
    taken = np.where(1 / (1 + np.exp(-0.5 * d)) > rng.random(len(d)), d, -d)
    right = check(taken, np.arange(len(d)), 0.5)
    assert right.calibration_error < 2 * right.by_chance < 0.02
    steep = check(taken, np.arange(len(d)), 2.0)  # promises far too much
    assert steep.calibration_error > 0.1 > 5 * steep.by_chance and steep.log_loss.mean > right.log_loss.mean
    promised = np.array(right.bins)[:, 0]
    assert np.all(np.diff(promised) > 0) and np.all(promised >= 0.5)


def test_judges_that_know_everybody_cannot_be_checked(shop, shops_pack) -> None:
    pack = load_pack(shops_pack)
    scorers = {name: one | {"trained": {}} for name, one in pack.info["verify"]["scorers"].items()}
    blunt = replace(pack, info=pack.info | {"verify": pack.info["verify"] | {"scorers": scorers}})
    with pytest.raises(DataError, match="learned from all buyers; train judges on folds"):
        study_share(blunt, shop, SETTINGS)


def test_judges_no_better_than_chance_are_refused(shop, shops_pack) -> None:
    pack = load_pack(shops_pack)
    weak = {"value": 0.5, "low": 0.4, "high": 0.6, "n": 10}
    scorers = {name: one | {"auc": weak} for name, one in pack.info["verify"]["scorers"].items()}
    blunt = replace(pack, info=pack.info | {"verify": pack.info["verify"] | {"scorers": scorers}})
    with pytest.raises(InputError, match="no judge that is better than chance"):
        study_share(blunt, shop, SETTINGS)


def test_the_command_prints_and_writes_and_only_a_folder_of_ones_own_is_written(shop, shops_pack, tmp_path) -> None:
    root = shutil.copytree(shops_pack, tmp_path / "pack")
    options = ("--catalogue", shop.root, "--days", 10_000, "--out", tmp_path / "out")
    done = gigs("verify", "share", root, *options, "--write")
    assert done.returncode == 0, done.stderr
    assert "one standard deviation more is" in done.stdout and share_map_of(load_pack(root)) is not None
    written = json.loads((tmp_path / "out" / "share.json").read_text())
    assert written["everybody"]["pairs"] > 0 and (tmp_path / "out" / "reliability.svg").is_file()
    refused = gigs("verify", "share", "hm-64", *options, "--write")
    assert refused.returncode == 2 and "not a folder of your own" in refused.stderr
