"""A pack with a target, judges and a gallery, made from a small shop, and what `gigs suggest` then says."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gigs.batch import Request, run
from gigs.data.catalogue import Catalogue
from gigs.errors import InputError
from gigs.generator.base import save_generator
from gigs.inversion.encoder import save_encoder
from gigs.io import storage
from gigs.method.options import Options
from gigs.method.presets import get_preset
from gigs.packs import load_pack, update_pack
from gigs.packs.build.independence import Known, check_independent
from gigs.packs.build.scorers import ScorerFiles, ScorerSettings, add_scorers
from gigs.packs.panel import types_of
from gigs.recommender import DVBPR, load_recommender
from gigs.result import Result
from tests.helpers.shop_packs import panel_of
from tests.helpers.small_models import small_encoder, small_generator, write_small_pack

pytestmark = pytest.mark.usefixtures("small_limits", "pyramid_for_lpips")


@pytest.fixture(scope="module")
def files(recommenders: dict[str, Path]) -> dict[str, Path]:
    return recommenders


@pytest.fixture(scope="module")
def pack(shops_pack: Path) -> Path:
    return shops_pack


def test_the_pack_holds_nobodys_factors_and_all_its_hashes_fit(pack: Path) -> None:
    loaded = load_pack(pack)
    assert {"judge-first.safetensors", "judge-second.safetensors", "gallery.safetensors", "tastes.safetensors"} <= set(
        loaded.info["files"]
    )
    for name in loaded.info["files"]:
        if name.endswith(".safetensors") and ("judge" in name or "recommender" in name):
            tensors, header = storage.load_tensors(pack / name)
            assert "theta" not in tensors and header["users"] == 0
    panel = panel_of(loaded, "ladies")
    assert panel is not None and [judge.name for judge in panel.judges] == ["first", "second"]
    assert panel.outside is not None and panel_of(loaded, "everyone").outside is None
    items = panel.gallery.scores["first", "ladies"]
    assert abs(float(items.mean())) < 0.35 and 0.6 < float(items.std()) < 1.4  # z-scores over the items


def test_a_suggestion_says_what_the_judges_think(pack: Path, tmp_path: Path) -> None:
    request = Request(
        options=Options.of(n=3, steps=2, render="drawn"), out=tmp_path, example=1, audience="ladies", pack=str(pack),
        min_audience=1,
    )  # fmt: skip
    run(request)
    result = Result.read(tmp_path)
    summary = result.verification
    assert summary is not None and result.verdict == summary.verdict.verdict
    assert [judge.name for judge in summary.judges] == ["first", "second"]
    assert all(len(judge.suggestions_z) == 3 for judge in summary.judges)
    assert summary.verdict.low <= summary.verdict.high and summary.verdict.words
    assert len(summary.retained) == 2 and 0 <= summary.category.kept <= 3
    one = result[0].check
    gallery = panel_of(load_pack(pack), "ladies").gallery
    assert one.nearest_item.item_id == gallery.ids[one.nearest_item.row]
    assert set(one.rank) == {"main", "first", "second"} and 0 <= one.users_gaining <= 1
    mean = [np.mean([judge.suggestions_z[row] for judge in summary.judges]) for row in range(3)]
    assert mean == sorted(mean, reverse=True)  # best first, as the judges see it
    gains = [np.mean([j.suggestions_z[0] - j.photo_z for j in summary.judges]), result[0].gain]
    assert gains[0] == pytest.approx(gains[1], abs=1e-3)
    page = (tmp_path / "report.html").read_text()
    assert "judge first" in page and "Not checked yet" not in page


def test_the_seller_says_what_the_product_is(pack: Path, tmp_path: Path) -> None:
    types = types_of(load_pack(pack))

    def redesigned(out: Path, **options) -> Result:
        wish = Options.of(preset="preview", n=2, render="drawn", **options)
        asked = {"example": 1, "audience": "ladies", "pack": str(pack), "min_audience": 1}
        return run(Request(options=wish, out=out, **asked)).results[0][1]

    for name in types:
        result = redesigned(tmp_path / name, product_type=f" {name.upper()}")
        category = result.verification.category
        assert category.photo == name and category.told is True
        panel = panel_of(load_pack(pack), "ladies")
        own = {panel.gallery.ids[row] for row in panel.gallery.of_category(types.index(name))}
        assert {one.check.nearest_item.item_id for one in result} <= own
    with pytest.raises(InputError, match=f"type 'Hat' is unknown; choose one of {', '.join(types)}"):
        redesigned(tmp_path, product_type="Hat")
    with pytest.raises(InputError, match="`product_type` needs"):
        redesigned(tmp_path, product_type=types[0], verify=False)


def test_unverified_on_request(pack: Path, tmp_path: Path) -> None:
    options = Options.of(preset="preview", n=2, verify=False)
    run(Request(options=options, out=tmp_path, example=1, pack=str(pack), min_audience=1))
    result = Result.read(tmp_path)
    assert result.verification is None and result.verdict == "unchecked" and result[0].gain is None


def test_audiences_that_leave_few_users_under_a_judge_are_refused(
    shop: Catalogue, pack: Path, files: dict[str, Path], tmp_path: Path
) -> None:
    """Row 40: among the target's buyers nobody is left, among the judges' one."""
    root = Path(shutil.copytree(pack, tmp_path / "pack"))
    known = load_recommender(files["first"]).user_ids
    info = storage.read_json(root / "pack.json")
    shop_of_all = replace(shop, users=shop.users.assign(odd=shop.users["user_id"].isin([known[0]])))
    info["audiences"]["ladies"]["condition"] = "odd == False"
    storage.write_json(root / "pack.json", info)
    before = (root / "pack.json").read_bytes()
    wanted = ScorerFiles(targets={"main": files["main"]}, judges={n: files[n] for n in ("first", "second")})
    with pytest.raises(InputError, match="everyone without ladies are 1 users under first"):
        add_scorers(root, shop_of_all, wanted, ScorerSettings(category_backbone="vgg16"))
    assert (root / "pack.json").read_bytes() == before


def test_judges_that_know_the_targets_buyers_are_refused(
    shop: Catalogue, files: dict[str, Path], tmp_path: Path
) -> None:
    root = write_small_pack(tmp_path / "pack", encoder=True)
    with pytest.raises(InputError, match="users with the target"):
        add_scorers(
            root, shop, ScorerFiles(targets={"a": files["main"]}, judges={"b": files["main"], "c": files["first"]})
        )
    with pytest.raises(InputError, match="two judges"):
        ScorerFiles(targets={"a": files["main"]}, judges={"b": files["first"]})


def test_a_judge_may_know_the_targets_buyers_through_other_eyes_if_another_judge_knows_none() -> None:
    def known(users: str, eyes: str, of_a_fold: bool = True) -> Known:
        return Known(frozenset(users), eyes, of_a_fold)

    target, stranger, acquainted = {"t": known("abc", "lite0")}, known("xyz", "lite0"), known("abc", "alexnet")
    check_independent(target, {"one": acquainted, "two": stranger})
    with pytest.raises(InputError, match="judge one: shares 3 users with the target t, and also its backbone"):
        check_independent(target, {"one": known("abc", "lite0"), "two": stranger})
    with pytest.raises(InputError, match="and learned from all folds"):
        check_independent(target, {"one": known("abcxyz", "alexnet", of_a_fold=False), "two": stranger})
    with pytest.raises(InputError, match="every judge shares users with a target"):
        check_independent(target, {"one": acquainted, "two": acquainted})


def test_a_network_of_its_own_is_the_same_eyes_as_another_of_its_kind() -> None:
    one, other = (DVBPR(factors=2, hidden=4, width=0.1, input_size=64, user_ids=["a"]) for _ in range(2))
    assert Known.by_model(one) == Known.by_model(other) == Known(frozenset("a"), "dvbpr", False)


def test_a_study_goes_on_where_it_stopped(pack: Path, shop: Catalogue, tmp_path: Path) -> None:
    from gigs.session import Session
    from gigs.studies.verification import StudySettings, study
    from gigs.verify.summary import summarise

    out, preset = tmp_path / "records.jsonl", replace(get_preset("fast", n=2, steps=1), probe=False)
    session = Session(pack)
    wanted = StudySettings(audiences=("everyone", "ladies"), photos=2, attack_every=1)
    whole = study(session, shop, preset, wanted, out)
    assert len(whole) == 4
    lines = out.read_text().splitlines()
    out.write_text("\n".join(lines[:3]) + "\n" + lines[3][:20])  # cut off in the middle of a record
    again = study(session, shop, preset, wanted, out)
    assert again == whole
    found = summarise(whole, disagreement=0.2)
    assert found["pictures"] == 8 and set(found["table"]["suggestions"]["gain"]) == {"main", "first", "second"}
    assert {"reconstruction", "random shifts", "nearest real item"} <= set(found["table"])
    with pytest.raises(InputError, match="are not left"):
        study(session, shop, preset, replace(wanted, photos=999), tmp_path / "x")


def test_a_newer_generator_takes_the_judges_of_the_older_one_away(pack: Path, tmp_path: Path) -> None:
    copied = Path(shutil.copytree(pack, tmp_path / "copy"))
    save_generator(tmp_path / "generator.safetensors", small_generator(seed=7))
    save_encoder(tmp_path / "encoder.safetensors", small_encoder(seed=7))
    files = {name: tmp_path / f"{name}.safetensors" for name in ("generator", "encoder")}
    updated = update_pack(copied, **files, examples={"other": 1}, card={})
    assert panel_of(updated, "ladies") is None
    left = {path.relative_to(copied).as_posix() for path in copied.rglob("*") if path.is_file()}
    assert left == {*updated.info["files"], "pack.json"} and "gallery.safetensors" not in left
