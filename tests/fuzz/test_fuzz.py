"""A short run of what `make fuzz` does for long: damaged files end in typed errors."""

from __future__ import annotations

import pytest
from PIL import features

from gigs.errors import ModelError
from gigs.io import storage
from tests.fuzz.run import attempt
from tests.fuzz.targets import hostile_headers, make_targets

INPUTS, SEED = 40, 0
NAMES = (
    "jpeg", "png", "webp", "safetensors: generator", "safetensors: encoder", "safetensors: recommender",
    "safetensors: dvbpr-gan", "safetensors: critic", "npy", "parquet",
    "table.csv", "table.jsonl", "table.json", "table.parquet",
    "checkpoint", "pickle", "pack.json", "result.json", "manifest.json",
    ".audience", "safetensors: tastes", "shop tables", "result folder",
    *(("avif",) if features.check("avif") else ()),
)  # fmt: skip


@pytest.fixture(scope="module")
def targets(tmp_path_factory):
    return make_targets(tmp_path_factory.mktemp("fuzz"))


def test_every_target_is_listed(targets):
    assert set(NAMES) == set(targets)


@pytest.mark.parametrize("name", NAMES)
def test_valid_files_are_read(targets, name):
    for content in targets[name].seeds:
        targets[name].read(content)


@pytest.mark.parametrize("name", NAMES)
def test_damaged_files_end_in_typed_errors(targets, name):
    """Rows 2, 3, 18, 19, 36, 39, 51."""
    outcomes = [attempt(targets[name], number, SEED) for number in range(INPUTS)]
    assert set(outcomes) <= {"accepted", "refused"}
    assert "refused" in outcomes  # the damage is real


def test_the_same_seed_gives_the_same_inputs(targets):
    for target in targets.values():
        assert target.input(3, SEED) == target.input(3, SEED) != target.input(4, SEED)


def test_safetensors_that_ask_for_more_than_they_hold(tmp_path):
    """Row 19: lengths, offsets and shapes without end are refused before memory is taken."""
    for number, content in enumerate(hostile_headers()):
        path = tmp_path / f"{number}.safetensors"
        path.write_bytes(content)
        with pytest.raises(ModelError, match=path.name):
            storage.load_tensors(path)
