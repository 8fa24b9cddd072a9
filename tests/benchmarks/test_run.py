import torch

from benchmarks import run
from gigs.audience import Audience
from gigs.method.models import Models
from gigs.method.presets import get_preset
from gigs.vision.compute import Compute
from tests.helpers.small_models import small_generator, small_recommender


def test_a_preset_is_run_and_measured(perceptual):
    models = Models(small_generator(), small_recommender(), perceptual)
    audience = Audience("everyone", 4, models.recommender.user_factors.mean(0).detach())
    photo = models.generator(models.generator.sample(1, torch.Generator().manual_seed(8))).detach()
    row = run.one(models, Compute(), get_preset("fast", n=2, steps=2), photo, audience, None, 0)
    assert row["steps"] == 2 and row["judged_gain"] is None and row["seconds"]["total"] > 0 and row["lpips"] > 0
