"""Pages in a language: made, made again, kept; `result.json` is the same in all of them."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest

from gigs.batch import Request, completed, in_language
from gigs.errors import InputError
from gigs.languages import known
from gigs.method.options import Options, preset_of
from gigs.report import typeface as typefaces
from gigs.report.page import render_overview
from gigs.result import Result
from gigs.result.saved import language_in, link_proof, rebuild, write_test_pack
from tests.report.finished_result import write_finished


def test_a_result_is_saved_in_every_language_with_the_same_record(tmp_path):
    result = write_finished(tmp_path / "made")
    records = set()
    for code in known():
        folder = result.save(tmp_path / code, language=code)
        assert language_in(folder / "report.html").code == language_in(folder / "compare.html").code == code
        records.add((folder / "result.json").read_bytes())
    assert len(records) == 1
    german = (tmp_path / "de" / "report.html").read_text(encoding="utf-8")
    assert "Deutlich dunkler: Marineblau statt Hellblau." in german and "9.876 echten Käufen" in german
    assert Result.read(tmp_path / "de")[0].words == "Much darker: navy blue instead of light blue."


def test_an_unknown_language_writes_nothing(tmp_path):
    result = write_finished(tmp_path / "made")
    with pytest.raises(InputError, match="choose from en"):
        result.save(tmp_path / "other", language="xx")
    assert not (tmp_path / "other").exists()
    with pytest.raises(InputError, match="choose from en"):
        Request(options=Options(preset=preset_of("preview")), out=tmp_path, sample=True, language="xx")
    with pytest.raises(InputError, match="choose from en"):
        rebuild(tmp_path / "made", "xx")


def test_a_report_made_again_keeps_its_language_unless_another_is_named(tmp_path):
    folder = tmp_path / "dress"
    result = write_finished(folder)
    rebuild(folder, "de")
    assert language_in(folder / "report.html").code == "de" and completed(folder, "request") is not None
    rebuild(folder)
    link_proof(folder, result)
    assert language_in(folder / "report.html").code == "de"
    with zipfile.ZipFile(write_test_pack(folder, folder / "pack.zip")) as packed:
        assert packed.read("README.txt").decode().startswith("SO TESTEN SIE DIESE ENTWÜRFE")
        assert "Versprochen: 54 von 100" in packed.read("dress/how-many.txt").decode()
        assert packed.read("dress/counts.csv").decode("utf-8-sig").startswith("question,variant,choices")
    rebuild(folder, "es")
    assert language_in(folder / "report.html").code == "es"
    assert language_in(tmp_path / "nothing.html").code == "en"


def test_what_is_resumed_gets_the_language_of_the_request(tmp_path):
    """Nothing is computed for it, and the result stays finished."""
    result = write_finished(tmp_path / "dress")
    request = Request(options=Options(preset=preset_of("preview")), out=tmp_path, sample=True, language="es")
    in_language(request, tmp_path / "dress", result)
    assert language_in(tmp_path / "dress" / "report.html").code == "es"
    assert completed(tmp_path / "dress", "request") is not None


def test_an_overview_counts_in_the_language(tmp_path):
    from gigs.languages import language

    page = render_overview([(name, write_finished(tmp_path / name)) for name in ("one", "two")], language("es"))
    assert "<h1>Rediseños de 2 productos</h1>" in page and "Mejor rediseño: 62 de cada 100 [59, 65]" in page


def test_a_sheet_has_the_letters_of_its_language():
    def drawn(letter: str) -> bytes:
        return np.asarray(font(40).getmask(letter)).tobytes()

    font, drawable = typefaces.typeface(["Entwürfe für Käufer, más pequeño, Größe"])
    assert drawable("Größe") == "Größe"
    missing = drawn("\U0010ffff")
    assert all(drawn(letter) != missing for letter in "äöüßñáéíóú")


def test_without_a_font_accents_are_left_out(monkeypatch):
    monkeypatch.setattr(typefaces, "_path", lambda: None)
    _, drawable = typefaces.typeface(["Größe"])
    assert drawable("Größe más pequeño “so”") == 'Grosse mas pequeno "so"'
    _, drawable = typefaces.typeface(["the shop’s"])
    assert drawable("the shop’s") == "the shop's"
