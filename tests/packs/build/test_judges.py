"""Further judges go into a pack whose other scorers' users nobody has, and nothing else of it changes."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
import torch

from gigs.errors import DataError, InputError
from gigs.io import storage
from gigs.packs import load_pack
from gigs.packs.build import judges as judges_module
from gigs.packs.build.judges import add_judges
from gigs.packs.build.scorers import ScorerFiles, ScorerSettings, add_scorers
from gigs.packs.panel import gallery_of
from gigs.studies.judge_calibration import write_disagreement
from gigs.studies.share import write_map
from gigs.verify.share_map import Estimate, ShareMap
from tests.helpers.command_line import gigs
from tests.helpers.shop_packs import panel_of

pytestmark = pytest.mark.usefixtures("small_limits")


@pytest.fixture
def root(shops_pack, tmp_path):
    folder = shutil.copytree(shops_pack, tmp_path / "pack")
    write_map(load_pack(folder), ShareMap(slope=Estimate(0.2, 0.1), reliability=0.8))
    write_disagreement(folder, 0.5, photos=60, skip=0)
    return folder


def test_a_judge_is_added_as_if_the_pack_had_been_built_with_it(shop, recommenders, third_judge, root, tmp_path):
    added = add_judges(root, shop, {"third": third_judge})
    whole = shutil.copytree(root, tmp_path / "whole")
    judges = {name: recommenders[name] for name in ("first", "second")} | {"third": third_judge}
    files = ScorerFiles(targets={"main": recommenders["main"]}, judges=judges)
    built = add_scorers(whole, shop, files, ScorerSettings(category_backbone="vgg16"))
    assert added.scorers == built.scorers and list(added.scorers)[-1] == "third"
    for audience in added.audiences:
        one, other = (pack.tastes_of(audience)["third"] for pack in (added, built))
        assert one.users == other.users and torch.allclose(one.theta, other.theta, atol=1e-4)
        assert torch.allclose(one.covariance, other.covariance, atol=1e-4)
        assert one.spread == pytest.approx(other.spread, rel=0.1)
        ours, theirs = (gallery_of(pack).scores["third", audience] for pack in (added, built))
        assert torch.corrcoef(torch.stack([ours, theirs]))[0, 1] > 0.999
    assert [judge.name for judge in panel_of(added, "ladies").judges] == ["first", "second", "third"]


def test_nothing_else_changes_but_the_map_goes(shop, third_judge, shops_pack, root):
    before, added = load_pack(shops_pack), add_judges(root, shop, {"third": third_judge})
    changed = {"tastes.safetensors", "gallery.safetensors"}
    assert set(added.info["files"]) == {*before.info["files"], "judge-third.safetensors"}
    assert {name for name, digest in before.info["files"].items() if added.info["files"][name] != digest} == changed
    for name in changed:
        old, new = (storage.load_tensors(pack.root / name)[0] for pack in (before, added))
        assert all(torch.equal(old[key], new[key]) for key in old if key != "scores")
    assert "share" not in added.info and added.info["verify"]["disagreement"] == 0.5
    tensors, header = storage.load_tensors(root / "judge-third.safetensors")
    assert "theta" not in tensors and header["users"] == 0


def test_what_cannot_be_added_is_named_and_leaves_the_pack_as_it_was(shop, recommenders, third_judge, root):
    before = (root / "pack.json").read_bytes()
    for name, file, said in (
        ("first", third_judge, "has a scorer 'first'"),
        ("again", recommenders["main"], "users with the target main, and also its backbone"),
    ):
        with pytest.raises(InputError, match=said):
            add_judges(root, shop, {name: file})
    others = shop.items.assign(item_id="x" + shop.items["item_id"].astype(str))
    with pytest.raises(InputError, match="give the catalogue that it was built from"):
        add_judges(root, replace(shop, items=others), {"third": third_judge})
    assert (root / "pack.json").read_bytes() == before


def test_an_audience_too_small_for_a_judge_is_refused(shop, third_judge, root, monkeypatch):
    monkeypatch.setattr(judges_module, "MINIMUM_USERS", 1000)
    with pytest.raises(DataError, match="1000 or more are needed"):
        add_judges(root, shop, {"third": third_judge})


def test_where_too_few_members_are_in_the_judges_half_it_goes_by_all_of_them(shop, third_judge, root, monkeypatch):
    own = add_judges(root, shop, {"third": third_judge}).tastes_of("ladies")["third"].users
    monkeypatch.setattr(judges_module, "MINIMUM_USERS", own + 1)
    added = add_judges(root, shop, {"fourth": third_judge})
    assert added.audiences["ladies"]["all_under"] == ["fourth"] and "all_under" not in added.audiences["everyone"]
    assert added.tastes_of("ladies")["fourth"].users > own
    judges = {judge.name: judge.of_its_half for judge in panel_of(added, "ladies").judges}
    assert judges == {"first": True, "second": True, "third": True, "fourth": False}


def test_the_command_names_what_is_missing(shop, third_judge, root):
    done = gigs("pack", "judges", root, "--catalogue", shop.root, "--judge", "third")
    assert done.returncode == 2 and "write NAME=FILE" in done.stderr
