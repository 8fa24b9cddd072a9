from __future__ import annotations

import functools
import os
import sys
from pathlib import Path

import pytest
import torch

from gigs.data.catalogue import Catalogue
from gigs.data.importers.hm import import_hm
from gigs.errors import ModelError
from gigs.io.weights import fetch
from gigs.vision.lpips import PerceptualLoss

sys.path.insert(0, str(Path(__file__).parent))

from small_models import write_small_pack
from tiny import write_tiny_kaggle

torch.set_num_threads(min(2, os.cpu_count() or 1))


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
    return import_hm(tiny_source, tmp_path_factory.mktemp("tiny-catalogue"), image_size=64, hold_out=5)


@pytest.fixture(scope="session")
def small_pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A complete pack of small random networks; read only."""
    return write_small_pack(tmp_path_factory.mktemp("small-pack"))


@pytest.fixture(scope="session")
def perceptual() -> PerceptualLoss:
    """Real LPIPS with AlexNet, the cheaper of the two."""
    return PerceptualLoss("alex")


@functools.cache
def missing_weights() -> str:
    """Why third-party weights cannot be had here; empty if they can."""
    try:
        for name in ("lpips-alex", "alexnet-features", "lpips-vgg", "vgg16-features"):
            fetch(name)
    except ModelError as error:
        return str(error)
    return ""


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Without a network and a cache, skip what needs third-party weights, with the reason; in CI that is a failure."""
    if item.get_closest_marker("weights") and not os.environ.get("CI") and missing_weights():
        pytest.skip(missing_weights())
