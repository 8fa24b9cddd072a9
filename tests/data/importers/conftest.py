from __future__ import annotations

from pathlib import Path

import pytest

from gigs.data.catalogue import Catalogue
from gigs.data.importers.folder import ShopFiles, import_folder
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
