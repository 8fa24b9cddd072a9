"""`gigs pack probes`, what a suggestion then says, and which commands take the probes away again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gigs.batch import Request, run
from gigs.data.catalogue import Catalogue
from gigs.errors import InputError, ModelError
from gigs.generator.base import save_generator
from gigs.inversion.encoder import save_encoder
from gigs.method.options import Options
from gigs.packs import load_pack, update_pack
from gigs.packs.build import probes as packs_probes
from gigs.packs.build.probes import add_probes
from gigs.result import Result
from gigs.verify import probes as subject
from gigs.verify.probes import FILE, Probes, load_probes
from tests.helpers.colour_shop import random_backbone
from tests.helpers.shop_packs import panel_of
from tests.helpers.small_models import small_encoder, small_generator

pytestmark = pytest.mark.usefixtures("pyramid_for_lpips")


@pytest.fixture(scope="module", autouse=True)
def smaller_limits(small_limits):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subject, "FEWEST", 5)
        patch.setattr(subject, "ENOUGH", 2)
        yield


@pytest.fixture(scope="module")
def pack(shop: Catalogue, shops_pack: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With probes, trained twice: the second time over the first."""
    root = Path(shutil.copytree(shops_pack, tmp_path_factory.mktemp("pack"), dirs_exist_ok=True))
    for columns in (["type"], ["colour", "type"]):
        add_probes(root, shop, columns=columns)
    return root


def test_the_pack_says_what_its_probes_are_worth_and_its_hashes_fit(pack: Path) -> None:
    loaded = load_pack(pack)
    assert FILE in loaded.info["files"] and set(loaded.info["probes"]) == {"colour", "type"}
    assert loaded.info["probes"]["colour"]["redrawn"]["held_out_photos"] > 0
    panel = panel_of(loaded, "ladies")
    assert panel is not None and panel.probes is not None and set(panel.probes.probes) == {"colour", "type"}


def test_a_suggestion_has_the_probes_answers(pack: Path, tmp_path: Path) -> None:
    run(Request(
        options=Options.of(n=2, steps=2, render="drawn"), out=tmp_path, example=1, audience="ladies", pack=str(pack),
        min_audience=1,
    ))  # fmt: skip
    for number, entry in enumerate(Result.read(tmp_path), start=1):
        assert set(entry.changes.attributes) == {"colour", "type"}
        said = entry.changes.attributes["colour"]
        assert said.before.value in ("Red", "Blue") and 0 <= said.after.confidence <= 1
        assert entry.check.place.worst <= entry.check.place.likely <= entry.check.place.best
        assert (tmp_path / f"nearest-{number}.png").is_file() and (tmp_path / entry.changes.map).is_file()


def test_without_verification_colours_alone_are_described(pack: Path, tmp_path: Path) -> None:
    run(Request(
        options=Options.of(n=2, steps=2, verify=False), out=tmp_path, example=1, audience="ladies", pack=str(pack),
        min_audience=1,
    ))  # fmt: skip
    changes = Result.read(tmp_path)[0].changes
    assert changes.attributes == {} and changes.palette.after and changes.words


def test_a_newer_generator_takes_them_away(pack: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(pack, tmp_path / "pack"))
    update_pack(
        root, generator=save_generator(tmp_path / "g.safetensors", small_generator(1)),
        encoder=save_encoder(tmp_path / "e.safetensors", small_encoder(1)), examples={"new": 1}, card={},
    )  # fmt: skip
    updated = load_pack(root)
    assert FILE not in updated.info["files"] and not (root / FILE).exists() and "probes" not in updated.info


def test_probes_of_other_eyes_are_refused(pack: Path, tmp_path: Path) -> None:
    from gigs.io import storage

    root = Path(shutil.copytree(pack, tmp_path / "pack"))
    old = load_probes(root / FILE)
    Probes(random_backbone("alexnet", 9).fingerprint(), old.mean, old.spread, old.probes).save(root / FILE)
    info = storage.read_json(root / "pack.json")
    info["files"][FILE] = storage.sha256_of(root / FILE)
    storage.write_json(root / "pack.json", info)
    with pytest.raises(ModelError, match="gigs pack probes"):
        panel_of(load_pack(root), "ladies")


def test_what_is_missing_is_named(pack: Path, shop: Catalogue, small_pack: Path) -> None:
    with pytest.raises(InputError, match="gigs pack scorers"):
        add_probes(small_pack, shop)
    with pytest.raises(InputError, match="`column` taste"):
        add_probes(pack, shop, columns=["taste"])


def test_redrawn_photos_are_of_both_kinds_and_no_more_than_asked_for() -> None:
    import numpy as np

    products, held_out = np.arange(100) // 2, np.arange(100) >= 80
    rows = packs_probes._again(products, held_out, 6)
    assert len(rows) == 12 and held_out[rows].sum() == 6
    assert set(rows[~held_out[rows]]) <= set(np.flatnonzero(subject.kept_back(products, held_out)))
