"""`gigs train autoencoder`, `flow` and `refiner`, one after the other, on the tiny shop."""

from __future__ import annotations

import pytest

from gigs.generator.base import load_generator
from gigs.generator.convert.autoencoder import load_autoencoder
from gigs.generator.families.autoencoder import latents_id
from tests.helpers.command_line import gigs

CODER = ("--channels", "8,16,16", "--latent-channels", 4, "--resolution", 64, "--crop", 48, "--window", 32)
LOSSES = ("--lpips", 0, "--adversarial", 0)


@pytest.fixture(autouse=True)
def computing(monkeypatch):
    monkeypatch.setenv("GIGS_COMPUTE", "fp32")


def test_from_a_catalogue_to_a_generator(tiny_catalogue, tmp_path):
    catalogue, coder, flow = tiny_catalogue.root, tmp_path / "coder", tmp_path / "flow"
    first = gigs("train", "autoencoder", catalogue, *CODER, *LOSSES, "--images", 8, "--out", coder)
    assert first.returncode == 0, first.stderr
    assert f"gigs train flow {catalogue} --autoencoder {coder / 'autoencoder.safetensors'}" in first.stdout
    again = gigs("train", "autoencoder", catalogue, *CODER, *LOSSES, "--images", 16, "--out", coder, "--resume")
    assert again.returncode == 0 and "16 photos shown" in again.stdout
    options = ("--channels", "32,32", "--layers", 1, "--batch", 8, "--conditions", "type,colour", "--no-mirrored")
    found = gigs(
        "train", "flow", catalogue, "--autoencoder", coder / "autoencoder.safetensors", "--photos", 20, *options,
        "--images", 8, "--prior-examples", 1024, "--out", flow,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    generator = load_generator(flow / "generator.safetensors")
    assert generator.resolution == 64 and list(generator.config.conditions) == ["colour", "type"]
    assert generator.flow.prior is not None
    more = gigs(
        "train", "autoencoder", catalogue, *CODER, *LOSSES, "--crop", 64, "--flow", flow / "generator.safetensors",
        "--noise", 0.1, "--images", 8, "--out", tmp_path / "decoder",
    )  # fmt: skip
    assert more.returncode == 0, more.stderr
    decoder, _ = load_autoencoder(tmp_path / "decoder" / "autoencoder.safetensors")
    assert latents_id(decoder) == latents_id(generator.autoencoder)  # so the flow can be given this decoder
    cascade = gigs(
        "train", "refiner", catalogue, "--flow", flow / "generator.safetensors", "--channels", "16,32", "--batch", 8,
        *LOSSES, "--images", 8, "--out", tmp_path / "cascade",
    )  # fmt: skip
    assert cascade.returncode == 0, cascade.stderr
    refined = load_generator(tmp_path / "cascade" / "generator.safetensors")
    assert refined.family == "cascade" and refined.resolution == 64 and refined.about["images_shown"] == 8


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("autoencoder", "--channels", "16,x"), "--channels '16,x': write widths separated by commas"),
        (("autoencoder", "--channels", "12,16"), "multiples of groups (8)"),
        (("autoencoder", "--crop", 50), "crop must be a multiple of 16"),
        (("autoencoder", "--flow", "flow.safetensors"), "crop must be resolution (128), not 64"),
        (("flow", "--channels", "16,24", "--autoencoder", "a"), "multiples of groups (16)"),
        (("flow", "--autoencoder", "nothing"), "nothing: no such file"),
        (("refiner", "--flow", "nothing"), "nothing: no such file"),
        (("refiner", "--flow", "flow", "--batch", 7), "batch must be even"),
    ],
)
def test_what_makes_no_sense_is_one_line(options, said, tiny_catalogue, tmp_path):
    what, *rest = options
    wrong = gigs("train", what, tiny_catalogue.root, *rest, "--out", tmp_path / "out")
    assert wrong.returncode == 2 and said in wrong.stderr.replace("\n", " "), wrong.stderr


def test_a_catalogue_of_smaller_pictures_is_refused(tiny_catalogue, tmp_path):
    wrong = gigs("train", "autoencoder", tiny_catalogue.root, "--out", tmp_path / "out")
    assert wrong.returncode == 2 and "imported at 64 px, but 128 px are needed" in wrong.stderr
