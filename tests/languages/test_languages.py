"""Which language is chosen, and how numbers, lists and finished sentences look in it."""

from __future__ import annotations

from datetime import time
from time import perf_counter

import pytest

from gigs.errors import InputError
from gigs.languages import ENGLISH, known, language, preferred

GERMAN, SPANISH = language("de"), language("es")


def test_english_is_first_and_each_language_has_its_own_name():
    assert known() == ("en", "de", "es")
    assert [language(code).name for code in known()] == ["English", "Deutsch", "Español"]


@pytest.mark.parametrize(
    ("code", "found"), [("de", "de"), ("DE", "de"), ("de-AT", "de"), ("es_MX", "es"), ("en-GB", "en")]
)
def test_a_region_without_a_catalogue_is_its_language(code, found):
    assert language(code).code == found


@pytest.mark.parametrize("code", ["fr", "", "../de", "deutsch"])
def test_an_unknown_language_lists_those_that_are_known(code):
    with pytest.raises(InputError, match=r"is not known; choose from en \(English\), de \(Deutsch\), es \(Español\)"):
        language(code)


@pytest.mark.parametrize(("accepted", "code"), [
    ("de-DE,de;q=0.9,en;q=0.8", "de"), ("fr-FR, es;q=0.5, en;q=0.4", "es"), ("en-US,en;q=0.9,de;q=0.8", "en"),
    ("fr, it", "en"), ("", "en"), ("de;q=0, es;q=0.1", "es"), ("de;q=x, es", "es"), ("*;q=;=,;;", "en"),
])  # fmt: skip
def test_a_browsers_wishes_are_weighed(accepted, code):
    assert preferred(accepted).code == code


def test_numbers_lists_and_times_are_written_as_each_locale_does():
    assert [say.number(12345.678, 1) for say in (ENGLISH, GERMAN, SPANISH)] == ["12,345.7", "12.345,7", "12.345,7"]
    assert [say.number(-0.5, 2, signed=True) for say in (ENGLISH, GERMAN)] == ["-0.50", "-0,50"]
    assert [say.percent(0.5).replace("\xa0", " ") for say in (ENGLISH, GERMAN, SPANISH)] == ["50%", "50 %", "50 %"]
    assert [say.listed(["1", "2", "3"]) for say in (GERMAN, SPANISH)] == ["1, 2 und 3", "1, 2 y 3"]
    assert GERMAN.time(time(13, 5)) == "13:05"


def test_plurals_and_whole_numbers_are_filled_in():
    one, many = "Redesigns of {count} product", "Redesigns of {count} products"
    assert [GERMAN.many(one, many, count) for count in (1, 1200)] == [
        "Entwürfe für 1 Produkt",
        "Entwürfe für 1.200 Produkte",
    ]
    assert SPANISH.many(one, many, 2) == "Rediseños de 2 productos"
    assert GERMAN("Redesigns for {label}", label="{count}") == "Entwürfe für {count}"  # a value is no template
    assert GERMAN("a sentence that no catalogue has") == "a sentence that no catalogue has" and GERMAN("") == ""


def test_a_finished_sentence_is_known_by_its_template():
    english = "your photo: this is text, not a picture; gigs reads JPEG, PNG, WebP and AVIF"
    assert (
        GERMAN.sentence(english) == "Ihr Foto: Das ist ein Text und kein Bild. Gelesen werden JPEG, PNG, WebP und AVIF."
    )
    assert ENGLISH.sentence(english) == english
    assert GERMAN.sentence("nobody wrote this") == "nobody wrote this" and GERMAN.sentence(None) == ""


@pytest.mark.parametrize("text", ["a: x x " * 280, " instead of " * 160, "b instead of " * 150 + "c"])
def test_a_strangers_text_takes_no_time(text):
    started = perf_counter()
    GERMAN.sentence(text)
    assert perf_counter() - started < 2
