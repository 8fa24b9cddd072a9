"""Two processes end where one does, in every family, and go on from one another's checkpoints."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from gigs.data.importers.hm import HmSettings, import_hm
from gigs.training.checkpoint import load_checkpoint
from gigs.training.launch import launch
from tests.helpers.shared_trainings import RUNS, UNSEEN, apart, run

pytest.importorskip("accelerate", reason="the extra gigs[distributed] is not installed")
pytest.importorskip("diffusers", reason="the extra gigs[diffusion] is not installed")
pytestmark = [
    pytest.mark.skipif(
        not os.environ.get("GIGS_SHARED_TRAININGS"), reason="takes many minutes: set GIGS_SHARED_TRAININGS=1"
    ),
    *(pytest.mark.slow if isinstance(pytest.mark.slow, list) else [pytest.mark.slow]),
]

HALF = {"progan": 32, "vbpr": 1, "dvbpr": 1}  # images, or epochs, after which the number of processes changes
WHOLE = {"progan": 64, "vbpr": 2, "dvbpr": 2}
MORE, FEWER = list(RUNS)[::2], list(RUNS)[1::2]  # runs that two processes go on with, and that they begin
# Of any weight. Adam divides by a gradient's own size, so that the rounding of one near zero is enlarged;
# docs/guides/several-devices.md has what is measured.
TOLERANCE = 3e-4


def together(catalogue: Path, out: Path, jobs: dict[str, int]) -> None:
    names = [f"{name}={images}" for name, images in jobs.items()]
    launch(["-m", "tests.helpers.shared_trainings", str(catalogue), str(out), *names], 2)


@pytest.fixture(scope="module")
def folders(tiny_source, tmp_path_factory) -> tuple[Path, Path]:
    """Runs of one process; and the same ones, of one and then two, or of two and then one."""
    root = tmp_path_factory.mktemp("shared")
    catalogue = import_hm(tiny_source, root / "catalogue", HmSettings(image_size=64, hold_out=5))
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(), pytest.MonkeyPatch.context() as patch:
            patch.setenv("PYTHONPATH", str(Path(__file__).parents[2]), prepend=":")
            run(catalogue, root / "one", {name: WHOLE.get(name, 32) for name in RUNS})
            run(catalogue, root / "both", {name: HALF.get(name, 16) for name in MORE})
            begun = {name: HALF.get(name, 16) for name in FEWER}
            together(catalogue.root, root / "both", begun | {name: WHOLE.get(name, 32) for name in MORE})
            run(catalogue, root / "both", {name: WHOLE.get(name, 32) for name in FEWER})
    finally:
        torch.set_num_threads(before)
    return root / "one", root / "both"


@pytest.mark.parametrize("family", RUNS)
def test_two_processes_end_where_one_does(family, folders):
    # The features that a projected critic looks at, here of random weights, enlarge any rounding until single weights
    # move otherwise; most of them do not.
    how = torch.median if family == "projected" else torch.max
    far = apart(*(load_checkpoint(folder / family) for folder in folders), how)
    assert len(far) > 3
    too_far = {key: value for key, value in far.items() if value > TOLERANCE and not UNSEEN.search(f"{family} {key}")}
    assert too_far == {}


@pytest.mark.parametrize("family", RUNS)
def test_the_first_process_alone_writes(family, folders):
    """What one process leaves, and nothing more: no second log, no unfinished file, no lock."""
    one, both = ({path.name for path in (folder / family).iterdir()} for folder in folders)
    drawn = ("samples", "reconstructions")  # at the end of each part
    assert {name for name in one ^ both if not name.startswith(drawn)} == set()


def test_the_latents_that_two_make_are_those_of_one(folders):
    one, both = ((folder / "flow" / "latents.npy").read_bytes() for folder in folders)
    assert "flow" in FEWER and one == both
