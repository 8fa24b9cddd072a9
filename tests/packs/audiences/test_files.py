"""`gigs audience create | show` and `gigs suggest --audience FILE`."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from gigs.audience.segments import find_segments
from gigs.batch import Request, run
from gigs.data.catalogue import Catalogue
from gigs.errors import InputError, ModelError
from gigs.io import storage
from gigs.method.options import Options
from gigs.packs import load_pack
from gigs.packs.audiences.buyers import Buyers, learned_from
from gigs.packs.audiences.create import AudienceRequest, create_audience
from gigs.packs.audiences.file import load_audience, require_pack, save_audience
from gigs.packs.audiences.resolve import resolve_audience
from gigs.packs.audiences.rest import Rest, take_in_rest
from gigs.packs.audiences.segments import SegmentSettings, add_segments
from gigs.packs.build.scorers import ScorerFiles, ScorerSettings, add_scorers
from gigs.packs.panel import model_of, panel_for
from gigs.result import Result
from gigs.vision.images import save_png
from tests.helpers.command_line import gigs
from tests.helpers.shop_packs import panel_of

pytestmark = pytest.mark.usefixtures("small_limits")

QUICK = Options.of(n=2, steps=1, render="drawn")


def made(pack: Path, shop: Catalogue | None, spec: str, **more):
    return create_audience(load_pack(pack), shop, AudienceRequest(name="mine", spec=spec, minimum=5, **more))


def test_an_audience_made_again_is_the_packs_own(shops_pack: Path, shop: Catalogue, tmp_path: Path) -> None:
    pack = load_pack(shops_pack)
    found = made(shops_pack, shop, "bought_ladieswear > 3")
    stored = load_audience(save_audience(found, tmp_path / "mine.audience"))
    known, again = panel_of(pack, "ladies"), panel_for(pack, stored)
    assert stored.origin["members"] == "own halves" and stored.users == known.target.taste.users
    for one, other in zip((*known.targets, *known.judges), (*again.targets, *again.judges), strict=True):
        torch.testing.assert_close(one.taste.theta, other.taste.theta, atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(known.outside, again.outside, atol=1e-3, rtol=1e-2)
    assert stored.theta.equal(again.target.taste.theta)
    middle = float((pack.recommender.features(torch.rand(1, 3, 32, 32)) @ again.target.taste.theta).detach())
    assert stored.percentile(-1e9) == 0 and stored.percentile(1e9) == 1 and 0 <= stored.percentile(middle) <= 1


def test_nobody_is_in_the_file(shops_pack: Path, shop: Catalogue, tmp_path: Path) -> None:
    users = tmp_path / "users.txt"
    users.write_text("\n".join(shop.users["user_id"][:12]))
    path = save_audience(made(shops_pack, shop, f"@{users}"), tmp_path / "mine.audience")
    content = path.read_bytes()
    assert not any(user.encode() in content for user in shop.users["user_id"])
    with safe_open(path, "pt") as handle:
        assert set(handle.keys()) == {f"{s}/{w}" for s in ("main", "first", "second") for w in ("theta", "covariance")}


def test_weights_and_too_few(shops_pack: Path, shop: Catalogue, tmp_path: Path) -> None:
    ids = shop.users["user_id"].tolist()
    weights = tmp_path / "weights.csv"
    weights.write_text("\n".join(f"{user},{1 + row % 3}" for row, user in enumerate(ids[:20])))
    found = made(shops_pack, shop, "everyone", weights=weights)
    assert found.origin["buyers"] == 20 and found.origin["weighted"]
    assert found.tastes["first"].effective < found.tastes["first"].users
    for spec, kind in ((f"user:{ids[0]}", "1 users"), ("buyers-of:colour=Red", None)):
        request = AudienceRequest(name="mine", spec=spec, minimum=50)
        with pytest.raises(InputError, match=kind or "users, but at least 50"):
            create_audience(load_pack(shops_pack), shop, request)
    with pytest.raises(InputError, match="1 users, but at least 50"):
        create_audience(load_pack(shops_pack), shop, AudienceRequest(name="mine", spec="likes:x.png"))


def weighted(folder: Path, weights: dict[str, float]) -> Path:
    """A file of weights."""
    path = folder / "weights.csv"
    path.write_text("\n".join(f"{user},{weight}" for user, weight in weights.items()))
    return path


def test_a_crowd_of_no_weight_does_not_hide_one_buyer(shops_pack: Path, shop: Catalogue, tmp_path: Path) -> None:
    """Row 31: the vector would be that buyer's own."""
    crowd = dict.fromkeys(shop.users["user_id"], 1e-9)
    for heavy in (1e12, 1e308):
        file = weighted(tmp_path, crowd | {shop.users["user_id"].iloc[0]: heavy})
        with pytest.raises(InputError, match=r"has 60 users, but .* it counts as 1 under .*, and at least 5"):
            made(shops_pack, shop, "everyone", weights=file)
    alike = made(shops_pack, shop, "everyone", weights=weighted(tmp_path, crowd))
    assert alike.counted == pytest.approx(min(taste.users for taste in alike.tastes.values()))


def test_a_half_in_which_one_buyer_weighs_all_is_no_half(shops_pack: Path, shop: Catalogue, tmp_path: Path) -> None:
    """Row 31: the other half would hide it from the count over all."""
    pack = load_pack(shops_pack)
    ids = shop.users["user_id"].to_numpy(dtype=object)
    judges = ids[learned_from(pack.scorers["first"], ids)]
    given = dict.fromkeys(ids, 1.0) | dict.fromkeys(judges[1:], 1e-9)
    assert made(shops_pack, shop, "everyone").origin["members"] == "own halves"
    found = made(shops_pack, shop, "everyone", weights=weighted(tmp_path, given))
    assert found.origin["members"] == "all" and found.counted >= 5
    assert all(taste.effective > 5 for taste in found.tastes.values())


@pytest.mark.usefixtures("pyramid_for_lpips")
@pytest.mark.parametrize("change", [{"effective": 1.2}, {"users": 3}])
def test_an_audience_in_a_file_counts_by_its_smallest_half(change, shops_pack, shop, tmp_path) -> None:
    """Row 31: whatever number of users the file begins with."""
    found = made(shops_pack, shop, "everyone")
    tastes = found.tastes | {"second": replace(found.tastes["second"], **change)}
    file = save_audience(replace(found, tastes=tastes), tmp_path / "mine.audience")
    assert resolve_audience(str(file), load_pack(shops_pack), minimum=1).users == found.users
    with pytest.raises(InputError, match=r"it counts as [13] under one of the models, and at least 5 are needed"):
        resolve_audience(str(file), load_pack(shops_pack), minimum=5)
    with pytest.raises(InputError, match=r"it counts as [13] under one of the models, and at least 5 are needed"):
        run(Request(out=tmp_path / "out", audience=str(file), example=1, pack=str(shops_pack), min_audience=5,
                    options=QUICK))  # fmt: skip


def test_what_a_shop_likes_by_ids_and_by_photos(shops_pack: Path, shop: Catalogue, tmp_path: Path) -> None:
    pack, rows = load_pack(shops_pack), [0, 2, 4]
    listed = tmp_path / "liked.txt"
    listed.write_text("\n".join(shop.items["item_id"].iloc[rows]))
    by_id = create_audience(pack, shop, AudienceRequest(name="mine", spec=f"likes:@{listed}", minimum=1))
    pictures = torch.from_numpy(shop.images(32)[rows].copy()).permute(0, 3, 1, 2).float() / 255
    for number, picture in enumerate(pictures):
        save_png(picture, tmp_path / "liked" / f"{number}.png")
    by_photo = create_audience(pack, None, AudienceRequest(name="mine", spec=f"likes:{tmp_path / 'liked'}", minimum=1))
    for name in ("main", "first", "second"):
        assert by_id.users == by_id.tastes[name].users == 1
        torch.testing.assert_close(by_id.tastes[name].theta, by_photo.tastes[name].theta, atol=1e-3, rtol=1e-2)
        expected = model_of(pack, name).features(pictures).mean(0)
        torch.testing.assert_close(by_photo.tastes[name].theta[:-1], expected[:-1], atol=1e-4, rtol=1e-3)
    listed.write_text("00000\n")
    for spec, message in ((f"likes:@{listed}", "no item 00000"), (f"likes:{tmp_path / 'none'}", "no photo there")):
        with pytest.raises(InputError, match=message):
            create_audience(pack, shop, AudienceRequest(name="mine", spec=spec, minimum=1))
    with pytest.raises(InputError, match="neither weights"):
        AudienceRequest(name="mine", spec="likes:x", weights=listed)


def test_created_shown_and_used_from_the_command_line(shops_pack: Path, shop: Catalogue, tmp_path: Path) -> None:
    file = tmp_path / "red.audience"
    arguments = ("--catalogue", shop.root, "--pack", shops_pack, "--min-audience", 5, "--out", file)
    outcome = gigs("audience", "create", "red", "--from", "buyers-of:colour=Red", "--dp-epsilon", 2, *arguments)
    assert outcome.returncode == 0, outcome.stderr
    assert "epsilon 2, delta 1e-06" in outcome.stdout and "trained without such a promise" in outcome.stdout
    shown = gigs("audience", "show", file)
    assert "red: buyers-of:colour=Red" in shown.stdout and "private: epsilon 2" in shown.stdout
    assert "ladies" in gigs("audience", "list", shops_pack).stdout == gigs("audiences", shops_pack).stdout
    assert "a few" in gigs("audience", "show", "ladies", "--pack", shops_pack).stdout
    refused = gigs("audience", "create", "ladies", "--from", "everyone", *arguments)
    assert refused.returncode == 2 and "choose another" in refused.stderr


@pytest.mark.usefixtures("pyramid_for_lpips")
def test_a_suggestion_for_it_is_judged_and_says_what_was_promised(
    shops_pack: Path, shop: Catalogue, tmp_path: Path
) -> None:
    from gigs.audience.privacy import PrivacySettings

    private = made(shops_pack, shop, "buyers-of:colour=Red", privacy=PrivacySettings(epsilon=2.0))
    file = save_audience(private, tmp_path / "red.audience")
    options = {"example": 1, "pack": str(shops_pack), "min_audience": 1}
    run(
        Request(
            out=tmp_path / "a",
            audience=str(file),
            options=Options.of(objective="worst-decile", n=2, steps=1, render="drawn"),
            **options,
        )
    )
    result = Result.read(tmp_path / "a")
    assert result.verification and result.objective == "worst-decile"
    assert result.audience.privacy["epsilon"] == 2.0 and result.audience.privacy["releases"] == 2
    assert 0 <= result.photo.percentile <= 1
    run(Request(out=tmp_path / "b", audience="buyers-of:colour=Red", catalogue=shop.root, options=QUICK, **options))
    plain = Result.read(tmp_path / "b")
    assert plain.verification and plain.audience.privacy is None and "red" in plain.audience.label
    with pytest.raises(InputError, match="at least 50"):
        run(Request(out=tmp_path / "c", audience=str(file), options=QUICK, **(options | {"min_audience": 50})))


def test_files_that_do_not_fit_are_refused(shops_pack: Path, shop: Catalogue, tmp_path: Path) -> None:
    file = save_audience(made(shops_pack, shop, "everyone"), tmp_path / "mine.audience")
    other = Path(shutil.copytree(shops_pack, tmp_path / "other"))
    info = storage.read_json(other / "pack.json")
    tensors, header = storage.load_tensors(other / "judge-first.safetensors")
    storage.save_tensors(other / "judge-first.safetensors", tensors, header | {"about": {"note": "another"}})
    info["files"]["judge-first.safetensors"] = storage.sha256_of(other / "judge-first.safetensors")
    storage.write_json(other / "pack.json", info)
    with pytest.raises(InputError, match="make it again"):
        require_pack(load_audience(file), load_pack(other))
    with pytest.raises(InputError, match="gigs audience create"):
        load_audience(tmp_path / "none.audience")
    tensors, header = storage.load_tensors(file)
    for damaged in (
        {**header, "kind": "gallery"},
        {**header, "tastes": {"main": {}}},
        {**header, "quantiles": [1.0, 0.0]},
        {**header, "origin": {}},
    ):
        storage.save_tensors(tmp_path / "bad.audience", tensors, damaged)
        with pytest.raises(ModelError, match="gigs audience create"):
            load_audience(tmp_path / "bad.audience")


def test_segments_that_leave_few_buyers_beside_other_audiences_are_refused(
    shops_pack: Path, shop: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row 40: a segment without another audience may be one buyer."""
    root = Path(shutil.copytree(shops_pack, tmp_path / "pack"))
    before = storage.read_json(root / "pack.json")
    ids = Buyers(load_pack(root), shop).feedback.user_ids
    info = storage.read_json(root / "pack.json")
    segments = find_segments(Buyers(load_pack(root), shop).factors("main", ids), SegmentSettings(minimum=5, most=2))
    place = segments.assign(Buyers(load_pack(root), shop).factors("main", ids)).tolist()
    (tmp_path / "nearly").write_text("\n".join([user for user, own in zip(ids, place, strict=True) if own == 0][1:]))
    info["audiences"]["ladies"]["condition"] = f"@{tmp_path / 'nearly'}"
    storage.write_json(root / "pack.json", info)
    with pytest.raises(InputError, match=r"(ladies|segment-1) without (ladies|segment-1) are 1 users under"):
        add_segments(root, shop, settings=SegmentSettings(minimum=5, most=2))
    assert storage.read_json(root / "pack.json")["files"] == before["files"]


def test_an_audience_takes_in_whom_others_leave(shops_pack: Path, shop: Catalogue, tmp_path: Path) -> None:
    """Row 40: without anybody's vector, and as if it had been made of them."""
    root = Path(shutil.copytree(shops_pack, tmp_path / "pack"))
    info = storage.read_json(root / "pack.json")
    rule = "all-but:bought_ladieswear > 3"
    rest = Rest(name="others", others=("ladies",), label="all others", condition=rule)
    with pytest.raises(InputError, match="others cannot be told"):
        take_in_rest(root, rest)
    for file in ("tastes", "gallery"):
        path = root / f"{file}.safetensors"
        tensors, header = storage.load_tensors(path)
        if file == "tastes":
            tensors |= {f"{s}/others/{w}": tensors[f"{s}/ladies/{w}"] for s in ("main", "first", "second")
                        for w in ("theta", "covariance")}  # fmt: skip
            header["tastes"] |= {f"{s}/others": header["tastes"][f"{s}/ladies"] for s in ("main", "first", "second")}
        storage.save_tensors(path, tensors, header)
        info["files"][path.name] = storage.sha256_of(path)
    info["audiences"]["others"] = info["audiences"]["ladies"]
    storage.write_json(root / "pack.json", info)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gigs.packs.audiences.rest.require_enough", lambda name, users: None)
        pack = take_in_rest(root, rest)
    about = pack.audiences["others"]
    assert (about["label"], about["condition"]) == ("all others", rule)
    assert pack.audiences["everyone"]["users"] == pack.audiences["ladies"]["users"] + about["users"]
    made_of_them, known = made(root, shop, rule), panel_of(pack, "others")
    for name, taste in pack.tastes_of("others").items():
        other = made_of_them.tastes[name]
        assert taste.users == other.users
        torch.testing.assert_close(taste.theta, other.theta, atol=1e-3, rtol=1e-2)
        torch.testing.assert_close(taste.covariance, other.covariance, atol=2e-2, rtol=5e-2)
        assert (taste.mean, taste.spread) == pytest.approx((other.mean, other.spread), rel=1e-2, abs=1e-3)
        scores = known.gallery.scores[name, "others"]
        assert abs(float(scores.mean())) < 1e-3 and float(scores.std(unbiased=False)) == pytest.approx(1, abs=1e-3)


def test_new_scorers_find_the_segments_again(
    shops_pack: Path, shop: Catalogue, recommenders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = Path(shutil.copytree(shops_pack, tmp_path / "pack"))
    small = SegmentSettings(minimum=5, most=2)
    before = add_segments(root, shop, settings=small)
    monkeypatch.setattr("gigs.packs.audiences.segments.SegmentSettings", lambda: small)
    wanted = ScorerFiles(
        targets={"main": recommenders["main"]}, judges={n: recommenders[n] for n in ("first", "second")}
    )
    after = add_scorers(root, shop, wanted, ScorerSettings(category_backbone="vgg16"))
    assert after.audiences == before.audiences
    assert made(root, shop, "segment:1").origin["buyers"] == 30
