"""Times as shops, spreadsheets and mails write them, beyond ISO 8601. Ambiguous days are not read.

02/03/2024 is in February in one country and in March in another. The column's other cells decide; if they do not, the
cell is not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

# Hours from UTC of zones whose letters mean one thing; others (CST, IST, BST) are not read.
ZONES = {
    "Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "CET": 1, "MEZ": 1, "CEST": 2, "MESZ": 2, "EET": 2, "EEST": 3,
    "EST": -5, "EDT": -4, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "JST": 9,
}  # fmt: skip
MONTHS = {
    name: number
    for number, names in enumerate(
        ("january jan januar janvier enero gennaio", "february feb februar février febrero febbraio",
         "march mar märz mrz mars marzo", "april apr avril abril aprile", "may mai mayo maggio",
         "june jun juni juin junio giugno", "july jul juli juillet julio luglio",
         "august aug août agosto", "september sep sept septembre septiembre settembre",
         "october oct okt oktober octobre octubre ottobre", "november nov novembre noviembre",
         "december dec dez dezember décembre diciembre dicembre"), start=1)
    for name in names.split()
}  # fmt: skip
CLOCK = re.compile(
    r"(?P<hour>\d{1,2})[:.h](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"(?:\s*(?P<half>[ap])\.?\s?m\.?)?(?:\s*uhr)?"
    r"(?:\s*(?P<letters>[a-z]{1,4})?(?P<offset>[+-]\d{1,2}(?::?\d{2})?)?)?(?:\s*\(.*\))?",
    re.IGNORECASE,
)
YEAR_FIRST = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
DOTTED = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4}|\d{2})")
EITHER = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4}|\d{2})")
DAY_NAMED = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[\s.-]+([^\W\d_]+)[\s.,-]+(\d{4})")
NAMED_DAY = re.compile(r"([^\W\d_]+)[\s.]+(\d{1,2})(?:st|nd|rd|th)?[\s,]+(\d{4})")
C_STYLE = re.compile(r"^([^\W\d_]{3} \d{1,2}) (\d{2}:\d{2}:\d{2}(?: [A-Z]{1,4})?) (\d{4})$")  # Jan 1 10:00:00 2024
# fmt: off
WEEKDAYS = frozenset((
    "mon", "monday", "mo", "montag", "lun", "lundi", "lunes", "tue", "tues", "tuesday", "di", "dienstag", "mar",
    "mardi", "martes", "wed", "weds", "wednesday", "mi", "mittwoch", "mer", "mercredi", "miércoles", "thu", "thur",
    "thurs", "thursday", "do", "donnerstag", "jeu", "jeudi", "jueves", "fri", "friday", "fr", "freitag", "ven",
    "vendredi", "viernes", "sat", "saturday", "sa", "samstag", "sam", "samedi", "sábado", "sun", "sunday", "so",
    "sonntag", "dim", "dimanche", "domingo",
))
# fmt: on


def day_first(texts: Iterable[str]) -> bool | None:
    """Whether a column writes 31/01/2024 (True) or 01/31/2024 (False); None if it shows neither, or both."""
    found = [EITHER.match(_tidy(text)) for text in texts]
    pairs = [(int(match[1]), int(match[2])) for match in found if match]
    first, second = any(one > 12 for one, _ in pairs), any(other > 12 for _, other in pairs)
    return first if first != second else None


def read_stamp(text: str, days_first: bool | None) -> datetime | None:
    """Read a time in UTC, without a zone; None if it is not understood, or ambiguous.

    Args:
        text: The text. Without a zone, it is read as UTC.
        days_first: See `day_first`.
    """
    text = _tidy(text)
    day, rest = _day(text, days_first)
    if day is None:
        return None
    rest = rest.strip(" ,").removeprefix("T")
    rest = re.sub(r"^(at|um|à)\s+", "", rest, flags=re.IGNORECASE)
    return _with_clock(day, rest) if rest else day


def _tidy(text: str) -> str:
    plain = re.sub(r"[\s\u00a0\u202f]+", " ", text).strip()
    first, _, rest = plain.partition(" ")
    word = first.rstrip(".,").casefold()
    months = any(other.strip(".,").casefold() in MONTHS for other in rest.split())
    if word in WEEKDAYS and (months or word not in MONTHS):  # "mar" is a Tuesday in France, and March elsewhere
        plain = rest
    return C_STYLE.sub(r"\1 \3 \2", plain)


def _day(text: str, days_first: bool | None) -> tuple[datetime | None, str]:
    """The day that a text begins with, and the rest."""
    for pattern, order in (
        (YEAR_FIRST, (1, 2, 3)),
        (DOTTED, (3, 2, 1)),
        (DAY_NAMED, (3, 2, 1)),
        (NAMED_DAY, (3, 1, 2)),
    ):
        if match := pattern.match(text):
            return _date(*(match[place] for place in order)), text[match.end() :]
    if (match := EITHER.match(text)) and days_first is not None:
        first, second = match[1], match[2]
        return _date(match[3], *((second, first) if days_first else (first, second))), text[match.end() :]
    return None, text


def _date(year: str, month: str, day: str) -> datetime | None:
    number = int(month) if month.isdecimal() else MONTHS.get(month.casefold())
    if number is None:
        return None
    try:
        return datetime(int(year) + (2000 if len(year) == 2 else 0), number, int(day))
    except ValueError:
        return None


def _with_clock(day: datetime, text: str) -> datetime | None:
    found = CLOCK.fullmatch(text)
    if found is None:
        return None
    hour, letters = int(found["hour"]), (found["letters"] or "Z").upper()
    if found["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if found["half"].lower() == "p" else 0)
    if letters not in ZONES or not (hour < 24 and int(found["minute"]) < 60 and int(found["second"] or 0) < 61):
        return None
    clock = timedelta(
        hours=hour, minutes=int(found["minute"]), seconds=int(found["second"] or 0),
        microseconds=int((found["fraction"] or "0").ljust(6, "0")[:6]),
    )  # fmt: skip
    return day + clock - timedelta(hours=ZONES[letters]) - _offset(found["offset"])


def _offset(text: str | None) -> timedelta:
    if not text:
        return timedelta()
    digits = text[1:].replace(":", "")
    hours, minutes = (int(digits), 0) if len(digits) <= 2 else (int(digits[:-2]), int(digits[-2:]))
    return timedelta(hours=hours, minutes=minutes) * (-1 if text[0] == "-" else 1)
