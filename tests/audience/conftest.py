from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from colour_shop import colour_shop
from shop_packs import shop_limits, shop_pack, train_for_shop

from gigs.data.catalogue import Catalogue


@pytest.fixture(scope="module", autouse=True)
def small_limits() -> Iterator[None]:
    with shop_limits():
        yield


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """The colour shop: 60 buyers, of whom the even ones want red; read only."""
    return colour_shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="session")
def recommenders(shop: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files of target and judges, with their users."""
    with shop_limits():
        return train_for_shop(shop, tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="session")
def shops_pack(shop: Catalogue, recommenders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack with them as scorers; read only."""
    with shop_limits():
        return shop_pack(shop, recommenders, tmp_path_factory.mktemp("pack"))
