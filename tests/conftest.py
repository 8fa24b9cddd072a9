from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from pathlib import Path

import gigs  # noqa: F401 - before PyTorch: threads that wait sleep, or workers of pytest-xdist hinder one another

# The probe for the fastest numbers takes seconds in every command that trains; `vision/test_compute.py` tests it.
os.environ.setdefault("GIGS_COMPUTE", "fp32")
# Rich keeps the width it finds when it is imported, and is then deaf to what `command_line.gigs` asks for.
os.environ.pop("COLUMNS", None)

import pytest
import torch

from gigs.data.catalogue import Catalogue
from gigs.data.importers.hm import HmSettings, import_hm
from gigs.errors import ModelError
from gigs.io.weights import fetch
from tests.helpers import stand_ins
from tests.helpers.colour_shop import colour_shop
from tests.helpers.sharing import made_once
from tests.helpers.shop_packs import NAMES, shop_limits, shop_pack, train_for_shop, train_third_judge
from tests.helpers.small_models import write_small_pack
from tests.helpers.tiny import write_tiny_kaggle

WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
torch.set_num_threads(max(1, min(2, torch.get_num_threads(), (os.cpu_count() or 1) // WORKERS)))


@pytest.fixture(scope="session")
def hm_source() -> Path:
    """Folder of the H&M sample; tests that use it are marked `hm`."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data" / "hm"
    folder = Path(os.environ.get("GIGS_HM") or beside)
    if not (folder / "articles.csv").is_file():
        pytest.skip(f"no H&M sample in {folder}; set GIGS_HM to the folder that holds articles.csv")
    return folder


@pytest.fixture(scope="session")
def tiny_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny shop as Kaggle would hand it out; shared, so copy it before changing anything."""
    return write_tiny_kaggle(tmp_path_factory.mktemp("tiny-source"))


@pytest.fixture(scope="session")
def tiny_catalogue(tiny_source: Path, tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """The tiny shop imported at 64 px with 5 products held out; shared, so read only."""
    return import_hm(tiny_source, tmp_path_factory.mktemp("tiny-catalogue"), HmSettings(image_size=64, hold_out=5))


@pytest.fixture(scope="session")
def small_pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A complete pack of small random networks; read only."""
    return write_small_pack(tmp_path_factory.mktemp("small-pack"))


@pytest.fixture(scope="module")
def small_limits() -> Iterator[None]:
    """Limits that fit the colour shop, and no weights fetched; for modules that use the three fixtures below."""
    with shop_limits():
        yield


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """The colour shop: 60 buyers, of whom the even ones want red; read only."""
    return colour_shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="session")
def recommenders(shop: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files of target and judges, with their users; read only."""
    with shop_limits():
        root = made_once(tmp_path_factory, "recommenders", lambda folder: train_for_shop(shop, folder))
    return {name: root / name / "recommender.safetensors" for name in NAMES}


@pytest.fixture(scope="session")
def third_judge(shop: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """File of a judge of the target's own buyers, with its users; read only."""
    with shop_limits():
        root = made_once(tmp_path_factory, "third-judge", lambda folder: train_third_judge(shop, folder))
    return root / "recommender.safetensors"


@pytest.fixture(scope="session")
def shops_pack(shop: Catalogue, recommenders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack with them as scorers; read only."""
    with shop_limits():
        return made_once(tmp_path_factory, "shops-pack", lambda folder: shop_pack(shop, recommenders, folder))


@pytest.fixture(scope="session")
def perceptual() -> stand_ins.Pyramid:
    """Stands in for LPIPS, whose weights would have to be downloaded: any distance between pictures will do."""
    return stand_ins.Pyramid()


@pytest.fixture(autouse=True)
def backdrop_for_salience(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The backdrop's colour cuts products out, but where the real network is asked for with all other weights."""
    if not request.node.get_closest_marker("weights"):
        monkeypatch.setattr("gigs.transfer.looks.salience", stand_ins.backdrop_salience)


@pytest.fixture
def pyramid_for_lpips() -> Iterator[None]:
    """The same wherever gigs itself makes its LPIPS."""
    with stand_ins.pyramid_for_lpips():
        yield


@pytest.fixture(scope="module")
def pyramid_for_lpips_throughout() -> Iterator[None]:
    """The same in a whole module, also in its own fixtures of that scope if they come after it."""
    with stand_ins.pyramid_for_lpips():
        yield


@functools.cache
def missing_weights() -> str:
    """Why third-party weights cannot be had here; empty if they can."""
    try:
        for name in ("lpips-alex", "alexnet-features", "lpips-vgg", "vgg16-features"):
            fetch(name)
    except ModelError as error:
        return str(error)
    return ""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests come first: at the end of a run, no worker is left alone with one of them."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Without a network and a cache, skip what needs third-party weights, with the reason; in CI that is a failure."""
    if item.get_closest_marker("weights") and not os.environ.get("CI") and missing_weights():
        pytest.skip(missing_weights())
