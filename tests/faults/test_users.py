"""Users without purchases, users with all of them, and audiences too small to be asked about. Rows 26, 27 and 31."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pandas as pd
import pytest
import torch

from gigs.audience import MINIMUM_USERS, Audience, require_minimum, select_audience, user_table
from gigs.cli.suggest import MIN_AUDIENCE
from gigs.data.catalogue import Catalogue
from gigs.errors import InputError
from gigs.packs import load_pack
from gigs.recommender import defaults_for, load_recommender, recommend, train_recommender
from tests.helpers.command_line import gigs
from tests.helpers.pictures import encoded, quadrants
from tests.helpers.small_models import small_recommender


@pytest.fixture(scope="module")
def trained(tiny_catalogue, tmp_path_factory):
    """A recommender of a shop where user 0 bought nothing and user 1 everything."""
    users, pairs = tiny_catalogue.users, tiny_catalogue.interactions
    pairs = pairs[pairs["user"] > 1]
    whole = pairs.iloc[[0] * len(tiny_catalogue.items)].assign(
        user=1, item=np.arange(len(tiny_catalogue.items)), split="train"
    )
    pairs = pd.concat([pairs, whole], ignore_index=True)
    catalogue = Catalogue(tiny_catalogue.root, tiny_catalogue.info, tiny_catalogue.items, users, pairs)
    settings = defaults_for(
        "dvbpr", input_size=64, hidden=16, width=0.125, factors=8, epochs=2, batch_size=32, include_held_out=True
    )
    path = train_recommender(catalogue, settings, tmp_path_factory.mktemp("run")).path
    return catalogue, load_recommender(path)


def test_a_user_without_purchases_is_a_named_cold_start(trained):
    """Row 26: named, and never NaN."""
    catalogue, model = trained
    nobody = str(catalogue.users["user_id"].iloc[0])
    assert nobody not in model.user_ids and torch.isfinite(model.user_factors).all()
    for ask in (lambda: model.user_row(nobody), lambda: recommend(model, catalogue, nobody),
                lambda: select_audience(f"user:{nobody}", model)):  # fmt: skip
        with pytest.raises(InputError, match="its training data hold no purchase of theirs"):
            ask()
    assert user_table(catalogue)["purchases"].iloc[0] == 0
    everyone = select_audience("purchases >= 0", model, catalogue)
    assert everyone.users == len(model.user_ids) and torch.isfinite(everyone.theta).all()


def test_a_user_with_every_item_is_skipped_and_counted(trained):
    """Row 27: training ends, and says how many it could not learn from."""
    _, model = trained
    assert model.about["dropped"]["users_with_every_item"] == 1


def test_an_empty_audience_and_one_below_the_minimum_are_refused(trained):
    """Row 31."""
    catalogue, model = trained
    with pytest.raises(InputError, match="no user of the recommender belongs to it"):
        select_audience("age < 0", model, catalogue)
    small = select_audience("everyone", model)
    with pytest.raises(
        InputError, match=r"users, but at least 50 are needed: the result would reveal the taste of so few"
    ):
        require_minimum(small)
    require_minimum(small, small.users)
    require_minimum(Audience("many", MINIMUM_USERS, torch.zeros(3)))


@pytest.mark.parametrize("audience", ["user:u1", "everyone", "@listed"])
def test_the_command_refuses_small_audiences_and_says_what_lowers_the_bar(audience, small_pack, tmp_path):
    """Row 31: before anything is computed or written."""
    (tmp_path / "shirt.png").write_bytes(encoded(quadrants(64, 96)))
    (tmp_path / "users.txt").write_text("u1\nu2\n")
    spec = audience.replace("@listed", f"@{tmp_path / 'users.txt'}")
    recommender = small_recommender().save(tmp_path / "r.safetensors")
    told = gigs(
        "suggest", tmp_path / "shirt.png", "--pack", small_pack, "--recommender", recommender, "--audience", spec,
        "--out", tmp_path / "out",
    )  # fmt: skip
    assert told.returncode == 2 and "at least 50 are needed" in told.stderr and "--min-audience" in told.stderr
    assert not (tmp_path / "out").exists()


def test_the_command_and_the_package_mean_the_same_minimum():
    assert MIN_AUDIENCE.default == MINIMUM_USERS


def test_a_packs_small_audience_is_refused_too(small_pack, tmp_path):
    """Row 31: whoever built the pack."""
    (tmp_path / "shirt.png").write_bytes(encoded(quadrants(64, 96)))
    told = gigs("suggest", tmp_path / "shirt.png", "--pack", small_pack, "--min-audience", 55, "--audience", "few",
                "--out", tmp_path / "out")  # fmt: skip
    assert told.returncode == 2 and "has 50 users, but at least 55 are needed" in told.stderr


def test_the_bundled_pack_holds_no_small_audience_and_no_user():
    """Row 31."""
    pack = load_pack("hm-64")
    assert min(about["users"] for about in pack.audiences.values()) >= MINIMUM_USERS
    assert pack.recommender.user_ids == [] and len(pack.recommender.user_factors) == 0
    assert "user_ids" not in json.dumps(pack.info)


def test_warnings_are_one_line_on_the_command_line(small_pack, tmp_path):
    """What is odd but usable is said once, without Python's own frills."""
    frames = {"save_all": True, "append_images": [quadrants(64, 96).rotate(180)]}
    (tmp_path / "spin.png").write_bytes(encoded(quadrants(64, 96), **frames))
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        told = gigs("suggest", tmp_path / "spin.png", "--pack", small_pack, "--audience", "few", "--n", 0,
                    "--out", tmp_path / "out")  # fmt: skip
    assert told.returncode == 2 and "Warning" not in told.stderr
