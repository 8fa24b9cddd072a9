from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from gigs.vision.backbone import Backbone
from tests.recommender.toys import ToyCatalogue, checkerboard


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def toy(tmp_path: Path) -> ToyCatalogue:
    return checkerboard(tmp_path / "catalogue")


@pytest.fixture(scope="session")
def random_backbone() -> Backbone:
    """EfficientNet-Lite0 without its ImageNet weights: random, but its features still tell colours apart."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Backbone("efficientnet-lite0")
