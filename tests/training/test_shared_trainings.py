"""Two processes end where one does, in every family, and go on from one another's checkpoints."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from gigs.data.importers.hm import HmSettings, import_hm
from gigs.training.checkpoint import load_checkpoint
from gigs.training.launch import launch
from tests.helpers.shared_trainings import RUNS, UNSEEN, apart, run

pytest.importorskip("accelerate", reason="the extra gigs[distributed] is not installed")
pytestmark = pytest.mark.slow

HALF = {"progan": 32, "vbpr": 1, "dvbpr": 1}  # images, or epochs, after which the number of processes changes
WHOLE = {"progan": 64, "vbpr": 2, "dvbpr": 2}
MORE = ("progan", "wgan", "encoder", "flow", "autoencoder", "refiner", "dvbpr")  # that two processes go on with
FEWER = ("projected", "dvbpr_gan", "flow", "autoencoder", "vbpr")  # that two processes begin
CHANGED = [*(f"more/{name}" for name in MORE), *(f"fewer/{name}" for name in FEWER)]
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
    more = {f"more/{name}": name for name in MORE}
    fewer = {f"fewer/{name}": name for name in FEWER}
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(), pytest.MonkeyPatch.context() as patch:
            patch.setenv("PYTHONPATH", str(Path(__file__).parents[2]), prepend=":")
            run(catalogue, root / "one", {name: WHOLE.get(name, 32) for name in RUNS})
            run(catalogue, root / "both", {out: HALF.get(name, 16) for out, name in more.items()})
            begun = {out: HALF.get(name, 16) for out, name in fewer.items()}
            ended = {out: WHOLE.get(name, 32) for out, name in more.items()}
            together(catalogue.root, root / "both", begun | ended)
            run(catalogue, root / "both", {out: WHOLE.get(name, 32) for out, name in fewer.items()})
    finally:
        torch.set_num_threads(before)
    return root / "one", root / "both"


def test_every_family_changes_its_number_of_processes():
    assert {*MORE, *FEWER} == set(RUNS)


@pytest.mark.parametrize("changed", CHANGED)
def test_two_processes_end_where_one_does(changed, folders):
    # The features that a projected critic looks at, here of random weights, enlarge any rounding until single weights
    # move otherwise; most of them do not.
    family = Path(changed).name
    how = torch.median if family == "projected" else torch.max
    far = apart(load_checkpoint(folders[0] / family), load_checkpoint(folders[1] / changed), how)
    assert len(far) > 3
    too_far = {key: value for key, value in far.items() if value > TOLERANCE and not UNSEEN.search(f"{family} {key}")}
    assert too_far == {}


@pytest.mark.parametrize("changed", CHANGED)
def test_the_first_process_alone_writes(changed, folders):
    """What one process leaves, and nothing more: no second log, no unfinished file, no lock."""
    one, both = folders[0] / Path(changed).name, folders[1] / changed
    drawn = ("samples", "reconstructions")  # at the end of each part
    differ = {path.name for path in one.iterdir()} ^ {path.name for path in both.iterdir()}
    assert {name for name in differ if not name.startswith(drawn)} == set()


def test_the_latents_that_two_make_are_those_of_one(folders):
    one, both = folders[0] / "flow", folders[1] / "fewer" / "flow"
    assert (one / "latents.npy").read_bytes() == (both / "latents.npy").read_bytes()
