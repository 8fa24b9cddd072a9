"""A recommender that was never tested, or is no better than chance, promises nothing, and that is said everywhere."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from gigs.data.catalogue import Catalogue
from gigs.errors import DataError, InputError
from gigs.packs.build.scorers import check_measured
from gigs.recommender import ItemPictures, defaults_for, load_recommender, train_recommender
from gigs.recommender.standing import NEVER, doubt, doubt_of, is_weak, measured_auc
from tests.helpers.command_line import gigs
from tests.helpers.small_models import small_recommender
from tests.recommender.toys import TINY, ToyCatalogue

GOOD = {"value": 0.7, "low": 0.65, "high": 0.75, "n": 400}
SMALL = TINY | {"epochs": 1, "batch_size": 32}


def scores(auc: dict[str, object]) -> dict[str, object]:
    """As a recommender's file says it."""
    return {"scores": {"test-all": {"model": {"overall": {"auc": auc}}}}}


@pytest.fixture
def one_purchase_each(tiny_catalogue: Catalogue, tmp_path: Path) -> Catalogue:
    """The tiny shop with one-time buyers only."""
    root = tmp_path / "one-time"
    shutil.copytree(tiny_catalogue.root, root)
    pairs = tiny_catalogue.interactions.drop_duplicates("user").assign(split="train")
    pairs.to_parquet(root / "interactions.parquet", index=False)
    return Catalogue.open(root)


@pytest.mark.parametrize(
    ("auc", "said"),
    [
        (GOOD, None),
        ({}, "never tested"),
        ({"value": None, "low": None, "high": None, "n": 0}, "never tested"),
        (GOOD | {"low": 0.5}, "0.700 [0.500, 0.750]"),
        (GOOD | {"value": 0.4, "low": 0.3, "high": 0.45}, "0.400 [0.300, 0.450]"),
        (GOOD | {"value": 1.0, "low": 1.0, "high": 1.0, "n": 2}, "on 2 buyers only"),
    ],
)
def test_an_auc_is_worth_something_only_where_it_was_measured_and_is_above_chance(auc, said) -> None:
    assert is_weak(auc) is (said is not None)
    assert doubt_of(auc) is None if said is None else said in doubt_of(auc)
    assert doubt(scores(auc)) == doubt_of(auc)


@pytest.mark.parametrize("about", [{}, {"scores": {}}, {"scores": None}, {"scores": {"test-all": []}}])
def test_a_file_that_says_nothing_was_not_tested(about) -> None:
    assert measured_auc(about) == {} and doubt(about) == NEVER


def test_one_purchase_each_is_refused_where_nothing_is_learned_from_it(
    toy: ToyCatalogue, tmp_path: Path, random_backbone
) -> None:
    toy.interactions = toy.interactions[toy.interactions["split"] == "train"].drop_duplicates("user")
    with pytest.raises(DataError, match=r"none of the 20 users has two training items.*import purchases over a longer"):
        settings = defaults_for("vbpr", input_size=64, epochs=2)
        train_recommender(ItemPictures(toy, backbone=random_backbone), settings, tmp_path / "run")
    assert not (tmp_path / "run" / "recommender.safetensors").exists()


def test_a_vector_each_is_learned_from_one_purchase_and_doubted(toy: ToyCatalogue, tmp_path: Path) -> None:
    toy.interactions = toy.interactions[toy.interactions["split"] == "train"].drop_duplicates("user")
    trained = train_recommender(toy, defaults_for("dvbpr", **SMALL), tmp_path)
    assert trained.metrics == {} and trained.doubt == NEVER
    about = load_recommender(trained.path).about
    assert doubt(about) == NEVER and about["validation_auc"] is None  # .5 was never measured
    assert pd.read_csv(tmp_path / "training.csv")["validation_auc"].isna().all()


def test_training_and_evaluating_say_so_at_once(one_purchase_each: Catalogue, tmp_path: Path) -> None:
    refused = gigs("train", "recommender", one_purchase_each.root, "--out", tmp_path / "a")
    assert refused.returncode == 2 and "has two training items" in refused.stderr
    options = ("--kind", "dvbpr", "--input-size", 64, "--epochs", 1, "--factors", 4)
    done = gigs("train", "recommender", one_purchase_each.root, *options, "--out", tmp_path / "b")
    assert done.returncode == 0 and "promises nothing" in done.stderr, done.stderr
    measured = gigs("evaluate", "recommender", tmp_path / "b" / "recommender.safetensors", one_purchase_each.root)
    assert measured.returncode == 2 and "users with four or more items" in measured.stderr
    checked = gigs("data", "check", one_purchase_each.root)
    assert "no user has two training items" in checked.stdout


def test_an_evaluation_can_be_kept_in_the_file(tiny_catalogue: Catalogue, tmp_path: Path) -> None:
    trained = train_recommender(tiny_catalogue, defaults_for("dvbpr", **SMALL), tmp_path / "run")
    path, model = tmp_path / "foreign.safetensors", load_recommender(trained.path)
    model.about = {}
    model.save(path)
    before = path.read_bytes()
    assert gigs("evaluate", "recommender", path, tiny_catalogue.root).returncode == 0 and path.read_bytes() == before
    done = gigs("evaluate", "recommender", path, tiny_catalogue.root, "--keep")
    kept = measured_auc(load_recommender(path).about)
    assert kept == measured_auc(load_recommender(trained.path).about) and kept["n"] > 10
    assert ("promises nothing" in done.stderr) is is_weak(kept)


@pytest.mark.usefixtures("pyramid_for_lpips")
@pytest.mark.parametrize(("about", "doubted"), [({}, True), (scores(GOOD), False)])
def test_a_suggestion_promises_nothing_by_such_a_recommender(small_pack, tmp_path, about, doubted) -> None:
    model = small_recommender()
    model.about = about
    path, out = model.save(tmp_path / "r.safetensors"), tmp_path / "out"
    done = gigs(
        "suggest", "--example", 1, "--pack", small_pack, "--recommender", path, "--min-audience", 1, "--steps", 1,
        "--n", 2, "--out", out,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    record, page = json.loads((out / "result.json").read_text()), (out / "report.html").read_text()
    assert record["doubt"] == (NEVER if doubted else None)
    assert (NEVER in done.stderr.replace("\n", " ")) is doubted and ("(promises nothing)" in done.stdout) is doubted
    assert ("never tested on purchases" in page) is doubted
    assert ("Too little is known about the taste" in page) is doubted


def test_a_pack_is_not_given_scorers_that_were_never_tested() -> None:
    model = small_recommender()
    with pytest.raises(InputError, match=r"judge-a: .*never tested.*train again"):
        check_measured({"judge-a": model})
    model.about = scores(GOOD)
    check_measured({"judge-a": model})


def test_a_pack_shows_what_its_recommender_is_worth(small_pack: Path) -> None:
    shown = gigs("pack", "show", small_pack)
    assert shown.returncode == 0 and "promises nothing" in shown.stderr
    bundled = gigs("pack", "show", "hm-64")
    assert bundled.returncode == 0 and not bundled.stderr
