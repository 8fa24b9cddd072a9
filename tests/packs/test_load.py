import json
import shutil
from dataclasses import replace

import pytest
import torch

from gigs.errors import InputError, ModelError
from gigs.generator.base import save_generator
from gigs.generator.families.cascade import Cascade
from gigs.generator.families.progan import ProGAN, ProGANSettings
from gigs.inversion.encoder import save_encoder
from gigs.inversion.own_encoder import OwnEncoder
from gigs.io import storage
from gigs.io.eight_bits import in_eight_bits, packed
from gigs.packs import ModelFiles, PackDescription, build_pack, load_pack, update_pack
from gigs.packs.load import BUNDLED, bundled_packs, start_folder
from gigs.packs.panel import model_of, panel_for
from gigs.recommender import DVBPR
from gigs.session import Session
from tests.helpers.small_models import small_encoder, small_generator, write_small_pack


def test_a_pack_loads_frozen_and_without_users(small_pack):
    pack = load_pack(small_pack)
    assert pack.recommender.user_ids == []
    assert not any(p.requires_grad for p in [*pack.generator.parameters(), *pack.recommender.parameters()])
    assert pack.audience("few").users == 50
    assert pack.audience("everyone").percentile(0.0) == 0.5
    with pytest.raises(InputError, match="it has everyone, few"):
        pack.audience("nobody")


def test_a_changed_missing_or_straying_file_is_refused(small_pack, tmp_path):
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in small_pack.rglob("*"):
        if path.is_file():
            (copy / path.relative_to(small_pack)).parent.mkdir(exist_ok=True)
            (copy / path.relative_to(small_pack)).write_bytes(path.read_bytes())
    content = bytearray((copy / "generator.safetensors").read_bytes())
    content[-1] ^= 1
    (copy / "generator.safetensors").write_bytes(content)
    with pytest.raises(ModelError, match="does not match its SHA-256"):
        load_pack(copy)
    (copy / "generator.safetensors").unlink()
    with pytest.raises(ModelError, match="missing from the pack"):
        load_pack(copy)
    info = json.loads((copy / "pack.json").read_text())
    (copy / "pack.json").write_text(json.dumps({**info, "files": {"../../etc/passwd": "0", **info["files"]}}))
    with pytest.raises(ModelError, match="outside the folder"):
        load_pack(copy)
    with pytest.raises(InputError, match="no such pack"):
        load_pack("no-such-pack")


def changed_pack(source, to, change):
    """A copy whose description went through `change`."""
    root = shutil.copytree(source, to)
    info = json.loads((root / "pack.json").read_text())
    change(info)
    (root / "pack.json").write_text(json.dumps(info))
    return root


@pytest.mark.usefixtures("small_limits")
@pytest.mark.parametrize("name", ["../beside/judge.safetensors", "/judge.safetensors", "unlisted.safetensors"])
def test_a_scorers_file_is_one_that_the_pack_lists(name, shops_pack, tmp_path):
    """Row 14: what no hash was compared with is not loaded, wherever it lies."""
    (tmp_path / "beside").mkdir()

    def elsewhere(info):
        info["verify"]["scorers"]["first"]["file"] = name

    root = changed_pack(shops_pack, tmp_path / "pack", elsewhere)
    for place in (tmp_path / "beside" / "judge.safetensors", root / "unlisted.safetensors"):
        shutil.copy(root / "judge-first.safetensors", place)
    pack = load_pack(root)
    with pytest.raises(ModelError, match="lists no file"):
        model_of(pack, "first")
    with pytest.raises(ModelError, match="lists no file"):
        panel_for(pack, pack.audience("ladies"))


@pytest.mark.usefixtures("small_limits")
@pytest.mark.parametrize(
    "file", ["tastes.safetensors", "gallery.safetensors", "category.safetensors", "judge-first.safetensors"]
)
def test_a_file_that_is_not_listed_is_not_loaded(file, shops_pack, tmp_path):
    """Row 14: it lies in the folder, and whoever took it off the list may have replaced it."""
    pack = load_pack(changed_pack(shops_pack, tmp_path / "pack", lambda info: info["files"].pop(file)))
    with pytest.raises(ModelError, match=f"lists no file '{file}'"):
        panel_for(pack, pack.audience("ladies"))


def test_training_starts_from_no_file_that_the_pack_does_not_list(tmp_path):
    root = write_small_pack(tmp_path / "pack", encoder=True)
    assert start_folder(str(root)) == root
    changed = changed_pack(root, tmp_path / "changed", lambda info: info["files"].pop("encoder.safetensors"))
    with pytest.raises(ModelError, match=r"lists no file 'encoder\.safetensors'"):
        start_folder(str(changed))
    (changed / "encoder.safetensors").unlink()
    assert start_folder(str(changed)) == changed


@pytest.mark.parametrize("name", [".hidden.png", "examples/.hidden.png", "a/b/c.png", "x:y.png", "examples/", "-x.png"])
def test_files_of_a_pack_have_plain_names(name, small_pack, tmp_path):
    """Row 14."""
    root = changed_pack(small_pack, tmp_path / "pack", lambda info: info["files"].update({name: "0" * 64}))
    with pytest.raises(ModelError, match="is not the plain name of a file"):
        load_pack(root)


def test_building_a_pack_drops_users_and_guards_small_audiences(tiny_catalogue, tmp_path):
    many = [f"{user}-{copy}" for copy in range(5) for user in tiny_catalogue.users["user_id"]]
    model = DVBPR(factors=6, hidden=32, width=0.1, input_size=64, user_ids=many)
    model.about["image_size"] = 32
    model.save(tmp_path / "r.safetensors")
    save_generator(tmp_path / "g.safetensors", small_generator())
    models = ModelFiles(generator=tmp_path / "g.safetensors", recommender=tmp_path / "r.safetensors")
    description = PackDescription(name="mine", audiences={"everyone": ("all buyers", "everyone")}, examples={"one": 3})
    pack = build_pack(tmp_path / "pack", description, models, tiny_catalogue)
    assert pack.recommender.user_ids == []
    torch.testing.assert_close(pack.audience("everyone").theta, model.user_factors.mean(0).detach())
    assert [path.name for path in pack.examples()] == ["one.png"]
    assert 0 < pack.audience("everyone").percentile(pack.audiences["everyone"]["quantiles"][50]) < 1
    assert set(pack.info["held_out_products"]) == set(
        tiny_catalogue.items.loc[tiny_catalogue.items["held_out"], "product_code"]
    )
    with pytest.raises(InputError, match="needs 50"):
        description = PackDescription(name="mine", audiences={"one": ("one user", f"user:{many[0]}")})
        build_pack(tmp_path / "small", description, models, tiny_catalogue)
    assert not (tmp_path / "small" / "pack.json").exists()


def test_audiences_that_leave_few_users_to_be_worked_out_are_not_built_into_a_pack(tiny_catalogue, tmp_path):
    """Row 40: everybody without both groups is one user, whose own vector that would be."""
    many = [f"{user}-{copy}" for copy in range(9) for user in tiny_catalogue.users["user_id"]]
    model = DVBPR(factors=6, hidden=32, width=0.1, input_size=64, user_ids=many)
    model.about["image_size"] = 32
    models = ModelFiles(
        generator=save_generator(tmp_path / "g.safetensors", small_generator()),
        recommender=model.save(tmp_path / "r.safetensors"),
    )
    half = len(many) // 2
    listed = {"first": many[:half], "second": many[half:-1], "rest": many[half:]}
    for name, users in listed.items():
        (tmp_path / name).write_text("\n".join(users))
    known = {name: (name, f"@{tmp_path / name}") for name in listed} | {"everyone": ("all buyers", "everyone")}

    def built(out, *names):
        description = PackDescription(name="mine", audiences={name: known[name] for name in names})
        return build_pack(tmp_path / out, description, models, tiny_catalogue)

    assert len(many) >= 102
    with pytest.raises(InputError, match=r"(everyone without first and second|without first and second) are 1 users"):
        built("small", "everyone", "first", "second")
    with pytest.raises(InputError, match="rest without second are 1 users"):
        built("small", "rest", "second")
    assert not (tmp_path / "small" / "pack.json").exists()
    assert set(built("whole", "everyone", "first", "rest").audiences) == {"everyone", "first", "rest"}


@pytest.mark.parametrize(
    "division",
    [
        ("age-18-29", "age-30-44", "age-45-plus"),
        ("women", "divided"),
        ("segment-1", "segment-2", "segment-3"),
        ("men",),
    ],
)
def test_what_divisions_of_the_bundled_pack_leave_is_nobody_or_many(division):
    """Row 40: under every model, and where it is nobody, nothing is left but rounding."""
    pack = load_pack("hm-64")
    for scorer, everybody in pack.tastes_of("everyone").items():
        parts = [pack.tastes_of(name)[scorer] for name in division]
        left = everybody.users - sum(part.users for part in parts)
        assert left == 0 or left >= 50, (scorer, left)
        if left == 0:
            sums = sum(part.users * part.theta.double() for part in parts)
            assert float((everybody.users * everybody.theta.double() - sums).abs().max()) < 1e-2


@pytest.mark.parametrize(("name", "side"), [("hm-64", 64), ("hm-128", 128)])
def test_the_bundled_packs_keep_their_promises(name, side):
    assert name in bundled_packs()
    pack = load_pack(name)
    assert all(about["users"] >= 50 for about in pack.audiences.values())
    assert {"everyone", "women", "men"} <= set(pack.audiences)
    assert pack.recommender.user_ids == []
    assert pack.generator.resolution == side
    assert len(pack.info["held_out_products"]) == 1000
    assert pack.info["card"]["licence"]
    sizes = [path.stat().st_size for path in BUNDLED.rglob("*") if path.is_file()]
    assert max(sizes) < 20e6 and sum(sizes) < 60e6


def test_a_newer_generator_goes_into_a_pack_and_the_old_gate_goes(tmp_path):
    root = write_small_pack(tmp_path / "pack", encoder=True)
    info = json.loads((root / "pack.json").read_text())
    limits = {"drift": 0.1, "rough": 0.3, "refused": 0.5}
    gate = {"limits": {"draft": limits, "optimised": limits}, "mean": [0.0]}
    (root / "pack.json").write_text(json.dumps(info | {"gate": gate}))
    newer = save_generator(tmp_path / "generator.safetensors", small_generator(seed=5))
    encoder = save_encoder(tmp_path / "encoder.safetensors", small_encoder(seed=5))
    card = {"generator": {"images_shown": 7}}
    pack = update_pack(root, generator=newer, encoder=encoder, examples={"new": 3}, card=card)
    wanted = small_generator(seed=5).state_dict()
    for name, tensor in pack.generator.state_dict().items():
        torch.testing.assert_close(tensor, wanted[name], atol=2e-3, rtol=2e-3)
    assert [path.name for path in pack.examples()] == ["new.png"] and pack.gate is None
    assert pack.info["card"] == {"licence": "test", "generator": {"images_shown": 7}}
    assert pack.audience("few").users == 50
    other = save_generator(tmp_path / "other.safetensors", ProGAN(ProGANSettings(resolution=16, latent_dim=32)))
    with pytest.raises((InputError, ModelError)):
        update_pack(root, generator=other, encoder=encoder, examples={}, card={})


def test_a_generator_that_inverts_photos_itself_needs_no_encoder(tmp_path):
    from tests.generator.families.test_cascade import REFINER, SETTINGS

    root = write_small_pack(tmp_path / "pack", encoder=True)
    side = load_pack(root).generator.resolution
    sizes = replace(SETTINGS, side=side // SETTINGS.factor, refiner=REFINER.config(side), space="coarse")
    cascade = Cascade(sizes)
    cascade.path.fit(torch.randn(64, *cascade.shape, generator=torch.Generator().manual_seed(3)), torch.Generator())
    header = {"kind": "generator", "family": "cascade", "network": cascade.settings(), "about": {}}
    file = storage.save_tensors(tmp_path / "cascade.safetensors", packed(dict(cascade.state_dict())), header)
    pack = update_pack(root, generator=file, encoder=None, examples={"new": 3}, card={})
    assert "encoder.safetensors" not in pack.info["files"]
    assert in_eight_bits(storage.load_tensors(pack.path("generator.safetensors"))[0])
    photos = torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(2))
    session = Session(str(root))
    assert isinstance(pack.encoder, OwnEncoder) and isinstance(session.encoder, OwnEncoder)
    assert torch.equal(session.encoder(photos), pack.generator.start_from(photos))
    assert session.encoder(photos).shape == (2, SETTINGS.directions)
    other = save_generator(tmp_path / "generator.safetensors", small_generator(seed=5))
    with pytest.raises(InputError, match="needs an encoder"):
        update_pack(root, generator=other, encoder=None, examples={}, card={})
