"""The check of a catalogue's tables, splits and pictures. Every finding says how to fix it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from gigs.data.catalogue import Catalogue
from gigs.data.check.findings import EXAMPLES, IMPORT_AGAIN, SEVERITIES, Finding, Report, finding, finding_of_rows
from gigs.data.check.pictures import faulty_pictures, missing_pictures
from gigs.data.splits import LAST_OUT, SPLITS, TIME
from gigs.progress import OnStep, silent

COLUMNS = {
    "items": {"item_id", "product_code", "held_out", "has_image"},
    "users": {"user_id"},
    "interactions": {"user", "item", "count", "first", "last", "split"},
}

LEAST_TESTED = 10  # users; as `recommender.standing`, which says how much fewer are worth


def check_catalogue(catalogue: Catalogue, on_step: OnStep = silent) -> Report:
    """Check every table, split and picture of a catalogue.

    Args:
        catalogue: An opened catalogue.
        on_step: Progress of reading the pictures, which takes the time.

    Returns:
        Counts and findings; nothing is changed on disk, and nothing is raised for a faulty catalogue.
    """
    if findings := list(_columns(catalogue)):
        return Report({}, tuple(findings))
    pairs = list(_pairs(catalogue))
    findings = [*_identifiers(catalogue), *_left_out(catalogue), *pairs]
    findings += [*missing_pictures(catalogue), *_held_out(catalogue)]
    if not any(each.count for each in pairs):
        findings += _splits(catalogue)  # means something only where pairs point at users and items, once each
    findings += _unused(catalogue)
    findings += faulty_pictures(catalogue, on_step)
    real = (each for each in findings if each.count)
    return Report(_counts(catalogue), tuple(sorted(real, key=lambda each: SEVERITIES.index(each.severity))))


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
            yield finding("error", f"columns missing from {name}.parquet", missing, IMPORT_AGAIN)


def _identifiers(catalogue: Catalogue) -> Iterator[Finding]:
    """Ids must be unique in the tables."""
    for name, column in (("items", "item_id"), ("users", "user_id")):
        table = getattr(catalogue, name)
        twice = np.flatnonzero(table[column].duplicated())
        yield finding_of_rows("error", f"{name} with the same id as another", table, name, twice, IMPORT_AGAIN)
        blank = np.flatnonzero(table[column].isna())
        yield finding_of_rows("error", f"{name} without an id", table, name, blank, IMPORT_AGAIN)


def _left_out(catalogue: Catalogue) -> Iterator[Finding]:
    """Report what the importer left out."""
    if "dropped" in catalogue.info:  # by reason, with rows
        for kind in catalogue.info["dropped"]:
            what = f"{kind['table']} left out: {kind['reason']}"
            yield finding(kind["severity"], what, kind["examples"], kind["fix"], int(kind["count"]))
        return
    for name in ("items", "users"):
        removed = int(catalogue.info.get(f"duplicate_{name}", 0))
        yield finding("note", f"rows left out: {name} listed twice (the first was kept)", (), "none needed", removed)
    outside = int(catalogue.info.get("dropped_interactions", 0))
    yield finding("warning", "purchases left out: unknown user or item", (), "complete the source's tables", outside)


def _pairs(catalogue: Catalogue) -> Iterator[Finding]:
    pairs = catalogue.interactions
    user, item = pairs["user"], pairs["item"]
    outside = ~user.between(0, len(catalogue.users) - 1) | ~item.between(0, len(catalogue.items) - 1)
    dated = catalogue.info.get("dated", True)
    faults = {
        "interactions outside the tables": outside,
        "interactions of the same user and item": pairs.duplicated(["user", "item"]),
        "interactions of an unknown split": ~pairs["split"].isin(SPLITS),
        "interactions without a day": pairs["first"].isna() & dated,
    }
    for what, mask in faults.items():
        rows = pairs[mask]
        shown = rows.head(EXAMPLES).itertuples()
        examples = [f"interactions.parquet, row {row.Index}: user {row.user}, item {row.item}" for row in shown]
        yield finding("error", what, examples, IMPORT_AGAIN, len(rows))


def _splits(catalogue: Catalogue) -> Iterator[Finding]:
    """Check that no training data is newer than validation and test data: per user, or for all in a split by time."""
    by_time = catalogue.info.get("split", {}).get("kind", LAST_OUT) == TIME
    yield from _splits_by_time(catalogue) if by_time else _splits_by_user(catalogue)
    tested = len(catalogue.users_with_tests())
    fix = "import users with 4 or more items"
    yield finding("warning", "no user has a test item", (), fix, int(not tested))
    few = f"too few users have a test item to tell a recommender from chance ({LEAST_TESTED} or more are needed)"
    yield finding("warning", few, (), fix, tested if tested < LEAST_TESTED else 0)
    trained = catalogue.interactions.loc[catalogue.interactions["split"] == "train", "user"]
    fix = "import purchases over a longer time: a recommender learns from what is bought together"
    yield finding("warning", "no user has two training items", (), fix, int(not trained.duplicated().any()))


def _splits_by_user(catalogue: Catalogue) -> Iterator[Finding]:
    """Check that each tested user has one test and one validation item, and no training item that is newer."""
    pairs, users = catalogue.interactions, catalogue.users
    counts = pairs.groupby(["user", "split"]).size().unstack(fill_value=0).reindex(columns=list(SPLITS), fill_value=0)
    tested, validated = counts["test"], counts["validation"]
    day = {name: pairs[pairs["split"] == name].groupby("user")["first"] for name in SPLITS}
    border = day["validation"].min()
    faults = {
        "users without exactly one test and one validation item": counts.index[(tested > 1) | (tested != validated)],
        "users with training items newer than their validation item": border.index[
            day["train"].max().reindex(border.index) > border
        ],
        "users with a test item older than their validation item": border.index[
            day["test"].min().reindex(border.index) < border
        ],
    }
    for what, rows in faults.items():
        yield finding_of_rows("error", what, users, "users", rows, IMPORT_AGAIN)


def _splits_by_time(catalogue: Catalogue) -> Iterator[Finding]:
    """Check that every split ends before the next one begins. Users without an earlier purchase cannot be tested."""
    pairs, users = catalogue.interactions, catalogue.users
    first = {name: pairs.loc[pairs["split"] == name, "first"] for name in SPLITS}
    for earlier, later in pairwise(SPLITS):
        early = pairs[(pairs["split"] == later) & (pairs["first"] <= first[earlier].max())]
        rows = [f"interactions.parquet, row {row}" for row in early.index[:EXAMPLES]]
        what = f"{later} purchases that are not newer than all {earlier} purchases"
        yield finding("error", what, rows, IMPORT_AGAIN, len(early))
    late = pairs["split"] != "train"
    known = pairs.loc[~late, "user"]
    new = np.unique(pairs.loc[late & ~pairs["user"].isin(known), "user"])
    what = "users whose first purchase comes after training ends"
    yield finding_of_rows("note", what, users, "users", new, "none needed: no taste can be learnt or tested for them")


def _held_out(catalogue: Catalogue) -> Iterator[Finding]:
    sides = catalogue.items.groupby("product_code")["held_out"].nunique()
    yield finding("error", "held-out products with colour variants in training", sides.index[sides > 1], IMPORT_AGAIN)


def _unused(catalogue: Catalogue) -> Iterator[Finding]:
    pairs, users, items = catalogue.interactions, catalogue.users, catalogue.items
    fix = "none needed: no taste is learnt for them"
    idle = np.flatnonzero(~users.index.isin(pairs["user"]))
    yield finding_of_rows("note", "users without interactions", users, "users", idle, fix)
    fix = "none needed: their pictures still teach the generator"
    unsold = np.flatnonzero(~items.index.isin(pairs["item"]))
    yield finding_of_rows("note", "items never bought", items, "items", unsold, fix)
