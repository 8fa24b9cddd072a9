import argparse

import numpy as np
import pytest

from benchmarks import shown
from benchmarks.shown_tables import two_sample_auc


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def features(rng, photos, each, shift=0.0):
    """Pictures of some photos: those of one are alike."""
    return np.repeat(rng.normal(size=(photos, 16)), each, axis=0) + 0.1 * rng.normal(size=(photos * each, 16)) + shift


def test_the_classifier_tells_what_differs_and_no_more(rng):
    photos = np.repeat(np.arange(40), 8)
    real = features(rng, 300, 1)
    assert two_sample_auc(real, features(rng, 40, 8, shift=2.0), photos) > 0.95
    # eight pictures of one photo are in one fold, so that it cannot win by knowing the photo
    assert 0.3 < two_sample_auc(real, features(rng, 40, 8), photos) < 0.65


def test_an_arm_names_its_preset():
    assert shown.arm("fast").on_photo.inversion.steps == 0 and shown.arm("fast").render == "photo"
    assert shown.arm("fast-drawn").render == "drawn"
    slow = shown.arm("fast:40")
    assert slow.inversion.steps == 40 and slow.on_photo.inversion.steps == 40


def test_options_have_defaults():
    options = shown.parse(["--hm", "somewhere"])
    assert options.photos == 100 and options.real == 400 and isinstance(options, argparse.Namespace)
