"""The kit for a machine with a GPU: photos as shards, checkpoints in parts, pieces of a run, snapshots."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from gigs.data.catalogue import Catalogue
from gigs.errors import InputError
from gigs.generator.convert.autoencoder import load_autoencoder
from gigs.vision.compute import Compute

KIT = Path(__file__).resolve().parents[1] / "training"


def script(name):
    spec = importlib.util.spec_from_file_location(name.replace("-", "_"), KIT / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def packing():
    return script("pack-photos")


@pytest.fixture(scope="module")
def shards(packing, tiny_catalogue, tmp_path_factory):
    return packing.pack(tiny_catalogue, tmp_path_factory.mktemp("shards"), largest=40_000, quality=90)


def test_shards_stay_below_their_size_and_hold_every_photo_once(packing, shards, tiny_catalogue, tmp_path):
    assert len(shards) > 1 and all(path.stat().st_size <= 40_000 for path in shards)
    again = packing.unpack(shards, tmp_path)
    assert again.items["item_id"].tolist() == tiny_catalogue.items["item_id"].tolist()
    assert again.train_items().tolist() == tiny_catalogue.train_items().tolist()
    assert again.held_out_items().tolist() == tiny_catalogue.held_out_items().tolist()
    far = np.abs(again.images(64).astype(int) - tiny_catalogue.images(64).astype(int))
    assert far.mean() < 3
    assert len(again.users) == len(again.interactions) == 0


def test_what_has_arrived_can_be_used_and_the_rest_added(packing, shards, tiny_catalogue, tmp_path):
    first = packing.unpack(shards[:1], tmp_path)
    some = int(first.items["has_image"].sum())
    assert 0 < some < len(tiny_catalogue.items)
    assert packing.unpack(shards[1:], tmp_path).items["has_image"].all()


def test_a_damaged_shard_is_named(packing, shards, tmp_path):
    broken = tmp_path / "photos-00.zip"
    broken.write_bytes(shards[0].read_bytes()[:5000])
    with pytest.raises(InputError, match=r"photos-00.zip: damaged"):
        packing.unpack([broken], tmp_path / "out")


def test_a_checkpoint_survives_its_parts(tmp_path):
    parts = script("parts")
    whole = tmp_path / "checkpoint.pt"
    whole.write_bytes(os.urandom(2500))
    made = parts.split(whole, tmp_path / "parts", largest=1000)
    assert [path.stat().st_size for path in made] == [1000, 1000, 500]
    assert parts.join(tmp_path / "parts", tmp_path / "again.pt").read_bytes() == whole.read_bytes()
    made[1].write_bytes(bytes(1000))
    with pytest.raises(InputError, match="damaged"):
        parts.join(tmp_path / "parts", tmp_path / "bad.pt")
    made[1].unlink()
    with pytest.raises(InputError, match="part-001: missing"):
        parts.join(tmp_path / "parts", tmp_path / "bad.pt")
    assert not (tmp_path / "bad.pt").exists()


@pytest.mark.skipif(shutil.which("timeout") is None, reason="no timeout command here")
def test_a_piece_resumes_where_there_is_a_checkpoint(tmp_path):
    """Against a stand-in for gigs that says how it was called, and makes a checkpoint."""
    stand_in = tmp_path / "gigs"
    stand_in.write_text('#!/bin/sh\necho "$@"\nmkdir -p run && touch run/checkpoint.pt\n')
    stand_in.chmod(0o755)
    command = ["sh", KIT / "piece.sh", "1", "run", "flow", "shop", "--seed", "3"]
    environment = os.environ | {"GIGS": str(stand_in)}
    said = [
        subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    assert said[0].splitlines()[0] == "train flow shop --out run --seed 3"
    assert said[1].splitlines()[0] == "train flow shop --out run --seed 3 --resume"


@pytest.mark.weights
def test_snapshots_are_measured_and_joined(tiny_catalogue, tmp_path, monkeypatch):
    from gigs.generator.base import load_generator
    from gigs.generator.train.autoencoder import train_autoencoder
    from gigs.generator.train.flow import LatentData, train_flow
    from tests.generator.families.test_autoencoder import NETWORK
    from tests.generator.families.test_autoencoder import TRAIN as CODER
    from tests.generator.families.test_latent_flow import TRAIN as FLOW

    snapshot = script("snapshot")
    monkeypatch.setattr(snapshot, "LARGEST", 40_000)
    catalogue = Catalogue.open(tiny_catalogue.root)
    train_autoencoder(catalogue, tmp_path / "a", replace(CODER, images=8), Compute())
    path = snapshot.snapshot_autoencoder(catalogue, tmp_path / "a", tmp_path / "out", 4)
    _, about = load_autoencoder(path)
    assert about["held_out"]["lpips_vgg"]["n"] == 4 and about["images_shown"] == 8
    assert "| autoencoder alone | lpips_vgg |" in (tmp_path / "out" / "autoencoder.md").read_text()
    train_flow(LatentData(catalogue, path), tmp_path / "f", replace(FLOW, images=8), Compute())
    files = snapshot.snapshot_flow(catalogue, tmp_path / "f", tmp_path / "out", path, 2)
    assert len(files) > 1 and "images, drawn from" in (tmp_path / "out" / "flow.md").read_text()
    generator = load_generator(snapshot.join(files, tmp_path / "generator.safetensors"))
    assert generator.resolution == NETWORK.resolution and generator.about["images_shown"] == 8


@pytest.mark.weights
def test_a_cascades_snapshot_is_a_cascade_again(tiny_catalogue, tmp_path):
    from gigs.generator.base import load_generator, save_generator
    from gigs.generator.train.refiner import train_refiner
    from tests.generator.families.test_cascade import TRAIN, flow_with

    snapshot, catalogue = script("snapshot"), Catalogue.open(tiny_catalogue.root)
    flow = save_generator(tmp_path / "flow.safetensors", flow_with(), {"images_shown": 7})
    settings = replace(TRAIN, images=8, lpips=0.0, adversarial_after=100)
    trained = load_generator(train_refiner(catalogue, flow, tmp_path / "run", settings, Compute()))
    files = snapshot.snapshot_cascade(catalogue, tmp_path / "run", tmp_path / "out", flow, 2)
    again = load_generator(snapshot.join(files, tmp_path / "generator.safetensors"))
    z = trained.sample(2, torch.Generator().manual_seed(1))
    with torch.no_grad():
        torch.testing.assert_close(again(z), trained(z), atol=0.05, rtol=0)
    assert again.about["images_shown"] == 8 and again.about["flow"] == {"images_shown": 7}
    assert "| components and refiner | lpips_vgg |" in (tmp_path / "out" / "cascade.md").read_text()
