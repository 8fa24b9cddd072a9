"""Files of models that are hostile, damaged, or of another size than what they are used with. Rows 18, 19 and 20."""

from __future__ import annotations

import json
import pickle
import shutil
import zipfile

import numpy as np
import pytest
import torch

from gigs.data.catalogue import Catalogue
from gigs.errors import DataError, ModelError
from gigs.generator.base import load_generator, save_generator
from gigs.generator.families.progan import ProGAN, ProGANSettings
from gigs.inversion.encoder import Encoder, load_encoder, save_encoder
from gigs.io import storage
from gigs.io.build import build_fitting
from gigs.recommender import DVBPR, load_recommender
from tests.helpers.command_line import gigs
from tests.helpers.pictures import encoded, quadrants
from tests.helpers.small_models import small_encoder, small_generator, small_recommender


class Hostile:
    """A pickle of this writes a file when it is loaded."""

    def __init__(self, canary):
        self.canary = canary

    def __reduce__(self):
        return (open, (str(self.canary), "w"))


def hostile_files(folder, canary):
    """The ways in which PyTorch and NumPy files hold pickles."""
    torch.save({"state_dict": Hostile(canary)}, folder / "zip.pt")
    (folder / "bare.pt").write_bytes(pickle.dumps(Hostile(canary)))
    np.save(folder / "objects.npy", np.array([Hostile(canary)], dtype=object), allow_pickle=True)
    np.savez(folder / "objects.npz", a=np.array([Hostile(canary)], dtype=object))
    with zipfile.ZipFile(folder / "odd.pt", "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(Hostile(canary)))
        archive.writestr("archive/version", "3")
    return sorted(folder.iterdir())


@pytest.mark.usefixtures("pyramid_for_lpips")
def test_hostile_pickles_are_refused_wherever_a_file_is_taken(small_pack, tiny_catalogue, tmp_path):
    """Row 18: as any model, for conversion, as a catalogue's pictures or a run's checkpoint. The canary stays away."""
    canary, folder = tmp_path / "canary", tmp_path / "hostile"
    folder.mkdir()
    (tmp_path / "shirt.png").write_bytes(encoded(quadrants(64, 96)))
    for path in hostile_files(folder, canary):
        photo = ["suggest", tmp_path / "shirt.png", "--pack", small_pack, "--out", tmp_path / "out"]
        calls = [
            [*photo, "--generator", path],
            [*photo, "--recommender", path],
            [*photo, "--encoder", path],
            ["generator", "convert", path, "--out", tmp_path / "converted.safetensors"],
        ]
        for call in calls:
            told = gigs(*call)
            assert told.returncode == 2 and "Traceback" not in told.stderr, (call, told.stderr)
        root = shutil.copytree(tiny_catalogue.root, tmp_path / f"catalogue-{path.name}")
        shutil.copy(path, root / "images-64.npy")
        with pytest.raises(DataError):
            Catalogue.open(root).images(64)
        assert not canary.exists(), path
    assert not (tmp_path / "out").exists() and not (tmp_path / "converted.safetensors").exists()


def test_settings_that_ask_for_more_memory_than_the_file_holds_are_refused(tmp_path):
    """Row 19: the header is a stranger's; a terabyte must not be reserved before its tensors are looked at."""
    vast = {"resolution": 1024, "latent_dim": 10**6, "fmap_base": 10**9, "fmap_max": 10**5}
    tensors, settings = storage.load_tensors(save_generator(tmp_path / "g.safetensors", small_generator()))
    storage.save_tensors(tmp_path / "g.safetensors", tensors, settings | {"network": vast})
    with pytest.raises(ModelError, match="do not fit the settings"):
        load_generator(tmp_path / "g.safetensors")
    tensors, settings = storage.load_tensors(save_encoder(tmp_path / "e.safetensors", small_encoder()))
    storage.save_tensors(tmp_path / "e.safetensors", tensors, settings | {"network": vast})
    with pytest.raises(ModelError, match="do not fit the settings"):
        load_encoder(tmp_path / "e.safetensors")
    tensors, settings = storage.load_tensors(small_recommender().save(tmp_path / "r.safetensors"))
    for change in ({"hidden": 10**8}, {"input_size": 10**7}, {"factors": 2**40}, {"width": float("1e-9")}):
        changed = settings | {"architecture": settings["architecture"] | change}
        storage.save_tensors(tmp_path / "r.safetensors", tensors, changed)
        with pytest.raises(ModelError, match="do not fit"):
            load_recommender(tmp_path / "r.safetensors")


@pytest.mark.parametrize("change", [{"family": ["progan"]}, {"family": None}, {"network": []}, {"network": {"x": 1}},
                                    {"network": {"resolution": "64"}}, {"network": {"resolution": 7}}])  # fmt: skip
def test_settings_of_another_kind_are_refused(change, tmp_path):
    """Row 19."""
    tensors, settings = storage.load_tensors(save_generator(tmp_path / "g.safetensors", small_generator()))
    storage.save_tensors(tmp_path / "g.safetensors", tensors, settings | change)
    with pytest.raises(ModelError, match=r"g\.safetensors"):
        load_generator(tmp_path / "g.safetensors")


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused(number, tmp_path):
    """Row 19."""
    tensors, settings = storage.load_tensors(save_generator(tmp_path / "g.safetensors", small_generator()))
    name = sorted(tensors)[0]
    tensors[name].view(-1)[0] = number
    storage.save_tensors(tmp_path / "g.safetensors", tensors, settings)
    with pytest.raises(ModelError, match=f"{name} holds numbers that are not finite"):
        load_generator(tmp_path / "g.safetensors")


def test_only_what_fits_is_built():
    network = torch.nn.Linear(3, 2)
    tensors = dict(network.state_dict())
    built = build_fitting(lambda: torch.nn.Linear(3, 2), tensors)
    assert built.weight.device.type == "cpu" and built.weight.shape == (2, 3)
    for wrong in ({"weight": tensors["weight"]}, tensors | {"bias": torch.zeros(5)}):
        with pytest.raises(ValueError, match="bias"):
            build_fitting(lambda: torch.nn.Linear(3, 2), wrong)
    with pytest.raises(ValueError, match="settings ask for"):
        build_fitting(lambda: torch.nn.Linear(2**20, 2**30), tensors)  # four petabytes


@pytest.mark.usefixtures("pyramid_for_lpips")
def test_models_of_other_sizes_do_not_go_together(small_pack, tmp_path):
    """Row 20: another K, another resolution."""
    (tmp_path / "shirt.png").write_bytes(encoded(quadrants(64, 96)))
    photo = ["suggest", tmp_path / "shirt.png", "--pack", small_pack, "--steps", 1, "--out", tmp_path / "out"]
    other = ProGANSettings(resolution=16, latent_dim=32, fmap_base=64, fmap_max=16)
    save_encoder(tmp_path / "e.safetensors", Encoder(other))
    told = gigs(*photo, "--encoder", tmp_path / "e.safetensors")
    assert told.returncode == 2 and "the encoder is for 16 px" in told.stderr
    save_generator(tmp_path / "g.safetensors", ProGAN(other))
    told = gigs(*photo, "--generator", tmp_path / "g.safetensors", "--encoder", small_pack / "generator.safetensors")
    assert told.returncode == 2 and "not an encoder" in told.stderr
    root = shutil.copytree(small_pack, tmp_path / "pack")
    wide = DVBPR(factors=9, hidden=32, width=0.1, input_size=64)
    wide.save(root / "recommender.safetensors", with_users=False)
    info = json.loads((root / "pack.json").read_text())
    info["files"]["recommender.safetensors"] = storage.sha256_of(root / "recommender.safetensors")
    (root / "pack.json").write_text(json.dumps(info))
    told = gigs("suggest", tmp_path / "shirt.png", "--pack", root, "--steps", 1, "--out", tmp_path / "out")
    assert told.returncode == 2 and "they are not from the same training" in told.stderr
    assert not (tmp_path / "out").exists()
