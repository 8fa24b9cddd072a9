from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from gigs.data.catalogue import Catalogue
from gigs.data.importers.folder import ShopFiles, import_folder
from gigs.data.importers.hm import HmSettings, import_hm
from gigs.progress import OnStep, silent
from tests.data.importers.databases import SETTINGS
from tests.data.importers.messy import write_messy


@pytest.fixture(scope="session")
def messy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop's untidy export; shared, so copy it before changing anything."""
    return write_messy(tmp_path_factory.mktemp("messy"))


@pytest.fixture(scope="session")
def messy_catalogue(messy, tmp_path_factory) -> Catalogue:
    """The messy shop imported from its files as the database tests import it; read only."""
    files = ShopFiles(items=messy / "items.csv", interactions=messy / "events.csv")
    return import_folder(files, messy / "photos", tmp_path_factory.mktemp("files"), settings=SETTINGS)


@pytest.fixture
def source(tiny_source, tmp_path):
    """The tiny shop as Kaggle hands it out, to be changed."""
    return shutil.copytree(tiny_source, tmp_path / "source")


@pytest.fixture
def load(source, tmp_path):
    """Import the changed source."""

    def load(on_step: OnStep = silent, **options: Any) -> Catalogue:
        settings = HmSettings(**{"image_size": 32, "hold_out": 5, **options})
        return import_hm(source, tmp_path / "out", settings, on_step=on_step)

    return load
