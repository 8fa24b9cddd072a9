"""Truth known: red buyers. A redesign that turns red must pass; an attack on the target's pixels must be exposed."""

from __future__ import annotations

import pytest
import torch

from gigs.verify.controls import pixel_attack
from gigs.verify.scorer import Scorer
from gigs.verify.verdict import Belief, JudgeGain, believe
from tests.helpers.colour_shop import EYES, colour_shop, garment, trained_scorer

pytestmark = pytest.mark.slow  # trains a target and two judges

BLUE, RED = (30, 60, 200), (200, 60, 30)


@pytest.fixture(scope="module")
def scorers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Scorer]:
    root = tmp_path_factory.mktemp("shop")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    catalogue = colour_shop(root)
    found = {name: trained_scorer(name, catalogue, root)[0] for name in EYES}
    torch.set_num_threads(threads)
    return found


def verdict_on(picture: torch.Tensor, photo: torch.Tensor, scorers: dict[str, Scorer]) -> Belief:
    judges = [scorer for scorer in scorers.values() if scorer.role == "judge"]
    gains = []
    for judge in judges:
        phi = judge.recommender.features(torch.cat([photo, picture]))
        error = judge.taste.error(phi[1:] - phi[:1]) / judge.taste.spread
        gains.append(JudgeGain(judge.name, float(judge.z_of(phi[1]) - judge.z_of(phi[0])), float(error), judge.weak))
    return believe(gains, disagreement=0.1)


def test_a_true_improvement_passes_and_an_attack_is_exposed(scorers: dict[str, Scorer]) -> None:
    photo, red = garment("T-shirt", BLUE), garment("T-shirt", RED)
    target = scorers["target"]
    gain = float(target.z(red) - target.z(photo))
    assert gain > 1
    true = verdict_on(red, photo, scorers)
    assert true.verdict == "likely" and true.low > 0

    attacked = pixel_attack(photo, target, 0.5 * gain)
    assert float(target.z(attacked) - target.z(photo)) >= 0.5 * gain  # the target is fooled
    assert float((attacked - photo).abs().max()) <= 8 / 255 + 1e-6  # by a change that hardly shows
    exposed = verdict_on(attacked, photo, scorers)
    assert exposed.verdict != "likely" and exposed.gain < 0.1 * gain


def test_the_wrong_way_round_finds_no_gain(scorers: dict[str, Scorer]) -> None:
    away = verdict_on(garment("Dress", BLUE), garment("Dress", RED), scorers)
    assert away.verdict == "no gain found" and away.high < 0


def test_an_attack_without_reach_stops_at_its_budget(scorers: dict[str, Scorer]) -> None:
    photo = garment("Trousers", BLUE)
    attacked = pixel_attack(photo, scorers["target"], 100.0, steps=90)
    assert float((attacked - photo).abs().max()) <= 8 / 255 + 1e-6
    assert attacked.min() >= 0 and attacked.max() <= 1
