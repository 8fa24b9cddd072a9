"""The five lines of the README, with the bundled pack and its real judges."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import gigs
from gigs.inversion.gate import RefusedError

pytestmark = [pytest.mark.slow, pytest.mark.weights]


def test_the_five_lines_of_the_readme(tmp_path: Path) -> None:
    """With the bundled pack and its real judges."""
    shutil.copy(gigs.load_pack().examples()[0], tmp_path / "shirt.png")
    result = gigs.suggest(tmp_path / "shirt.png", audience="women", n=2, steps=3)
    assert isinstance(result[0].image, Image.Image) and result[0].image.size == result.photo.image.size
    assert result[0].drawn.size == (128, 128)
    assert result[0].verdict in ("likely", "unclear", "no gain found", "no promise")
    assert isinstance(result[0].gain, float) and result[0].words.endswith(".")
    folder = result.save(tmp_path / "out")
    assert {"report.html", "result.json", "contact-sheet.png"} <= {path.name for path in folder.iterdir()}
    assert "data:image/png;base64," in result._repr_html_()
    assert "women" in gigs.load_pack().audiences


def test_what_cannot_be_redrawn_is_refused(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (200, 150, 3), dtype=np.uint8)
    with pytest.raises(RefusedError, match="could not be redrawn"):
        gigs.suggest(noise, preset="preview", n=2)
    assert gigs.suggest(noise, force=True, preset="preview", n=2).gate.grade == "refused"
