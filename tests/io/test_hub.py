"""Hub conventions, offline: folders on this disk, uploads and downloads caught where the client would go out."""

import shutil
from types import SimpleNamespace

import huggingface_hub
import pytest
import torch
import yaml

from gigs.errors import InputError, ModelError
from gigs.generator.base import Generator, save_generator
from gigs.generator.families.biggan import BigGAN
from gigs.generator.families.dvbpr_critic import DVBPRCritic
from gigs.generator.families.stylegan2 import StyleGAN2, StyleGAN2Settings
from gigs.inversion.encoder import Encoder
from gigs.io import storage
from gigs.packs import load_pack
from gigs.recommender import DVBPR, Recommender
from gigs.recommender.models.callable import CallableRecommender
from tests.helpers.small_models import small_baseline, small_encoder, small_generator, small_recommender


class FakeHub:
    """Repositories as folders, with the few calls of the client that gigs makes."""

    def __init__(self, root):
        self.root, self.calls = root, []

    def api(self, token=None):
        self.calls.append(("token", token))
        return self

    def create_repo(self, repo_id, *, private, exist_ok):
        self.calls.append(("create", repo_id, private, exist_ok))
        return SimpleNamespace(repo_id=repo_id)

    def upload_folder(self, *, repo_id, folder_path, commit_message, revision):
        self.calls.append(("upload", repo_id, commit_message, revision))
        shutil.copytree(folder_path, self.root / repo_id)
        return SimpleNamespace(commit_url=f"hub/{repo_id}/commit/1")

    def hf_hub_download(self, repo_id, filename, **options):
        self.calls.append(("download", repo_id, filename, options))
        path = self.root / repo_id / filename
        if not path.is_file():
            raise OSError(f"404: {repo_id}\nhas no {filename}")
        return str(path)

    def snapshot_download(self, repo_id, allow_patterns):
        return str(self.root / repo_id)


@pytest.fixture
def hub(tmp_path, monkeypatch):
    fake = FakeHub(tmp_path / "hub")
    monkeypatch.setattr(huggingface_hub, "HfApi", fake.api)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", fake.hf_hub_download)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", fake.snapshot_download)
    return fake


def stylegan2():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        settings = StyleGAN2Settings(channels=(8, 8), z_dim=8, w_dim=8, hidden=8, mapping=2)
        return StyleGAN2(settings).measure().in_space("w").freeze()


MODELS = {
    "progan": (small_generator, Generator, lambda model: model(model.sample(2, torch.Generator().manual_seed(0)))),
    "stylegan2": (stylegan2, Generator, lambda model: model(model.sample(2, torch.Generator().manual_seed(0)))),
    "dvbpr-gan": (
        lambda: small_baseline()[0],
        Generator,
        lambda model: model.of_class(1)(model.sample(2, torch.Generator().manual_seed(0))),
    ),
    "critic": (lambda: small_baseline()[1], DVBPRCritic, lambda model: model(torch.full((1, 3, 32, 32), 0.3), 1)),
    "dvbpr": (small_recommender, Recommender, lambda model: model.features(torch.full((1, 3, 64, 64), 0.3))),
    "encoder": (small_encoder, Encoder, lambda model: model(torch.full((1, 3, 32, 32), 0.3))),
}


def front_matter(folder):
    text = (folder / "README.md").read_text()
    assert text.startswith("---\n")
    return yaml.safe_load(text.split("---\n")[1]), text


@pytest.mark.parametrize("name", MODELS)
@torch.no_grad()
def test_saved_and_loaded_from_a_folder(name, tmp_path):
    build, kind, use = MODELS[name]
    model = build()
    model.about = {"licence": "CC0 1.0", "images_shown": 5}
    folder = model.save_pretrained(tmp_path / "m")
    again = kind.from_pretrained(folder)
    assert type(again) is type(model) and torch.equal(use(again), use(model)) and again.about == model.about
    assert not any(parameter.requires_grad for parameter in again.parameters())
    assert {path.name for path in folder.iterdir()} == {model.hub_file, "config.json", "README.md"}
    config = storage.read_json(folder / "config.json")
    assert config["library_name"] == "gigs" and config["about"]["images_shown"] == 5
    data, text = front_matter(folder)
    assert data["library_name"] == "gigs" and "gigs" in data["tags"]
    assert data["license_name"] == "CC0 1.0" and '"images_shown": 5' in text
    assert "range" in text and "from_pretrained" in text and "design concepts, not listing photos" in text


@pytest.mark.parametrize("name", MODELS)
@torch.no_grad()
def test_pushed_and_loaded_by_id(name, hub):
    build, kind, use = MODELS[name]
    model = build()
    url = model.push_to_hub("someone/thing", private=True, token="t", commit_message="First")
    assert url == "hub/someone/thing/commit/1"
    assert hub.calls[:3] == [
        ("token", "t"), ("create", "someone/thing", True, True), ("upload", "someone/thing", "First", None)
    ]  # fmt: skip
    again = kind.from_pretrained("someone/thing", revision="v1", token="t")
    assert torch.equal(use(again), use(model))
    assert hub.calls[3][1:3] == ("someone/thing", model.hub_file) and hub.calls[3][3]["revision"] == "v1"


def test_the_code_in_a_card_runs(tmp_path):
    for name in ("progan", "dvbpr", "encoder", "dvbpr-gan", "critic"):
        build, _, _ = MODELS[name]
        folder = build().save_pretrained(tmp_path / name)
        code = (folder / "README.md").read_text().split("```python\n")[1].split("```")[0]
        exec(
            code.replace("this/repository", str(folder)),
            {"images": torch.rand(1, 3, 64, 64), "photos": torch.rand(1, 3, 32, 32)},
        )


def test_users_stay_at_home_unless_asked_for(tmp_path):
    bare = small_recommender().save_pretrained(tmp_path / "bare")
    assert Recommender.from_pretrained(bare).user_ids == []
    assert "personal data" not in (bare / "README.md").read_text()
    whole = small_recommender().save_pretrained(tmp_path / "whole", with_users=True)
    assert Recommender.from_pretrained(whole).user_ids == ["u0", "u1", "u2", "u3"]
    assert "personal data" in (whole / "README.md").read_text()


def test_a_pack_is_pushed_whole_and_found_by_id(small_pack, hub, tmp_path):
    (small_pack / "notes.txt").write_text("not the pack's")
    try:
        pack = load_pack(small_pack)
        assert pack.push_to_hub("someone/pack") == "hub/someone/pack/commit/1"
    finally:
        (small_pack / "notes.txt").unlink()
    assert not (hub.root / "someone/pack/notes.txt").exists()
    again = load_pack("someone/pack")
    assert again.info == pack.info and torch.equal(again.audience("few").theta, pack.audience("few").theta)
    data, text = front_matter(again.root)
    assert "pack" in data["tags"] and "all buyers (60 users)" in text and "--pack this/repository" in text
    with pytest.raises(InputError, match="is the pack itself"):
        pack.save_pretrained(small_pack)


def test_preprocessing_travels_with_a_recommender(tmp_path):
    folder = small_recommender().save_pretrained(tmp_path / "r")
    assert storage.read_json(folder / "config.json")["preprocessing"]["size"] == 64
    assert "| then | 2x - 1 |" in (folder / "README.md").read_text()


def test_what_is_not_there_is_named(hub, tmp_path):
    small_generator().save_pretrained(tmp_path / "g")
    with pytest.raises(ModelError, match=r"holds no recommender\.safetensors"):
        DVBPR.from_pretrained(tmp_path / "g")
    with pytest.raises(ModelError, match="holds a ProGAN, not a BigGAN"):
        BigGAN.from_pretrained(tmp_path / "g")
    with pytest.raises(
        ModelError, match=r"someone/none: no such folder.*404: someone/none has no generator\.safetensors"
    ):
        Generator.from_pretrained("someone/none")


def test_an_upload_that_fails_says_so_in_one_line(monkeypatch):
    def refuse(token=None):
        raise OSError("401\nnot logged in")

    monkeypatch.setattr(huggingface_hub, "HfApi", refuse)
    with pytest.raises(InputError, match=r"x/y: could not be uploaded \(401 not logged in\); log in with"):
        small_generator().push_to_hub("x/y")


def test_what_is_known_of_a_generator_is_kept_when_it_is_saved_again(tmp_path):
    save_generator(tmp_path / "g.safetensors", small_generator(), {"photos": 9})
    generator = Generator.hub_read(tmp_path / "g.safetensors")
    save_generator(tmp_path / "again.safetensors", generator)
    assert Generator.hub_read(tmp_path / "again.safetensors").about == {"photos": 9}
    assert small_generator().about == {}


def test_user_vectors_of_a_callable_stay_at_home_too(tmp_path, monkeypatch):
    from gigs.recommender.models import callable as callables

    monkeypatch.setattr(callables, "_REGISTERED", {})
    callables.register_features("means", lambda: lambda x: x.mean((2, 3)))
    model = CallableRecommender.from_vectors("means", ["a"], torch.ones(1, 3), input_size=64)
    tensors, _ = storage.load_tensors(model.save_pretrained(tmp_path / "c") / "recommender.safetensors")
    assert tensors == {}
