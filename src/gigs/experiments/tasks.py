"""The rows of the paper's tables: which user or photo, which audience, which method makes the pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gigs.data.select import select
from gigs.errors import DataError, InputError
from gigs.experiments.reconstructions import start_of
from gigs.experiments.settings import GRADIENT, SUPPORTED
from gigs.experiments.setup import Bench
from gigs.progress import OnStep, Step, silent

PERSONALISED, NON_PERSONALISED = "personalised", "non-personalised"
BASELINES = (PERSONALISED, NON_PERSONALISED)
METHOD = "method"  # table 2's row of the paper's own method


@dataclass(frozen=True)
class Task:
    """One result to make.

    Attributes:
        cell: Row of the table.
        method: What makes the pictures.
        item: Number of the item; results of one item are compared with one another.
        users: Whom to please, numbers of the recommender's users.
        photo: Row of the catalogue's item; None starts from a design drawn at random.
        radius: epsilon, where the table says so.
        seen: Whether the generator was trained with the photo's product.
    """

    cell: str
    method: str
    item: int
    users: tuple[int, ...]
    photo: int | None = None
    radius: float | None = None
    seen: bool = False


def tasks_of(table: str, bench: Bench, *, on_step: OnStep = silent) -> list[Task]:
    """All results of one table, item by item.

    Raises:
        InputError: An unknown table; DataError: too few users or photos.
    """
    makers = {"table2": _table2, "table3": _table3, "table4": _table4, "table5": _table5, "radius": _radius}
    if table not in makers:
        raise InputError(f"experiment {table!r} is unknown; choose one of {', '.join(makers)}")
    return sorted(makers[table](bench, on_step), key=lambda task: task.item)


def _table2(bench: Bench, on_step: OnStep) -> list[Task]:
    methods = [(METHOD, GRADIENT)]
    if bench.baseline is not None:
        methods += [(name, name) for name in BASELINES]
    users = _users(bench, bench.settings.items)
    return [Task(cell, method, item, (user,)) for item, user in enumerate(users) for cell, method in methods]


def _table3(bench: Bench, on_step: OnStep) -> list[Task]:
    """For each user a photo of a product they bought, and one of a product they did not, both new to the generator.

    Users whose purchases were all seen in training come last, with a product that they bought.
    """
    pairs = bench.buyers.feedback.seen
    pool = photo_rows(bench)
    place = {int(row): number for number, row in enumerate(pool)}
    new = set(bench.catalogue.held_out_items().tolist())
    bought: dict[int, list[int]] = {}
    for user, item in zip(*pairs, strict=True):
        if int(item) in place:
            bought.setdefault(int(user), []).append(int(item))
    order = sorted(_users(bench, None), key=lambda user: not any(item in new for item in bought.get(user, [])))
    strangers = (int(row) for row in pool if _accepted(bench, int(row), on_step))
    tasks: list[Task] = []
    item = 0
    for user in order:
        own = sorted(bought.get(user, []), key=lambda row: (row not in new, place[row]))
        if not own or not _accepted(bench, own[0], on_step):
            continue
        photos = {"preferred": own[0], "unpreferred": next(row for row in strangers if row not in own)}
        for cell, row in photos.items():
            tasks += [Task(cell, name, item, (user,), row, seen=row not in new) for name in _methods(bench)]
        item += 1
        on_step(Step("choosing photos", item, bench.settings.items))
        if item == bench.settings.items:
            return tasks
    raise DataError(f"{item} users bought a product that can be redrawn; ask for fewer `items`")


def _table4(bench: Bench, on_step: OnStep) -> list[Task]:
    users = _users(bench, bench.settings.items)
    tasks = []
    for cell, where in bench.settings.segments.items():
        for item, (row, seen) in enumerate(_photos(bench, where, on_step)):
            tasks += [Task(cell, name, item, (users[item],), row, seen=seen) for name in _methods(bench)]
    return tasks


def _table5(bench: Bench, on_step: OnStep) -> list[Task]:
    """Audiences of one item are nested: its five users are among its ten."""
    counts = [count for count in bench.settings.counts if count < bench.buyers.count] + [bench.buyers.count]
    photos: Sequence[tuple[int | None, bool]] = [(None, False)] * bench.settings.items
    methods: tuple[str, ...] = (GRADIENT,)
    if bench.protocol.photos_for_many:
        photos, methods = _photos(bench, "", on_step), _methods(bench)
    tasks = []
    for item, (row, seen) in enumerate(photos):
        order = np.random.default_rng([bench.settings.seed, 5, item]).permutation(bench.buyers.count)
        for count in counts:
            users = tuple(int(user) for user in np.sort(order[:count]))
            tasks += [Task(str(count), name, item, users, row, seen=seen) for name in methods]
    return tasks


def _radius(bench: Bench, on_step: OnStep) -> list[Task]:
    everyone = tuple(range(bench.buyers.count))
    return [
        Task(f"{radius:g}", GRADIENT, item, everyone, row, radius, seen)
        for item, (row, seen) in enumerate(_photos(bench, "", on_step))
        for radius in bench.settings.radii
    ]


def _methods(bench: Bench) -> tuple[str, ...]:
    """Those that can be had: supported shifts need a panel that knows real items."""
    possible = bench.buyers.panel is not None and bench.preset.support is not None
    kept = tuple(name for name in bench.settings.methods if name != SUPPORTED or possible)
    if not kept:
        raise InputError(
            f"`methods` {SUPPORTED} needs a pack whose judges and real items apply, and a preset with support: "
            f"{bench.buyers.why_no_judges or 'this preset has none'}"
        )
    return kept


def _users(bench: Bench, count: int | None) -> list[int]:
    """Users in a fixed random order; the first `count`, or all."""
    order = np.random.default_rng([bench.settings.seed, 2]).permutation(bench.buyers.count)
    if count is not None and count > len(order):
        raise DataError(f"`items` {count}: the recommender has {len(order)} users")
    return [int(user) for user in order[:count]]


def photo_rows(bench: Bench, where: str = "") -> np.ndarray:
    """Rows of photos in a fixed random order: products new to the generator first, then those it was trained with."""
    kinds = () if bench.buyers.panel is None or bench.settings.where else bench.buyers.panel.gallery.names
    drawn = []
    for number, rows in enumerate((bench.catalogue.held_out_items(), bench.catalogue.train_items())):
        rows = np.random.default_rng([bench.settings.seed, number]).permutation(rows)
        for condition in (bench.settings.where, where):
            rows = select(bench.catalogue, rows, condition)
        if kinds:
            rows = rows[bench.catalogue.items["type"].iloc[rows].isin(kinds).to_numpy()]
        drawn.append(rows)
    return np.concatenate(drawn)


def _photos(bench: Bench, where: str, on_step: OnStep) -> list[tuple[int, bool]]:
    """As many photos as there are items, and whether their products were in the generator's training."""
    new = set(bench.catalogue.held_out_items().tolist())
    chosen: list[tuple[int, bool]] = []
    for row in photo_rows(bench, where):
        if _accepted(bench, int(row), on_step):
            chosen.append((int(row), int(row) not in new))
            on_step(Step("choosing photos", len(chosen), bench.settings.items))
        if len(chosen) == bench.settings.items:
            return chosen
    raise DataError(f"{len(chosen)} photos can be redrawn{f' of {where!r}' if where else ''}; ask for fewer `items`")


def _accepted(bench: Bench, row: int, on_step: OnStep) -> bool:
    """Whether the gate lets a photo through; without a gate every photo is, and none is inverted to find out."""
    return bench.gate is None or start_of(bench, row, on_step=on_step).grade != "refused"
