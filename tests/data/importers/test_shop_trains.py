"""A shop of its own data is trained on by the same code as any other: nothing relies on one source's columns."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gigs.audience import select_audience
from gigs.data.select import odds, select
from gigs.generator.base import load_generator
from gigs.generator.families.progan import ProGANSettings
from gigs.generator.train.progressive import train_generator
from gigs.generator.train.schedule import Growth
from gigs.generator.train.settings import TrainSettings
from gigs.recommender import defaults_for, load_recommender, recommend, train_recommender
from gigs.vision.compute import Compute
from tests.data.importers.shops import WEIGHTS, load

TINY = {"input_size": 64, "hidden": 16, "width": 0.125, "factors": 8, "epochs": 2, "batch_size": 64}


@pytest.fixture(scope="module")
def shop(messy, tmp_path_factory):
    return load(messy, tmp_path_factory.mktemp("shop"), image_size=64, event_weights=WEIGHTS)


def test_a_recommender_is_trained_and_audiences_are_chosen(shop, tmp_path):
    trained = train_recommender(shop, defaults_for("dvbpr", **TINY), tmp_path)
    assert 0 <= trained.metrics["test-all"]["model"]["overall"]["auc"]["value"] <= 1
    model = load_recommender(trained.path)
    assert {"@lonely", "c000", "c079"} <= set(model.user_ids)
    audience = select_audience('age >= 18 and main_section in ["Women", "Men"]', model, shop)
    assert 60 <= audience.users <= 70
    best = recommend(model, shop, "c004", top=3)
    assert {"item_id", "name", "type", "colour", "section"} <= set(best.columns)


def test_a_generator_is_trained_on_a_part_of_it(shop, tmp_path):
    where = 'type == "Dress" and x_class == "x"'
    rows = select(shop, shop.train_items(), where)
    assert len(rows) > 10 and torch.isfinite(odds(shop, rows, "group")).all()
    settings = TrainSettings(
        objective="adversarial", network=ProGANSettings(resolution=16, latent_dim=16, fmap_base=64, fmap_max=16),
        growth=Growth(images_below_top=(16,), top_fade_images=8), images=48, batch=8, checkpoint_every=48,
        grid_every=48, where=where,
    )  # fmt: skip
    path = train_generator(shop, tmp_path, settings, Compute())
    picture = load_generator(path)(torch.zeros(1, 16))
    assert picture.shape == (1, 3, 16, 16) and np.isfinite(picture.detach().numpy()).all()
