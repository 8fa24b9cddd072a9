"""Is a catalogue fit to train on? Every table, split and picture is looked at, and each finding says how to mend it."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gigs.data.catalogue import SPLITS, Catalogue
from gigs.errors import DataError
from gigs.progress import OnStep, Step, silent

SEVERITIES = ("error", "warning", "note")
EXAMPLES = 5
PLAIN_RANGE = 8  # grey levels: a single colour as JPEG stores it
COLUMNS = {
    "items": {"item_id", "product_code", "held_out", "has_image"},
    "users": {"user_id"},
    "interactions": {"user", "item", "count", "first", "last", "split"},
}
IMPORT_AGAIN = "import the catalogue again"


@dataclass(frozen=True)
class Finding:
    """One kind of fault: how bad ("error", "warning" or "note"), what, how often, a few examples and the remedy."""

    severity: str
    what: str
    count: int
    examples: tuple[str, ...]
    fix: str


@dataclass(frozen=True)
class Report:
    """What `check_catalogue` found: counts by name, and findings from errors down to notes."""

    counts: dict[str, int]
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether the catalogue can be trained on: no errors, whatever warnings and notes there are."""
        return all(finding.severity != "error" for finding in self.findings)

    def rows(self) -> list[tuple[str, str, str, str, str]]:
        """Findings as text, for a table: severity, what, count, examples, fix."""
        return [(f.severity, f.what, f"{f.count:,}", ", ".join(f.examples), f.fix) for f in self.findings]


def check_catalogue(catalogue: Catalogue, on_step: OnStep = silent) -> Report:
    """Look at every table, split and picture of a catalogue.

    Args:
        catalogue: An opened catalogue.
        on_step: Progress of reading the pictures, which is what takes time.

    Returns:
        Counts and findings; nothing is changed on disk, and nothing is raised for a faulty catalogue.
    """
    findings = list(_columns(catalogue))
    if findings:
        return Report({}, tuple(findings))
    pairs = list(_pairs(catalogue))
    findings = [*_identifiers(catalogue), *pairs, *_pictures_missing(catalogue), *_held_out(catalogue)]
    if not any(finding.count for finding in pairs):
        findings += _splits(catalogue)  # means something only where pairs point at users and items, once each
    findings += _unused(catalogue)
    findings += _pictures(catalogue, on_step)
    real = (finding for finding in findings if finding.count)
    return Report(_counts(catalogue), tuple(sorted(real, key=lambda finding: SEVERITIES.index(finding.severity))))


def _finding(severity: str, what: str, examples: Iterable[object], fix: str, count: int | None = None) -> Finding:
    """A finding with its first examples; `count` where it is not the number of examples."""
    texts = [str(example) for example in examples]
    return Finding(severity, what, len(texts) if count is None else count, tuple(texts[:EXAMPLES]), fix)


def _counts(catalogue: Catalogue) -> dict[str, int]:
    items, pairs = catalogue.items, catalogue.interactions
    held_out = items["held_out"].to_numpy(dtype=bool)
    return {
        "items": len(items),
        "users": len(catalogue.users),
        "interactions": len(pairs),
        "units": int(pairs["count"].sum()),
        **{name: int((pairs["split"] == name).sum()) for name in SPLITS},
        "pictures": int(items["has_image"].sum()),
        "products": int(items["product_code"].nunique()),
        "held_out_items": int(held_out.sum()),
        "held_out_products": int(items.loc[held_out, "product_code"].nunique()),
    }


def _columns(catalogue: Catalogue) -> Iterator[Finding]:
    for name, needed in COLUMNS.items():
        if missing := sorted(needed - set(getattr(catalogue, name).columns)):
            yield _finding("error", f"columns missing from {name}.parquet", missing, IMPORT_AGAIN)


def _identifiers(catalogue: Catalogue) -> Iterator[Finding]:
    """Ids must be unique in the tables; what the importer already removed is worth knowing."""
    for table, column in (("items", "item_id"), ("users", "user_id")):
        ids = getattr(catalogue, table)[column]
        yield _finding("error", f"{table} with the id of another", ids[ids.duplicated()].unique(), IMPORT_AGAIN)
        yield _finding("error", f"{table} without an id", ids.index[ids.isna()], IMPORT_AGAIN)
        removed = int(catalogue.info.get(f"duplicate_{table}", 0))
        yield _finding("note", f"rows left out: {table} listed twice (the first was kept)", (), "none needed", removed)
    outside = int(catalogue.info.get("dropped_interactions", 0))
    yield _finding("warning", "purchases left out: unknown user or item", (), "complete the source's tables", outside)


def _pairs(catalogue: Catalogue) -> Iterator[Finding]:
    pairs = catalogue.interactions
    user, item = pairs["user"], pairs["item"]
    outside = ~user.between(0, len(catalogue.users) - 1) | ~item.between(0, len(catalogue.items) - 1)
    rows = zip(user[outside], item[outside], strict=True)
    yield _finding("error", "interactions outside the tables", (f"user {u}, item {i}" for u, i in rows), IMPORT_AGAIN)
    twice = pairs[pairs.duplicated(["user", "item"])]
    rows = zip(twice["user"], twice["item"], strict=True)
    yield _finding(
        "error", "interactions of the same user and item", (f"user {u}, item {i}" for u, i in rows), IMPORT_AGAIN
    )
    strange = ~pairs["split"].isin(SPLITS)
    yield _finding("error", "interactions of an unknown split", pairs["split"][strange].unique(), IMPORT_AGAIN)
    undated = pairs.index[pairs["first"].isna()]
    yield _finding("error", "interactions without a day", (f"row {row}" for row in undated), IMPORT_AGAIN)


def _splits(catalogue: Catalogue) -> Iterator[Finding]:
    """Each tested user has one test and one validation item, and training saw nothing newer than the latter."""
    pairs = catalogue.interactions
    counts = pairs.groupby(["user", "split"]).size().unstack(fill_value=0).reindex(columns=list(SPLITS), fill_value=0)
    tested, validated = counts["test"], counts["validation"]
    uneven = counts.index[(tested > 1) | (tested != validated)]
    ids = catalogue.users["user_id"].to_numpy()
    what = "users without exactly one test and one validation item"
    yield _finding("error", what, ids[uneven], IMPORT_AGAIN)
    day = {name: pairs[pairs["split"] == name].groupby("user")["first"] for name in SPLITS}
    border = day["validation"].min()
    newer = day["train"].max().reindex(border.index) > border
    yield _finding("error", "users trained on items newer than validation", ids[border.index[newer]], IMPORT_AGAIN)
    older = day["test"].min().reindex(border.index) < border
    yield _finding("error", "users tested on items older than validation", ids[border.index[older]], IMPORT_AGAIN)
    yield _finding("warning", "no user has a test item", (), "bring users with 4 or more items", int(not tested.any()))


def _held_out(catalogue: Catalogue) -> Iterator[Finding]:
    sides = catalogue.items.groupby("product_code")["held_out"].nunique()
    yield _finding("error", "held-out products with colour variants in training", sides.index[sides > 1], IMPORT_AGAIN)


def _pictures_missing(catalogue: Catalogue) -> Iterator[Finding]:
    items, broken = catalogue.items, dict(catalogue.info.get("image_problems", {}))
    without = items["item_id"][~items["has_image"].to_numpy(dtype=bool)]
    missing = without[~without.isin(broken)]
    yield _finding("warning", "items without a photo", missing, "add the photos, or leave these items out of use")
    yield _finding("warning", "items whose photo cannot be read", broken.values(), "replace these photos")
    empty = int(len(without) == len(items))
    yield _finding("error", "no item has a picture", (), "check the source's folder of photos", empty)


def _unused(catalogue: Catalogue) -> Iterator[Finding]:
    pairs = catalogue.interactions
    users, items = catalogue.users["user_id"], catalogue.items["item_id"]
    idle = users[~users.index.isin(pairs["user"])]
    yield _finding("note", "users without interactions", idle, "none needed: no taste is learnt for them")
    unsold = items[~items.index.isin(pairs["item"])]
    yield _finding("note", "items never bought", unsold, "none needed: their pictures still teach the generator")


def _pictures(catalogue: Catalogue, on_step: OnStep) -> Iterator[Finding]:
    """Read all pictures once: is there one per item, are any the same, is any of a single colour?"""
    try:
        packed = catalogue.images(int(catalogue.info["image_size"]))
    except (DataError, KeyError) as error:
        yield _finding("error", "pictures cannot be read", [error], IMPORT_AGAIN)
        return
    rows = np.flatnonzero(catalogue.items["has_image"].to_numpy(dtype=bool))
    alike: dict[bytes, list[int]] = defaultdict(list)
    plain: list[int] = []
    for done, row in enumerate(rows, start=1):
        picture = np.asarray(packed[row])
        alike[hashlib.blake2b(picture.tobytes(), digest_size=16).digest()].append(int(row))
        # A sparse grid settles it for almost all; only the few that look plain are read in full.
        if _is_plain(picture[::8, ::8]) and _is_plain(picture):
            plain.append(int(row))
        on_step(Step("checking pictures", done, len(rows)))
    ids = catalogue.items["item_id"].to_numpy()
    yield _finding("warning", "pictures of a single colour", ids[plain], "replace these photos")
    yield from _identical([group for group in alike.values() if len(group) > 1], catalogue.items)


def _is_plain(picture: np.ndarray) -> bool:
    pixels = picture.reshape(-1, picture.shape[-1])
    return bool((pixels.max(axis=0).astype(int) - pixels.min(axis=0) <= PLAIN_RANGE).all())


def _identical(groups: list[list[int]], items: pd.DataFrame) -> Iterator[Finding]:
    """Same picture, several items: harmless among neighbours, a leak where one of them is held out."""
    ids, held_out = items["item_id"].to_numpy(), items["held_out"].to_numpy(dtype=bool)
    leaks = [group for group in groups if len(set(held_out[group])) > 1]
    kept = [group for group in groups if len(set(held_out[group])) == 1]
    names = [" = ".join(map(str, ids[group[:3]])) for group in kept]
    yield _finding("note", "pictures shared by several items", names, "none needed, if these are one product")
    names = [" = ".join(map(str, ids[group[:3]])) for group in leaks]
    yield _finding(
        "warning", "pictures of held-out items that training sees", names, "give these items one product code"
    )
