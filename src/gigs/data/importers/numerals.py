"""Numbers as people and spreadsheets write them: decimal commas, thousands separators, currencies.

"1,234" means 1234 in one country and 1.234 in another. The column's other cells decide; if they do not, the cell is not
read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
import pandas as pd

SPACES = "\u00a0\u202f\u2009 "  # as thousands' separators: a hard, a narrow and a thin space too
SIGN = r"[A-Z]{3}|[A-Z]{0,2}[$€£¥₹₽₺₩₪฿₫₴]|[kK]r\.?|zł"
CURRENCY = re.compile(rf"^(?:{SIGN})\s*|\s*(?:{SIGN})$")
PLAIN = re.compile(r"(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
DIGITS = re.compile(r"\d[\d.,]*|[.,]\d+")
GROUPS = {mark: re.compile(rf"[1-9]\d{{0,2}}(?:{re.escape(mark)}\d{{3}})+") for mark in ",."}
INDIAN = re.compile(r"[1-9]\d?(?:,\d{2})*,\d{3}")
DECIMALS = (".", ",")


def as_number(column: pd.Series) -> pd.Series:
    """Convert text to float64; NaN if it is not a number, or if it is ambiguous.

    A currency or a sign may stand before or after the number; brackets mean a negative number. The column shows the
    decimal sign.
    """
    cells = {cell: _digits(cell) for cell in column.dropna().unique()}
    decimal = decimal_sign(text for _, text in filter(None, cells.values()))
    values = {cell: found[0] * _value(found[1], decimal) for cell, found in cells.items() if found}
    numbers = [values.get(cell, np.nan) for cell in column]
    return pd.Series(numbers, index=column.index, dtype=np.float64).replace([np.inf, -np.inf], np.nan)


def decimal_sign(texts: Iterable[str]) -> str | None:
    """Point or comma, if some cells show it and none contradicts; None otherwise."""
    shown = {sign for text in texts if (sign := _shown(text))}
    return shown.pop() if len(shown) == 1 else None


def _digits(cell: str) -> tuple[float, str] | None:
    """The sign, and the digits with their separators; None if the cell holds anything else, or nothing."""
    text = str(cell).strip()
    sign = 1.0
    if text.startswith("(") and text.endswith(")"):
        text, sign = text[1:-1], -1.0
    text = text.replace("\u2212", "-").strip()
    text = CURRENCY.sub("", text, count=1).strip()
    if text[:1] in ("+", "-"):
        text, sign = text[1:].lstrip(), -sign if text[0] == "-" else sign
    elif text.endswith("-"):  # as bookkeepers write it
        text, sign = text[:-1].rstrip(), -sign
    text = CURRENCY.sub("", text, count=1).strip()
    if PLAIN.fullmatch(text):
        return sign, text
    text = re.sub(rf"(?<=\d)[{SPACES}'\u2019](?=\d{{3}}(?!\d))", "", text)
    return (sign, text) if DIGITS.fullmatch(text) else None


def _shown(text: str) -> str | None:
    """The decimal sign that a text shows by itself; None if it may be either, or if there is none."""
    point, comma = text.rfind("."), text.rfind(",")
    if point >= 0 and comma >= 0:
        return DECIMALS[comma > point]
    mark = "." if point >= 0 else ","
    if text.count(mark) > 1:  # then it separates thousands
        return DECIMALS[mark == "."]
    if mark not in text or GROUPS[mark].fullmatch(text):
        return None
    return mark


def _value(text: str, decimal: str | None) -> float:
    """A text's number, if the column or the text itself shows the decimal sign; NaN otherwise."""
    if PLAIN.fullmatch(text) and not (decimal == "," and GROUPS["."].fullmatch(text)):
        return float(text)
    sign = _shown(text) or decimal
    if sign is None:
        return np.nan  # 1,234: a thousand, or one and a bit
    other = "," if sign == "." else "."
    whole, _, part = text.partition(sign)
    if other in part or sign in part:
        return np.nan
    if other in whole:
        if not (GROUPS[other].fullmatch(whole) or (other == "," and INDIAN.fullmatch(whole))):
            return np.nan
        whole = whole.replace(other, "")
    return float(f"{whole or 0}.{part or 0}") if (whole + part).isdecimal() else np.nan
