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

from gigs.data.catalogue import Catalogue
from gigs.generator.base import load_generator, save_generator
from gigs.generator.families.dvbpr_critic import load_critic, save_critic
from gigs.inversion.encoder import load_encoder, save_encoder
from gigs.io import folders, storage
from gigs.packs import load_pack
from gigs.recommender import load_recommender
from gigs.result import Result
from gigs.training.checkpoint import load_checkpoint, save_checkpoint
from gigs.vision import images
from gigs.vision.sizes import MIN_SIDE
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
    return storage.unpickle_restricted(content, [("collections", "OrderedDict")])


def _descriptions(work: Path) -> dict[str, Target]:
    """Files that describe folders: the rest of the folder is whole."""
    root = write_small_pack(work / "pack", encoder=True)
    info = json.loads((root / "pack.json").read_text())
    limits = {"drift": 0.1, "rough": 0.3, "refused": 0.5}
    info["gate"] = {"limits": {"draft": limits, "optimised": limits}, "mean": [0.0] * 6}
    result = work / "result"
    for name in ("photo.png", "reconstruction.png", "suggestion-1.png"):
        storage.write_bytes(result / name, b"png")
        storage.write_bytes(result / "raw" / name, b"png")
    manifest = folders.write_manifest(result, folders.names(result, ["*.png", "raw/*.png"])).read_bytes()
    return {
        "pack.json": Target([json.dumps(info).encode()], damage_json, lambda content: _use_pack(root, content)),
        "result.json": Target([_record()], damage_json, lambda content: _use_result(result, content)),
        "manifest.json": Target(
            [manifest], damage_json, _through_file(result / "manifest.json", lambda _: folders.check_manifest(result))
        ),
    }


def _use_pack(root: Path, content: bytes) -> None:
    (root / "pack.json").write_bytes(content)
    pack = load_pack(root)
    pack.examples()
    assert pack.gate is None or pack.gate.judge(0.1, 0.1, draft=True).grade
    for name, about in pack.audiences.items():
        assert len(pack.audience(name).theta) > 0 and about["label"] is not None
        assert 0 <= (pack.audience(name).percentile(0.1) or 0) <= 1


def _use_result(folder: Path, content: bytes) -> None:
    (folder / "result.json").write_bytes(content)
    for entry in Result.read(folder):
        assert entry.score is None or f"{entry.score:+.2f}"
        assert (folder / entry.file).resolve().is_relative_to(folder.resolve()) and isinstance(entry.words, str)


def _record() -> bytes:
    def picture(name: str, **more: object) -> dict[str, object]:
        return {"file": f"{name}.png", "raw": f"raw/{name}.png", "score": 1.5, "percentile": 0.5, **more}

    believed = {"gain": 0.1, "low": -0.2, "high": 0.4, "verdict": "unclear"}
    colour = {"name": "grey", "hex": "#8e8d8c", "share": 1.0}
    answer = {"value": "Solid", "confidence": 0.9, "sure": True}
    changes = {
        "words": "Darker.", "nothing": False, "lightness": {"change": -9.0, "real": True},
        "vividness": {"change": 0.1, "real": False},
        "palette": {"before": [colour], "after": [colour], "delta_e": 3.0, "turns": []},
        "attributes": {"appearance": {"before": answer, "after": answer, "changed": False}},
        "outline": {"width": 1.0, "height": 1.2, "overlap": 0.9, "words": ["longer"]}, "where": None,
        "not_sure": [], "map": "change-1.png",
    }  # fmt: skip
    check = {
        "verdict": believed, "category": {"name": "Dress", "kept": True, "probability": 0.9},
        "nearest_item": {"item_id": "01", "distance": 0.3, "rarity": 0.5, "lpips": 0.2, "row": 3},
        "rank": {"main": {"photo": 0.4, "suggestion": 0.5}},
        "place": {"photo": 0.4, "worst": 0.3, "likely": 0.5, "best": 0.6}, "users_gaining": 0.6,
        "user_gain": {"p10": 0.0, "p50": 0.1, "p90": 1.0}, "specificity": None,
        "hit_at_10": {"photo": 0.0, "suggestion": 0.1},
    }  # fmt: skip
    gains = {"gain_vs_photo": 0.1, "gain_vs_reconstruction": 0.2, "lpips_to_reconstruction": 0.1, "max_abs_shift": 0.4}
    record = {
        "schema": 2, "preset": "fast", "settings": {}, "seed": 0, "device": "cpu", "compute": {"device": "cpu"},
        "seconds": {"total": 1.5}, "pack": "small", "models": {}, "objective": "mean", "gate": None, "distinct": 1.0,
        "audience": {"name": "women", "label": "women's buyers", "users": 60, "scored_users": 60, "privacy": None},
        "photo": picture("photo", source="shirt.jpg"), "verification": None, "versions": {"gigs": "0"},
        "reconstruction": picture(
            "reconstruction", lpips=0.1, mse=0.01, caution=None, lpips_before_tuning=0.1, steps=3, found_at_step=2,
            changes=None,
        ),
        "suggestions": [picture("suggestion-1", changes=changes, check=check, **gains)],
    }  # fmt: skip
    return json.dumps(record).encode()


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
