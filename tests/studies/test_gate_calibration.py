from dataclasses import replace

import numpy as np
import pytest

from gigs.errors import InputError
from gigs.method.presets import get_preset
from gigs.packs import load_pack
from gigs.studies import gate_calibration as module
from gigs.studies.gate_calibration import GateCalibrationSettings, calibrate_gate
from gigs.vision.compute import Compute
from tests.helpers.small_models import write_small_pack

pytestmark = pytest.mark.usefixtures("pyramid_for_lpips")


@pytest.fixture
def quick(monkeypatch):
    """Few held-out photos and few steps."""
    monkeypatch.setattr(module, "FEWEST", 5)
    preset = get_preset("fast", steps=1)
    preset = replace(preset, inversion=replace(preset.inversion, restarts=0))
    monkeypatch.setattr(module, "get_preset", lambda name: preset)


def test_limits_come_from_held_out_photos(quick, tiny_catalogue, tmp_path):
    root = write_small_pack(tmp_path, encoder=True)
    settings = GateCalibrationSettings(photos=8, drift_weight=0.3)
    about = calibrate_gate(root, tiny_catalogue, settings, compute=Compute())
    assert about["calibrated"]["photos"] == 8 and len(about["mean"]) == 6
    gate = load_pack(root).gate
    for stage in ("draft", "optimised"):
        assert 0 < gate.limits[stage].rough < gate.limits[stage].refused and gate.limits[stage].drift == 0.3
    assert np.isfinite(gate.mean.numpy()).all()
    assert calibrate_gate(root, tiny_catalogue, settings, compute=Compute()) == about


def test_a_pack_without_an_encoder_is_told_what_to_do(small_pack, tiny_catalogue):
    with pytest.raises(InputError, match="gigs train encoder"):
        calibrate_gate(small_pack, tiny_catalogue)
