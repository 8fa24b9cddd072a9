"""Probes: what they learn, when they keep silent, how they are kept, and who takes them away."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gigs.errors import DataError, ModelError
from gigs.verify import probes as subject
from gigs.verify.category import PhotoFeatures
from gigs.verify.probes import NEVER, load_probes, thresholds_of, train_probes
from gigs.vision.backbone import Backbone


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Backbone("alexnet")


def photos(count: int = 1200, noise: float = 0.3, seed: int = 0):
    """Features that show a colour clearly, and a pattern not at all."""
    rng = np.random.default_rng(seed)
    colour, pattern = rng.integers(0, 3, count), rng.integers(0, 2, count)
    features = noise * rng.normal(size=(count, 6)).astype(np.float32)
    features[np.arange(count), colour] += 1
    labels = {"colour": np.array(["Red", "Blue", "Green"])[colour], "appearance": np.array(["Solid", "Dot"])[pattern]}
    return features, labels, np.arange(count) // 2, np.arange(count) >= count * 3 // 4


def test_what_shows_is_said_and_what_does_not_is_not(backbone: Backbone) -> None:
    features, labels, products, held_out = photos()
    probes = train_probes(PhotoFeatures(features, held_out, backbone, 64), labels, products, strength=1.0)
    about = {name: probe.about for name, probe in probes.probes.items()}
    assert about["colour"]["accuracy"] > 0.85 and about["colour"]["precision"] >= 0.8 and about["colour"]["said"] > 0.8
    assert about["appearance"]["said"] < 0.1  # a coin's guesses are not worth a word
    answers = probes(torch.from_numpy(features[held_out]))
    truth = labels["colour"][held_out]
    sure = [(one["colour"].value == true) for one, true in zip(answers, truth, strict=True) if one["colour"].sure]
    assert np.mean(sure) == pytest.approx(about["colour"]["precision"], abs=1e-3)


def test_they_come_back_as_they_were_saved(backbone: Backbone, tmp_path) -> None:
    features, labels, products, held_out = photos()
    probes = train_probes(PhotoFeatures(features, held_out, backbone, 64), labels, products)
    again = load_probes(probes.save(tmp_path / "probes.safetensors"))
    assert again.fingerprint == backbone.fingerprint()
    rows = torch.from_numpy(features[:50])
    for one, other in zip(probes(rows), again(rows), strict=True):
        assert {k: v.value for k, v in one.items()} == {k: v.value for k, v in other.items()}
        assert one["colour"].confidence == pytest.approx(other["colour"].confidence, abs=2e-3)


def test_thresholds_are_where_answers_are_right_often_enough() -> None:
    sure = np.linspace(0.5, 1, 200)
    probabilities = np.stack([sure, 1 - sure], axis=1)
    truth = (sure < 0.75).astype(int)  # right above .75, wrong below
    found = thresholds_of(probabilities, truth, 0.8)
    share = (truth[sure >= found[0]] == 0).mean()
    assert 0.8 <= share < 0.83 and found[1] == NEVER  # the second value is never guessed


def test_few_answers_prove_nothing() -> None:
    probabilities = np.tile([0.9, 0.1], (subject.ENOUGH - 1, 1))
    assert (thresholds_of(probabilities, np.zeros(len(probabilities), dtype=int), 0.8) == NEVER).all()


def test_a_column_of_one_value_is_refused(backbone: Backbone) -> None:
    features, labels, products, held_out = photos()
    labels["colour"][:] = "Red"
    with pytest.raises(DataError, match="column 'colour'"):
        train_probes(PhotoFeatures(features, held_out, backbone, 64), labels, products)


def test_another_file_is_refused(tmp_path) -> None:
    from gigs.io import storage

    path = storage.save_tensors(tmp_path / "x.safetensors", {"mean": torch.zeros(2)}, {"kind": "gallery"})
    with pytest.raises(ModelError, match="gigs pack probes"):
        load_probes(path)
