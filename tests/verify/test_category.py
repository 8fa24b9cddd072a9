from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from gigs.errors import DataError
from gigs.verify.category import CategoryClassifier, PhotoFeatures, families_of, load_category, train_category
from tests.helpers.colour_shop import random_backbone


def clouds(centres: np.ndarray, each: int = 80, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    features = np.concatenate([centre + rng.normal(size=(each, centres.shape[1])) for centre in centres])
    return features.astype(np.float32), np.repeat([f"type-{row}" for row in range(len(centres))], each)


def test_types_that_photos_do_not_tell_apart_share_a_family(tmp_path: Path) -> None:
    centres = np.zeros((4, 896))
    centres[0, :20], centres[1, :20] = 6.0, 6.1  # next to one another
    centres[2, 20:40], centres[3, 40:60] = 6.0, 6.0
    features, labels = clouds(centres)
    held_out = np.arange(len(labels)) % 4 == 0
    backbone = random_backbone("alexnet", 0)
    found = train_category(PhotoFeatures(features, held_out, backbone, 64), labels)
    assert found.about["family_accuracy"] > 0.95 > found.about["accuracy"]
    families = dict(zip(found.names, found.families, strict=True))
    assert families["type-0"] == families["type-1"] and len(set(families.values())) == 3
    assert found.family_name(families["type-0"]) == "type-0 / type-1"

    again = load_category(found.save(tmp_path / "category.safetensors"))
    assert again.names == found.names and again.families == found.families and again.about == found.about
    features = torch.from_numpy(features)
    assert (again.logits(features).argmax(1) == found.logits(features).argmax(1)).float().mean() > 0.99
    sums = found.family_probabilities(found.logits(features).softmax(1))
    torch.testing.assert_close(sums.sum(1), torch.ones(len(sums)))


def test_merging_stops_at_two_families() -> None:
    rng = np.random.default_rng(0)
    assert len(set(families_of(rng.integers(0, 5, 500), rng.integers(0, 5, 500), 0.99))) == 2
    perfect = np.arange(50) % 5
    assert families_of(perfect, perfect, 0.9) == (0, 1, 2, 3, 4)


def test_one_category_is_none() -> None:
    features, labels = clouds(np.zeros((1, 896)))
    with pytest.raises(DataError, match="two or more"):
        train_category(PhotoFeatures(features, np.zeros(80, dtype=bool), random_backbone("alexnet", 0), 64), labels)


def classifier(*families: int) -> CategoryClassifier:
    count = len(families)
    nothing = torch.zeros(count)
    names = tuple(f"type-{number}" for number in range(count))
    return CategoryClassifier("alexnet", "", 64, names, torch.eye(count), nothing, nothing, nothing + 1, families)


def test_two_families_that_are_near_are_asked_about_and_others_are_not() -> None:
    found = classifier(0, 0, 1, 2)
    near = torch.tensor([0.2, 0.3, 0.4, 0.1])
    assert found.question(near) == (("type-1", pytest.approx(0.5)), ("type-2", pytest.approx(0.4)))
    assert found.question(torch.tensor([0.1, 0.1, 0.75, 0.05])) == ()  # 3.75 times as likely as the next
    alike = torch.tensor([0.48, 0.47, 0.03, 0.02])  # two of one family, which nobody has to tell apart
    assert found.question(alike) == ()
