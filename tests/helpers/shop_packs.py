"""A pack with a target, two judges and a gallery, really trained on the colour shop."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from gigs.data.catalogue import Catalogue
from gigs.io import storage
from gigs.packs import Pack
from gigs.packs.build import judges as judges_module
from gigs.packs.build import scorers as scorers_module
from gigs.packs.build.scorers import ScorerFiles, ScorerSettings, add_scorers
from gigs.packs.panel import panel_for
from gigs.recommender import defaults_for, train_recommender
from gigs.verify import category as category_module
from gigs.verify.panel import Panel
from gigs.vision.backbone import Backbone
from tests.helpers.colour_shop import EYES, random_backbone
from tests.helpers.small_models import RESOLUTION, write_small_pack

NAMES = {"main": "target", "first": "judge-a", "second": "judge-b"}


@contextmanager
def shop_limits() -> Iterator[None]:
    """A shop of 48 items and 60 buyers is too small for the real limits; and no weights are fetched."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(category_module, "FEWEST", 5)
        patch.setattr(scorers_module, "MINIMUM_USERS", 5)
        patch.setattr(judges_module, "MINIMUM_USERS", 5)
        seeds = {eyes: seed for eyes, _, seed in EYES.values()}
        patch.setattr(Backbone, "pretrained", classmethod(lambda cls, name: random_backbone(name, seeds[name])))
        patch.setenv("GIGS_COMPUTE", "fp32")
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        yield
        torch.set_num_threads(threads)


def train_for_shop(shop: Catalogue, root: Path) -> dict[str, Path]:
    """The three recommenders of `NAMES`, by name; within `shop_limits`."""
    return {name: _trained(shop, EYES[role], root / name) for name, role in NAMES.items()}


def train_third_judge(shop: Catalogue, root: Path) -> Path:
    """A judge that learned from the target's own buyers through other eyes; within `shop_limits`."""
    return _trained(shop, ("vgg16", 0, 3), root)


def _trained(shop: Catalogue, how: tuple[str, int, int], root: Path) -> Path:
    eyes, fold, seed = how
    settings = defaults_for(
        "vbpr", users="purchases", factors=6, backbone=eyes, fold=fold, seed=seed, input_size=64,
        image_size=RESOLUTION, epochs=6, patience=6, batch_size=64, learning_rate=1e-3,
    )  # fmt: skip
    return train_recommender(shop, settings, root).path


def shop_pack(shop: Catalogue, files: dict[str, Path], root: Path) -> Path:
    """The small pack with them as scorers, and the audiences `everyone` and `ladies`; within `shop_limits`."""
    write_small_pack(root, encoder=True)
    info = storage.read_json(root / "pack.json")
    info["audiences"] = {
        "everyone": info["audiences"]["everyone"],
        "ladies": {**info["audiences"]["few"], "condition": "bought_ladieswear > 3"},
    }
    storage.write_json(root / "pack.json", info)
    wanted = ScorerFiles(targets={"main": files["main"]}, judges={n: files[n] for n in ("first", "second")})
    add_scorers(root, shop, wanted, ScorerSettings(category_backbone="vgg16"))
    return root


def panel_of(pack: Pack, name: str) -> Panel | None:
    """The panel for one of a pack's audiences."""
    return panel_for(pack, pack.audience(name))
