import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.helpers.command_line import gigs
from tests.helpers.small_models import small_recommender, write_small_pack

NEEDS_WEIGHTS = pytest.mark.weights


@pytest.fixture
def photo(tiny_source, tmp_path) -> Path:
    source = next((tiny_source / "images").rglob("*.jpg"))
    Image.open(source).resize((128, 192)).save(tmp_path / "shirt.png")
    return tmp_path / "shirt.png"


@pytest.fixture(scope="module")
def suggested(small_pack, tiny_source, tmp_path_factory):
    folder = tmp_path_factory.mktemp("suggested")
    source = next((tiny_source / "images").rglob("*.jpg"))
    runs = []
    for name in ("a", "b"):
        options = ("--pack", small_pack, "--steps", 3, "--n", 3, "--seed", 7, "--out", folder / name)
        runs.append(gigs("suggest", source, *options))
    return folder, runs


@NEEDS_WEIGHTS
def test_suggest_writes_a_complete_result(suggested):
    folder, runs = suggested
    assert runs[0].returncode == 0, runs[0].stderr
    result = json.loads((folder / "a" / "result.json").read_text())
    assert {"schema", "preset", "seed", "device", "seconds", "photo", "reconstruction", "audience"} <= set(result)
    assert set(result["seconds"]) == {"inversion", "tuning", "shifting", "verification", "total"}
    assert {"file", "raw", "score"} <= set(result["photo"])
    assert {"file", "raw", "score", "lpips", "mse"} <= set(result["reconstruction"])
    audience = {"name": "everyone", "label": "all buyers", "users": 60, "scored_users": 60, "privacy": None}
    assert result["audience"] == audience and result["objective"] == "mean"
    assert len(result["suggestions"]) == 3
    for entry in result["suggestions"]:
        assert entry["max_abs_shift"] <= 0.4
        assert entry["gain_vs_photo"] == pytest.approx(entry["score"] - result["photo"]["score"])
        assert entry["gain_vs_reconstruction"] == pytest.approx(entry["score"] - result["reconstruction"]["score"])
        display, raw = (Image.open(folder / "a" / entry[key]) for key in ("file", "raw"))
        assert raw.size == (32, 32)
        assert display.width / display.height == pytest.approx(64 / 96, abs=0.01)  # the photo's aspect
        assert "not a listing photo" in display.info["Description"]
    scores = [entry["score"] for entry in result["suggestions"]]
    assert scores == sorted(scores, reverse=True)
    page = (folder / "a" / "report.html").read_text()
    assert result["reconstruction"]["lpips"] > 0.3  # a random generator redraws nothing
    assert "did not redraw this product well" in page and "did not redraw" in runs[0].stderr
    assert "Design concepts, not listing photos" in page
    assert not re.search(r"(src|href)=[\"']?http", page)  # self-contained
    assert (folder / "a" / "contact-sheet.png").stat().st_size > 1000


@NEEDS_WEIGHTS
def test_same_seed_same_bytes(suggested):
    folder, runs = suggested
    assert runs[1].returncode == 0, runs[1].stderr
    pictures = sorted(path.relative_to(folder / "a") for path in (folder / "a").rglob("*.png"))
    assert len(pictures) == 14
    for name in pictures:
        assert (folder / "a" / name).read_bytes() == (folder / "b" / name).read_bytes(), name
    records = [json.loads((folder / name / "result.json").read_text()) for name in ("a", "b")]
    for record in records:
        record.pop("seconds")
    assert records[0] == records[1]


@pytest.mark.usefixtures("pyramid_for_lpips")
def test_several_photos_get_a_folder_each_and_one_user_an_audience(small_pack, photo, tmp_path):
    recommender = small_recommender().save(tmp_path / "r.safetensors")
    result = gigs(
        "suggest", photo, photo, "--pack", small_pack, "--recommender", recommender, "--audience", "user:u2",
        "--min-audience", 1, "--steps", 1, "--n", 2, "--out", tmp_path / "out",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    for name in ("shirt", "shirt-2"):
        record = json.loads((tmp_path / "out" / name / "result.json").read_text())
        assert record["audience"]["users"] == 1


@pytest.mark.usefixtures("pyramid_for_lpips")
def test_the_global_mode_needs_no_photo(small_pack, tmp_path):
    result = gigs("suggest", "--sample", "--pack", small_pack, "--steps", 1, "--n", 2, "--out", tmp_path / "out")
    assert result.returncode == 0, result.stderr
    record = json.loads((tmp_path / "out" / "result.json").read_text())
    assert record["photo"] is None
    assert record["suggestions"][0]["gain_vs_photo"] is None


def test_bad_input_is_one_line_exit_2_and_nothing_written(small_pack, photo, tmp_path):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(photo.read_bytes()[:300])
    text = tmp_path / "text.png"
    text.write_text("hello")
    out = tmp_path / "out"
    for arguments, message in (
        ((broken,), "broken.jpg"),
        ((text,), "text, not a picture"),
        ((photo, broken), "broken.jpg"),
        ((tmp_path / "none.jpg",), "no such file"),
        ((), "give photos"),
        ((photo, "--n", 0), "from 1 to 64"),
        ((photo, "--steps", -1), "steps must be"),
        ((photo, "--audience", "martians"), "martians"),
        ((photo, "--pack", "nowhere"), "no such pack"),
        ((photo, "--device", "cuda:9"), "not available"),
        ((photo, "--preset", "magic"), "choose one of"),
        ((photo, "--seed", -1), "--seed"),
    ):
        result = gigs("suggest", *arguments, *(() if "--pack" in arguments else ("--pack", small_pack)), "--out", out)
        assert result.returncode == 2, (arguments, result.stderr)
        assert message in result.stderr
        assert len(result.stderr.strip().splitlines()) == 1, result.stderr
        assert "Traceback" not in result.stderr
        assert not out.exists()


@NEEDS_WEIGHTS
def test_the_bundled_pack_redesigns_its_own_example(tmp_path):
    done = gigs("suggest", "--example", 1, "--audience", "women", "--steps", 2, "--n", 2, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "result.json").read_text())
    assert result["audience"]["users"] >= 50
    assert 0 <= result["photo"]["percentile"] <= 1
    assert result["models"]["generator"]["file"] == "hm-128/generator.safetensors"


@NEEDS_WEIGHTS
@pytest.mark.hm
def test_a_real_photo_and_its_reconstruction(hm_source, tmp_path):
    photo = next(iter(sorted((hm_source / "images" / "010").glob("*.jpg"))))
    done = gigs("suggest", photo, "--audience", "women", "--steps", 40, "--n", 2, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "result.json").read_text())
    assert result["reconstruction"]["mse"] < 0.1
    with Image.open(tmp_path / "suggestion-1.png") as drawn:
        assert drawn.width / drawn.height == pytest.approx(2 / 3, abs=0.01)


@pytest.mark.usefixtures("pyramid_for_lpips")
def test_a_photo_that_the_gate_refuses_is_exit_3_and_nothing_written(tiny_catalogue, photo, tmp_path):
    pack = write_small_pack(tmp_path / "pack", encoder=True)
    info = json.loads((pack / "pack.json").read_text())

    def suggest(limit: float, *options, out):
        limits = {"drift": 0.0, "rough": limit, "refused": limit}
        gate = {"limits": {"draft": limits, "optimised": limits}, "mean": [0.0] * 6}
        (pack / "pack.json").write_text(json.dumps(info | {"gate": gate}))
        return gigs("suggest", photo, *options, "--pack", pack, "--preview", "--n", 2, "--out", tmp_path / out)

    refused = suggest(0.0, out="refused")
    assert refused.returncode == 3 and "shirt.png" in refused.stderr and "--force" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1 and not (tmp_path / "refused").exists()
    assert suggest(9.0, out="good").returncode == 0
    assert json.loads((tmp_path / "good" / "result.json").read_text())["gate"]["grade"] == "good"
    forced = suggest(0.0, photo, "--force", out="forced")
    assert forced.returncode == 0, forced.stderr
    record = json.loads((tmp_path / "forced" / "shirt-2" / "result.json").read_text())
    assert record["gate"]["grade"] == "refused" and record["reconstruction"]["caution"]
    few = gigs("pack", "calibrate", pack, "--catalogue", tiny_catalogue.root)
    assert few.returncode == 2 and "at least 20 are needed" in few.stderr


def test_the_sellers_photo_is_never_overwritten(small_pack, photo, tmp_path):
    own = tmp_path / "photo.png"
    own.write_bytes(photo.read_bytes())
    result = gigs("suggest", own, "--pack", small_pack, "--out", tmp_path)
    assert result.returncode == 2 and "would overwrite or remove" in result.stderr
    assert own.read_bytes() == photo.read_bytes()
    result = gigs("suggest", photo, "--pack", small_pack, "--out", own)
    assert result.returncode == 2 and "not a folder" in result.stderr


def test_data_train_evaluate_and_recommend(tiny_source, tmp_path):
    catalogue, model = tmp_path / "catalogue", tmp_path / "model"
    done = gigs("data", "import", "hm", tiny_source, "--out", catalogue, "--size", 64, "--hold-out", 5)
    assert done.returncode == 0, done.stderr
    assert "60 items, 12 users" in done.stdout
    checked = gigs("data", "check", catalogue)
    assert checked.returncode == 0, checked.stdout
    trained = gigs(
        "train", "recommender", catalogue, "--kind", "dvbpr", "--input-size", 64, "-k", 8, "--epochs", 1,
        "--device", "cpu", "--out", model,
    )  # fmt: skip
    assert trained.returncode == 0, trained.stderr
    file = model / "recommender.safetensors"
    measured = gigs("evaluate", "recommender", file, catalogue, "--json", tmp_path / "scores.json")
    assert measured.returncode == 0, measured.stderr
    scores = json.loads((tmp_path / "scores.json").read_text())
    assert [scores[way]["model"]["overall"]["auc"]["n"] for way in ("all", "bought", "within")] == [12] * 3
    assert scores["within"]["model"]["overall"]["rivals"] < scores["bought"]["model"]["overall"]["rivals"]
    assert all(among in measured.stdout for among in ("all items", "bought", "kind"))
    one = gigs("evaluate", "recommender", file, catalogue, "--candidates", "within", "--alike", "colour")
    assert one.returncode == 0 and "kind" in one.stdout and "all items" not in one.stdout
    recommended = gigs("recommend", file, catalogue, "--user", "00" + "c0ffee" * 10, "--top", 3)
    assert recommended.returncode == 0, recommended.stderr
    unknown = gigs("recommend", file, catalogue, "--user", "nobody")
    assert unknown.returncode == 2
    assert "nobody" in unknown.stderr


@pytest.mark.slow
def test_train_generator_stops_and_resumes(tiny_source, tmp_path):
    catalogue, out = tmp_path / "catalogue", tmp_path / "run"
    gigs("data", "import", "hm", tiny_source, "--out", catalogue, "--size", 64, "--hold-out", 5)
    options = (
        "--out", out, "--resolution", 16, "--fmap-base", 64, "--fmap-max", 16, "--grow", "8:16", "--batch", 8,
        "--objective", "adversarial", "--device", "cpu",
    )  # fmt: skip
    first = gigs("train", "generator", catalogue, *options, "--images", 24)
    assert first.returncode == 0, first.stderr
    again = gigs("train", "generator", catalogue, *options, "--images", 40, "--resume")
    assert again.returncode == 0, again.stderr
    history = json.loads((out / "settings.json").read_text())["history"]
    assert [part["from_images"] for part in history] == [0, 24]
    assert history[0]["compute"] == history[1]["compute"]
    wrong = gigs("train", "generator", catalogue, *options, "--images", 24, "--grow", "4:1")
    assert wrong.returncode == 2 and "--grow" in wrong.stderr
    nothing = gigs("train", "generator", catalogue, "--out", tmp_path / "none", "--resume")
    assert nothing.returncode == 2 and "no checkpoint" in nothing.stderr


def test_audiences_and_the_card_are_listed(small_pack):
    listed = gigs("audiences", small_pack)
    assert listed.returncode == 0 and "a few" in listed.stdout
    shown = gigs("pack", "show", small_pack)
    assert shown.returncode == 0 and "match their hashes" in shown.stdout


@pytest.mark.parametrize(
    "command",
    ["", "suggest", "audiences", "recommend", "data", "data import hm", "data check", "train recommender",
     "train generator", "train encoder", "train autoencoder", "train flow", "evaluate recommender",
     "evaluate generator", "generator convert", "pack build", "pack update", "pack calibrate", "pack show"],
)  # fmt: skip
def test_every_command_explains_itself(command):
    result = gigs(*command.split(), "--help")
    assert result.returncode == 0
    assert "Usage" in result.stdout


@pytest.mark.slow
def test_the_installed_program_reports_its_version_and_errors(tmp_path):
    write_small_pack(tmp_path)
    program = [sys.executable, "-m", "gigs"]
    version = subprocess.run([*program, "--version"], capture_output=True, text=True, timeout=120)
    assert version.returncode == 0 and version.stdout.startswith("gigs ")
    wrong = subprocess.run([*program, "audiences", "nowhere"], capture_output=True, text=True, timeout=120)
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("gigs: pack 'nowhere'") and "Traceback" not in wrong.stderr
