"""`gigs doctor` says what a machine has and lacks, and its exit code says whether gigs can run there."""

import json

import pytest

from gigs import doctor
from gigs.cli import doctor as command
from gigs.errors import ModelError
from gigs.io import weights


@pytest.fixture
def examined(monkeypatch, tmp_path):
    """Examines a machine with nothing in its caches."""
    monkeypatch.setenv("GIGS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("GIGS_WEIGHTS_DIR", raising=False)

    def examine(**options):
        return doctor.examine(out=tmp_path / "new" / "out", **options)

    return examine


def _of(findings, name):
    return [one for one in findings if one.name == name]


def test_a_good_machine_is_ready_and_missing_weights_are_announced(examined, tmp_path):
    findings = examined()
    assert doctor.is_ready(findings)
    assert {one.name for one in findings} >= {"Python", "PyTorch", "device", "cache", "results", "packs", "weights"}
    missing = [one for one in _of(findings, "weights") if one.state == "note"]
    assert {one.text.partition(":")[0] for one in missing} >= {"vgg16-features", "efficientnet-lite0", "u2netp"}
    assert all("MB" in one.text and "gigs weights fetch" in one.advice for one in missing)
    assert not list(tmp_path.iterdir())  # nothing was written or downloaded


def test_for_a_machine_without_network_missing_weights_are_a_problem(examined):
    findings = examined(offline=True)
    assert not doctor.is_ready(findings)
    assert "GIGS_WEIGHTS_DIR" in next(one.advice for one in findings if one.state == "problem")


def test_weights_that_are_here_are_named_with_their_place(examined, monkeypatch, tmp_path):
    (tmp_path / "u2netp.onnx").write_bytes(b"onnx")
    monkeypatch.setenv("GIGS_WEIGHTS_DIR", str(tmp_path))
    texts = [one.text for one in _of(examined(), "weights") if one.state == "ok"]
    assert f"u2netp: {tmp_path / 'u2netp.onnx'}" in texts
    assert any(text.startswith("lpips-vgg: ") for text in texts)  # in the package lpips


def test_a_folder_that_cannot_be_written_stops_gigs_and_a_full_disk_too(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("no folder")
    (blocked,) = doctor._writable("results", tmp_path / "file" / "out")
    assert blocked.state == "problem" and "another output folder" in blocked.advice
    (cache,) = doctor._writable("cache", tmp_path / "file" / "cache", required=False)
    assert cache.state == "note"
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda place: doctor.shutil._ntuple_diskusage(10, 9, 1000))
    (full,) = doctor._writable("results", tmp_path)
    assert full.state == "problem" and "0.0 GB free" in full.text


def test_a_damaged_pack_and_whatever_breaks_are_findings_and_no_traceback(examined, monkeypatch):
    def damaged(name):
        raise ModelError(f"{name}: does not match")

    monkeypatch.setattr("gigs.packs.load.load_pack", damaged)
    monkeypatch.setattr(weights, "overview", lambda: 1 / 0)
    findings = examined()
    assert _of(findings, "packs")[0].state == "problem" and "install gigs again" in _of(findings, "packs")[0].advice
    assert "ZeroDivisionError" in _of(findings, "weights")[0].text


def test_extras_are_read_from_the_packages_metadata(monkeypatch):
    sql = 'a; python_version < "3.11" and extra == "sql"'
    lines = ["torch>=2", "gradio>=6; extra == 'studio'", sql, "b; extra == 'dev'"]
    monkeypatch.setattr(doctor, "requires", lambda name: lines)
    assert doctor.extras() == {"studio": ["gradio"], "sql": ["a"]}


@pytest.mark.parametrize(("state", "code"), [("ok", 0), ("note", 0), ("problem", 1)])
def test_the_exit_code_and_json_say_the_same(monkeypatch, capsys, state, code):
    finding = doctor.Finding("cache", state, "[text]", "advice")
    monkeypatch.setattr(doctor, "examine", lambda **options: [finding])
    for as_json in (True, False):
        try:
            command.doctor_command(out=None, offline=False, as_json=as_json)
        except command.typer.Exit as end:
            assert end.exit_code == code
        else:
            assert code == 0
        printed = capsys.readouterr().out
        if as_json:
            told = json.loads(printed)
            assert told["ok"] is (code == 0) and told["findings"][0]["text"] == "[text]"
