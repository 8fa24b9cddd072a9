"""Classes of a catalogue's items by rule, for models that are conditioned on a class."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gigs.data.catalogue import Catalogue
from gigs.errors import DataError

COLUMN = "class_name"  # under which `with_classes` adds them to the item table
FEWEST, MOST = 4, 8
# What a section and a group must say to belong to one of Kang et al.'s six classes.
SECTIONS = {"women's": r"\b(?:women|ladies|ladieswear|womenswear|female)", "men's": r"\b(?:men|menswear|male)\b"}
GROUPS = {"upper": r"\bupper\b|^tops?$", "lower": r"\blower\b|^bottoms?$", "shoes": r"^(?:shoes?|footwear)$"}
NO_CLASS = {"", "unknown"}


@dataclass(frozen=True)
class Classes:
    """`names` by number, and the class of every item of the catalogue: `labels [items]`, -1 for none."""

    names: tuple[str, ...]
    labels: np.ndarray


def classes_of(catalogue: Catalogue, rows: np.ndarray, fewest_photos: int) -> Classes:
    """The six classes of Kang et al. if the catalogue has them, otherwise its most frequent kinds.

    The six classes are upper body, lower body and shoes, each of women's and of men's sections, if the columns `group`
    and `section` tell them. Otherwise the classes are the up to eight most frequent values of `type`, or of `group` if
    `type` has fewer than four. Items of no class are left out.

    Args:
        catalogue: Its item table is read.
        rows: Items that are counted, such as those to train on.
        fewest_photos: Smallest number of these rows for a class.

    Raises:
        DataError: Fewer than two classes.
    """
    items = catalogue.items
    six = _six(items)
    if six is not None and (_counts(six, rows) >= fewest_photos).sum() == len(SECTIONS) * len(GROUPS):
        return _numbered(six, [f"{section} {group}" for section in SECTIONS for group in GROUPS])
    columns: list[tuple[pd.Series, list[str]]] = []
    for column in ("type", "group"):
        if column in items:
            values = items[column].fillna("").astype(str).str.strip()
            counts = _counts(values, rows)
            frequent = counts[counts >= fewest_photos].sort_index().sort_values(ascending=False, kind="stable")
            columns.append((values, list(frequent.index[:MOST])))
    values, names = next((each for each in columns if len(each[1]) >= FEWEST), (None, []))
    if values is None and columns:
        values, names = max(columns, key=lambda each: len(each[1]))
    if values is None or len(names) < 2:
        raise DataError(
            f"no classes: fewer than two values of the columns type and group have {fewest_photos} photos to "
            "train on; import a catalogue that tells kinds apart, or train a generator of another family"
        )
    return _numbered(values, names)


def _six(items: pd.DataFrame) -> pd.Series | None:
    """`section group` of every item; empty if it is in none of the six classes."""
    if not {"section", "group"} <= set(items):
        return None
    section, group = _match(items["section"], SECTIONS), _match(items["group"], GROUPS)
    return (section + " " + group).where((section != "") & (group != ""), "")


def _match(values: pd.Series, patterns: dict[str, str]) -> pd.Series:
    """The name of the first pattern that each value matches."""
    names = {}
    for value in values.dropna().unique():
        matching = (name for name, pattern in patterns.items() if re.search(pattern, str(value).strip().lower()))
        names[value] = next(matching, "")
    return values.map(names).fillna("").astype(str)


def _counts(values: pd.Series, rows: np.ndarray) -> pd.Series:
    """Count the rows of each value that can be a class."""
    counts = values.iloc[rows].value_counts()
    return counts[[value.lower() not in NO_CLASS for value in counts.index]]


def _numbered(values: pd.Series, names: list[str]) -> Classes:
    numbers = {name: number for number, name in enumerate(names)}
    return Classes(tuple(names), values.map(numbers).fillna(-1).to_numpy(dtype=np.int64))
