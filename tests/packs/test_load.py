import json

import pytest
import torch

from gigs.errors import InputError, ModelError
from gigs.generator.base import save_generator
from gigs.generator.families.progan import ProGAN, ProGANSettings
from gigs.inversion.encoder import save_encoder
from gigs.packs import ModelFiles, PackDescription, build_pack, load_pack, update_pack
from gigs.packs.load import BUNDLED, bundled_packs
from gigs.recommender import DVBPR
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
    with pytest.raises(ModelError, match="does not match its sha256"):
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


def test_the_bundled_pack_keeps_its_promises():
    assert "hm-64" in bundled_packs()
    pack = load_pack("hm-64")
    assert all(about["users"] >= 50 for about in pack.audiences.values())
    assert {"everyone", "women", "men"} <= set(pack.audiences)
    assert pack.recommender.user_ids == []
    assert pack.generator.resolution == 64
    assert len(pack.info["held_out_products"]) == 1000
    assert pack.info["card"]["licence"]
    sizes = [path.stat().st_size for path in BUNDLED.rglob("*") if path.is_file()]
    assert max(sizes) < 20 << 20 and sum(sizes) < 40 << 20


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
