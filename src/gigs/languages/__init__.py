"""The languages of report and studio: sentences from gettext catalogues, numbers and dates as each locale writes them.

English sentences stand in the code, where `message` and `Language` mark them. Every other language is one file,
`catalogues/CODE.po`, which Babel reads. `docs/guides/languages.md` says how to add one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import time
from functools import cached_property, lru_cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from io import BytesIO

from babel import Locale
from babel.dates import format_time
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent

from gigs.errors import InputError

SOURCE = "en"  # the language of the sentences in the code
CATALOGUES = files("gigs.languages").joinpath("catalogues")
PLACE = re.compile(r"\{(\w+)\}")
LEAST = 10  # fixed letters of a template by which a sentence is recognised
LONGEST, DEPTH = 2000, 3  # letters of such a sentence, and sentences within sentences


def message(text: str) -> str:
    """Mark an English sentence that is translated later, where it is shown; returns it unchanged."""
    return text


class Language:
    """One language. Calling it translates a sentence.

    Args:
        code: Such as `de`; use `language`, which checks it.
        translations: From English.
    """

    def __init__(self, code: str, translations: NullTranslations) -> None:
        self.code, self.locale, self._translations = code, Locale.parse(code), translations

    def __repr__(self) -> str:
        return f"<Language: {self.code}>"

    @property
    def name(self) -> str:
        """What its speakers call it, such as Deutsch."""
        own = self.locale.get_display_name() or self.code
        return own[:1].upper() + own[1:]

    def __call__(self, text: str, /, **values: object) -> str:
        """A sentence in this language; one that the catalogue lacks stays English.

        Args:
            text: English, with `{name}` for each value.
            values: By name; whole numbers are written as the locale does.
        """
        return self._filled(self._translations.gettext(text) if text else "", values)

    def many(self, one: str, many: str, count: int, /, **values: object) -> str:
        """A sentence in the form that goes with `count`, which fills `{count}`.

        Args:
            one: English, for one.
            many: English, for any other number.
            count: How many.
            values: As for a call.
        """
        return self._filled(self._translations.ngettext(one, many, count), {"count": count, **values})

    def sentence(self, text: str | None, depth: int = DEPTH) -> str:
        """A finished English sentence in this language: one that was filled with its values elsewhere.

        `result.json` and errors hold such sentences. It is looked up as it is, then by the templates of the catalogue.

        Args:
            text: English; None is an empty text.
            depth: How often a value may again be a sentence with values.
        """
        if not text or self.code == SOURCE:
            return text or ""
        found = self._translations.gettext(text)
        if found != text or depth == 0 or len(text) > LONGEST:
            return found
        for template in self._templates:
            if (values := _values(template, text)) is not None:
                return self(template, **{name: self.sentence(value, depth - 1) for name, value in values.items()})
        return text

    @cached_property
    def _templates(self) -> list[str]:
        """Every English sentence with values; those with most fixed letters first."""
        catalogue = getattr(self._translations, "_catalog", {})
        fixed = {one: len(PLACE.sub("", one)) for one in catalogue if isinstance(one, str) and PLACE.search(one)}
        return sorted((one for one, letters in fixed.items() if letters >= LEAST), key=lambda one: -fixed[one])

    def number(self, value: float, digits: int = 0, *, signed: bool = False) -> str:
        """A number with so many decimals, as the locale writes it."""
        form = "#,##0" + ("." + "0" * digits if digits else "")
        return format_decimal(value, format=f"+{form};-{form}" if signed else form, locale=self.locale)

    def percent(self, share: float) -> str:
        """A share in `[0,1]` as a percentage, as the locale writes it."""
        return format_percent(share, locale=self.locale)

    def listed(self, words: Iterable[str]) -> str:
        """Words with the language's "and" before the last."""
        return format_list(list(words), locale=self.locale)

    def time(self, moment: time) -> str:
        """A time of day."""
        return format_time(moment, "short", locale=self.locale)

    def _filled(self, text: str, values: Mapping[str, object]) -> str:
        if not values:
            return text
        shown = {
            name: self.number(value) if isinstance(value, int) and not isinstance(value, bool) else value
            for name, value in values.items()
        }
        return text.format(**shown)


def _values(template: str, text: str) -> dict[str, str] | None:
    """What a template was filled with to give a text; None if it was not.

    Each value is as short as can be, and none is empty. The text may be a stranger's, so the time is linear in it.
    """
    first, *rest = PLACE.split(template)
    names, (*between, last) = rest[::2], rest[1::2]
    if not (text.startswith(first) and text.endswith(last)) or len(text) <= len(first) + len(last):
        return None
    left, found = text[len(first) : len(text) - len(last)], []
    for fixed in between:
        at = left.find(fixed, 1)
        if at < 0:
            return None
        found.append(left[:at])
        left = left[at + len(fixed) :]
    values = dict(zip(names, [*found, left], strict=True))
    return values if left and all(values[name] == one for name, one in zip(names, found, strict=False)) else None


@lru_cache
def known() -> tuple[str, ...]:
    """Codes of all languages, English first."""
    others = sorted(one.name.removesuffix(".po") for one in CATALOGUES.iterdir() if one.name.endswith(".po"))
    return (SOURCE, *others)


@lru_cache
def language(code: str) -> Language:
    """A language by its code; a region is ignored where there is no catalogue of its own (`de-AT` is `de`).

    Raises:
        InputError: There is no catalogue of it; the message lists those there are.
    """
    plain = code.strip().replace("_", "-").lower()
    found = next((one for one in known() if one.lower() in (plain, plain.partition("-")[0])), None)
    if found is None:
        listed = ", ".join(f"{one} ({language(one).name})" for one in known())
        raise InputError(f"language {code!r} is not known; choose from {listed}")
    return Language(found, _read(found))


def preferred(accepted: str) -> Language:
    """The language that a browser likes best, by its Accept-Language header; English where none is known."""
    wishes = []
    for place, part in enumerate(accepted.split(",")[:50]):
        tag, _, weight = part.partition(";")
        try:
            quality = float(weight.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        if quality > 0:
            wishes.append((-quality, place, tag))
    for _, _, tag in sorted(wishes):
        try:
            return language(tag)
        except InputError:
            continue
    return ENGLISH


def _read(code: str) -> NullTranslations:
    if code == SOURCE:
        return NullTranslations()
    with CATALOGUES.joinpath(f"{code}.po").open("rb") as file:
        catalogue = read_po(file, locale=code)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)


ENGLISH = language(SOURCE)
