"""What is fuzzed: every parser of something that others can give us, each with valid files to start from."""

from __future__ import annotations

import io
import json
import pickle
import random
import struct
import warnings
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image, features

from gigs.audience import Audience
from gigs.audience.privacy import PrivacySettings, promise
from gigs.audience.taste import Taste, taste_of
from gigs.cli.audience import described
from gigs.data.catalogue import Catalogue
from gigs.generator.base import load_generator, save_generator
from gigs.generator.families.dvbpr_critic import load_critic, save_critic
from gigs.inversion.encoder import load_encoder, save_encoder
from gigs.io import folders, pickles, storage
from gigs.io.card import pack_card
from gigs.packs import load_pack
from gigs.packs.audiences.file import load_audience, save_audience
from gigs.packs.audiences.tastes import load_tastes, save_tastes
from gigs.packs.panel import share_map_of
from gigs.recommender import load_recommender
from gigs.report.contact_sheet import contact_sheet
from gigs.report.page import render_compare, render_overview, render_page
from gigs.report.test_pack import test_pack
from gigs.result import Result
from gigs.result.saved import rebuild
from gigs.training.checkpoint import load_checkpoint, save_checkpoint
from gigs.verify.scorer import is_weak
from gigs.verify.share_map import Estimate, ShareMap
from gigs.vision import images
from gigs.vision.sizes import MIN_SIDE
from tests.fuzz import result_folders, shops
from tests.fuzz.mutate import damage, damage_json, damage_safetensors
from tests.fuzz.tables import tables
from tests.helpers.pictures import encoded, quadrants
from tests.helpers.small_models import (
    small_baseline,
    small_encoder,
    small_generator,
    small_recommender,
    write_small_pack,
)
from tests.report.finished_result import write_finished

SIDE, ITEMS = 16, 5


@dataclass(frozen=True)
class Target:
    """One parser: valid inputs, how to damage one, and how to read what comes of it."""

    seeds: list[bytes]
    damage: Callable[[bytes, random.Random], bytes]
    read: Callable[[bytes], object]

    def input(self, number: int, seed: int) -> bytes:
        """The input of a number: the same for the same seed."""
        rng = random.Random(f"{seed} {number}")
        return self.damage(rng.choice(self.seeds), rng)


def make_targets(work: Path) -> dict[str, Target]:
    """All targets; `work` is a folder for their files."""
    work.mkdir(parents=True, exist_ok=True)
    return {
        **_pictures(),
        **_models(work),
        "npy": Target([_packed()], damage, lambda content: _open_packed(work / "catalogue", content)),
        "parquet": Target([_table()], damage, lambda content: _open_catalogue(work / "tables", content)),
        **{name: Target(*parts) for name, parts in tables(work).items()},
        "checkpoint": Target([_checkpoint(work)], damage, lambda content: _load_checkpoint(work / "run", content)),
        "pickle": Target(_pickles(), damage, _unpickle),
        **_descriptions(work),
        **_shops(work),
        **_folders(work),
    }


def _pictures() -> dict[str, Target]:
    exif = Image.Exif()
    exif[0x0112] = 6
    plain = quadrants(64, 96)
    modes = [plain, plain.convert("L"), plain.convert("P"), plain.convert("RGBA"), plain.convert("1")]
    frames = {"save_all": True, "append_images": [plain.rotate(180)]}
    seeds = {
        "jpeg": [encoded(plain, "JPEG", exif=exif), encoded(plain.convert("CMYK"), "JPEG"),
                 encoded(plain.convert("L"), "JPEG", progressive=True)],
        "png": [*(encoded(mode) for mode in modes), encoded(plain, exif=exif), encoded(plain, **frames)],
        "webp": [encoded(plain, "WEBP", exif=exif), encoded(modes[3], "WEBP", lossless=True),
                 encoded(plain, "WEBP", **frames)],
    }  # fmt: skip
    if features.check("avif"):
        seeds["avif"] = [encoded(plain, "AVIF", exif=exif), encoded(modes[3], "AVIF")]
    return {kind: Target(each, damage, _decode) for kind, each in seeds.items()}


def _decode(content: bytes) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow and gigs tell of odd but usable files
        photo = images.decode_photo(content, "fuzz")
    assert photo.mode == "RGB" and min(photo.size) >= MIN_SIDE


def _models(work: Path) -> dict[str, Target]:
    save_generator(work / "generator", small_generator(), {"images_shown": 1})
    save_encoder(work / "encoder", small_encoder())
    small_recommender().save(work / "recommender")
    generator, critic = small_baseline()
    save_generator(work / "dvbpr-gan", generator)
    save_critic(work / "critic", critic)
    loaders = {"generator": load_generator, "encoder": load_encoder, "recommender": load_recommender}
    loaders |= {"dvbpr-gan": load_generator, "critic": load_critic}
    return {
        f"safetensors: {name}": Target(
            [(work / name).read_bytes()], damage_safetensors, _through_file(work / f"{name}.safetensors", load)
        )
        for name, load in loaders.items()
    }


def _through_file(path: Path, load: Callable[[Path], object]) -> Callable[[bytes], object]:
    def read(content: bytes) -> object:
        path.write_bytes(content)
        return load(path)

    return read


def _packed() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.zeros((ITEMS, SIDE, SIDE, 3), dtype=np.uint8))
    return buffer.getvalue()


def _open_packed(root: Path, content: bytes) -> int:
    root.mkdir(exist_ok=True)
    (root / f"images-{SIDE}.npy").write_bytes(content)
    items = pd.DataFrame({"item_id": [str(item) for item in range(ITEMS)], "has_image": True, "held_out": False})
    return int(Catalogue(root, {"image_size": SIDE}, items, items, items).images(SIDE).sum())


def _table() -> bytes:
    buffer = io.BytesIO()
    ids = [f"{item:03d}" for item in range(ITEMS)]
    table = pd.DataFrame({"item_id": ids, "name": ["größe", None, "=x", "", "a"], "has_image": True, "held_out": False})
    table.assign(price=1.5, bought=pd.Timestamp("2020-01-01")).to_parquet(buffer)
    return buffer.getvalue()


def _open_catalogue(root: Path, content: bytes) -> int:
    storage.write_json(root / "catalogue.json", {"schema": 1, "image_size": SIDE})
    for name in ("items", "users", "interactions"):
        (root / f"{name}.parquet").write_bytes(content)
    return len(Catalogue.open(root).items)


def _checkpoint(work: Path) -> bytes:
    state = {"step": 3, "weights": torch.ones(50), "rng": torch.Generator().manual_seed(0).get_state()}
    return save_checkpoint(work / "run", state).read_bytes()


def _load_checkpoint(folder: Path, content: bytes) -> object:
    (folder / "checkpoint.pt").write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return load_checkpoint(folder)


def _pickles() -> list[bytes]:
    plain = OrderedDict(a=[1, 2.5, "x", None, (3, 4)], b={"n": 2**80, "u": "größe"})
    return [pickle.dumps(plain, protocol) for protocol in range(5)]


def _unpickle(content: bytes) -> object:
    return pickles.unpickle_restricted(content, [("collections", "OrderedDict")])


def _descriptions(work: Path) -> dict[str, Target]:
    """Files that describe folders: the rest of the folder is whole."""
    result, listed = work / "result", work / "listed"
    for folder in (result, listed):
        write_finished(folder, gains=(0.4, -0.3))
    manifest = (listed / "manifest.json").read_bytes()
    return {
        "pack.json": Target(
            [json.dumps(described_pack(work / "pack")).encode()],
            damage_json,
            lambda content: _use_pack(work / "pack", content),
        ),
        "result.json": Target(_records(work), damage_json, lambda content: _use_result(result, content)),
        "manifest.json": Target(
            [manifest], damage_json, _through_file(listed / "manifest.json", lambda _: folders.check_manifest(listed))
        ),
        ".audience": Target(
            [seed_audience(work).read_bytes()], damage_safetensors, _through_file(work / "x.audience", _use_audience)
        ),
        "safetensors: tastes": Target(
            [_tastes(work)], damage_safetensors, _through_file(work / "tastes.safetensors", _use_tastes)
        ),
    }


def _shops(work: Path) -> dict[str, Target]:
    (work / "shop").mkdir()
    return {
        "shop tables": Target(shops.seeds(), shops.misshape, lambda content: shops.use_table(work / "shop", content))
    }


def _folders(work: Path) -> dict[str, Target]:
    whole = work / "whole"
    write_finished(whole, gains=(0.4,))
    rebuild(whole)
    return {
        "result folder": Target(
            [result_folders.contents(whole)],
            result_folders.changes,
            lambda content: result_folders.use_folder(whole, work / "changed", content),
        )
    }


def described_pack(root: Path) -> dict[str, object]:
    """A small pack's description with an entry of every kind."""
    info = json.loads((write_small_pack(root, encoder=True) / "pack.json").read_text())
    limits = {"drift": 0.1, "rough": 0.3, "refused": 0.5}
    auc = {"value": 0.66, "low": 0.6, "high": 0.7, "n": 400}
    scorers = {
        name: {"role": role, "file": "recommender.safetensors", "auc": auc, "users": 60, "trained": {"fold": 0}}
        for name, role in {"a": "target", "b": "judge", "c": "judge"}.items()
    }
    estimate = Estimate(0.3, 0.05)
    share = ShareMap(slope=estimate, reliability=0.8, weights={"few": estimate}, told_apart={"few": True})
    favourite = {"column": "type", "value": "Dress", "share": 0.2, "lift": 1.5}
    said = {"members": "all", "description": {"favourites": [favourite], "age": 30.0, "age_of_all": 31.0}}
    info["audiences"]["few"] |= said
    return info | {
        "gate": {"limits": {"draft": limits, "optimised": limits}, "mean": [0.0] * small_recommender().feature_count},
        "verify": {"scorers": scorers, "category": {}, "disagreement": 0.7},
        "share": share.record(),
        "held_out_products": ["01"],
    }


def _use_pack(root: Path, content: bytes) -> None:
    """Whatever is read of a description, by whichever command."""
    (root / "pack.json").write_bytes(content)
    pack = load_pack(root)
    pack.examples()
    assert pack.gate is None or pack.gate.judge(0.1, 0.1, draft=True).grade
    assert pack.info.get("verify") is None or all(is_weak(one["auc"]) in (True, False) for one in pack.scorers.values())
    assert share_map_of(pack) is None or 0 <= share_map_of(pack).worth <= 100
    for name, about in pack.audiences.items():
        described("x", about["label"], about["users"], {**about, "from": about.get("condition")})
    pack.info["verify"] = None  # its scorers' files are not there
    for name in pack.audiences:
        assert len(pack.audience(name).theta) > 0
        assert 0 <= (pack.audience(name).percentile(0.1) or 0) <= 1
    pack_card(pack.info)


def _use_result(folder: Path, content: bytes) -> None:
    """Everything that is made of a result again: reports, overview, the pack for a test, the page of its outcome."""
    (folder / "result.json").write_bytes(content)
    result = Result.read(folder)
    for entry in result:
        assert (folder / entry.file).resolve().is_relative_to(folder.resolve()) and isinstance(entry.words, str)
    render_page(result, "folder").encode()
    render_compare(result).encode()
    render_overview([("folder", result)]).encode()
    contact_sheet(result)
    test_pack([("folder", result)])


def _records(work: Path) -> list[bytes]:
    """Records of a verified result, one without judges, and one drawn from nothing."""
    kinds = ({}, {"verified": False}, {"verified": False, "photo": False}, {"shared": False})
    for number, kind in enumerate(kinds):
        write_finished(work / f"record-{number}", gains=(0.4, -0.3), **kind)
    return [(work / f"record-{number}" / "result.json").read_bytes() for number in range(len(kinds))]


def seed_audience(work: Path) -> Path:
    """A sound file with everything that one may hold."""
    generator = torch.Generator().manual_seed(0)
    taste = taste_of(torch.randn(60, 6, generator=generator), torch.randn(20, generator=generator))
    favourite = {"column": "type", "value": "Dress", "share": 0.2, "lift": 1.5}
    description = {"favourites": [favourite], "age": 30.0, "age_of_all": 31.0}
    origin = {"from": "age < 30", "pack": "small", "scorers": {"a": "0"}, "members": "all", "description": description}
    private = promise(PrivacySettings(epsilon=1.0), 1, {"a": 1.0}, {"a": 0.1}).record()
    made = Audience.of_tastes(
        "young", {"a": taste, "b": taste}, label="the young", quantiles=(0.0, 0.5, 1.0), origin=origin, privacy=private
    )
    return save_audience(made, work / "seed.audience")


def _use_audience(path: Path) -> None:
    found = load_audience(path)
    assert len(found.theta) > 0 and 0 <= (found.percentile(0.3) or 0) <= 1 and dict(found.origin)["scorers"] is not None
    described(found.name, found.label, found.users, {**found.origin, "privacy": found.privacy})
    for taste in found.tastes.values():
        _use_taste(taste)


def _tastes(work: Path) -> bytes:
    taste = taste_of(torch.randn(60, 6, generator=torch.Generator().manual_seed(0)), torch.arange(20.0))
    return save_tastes(work, {("a", "everyone"): taste, ("b", "few"): taste}, "a")[0].read_bytes()


def _use_tastes(path: Path) -> None:
    for taste in load_tastes(path).values():
        _use_taste(taste)


def _use_taste(taste: Taste) -> None:
    phi = torch.ones(2, len(taste.theta))
    assert torch.isfinite(taste.z(phi)).all() and torch.isfinite(taste.error(phi)).all()


def hostile_headers() -> list[bytes]:
    """Safetensors that ask for more than they hold: lengths, offsets and shapes without end."""

    def whole(header: dict[str, object], body: bytes = b"") -> bytes:
        text = json.dumps(header).encode()
        return struct.pack("<Q", len(text)) + text + body

    vast = {"a": {"dtype": "F32", "shape": [2**40, 2**40], "data_offsets": [0, 2**62]}}
    negative = {"a": {"dtype": "F32", "shape": [1], "data_offsets": [8, 4]}}
    overlap = {name: {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]} for name in "ab"}
    hole = {"a": {"dtype": "F32", "shape": [1], "data_offsets": [100, 104]}}
    return [
        struct.pack("<Q", 2**63), struct.pack("<Q", 200 << 20) + b"{" * 1000, whole(vast), whole(negative),
        whole(overlap, bytes(4)), whole(hole, bytes(104)), whole({}), b"", b"\x00" * 8,
    ]  # fmt: skip
