import numpy as np
import pytest
import torch

from gigs.errors import ModelError
from gigs.inversion.gate import Gate, Limits, RefusedError, calibrate

LIMITS = {"draft": Limits(0.5, 0.4, 0.6), "optimised": Limits(0.5, 0.2, 0.3)}


@pytest.fixture
def gate():
    return Gate(LIMITS, torch.zeros(3))


def test_grades_follow_the_mismatch_and_the_stage(gate):
    assert gate.judge(0.1, 0.1, draft=False).grade == "good"
    assert gate.judge(0.1, 0.3, draft=False).grade == "rough"
    refused = gate.judge(0.25, 0.3, draft=False)
    assert refused.grade == "refused" and refused.mismatch == pytest.approx(0.4) and "garment" in refused.words
    assert gate.judge(0.25, 0.3, draft=True).grade == "good"
    assert RefusedError.exit_code == 3


def test_drift_is_nothing_for_the_same_and_two_for_the_opposite(gate):
    features = torch.tensor([[1.0, 2.0, 0.0], [1.0, 0.0, 0.0]])
    other = torch.tensor([[2.0, 4.0, 0.0], [-3.0, 0.0, 0.0]])
    torch.testing.assert_close(gate.drift(features, other), torch.tensor([0.0, 2.0]), atol=1e-6, rtol=0)


def test_calibration_sets_the_shares_it_promises():
    rng = np.random.default_rng(0)
    lpips, drift = rng.gamma(4, 0.05, 1000), rng.random(1000)
    limits = calibrate(lpips, drift, weight=0.2)
    mismatch = lpips + 0.2 * drift
    assert np.mean(mismatch > limits.rough) == pytest.approx(0.25, abs=0.01)
    assert np.mean(mismatch > limits.refused) == pytest.approx(0.05, abs=0.01)


def test_a_pack_without_a_gate_and_one_with_a_broken_gate():
    assert Gate.from_pack(None) is None
    about = {"limits": {name: vars(limits) for name, limits in LIMITS.items()}, "mean": [0.0, 0.0, 0.0]}
    assert Gate.from_pack(about).limits == LIMITS
    with pytest.raises(ModelError, match="calibrate the pack again"):
        Gate.from_pack({"limits": {"draft": {}}, "mean": []})
